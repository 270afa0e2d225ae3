//! What the doors of all engines share: slots, idle connections, deadlines, cancelling, closing.
//!
//! A request runs in a task of its own that owns its connection. The task goes on when its reader is gone: it cancels
//! the statement in the database, waits a little for its end and closes the connection. Only a connection whose work
//! ended cleanly is kept for the next request.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::driver::{Driver, Failure, Fate, READ_ONLY};
use super::sink::{Sink, WAITING};
use super::{Cause, Request, Rows, Source, SourceError};
use crate::name::Name;

/// How long a cancelled statement may take to end, and its connection to close, before the line is cut.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a cancelled statement may go on before it is cancelled again.
const CANCEL_AGAIN: Duration = Duration::from_millis(500);

/// The door of one source.
pub(super) struct Door<D: Driver>(Arc<Hall<D>>);

/// What the tasks of a door share.
struct Hall<D: Driver> {
    name: Name,
    driver: D,
    slots: Arc<Semaphore>,
    count: usize,
    idle: Mutex<Vec<D::Session>>,
    /// A connection that is being made for whoever asks next.
    coming: Mutex<Option<Coming<D>>>,
    /// How many connections are made and at work.
    serving: AtomicUsize,
    tasks: TaskTracker,
    closing: Mutex<CancellationToken>,
}

/// How connecting went, once it is known.
type Coming<D> = JoinHandle<Result<<D as Driver>::Session, SourceError>>;

/// What a task does with its connection.
enum Work {
    Fetch(Box<Request>, Sink),
    Ping(oneshot::Sender<Result<(), SourceError>>),
}

/// Why work was broken off.
enum Break {
    Lapsed,
    Closing,
    Left,
}

/// What became of cancelled work.
enum Rest {
    /// It ended; its connection may be closed until then.
    Ended(Instant),
    /// It has not ended.
    Hanging,
}

/// The limits a task works under.
struct Limits {
    timeout: Duration,
    deadline: Instant,
    closing: CancellationToken,
}

impl<D: Driver> Door<D> {
    pub(super) fn new(name: Name, driver: D, count: usize) -> Self {
        let count = count.max(1);
        Self(Arc::new(Hall {
            name,
            driver,
            slots: Arc::new(Semaphore::new(count)),
            count,
            idle: Mutex::new(Vec::new()),
            coming: Mutex::new(None),
            serving: AtomicUsize::new(0),
            tasks: TaskTracker::new(),
            closing: Mutex::new(CancellationToken::new()),
        }))
    }

    fn begin(&self, work: Work, timeout: Duration) {
        let hall = Arc::clone(&self.0);
        let closing = lock(&hall.closing).clone();
        let limits = Limits { timeout, deadline: Instant::now() + timeout, closing };
        let tasks = hall.tasks.clone();
        tasks.spawn(async move { hall.perform(work, limits).await });
    }

    async fn fetch(&self, request: Request) -> Result<Rows, SourceError> {
        request.bound.statement().check_read().map_err(|refusal| {
            let mut error = SourceError::new(&self.0.name, Cause::Settings, refusal.problem);
            error.offset = Some(refusal.span.start);
            error.with_hint(READ_ONLY)
        })?;
        let (columns, known) = oneshot::channel();
        let (sender, batches) = mpsc::channel(WAITING + 1);
        let timeout = request.timeout;
        let sink = Sink::new(&self.0.name, columns, sender);
        self.begin(Work::Fetch(Box::new(request), sink), timeout);
        let columns = known.await.unwrap_or_else(|_| Err(stopped(&self.0.name)))?;
        Ok(Rows { columns, batches })
    }
}

impl<D: Driver> Source for Door<D> {
    fn fetch(&self, request: Request) -> BoxFuture<'_, Result<Rows, SourceError>> {
        Box::pin(self.fetch(request))
    }

    fn ahead(&self) {
        let mut coming = lock(&self.0.coming);
        if coming.is_some() || !lock(&self.0.idle).is_empty() {
            return;
        }
        let (hall, closing) = (Arc::clone(&self.0), lock(&self.0.closing).clone());
        *coming = Some(self.0.tasks.spawn(async move {
            tokio::select! {
                connected = hall.driver.connect() => connected,
                () = closing.cancelled() => Err(stopped(&hall.name)),
            }
        }));
    }

    fn ping(&self, timeout: Duration) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            self.begin(Work::Ping(answer), timeout);
            answered.await.unwrap_or_else(|_| Err(stopped(&self.0.name)))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let broken_off = std::mem::take(&mut *lock(&self.0.closing));
            broken_off.cancel();
            self.0.tasks.close();
            self.0.tasks.wait().await;
            self.0.tasks.reopen();
            let coming = lock(&self.0.coming).take();
            let unused = match coming {
                Some(coming) => coming.await.ok().and_then(Result::ok),
                None => None,
            };
            let idle = std::mem::take(&mut *lock(&self.0.idle));
            for session in idle.into_iter().chain(unused) {
                self.0.driver.close(session).await;
            }
        })
    }
}

