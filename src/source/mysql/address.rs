//! Where a MySQL or MariaDB server is and how much of its certificate is believed, read from the URL.

use std::path::Path;

use mysql_async::{Opts, OptsBuilder, SslOpts};

use crate::source::resolved::Resolved;
use crate::source::url::is_loopback;
use crate::source::{Cause, SourceError};

const MODES: &str = "`disabled`, `required` and `verify_identity`";

/// A checked URL.
pub(super) struct Address(Opts);

impl Address {
    /// Reads the URL. Without `ssl-mode` a server of this machine is spoken to in the clear, and any other must show a
    /// certificate for its name. The driver trusts the authorities that it brings along, or those of `ca_file` alone.
    pub(super) fn read(resolved: &Resolved, ca_file: Option<&Path>) -> Result<Self, SourceError> {
        let settings = |problem: &str, hint| resolved.speaker().hinted(Cause::Settings, problem, hint);
        let mut url = resolved.url();
        let mode = url.take(&["ssl-mode", "sslmode", "ssl_mode"]).map(|mode| mode.to_lowercase().replace('-', "_"));
        // To the driver both are one.
        let rest = url.rest();
        let rest = rest.strip_prefix("mariadb:").map_or(rest.clone(), |rest| format!("mysql:{rest}"));
        let opts = Opts::from_url(&rest)
            .map_err(|error| settings(&error.to_string(), Some("write `mysql://user@host:3306/database`")))?;
        let near = opts.socket().is_some() || is_loopback(opts.ip_or_hostname());
        let verified = || {
            let own = ca_file.is_some();
            let roots = ca_file.iter().map(|file| file.to_path_buf().into()).collect();
            Some(SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(own))
        };
        let tls = match mode.as_deref() {
            Some("disabled" | "disable") => None,
            None if near && ca_file.is_none() => None,
            None | Some("verify_identity" | "verify_full") => verified(),
            Some("required" | "require") => {
                Some(SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true))
            }
            Some(other) => return Err(settings(&format!("`ssl-mode={other}` is none of {MODES}"), None)),
        };
        let mut opts = OptsBuilder::from_opts(opts).prefer_socket(false).stmt_cache_size(0).ssl_opts(tls);
        if let Some(password) = resolved.password() {
            opts = opts.pass(Some(password));
        }
        Ok(Self(opts.into()))
    }

    /// Host and port, or the socket.
    pub(super) fn place(&self) -> String {
        match self.0.socket() {
            Some(socket) => socket.to_owned(),
            None => format!("{}:{}", self.0.ip_or_hostname(), self.0.tcp_port()),
        }
    }

    /// What the driver connects by.
    pub(super) fn into_opts(self) -> Opts {
        self.0
    }
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
        Address::read(&Resolved::of(&settings, &world).await?, None)
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
        ];
        for (url, expected) in cases {
            let address = address(url).await.expect(url);
            let any = address.0.ssl_opts().map(mysql_async::SslOpts::accept_invalid_certs);
            assert_eq!(any, expected, "{url}");
            assert!(!address.0.prefer_socket(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_url_that_cannot_be_read_says_why_and_shows_no_password() {
        let cases = [
            ("mysql://u:hunter22@h/x?ssl-mode=verify_ca", "`ssl-mode=verify_ca` is none of"),
            ("mysql://u:hunter22@h/x?hunter22=1", "`***'"),
        ];
        for (url, words) in cases {
            let problem = address(url).await.map(|_| ()).expect_err(url).problem;
            assert!(problem.contains(words) && !problem.contains("hunter22"), "{problem}");
        }
    }
}
