//! The store on SQLite: one file, or memory for those who keep nothing.
//!
//! Writes are short `BEGIN IMMEDIATE` transactions in WAL mode, on disk before they count. A claim is a lock of the
//! operating system on a file of its own beside the database, gone with its process whatever kills it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, Transaction};
use tokio_util::sync::CancellationToken;

use super::kept::{history, letter, outbox, prune, recall, record, silence};
use super::outbox::Lease;
use super::{
    Backlog, Busy, Claim, Claimed, Letter, Memory, Outcome, Past, Pick, Reach, Recall, Silence, Step, Store,
    StoreError, Subject, Turn, Waiting, Wanted,
};
use crate::name::Name;

mod engine;
mod examine;
mod migrate;
#[cfg(feature = "postgres")]
mod snapshot;
mod timetable;

pub(super) use examine::examine;
#[cfg(feature = "postgres")]
pub(super) use snapshot::Snapshot;

/// How long a write waits for another process to end its own.
const BUSY: Duration = Duration::from_secs(10);

/// The name of a store that is kept in memory.
const MEMORY: &str = ":memory:";

/// SQLite's code for a file that is something else.
const NOT_A_DATABASE: &str = "26";

/// An open store.
pub(super) struct Sqlite {
    connection: tokio::sync::Mutex<SqliteConnection>,
    locks: Locks,
    place: String,
    /// When this process last forgot what is old.
    pruned: Mutex<Option<Timestamp>>,
}

/// Where claims are held.
enum Locks {
    /// In a folder of lock files, one per job.
    Folder(PathBuf),
    /// In this process, for a store in memory.
    Memory(Arc<Mutex<HashSet<String>>>),
}

impl Sqlite {
    pub(super) async fn open(url: &str, folder: &Path) -> Result<Self, StoreError> {
        let path = path(url);
        let broken = |problem: String| StoreError { place: path.to_owned(), problem, hint: None };
        let (options, locks) = if path == MEMORY {
            (SqliteConnectOptions::new().in_memory(true), Locks::Memory(Arc::default()))
        } else {
            let file = folder.join(path);
            create(&file).map_err(|cause| broken(format!("cannot be created: {cause}")))?;
            let mut locks = file.clone().into_os_string();
            locks.push(".locks");
            (SqliteConnectOptions::new().filename(&file), Locks::Folder(locks.into()))
        };
        let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let mut connection = connect(options, path).await?;
        migrate::migrate(&mut connection, path).await?;
        Ok(Self {
            connection: tokio::sync::Mutex::new(connection),
            locks,
            place: path.to_owned(),
            pruned: Mutex::default(),
        })
    }

    /// The store as it is, to look at; none when there is no file.
    pub(super) async fn read(url: &str, folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = path(url);
        let file = folder.join(path);
        if path == MEMORY || !file.exists() {
            return Ok(None);
        }
        let mut connection = connect(SqliteConnectOptions::new().filename(&file).read_only(true), path).await?;
        migrate::check(&mut connection, path).await?;
        let locks = Locks::Memory(Arc::default());
        Ok(Some(Self {
            connection: tokio::sync::Mutex::new(connection),
            locks,
            place: path.to_owned(),
            pruned: Mutex::default(),
        }))
    }

    async fn memories(&self, wanted: &[recall::Wanted<'_>]) -> Result<Vec<Memory>, StoreError> {
        self.ask(async |one| recall::memories(one, wanted).await).await
    }

    /// Asks one thing.
    async fn ask<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection.lock().await;
        work(&mut connection).await.map_err(|error| self.failed(&error))
    }

