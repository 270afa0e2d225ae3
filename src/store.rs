//! `Store`: the door to what rowcall remembers.
//!
//! A claim makes one run of a job the only one; [`Memory`] is what the last runs learned of an alert; everything a run
//! learns comes back as one [`Outcome`], written in one transaction together with the messages it decided to send.
//! Messages wait in the outbox, oldest first in each lane of alert and channel, until whoever has the [`Turn`] of their
//! channel has sent them. Knows the words, `incident`, `message`, and how `source` reaches a server.

use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::name::Name;
use crate::secret::{Revealed, Secret, SecretError};
use crate::source::{Engine, World};

pub use claim::{Busy, Claim, Claimed};
pub use memory::{Memory, Recall, Remembered, Silence};
pub use outbox::{Backlog, Condition, Fate, Letter, Outgoing, Pick, Reach, Settlement, Step, Trouble, Turn, Waiting};
pub use outcome::{AboutSource, Decision, Outcome, Past, Seen, Wanted};
pub use subject::Subject;
pub use timetable::{Beat, Pause, Punctuality, Skip, SkipReason, Stand, Timetable};

mod claim;
mod engine;
mod kept;
mod memory;
mod moving;
mod outbox;
mod outcome;
#[cfg(feature = "postgres")]
mod postgres;
mod shape;
mod sqlite;
mod subject;
mod timetable;

/// Where state is kept, as checked by the catalogue.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite:PATH` or `sqlite::memory:`; a relative path starts at the catalogue's folder.
    pub url: Secret,
    /// The password, when it is not in the URL.
    pub password: Option<Secret>,
    /// A file of certificates to trust instead of the system's, in PEM form.
    pub ca_file: Option<PathBuf>,
    /// The schema of a database that holds the tables.
    pub schema: Name,
}

/// The schema where nothing names another.
const SCHEMA: &str = "rowcall";

impl Settings {
    /// A store at `url`, with nothing else said.
    #[must_use]
    pub fn at(url: Secret) -> Self {
        Self { url, password: None, ca_file: None, schema: Name::new(SCHEMA).expect("a name") }
    }

    /// Whether a database server keeps it, for any number of machines.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        Engine::of_url(self.url.literal_prefix()) == Some(Engine::Postgres)
    }

    /// Whether everything is forgotten when the process ends.
    #[must_use]
    pub fn is_fleeting(&self) -> bool {
        self.url.literal_prefix() == "sqlite::memory:"
    }
}

/// What rowcall remembers between runs.
pub trait Store: Timetable {
    /// Takes the job for one run: nobody else has it until the claim is dropped. With a `slot`, the due instant, it is
    /// refused when that slot already has its run.
    fn claim<'a>(&'a self, job: &'a str, slot: Option<Timestamp>) -> BoxFuture<'a, Result<Claimed, StoreError>> {
        Box::pin(async move {
            Ok(self.claim_all(&[(job, slot)]).await?.pop().expect("a store answers for each job that is wanted"))
        })
    }

