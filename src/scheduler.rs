//! The loop: which slots are due, who may run now, what becomes of the others, and a graceful stop.
//!
//! A catalogue, doors, a store and a clock enter. What is due, who may run and who is late is decided by pure parts
//! (`agenda`, `lanes`, `deadlines`); the loop asks them, starts a task for each run and listens to what they tell. A
//! slow source holds up its own jobs and nobody else's; a job never runs beside itself; outcomes are recorded many in
//! one transaction. Each channel has a task that empties its part of the outbox. Nothing that fails ends the loop. Knows
//! every room to its left and holds the clock.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::catalogue::{Catalogue, Missed, Overlap};
use crate::clock::Clock;
use crate::job::run::{Ours, Ran};
use crate::job::{Doors, Job, JobId, deadline};
use crate::store::{Skip, SkipReason, Stand, Store, StoreError};

use self::agenda::{Agenda, Due};
use self::deadlines::Deadlines;
use self::lanes::Lanes;
use self::metrics::Metrics;
use self::runs::{Event, Note, Plan, Runner};
use self::senders::Senders;

mod aftermath;
mod agenda;
mod claims;
mod deadlines;
mod journal;
mod lanes;
pub mod metrics;
mod missed;
pub mod once;
mod runs;
mod sender;
mod senders;

/// How long runs may go on after a stop was asked for.
pub const GRACE: Duration = Duration::from_secs(20);
/// How many runs may go on at once where nobody says otherwise; each source has its own limit below that.
pub const AT_ONCE: usize = 64;
/// A clock that is off by more than this was set, or the machine slept.
const JUMP: SignedDuration = SignedDuration::from_secs(5);

/// Everything the loop works with.
pub struct Scheduler {
    plan: Arc<Plan>,
    runner: Runner,
    posted: Arc<Notify>,
    events: mpsc::UnboundedReceiver<Event>,
    notes: Option<mpsc::UnboundedReceiver<Note>>,
    reloads: Option<mpsc::Receiver<Reload>>,
    agenda: Agenda,
    lanes: Lanes<Box<Ours>>,
    /// How many claims are in hand or on their way.
    held: usize,
    deadlines: Deadlines,
    /// Earlier catalogues whose runs go on.
    retired: TaskTracker,
    /// The jobs that run or wait to run.
    active: HashMap<JobId, Active>,
    paused: HashSet<JobId>,
    /// The latest the clock has shown.
    seen: Timestamp,
    metrics: Arc<Metrics>,
    /// Collects what alerts were found to be, for who wants to tell it.
    reports: Option<Vec<Result<Ran, StoreError>>>,
}

/// A job that runs or waits to run.
#[derive(Debug, Default)]
struct Active {
    /// The slots that follow.
    pending: VecDeque<Timestamp>,
    /// Whether its slot is to be tried again, unless a later one comes first.
    again: bool,
}

/// How the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every run ended by itself.
    Clean,
    /// Runs were broken off when the grace period was over.
    BrokenOff,
}

/// Another catalogue for the loop, with its doors.
pub struct Reload {
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Its doors.
    pub doors: Arc<Doors>,
}

/// What the loop says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alive {
    /// How many jobs have a schedule that counts.
    pub jobs: usize,
    /// How many of them run or wait to run.
    pub active: usize,
    /// How many of those wait for a place.
    pub waiting: usize,
    /// How many are beyond their deadline.
    pub late: usize,
}

/// Asks the loop whether it is alive.
#[derive(Clone, Debug)]
pub struct Pulse(mpsc::UnboundedSender<Event>);

impl Pulse {
    /// What the loop says of itself, as soon as it has time to; none when it has ended.
    pub async fn feel(&self) -> Option<Alive> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Event::Alive(answer)).ok()?;
        answered.await.ok()
    }
}

