//! The runs that go on: a task for each, and one that records what they learned.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::job::run::{self, Begun, Learned, Ours, Ran};
use crate::job::{Doors, Job, JobId};
use crate::name::Name;
use crate::store::{Skip, Store, StoreError};

/// At most this many outcomes are recorded in one transaction.
const MOST_RECORDED: usize = 256;

/// A catalogue and its doors: what a run that began with them ends with.
pub(super) struct Plan {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) doors: Arc<Doors>,
    /// The runs that began with it.
    pub(super) runs: TaskTracker,
}

impl Plan {
    pub(super) fn new(catalogue: Arc<Catalogue>, doors: Arc<Doors>) -> Self {
        Self { catalogue, doors, runs: TaskTracker::new() }
    }

    /// Closes the doors when the last run that began with them has ended.
    pub(super) async fn retire(&self) {
        self.runs.close();
        self.runs.wait().await;
        self.doors.close().await;
    }
}

/// A slot on its way to a claim, and whether it has a place of its source.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) source: Name,
    pub(super) id: JobId,
    pub(super) slot: Timestamp,
    pub(super) has_place: bool,
}

/// What the loop is told.
pub(super) enum Event {
    /// Slots are claimed, or are not.
    Begun(Arc<Plan>, Vec<(Wanted, Result<Box<Ours>, How>)>),
    /// A run no longer needs its source, where it began at this instant.
    Left(Name, Timestamp),
    /// A run has ended, and what it learned is recorded.
    Ended(JobId, Timestamp, How),
    /// A slot whose run could not begin or not be recorded may be tried again.
    Again(JobId, Timestamp),
    /// Somebody asks whether the loop is alive.
    Alive(oneshot::Sender<super::Alive>),
}

/// How a run ended.
#[derive(Debug)]
pub(super) enum How {
    /// By itself.
    Ran(Ran),
    /// The store failed.
    Lost(StoreError),
    /// It outlived the grace period, or it panicked.
    BrokenOff,
}

impl How {
    /// The word for it in what the loop counts.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Ran(Ran::Judged { report, .. }) => report.standing.as_str(),
            Self::Ran(Ran::Built { built, .. }) if built.page.failed() > 0 => "error",
            Self::Ran(Ran::Built { .. }) => "ok",
            Self::Ran(Ran::Busy(_)) => "busy",
            Self::Ran(Ran::Lost) => "claim_lost",
            Self::Ran(Ran::Done) => "had_its_run",
            Self::Lost(_) => "lost",
            Self::BrokenOff => "broken_off",
        }
    }

    /// How long it took, when it did its work.
    pub(super) fn took(&self) -> Option<Duration> {
        match self {
            Self::Ran(Ran::Judged { took, .. } | Ran::Built { took, .. }) => Some(*took),
            Self::Ran(Ran::Busy(_) | Ran::Lost | Ran::Done) | Self::Lost(_) | Self::BrokenOff => None,
        }
    }
}

/// What is to be recorded.
#[derive(Debug)]
pub(super) enum Note {
    /// What a run learned.
    Learned(Box<Learned>),
    /// Slots without a run.
    Skip(Skip),
}

/// Everything a run needs.
#[derive(Clone)]
pub(super) struct Runner {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) notes: mpsc::UnboundedSender<Note>,
    pub(super) events: mpsc::UnboundedSender<Event>,
    /// Ends whatever only waits.
    pub(super) stop: CancellationToken,
    /// Breaks off the runs that outlive the grace period.
    pub(super) abort: CancellationToken,
}

impl Runner {
    /// Claims slots of jobs of the catalogue, all of them together.
    pub(super) fn claim(&self, plan: &Arc<Plan>, wanted: Vec<Wanted>) {
        let (held, store, abort) = (Arc::clone(plan), Arc::clone(&self.store), self.abort.clone());
        let mut claiming = Claiming { events: self.events.clone(), plan: Arc::clone(plan), wanted };
        plan.runs.spawn(async move {
            let job = |wanted: &Wanted| Some((Job::find(&held.catalogue, &wanted.id)?, Some(wanted.slot)));
            let jobs: Vec<_> = claiming.wanted.iter().filter_map(job).collect();
            if let Some(begun) = abort.run_until_cancelled(run::begin(&jobs, store.as_ref())).await {
                claiming.tell(begun.into_iter().map(|begun| match begun {
                    Ok(Begun::Ours(ours)) => Ok(ours),
                    Ok(Begun::Busy(busy)) => Err(How::Ran(Ran::Busy(busy))),
                    Ok(Begun::Done) => Err(How::Ran(Ran::Done)),
                    Err(error) => Err(How::Lost(error)),
                }));
            }
        });
    }

