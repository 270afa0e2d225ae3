//! A mail server that refuses by script and remembers the mails it took.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use mail_parser::decoders::base64::base64_decode;
use rustls::ServerConfig;

use super::crowd::Tally;
use super::wire::{self, Wire};

/// The largest mail that is read, in bytes.
const LARGEST: usize = 4 << 20;

/// How long a client may be silent before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the server plays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) encryption: Encryption,
    /// The user and password that the login wants; without them no login is offered.
    pub(crate) login: Option<(String, String)>,
    /// Offers LOGIN and not PLAIN.
    pub(crate) only_login: bool,
    /// Offers XOAUTH2 and nothing else; the password is the token.
    pub(crate) only_token: bool,
    /// The most bytes of a mail that it announces; 0 for as many as it can read.
    pub(crate) size: usize,
    /// How many mails a connection may bring before the server has had enough; 0 for any number.
    pub(crate) per_connection: usize,
    /// A login that fails repeats what it was given.
    pub(crate) echo: bool,
    /// Answers to whole commands instead of doing them: the beginning of a command (`MAIL`, `RCPT TO:<a@`, `.` for the
    /// end of a mail), how often, and the answer.
    pub(crate) refusals: Vec<(&'static str, usize, Refusal)>,
}

/// What the server does instead of a command.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// Says this line.
    Say(&'static str),
    /// Closes the connection without a word.
    Close,
    /// Keeps the connection open without a word.
    Silence,
}

/// When the connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// After STARTTLS, which it wants.
    #[default]
    StartTls,
    /// From the first byte.
    Implicit,
    /// Never; STARTTLS is not offered.
    None,
}

/// A mail as the server took it.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) raw: Vec<u8>,
    /// Whether it came over an encrypted connection.
    pub(crate) encrypted: bool,
    /// Who had logged in.
    pub(crate) user: Option<String>,
}

/// The server. It takes one connection after the other.
pub(crate) struct SmtpFake {
    address: SocketAddr,
    state: Arc<State>,
    authority: tempfile::TempDir,
    thread: Option<JoinHandle<()>>,
}

struct State {
    stop: AtomicBool,
    script: Mutex<Script>,
    tls: Arc<ServerConfig>,
    /// The connection that is served now.
    current: Mutex<Option<TcpStream>>,
    mails: Mutex<Vec<Mail>>,
    tally: Arc<Tally>,
    connections: AtomicUsize,
    /// Every line of every client, decrypted.
    heard: Mutex<Vec<String>>,
}

impl SmtpFake {
    pub(crate) fn start(script: Script) -> Self {
        Self::start_counted(script, &Arc::default())
    }

    /// A server whose mails are counted together with what others take.
    pub(crate) fn start_counted(script: Script, tally: &Arc<Tally>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let authority = tempfile::tempdir().expect("a folder");
        let state = Arc::new(State {
            stop: AtomicBool::new(false),
            script: Mutex::new(script),
            tls: wire::certificate(&authority.path().join("ca.pem")),
            current: Mutex::default(),
            mails: Mutex::default(),
            tally: Arc::clone(tally),
            connections: AtomicUsize::new(0),
            heard: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || serve(&listener, &shared));
        Self { address, state, authority, thread: Some(thread) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate of the authority that vouches for the server, in PEM.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.authority.path().join("ca.pem")
    }

    /// A channel of a catalogue that leads here.
    pub(crate) fn channel(&self, name: &str) -> String {
        format!(
            "[channels.{name}]\ntype = \"email\"\nserver = \"smtp://localhost:{}\"\nca_file = \"{}\"\n\
             from = \"bot@example.com\"\nto = [\"data@example.com\"]\n",
            self.port(),
            self.ca_file().display()
        )
    }

    /// From now on, this answer to the next commands that begin so.
    pub(crate) fn refuse(&self, start: &'static str, times: usize, refusal: Refusal) {
        self.state.script.lock().expect("no panic in the server").refusals.push((start, times, refusal));
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Every mail taken so far.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.state.mails.lock().expect("no panic in the server").clone()
    }

    /// Every line heard so far, without the mails.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.state.heard.lock().expect("no panic in the server").clone()
    }
}

impl Drop for SmtpFake {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        wire::end(&self.state.current);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, state: &State) {
    for stream in listener.incoming() {
        if state.stop.load(Ordering::SeqCst) {
            return;
        }
        state.connections.fetch_add(1, Ordering::SeqCst);
        // A client that goes away in the middle is part of the play.
        let _ = stream.and_then(|stream| Session::start(stream, state)?.converse());
        wire::end(&state.current);
    }
}

struct Session<'a> {
    wire: Wire,
    /// What was read and not yet looked at.
    ahead: VecDeque<u8>,
    taken: usize,
    state: &'a State,
    script: Script,
    user: Option<String>,
    from: String,
    to: Vec<String>,
}

