//! The one way out: everything for standard output goes through one writer, everything else to standard error.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use clap::ValueEnum;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::catalogue::Catalogue;
use crate::channel::{self, Printer};
use crate::clock::SystemClock;
use crate::secret::Environment;
use crate::source;

/// So much any pipe takes that nobody reads from.
const ROOM: usize = 4096;

/// When words on standard error and charts are coloured; `Auto` is on a terminal, unless `NO_COLOR` says otherwise.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

/// Standard output behind one writer, and what is known of the terminal.
pub(super) struct Output {
    stdout: Arc<Mutex<Stdout>>,
    color: Color,
    /// How many bytes were passed.
    passed: usize,
    /// What is being written while others work.
    writing: Option<JoinHandle<io::Result<()>>>,
}

/// Standard output. A closed pipe takes everything in silence: nobody reads on, and that is no failure.
struct Stdout {
    inner: io::Stdout,
    closed: bool,
}

impl Stdout {
    fn quietly<T>(&mut self, done: io::Result<T>, swallowed: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(swallowed)
            }
            other => other,
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let done = self.inner.write(bytes);
        self.quietly(done, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let done = self.inner.flush();
        self.quietly(done, ())
    }
}

impl Output {
    pub(super) fn new(color: Color) -> Self {
        let stdout = Arc::new(Mutex::new(Stdout { inner: io::stdout(), closed: false }));
        Self { stdout, color, passed: 0, writing: None }
    }

    /// What the doors of a catalogue need of the world; the environment is read here and nowhere else.
    pub(super) fn worlds(&self, catalogue: &Catalogue) -> (source::World, channel::World) {
        let (environment, folder) = (Environment::of_process(), Arc::clone(&catalogue.folder));
        let channels = channel::World {
            environment: environment.clone(),
            folder: Arc::clone(&folder),
            printer: Arc::clone(&self.stdout) as Printer,
            clock: Arc::new(SystemClock),
        };
        (source::World { environment, folder }, channels)
    }

    /// The same, with the `stdout` channel on standard error: standard output is for a report that a program reads.
    pub(super) fn worlds_aside(&self, catalogue: &Catalogue) -> (source::World, channel::World) {
        let (sources, channels) = self.worlds(catalogue);
        (sources, channel::World { printer: Arc::new(Mutex::new(io::stderr())), ..channels })
    }

    /// Whether the reader of standard output went away.
    pub(super) fn is_closed(&self) -> bool {
        match self.stdout.try_lock() {
            Ok(stdout) => stdout.closed,
            Err(TryLockError::Poisoned(stdout)) => stdout.into_inner().closed,
            // Somebody may read on what is being written.
            Err(TryLockError::WouldBlock) => false,
        }
    }

    /// Whether whoever reads standard output may let it wait for ever: behind a pipe, a socket or a terminal.
    pub(super) fn may_stall(&self) -> bool {
        self.is_terminal()
            || metadata().is_ok_and(|metadata| metadata.file_type().is_fifo() || metadata.file_type().is_socket())
    }

    /// Writes text to a reader who may let it wait, while the next is made; only then it is waited for. Whoever stops
    /// waiting leaves the text behind.
    pub(super) async fn pass(&mut self, text: Vec<u8>) -> io::Result<()> {
        self.passed = self.passed.saturating_add(text.len());
        if self.passed <= ROOM {
            return self.write_all(&text);
        }
        self.settle().await?;
        let stdout = Arc::clone(&self.stdout);
        self.writing = Some(spawn_blocking(move || {
            let mut stdout = lock(&stdout);
            stdout.write_all(&text)?;
            stdout.flush()
        }));
        Ok(())
    }

    /// Waits until everything that was passed is written.
    pub(super) async fn settle(&mut self) -> io::Result<()> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        let written = writing.await;
        self.writing = None;
        written.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// Whether words on standard error may be coloured.
    pub(super) fn styled(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
        }
    }

    /// Whether what is drawn on standard output may be coloured.
    pub(super) fn paints(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
        }
    }

    /// Whether standard output is a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether standard output is a file of a disk, which nobody reads while it is written.
    pub(super) fn is_file(&self) -> bool {
        metadata().is_ok_and(|metadata| metadata.is_file())
    }

    /// Whether somebody sees standard error as it comes.
    pub(super) fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// How wide the terminal of standard output is: `COLUMNS`, or what it says itself.
    pub(super) fn columns(&self) -> Option<usize> {
        let said =
            std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
        said.or_else(|| terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into()))
    }

    /// Words on standard error; what cannot be written there cannot be told anywhere.
    pub(super) fn say(&self, words: &str) {
        let _ = io::stderr().lock().write_all(words.as_bytes());
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.stdout).write(bytes)
    }

    /// Nothing is flushed behind what was left behind: its reader does not read.
    fn flush(&mut self) -> io::Result<()> {
        match self.writing {
            Some(_) => Ok(()),
            None => lock(&self.stdout).flush(),
        }
    }
}

fn lock(stdout: &Mutex<Stdout>) -> MutexGuard<'_, Stdout> {
    stdout.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What standard output is.
fn metadata() -> io::Result<std::fs::Metadata> {
    std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?).metadata()
}
