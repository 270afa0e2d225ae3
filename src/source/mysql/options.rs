//! The option file of every client of MySQL: `.my.cnf` at home.

use std::path::Path;

use crate::secret::Environment;

/// The groups that the client of MySQL or MariaDB reads.
const GROUPS: [&str; 5] = ["client", "client-server", "client-mariadb", "mysql", "mariadb-client"];

/// What `.my.cnf` says, as far as it is about where to connect and who to be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) host: Option<String>,
    pub(super) port: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) socket: Option<String>,
    pub(super) database: Option<String>,
    pub(super) ssl_ca: Option<String>,
    pub(super) ssl_cert: Option<String>,
    pub(super) ssl_key: Option<String>,
    /// Why the file was left alone, when it was.
    pub(super) remark: Option<String>,
}

impl Options {
    /// Reads the file at home; without one nothing is said.
    pub(super) fn at_home(environment: &Environment) -> Self {
        let home = environment.get("HOME").filter(|home| !home.is_empty());
        let Some(file) = home.map(|home| Path::new(home).join(".my.cnf")) else { return Self::default() };
        let Ok(about) = std::fs::metadata(&file) else { return Self::default() };
        let ignored = |why: String| {
            tracing::warn!("{why}");
            Self { remark: Some(why), ..Self::default() }
        };
        if is_open_to_others(&about) {
            let why = "is ignored: everyone may write it; run `chmod 600` on it";
            return ignored(format!("option file `{}` {why}", file.display()));
        }
        match std::fs::read_to_string(&file) {
            Ok(text) => Self::read(&text),
            Err(error) => ignored(format!("option file `{}` cannot be read: {error}", file.display())),
        }
    }

    /// What is written last counts.
    fn read(text: &str) -> Self {
        let (mut options, mut ours) = (Self::default(), false);
        for line in text.lines() {
            let line = without_comment(line).trim();
            if let Some(group) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                ours = GROUPS.contains(&group.trim());
            } else if ours && let Some((key, written)) = line.split_once('=') {
                options.set(&key.trim().replace('_', "-"), value(written.trim()));
            }
        }
        options
    }

    fn set(&mut self, key: &str, value: String) {
        let slot = match key {
            "host" => &mut self.host,
            "port" => &mut self.port,
            "user" => &mut self.user,
            "password" => &mut self.password,
            "socket" => &mut self.socket,
            "database" => &mut self.database,
            "ssl-ca" => &mut self.ssl_ca,
            "ssl-cert" => &mut self.ssl_cert,
            "ssl-key" => &mut self.ssl_key,
            _ => return,
        };
        *slot = Some(value).filter(|value| !value.is_empty());
    }
}

#[cfg(unix)]
fn is_open_to_others(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

/// A line up to a `#` outside of quotes; nothing of one that begins with `;`.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with(';') {
        return "";
    }
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in line.char_indices() {
        match c {
            '\'' | '"' if !escaped && quote.is_none() => quote = Some(c),
            _ if !escaped && quote == Some(c) => quote = None,
            '#' if quote.is_none() => return &line[..at],
            _ => {}
        }
        escaped = quote.is_some() && c == '\\' && !escaped;
    }
    line
}

/// A value without the quotes around it, its escapes replaced.
fn value(written: &str) -> String {
    let inside = |quote: char| written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let inside = inside('\'').or_else(|| inside('"')).unwrap_or(written);
    let (mut value, mut chars) = (String::new(), inside.chars());
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some('b') => value.push('\u{8}'),
            Some('s') => value.push(' '),
            Some(c @ ('\\' | '"' | '\'')) => value.push(c),
            other => value.extend(std::iter::once('\\').chain(other)),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::secret::Environment;

    #[test]
    fn the_groups_of_a_client_are_read() {
        let file = "user = before\n[mysqld]\nuser=server\n[client]\n# a remark\nuser = report # who\nport=3307\n\
                    password = \"p#w \\\"x\\\"\\s\"\n; another\nssl_ca=/ca.pem\nquick\n[mysql]\ndatabase='shop'\nuser=later\n[mysqldump]\nuser=dump\n";
        let some = |text: &str| Some(text.to_owned());
        let expected = Options {
            user: some("later"),
            port: some("3307"),
            password: some("p#w \"x\" "),
            ssl_ca: some("/ca.pem"),
            database: some("shop"),
            ..Options::default()
        };
        assert_eq!(Options::read(file), expected);
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_everyone_may_write_is_ignored() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().expect("a folder");
        let environment: Environment = [("HOME".to_owned(), home.path().display().to_string())].into_iter().collect();
        assert_eq!(Options::at_home(&environment), Options::default());
        let file = home.path().join(".my.cnf");
        std::fs::write(&file, "[client]\nuser=report\n").expect("written");
        let read = |mode| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("ours");
            Options::at_home(&environment)
        };
        assert_eq!(read(0o644).user.as_deref(), Some("report"));
        let open = read(0o666);
        assert!(open.user.is_none() && open.remark.is_some_and(|why| why.contains("chmod 600")));
    }
}