impl<'a> Session<'a> {
    fn start(stream: TcpStream, state: &'a State) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        *state.current.lock().expect("no panic in the server") = Some(stream.try_clone()?);
        let script = state.script.lock().expect("no panic in the server").clone();
        let wire = match script.encryption {
            Encryption::Implicit => Wire::encrypted(stream, &state.tls)?,
            Encryption::StartTls | Encryption::None => Wire::Plain(stream),
        };
        Ok(Self {
            wire,
            ahead: VecDeque::new(),
            taken: 0,
            state,
            script,
            user: None,
            from: String::new(),
            to: Vec::new(),
        })
    }

    fn converse(mut self) -> io::Result<()> {
        if self.refuses("CONNECT")? {
            return Ok(());
        }
        self.say("220 fake ESMTP")?;
        loop {
            let line = self.line()?;
            self.state.heard.lock().expect("no panic in the server").push(line.clone());
            if self.refuses(&line)? {
                continue;
            }
            let verb = line.split(' ').next().unwrap_or_default().to_uppercase();
            match verb.as_str() {
                "EHLO" => self.greet()?,
                "STARTTLS" => self = self.encrypt()?,
                "AUTH" => self.login(&line)?,
                "MAIL" => self.sender(&line)?,
                "RCPT" => {
                    self.to.push(address(&line));
                    self.say("250 2.1.5 ok")?;
                }
                "DATA" => self.content()?,
                "RSET" => {
                    self.from.clear();
                    self.say("250 ok")?;
                }
                "QUIT" => return self.say("221 bye"),
                _ => self.say("502 5.5.1 not understood")?,
            }
        }
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.wire.write_all(format!("{line}\r\n").as_bytes())?;
        self.wire.flush()
    }

    fn byte(&mut self) -> io::Result<u8> {
        if self.ahead.is_empty() {
            let mut bytes = [0; 4096];
            let count = self.wire.read(&mut bytes)?;
            self.ahead.extend(&bytes[..count]);
        }
        self.ahead.pop_front().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n") {
            bytes.push(self.byte()?);
            if bytes.len() > 4096 {
                return Err(io::Error::other("a line too long"));
            }
        }
        bytes.truncate(bytes.len() - 2);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether the script has something else in mind for this command.
    fn refuses(&mut self, line: &str) -> io::Result<bool> {
        let refusal = {
            let mut script = self.state.script.lock().expect("no panic in the server");
            let found = script.refusals.iter_mut().find(|(start, left, _)| *left > 0 && line.starts_with(*start));
            found.map(|(_, left, refusal)| {
                *left -= 1;
                refusal.clone()
            })
        };
        match refusal {
            None => Ok(false),
            Some(Refusal::Say(answer)) => self.say(answer).map(|()| true),
            Some(Refusal::Close) => Err(io::ErrorKind::ConnectionReset.into()),
            Some(Refusal::Silence) => loop {
                self.byte()?;
            },
        }
    }

    fn is_encrypted(&self) -> bool {
        matches!(self.wire, Wire::Encrypted(_))
    }

    fn greet(&mut self) -> io::Result<()> {
        self.say("250-fake")?;
        if self.script.encryption == Encryption::StartTls && !self.is_encrypted() {
            self.say("250-STARTTLS")?;
        }
        if self.script.login.is_some() {
            let offered = match (self.script.only_token, self.script.only_login) {
                (true, _) => "250-AUTH XOAUTH2",
                (false, true) => "250-AUTH LOGIN",
                (false, false) => "250-AUTH PLAIN LOGIN",
            };
            self.say(offered)?;
        }
        let size = if self.script.size > 0 { self.script.size } else { LARGEST };
        self.say(&format!("250 SIZE {size}"))
    }

