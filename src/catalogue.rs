//! The catalogue: everything rowcall knows of what to ask, when, and whom to tell.
//!
//! A TOML file enters; an immutable [`Catalogue`] leaves in which every reference is resolved and every SQL text, rule
//! and schedule has been read, or [`Broken`]: all mistakes at once, each with file, line, a caret and a near match.
//! Nothing is connected to and no secret resolved here. The only room that knows TOML; knows the rooms to its left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::channel::{self, heartbeat};
use crate::incident::{Mute, Policy};
use crate::message::Severity;
use crate::name::Name;
use crate::predicate::Predicate;
use crate::secret::Secret;
use crate::source;
use crate::sql::Statement;
use crate::store;

pub use parameter::{Given, Parameter, ParameterError, ParameterKind};
pub use problem::{Broken, Problem, render_warning};
pub use report::Report;
pub use timing::{Missed, Overlap, Timing};

mod cell;
mod check;
mod file;
pub mod fixture;
mod parameter;
mod problem;
pub mod report;
mod text;
mod timing;

/// The name of a catalogue where nobody chose one.
pub const FILE_NAME: &str = "rowcall.toml";

/// Where state is kept, in the folder of the catalogue, where nothing says otherwise.
pub const STATE_FILE: &str = ".rowcall/state.db";

/// A checked catalogue.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The file it was read from.
    pub path: PathBuf,
    /// The folder of that file: relative paths in the catalogue start here.
    pub folder: Arc<Path>,
    /// The default zone of schedules.
    pub zone: TimeZone,
    /// Where state is kept.
    pub state: State,
    /// Who is told that the loop is alive.
    pub heartbeat: Option<heartbeat::Settings>,
    /// Databases.
    pub sources: BTreeMap<Name, Source>,
    /// Saved queries.
    pub queries: BTreeMap<Name, Query>,
    /// Alerts.
    pub alerts: BTreeMap<Name, Box<Alert>>,
    /// Reports.
    pub reports: BTreeMap<Name, Report>,
    /// Where messages go.
    pub channels: BTreeMap<Name, Channel>,
    /// Every text that may name secrets, as it stands in the file; defaults are not among them.
    pub secrets: Vec<Secret>,
    /// Remarks on what is allowed but likely not meant.
    pub warnings: Vec<Problem>,
}

/// The `[state]` table.
#[derive(Clone, Debug)]
pub struct State {
    /// Where, and how to get in.
    pub store: store::Settings,
    /// How long runs, decisions and settled messages are kept; at least a day.
    pub keep: Duration,
}

impl State {
    /// What is older than this at `now` is not kept.
    #[must_use]
    pub fn horizon(&self, now: Timestamp) -> Timestamp {
        let keep = SignedDuration::try_from(self.keep).unwrap_or(SignedDuration::MAX);
        now.checked_sub(keep).unwrap_or(Timestamp::MIN)
    }
}

/// A `[sources.x]` table.
#[derive(Clone, Debug)]
pub struct Source {
    /// What the door needs.
    pub settings: source::Settings,
    /// Who is told when it cannot be reached; nobody here means the caretakers of the alert that met it.
    pub owners: Vec<Name>,
    /// For people.
    pub description: Option<String>,
    /// The line of the file it begins at, from 1.
    pub line: usize,
}

/// A statement, the source to ask, and the parameters it takes.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The source.
    pub source: Name,
    /// The SQL as it was written.
    pub statement: Statement,
    /// Every parameter of the statement.
    pub parameters: BTreeMap<Name, Parameter>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// A `[queries.x]` table.
#[derive(Clone, Debug)]
pub struct Query {
    /// Its name.
    pub name: Name,
    /// For people.
    pub description: Option<String>,
    /// What it asks.
    pub ask: Ask,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// The line of the file it begins at, from 1.
    pub line: usize,
}