impl<D: Driver> Hall<D> {
    async fn perform(&self, mut work: Work, limits: Limits) {
        let result = self.attempt(&mut work, &limits).await;
        match work {
            Work::Fetch(_, sink) => sink.finish(result),
            // Nobody may be waiting for the answer any more.
            Work::Ping(answer) => drop(answer.send(result)),
        }
    }

    async fn attempt(&self, work: &mut Work, limits: &Limits) -> Result<(), SourceError> {
        let _slot = self.slot(work, limits).await?;
        let mut kept = self.take_idle();
        loop {
            let reused = kept.is_some();
            let session = match kept.take() {
                Some(session) => session,
                None => self.connect(work, limits).await?,
            };
            self.serving.fetch_add(1, Ordering::Relaxed);
            let served = self.serve(session, work, limits).await;
            self.serving.fetch_sub(1, Ordering::Relaxed);
            match served {
                Err(Failure { fate: Fate::Lost, .. }) if reused && !work.is_answered() => {}
                outcome => return outcome.map_err(|failure| failure.error),
            }
        }
    }

    async fn slot(&self, work: &Work, limits: &Limits) -> Result<OwnedSemaphorePermit, SourceError> {
        let free = Arc::clone(&self.slots).acquire_owned();
        match self.unless_broken(free, work, limits).await {
            Ok(slot) => slot.map_err(|_| stopped(&self.name)),
            // Whoever holds the slots is waiting for a connection too.
            Err(Break::Lapsed) if self.serving.load(Ordering::Relaxed) == 0 => Err(self.no_connection(limits)),
            Err(Break::Lapsed) => {
                let busy = match self.count {
                    1 => "the only connection was".to_owned(),
                    count => format!("all {count} connections were"),
                };
                let problem = format!("{busy} busy for {}", humantime::format_duration(limits.timeout));
                Err(SourceError::new(&self.name, Cause::Timeout, problem).with_hint("raise `max_concurrent`"))
            }
            Err(Break::Closing | Break::Left) => Err(stopped(&self.name)),
        }
    }

    async fn connect(&self, work: &Work, limits: &Limits) -> Result<D::Session, SourceError> {
        let coming = lock(&self.coming).take();
        let connecting = async {
            match coming {
                Some(coming) => coming.await.unwrap_or_else(|_| Err(stopped(&self.name))),
                None => self.driver.connect().await,
            }
        };
        match self.unless_broken(connecting, work, limits).await {
            Ok(connected) => connected,
            Err(Break::Lapsed) => Err(self.no_connection(limits)),
            Err(Break::Closing | Break::Left) => Err(stopped(&self.name)),
        }
    }

    fn no_connection(&self, limits: &Limits) -> SourceError {
        let to = self.driver.address().map_or_else(String::new, |address| format!(" to {address}"));
        let problem = format!("no connection{to} within {}", humantime::format_duration(limits.timeout));
        let hint = "check the host, the port and what stands between";
        SourceError::new(&self.name, Cause::Unreachable, problem).with_hint(hint)
    }

    /// Waits for what may simply be dropped when nobody needs it any more.
    async fn unless_broken<F: Future>(&self, wanted: F, work: &Work, limits: &Limits) -> Result<F::Output, Break> {
        tokio::select! {
            () = work.left() => Err(Break::Left),
            () = limits.closing.cancelled() => Err(Break::Closing),
            outcome = timeout_at(limits.deadline, wanted) => outcome.map_err(|_| Break::Lapsed),
        }
    }

