//! SQLite: files opened for reading, and databases in memory that the catalogue fills.
//!
//! The driver runs a thread for each connection, which works on when a request is dropped; only the progress handler
//! stops it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, TryStreamExt};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions, Connection, Executor, SqlSafeStr, Statement as _, TypeInfo};

use super::binding::Sent;
use super::door::Door;
use super::driver::{Driver, Failure};
use super::resolved::{Resolved, Speaker};
use super::sink::Sink;
use super::{Request, Settings, Source, SourceError, World};
use crate::table::Column;
use place::Place;

mod cell;
mod place;
mod refusal;

/// So many rows are waited for one by one: most answers are no longer.
const EAGER: usize = 200;
/// How long the reader of a longer answer stands back when it has caught up.
const NAP: Duration = Duration::from_micros(100);
/// How many steps of its virtual machine SQLite takes between two looks at the flag.
const STEPS: i32 = 10_000;

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
    connection: SqliteConnection,
    /// Set to end whatever the connection does.
    interrupted: Arc<AtomicBool>,
    speaker: Speaker,
}

impl Driver for Sqlite {
    type Session = Session;
    type Canceller = Arc<AtomicBool>;

    async fn connect(&self) -> Result<Session, SourceError> {
        let resolved = Resolved::of(&self.settings, &self.world).await?;
        let speaker = resolved.speaker().clone();
        let place = Place::read(&resolved, &self.world.folder)?;
        let failed = |error: &sqlx::Error| refusal::opening(&speaker, &place, error);
        let mut connection = place.options().connect().await.map_err(|error| failed(&error))?;
        if let (Place::Memory, Some(setup)) = (&place, &self.settings.setup) {
            let filled = sqlx::raw_sql(AssertSqlSafe(setup.as_str())).execute(&mut connection).await;
            filled.map_err(|error| refusal::setup(&speaker, &error))?;
        }
        connection.execute("pragma query_only = on").await.map_err(|error| failed(&error))?;
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        let mut handle = connection.lock_handle().await.map_err(|error| failed(&error))?;
        handle.set_progress_handler(STEPS, move || !flag.load(Ordering::Relaxed));
        drop(handle);
        Ok(Session { connection, interrupted, speaker })
    }

    fn address(&self) -> Option<String> {
        None
    }

    fn is_alive(&self, _: &Session) -> bool {
        true
    }

    fn canceller(&self, session: &Session) -> Arc<AtomicBool> {
        Arc::clone(&session.interrupted)
    }

    async fn run(&self, session: &mut Session, request: &Request, sink: &mut Sink) -> Result<(), Failure> {
        let sent = request.bound.sent(&request.label);
        run(session, &sent, sink).await.map_err(|error| refusal::answering(&session.speaker, &error, Some(&sent)))
    }

    async fn ping(&self, session: &mut Session) -> Result<(), Failure> {
        let answer = session.connection.execute("select 1 from sqlite_schema limit 1").await;
        answer.map(|_| ()).map_err(|error| refusal::answering(&session.speaker, &error, None))
    }

    async fn cancel(&self, interrupted: &Arc<AtomicBool>) {
        interrupted.store(true, Ordering::Relaxed);
    }

    fn cut(&self, session: Session) {
        session.interrupted.store(true, Ordering::Relaxed);
    }

    async fn close(&self, session: Session) {
        // A file that was only read loses nothing when closing fails.
        let _ = session.connection.close().await;
    }
}

async fn run(session: &mut Session, sent: &Sent<'_>, sink: &mut Sink) -> Result<(), sqlx::Error> {
    let text = AssertSqlSafe(sent.text.as_str()).into_sql_str();
    let prepared = session.connection.prepare(text.clone()).await?;
    sink.begin(prepared.columns().iter().map(column).collect());
    let query = sqlx::query_with(text, cell::arguments(&sent.values)?);
    let mut rows = session.connection.fetch(query);
    let mut eager = EAGER;
    loop {
        let row = match rows.try_next().now_or_never() {
            Some(row) => row?,
            // To be woken for each row would cost more than the row: the driver's thread gets a little ahead. The nap is
            // far below what a timer can do, and what else runs here is asked first.
            None if eager == 0 => {
                tokio::task::yield_now().await;
                std::thread::sleep(NAP);
                continue;
            }
            None => rows.try_next().await?,
        };
        eager = eager.saturating_sub(1);
        let Some(row) = row else { break };
        cell::push(&row, sink.batch())?;
        if sink.is_full() {
            sink.pass().await;
        }
    }
    sink.pass().await;
    Ok(())
}

/// The declared type; expressions and types that SQLite has no class for have none.
fn column(column: &sqlx::sqlite::SqliteColumn) -> Column {
    let type_name = match column.type_info().name() {
        "NULL" => String::new(),
        name => name.to_lowercase(),
    };
    Column { name: column.name().to_owned(), type_name }
}