    /// Changes something, in a transaction.
    async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection.lock().await;
        let mut transaction = self.begin(&mut connection).await?;
        let done = work(&mut transaction).await;
        self.commit(transaction, done).await
    }

    /// Begins a transaction that writes: it waits for its turn now rather than failing later.
    async fn begin<'c>(
        &self,
        connection: &'c mut SqliteConnection,
    ) -> Result<Transaction<'c, sqlx::Sqlite>, StoreError> {
        connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| self.failed(&error))
    }

    /// Ends it; what failed leaves nothing behind.
    async fn commit<T>(
        &self,
        transaction: Transaction<'_, sqlx::Sqlite>,
        done: Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let ended = match done {
            Ok(done) => transaction.commit().await.map(|()| done),
            Err(error) => Err(error),
        };
        ended.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &sqlx::Error) -> StoreError {
        StoreError { place: self.place.clone(), problem: error.to_string(), hint: None }
    }

    /// Takes the lock of a job or of a channel; none when someone has it.
    fn take(&self, what: &str) -> Result<Option<Box<dyn Send + Sync>>, StoreError> {
        self.lock(what).map_err(|error| StoreError {
            place: self.place.clone(),
            problem: format!("the lock of `{what}` cannot be taken: {error}"),
            hint: None,
        })
    }

    fn lock(&self, job: &str) -> std::io::Result<Option<Box<dyn Send + Sync>>> {
        match &self.locks {
            Locks::Memory(held) => {
                let fresh = held.lock().unwrap_or_else(PoisonError::into_inner).insert(job.to_owned());
                let guard = || Box::new(Held { job: job.to_owned(), held: Arc::clone(held) }) as Box<_>;
                Ok(fresh.then(guard))
            }
            Locks::Folder(folder) => {
                let path = folder.join(job.replace(' ', "."));
                // It holds nothing: to cut it each time would only be one more change on the disk.
                let open = || std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path);
                let file = match open() {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                        std::fs::create_dir_all(folder)?;
                        open()?
                    }
                    other => other?,
                };
                match file.try_lock() {
                    Ok(()) => Ok(Some(Box::new(file))),
                    Err(std::fs::TryLockError::WouldBlock) => Ok(None),
                    Err(std::fs::TryLockError::Error(error)) => Err(error),
                }
            }
        }
    }
}

/// The path that a URL names.
fn path(url: &str) -> &str {
    url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url)
}

async fn connect(options: SqliteConnectOptions, path: &str) -> Result<SqliteConnection, StoreError> {
    let broken = |problem: String| StoreError { place: path.to_owned(), problem, hint: None };
    options.busy_timeout(BUSY).disable_statement_logging().connect().await.map_err(|error| {
        match error.as_database_error() {
            Some(cause) if cause.code().as_deref() == Some(NOT_A_DATABASE) => StoreError {
                hint: Some("move it away, or name another file in [state]".into()),
                ..broken("the file is not a database".into())
            },
            _ => broken(error.to_string()),
        }
    })
}

/// Makes the file, readable by its owner alone, and its folder.
fn create(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// A lock of the operating system is ours for as long as we live.
struct Locked {
    _guard: Box<dyn Send + Sync>,
}

impl Lease for Locked {}

/// A claim on a store in memory.
struct Held {
    job: String,
    held: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.job);
    }
}