    /// Does the work on the session, which goes back to the idle ones or is closed.
    async fn serve(&self, mut session: D::Session, work: &mut Work, limits: &Limits) -> Result<(), Failure> {
        let canceller = self.driver.canceller(&session);
        let left = work.leaving();
        let outcome = match work {
            Work::Ping(_) => {
                let asked = self.driver.ping(&mut session);
                self.drive(asked, canceller, &CancellationToken::new(), left, limits).await
            }
            Work::Fetch(request, sink) => {
                let discarding = sink.discarding();
                let running = self.driver.run(&mut session, request, sink);
                self.drive(running, canceller, &discarding, left, limits).await
            }
        };
        match outcome {
            Ok(Ok(())) => {
                self.keep(session).await;
                Ok(())
            }
            Ok(Err(failure)) => {
                match failure.fate {
                    Fate::Usable => self.keep(session).await,
                    Fate::Lost => self.driver.cut(session),
                }
                Err(failure)
            }
            Err((broken, rest)) => {
                match rest {
                    Rest::Ended(patience) => drop(timeout_at(patience, self.driver.close(session)).await),
                    Rest::Hanging => self.driver.cut(session),
                }
                // Not lost but given up: no second attempt.
                Err(Failure::usable(self.explain(&broken, limits.timeout)))
            }
        }
    }

    /// Runs the work to its end, or cancels it in the database and waits for what is left of it.
    async fn drive(
        &self,
        work: impl Future<Output = Result<(), Failure>>,
        canceller: D::Canceller,
        discarding: &CancellationToken,
        left: impl Future<Output = ()>,
        limits: &Limits,
    ) -> Result<Result<(), Failure>, (Break, Rest)> {
        let mut work = pin!(work);
        let broken = tokio::select! {
            biased;
            outcome = &mut work => return Ok(outcome),
            () = left => Break::Left,
            () = limits.closing.cancelled() => Break::Closing,
            () = sleep_until(limits.deadline) => Break::Lapsed,
        };
        discarding.cancel();
        let patience = Instant::now() + CANCEL_TIMEOUT;
        // A first attempt can come too early: before the statement has reached the database.
        let insisting = async {
            loop {
                self.driver.cancel(&canceller).await;
                sleep(CANCEL_AGAIN).await;
            }
        };
        tokio::select! {
            biased;
            _ = &mut work => Err((broken, Rest::Ended(patience))),
            () = insisting => Err((broken, Rest::Hanging)),
            () = sleep_until(patience) => Err((broken, Rest::Hanging)),
        }
    }

    fn explain(&self, broken: &Break, timeout: Duration) -> SourceError {
        match broken {
            Break::Lapsed => {
                let problem =
                    format!("no answer within {}; the statement was cancelled", humantime::format_duration(timeout));
                let hint = "raise `timeout`, or make the statement cheaper";
                SourceError::new(&self.name, Cause::Timeout, problem).with_hint(hint)
            }
            Break::Closing | Break::Left => stopped(&self.name),
        }
    }

    /// The idle session used last: the others may grow old and be closed by the server.
    fn take_idle(&self) -> Option<D::Session> {
        let mut idle = lock(&self.idle);
        while let Some(session) = idle.pop() {
            if self.driver.is_alive(&session) {
                return Some(session);
            }
        }
        None
    }

    async fn keep(&self, session: D::Session) {
        match self.driver.is_alive(&session) {
            true => lock(&self.idle).push(session),
            false => self.driver.close(session).await,
        }
    }
}

impl Work {
    /// Whether the asker has learned something that a second attempt would have to repeat.
    fn is_answered(&self) -> bool {
        match self {
            Self::Fetch(_, sink) => sink.is_answered(),
            Self::Ping(_) => false,
        }
    }

    /// Ends when nobody waits for this work any more.
    async fn left(&self) {
        match self {
            Self::Fetch(_, sink) => sink.reader().closed().await,
            // A ping is short, and its deadline ends it.
            Self::Ping(_) => std::future::pending().await,
        }
    }

    /// The same, not borrowing the work.
    fn leaving(&self) -> impl Future<Output = ()> + Send + use<> {
        let reader = match self {
            Self::Fetch(_, sink) => Some(sink.reader().clone()),
            Self::Ping(_) => None,
        };
        async move {
            match reader {
                Some(reader) => reader.closed().await,
                None => std::future::pending().await,
            }
        }
    }
}

fn stopped(name: &Name) -> SourceError {
    SourceError::new(name, Cause::Unreachable, "the work was broken off")
}

/// A list of connections is whole at every moment, also when a task panicked while it held the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
