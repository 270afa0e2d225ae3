//! SQLite: files opened for reading, and databases in memory that the catalogue fills.
//!
//! A connection lives on a thread of its own, which steps the statement, copies the cells from where SQLite has them
//! into a batch and hands over whole batches. It works on when a request is dropped; only its interrupt stops it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::mpsc;

use super::binding::Sent;
use super::door::Door;
use super::driver::{Driver, Failure};
use super::resolved::{Resolved, Speaker};
use super::sink::Sink;
use super::{Request, Settings, Source, SourceError, World};
use place::Place;
use read::{Piece, read};
use refusal::Mishap;
use thread::Thread;

mod cage;
mod cell;
mod place;
mod read;
mod refusal;
mod thread;

/// How many batches the thread may be ahead of what waits for the reader already.
const AHEAD: usize = 1;

/// The door of a source.
pub(super) fn open(settings: Settings, world: World) -> Box<dyn Source> {
    // A database in memory belongs to its one connection.
    let count = if Place::is_memory(settings.url.literal_prefix()) { 1 } else { settings.max_concurrent };
    Box::new(Door::new(settings.name.clone(), Sqlite { settings, world }, count))
}

struct Sqlite {
    settings: Settings,
    world: World,
}

struct Session {
    thread: Thread<Connection>,
    interrupt: Arc<Interrupt>,
    speaker: Speaker,
}

/// What ends whatever a connection does, for good.
struct Interrupt {
    /// Looked at before a statement begins, when SQLite does not keep an interrupt in mind.
    asked: AtomicBool,
    handle: InterruptHandle,
}

impl Interrupt {
    fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.handle.interrupt();
    }

    fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Driver for Sqlite {
    type Session = Session;
    type Canceller = Arc<Interrupt>;

    async fn connect(&self) -> Result<Session, SourceError> {
        let resolved = Resolved::of(&self.settings, &self.world).await?;
        let speaker = resolved.speaker().clone();
        let place = Place::read(&resolved, &self.world.folder)?;
        let (speaking, setup) = (speaker.clone(), self.settings.setup.clone());
        let opened = Thread::start(move || {
            let failed = |error: rusqlite::Error| refusal::opening(&speaking, &place, &error);
            let mut connection = place.connect().map_err(failed)?;
            if let (Place::Memory, Some(setup)) = (&place, &setup) {
                let filled = connection.execute_batch(setup);
                filled.map_err(|error| refusal::setup(&speaking, &error))?;
            }
            cage::close(&mut connection).map_err(failed)?;
            let handle = connection.get_interrupt_handle();
            Ok((connection, Arc::new(Interrupt { asked: AtomicBool::new(false), handle })))
        });
        let (thread, interrupt) = opened.await.map_err(|gone| refusal::gone(&speaker, &gone))??;
        Ok(Session { thread, interrupt, speaker })
    }

    fn address(&self) -> Option<String> {
        None
    }

    fn is_alive(&self, session: &Session) -> bool {
        !session.interrupt.is_asked()
    }

    fn canceller(&self, session: &Session) -> Arc<Interrupt> {
        Arc::clone(&session.interrupt)
    }

    async fn run(&self, session: &mut Session, request: &Request, sink: &mut Sink) -> Result<(), Failure> {
        let sent = request.bound.sent(&request.label);
        run(session, &sent, sink).await.map_err(|mishap| refusal::answering(&session.speaker, &mishap, Some(&sent)))
    }

    async fn ping(&self, session: &mut Session) -> Result<(), Failure> {
        let asked = session.thread.begin(|connection| connection.execute_batch("select 1 from sqlite_schema limit 1"));
        let answer = asked.await.map_err(Mishap::from).and_then(|answer| answer.map_err(Mishap::from));
        answer.map_err(|mishap| refusal::answering(&session.speaker, &mishap, None))
    }

    async fn cancel(&self, interrupt: &Arc<Interrupt>) {
        interrupt.ask();
    }

    fn cut(&self, session: Session) {
        session.interrupt.ask();
    }

    async fn close(&self, session: Session) {
        session.thread.end().await;
    }
}

async fn run(session: &Session, sent: &Sent<'_>, sink: &mut Sink) -> Result<(), Mishap> {
    let (text, values) = (sent.text.clone(), cell::parameters(&sent.values));
    let interrupt = Arc::clone(&session.interrupt);
    let (pieces, mut passed) = mpsc::channel(AHEAD);
    let reading = session.thread.begin(move |connection| {
        let pass = |piece| pieces.blocking_send(piece).is_ok() && !interrupt.is_asked();
        read(connection, &text, values, pass)
    });
    while let Some(piece) = passed.recv().await {
        match piece {
            Piece::Columns(columns) => sink.begin(columns),
            Piece::Rows(batch) => sink.put(batch).await,
        }
    }
    Ok(reading.await??)
}
