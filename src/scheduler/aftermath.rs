//! What becomes of a job when one of its runs has ended.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tracing::{error, info, warn};

use super::Scheduler;
use super::journal::{Logged, log};
use super::runs::How;
use crate::catalogue::Overlap;
use crate::job::run::Ran;
use crate::job::{Job, JobId, deadline};
use crate::store::{Busy, Punctuality, SkipReason};

/// When a job that somebody else runs is tried again, if it is to wait.
const BUSY_PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// When a slot is tried again whose claim was lost.
const LOST_PAUSE: SignedDuration = SignedDuration::from_millis(50);
/// When a slot is tried again that the store could not record.
const STORE_PAUSE: SignedDuration = SignedDuration::from_secs(5);

impl Scheduler {
    /// A run has ended: says how, and lets the next slot of the job follow.
    pub(super) async fn ended(&mut self, id: JobId, slot: Timestamp, how: How) {
        self.held -= 1;
        self.metrics.ended(&id, how.word(), how.took());
        let again = match &how {
            How::Ran(ran @ (Ran::Judged { .. } | Ran::Built { .. })) => {
                let Logged { messages, is_sound } = log(ran);
                if messages > 0 {
                    self.posted.notify_waiters();
                }
                if is_sound {
                    self.served(&id, slot).await;
                }
                None
            }
            How::Ran(Ran::Busy(busy)) => self.busy(&id, slot, *busy),
            How::Ran(Ran::Lost) => {
                warn!("{id}: slot {slot}: the claim was lost, beginning again");
                Some(LOST_PAUSE)
            }
            How::Ran(Ran::Done) => {
                info!("{id}: slot {slot} has had its run");
                None
            }
            How::Lost(problem) => {
                error!("{id}: slot {slot} is not recorded: {problem}");
                Some(STORE_PAUSE)
            }
            How::BrokenOff => {
                warn!("{id}: slot {slot} was broken off");
                None
            }
        };
        if let Some(reports) = &mut self.reports {
            match how {
                How::Ran(ran @ (Ran::Judged { .. } | Ran::Built { .. })) => reports.push(Ok(ran)),
                How::Lost(problem) => reports.push(Err(problem)),
                How::Ran(Ran::Busy(_) | Ran::Lost | Ran::Done) | How::BrokenOff => {}
            }
        } else if let (Some(wait), Some(active)) = (again, self.active.get_mut(&id)) {
            active.again = true;
            return self.runner.again(&self.plan, id, slot, wait);
        }
        self.follow(id);
    }

    /// Somebody else runs the job: by hand, or another process. A machine that runs the same slot is watched: when it dies,
    /// this one takes the slot over as soon as its lease is over.
    fn busy(&self, id: &JobId, slot: Timestamp, busy: Busy) -> Option<SignedDuration> {
        if let Some(lease) = busy.watch(slot) {
            return Some(SignedDuration::try_from(lease).unwrap_or(SignedDuration::MAX));
        }
        match Job::find(&self.plan.catalogue, id)?.timing().overlap {
            Overlap::Queue => Some(BUSY_PAUSE),
            Overlap::Skip => {
                self.skip(id, slot, 1, SkipReason::Overlap, self.runner.clock.now());
                None
            }
        }
    }

    /// Lets the next slot of a job wait for its turn, if there is one.
    fn follow(&mut self, id: JobId) {
        let next = self.active.get_mut(&id).and_then(|active| active.pending.pop_front());
        match (next, Job::find(&self.plan.catalogue, &id)) {
            (Some(slot), Some(job)) => self.lanes.wait(job.source(), id, slot),
            (None, _) | (_, None) => {
                self.active.remove(&id);
            }
        }
    }

    /// Lets a slot wait for its turn again, unless a later one takes its place.
    pub(super) fn wait_again(&mut self, id: JobId, slot: Timestamp) {
        let Some(active) = self.active.get_mut(&id) else { return };
        active.again = false;
        if active.pending.is_empty() {
            active.pending.push_back(slot);
        } else {
            self.skip(&id, slot, 1, SkipReason::Replaced, self.runner.clock.now());
        }
        self.follow(id);
    }

    /// A run has done its work: whoever was told that the job is late is told that it runs again.
    async fn served(&mut self, id: &JobId, slot: Timestamp) {
        self.metrics.served(id, slot);
        let catalogue = Arc::clone(&self.plan.catalogue);
        let Some(job) = Job::find(&catalogue, id).filter(|job| job.timing().deadline.is_some()) else { return };
        if let Some(since) = self.deadlines.served(id, slot) {
            info!("{id}: runs again");
            self.tell(&deadline::on_time(job, since, slot, self.runner.clock.now())).await;
        }
    }

    pub(super) async fn tell(&self, news: &Punctuality) {
        match self.runner.store.punctual(news).await {
            Ok(true) => self.posted.notify_waiters(),
            Ok(false) => {}
            Err(problem) => error!("{}: news of its deadline is lost: {problem}", news.job),
        }
    }
}
