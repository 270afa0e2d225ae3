//! What a connection takes from its surroundings where the catalogue is silent, as psql does: a service file, the
//! variables that begin with `PG`, the sockets of this machine.

use std::path::{Path, PathBuf};

use super::conninfo::Conninfo;
use crate::secret::Environment;

/// Keywords and the variables that stand in for them.
const VARIABLES: [(&str, &str); 13] = [
    ("host", "PGHOST"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("application_name", "PGAPPNAME"),
    ("passfile", "PGPASSFILE"),
];

/// Where PostgreSQL puts its sockets unless it was told otherwise; to a password file they are all `localhost`.
pub(super) const SOCKETS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// Settings of others that make no difference here.
const IDLE: [&str; 6] = ["gssencmode", "gsslib", "gssdelegation", "krbsrvname", "sslcompression", "client_encoding"];

/// Fills in what is missing: first from the service, then from the variables, then what goes without saying.
///
/// # Errors
/// One sentence about the service.
pub(super) fn fill(conninfo: &mut Conninfo, environment: &Environment, folder: &Path) -> Result<(), String> {
    let service = conninfo.take("service").or_else(|| written(environment, "PGSERVICE").map(str::to_owned));
    if let Some(service) = service {
        for (key, value) in self::service(&service, environment, folder)? {
            conninfo.fill(&key, &value);
        }
    }
    for (key, variable) in VARIABLES {
        conninfo.fill(key, written(environment, variable).unwrap_or_default());
    }
    for key in IDLE {
        if conninfo.get(key).is_some_and(|value| value != "require") {
            conninfo.take(key);
        }
    }
    if conninfo.get("host").is_none() && conninfo.get("hostaddr").is_none() {
        let port = conninfo.get("port").unwrap_or("5432");
        let socket = |folder: &&&str| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists();
        let host = SOCKETS.iter().find(socket).copied().unwrap_or("localhost");
        conninfo.fill("host", host);
    }
    if conninfo.get("user").is_none() {
        conninfo.fill("user", &whoami::username().unwrap_or_default());
    }
    Ok(())
}

/// A variable that is set to something.
fn written<'a>(environment: &'a Environment, variable: &str) -> Option<&'a str> {
    environment.get(variable).filter(|value| !value.is_empty())
}

/// A file in the home of the user.
pub(super) fn at_home(environment: &Environment, file: &str) -> Option<PathBuf> {
    written(environment, "HOME").map(|home| Path::new(home).join(file))
}

/// The keywords and values of a service, from the user's file or else from the system's.
fn service(name: &str, environment: &Environment, folder: &Path) -> Result<Vec<(String, String)>, String> {
    let own = written(environment, "PGSERVICEFILE").map(|file| folder.join(file));
    let own = own.or_else(|| at_home(environment, ".pg_service.conf"));
    let system = written(environment, "PGSYSCONFDIR").unwrap_or("/etc/postgresql-common");
    let files = [own, Some(Path::new(system).join("pg_service.conf"))];
    for file in files.into_iter().flatten() {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        if let Some(found) = section(&text, name) {
            return found.map_err(|line| format!("line {line} of service file `{}` cannot be read", file.display()));
        }
    }
    Err(format!("no service file defines `{name}`"))
}

/// The pairs of a section; the number of the line that is none.
fn section(text: &str, name: &str) -> Option<Result<Vec<(String, String)>, usize>> {
    let header = format!("[{name}]");
    let mut lines = text.lines().map(str::trim).enumerate().skip_while(|(_, line)| *line != header);
    lines.next()?;
    let own = lines.take_while(|(_, line)| !line.starts_with('['));
    let own = own.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let pair = |(index, line): (usize, &str)| {
        let (key, value) = line.split_once('=').ok_or(index + 1)?;
        Ok((key.trim().to_owned(), value.trim().to_owned()))
    };
    Some(own.map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::{Conninfo, fill, section};
    use crate::secret::Environment;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_url_goes_before_the_service_and_the_service_before_the_variables() {
        let folder = tempfile::tempdir().expect("a folder");
        let file =
            "[other]\nhost=o\n\n# ours\n[shop]\nhost=s\ndbname = sd\nuser=su\ngssencmode=disable\n[last]\nhost=l\n";
        std::fs::write(folder.path().join("services"), file).expect("written");
        let environment = environment(&[
            ("PGSERVICEFILE", "services"),
            ("PGSERVICE", "shop"),
            ("PGHOST", "v"),
            ("PGUSER", "vu"),
            ("PGPORT", "77"),
            ("PGSSLMODE", ""),
        ]);
        let filled = |url| {
            let mut read = Conninfo::read(url).expect(url);
            fill(&mut read, &environment, folder.path()).map(|()| read)
        };
        let words = |read: Conninfo| {
            ["user", "host", "port", "dbname", "sslmode", "gssencmode"]
                .map(|key| read.get(key).unwrap_or("-").to_owned())
                .join(" ")
        };
        assert_eq!(filled("postgres://").map(words), Ok("su s 77 sd - -".into()));
        assert_eq!(filled("postgres://u@h:1/d").map(words), Ok("u h 1 d - -".into()));
        assert_eq!(filled("postgres://?service=last").map(words), Ok("vu l 77 - - -".into()));
        assert_eq!(filled("service=nobody").map(words), Err("no service file defines `nobody`".into()));
    }

    #[test]
    fn a_line_of_a_service_that_is_no_pair_is_counted() {
        assert_eq!(section("[a]\nhost=x\nwhat\n", "a"), Some(Err(3)));
        assert_eq!(section("[a]\nhost=x\n", "b"), None);
    }
}