impl Scheduler {
    /// A loop that has not begun.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>, doors: Arc<Doors>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let ((notes, noted), (sender, events)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let seen = clock.now();
        let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
        let runner = Runner { store, clock, notes, events: sender, stop, abort };
        Self {
            plan: Arc::new(Plan::new(catalogue, doors)),
            runner,
            posted: Arc::default(),
            events,
            notes: Some(noted),
            reloads: None,
            agenda: Agenda::default(),
            lanes: Lanes::new(AT_ONCE),
            held: 0,
            deadlines: Deadlines::default(),
            retired: TaskTracker::new(),
            active: HashMap::new(),
            paused: HashSet::new(),
            seen,
            metrics: Arc::new(Metrics::new(seen)),
            reports: None,
        }
    }

    /// The same with another limit of runs at once.
    #[must_use]
    pub fn at_once(self, most: usize) -> Self {
        Self { lanes: Lanes::new(most), ..self }
    }

    /// The same, taking another catalogue whenever one comes.
    #[must_use]
    pub fn reloads(self, reloads: mpsc::Receiver<Reload>) -> Self {
        Self { reloads: Some(reloads), ..self }
    }

    /// What the loop counts.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// A way to ask the loop whether it is alive.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        Pulse(self.runner.events.clone())
    }

    /// Runs until `stop` is cancelled, then waits for what is going on.
    pub async fn run(mut self, stop: &CancellationToken) -> Ended {
        let mut senders = Senders::start(&self.plan.doors, &self.runner, &self.posted, None);
        let recorder = self.recorder();
        self.begin(SignedDuration::ZERO).await;
        info!("{} scheduled jobs", self.agenda.len());
        self.listen(stop, &mut senders).await;
        let mut ended = self.drain().await;
        self.hush(recorder).await;
        // Whatever the last runs decided to say is sent before the end.
        if tokio::time::timeout(GRACE, senders.stop()).await.is_err() {
            // What was not begun goes out after the next start; what is on its way is not sent twice.
            senders.hurry();
            if tokio::time::timeout(GRACE, senders.stop()).await.is_err() {
                ended = Ended::BrokenOff;
            }
        }
        ended
    }

    /// Waits until everything that was learned is recorded, and hears what is told of it.
    async fn hush(&mut self, recorder: tokio::task::JoinHandle<()>) {
        // Without anybody who could send to it the recorder ends.
        self.runner.notes = mpsc::unbounded_channel().0;
        recorder.await.ok();
        while let Ok(event) = self.events.try_recv() {
            self.settle(event).await;
        }
    }

    /// Waits for what is due and for what is told, until `stop`.
    async fn listen(&mut self, stop: &CancellationToken, senders: &mut Senders) {
        let clock = Arc::clone(&self.runner.clock);
        loop {
            self.due().await;
            self.pump();
            let next = [self.agenda.next(), self.deadlines.next()].into_iter().flatten().min();
            let sleep = async {
                match next {
                    Some(next) => clock.sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep => {}
                Some(event) = self.events.recv() => self.hear(event).await,
                Some(reload) = next_reload(&mut self.reloads) => self.reload(reload, senders).await,
            }
        }
    }

    /// Takes up every job where the store says it stands; a job that never ran begins with what is due after now less
    /// `grace`.
    async fn begin(&mut self, grace: SignedDuration) {
        let (now, catalogue) = (self.now(), Arc::clone(&self.plan.catalogue));
        let jobs: Vec<Job<'_>> = Job::scheduled(&catalogue).collect();
        let names: Vec<String> = jobs.iter().map(|job| job.id().to_string()).collect();
        let stands = self.runner.store.stands(&names).await.unwrap_or_else(|problem| {
            error!("what was missed is not known: {problem}");
            vec![Stand::default(); names.len()]
        });
        for (job, stand) in jobs.iter().zip(&stands) {
            if let Some(slot) = stand.succeeded {
                self.metrics.served(&job.id(), slot);
            }
            if job.timing().deadline.is_some() {
                self.deadlines.take_up(*job, stand, now);
            }
        }
        let stands: HashMap<JobId, Stand> = jobs.iter().map(|job| job.id()).zip(stands).collect();
        self.agenda = Agenda::new(&catalogue, |id| stands.get(id)?.last, grace, now);
        self.held -= self.lanes.limit(&catalogue);
    }

    /// Another catalogue takes the place of this one; what is going on ends with the old one.
    async fn reload(&mut self, reload: Reload, senders: &mut Senders) {
        // What is due by now is due by the old catalogue.
        self.due().await;
        let old = Arc::clone(&self.plan);
        self.plan = Arc::new(Plan::new(reload.catalogue, reload.doors));
        if old.catalogue.state.store.url != self.plan.catalogue.state.store.url {
            warn!("[state] has another `url`: it counts from the next start on");
        }
        let now = self.now();
        self.agenda = self.agenda.renewed(&old.catalogue, &self.plan.catalogue, now);
        self.held -= self.lanes.limit(&self.plan.catalogue);
        info!("the catalogue is new: {} scheduled jobs", self.agenda.len());
        *senders = Senders::start(&self.plan.doors, &self.runner, &self.posted, Some(senders));
        self.retired.spawn(async move { old.retire().await });
    }

    /// Admits every slot that is due, and tells of jobs that are late.
    async fn due(&mut self) {
        let now = self.now();
        let catalogue = Arc::clone(&self.plan.catalogue);
        let due = self.agenda.due(&catalogue, now);
        if due.is_empty() && self.deadlines.next().is_none_or(|next| next > now) {
            return;
        }
        self.learn_pauses(now).await;
        for due in due {
            if let Some(job) = Job::find(&catalogue, &due.id) {
                self.admit(job, due, now);
            }
        }
        for (id, slot, served) in self.deadlines.late(&catalogue, now) {
            if let Some(job) = Job::find(&catalogue, &id) {
                warn!("{id}: late: nothing came of its slot at {slot}");
                self.tell(&deadline::late(job, slot, served, now)).await;
            }
        }
    }

    async fn learn_pauses(&mut self, now: Timestamp) {
        match self.runner.store.pauses(now).await {
            Ok(pauses) => self.paused = pauses.iter().filter_map(|pause| JobId::read(&pause.job)).collect(),
            Err(problem) => warn!("which jobs are paused is not known: {problem}"),
        }
        self.deadlines.pause(self.paused.clone());
    }

    /// Lets the slots of a job run, wait, or go without a run.
    fn admit(&mut self, job: Job<'_>, due: Due, now: Timestamp) {
        let Due { id, slots } = due;
        if let Some((slot, count)) = slots.missed {
            self.skip(&id, slot, count, SkipReason::Missed, now);
        }
        let Some(newest) = slots.run.last().copied() else { return };
        let count = slots.run.len() as u64;
        if self.paused.contains(&id) {
            return self.skip(&id, newest, count, SkipReason::Paused, now);
        }
        if job.timing().deadline.is_some() {
            self.deadlines.expect(job, newest);
        }
        let Some(active) = self.active.get_mut(&id) else {
            let mut pending: VecDeque<Timestamp> = slots.run.into();
            if let Some(first) = pending.pop_front() {
                self.lanes.wait(job.source(), id.clone(), first);
            }
            self.active.insert(id, Active { pending, again: false });
            return;
        };
        match job.timing().overlap {
            _ if job.timing().missed == Missed::All && !active.pending.is_empty() => active.pending.extend(slots.run),
            Overlap::Skip if !active.again => self.skip(&id, newest, count, SkipReason::Overlap, now),
            Overlap::Skip | Overlap::Queue => {
                let replaced: Vec<Timestamp> = active.pending.drain(..).collect();
                active.pending.extend(slots.run);
                if let Some(newest) = replaced.last() {
                    self.skip(&id, *newest, replaced.len() as u64, SkipReason::Replaced, now);
                }
            }
        }
    }

    /// Records that slots have no run.
    fn skip(&self, id: &JobId, slot: Timestamp, count: u64, reason: SkipReason, now: Timestamp) {
        let others = if count > 1 { format!(" and {} before it", count - 1) } else { String::new() };
        match reason {
            SkipReason::Paused => info!("{id}: slot {slot}{others} skipped: {reason}"),
            SkipReason::Overlap | SkipReason::Replaced | SkipReason::Missed => {
                warn!("{id}: slot {slot}{others} skipped: {reason}");
            }
        }
        let skip = Skip { job: id.to_string(), slot, at: now, reason, count };
        self.metrics.skipped(reason, count);
        // The recorder lives as long as the loop.
        let _ = self.runner.notes.send(Note::Skip(skip));
    }

    async fn hear(&mut self, event: Event) {
        match event {
            Event::Begun(plan, begun) => self.begun(&plan, begun).await,
            Event::Left(source, since) => {
                let length = self.runner.clock.now().duration_since(since);
                self.lanes.leave(&source, Some(length));
            }
            Event::Ended(id, slot, how) => self.ended(id, slot, how).await,
            Event::Again(id, slot) => self.wait_again(id, slot),
            Event::Alive(answer) => {
                // Who asked may have stopped waiting.
                let _ = answer.send(Alive {
                    jobs: self.agenda.len(),
                    active: self.active.len(),
                    waiting: self.lanes.waiting(),
                    late: self.deadlines.count(),
                });
            }
        }
    }

    /// Waits for what goes on, for as long as the grace period lasts; what waits for its turn is left for the next start.
    async fn drain(&mut self) -> Ended {
        self.lanes.clear();
        self.runner.stop.cancel();
        info!("stopping: {} runs go on", self.plan.runs.len());
        let plan = Arc::clone(&self.plan);
        self.retired.spawn(async move { plan.retire().await });
        self.retired.close();
        let retired = self.retired.clone();
        let grace = tokio::time::sleep(GRACE);
        tokio::pin!(grace);
        let mut ended = Ended::Clean;
        loop {
            tokio::select! {
                () = retired.wait() => break,
                Some(event) = self.events.recv() => self.settle(event).await,
                () = &mut grace, if ended == Ended::Clean => {
                    self.runner.abort.cancel();
                    ended = Ended::BrokenOff;
                }
            }
        }
        ended
    }

    /// Hears an event of a loop that starts nothing any more: what is claimed only now is given back.
    async fn settle(&mut self, event: Event) {
        if !matches!(event, Event::Again(..) | Event::Begun(..)) {
            self.hear(event).await;
            self.lanes.clear();
        }
    }

    /// What time it is; says so when the clock was set or the machine slept.
    fn now(&mut self) -> Timestamp {
        let now = self.runner.clock.now();
        if now < self.seen.checked_sub(JUMP).unwrap_or(Timestamp::MIN) {
            let back = self.seen.duration_since(now);
            warn!(
                "the clock went back by {}s: slots up to {} have had their run and have none again",
                back.as_secs(),
                self.seen
            );
            self.seen = now;
        }
        self.seen = self.seen.max(now);
        now
    }

    /// Starts the task that records what runs learned.
    fn recorder(&mut self) -> tokio::task::JoinHandle<()> {
        let notes = self.notes.take().expect("a loop begins once");
        tokio::spawn(runs::record(Arc::clone(&self.runner.store), notes, self.runner.events.clone()))
    }
}

async fn next_reload(reloads: &mut Option<mpsc::Receiver<Reload>>) -> Option<Reload> {
    match reloads {
        Some(reloads) => reloads.recv().await,
        None => std::future::pending().await,
    }
}
