//! Where a MySQL or MariaDB server is and how much of its certificate is believed, read from the URL and `.my.cnf`.

use std::path::{Path, PathBuf};

use mysql_async::{ClientIdentity, Opts, OptsBuilder, SslOpts};

use super::options::Options;
use crate::secret::Environment;
use crate::source::resolved::{Resolved, Speaker};
use crate::source::url::{Authority, is_loopback};
use crate::source::{Cause, SourceError, World};

/// Where the server's packages put its socket.
const SOCKETS: [&str; 3] = ["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];
/// Where systems keep the authorities they believe, in one file.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
const WRITE: &str = "write `mysql://user@host:3306/database`";
const MODES: &str = "`disabled`, `required` and `verify_identity`";

/// A checked URL, with what its surroundings add.
pub(super) struct Address {
    opts: Opts,
    speaker: Speaker,
    remark: Option<String>,
}

/// Where the server is.
enum Server {
    Host(String, u16),
    Socket(String),
}

impl Address {
    /// Reads the URL and fills in what it leaves out from `.my.cnf`, as the client of MySQL does. Without `ssl-mode` a
    /// server of this machine is spoken to in the clear, unless its authority is named, and any other must show a
    /// certificate for its name. The authorities are those of `ca_file` alone, or else those of the system.
    ///
    /// The password of the source goes before that of the URL, and that of `.my.cnf` comes last.
    pub(super) fn read(resolved: &Resolved, world: &World, ca_file: Option<&Path>) -> Result<Self, SourceError> {
        let options = Options::at_home(&world.environment);
        let mut speaker = resolved.speaker().clone();
        if let Some(password) = &options.password {
            speaker = speaker.keeping(password);
        }
        let settings = |problem: &str, hint| speaker.hinted(Cause::Settings, problem, hint);
        let mut url = resolved.url();
        let authority = url.authority();
        let mode = url.take(&["ssl-mode", "sslmode", "ssl_mode"]).map(|mode| mode.to_lowercase().replace('-', "_"));
        let file = |written: Option<String>, other: &Option<String>| {
            written.or_else(|| other.clone()).map(|file| world.folder.join(file))
        };
        let root = file(url.take(&["ssl-ca", "ssl_ca", "sslrootcert"]), &options.ssl_ca);
        let root = ca_file.map(Path::to_owned).or(root);
        let certificate = file(url.take(&["ssl-cert", "ssl_cert", "sslcert"]), &options.ssl_cert);
        let key = file(url.take(&["ssl-key", "ssl_key", "sslkey"]), &options.ssl_key);
        if certificate.is_some() != key.is_some() {
            return Err(settings("`ssl-cert` and `ssl-key` go together", None));
        }
        let identity = certificate.zip(key).map(|(chain, key)| ClientIdentity::new(chain.into(), key.into()));
        let server = server(url.take(&["socket"]), &authority, &options).map_err(|p| settings(&p, Some(WRITE)))?;
        let near = match &server {
            Server::Host(host, _) => is_loopback(host),
            Server::Socket(_) => true,
        };
        // The driver reads what is left of the URL; who and where is put in place below.
        let rest = Opts::from_url(&format!("mysql://localhost{}", url.query()))
            .map_err(|error| settings(&error.to_string(), Some(WRITE)))?;
        let tls = match mode.as_deref() {
            Some("disabled" | "disable") => None,
            None if near && root.is_none() => None,
            None | Some("verify_identity" | "verify_full") => Some(verified(root, &world.environment)),
            Some("required" | "require") => {
                Some(SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true))
            }
            Some(other) => return Err(settings(&format!("`ssl-mode={other}` is none of {MODES}"), None)),
        };
        if rest.enable_cleartext_plugin() && tls.is_none() && !near {
            let problem = "`enable_cleartext_plugin` without TLS would show the password to the line";
            return Err(settings(problem, Some("take `ssl-mode=disabled` out of the URL")));
        }
        let password = resolved.password().map(str::to_owned).or(authority.password).or(options.password);
        let user = authority.user.or(options.user).or_else(|| whoami::username().ok());
        let opts = OptsBuilder::from_opts(rest)
            .user(user)
            .pass(password)
            .db_name(authority.database.or(options.database))
            .prefer_socket(false)
            .stmt_cache_size(0)
            .ssl_opts(tls.map(|tls| tls.with_client_identity(identity)));
        let opts = match server {
            Server::Host(host, port) => opts.ip_or_hostname(host).tcp_port(port),
            Server::Socket(socket) => opts.socket(Some(socket)),
        };
        Ok(Self { opts: opts.into(), speaker, remark: options.remark })
    }

    /// Who makes errors about this server: it keeps the password that was found in `.my.cnf`.
    pub(super) fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// Why `.my.cnf` was left alone, when it was.
    pub(super) fn remark(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    /// Host and port, or the socket.
    pub(super) fn place(&self) -> String {
        match self.opts.socket() {
            Some(socket) => socket.to_owned(),
            None if self.opts.ip_or_hostname().contains(':') => {
                format!("[{}]:{}", self.opts.ip_or_hostname(), self.opts.tcp_port())
            }
            None => format!("{}:{}", self.opts.ip_or_hostname(), self.opts.tcp_port()),
        }
    }

    /// What the driver connects by.
    pub(super) fn into_opts(self) -> Opts {
        self.opts
    }
}

/// The server of the URL, or of `.my.cnf`, or the socket of this machine, or this machine.
fn server(socket: Option<String>, authority: &Authority, options: &Options) -> Result<Server, String> {
    let (host, port) = match authority.hosts.as_slice() {
        [] => ("", ""),
        [(host, port)] => (host.as_str(), port.as_str()),
        _ => return Err("the URL names several hosts; MySQL takes one".into()),
    };
    let socket = socket.or_else(|| host.starts_with('/').then(|| host.to_owned()));
    if let Some(socket) = socket {
        return Ok(Server::Socket(socket));
    }
    let default_socket = || SOCKETS.iter().find(|socket| Path::new(socket).exists()).map(|socket| (*socket).to_owned());
    let elsewhere = options.host.as_deref().filter(|host| *host != "localhost");
    let host = match (host, elsewhere) {
        ("", Some(elsewhere)) => elsewhere,
        ("", None) => match options.socket.clone().or_else(default_socket) {
            Some(socket) => return Ok(Server::Socket(socket)),
            None => "localhost",
        },
        (host, _) => host,
    };
    let port = Some(port).filter(|port| !port.is_empty()).or(options.port.as_deref()).unwrap_or("3306");
    let number = port.parse().map_err(|_| format!("`{port}` is no port"))?;
    Ok(Server::Host(host.to_owned(), number))
}

/// A certificate for the name of the server is wanted, signed by the authority in `root`. Without one the authorities of
/// the system are believed, and those that the driver brings only where the system has none.
fn verified(root: Option<PathBuf>, environment: &Environment) -> SslOpts {
    let own = environment.get("SSL_CERT_FILE").filter(|file| !file.is_empty());
    let bundles = own.into_iter().chain(BUNDLES).map(PathBuf::from);
    let roots = root.or_else(|| bundles.into_iter().find(|file| file.is_file()));
    let found = roots.is_some();
    let roots = roots.into_iter().map(Into::into).collect();
    SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(found)
}

#[cfg(test)]
mod tests {
    use super::Address;
    use crate::name::Name;
    use crate::secret::{Environment, Secret};
    use crate::source::resolved::Resolved;
    use crate::source::{Engine, Settings, SourceError, World};

    async fn address(url: &str) -> Result<Address, SourceError> {
        let settings = Settings {
            name: Name::new("crm").expect("a name"),
            engine: Engine::Mysql,
            url: Secret::parse(url, "`url`").expect("reads"),
            password: None,
            ca_file: None,
            max_concurrent: 1,
            setup: None,
        };
        let world = World { environment: Environment::default(), folder: std::path::Path::new("/").into() };
        Address::read(&Resolved::of(&settings, &world).await?, &world, None)
    }

    #[tokio::test]
    async fn far_servers_are_verified_unless_the_url_says_otherwise() {
        // Whether there is TLS, and whether any certificate will do.
        let cases = [
            ("mysql://u@db.example.com/x", Some(false)),
            ("mariadb://u@db.example.com/x", Some(false)),
            ("mysql://u@127.0.0.1/x", None),
            ("mysql://u@localhost/x?ssl-mode=VERIFY_IDENTITY", Some(false)),
            ("mysql://u@db.example.com/x?ssl-mode=required", Some(true)),
            ("mysql://u@db.example.com/x?ssl-mode=disabled", None),
            ("mysql://u@localhost/x?ssl-ca=ca.pem", Some(false)),
        ];
        for (url, expected) in cases {
            let address = address(url).await.expect(url);
            let any = address.opts.ssl_opts().map(mysql_async::SslOpts::accept_invalid_certs);
            assert_eq!(any, expected, "{url}");
            assert!(!address.opts.prefer_socket(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_url_that_cannot_be_read_says_why_and_shows_no_password() {
        let cases = [
            ("mysql://u:hunter22@h/x?ssl-mode=verify_ca", "`ssl-mode=verify_ca` is none of"),
            ("mysql://u:hunter22@h/x?hunter22=1", "`***'"),
            ("mysql://u:hunter22@h:hunter22/x", "`***` is no port"),
            ("mysql://u:hunter22@h,i/x", "several hosts"),
            ("mysql://u:hunter22@h/x?ssl-key=a.key", "go together"),
            ("mysql://u:hunter22@h/x?ssl-mode=disabled&enable_cleartext_plugin=true", "show the password"),
        ];
        for (url, words) in cases {
            let problem = address(url).await.map(|_| ()).expect_err(url).problem;
            assert!(problem.contains(words) && !problem.contains("hunter22"), "{problem}");
        }
    }

    #[tokio::test]
    async fn the_place_is_a_host_or_a_socket() {
        let cases = [
            ("mysql://u@db.example.com/x", "db.example.com:3306"),
            ("mysql://u@[::1]:3307/x", "[::1]:3307"),
            ("mysql://u@%2Frun%2Fmy.sock/x", "/run/my.sock"),
            ("mysql://u@localhost/x?socket=%2Frun%2Fmy.sock", "/run/my.sock"),
        ];
        for (url, place) in cases {
            assert_eq!(address(url).await.expect(url).place(), place, "{url}");
        }
    }
}
