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
    /// What becomes of slots that nobody ran.
    pub missed: Missed,
    /// How long a slot that nobody ran is still worth running.
    pub missed_window: Duration,
}

impl Timing {
    /// The first slot later than `instant`; none when nothing is scheduled.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        self.schedule.as_ref()?.next_after(instant)
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
