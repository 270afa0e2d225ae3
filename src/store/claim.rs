//! Claims: what makes one run of a job the only one.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

/// The answer to a claim.
#[derive(Debug)]
pub enum Claimed {
    /// The job is ours.
    Granted(Claim),
    /// Another run of it is going on.
    Busy(Busy),
    /// The slot has had its run.
    Done,
}

/// What is known of the run that has the job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// The due instant it runs for, when that is known.
    pub slot: Option<Timestamp>,
    /// After this long the job is free if whoever has it is dead; none when it is free at that very moment.
    pub lease: Option<Duration>,
}

impl Busy {
    /// How long to wait before another machine may be asked to have failed at this slot; none when it runs another one.
    #[must_use]
    pub fn watch(&self, slot: Timestamp) -> Option<Duration> {
        self.lease.filter(|_| self.slot == Some(slot))
    }
}

/// A job that is ours until this is dropped or an outcome is recorded with it, whichever comes first.
pub struct Claim {
    /// The job.
    pub job: String,
    /// The due instant it runs for; none for a run by hand.
    pub slot: Option<Timestamp>,
    /// Its number among those who had the job; what an earlier one learned is refused.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "a lock of the operating system has no number"))]
    pub(super) fence: i64,
    /// Cancelled when the job is no longer ours.
    pub(super) lost: CancellationToken,
    /// Releases the job when dropped.
    pub(super) _guard: Box<dyn Send + Sync>,
}

impl Claim {
    /// Ends when the job is no longer surely ours: another machine may have it, and nothing that this run learns may be
    /// recorded. Never ends where a claim cannot be lost.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Whether that is so by now.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("job", &self.job).field("slot", &self.slot).finish_non_exhaustive()
    }
}
