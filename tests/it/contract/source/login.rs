//! How a password goes to MySQL, seen by servers that want it: never in the clear without TLS.
//!
//! There is no server with `caching_sha2_password` to test against, so that this one speaks the first packets itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use ring::digest::{SHA256, digest};
use rowcall::source::{Cause, Settings, SourceError};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::rig::{PATIENCE, Rig};

const PASSWORD: &str = "canary-5ecret";
const NONCE: &[u8; 20] = b"abcdefghijklmnopqrst";
const SHA2: &str = "caching_sha2_password";

/// What the server answers to the first proof of the password.
#[derive(Clone, Copy)]
enum Asks {
    /// It knows the proof from an earlier login.
    Nothing,
    /// The password itself.
    Password,
    /// That the password is shown by another method.
    Method(&'static str),
}

/// A server of MySQL for one login.
struct Server {
    url: String,
    /// Where the certificate of its authority lies, when it speaks TLS.
    authority: Option<PathBuf>,
    _folder: tempfile::TempDir,
    seen: JoinHandle<Seen>,
}

/// What a login sent, packet by packet, where it was not under TLS and where it was.
#[derive(Debug, Default)]
struct Seen {
    open: Vec<Vec<u8>>,
    covered: Vec<Vec<u8>>,
}

impl Seen {
    fn packets(&self) -> impl Iterator<Item = &[u8]> {
        self.open.iter().chain(&self.covered).map(Vec::as_slice)
    }

    /// Whether the client went on to its first command.
    fn logged_in(&self) -> bool {
        self.packets().last().is_some_and(|packet| packet.first() == Some(&3))
    }

    fn shows_password(packets: &[Vec<u8>]) -> bool {
        packets.iter().any(|packet| packet.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()))
    }
}

/// A line with packets on it.
struct Line<S> {
    stream: S,
    number: u8,
}

impl<S: Read + Write> Line<S> {
    fn read(&mut self) -> Option<Vec<u8>> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).ok()?;
        let mut packet = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
        self.stream.read_exact(&mut packet).ok()?;
        self.number = head[3].wrapping_add(1);
        Some(packet)
    }

    fn write(&mut self, packet: &[u8]) {
        let length = u32::try_from(packet.len()).expect("short").to_le_bytes();
        let head = [length[0], length[1], length[2], self.number];
        // The client may have had enough.
        let _ = self.stream.write_all(&[&head, packet].concat()).and_then(|()| self.stream.flush());
        self.number = self.number.wrapping_add(1);
    }

    /// The rest of a login after the client's first answer; gives the packets of the client.
    fn login(&mut self, asks: Asks, switch: bool) -> Vec<Vec<u8>> {
        let mut seen = Vec::new();
        let mut next = |line: &mut Self| {
            let packet = line.read()?;
            seen.push(packet.clone());
            Some(packet)
        };
        let _ = next(self).and_then(|_| {
            if switch {
                self.write(&[b"\xfe", SHA2.as_bytes(), b"\0", NONCE, b"\0"].concat());
                next(self)?;
            }
            match asks {
                Asks::Nothing => self.write(b"\x01\x03"),
                Asks::Password => {
                    self.write(b"\x01\x04");
                    if next(self)? == [2] {
                        self.write(&[b"\x01", include_bytes!("login/rsa.pub").as_slice()].concat());
                        next(self)?;
                    }
                }
                Asks::Method(method) => {
                    self.write(&[b"\xfe", method.as_bytes(), b"\0", NONCE, b"\0"].concat());
                    next(self)?;
                }
            }
            self.write(b"\0\0\0\x02\0\0\0");
            next(self)
        });
        seen
    }
}

fn greeting(tls: bool, method: &str) -> Vec<u8> {
    // Long password, protocol 4.1, transactions, long proofs; methods by name; and TLS.
    let abilities = 0x0008_a201_u32 | if tls { 0x800 } else { 0 };
    let [low, lower, high, higher] = abilities.to_le_bytes();
    [
        b"\x0a8.0.36\0\x01\0\0\0".as_slice(),
        &NONCE[..8],
        &[0, low, lower, 45, 2, 0, high, higher, 21],
        &[0; 10],
        &NONCE[8..],
        b"\0",
        method.as_bytes(),
        b"\0",
    ]
    .concat()
}

