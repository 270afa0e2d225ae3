//! When a job is run: the keys that every job with a schedule has.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::schedule::Schedule;

/// When a job is run, and what becomes of a slot that was not run in time.
#[derive(Clone, Debug)]
pub struct Timing {
    /// When the loop runs it; none means by hand only.
    pub schedule: Option<Schedule>,
    /// The zone its times are read and told in.
    pub zone: TimeZone,
    /// Whether the schedule counts.
    pub enabled: bool,
    /// What becomes of slots that nobody ran.
    pub missed: Missed,
    /// How long a slot that nobody ran is still worth running.
    pub missed_window: Duration,
    /// What becomes of a slot that is due while the run before it goes on.
    pub overlap: Overlap,
    /// Its runs begin up to this much later than their slots: always the same part of it for the same job.
    pub splay: Duration,
    /// How often a run asks again when its source cannot be reached.
    pub retries: u32,
    /// Its owners are told when no run has done its work this long after a slot.
    pub deadline: Option<Duration>,
}

impl Timing {
    /// The first slot later than `instant`; none when nothing is scheduled.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        self.active()?.next_after(instant)
    }

    /// The schedule, unless it does not count.
    #[must_use]
    pub fn active(&self) -> Option<&Schedule> {
        self.schedule.as_ref().filter(|_| self.enabled)
    }
}

/// What becomes of slots that were due while nothing ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// The latest of them is run.
    Latest,
    /// None is run.
    Skip,
    /// All are run, oldest first.
    All,
}

/// What becomes of a slot that is due while the run before it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// It has no run.
    Skip,
    /// It is run when that run has ended, unless a later one takes its place.
    Queue,
}
