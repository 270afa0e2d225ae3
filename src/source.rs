//! `Source`: the doors to databases.
//!
//! A [`Request`] enters: one bound statement under limits. [`Rows`] leave: the columns, then batches as the reader takes
//! them, so that a slow reader slows the database and memory does not grow. Sessions are read-only; every statement has
//! a deadline and is cancelled in the database when it lapses or when its reader goes away. A connection whose work was
//! broken off is closed, never used again. The settings of every kind are compiled in every build, the doors by
//! feature. Knows the words, `table` and `sql`.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::name::Name;
use crate::secret::{Environment, Secret, SecretError};
use crate::sql::Dialect;
use crate::table::{Batch, Column, Table};

pub use binding::{Argument, BindError, Bound, LONGEST_LIST};
pub use vitals::{Guard, Vitals, examine, guard};

mod binding;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod door;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod driver;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod resolved;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod sink;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod url;
mod vitals;

/// A database to ask.
pub trait Source: Send + Sync {
    /// Runs one statement and gives its columns and a stream of its rows.
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Rows, SourceError>>;

    /// Begins to connect, for the question that is about to come: that one learns how it went. Does nothing where there is
    /// a connection.
    fn ahead(&self);

    /// Connects when there is no connection yet, and asks for a sign of life.
    fn ping(&self, timeout: Duration) -> BoxFuture<'_, Result<(), SourceError>>;

    /// Waits for what was broken off to be cancelled in the database, then closes every connection.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// One statement to run.
#[derive(Clone, Debug)]
pub struct Request {
    /// The statement and the values of its parameters.
    pub bound: Bound,
    /// Connecting, running and reading together may take this long.
    pub timeout: Duration,
    /// Which entry and run of ours this is, for whoever watches the database: `alert late_orders`. Letters, digits,
    /// spaces, `_` and `-` only; anything else is left out of the comment.
    pub label: String,
}

/// The rows of a running statement.
#[derive(Debug)]
pub struct Rows {
    columns: Arc<[Column]>,
    batches: mpsc::Receiver<Result<Batch, SourceError>>,
}

impl Rows {
    /// The columns, known also when no row follows.
    #[must_use]
    pub fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// The next batch, none after the last. Dropping the rows before that cancels the statement.
    ///
    /// # Errors
    /// Whatever broke the statement off; nothing follows it.
    pub async fn next(&mut self) -> Result<Option<Batch>, SourceError> {
        self.batches.recv().await.transpose()
    }

    /// Collects at most `limit` rows; the table says when there were more, and the statement is cancelled then.
    ///
    /// # Errors
    /// Whatever broke the statement off.
    pub async fn collect(mut self, limit: usize) -> Result<Table, SourceError> {
        let (mut batches, mut left, mut cut) = (Vec::new(), limit, false);
        while let Some(mut batch) = self.next().await? {
            if batch.len() > left {
                batch.truncate(left);
                cut = true;
            }
            left -= batch.len();
            batches.push(batch);
            if cut {
                break;
            }
        }
        Ok(Table::new(self.columns, batches, cut))
    }
}

/// Which engine a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL and what speaks like it.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Mysql, Self::Sqlite];

    /// The engine that the scheme of a URL names.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        match url.split_once(':')?.0 {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::Mysql),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }

    /// The word of the catalogue.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    /// How this engine's SQL text is read.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Postgres => Dialect::Postgres,
            Self::Mysql => Dialect::Mysql,
            Self::Sqlite => Dialect::Sqlite,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The settings of a source, as checked by the catalogue.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of the entry.
    pub name: Name,
    /// Which driver opens it.
    pub engine: Engine,
    /// Where the database is.
    pub url: Secret,
    /// The password, when it is not in the URL.
    pub password: Option<Secret>,
    /// A file of certificates to trust instead of the system's, in PEM form.
    pub ca_file: Option<std::path::PathBuf>,
    /// At most this many connections at once.
    pub max_concurrent: usize,
    /// SQL that fills an in-memory SQLite database when it opens.
    pub setup: Option<String>,
}