    /// What [`Store::claim`] gives, of many jobs in their order, for the price of one; all or none is taken when the store
    /// fails.
    fn claim_all<'a>(
        &'a self,
        wanted: &'a [(&'a str, Option<Timestamp>)],
    ) -> BoxFuture<'a, Result<Vec<Claimed>, StoreError>>;

    /// The latest slot of a job that was run; none when a schedule never ran it.
    fn last_slot<'a>(&'a self, job: &'a str) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>>;

    /// What is remembered of an alert, of the source it asks, and of the alerts that may hold it back.
    fn recall<'a>(
        &'a self,
        alert: &'a Name,
        source: &'a Name,
        unless: &'a [Name],
    ) -> BoxFuture<'a, Result<Memory, StoreError>> {
        Box::pin(async move {
            let wanted = [Recall { alert, source, unless }];
            Ok(self.recall_all(&wanted).await?.pop().expect("a store answers for each alert that is wanted"))
        })
    }

    /// What [`Store::recall`] gives, of many alerts in their order, for the price of one.
    fn recall_all<'a>(&'a self, wanted: &'a [Recall<'a>]) -> BoxFuture<'a, Result<Vec<Memory>, StoreError>>;

    /// What is remembered of a report.
    fn recall_report<'a>(&'a self, report: &'a Name) -> BoxFuture<'a, Result<Memory, StoreError>>;

    /// Writes everything that runs learned and the messages they decided to send, in one transaction: all or nothing.
    /// Gives for each run how many messages were put into the outbox: of those about the source only what no other run
    /// has told.
    fn record<'a>(&'a self, runs: &'a [(&'a Claim, &'a Outcome)]) -> BoxFuture<'a, Result<Vec<usize>, StoreError>>;

    /// Takes the turn to send for a channel; none while another sender has it, in whichever process. A turn ends when it
    /// is dropped, or at the latest within seconds after its process ended.
    fn turn<'a>(&'a self, channel: &'a Name) -> BoxFuture<'a, Result<Option<Turn>, StoreError>>;

    /// What may be sent at `now` by the one whose turn it is, in the order of the outbox: of each lane its oldest
    /// message, unless that waits for a later attempt; with `deep` also what waits behind it.
    fn due<'a>(
        &'a self,
        turn: &'a Turn,
        now: Timestamp,
        reach: Reach,
    ) -> BoxFuture<'a, Result<Vec<Waiting>, StoreError>>;

    /// Writes how attempts ended and which begin, in one transaction that is on disk when this returns: only then may
    /// they be sent. That a message was delivered is written whatever happened meanwhile; anything else not about one
    /// that someone dropped. Fails when the turn is lost, and then nothing may be sent.
    fn step<'a>(&'a self, turn: &'a Turn, step: &'a Step<'a>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// When something may be sent on a channel, none when nothing waits.
    fn next_attempt<'a>(&'a self, channel: &'a Name) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>>;

    /// How much waits for each channel, was given up, or what is wrong with it; nothing of channels without any.
    fn backlog(&self) -> BoxFuture<'_, Result<Vec<Backlog>, StoreError>>;

    /// The messages that are meant, in the order of the outbox; never one that was delivered or dropped.
    fn outbox<'a>(&'a self, pick: &'a Pick) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>>;

    /// Makes the messages that are meant due at `now`, and their channels be tried: one that was given up waits again,
    /// in its old place and for as long as it was wanted at first. Gives them as they were.
    fn hasten<'a>(&'a self, pick: &'a Pick, now: Timestamp) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>>;

    /// Takes the messages that are meant out of the outbox, because `who` said so. Gives them as they were.
    fn discard<'a>(
        &'a self,
        pick: &'a Pick,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>>;

    /// Holds back the news of an alert, or of one key of it.
    fn silence<'a>(&'a self, silence: &'a Silence) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Ends the silences of an alert that have not ended at `now`: those of one key, or all. Gives how many.
    fn unsilence<'a>(
        &'a self,
        alert: &'a Name,
        key: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// The silences that have not ended at `now`, by alert.
    fn silences(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Silence>, StoreError>>;

    /// Runs as they are kept, newest last.
    fn history<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Vec<Past>, StoreError>>;

    /// The newest message about an alert or a report for each channel, and every one that waits, oldest first.
    fn letters<'a>(&'a self, about: &'a Subject) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>>;

    /// Forgets runs, decisions, settled messages and silences from before `before`, at most once an hour of `now` for
    /// each process, in small transactions. Keeps what a decision still needs: the last run of each job, what each
    /// channel was told, what waits, and the first delivered message of a thread that is open. Gives how many rows.
    fn prune(&self, before: Timestamp, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Closes the store: everything written is on disk.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Why the store cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("state store `{place}`: {problem}")]
pub struct StoreError {
    /// The file.
    pub place: String,
    /// What happened.
    pub problem: String,
    /// What to do next, when we know.
    pub hint: Option<String>,
}

/// Opens the store, and brings it to this version's shape.
///
/// # Errors
/// The URL cannot be resolved, the store cannot be opened or created, is something else, or was written by a newer
/// version.
pub async fn open(settings: &Settings, world: &World) -> Result<Box<dyn Store>, StoreError> {
    if settings.is_postgres() {
        return postgres(settings, world).await;
    }
    let store = sqlite::Sqlite::open(reveal(settings, world).await?.expose(), &world.folder).await?;
    Ok(Box::new(store))
}

/// Opens the store to look at it: nothing is created and nothing can be written. None when there is no such store yet.
///
/// # Errors
/// The URL cannot be resolved, the store cannot be opened, is something else, or was written by another version.
pub async fn read(settings: &Settings, world: &World) -> Result<Option<Box<dyn Store>>, StoreError> {
    if settings.is_postgres() {
        return read_postgres(settings, world).await;
    }
    let store = sqlite::Sqlite::read(reveal(settings, world).await?.expose(), &world.folder).await?;
    Ok(store.map(|store| Box::new(store) as Box<dyn Store>))
}

/// A table, and how many rows of it were copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The table.
    pub table: String,
    /// How many rows.
    pub rows: u64,
}

