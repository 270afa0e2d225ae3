//! The loop: which slots are due, one task for each, and a graceful stop.
//!
//! A catalogue, doors, a store and a clock enter. Every due slot of every scheduled job becomes a run of its own, so
//! that a slow source delays nobody else; a job whose last run still goes on skips the slot and says so. Each
//! channel has a task that empties its part of the outbox. Nothing that fails ends the loop. Knows every room to its
//! left and holds the clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::job::alert::{Report, Standing};
use crate::job::run::{self, Ran};
use crate::job::{Doors, Job, JobId};
use crate::message::one_line;
use crate::name::Name;
use crate::store::Store;

mod missed;
pub mod once;
mod sender;

/// How long runs may go on after a stop was asked for.
pub const GRACE: Duration = Duration::from_secs(20);

/// Everything the loop works with.
pub struct Scheduler {
    catalogue: Arc<Catalogue>,
    doors: Arc<Doors>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    runs: TaskTracker,
    /// Breaks off the runs that outlive the grace period.
    abort: CancellationToken,
    /// Wakes the channels when a run put messages into the outbox.
    posted: Arc<Notify>,
}

/// How the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every run ended by itself.
    Clean,
    /// Runs were broken off when the grace period was over.
    BrokenOff,
}

impl Scheduler {
    /// A loop that has not begun.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, doors: Arc<Doors>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let (runs, abort, posted) = (TaskTracker::new(), CancellationToken::new(), Arc::default());
        Self { catalogue, doors, store, clock, runs, abort, posted }
    }

    /// Runs until `stop` is cancelled, then waits for what is going on.
    pub async fn run(self, stop: &CancellationToken) -> Ended {
        let (channels, senders) = (CancellationToken::new(), TaskTracker::new());
        let enough = CancellationToken::new();
        for channel in self.doors.channels().keys() {
            senders.spawn(self.sender(channel.clone(), &enough).run(channels.clone()));
        }
        self.dispatch(stop).await;
        info!("stopping: {} runs go on", self.runs.len());
        self.runs.close();
        let mut ended = Ended::Clean;
        if tokio::time::timeout(GRACE, self.runs.wait()).await.is_err() {
            self.abort.cancel();
            self.runs.wait().await;
            ended = Ended::BrokenOff;
        }
        // Whatever the last runs decided to say is sent before the end.
        channels.cancel();
        senders.close();
        if tokio::time::timeout(GRACE, senders.wait()).await.is_err() {
            // What was not begun goes out after the next start; what is on its way is not sent twice.
            enough.cancel();
            if tokio::time::timeout(GRACE, senders.wait()).await.is_err() {
                ended = Ended::BrokenOff;
            }
        }
        ended
    }

    /// Starts a run for each slot as it becomes due, what was missed first, until `stop`.
    async fn dispatch(&self, stop: &CancellationToken) {
        let now = self.clock.now();
        let scheduled: Vec<Job<'_>> = Job::scheduled(&self.catalogue).collect();
        info!("{} scheduled jobs", scheduled.len());
        let mut due: BinaryHeap<Reverse<(Timestamp, JobId)>> = BinaryHeap::new();
        for job in scheduled {
            match missed::of(job, self.store.as_ref(), SignedDuration::ZERO, now).await {
                Ok(slots) if slots.is_empty() => {}
                Ok(slots) => self.start(job.id(), slots),
                Err(problem) => error!("{}: what was missed is not known: {problem}", job.id()),
            }
            due.extend(next(job, now));
        }
        while let Some(Reverse((slot, _))) = due.peek() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep_until(*slot) => {}
            }
            let now = self.clock.now();
            while due.peek().is_some_and(|Reverse((slot, _))| *slot <= now) {
                let Some(Reverse((slot, id))) = due.pop() else { break };
                due.extend(Job::find(&self.catalogue, &id).and_then(|job| next(job, now)));
                self.start(id, vec![slot]);
            }
        }
        stop.cancelled().await;
    }

    /// Starts a task that runs the slots one after the other.
    fn start(&self, id: JobId, slots: Vec<Timestamp>) {
        let (catalogue, doors, store) = (Arc::clone(&self.catalogue), Arc::clone(&self.doors), Arc::clone(&self.store));
        let (posted, abort, now) = (Arc::clone(&self.posted), self.abort.clone(), self.clock.now());
        let horizon = self.catalogue.state.horizon(now);
        self.runs.spawn(async move {
            let Some(job) = Job::find(&catalogue, &id) else { return };
            for slot in slots {
                let run = run::job(job, &doors, store.as_ref(), Some(slot), now);
                let Some(ran) = abort.run_until_cancelled(run).await else {
                    return warn!("{id}: slot {slot} was broken off");
                };
                match ran {
                    Ok(Ran::Judged { report, messages }) => {
                        log(&report);
                        if messages > 0 {
                            posted.notify_waiters();
                        }
                        if let Err(problem) = store.prune(horizon, now).await {
                            warn!("what is old was not forgotten: {problem}");
                        }
                    }
                    Ok(Ran::Busy) => {
                        warn!("{id}: slot {slot} skipped: the run before it still goes on");
                    }
                    Ok(Ran::Done) => info!("{id}: slot {slot} has had its run"),
                    Err(problem) => error!("{id}: slot {slot} is lost: {problem}"),
                }
            }
        });
    }

    fn sender(&self, channel: Name, enough: &CancellationToken) -> sender::Sender {
        sender::Sender {
            channel,
            doors: Arc::clone(&self.doors),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            posted: Arc::clone(&self.posted),
            enough: enough.clone(),
        }
    }
}

/// One line for a run; text from the database cannot begin another.
fn log(report: &Report) {
    let (alert, standing, note) = (&report.alert, report.standing.as_str(), one_line(&report.note));
    match report.standing {
        Standing::Error | Standing::NoData => warn!("alert {alert}: {standing}: {note}"),
        Standing::Ok | Standing::Pending | Standing::Recovering | Standing::Firing => {
            info!("alert {alert}: {standing}: {note}");
        }
    }
}

/// The next slot of a scheduled job.
fn next(job: Job<'_>, now: Timestamp) -> Option<Reverse<(Timestamp, JobId)>> {
    Some(Reverse((job.timing().next_after(now)?, job.id())))
}