    fn encrypt(mut self) -> io::Result<Self> {
        match self.wire {
            Wire::Plain(mut stream) if self.script.encryption == Encryption::StartTls => {
                stream.write_all(b"220 go ahead\r\n")?;
                self.wire = Wire::encrypted(stream, &self.state.tls)?;
            }
            mut wire => {
                wire.write_all(b"502 5.5.1 not here\r\n")?;
                self.wire = wire;
            }
        }
        Ok(self)
    }

    fn login(&mut self, line: &str) -> io::Result<()> {
        let words: Vec<&str> = line.split(' ').collect();
        let text = |encoded: &str| {
            base64_decode(encoded.as_bytes())
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .unwrap_or_default()
        };
        let (user, password) = match words.as_slice() {
            [_, "PLAIN", token] => {
                let token = text(token);
                let mut parts = token.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            [_, "LOGIN"] => {
                self.say("334 VXNlcm5hbWU6")?;
                let user = text(&self.line()?);
                self.say("334 UGFzc3dvcmQ6")?;
                (user, text(&self.line()?))
            }
            [_, "XOAUTH2", token] if self.script.only_token => {
                let token = text(token);
                let inside = token.strip_suffix("\x01\x01").and_then(|token| token.strip_prefix("user="));
                let (user, token) = inside.and_then(|inside| inside.split_once("\x01auth=Bearer ")).unwrap_or_default();
                if self.script.login != Some((user.to_owned(), token.to_owned())) {
                    self.say("334 eyJzdGF0dXMiOiI0MDEifQ==")?;
                    self.line()?;
                }
                (user.to_owned(), token.to_owned())
            }
            _ => return self.say("504 5.5.4 no such login"),
        };
        if self.script.login == Some((user.clone(), password.clone())) {
            self.user = Some(user);
            return self.say("235 2.7.0 welcome");
        }
        let echo = if self.script.echo { format!(": {line} means {user}/{password}") } else { String::new() };
        self.say(&format!("535 5.7.8 wrong user or password{echo}"))
    }

    fn sender(&mut self, line: &str) -> io::Result<()> {
        if self.script.encryption == Encryption::StartTls && !self.is_encrypted() {
            return self.say("530 5.7.0 STARTTLS first");
        }
        if self.script.login.is_some() && self.user.is_none() {
            return self.say("530 5.7.0 login first");
        }
        if self.script.per_connection > 0 && self.taken >= self.script.per_connection {
            self.say("421 4.7.0 too many mails")?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if !self.from.is_empty() {
            return self.say("503 5.5.1 another mail is not over");
        }
        self.from = address(line);
        self.to.clear();
        self.say("250 2.1.0 ok")
    }

    fn content(&mut self) -> io::Result<()> {
        if self.to.is_empty() {
            return self.say("554 5.5.1 no recipients");
        }
        self.say("354 go on")?;
        let mut raw = Vec::new();
        while !raw.ends_with(b"\r\n.\r\n") {
            raw.push(self.byte()?);
            if raw.len() > LARGEST {
                return Err(io::Error::other("a mail too large"));
            }
        }
        raw.truncate(raw.len() - 3);
        if self.script.size > 0 && raw.len() > self.script.size {
            return self.say("552 5.3.4 message too big for system");
        }
        if self.refuses(".")? {
            return Ok(());
        }
        self.taken += 1;
        let raw = undotted(&raw);
        let encrypted = self.is_encrypted();
        let mail =
            Mail { from: std::mem::take(&mut self.from), to: self.to.clone(), raw, encrypted, user: self.user.clone() };
        self.state.mails.lock().expect("no panic in the server").push(mail);
        // Whoever waits for it may act before the answer is out.
        self.state.tally.add();
        self.say("250 2.0.0 taken")
    }
}

/// What stands between `<` and `>`.
fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

/// A mail without the dots that SMTP doubles at the beginning of a line.
fn undotted(raw: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(raw).replace("\r\n..", "\r\n.");
    text.strip_prefix("..").map_or(text.clone(), |rest| format!(".{rest}")).into_bytes()
}
