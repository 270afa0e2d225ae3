//! Where a PostgreSQL server is and how much of its certificate is believed, read from the URL and its surroundings.

use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::conninfo::Conninfo;
use super::passfile::{self, Found};
use super::surroundings;
use super::tls::Trust;
use crate::source::resolved::{Resolved, Speaker, chain};
use crate::source::{Cause, SourceError, World};

/// How we call ourselves in `pg_stat_activity`.
const APPLICATION: &str = "rowcall";
/// The authorities of the system, as libpq names them.
const SYSTEM: &str = "system";
const WRITE: &str = "write `postgres://user@host:5432/database`";
const MODES: &str = "`disable`, `prefer`, `require`, `verify-ca` and `verify-full`";

/// A checked URL, with what its surroundings add.
pub(super) struct Address {
    config: Config,
    trust: Trust,
    files: Files,
    speaker: Speaker,
    remark: Option<String>,
}

/// Files of a connection, as they are written.
#[derive(Default)]
struct Files {
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl Address {
    /// Reads the URL and fills in what it leaves out, as psql does. `own_root` says that the source has a `ca_file`.
    ///
    /// The password of the source goes before that of the URL, then come the service and `PGPASSWORD`, and a password
    /// file last.
    pub(super) fn read(resolved: &Resolved, world: &World, own_root: bool) -> Result<Self, SourceError> {
        let mut speaker = resolved.speaker().clone();
        let settings = |speaker: &Speaker, problem: &str, hint| speaker.hinted(Cause::Settings, problem, hint);
        let mut conninfo =
            Conninfo::read(resolved.text()).map_err(|problem| settings(&speaker, &problem, Some(WRITE)))?;
        if let Some(password) = resolved.password() {
            conninfo.set("password", password);
        }
        speaker = conninfo.get("password").map_or(speaker.clone(), |password| speaker.keeping(password));
        surroundings::fill(&mut conninfo, &world.environment, &world.folder)
            .map_err(|problem| settings(&speaker, &problem, None))?;
        let remark = look_for_password(&mut conninfo, world);
        speaker = conninfo.get("password").map_or(speaker.clone(), |password| speaker.keeping(password));
        let files = Files::take(&mut conninfo);
        if files.certificate.is_some() != files.key.is_some() {
            return Err(settings(&speaker, "`sslcert` and `sslkey` go together", None));
        }
        let mode = conninfo.take("sslmode");
        conninfo.fill("application_name", APPLICATION);
        let mut config = conninfo.config().map_err(|error| settings(&speaker, &chain(&error), Some(WRITE)))?;
        let trust = trust(mode.as_deref(), &config, own_root, files.root.as_deref())
            .map_err(|problem| settings(&speaker, &problem, None))?;
        config.ssl_mode(match (trust, mode.as_deref()) {
            (Trust::None, _) => SslMode::Disable,
            // A socket of this machine carries no TLS.
            _ if is_socket(&config) => SslMode::Disable,
            (Trust::Encrypt, None | Some("prefer")) => SslMode::Prefer,
            (Trust::Encrypt | Trust::Authority | Trust::Name, _) => SslMode::Require,
        });
        let trust = if config.get_ssl_mode() == SslMode::Disable { Trust::None } else { trust };
        Ok(Self { config, trust, files, speaker, remark })
    }

    /// Who makes errors about this server: it keeps the passwords that were found on the way.
    pub(super) fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// Why a password that was looked for was not found, when the reason is worth knowing.
    pub(super) fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
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

    /// Whether every server is on this machine.
    pub(super) fn is_near(&self) -> bool {
        is_near(&self.config)
    }

    /// What is checked of the certificate.
    pub(super) fn trust(&self) -> Trust {
        self.trust
    }

    /// The authorities of `sslrootcert`, looked for in `folder` when the file is relative.
    pub(super) fn ca_file(&self, folder: &Path) -> Option<PathBuf> {
        self.files.root.as_ref().filter(|file| *file != SYSTEM).map(|file| folder.join(file))
    }

    /// The certificate of `sslcert` that we show, and the key of `sslkey` to it.
    pub(super) fn identity(&self, folder: &Path) -> Option<(PathBuf, PathBuf)> {
        let Files { certificate: Some(certificate), key: Some(key), .. } = &self.files else { return None };
        Some((folder.join(certificate), folder.join(key)))
    }

    /// What the driver connects by.
    pub(super) fn into_config(self) -> Config {
        self.config
    }
}

impl Files {
    fn take(conninfo: &mut Conninfo) -> Self {
        let mut file = |key| conninfo.take(key).filter(|file| !file.is_empty());
        Self { root: file("sslrootcert"), certificate: file("sslcert"), key: file("sslkey") }
    }
}

/// Fills in the password from a password file, or says why that file is ignored.
fn look_for_password(conninfo: &mut Conninfo, world: &World) -> Option<String> {
    let file = conninfo.take("passfile").map(|file| world.folder.join(file));
    let file = file.or_else(|| surroundings::at_home(&world.environment, ".pgpass"))?;
    if conninfo.get("password").is_some() {
        return None;
    }
    match passfile::look(&file, conninfo) {
        Found::Password(password) => conninfo.set("password", &password),
        Found::Nothing => {}
        Found::Ignored(why) => {
            tracing::warn!("{why}");
            return Some(why);
        }
    }
    None
}

/// How much is believed of whoever answers. Without a mode a server of this machine may show anything or nothing, and
/// any other, or one whose authority is named, must show a certificate for its name.
fn trust(mode: Option<&str>, config: &Config, own_root: bool, root: Option<&str>) -> Result<Trust, String> {
    let system = root == Some(SYSTEM);
    match mode {
        Some(weak @ ("disable" | "prefer" | "require" | "verify-ca")) if system => Err(format!(
            "`sslmode={weak}` with `sslrootcert=system` would believe anyone's certificate; write `verify-full`"
        )),
        None if is_near(config) && root.is_none() && !own_root => Ok(Trust::Encrypt),
        None | Some("verify-full") => Ok(Trust::Name),
        Some("disable") => Ok(Trust::None),
        // As libpq has it: who names an authority wants it asked.
        Some("require") if root.is_some() || own_root => Ok(Trust::Authority),
        Some("prefer" | "require") => Ok(Trust::Encrypt),
        Some("verify-ca") => Ok(Trust::Authority),
        Some(other) => Err(format!("`sslmode={other}` is none of {MODES}")),
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
        Address::read(&Resolved::of(&settings, &world).await?, &world, false)
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
            ("postgres://u@localhost/x?sslrootcert=ca.pem", SslMode::Require, Trust::Name),
            ("postgres://u@db.example.com/x?sslmode=require&sslrootcert=ca.pem", SslMode::Require, Trust::Authority),
            ("postgres://u@localhost/x?sslrootcert=system", SslMode::Require, Trust::Name),
            ("host=db.example.com user=u", SslMode::Require, Trust::Name),
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
            ("postgres://u:hunter22@h/x?sslmode=require&sslrootcert=system", "write `verify-full`"),
            ("postgres://u:hunter22@h/x?sslcert=a.pem", "go together"),
            ("host=h password=hunter22 hunter22=1", "unknown option `***`"),
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