impl Store for Sqlite {
    fn claim_all<'a>(
        &'a self,
        wanted: &'a [(&'a str, Option<Timestamp>)],
    ) -> BoxFuture<'a, Result<Vec<Claimed>, StoreError>> {
        Box::pin(async move {
            let locks = wanted.iter().map(|(job, _)| self.take(job)).collect::<Result<Vec<_>, _>>()?;
            // With the locks in hand: whoever had one before may have recorded this very slot.
            let taken = |(lock, wanted): (&Option<_>, &(&'a str, _))| lock.as_ref().map(|_| *wanted);
            let taken: Vec<(&str, Option<Timestamp>)> = locks.iter().zip(wanted).filter_map(taken).collect();
            let mut done = self.ask(async |one| recall::have_run(one, &taken).await).await?.into_iter();
            let claimed = |(lock, (job, slot)): (Option<_>, &(&str, Option<Timestamp>))| match lock {
                None => Claimed::Busy(Busy::default()),
                Some(_) if done.next() == Some(true) => Claimed::Done,
                Some(guard) => Claimed::Granted(Claim {
                    job: (*job).to_owned(),
                    slot: *slot,
                    fence: 0,
                    lost: CancellationToken::new(),
                    _guard: guard,
                }),
            };
            Ok(locks.into_iter().zip(wanted).map(claimed).collect())
        })
    }

    fn last_slot<'a>(&'a self, job: &'a str) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        Box::pin(self.ask(async move |one| recall::last_slot(one, job).await))
    }

    fn recall_all<'a>(&'a self, wanted: &'a [Recall<'a>]) -> BoxFuture<'a, Result<Vec<Memory>, StoreError>> {
        Box::pin(async move { self.memories(&wanted.iter().map(recall::Wanted::from).collect::<Vec<_>>()).await })
    }

    fn recall_report<'a>(&'a self, report: &'a Name) -> BoxFuture<'a, Result<Memory, StoreError>> {
        Box::pin(async move {
            let wanted = [recall::Wanted { about: Subject::Report(report.clone()), source: None, unless: &[] }];
            Ok(self.memories(&wanted).await?.into_iter().next().unwrap_or_default())
        })
    }

    fn record<'a>(&'a self, runs: &'a [(&'a Claim, &'a Outcome)]) -> BoxFuture<'a, Result<Vec<usize>, StoreError>> {
        Box::pin(async move {
            if runs.is_empty() {
                return Ok(Vec::new());
            }
            self.write(async move |one| record::outcomes(one, runs).await).await
        })
    }

    fn turn<'a>(&'a self, channel: &'a Name) -> BoxFuture<'a, Result<Option<Turn>, StoreError>> {
        Box::pin(async move {
            let Some(guard) = self.take(&format!("channel {channel}"))? else { return Ok(None) };
            let mut connection = self.connection.lock().await;
            let trouble = outbox::trouble(&mut *connection, channel).await.map_err(|error| self.failed(&error))?;
            Ok(Some(Turn { channel: channel.clone(), trouble, fence: 0, lease: Box::new(Locked { _guard: guard }) }))
        })
    }

    fn due<'a>(
        &'a self,
        turn: &'a Turn,
        now: Timestamp,
        reach: Reach,
    ) -> BoxFuture<'a, Result<Vec<Waiting>, StoreError>> {
        Box::pin(self.ask(async move |one| outbox::due(one, &turn.channel, now, reach).await))
    }

    fn step<'a>(&'a self, turn: &'a Turn, step: &'a Step<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(async move |one| outbox::step(one, &turn.channel, step).await))
    }

    fn next_attempt<'a>(&'a self, channel: &'a Name) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        Box::pin(self.ask(async move |one| outbox::next_attempt(one, channel).await))
    }

    fn backlog(&self) -> BoxFuture<'_, Result<Vec<Backlog>, StoreError>> {
        Box::pin(self.ask(async move |one| outbox::backlog(one).await))
    }

    fn outbox<'a>(&'a self, pick: &'a Pick) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        Box::pin(self.ask(async move |one| letter::picked(one, pick).await))
    }

    fn hasten<'a>(&'a self, pick: &'a Pick, now: Timestamp) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        Box::pin(self.write(async move |one| letter::hasten(one, pick, now).await))
    }

    fn discard<'a>(
        &'a self,
        pick: &'a Pick,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        Box::pin(self.write(async move |one| letter::discard(one, pick, who, now).await))
    }

    fn silence<'a>(&'a self, silence: &'a Silence) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.ask(async move |one| silence::add(one, silence).await))
    }

    fn unsilence<'a>(
        &'a self,
        alert: &'a Name,
        key: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.ask(async move |one| silence::end(one, alert, key, now).await))
    }

    fn silences(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Silence>, StoreError>> {
        Box::pin(self.ask(async move |one| silence::lasting(one, now).await))
    }

    fn history<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Vec<Past>, StoreError>> {
        Box::pin(self.ask(async move |one| history::runs(one, wanted).await))
    }

    fn letters<'a>(&'a self, about: &'a Subject) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        Box::pin(self.ask(async move |one| letter::about(one, about).await))
    }

    fn prune(&self, before: Timestamp, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            if !prune::is_time(&mut self.pruned.lock().unwrap_or_else(PoisonError::into_inner), now) {
                return Ok(0);
            }
            let mut pruned = 0;
            for _ in 0..prune::MOST_BATCHES {
                // Others may write between two batches.
                let mut connection = self.connection.lock().await;
                let mut transaction = self.begin(&mut connection).await?;
                let rows = prune::batch(&mut *transaction, before).await;
                let rows = self.commit(transaction, rows).await?;
                pruned += rows;
                if rows == 0 {
                    return Ok(pruned);
                }
            }
            // There is more: the next call goes on.
            *self.pruned.lock().unwrap_or_else(PoisonError::into_inner) = None;
            Ok(pruned)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // The write-ahead log is on disk, and SQLite moves it into the file by itself: when it has grown, and when
            // the last connection closes. Asking for it here would wait for the disk three times more.
            let mut connection = self.connection.lock().await;
            let _ = connection.ping().await;
        })
    }
}
