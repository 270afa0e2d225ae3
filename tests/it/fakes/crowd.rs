//! Servers under a crowd: an HTTP server with a thread for each connection, which it keeps, and a count of everything
//! that arrived anywhere, so that a test can act the moment something did.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long nothing may come before nobody waits for more.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many messages have arrived.
#[derive(Default)]
pub(crate) struct Tally {
    count: Mutex<usize>,
    more: Condvar,
}

impl Tally {
    pub(crate) fn count(&self) -> usize {
        *self.count.lock().expect("no panic in a server")
    }

    pub(crate) fn add(&self) {
        *self.count.lock().expect("no panic in a server") += 1;
        self.more.notify_all();
    }

    /// Waits until so many have arrived, until nothing is to be waited for, or until nothing came for a while.
    pub(crate) fn wait(&self, target: usize, mut in_vain: impl FnMut() -> bool) {
        let mut count = self.count.lock().expect("no panic in a server");
        let (mut seen, mut since) = (*count, Instant::now());
        while *count < target && since.elapsed() < PATIENCE && !in_vain() {
            count = self.more.wait_timeout(count, Duration::from_millis(50)).expect("no panic in a server").0;
            if *count != seen {
                (seen, since) = (*count, Instant::now());
            }
        }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) path: String,
    pub(crate) body: String,
}

/// What is answered to a path, as status and body.
pub(crate) type Reply = fn(&str) -> (u16, String);

/// The server.
pub(crate) struct Crowd {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    stop: AtomicBool,
    reply: Reply,
    tally: Arc<Tally>,
    posts: Mutex<Vec<Post>>,
    connections: AtomicUsize,
}

impl Crowd {
    pub(crate) fn start(reply: Reply, tally: &Arc<Tally>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let state = Arc::new(State {
            stop: AtomicBool::new(false),
            reply,
            tally: Arc::clone(tally),
            posts: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                state.connections.fetch_add(1, Ordering::SeqCst);
                // A client that goes away in the middle is part of the play; the thread ends with its connection.
                std::thread::spawn(move || stream.and_then(|stream| converse(stream, &state)));
            }
        });
        Self { address, state, thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request so far, in the order of arrival.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.state.posts.lock().expect("no panic in the server").clone()
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn converse(stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(post) = read(&mut reader)? {
        let (status, body) = (state.reply)(&post.path);
        state.posts.lock().expect("no panic in the server").push(post);
        // Whoever waits for it may act before the answer is out.
        state.tally.add();
        let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        writer.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// The next request; none when the client is done.
fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Post>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap_or(0);
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Post { path, body: String::from_utf8_lossy(&body).into_owned() }))
}