    /// Starts the run of a slot that is claimed.
    pub(super) fn start(&self, plan: &Arc<Plan>, source: Name, id: JobId, slot: Timestamp, ours: Box<Ours>) {
        let (runner, held) = (self.clone(), Arc::clone(plan));
        plan.runs.spawn(async move {
            let source = Some((source, runner.clock.now()));
            let mut parting = Parting { events: runner.events.clone(), source, ended: Some((id, slot)) };
            let abort = runner.abort.clone();
            if let Some(how) = abort.run_until_cancelled(runner.run(&held, *ours, &mut parting)).await.flatten() {
                parting.ended(how);
            }
        });
    }

    /// Runs it; none when what it learned was handed over to be recorded.
    async fn run(&self, plan: &Plan, ours: Ours, parting: &mut Parting) -> Option<How> {
        let (id, _) = parting.ended.as_ref()?;
        let job = Job::find(&plan.catalogue, id)?;
        let learned = run::work(job, ours, &plan.doors, self.clock.as_ref(), &self.stop).await;
        parting.left();
        let Some(learned) = learned else { return Some(How::Ran(Ran::Lost)) };
        self.notes.send(Note::Learned(Box::new(learned))).ok()?;
        parting.ended = None;
        None
    }

    /// Tells the loop after `wait` that a slot may be tried again.
    pub(super) fn again(&self, plan: &Plan, id: JobId, slot: Timestamp, wait: SignedDuration) {
        let runner = self.clone();
        plan.runs.spawn(async move {
            let at = runner.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX);
            if runner.stop.run_until_cancelled(runner.clock.sleep_until(at)).await.is_some() {
                let _ = runner.events.send(Event::Again(id, slot));
            }
        });
    }
}

/// Tells the loop what became of slots that are being claimed, also when that is broken off or panics.
struct Claiming {
    events: mpsc::UnboundedSender<Event>,
    plan: Arc<Plan>,
    wanted: Vec<Wanted>,
}

impl Claiming {
    /// Nobody listens once the loop has ended; then the claims are given back.
    fn tell(&mut self, begun: impl Iterator<Item = Result<Box<Ours>, How>>) {
        let begun: Vec<_> = std::mem::take(&mut self.wanted).into_iter().zip(begun).collect();
        if !begun.is_empty() {
            let _ = self.events.send(Event::Begun(Arc::clone(&self.plan), begun));
        }
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        self.tell(std::iter::repeat_with(|| Err(How::BrokenOff)));
    }
}

/// Tells the loop what a run leaves behind, also when it is broken off or panics.
struct Parting {
    events: mpsc::UnboundedSender<Event>,
    /// Where it works, and since when.
    source: Option<(Name, Timestamp)>,
    ended: Option<(JobId, Timestamp)>,
}

impl Parting {
    /// The source is free for another run. Nobody listens once the loop has ended.
    fn left(&mut self) {
        if let Some((source, since)) = self.source.take() {
            let _ = self.events.send(Event::Left(source, since));
        }
    }

    fn ended(&mut self, how: How) {
        self.left();
        if let Some((id, slot)) = self.ended.take() {
            let _ = self.events.send(Event::Ended(id, slot, how));
        }
    }
}

impl Drop for Parting {
    fn drop(&mut self) {
        self.ended(How::BrokenOff);
    }
}

/// Records what comes until nobody can send any more. Whatever came while one transaction waited for the disk goes into
/// the next.
pub(super) async fn record(
    store: Arc<dyn Store>,
    mut notes: mpsc::UnboundedReceiver<Note>,
    events: mpsc::UnboundedSender<Event>,
) {
    let mut batch = Vec::new();
    while notes.recv_many(&mut batch, MOST_RECORDED).await > 0 {
        let (mut learned, mut skips) = (Vec::new(), Vec::new());
        for note in batch.drain(..) {
            match note {
                Note::Learned(one) => learned.push(*one),
                Note::Skip(skip) => skips.push(skip),
            }
        }
        if let Err(problem) = store.skip(&skips).await {
            warn!("{} slots without a run are not recorded: {problem}", skips.len());
        }
        let slots: Vec<(JobId, Option<Timestamp>)> = learned.iter().map(|one| (one.id.clone(), one.slot)).collect();
        for ((id, slot), ran) in slots.into_iter().zip(run::record(store.as_ref(), learned).await) {
            let how = ran.map_or_else(How::Lost, How::Ran);
            let _ = events.send(Event::Ended(id, slot.unwrap_or_default(), how));
        }
    }
}