/// A certificate for `localhost`, and the authority that signed it.
fn certificate(folder: &tempfile::TempDir) -> (PathBuf, Arc<ServerConfig>) {
    let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("a key")).expect("signs");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).expect("written");
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let chain: Vec<CertificateDer<'_>> = vec![own.signed_by(&key, &authority).expect("signs").into()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    (file, Arc::new(builder.with_single_cert(chain, key).expect("a key that fits")))
}

impl Server {
    /// Waits for one login; with `switch` the greeting names another method than [`SHA2`].
    fn listen(tls: bool, switch: bool, asks: Asks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let folder = tempfile::tempdir().expect("a folder");
        let (authority, config) = tls.then(|| certificate(&folder)).unzip();
        let seen = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            serve(stream, config, switch, asks)
        });
        let url = format!("mysql://u:{PASSWORD}@localhost:{port}/x");
        Self { url, authority, _folder: folder, seen }
    }

    /// What came of a login, and what the server saw of it.
    async fn login(self) -> (SourceError, Seen) {
        let rig = Rig::Mysql(self.url);
        let source = rig.source_of(&Settings { ca_file: self.authority, ..rig.settings() });
        let error = source.ping(PATIENCE).await.expect_err("this server answers no command");
        assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
        (error, self.seen.join().expect("ends"))
    }
}

fn serve(stream: TcpStream, config: Option<Arc<ServerConfig>>, switch: bool, asks: Asks) -> Seen {
    let mut seen = Seen::default();
    let mut line = Line { stream, number: 0 };
    line.write(&greeting(config.is_some(), if switch { "mysql_native_password" } else { SHA2 }));
    match config {
        None => seen.open = line.login(asks, switch),
        Some(config) => {
            seen.open.extend(line.read());
            let session = ServerConnection::new(config).expect("a session");
            let mut covered = Line { stream: StreamOwned::new(session, line.stream), number: line.number };
            seen.covered = covered.login(asks, switch);
        }
    }
    seen
}

/// How `caching_sha2_password` proves that one knows the password.
fn proof() -> Vec<u8> {
    let once = digest(&SHA256, PASSWORD.as_bytes());
    let twice = digest(&SHA256, once.as_ref());
    let salted = digest(&SHA256, &[twice.as_ref(), NONCE].concat());
    once.as_ref().iter().zip(salted.as_ref()).map(|(one, other)| one ^ other).collect()
}

#[tokio::test]
async fn a_password_that_the_server_remembers_is_proved_and_not_shown() {
    for (tls, switch) in [(false, false), (false, true), (true, false), (true, true)] {
        let (_, seen) = Server::listen(tls, switch, Asks::Nothing).login().await;
        assert!(seen.logged_in(), "{seen:?}");
        assert!(!Seen::shows_password(&seen.open) && !Seen::shows_password(&seen.covered), "{seen:?}");
        let proof = proof();
        assert!(seen.packets().any(|packet| packet.windows(proof.len()).any(|part| part == proof)), "{seen:?}");
    }
}

#[tokio::test]
async fn a_password_that_the_server_wants_itself_goes_to_it_under_tls() {
    for switch in [false, true] {
        let (_, seen) = Server::listen(true, switch, Asks::Password).login().await;
        assert!(seen.logged_in(), "{seen:?}");
        assert!(seen.covered.contains(&[PASSWORD.as_bytes(), b"\0"].concat()), "{seen:?}");
        assert!(!Seen::shows_password(&seen.open), "{seen:?}");
    }
}

#[tokio::test]
async fn without_tls_a_password_that_the_server_wants_itself_goes_under_the_key_of_the_server() {
    let (_, seen) = Server::listen(false, false, Asks::Password).login().await;
    assert!(seen.logged_in(), "{seen:?}");
    assert!(!Seen::shows_password(&seen.open), "{seen:?}");
    assert!(seen.open.iter().any(|packet| packet.len() == 256), "{seen:?}");
}

#[tokio::test]
async fn a_server_that_wants_the_password_in_the_clear_does_not_get_it() {
    for tls in [false, true] {
        let (error, seen) = Server::listen(tls, false, Asks::Method("mysql_clear_password")).login().await;
        assert_eq!(error.cause, Cause::Refused, "{error:?}");
        assert!(!Seen::shows_password(&seen.open) && !Seen::shows_password(&seen.covered), "{seen:?}");
        assert!(!seen.logged_in(), "{seen:?}");
    }
}
