//! An HTTP server that answers by script and remembers what it was asked.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ServerConfig;

use super::wire::{self, Wire};

/// The most bytes of a body that are read.
const LARGEST: usize = 16 << 20;

/// How long a client may be silent before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Closes the connection before anything is read.
    Reset,
    /// Closes the connection after the request was read, without a word.
    Close,
    /// Announces a long answer, says a little of it, and no more.
    Drip,
    /// Keeps the connection open without a word.
    Silence,
}

impl Answer {
    pub(crate) fn plain(status: u16, body: &str) -> Self {
        Self::Say(status, Vec::new(), body.to_owned())
    }
}

/// A service that looks at what it is sent.
pub(crate) type Judge = fn(&Request) -> Answer;

/// The server. It takes one connection after the other and one request on each.
pub(crate) struct HttpFake {
    address: SocketAddr,
    /// Where the certificate of the authority is, when the connection is encrypted.
    authority: Option<tempfile::TempDir>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    tls: Option<Arc<ServerConfig>>,
    /// The connection that is served now.
    current: Mutex<Option<TcpStream>>,
    answers: Mutex<VecDeque<Answer>>,
    /// What is answered when the script is at its end.
    judge: Option<Judge>,
    requests: Mutex<Vec<Request>>,
}

impl HttpFake {
    /// A server that gives these answers in order, and then `200 ok` to everything.
    pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::run(answers.into_iter().collect(), None, None)
    }

    /// A server that gives these answers in order, and then those of the service that it plays.
    pub(crate) fn start_as(judge: Judge, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::run(answers.into_iter().collect(), None, Some(judge))
    }

    /// The same over TLS.
    pub(crate) fn start_encrypted(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::run(answers.into_iter().collect(), Some(tempfile::tempdir().expect("a folder")), None)
    }

    fn run(answers: VecDeque<Answer>, authority: Option<tempfile::TempDir>, judge: Option<Judge>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let tls = authority.as_ref().map(|folder| wire::certificate(&folder.path().join("ca.pem")));
        let state = Arc::new(State { tls, judge, answers: Mutex::new(answers), ..State::default() });
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || serve(&listener, &shared));
        Self { address, authority, state, thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// The certificate of the authority that vouches for the server, in PEM.
    pub(crate) fn ca_file(&self) -> Option<PathBuf> {
        Some(self.authority.as_ref()?.path().join("ca.pem"))
    }

    /// A channel of a catalogue that leads here, by a bot of Slack.
    pub(crate) fn slack_bot(&self, name: &str) -> String {
        let url = self.url("/api/");
        format!("[channels.{name}]\ntype = \"slack\"\ntoken = \"xoxb-1\"\nchannel = \"C0123\"\nbase_url = \"{url}\"\n")
    }

    /// Every whole request so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().expect("no panic in the server").clone()
    }
}

impl Drop for HttpFake {
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
        // A client that goes away in the middle is part of the play.
        let _ = stream.and_then(|stream| converse(stream, state));
        wire::end(&state.current);
    }
}

fn converse(stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    *state.current.lock().expect("no panic in the server") = Some(stream.try_clone()?);
    let wire = match &state.tls {
        Some(tls) => Wire::encrypted(stream, tls)?,
        None => Wire::Plain(stream),
    };
    let mut reader = BufReader::new(wire);
    let next = state.answers.lock().expect("no panic in the server").pop_front();
    if matches!(next, Some(Answer::Reset)) {
        return Ok(());
    }
    let request = read(&mut reader)?;
    let answer = next.unwrap_or_else(|| state.judge.map_or_else(|| Answer::plain(200, "ok"), |judge| judge(&request)));
    state.requests.lock().expect("no panic in the server").push(request);
    match answer {
        Answer::Say(status, headers, body) => {
            let stream = reader.get_mut();
            write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nConnection: close\r\n", body.len())?;
            for (name, value) in headers {
                write!(stream, "{name}: {value}\r\n")?;
            }
            write!(stream, "\r\n{body}")?;
            stream.flush()
        }
        Answer::Reset | Answer::Close => Ok(()),
        Answer::Drip => {
            let stream = reader.get_mut();
            stream.write_all(b"HTTP/1.1 200 Said\r\nContent-Length: 999\r\n\r\no")?;
            stream.flush()?;
            reader.read_exact(&mut [0])
        }
        Answer::Silence => reader.read_exact(&mut [0]),
    }
}

fn read(reader: &mut BufReader<Wire>) -> io::Result<Request> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, n)| n.parse().ok());
    let mut body = vec![0; length.unwrap_or(0).min(LARGEST)];
    reader.read_exact(&mut body)?;
    Ok(Request { method, path, headers, body: String::from_utf8_lossy(&body).into_owned(), bytes: body })
}