impl Settings {
    /// What of them is secret, by the key of the catalogue: the password, and the URL when one stands in it.
    #[must_use]
    pub fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        // A user and a password before the host: `postgres://report:hunter2@db`.
        let login = self.url.literal_prefix().split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        let in_url = login.is_some_and(|(login, _)| login.contains(':')) || !self.url.is_literal();
        let url = in_url.then_some(("url", &self.url));
        self.password.iter().map(|password| ("password", password)).chain(url).collect()
    }
}

/// What a source needs of the world to open.
#[derive(Clone)]
pub struct World {
    /// Variables that secrets may name.
    pub environment: Environment,
    /// The folder of the catalogue: relative files are looked for here.
    pub folder: Arc<Path>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Makes the door for these settings. Nothing is connected to and no secret resolved before the first request.
#[must_use]
pub fn open(settings: &Settings, world: &World) -> Box<dyn Source> {
    #[cfg(not(any(feature = "postgres", feature = "mysql", feature = "sqlite")))]
    let _ = world;
    match settings.engine {
        #[cfg(feature = "postgres")]
        Engine::Postgres => postgres::open(settings.clone(), world.clone()),
        #[cfg(feature = "mysql")]
        Engine::Mysql => mysql::open(settings.clone(), world.clone()),
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => sqlite::open(settings.clone(), world.clone()),
        #[cfg(not(all(feature = "postgres", feature = "mysql", feature = "sqlite")))]
        absent => Box::new(Absent(settings.name.clone(), absent)),
    }
}

/// What kind of failure a [`SourceError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The catalogue or the environment is at fault: a missing variable, an unreadable URL, a statement that is not a
    /// read.
    Settings,
    /// The database cannot be reached, or the connection was lost.
    Unreachable,
    /// The database refused the user, the password or the certificate did not hold.
    Refused,
    /// The database refused the statement.
    Statement,
    /// The deadline lapsed; the statement was cancelled.
    Timeout,
    /// A value came that cannot be shown exactly.
    Value,
}

/// Why a source gave no rows. Carries no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("source `{source_name}`: {problem}")]
pub struct SourceError {
    /// The name of the source.
    pub source_name: Name,
    /// What kind of failure.
    pub cause: Cause,
    /// What happened, in the database's own words where there are any.
    pub problem: String,
    /// What to do next, when we know.
    pub hint: Option<String>,
    /// The byte offset in the statement, as the catalogue has it, that the database points at.
    pub offset: Option<usize>,
}

impl SourceError {
    /// An error without hint and place.
    #[must_use]
    pub fn new(source: &Name, cause: Cause, problem: impl Into<String>) -> Self {
        Self { source_name: source.clone(), cause, problem: problem.into(), hint: None, offset: None }
    }

    /// The same with the next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A secret that did not resolve.
    #[must_use]
    pub fn secret(source: &Name, error: &SecretError) -> Self {
        let problem = Self::new(source, Cause::Settings, error.to_string());
        match error {
            SecretError::Unset { name, .. } => problem.with_hint(format!("set `{name}` where rowcall runs")),
            SecretError::File { .. } | SecretError::Command { .. } => problem,
        }
    }
}

/// The door of an engine that this build leaves out.
#[cfg(not(all(feature = "postgres", feature = "mysql", feature = "sqlite")))]
struct Absent(Name, Engine);

#[cfg(not(all(feature = "postgres", feature = "mysql", feature = "sqlite")))]
impl Absent {
    fn error(&self) -> SourceError {
        SourceError::new(&self.0, Cause::Settings, format!("this build has no `{}` sources", self.1))
            .with_hint(format!("build rowcall with `--features {}`", self.1))
    }
}

#[cfg(not(all(feature = "postgres", feature = "mysql", feature = "sqlite")))]
impl Source for Absent {
    fn fetch(&self, _: Request) -> BoxFuture<'_, Result<Rows, SourceError>> {
        Box::pin(async { Err(self.error()) })
    }

    fn ahead(&self) {}

    fn ping(&self, _: Duration) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async { Err(self.error()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
