//! What is remembered of jobs beside what their runs learned: slots that had no run, pauses, lateness, and the loops that
//! are alive.

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{Outgoing, StoreError};
use crate::name::Name;

/// The part of a store that the loop, and whoever watches it, keeps and asks.
pub trait Timetable: Send + Sync {
    /// What is known of the slots of each of these jobs, in their order, in one question.
    fn stands<'a>(&'a self, jobs: &'a [String]) -> BoxFuture<'a, Result<Vec<Stand>, StoreError>>;

    /// Records slots that have no run, in one transaction. One that has its run, or is recorded, is left alone.
    fn skip<'a>(&'a self, skips: &'a [Skip]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The newest slots that had no run, oldest first: at most `limit`, of one job or of all, decided at or after
    /// `since`.
    fn skips<'a>(
        &'a self,
        job: Option<&'a str>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Skip>, StoreError>>;

    /// Pauses a job; a pause it already has is replaced.
    fn pause<'a>(&'a self, pause: &'a Pause) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Ends the pause of a job; gives whether it was paused at `now`.
    fn resume<'a>(&'a self, job: &'a str, now: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// The pauses that have not ended at `now`, by job.
    fn pauses(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Pause>, StoreError>>;

    /// Records that a job is late, or on time again, and puts the messages about it into the outbox, in one
    /// transaction. Gives whether that was news: what is known already is not told again.
    fn punctual<'a>(&'a self, news: &'a Punctuality) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// The jobs that are late, by job: since when, as the instant of the slot that was not served.
    fn late(&self) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, StoreError>>;

    /// Says that a loop is alive.
    fn beat<'a>(&'a self, beat: &'a Beat) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The last word of every loop, by node.
    fn beats(&self) -> BoxFuture<'_, Result<Vec<Beat>, StoreError>>;

    /// The sources that someone was told are down, and since when.
    fn sources_down(&self) -> BoxFuture<'_, Result<Vec<(Name, Timestamp)>, StoreError>>;
}

/// What is known of the slots of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// The latest slot that was run or skipped.
    pub last: Option<Timestamp>,
    /// The latest slot whose run did its work.
    pub succeeded: Option<Timestamp>,
    /// The slot since which it is late, when its owners were told so.
    pub late: Option<Timestamp>,
}

/// Slots that had no run and will have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The job.
    pub job: String,
    /// The slot, or the latest of several.
    pub slot: Timestamp,
    /// When that was decided.
    pub at: Timestamp,
    /// Why.
    pub reason: SkipReason,
    /// How many slots, from earlier ones up to this one.
    pub count: u64,
}

/// Why a slot had no run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The run before it still went on.
    Overlap,
    /// It waited for the run before it, and a later slot took its place.
    Replaced,
    /// The job was paused.
    Paused,
    /// Nothing ran when it was due, and `missed` does not ask for it.
    Missed,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Overlap, Self::Replaced, Self::Paused, Self::Missed];

    /// The word in which it is kept.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overlap => "overlap",
            Self::Replaced => "replaced",
            Self::Paused => "paused",
            Self::Missed => "missed",
        }
    }

    /// The reason a store has under this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overlap => "the run before it still went on",
            Self::Replaced => "a later slot took its place in the queue",
            Self::Paused => "the job was paused",
            Self::Missed => "nothing ran when it was due, and `missed` does not ask for it",
        })
    }
}

/// A job that does not run because someone said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The job.
    pub job: String,
    /// When it began.
    pub since: Timestamp,
    /// When it ends by itself; none means with `rowcall resume` only.
    pub until: Option<Timestamp>,
    /// Who said so.
    pub who: String,
    /// Why, if they said.
    pub reason: Option<String>,
}

/// News of the deadline of a job.
#[derive(Clone, Debug)]
pub struct Punctuality {
    /// The job.
    pub job: String,
    /// Whether it is late, or on time again.
    pub late: bool,
    /// The slot it speaks of.
    pub slot: Timestamp,
    /// When that was seen.
    pub at: Timestamp,
    /// One message for each owner.
    pub messages: Vec<Outgoing>,
}

/// The last word of a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The machine.
    pub node: String,
    /// Its process there.
    pub pid: u32,
    /// When it was started.
    pub started: Timestamp,
    /// When this was said.
    pub at: Timestamp,
    /// Which rowcall.
    pub version: String,
    /// How many jobs it has a schedule for.
    pub jobs: u64,
    /// Whether it has ended since.
    pub stopped: bool,
}