/// Copies everything that a SQLite file keeps into an empty store on PostgreSQL, in one transaction. The file is only read,
/// and must not be one that a loop was at work on within the last minute before `now`.
///
/// # Errors
/// The file cannot be read or is in use, the server cannot be written to, or something is there already. Nothing is
/// copied then.
pub async fn copy(file: &Path, to: &Settings, world: &World, now: Timestamp) -> Result<Vec<Copied>, StoreError> {
    moving::copy(file, to, world, now).await
}

/// What [`copy`] would copy. Nothing is written, nor are tables made.
///
/// # Errors
/// As [`copy`].
pub async fn rehearse_copy(
    file: &Path,
    to: &Settings,
    world: &World,
    now: Timestamp,
) -> Result<Vec<Copied>, StoreError> {
    moving::rehearse(file, to, world, now).await
}

/// What can be said of a store without using it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Where it is.
    pub place: String,
    /// Its size, in bytes.
    pub size: u64,
    /// The number of its shape.
    pub version: i64,
    /// What its database finds wrong with it; nothing when it is sound.
    pub damage: Vec<String>,
}

/// Looks a store over, every page of it. None when there is no such store yet.
///
/// # Errors
/// As [`read`].
pub async fn examine(settings: &Settings, world: &World) -> Result<Option<Examination>, StoreError> {
    if settings.is_postgres() {
        return examine_postgres(settings, world).await;
    }
    sqlite::examine(reveal(settings, world).await?.expose(), &world.folder).await
}

#[cfg(feature = "postgres")]
async fn examine_postgres(settings: &Settings, world: &World) -> Result<Option<Examination>, StoreError> {
    match postgres::Postgres::read(settings, world).await? {
        Some(store) => store.examine(settings.schema.as_str()).await.map(Some),
        None => Ok(None),
    }
}

#[cfg(not(feature = "postgres"))]
async fn examine_postgres(settings: &Settings, world: &World) -> Result<Option<Examination>, StoreError> {
    postgres(settings, world).await.map(|_| None)
}

#[cfg(feature = "postgres")]
async fn postgres(settings: &Settings, world: &World) -> Result<Box<dyn Store>, StoreError> {
    Ok(Box::new(postgres::Postgres::open(settings, world).await?))
}

#[cfg(feature = "postgres")]
async fn read_postgres(settings: &Settings, world: &World) -> Result<Option<Box<dyn Store>>, StoreError> {
    let store = postgres::Postgres::read(settings, world).await?;
    Ok(store.map(|store| Box::new(store) as Box<dyn Store>))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(settings: &Settings, _: &World) -> Result<Box<dyn Store>, StoreError> {
    Err(StoreError {
        place: settings.url.to_string(),
        problem: "this build keeps no state in PostgreSQL".into(),
        hint: Some("build rowcall with `--features postgres`".into()),
    })
}

#[cfg(not(feature = "postgres"))]
async fn read_postgres(settings: &Settings, world: &World) -> Result<Option<Box<dyn Store>>, StoreError> {
    postgres(settings, world).await.map(Some)
}

async fn reveal(settings: &Settings, world: &World) -> Result<Revealed, StoreError> {
    let url = &settings.url;
    let failed = |error: SecretError| StoreError { place: url.to_string(), problem: error.to_string(), hint: None };
    url.reveal(&world.environment, &world.folder).await.map_err(failed)
}
