//! Where a PostgreSQL server is and how much of its certificate is believed, read from the URL.

use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::Trust;
use crate::source::resolved::Resolved;
use crate::source::{Cause, SourceError};

/// How we call ourselves in `pg_stat_activity`.
const APPLICATION: &str = "rowcall";
const MODES: &str = "`disable`, `prefer`, `require`, `verify-ca` and `verify-full`";

/// A checked URL.
pub(super) struct Address {
    config: Config,
    trust: Trust,
    root: Option<String>,
}

impl Address {
    /// Reads the URL. The driver does not know the modes that verify, nor `sslrootcert`.
    pub(super) fn read(resolved: &Resolved) -> Result<Self, SourceError> {
        let settings = |problem: &str, hint| resolved.speaker().hinted(Cause::Settings, problem, hint);
        let mut url = resolved.url();
        let (mode, root) = (url.take(&["sslmode"]), url.take(&["sslrootcert"]));
        let mut config: Config = url.rest().parse().map_err(|error: tokio_postgres::Error| {
            let words = crate::source::resolved::chain(&error);
            settings(&words, Some("write `postgres://user@host:5432/database`"))
        })?;
        if let Some(password) = resolved.password() {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name(APPLICATION);
        }
        let trust = match mode.as_deref() {
            None if is_near(&config) => Trust::Encrypt,
            None => Trust::Name,
            Some("disable") => Trust::None,
            Some("prefer" | "require") => Trust::Encrypt,
            Some("verify-ca") => Trust::Authority,
            Some("verify-full") => Trust::Name,
            Some(other) => return Err(settings(&format!("`sslmode={other}` is none of {MODES}"), None)),
        };
        config.ssl_mode(match (trust, mode.as_deref()) {
            (Trust::None, _) => SslMode::Disable,
            // A socket of this machine carries no TLS.
            _ if is_socket(&config) => SslMode::Disable,
            (Trust::Encrypt, None | Some("prefer")) => SslMode::Prefer,
            (Trust::Encrypt | Trust::Authority | Trust::Name, _) => SslMode::Require,
        });
        let trust = if config.get_ssl_mode() == SslMode::Disable { Trust::None } else { trust };
        Ok(Self { config, trust, root: root.filter(|file| file != "system") })
    }

    /// Host and port, or the folder of the socket, of every server named.
    pub(super) fn place(&self) -> String {
        let ports = self.config.get_ports();
        let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let place = |(index, host): (usize, &Host)| match host {
            Host::Tcp(host) => format!("{host}:{}", port(index)),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}:{}", folder.display(), port(index)),
        };
        let places: Vec<String> = self.config.get_hosts().iter().enumerate().map(place).collect();
        places.join(", ")
    }

    /// What is checked of the certificate.
    pub(super) fn trust(&self) -> Trust {
        self.trust
    }

    /// The file of `sslrootcert`, looked for in `folder` when it is relative.
    pub(super) fn ca_file(&self, folder: &Path) -> Option<PathBuf> {
        self.root.as_ref().map(|file| folder.join(file))
    }

    /// What the driver connects by.
    pub(super) fn into_config(self) -> Config {
        self.config
    }
}

/// Whether every server is on this machine.
fn is_near(config: &Config) -> bool {
    is_socket(config) || (!config.get_hosts().is_empty() && config.get_hosts().iter().all(is_loopback))
}

#[cfg(unix)]
fn is_socket(config: &Config) -> bool {
    !config.get_hosts().is_empty() && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
}

#[cfg(not(unix))]
fn is_socket(_: &Config) -> bool {
    false
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Tcp(host) => crate::source::url::is_loopback(host),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Trust};
    use crate::name::Name;
    use crate::secret::{Environment, Secret};
    use crate::source::resolved::Resolved;
    use crate::source::{Engine, Settings, SourceError, World};
    use tokio_postgres::config::SslMode;

    async fn address(url: &str) -> Result<Address, SourceError> {
        let settings = Settings {
            name: Name::new("shop").expect("a name"),
            engine: Engine::Postgres,
            url: Secret::parse(url, "`url`").expect("reads"),
            password: None,
            ca_file: None,
            max_concurrent: 1,
            setup: None,
        };
        let world = World { environment: Environment::default(), folder: std::path::Path::new("/").into() };
        Address::read(&Resolved::of(&settings, &world).await?)
    }

    #[tokio::test]
    async fn far_servers_are_verified_unless_the_url_says_otherwise() {
        let cases = [
            ("postgres://u@db.example.com/x", SslMode::Require, Trust::Name),
            ("postgres://u@127.0.0.1/x", SslMode::Prefer, Trust::Encrypt),
            ("postgres://u@localhost,db.example.com/x", SslMode::Require, Trust::Name),
            ("postgres://u@%2Frun%2Fpostgresql/x?sslmode=require", SslMode::Disable, Trust::None),
            ("postgres://u@db.example.com/x?sslmode=disable", SslMode::Disable, Trust::None),
            ("postgres://u@db.example.com/x?sslmode=require", SslMode::Require, Trust::Encrypt),
            ("postgres://u@localhost/x?sslmode=verify-ca", SslMode::Require, Trust::Authority),
            ("postgres://u@localhost/x?sslmode=verify-full", SslMode::Require, Trust::Name),
        ];
        for (url, mode, trust) in cases {
            let address = address(url).await.expect(url);
            assert_eq!((address.config.get_ssl_mode(), address.trust()), (mode, trust), "{url}");
        }
    }

    #[tokio::test]
    async fn a_url_that_cannot_be_read_says_why_and_shows_no_password() {
        let cases = [
            ("postgres://u:hunter22@h/x?sslmode=hunter22", "`sslmode=***` is none of"),
            ("postgres://u:hunter22@h/x?hunter22=1", "unknown option `***`"),
            ("postgres://u:hunter22@h:port/x", "invalid"),
        ];
        for (url, words) in cases {
            let problem = address(url).await.map(|_| ()).expect_err(url).problem;
            assert!(problem.contains(words) && !problem.contains("hunter22"), "{problem}");
        }
    }

    #[tokio::test]
    async fn the_place_names_every_server() {
        let place = async |url| address(url).await.map(|address| address.place());
        assert_eq!(place("postgres://h/x").await, Ok("h:5432".into()));
        assert_eq!(place("postgres://a:1,b:2/x").await, Ok("a:1, b:2".into()));
    }
}