/// An `[alerts.x]` table.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its name.
    pub name: Name,
    /// For people.
    pub description: Option<String>,
    /// The saved query it judges, when it is not its own.
    pub query: Option<Name>,
    /// What it asks.
    pub ask: Ask,
    /// What its parameters are given.
    pub given: Vec<(Name, Given)>,
    /// What the answer is compared with; then the rows to judge are the differences, by `key`.
    pub against: Option<Ask>,
    /// The rule.
    pub when: Predicate,
    /// The columns that make an incident of its own; none makes the alert one instance.
    pub key: Vec<String>,
    /// After so many answers without it, a key that vanished is over.
    pub missing_evals: u32,
    /// More instances than this that fire are told as one digest.
    pub max_instances: usize,
    /// When it is judged by the loop, and the zone its times are read and told in.
    pub timing: Timing,
    /// The life of its incidents.
    pub policy: Policy,
    /// When nobody is told.
    pub mute: Vec<Mute>,
    /// While an incident of one of these alerts is open, nobody is told of incidents of this one.
    pub unless: Vec<Name>,
    /// How loud it is.
    pub severity: Severity,
    /// What no row at all means.
    pub on_empty: OnSilence,
    /// What a rule that is NULL means.
    pub on_null: OnSilence,
    /// What a failed query means for its instances.
    pub on_error: OnError,
    /// Who is told of incidents.
    pub notify: Vec<Name>,
    /// Who is told when the alert itself does not work; nobody here means `notify`.
    pub owners: Vec<Name>,
    /// Who is told when its source cannot be reached.
    pub source_owners: Vec<Name>,
    /// How long its messages are worth delivering.
    pub retry_for: Duration,
    /// A template of the head of its messages, instead of its name and what fires.
    pub title: Option<String>,
    /// A template of their words, instead of the summary, the description and the labelled lines.
    pub body: Option<String>,
    /// The files with its rows that go with its messages.
    pub attach: Vec<Attach>,
    /// Where to read more.
    pub link: Option<String>,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// The line of the file it begins at, from 1.
    pub line: usize,
}

impl Alert {
    /// The name of its job: in claims, in history, and in what a database is told of who asks.
    #[must_use]
    pub fn job(&self) -> String {
        format!("alert {}", self.name)
    }

    /// The channels that are told of trouble with the alert itself.
    #[must_use]
    pub fn caretakers(&self) -> &[Name] {
        if self.owners.is_empty() { &self.notify } else { &self.owners }
    }
}

/// A kind of file with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// Comma-separated values.
    Csv,
    /// An Excel workbook.
    Xlsx,
}

impl Attach {
    /// The word of the catalogue, and the suffix of the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

/// What to conclude when there is nothing to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSilence {
    /// All is well.
    Ok,
    /// The rule holds.
    Firing,
    /// The alert is unwell and its instances stay as they are.
    NoData,
    /// The instances stay as they are.
    Keep,
}

/// What to conclude when the query failed. The alert is unwell in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// The instances stay as they are.
    Keep,
    /// The rule holds for every instance that is known.
    Firing,
}

/// A `[channels.x]` table.
#[derive(Clone, Debug)]
pub struct Channel {
    /// What the door needs.
    pub settings: channel::Settings,
    /// Who is told when it does not work, and when it does again; other channels than this one.
    pub owners: Vec<Name>,
    /// For people.
    pub description: Option<String>,
    /// The line of the file it begins at, from 1.
    pub line: usize,
}

/// Why there is no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read catalogue `{}`: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        cause: std::io::Error,
    },
    /// The file has mistakes.
    #[error("{0}")]
    Broken(Broken),
}

/// Reads and checks the catalogue at `path`.
///
/// # Errors
/// The file cannot be read, or every mistake in it.
pub fn load(path: &Path) -> Result<Catalogue, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|cause| LoadError::Unreadable { path: path.to_owned(), cause })?;
    check::catalogue(path, &text).map_err(LoadError::Broken)
}
