//! TLS to PostgreSQL: how much of the server's certificate must hold.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::kx_group;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What is checked of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// There is no TLS.
    None,
    /// Nothing: the line is encrypted, whoever is at its other end.
    Encrypt,
    /// That a trusted authority signed it, for any host.
    Authority,
    /// That a trusted authority signed it for this host.
    Name,
}

/// TLS as the driver takes it.
#[derive(Clone)]
pub(super) enum Tls {
    Plain,
    Rustls(MakeRustlsConnect),
}

impl Tls {
    /// TLS with this much trust, in the authorities of `ca_file` or else in those of the system. `identity` is the
    /// certificate that we show and its key.
    ///
    /// # Errors
    /// One sentence on a file, or on the authorities of the system.
    pub(super) fn new(
        trust: Trust,
        ca_file: Option<&Path>,
        identity: Option<(PathBuf, PathBuf)>,
    ) -> Result<Self, String> {
        let identity = identity.map(|(certificate, key)| Identity::read(&certificate, &key)).transpose()?;
        let (inner, any_name) = match trust {
            Trust::None => return Ok(Self::Plain),
            Trust::Encrypt => (None, false),
            Trust::Authority => (Some(authorities(ca_file)?), true),
            Trust::Name => (Some(authorities(ca_file)?), false),
        };
        Ok(Self::Rustls(MakeRustlsConnect::new(config(inner, any_name, identity)?)))
    }
}

/// PostgreSQL before 18 knows one curve unless it was told otherwise, and would ask for a second greeting that begins
/// with it.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.kx_groups = vec![kx_group::SECP256R1, kx_group::X25519, kx_group::SECP384R1];
    Arc::new(provider)
}

/// What we show of ourselves.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let failed = |file: &Path, problem: String| format!("file `{}` cannot be read: {problem}", file.display());
        let chain = certificates(certificate).map_err(|problem| failed(certificate, problem))?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, error.to_string()))?;
        Ok(Self { chain, key })
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    read.map_err(|error| error.to_string())
}

fn config(
    inner: Option<Arc<dyn ServerCertVerifier>>,
    any_name: bool,
    identity: Option<Identity>,
) -> Result<ClientConfig, String> {
    let provider = provider();
    let verifier = Verifier { inner, any_name, provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(Identity { chain, key }) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| format!("the certificate of `sslcert` cannot be shown: {error}")),
    }
}

fn authorities(file: Option<&Path>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let Some(file) = file else {
        let system = rustls_platform_verifier::Verifier::new(provider());
        return Ok(Arc::new(system.map_err(|error| format!("the system's certificates cannot be read: {error}"))?));
    };
    let failed = |problem: String| format!("certificate file `{}` {problem}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file).map_err(|problem| failed(format!("cannot be read: {problem}")))? {
        roots.add(certificate).map_err(|error| failed(format!("holds a certificate that is none: {error}")))?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    Ok(verifier.build().map_err(|error| failed(format!("cannot be used: {error}")))?)
}

/// Checks as much of a certificate as was asked for, and always that the server holds its key.
#[derive(Debug)]
struct Verifier {
    /// None when any certificate will do.
    inner: Option<Arc<dyn ServerCertVerifier>>,
    any_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(inner) = &self.inner else {
            return Ok(ServerCertVerified::assertion());
        };
        match inner.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is looked at last, when everything else has held.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_name => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, authorities, config, provider};
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{ClientConfig, ClientConnection, Error, RootCertStore, ServerConfig, ServerConnection};
    use std::sync::Arc;

    fn authority() -> CertifiedIssuer<'static, KeyPair> {
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("a key")).expect("signs")
    }

    fn server(authority: &CertifiedIssuer<'_, KeyPair>, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let certificate: CertificateDer<'_> = parameters.signed_by(&key, authority).expect("signs").into();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.expect("versions").with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate], key).expect("a key that fits"))
    }

    /// Whether a client gets through its handshake with a server called `db.example.com`.
    fn shakes(client: ClientConfig, server: &Arc<ServerConfig>) -> Result<(), Error> {
        let name = ServerName::try_from("db.example.com").expect("a name");
        let mut client = ClientConnection::new(Arc::new(client), name)?;
        let mut server = ServerConnection::new(Arc::clone(server))?;
        while client.is_handshaking() || server.is_handshaking() {
            let mut line = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut line).expect("memory");
            }
            server.read_tls(&mut line.as_slice()).expect("memory");
            server.process_new_packets()?;
            let mut line = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut line).expect("memory");
            }
            client.read_tls(&mut line.as_slice()).expect("memory");
            client.process_new_packets()?;
        }
        Ok(())
    }

    #[test]
    fn each_trust_checks_what_it_promises() {
        let (own, other) = (authority(), authority());
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), own.pem()).expect("written");
        let named = server(&own, "db.example.com");
        let misnamed = server(&own, "elsewhere.example.com");
        let foreign = server(&other, "db.example.com");
        let roots = || Some(authorities(Some(file.path())).expect("reads"));
        let holds = |client: Result<ClientConfig, String>| {
            let client = client.expect("a configuration");
            [&named, &misnamed, &foreign].map(|server| shakes(client.clone(), server).is_ok())
        };
        assert_eq!(holds(config(None, false, None)), [true, true, true], "encrypt");
        assert_eq!(holds(config(roots(), true, None)), [true, true, false], "authority");
        assert_eq!(holds(config(roots(), false, None)), [true, false, false], "name");
    }

    #[test]
    fn a_server_that_asks_who_we_are_is_shown_our_certificate() {
        let own = authority();
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(vec!["report".to_owned()]).expect("parameters");
        let ours = parameters.signed_by(&key, &own).expect("signs");
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: String| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).expect("written");
            file
        };
        let (certificate, key) = (file("report.pem", ours.pem()), file("report.key", key.serialize_pem()));
        let mut roots = RootCertStore::empty();
        roots.add(own.der().clone()).expect("a certificate");
        let asking = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().expect("asks");
        let server_key = KeyPair::generate().expect("a key");
        let named = CertificateParams::new(vec!["db.example.com".to_owned()]).expect("parameters");
        let chain = vec![named.signed_by(&server_key, &own).expect("signs").into()];
        let server_key = PrivateKeyDer::try_from(server_key.serialize_der()).expect("a key");
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.expect("versions").with_client_cert_verifier(asking);
        let server = Arc::new(builder.with_single_cert(chain, server_key).expect("a key that fits"));
        let identity = Identity::read(&certificate, &key).expect("reads");
        assert_eq!(shakes(config(None, false, Some(identity)).expect("a configuration"), &server), Ok(()));
        assert!(shakes(config(None, false, None).expect("a configuration"), &server).is_err());
        let problem = Identity::read(&key, &certificate).map(|_| ()).expect_err("the wrong way round");
        assert!(problem.contains("report.pem` cannot be read"), "{problem}");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let missing = authorities(Some(std::path::Path::new("/does/not/exist.pem"))).expect_err("missing");
        assert!(missing.starts_with("certificate file `/does/not/exist.pem` cannot be read"), "{missing}");
        let empty = tempfile::NamedTempFile::new().expect("a file");
        let problem = authorities(Some(empty.path())).expect_err("empty");
        assert!(problem.contains("cannot be used"), "{problem}");
    }
}
