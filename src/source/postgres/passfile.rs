//! `.pgpass`: the password file that every client of PostgreSQL looks into.

use std::path::Path;

use super::conninfo::Conninfo;
use super::surroundings::SOCKETS;

/// What a password file is good for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The password of the first line that fits.
    Password(String),
    /// No line fits, or there is no such file.
    Nothing,
    /// The file is left alone; a sentence says why.
    Ignored(String),
}

/// Looks for the password of a connection.
pub(super) fn look(file: &Path, conninfo: &Conninfo) -> Found {
    let Ok(about) = std::fs::metadata(file) else { return Found::Nothing };
    let ignored = |why: &str| Found::Ignored(format!("password file `{}` {why}", file.display()));
    if !about.is_file() {
        return ignored("is ignored: it is no plain file");
    }
    if is_open_to_others(&about) {
        return ignored("is ignored: others may read it; run `chmod 600` on it");
    }
    let text = match std::fs::read(file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return ignored(&format!("cannot be read: {error}")),
    };
    let user = conninfo.get("user").unwrap_or_default();
    let database = conninfo.get("dbname").unwrap_or(user);
    for (host, port) in conninfo.servers() {
        let host = if host.is_empty() || SOCKETS.contains(&host) { "localhost" } else { host };
        if let Some(password) = password(&text, [host, port, database, user]) {
            return Found::Password(password);
        }
    }
    Found::Nothing
}

#[cfg(unix)]
fn is_open_to_others(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

/// The password of the first line whose four fields are `*` or as wanted.
fn password(text: &str, wanted: [&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line.trim_end_matches('\r'))?;
        let (password, places) = fields.split_last()?;
        let fits = places.iter().zip(wanted).all(|(field, wanted)| field.raw == "*" || field.text == wanted);
        (fits && !password.text.is_empty()).then(|| password.text.clone())
    })
}

#[derive(Default)]
struct Field {
    raw: String,
    text: String,
}

/// The five fields of a line; a backslash keeps a colon or a backslash from ending one. What follows the fourth colon
/// is the password up to the next one.
fn fields(line: &str) -> Option<[Field; 5]> {
    let mut fields: [Field; 5] = Default::default();
    let (mut at, mut escaped) = (0, false);
    for c in line.chars() {
        if c == ':' && !escaped {
            at += 1;
            if at == fields.len() {
                break;
            }
            continue;
        }
        escaped = c == '\\' && !escaped;
        fields[at].raw.push(c);
        if !escaped {
            fields[at].text.push(c);
        }
    }
    (at + 1 >= fields.len()).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::{Conninfo, Found, look, password};

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let file = "# db:5432:*:*:remark\nshort:line\ndb:5432:shop:report:first\n*:*:shop:report:second\n\
                    a\\:b:*:*:o\\\\x:it\\:s\\\\x\n::1:5432:*:*:never\n*:*:*:report:last:rest\n";
        let found = |host, port, database, user| password(file, [host, port, database, user]);
        assert_eq!(found("db", "5432", "shop", "report").as_deref(), Some("first"));
        assert_eq!(found("db", "5433", "shop", "report").as_deref(), Some("second"));
        assert_eq!(found("a:b", "1", "x", "o\\x").as_deref(), Some("it:s\\x"));
        assert_eq!(found("db", "5432", "other", "report").as_deref(), Some("last"));
        assert_eq!(found("db", "5432", "shop", "nobody"), None);
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_may_read_is_ignored() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "localhost:5432:u:u:secret\n").expect("written");
        let conninfo = Conninfo::read("host=/var/run/postgresql user=u").expect("reads");
        let set = |mode| std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("ours");
        set(0o600);
        assert_eq!(look(file.path(), &conninfo), Found::Password("secret".into()));
        for mode in [0o640, 0o604] {
            set(mode);
            assert!(matches!(look(file.path(), &conninfo), Found::Ignored(why) if why.contains("chmod 600")));
        }
        assert_eq!(look(std::path::Path::new("/does/not/exist"), &conninfo), Found::Nothing);
    }
}
