//! The loop in the foreground, and whoever is told that it is alive: systemd, the store, a dead man's switch, and those
//! who ask over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::listen::{self, Pages};
use super::notify::Notify;
use super::reload::Reloading;
use crate::catalogue::Catalogue;
use crate::channel::heartbeat;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::stop;
use crate::clock::{Clock, SystemClock};
use crate::job::Doors;
use crate::message::one_line;
use crate::scheduler::{Alive, Ended, Pulse, Reload, Scheduler};
use crate::secret::Environment;
use crate::store::{self, Beat, Store};

/// How often the store is told that the loop is alive: each time waits for the disk.
pub(crate) const BEAT: Duration = Duration::from_secs(30);
/// How long the loop may take to answer before it is taken for dead.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the command line says of the loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes {
    pub(super) at_once: usize,
    pub(super) watch: bool,
    pub(super) listen: Option<SocketAddr>,
}

/// Runs the loop until a signal.
pub(super) async fn run(catalogue: Arc<Catalogue>, wishes: Wishes, output: &Output) -> Result<Exit, Failure> {
    let stop = stop::Stop::listen()?;
    let hangups = signal(SignalKind::hangup())
        .map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
    let listener = match wishes.listen {
        Some(address) => Some(listen::bind(address).await?),
        None => None,
    };
    let open = |catalogue: Arc<Catalogue>| {
        let (sources, channels) = output.worlds(&catalogue);
        Reload { doors: Arc::new(Doors::new(&catalogue, &sources, &channels)), catalogue }
    };
    let (sources, _) = output.worlds(&catalogue);
    let store = store::open(&catalogue.state.store, &sources).await?;
    let store: Arc<dyn Store> = Arc::from(store);
    let Reload { doors, .. } = open(Arc::clone(&catalogue));
    let (reloads, reloaded) = mpsc::channel(1);
    let scheduler = Scheduler::new(Arc::clone(&catalogue), doors, Arc::clone(&store), Arc::new(SystemClock))
        .at_once(wishes.at_once)
        .reloads(reloaded);
    let (pulse, metrics) = (scheduler.pulse(), scheduler.metrics());
    let notify = Notify::new(|name| sources.environment.get(name).map(str::to_owned));
    let path = catalogue.path.clone();
    let (current, followed) = watch::channel(catalogue);
    let vitals = Vitals {
        pulse: pulse.clone(),
        store: Arc::clone(&store),
        notify: &notify,
        catalogue: followed.clone(),
        environment: &sources.environment,
        started: SystemClock.now(),
    };
    let pages = Pages { pulse, store: Arc::clone(&store), metrics: Arc::clone(&metrics), catalogue: followed };
    let reloading = Reloading {
        path,
        watch: wishes.watch,
        hangups,
        notify: &notify,
        metrics: &metrics,
        open: &open,
        reloads,
        current: &current,
    };
    let beside = async {
        let listening = async {
            match listener {
                Some(listener) => listen::serve(listener, Arc::new(pages)).await,
                None => std::future::pending().await,
            }
        };
        tokio::join!(reloading.run(), listening, vitals.watchdog(), vitals.beats(), vitals.heartbeat());
    };
    let token = CancellationToken::new();
    let work = async {
        let ended = tokio::select! {
            ended = scheduler.run(&token) => ended,
            () = beside => unreachable!("what stands beside the loop never ends"),
        };
        vitals.say(0, true).await;
        store.close().await;
        match ended {
            Ended::Clean => Exit::Done,
            Ended::BrokenOff => Exit::Terminated,
        }
    };
    let stopping = async {
        token.cancelled().await;
        notify.stopping();
        std::future::pending::<()>().await;
    };
    let work = async {
        tokio::select! {
            exit = work => exit,
            () = stopping => unreachable!("pending for ever"),
        }
    };
    Ok(stop.guard(&token, work).await.unwrap_or_else(|exit| exit))
}

/// The signs of life.
struct Vitals<'a> {
    pulse: Pulse,
    store: Arc<dyn Store>,
    notify: &'a Notify,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    environment: &'a Environment,
    started: Timestamp,
}

impl Vitals<'_> {
    /// What the loop says of itself; nothing when it hangs.
    async fn feel(&self) -> Option<Alive> {
        tokio::time::timeout(PATIENCE, self.pulse.feel()).await.ok().flatten()
    }

    /// Tells systemd that the loop is ready, and then as often as it wants to know that it is alive.
    async fn watchdog(&self) {
        if self.feel().await.is_some() {
            self.notify.ready();
        }
        let Some(length) = self.notify.watchdog() else { return std::future::pending().await };
        loop {
            if self.feel().await.is_some() {
                self.notify.alive();
            }
            tokio::time::sleep(length).await;
        }
    }

    /// Tells the store, for `rowcall status`.
    async fn beats(&self) {
        loop {
            if let Some(alive) = self.feel().await {
                self.say(alive.jobs, false).await;
            }
            tokio::time::sleep(BEAT).await;
        }
    }

    async fn say(&self, jobs: usize, stopped: bool) {
        let beat = Beat {
            node: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            pid: std::process::id(),
            started: self.started,
            at: SystemClock.now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            jobs: jobs as u64,
            stopped,
        };
        if let Err(problem) = self.store.beat(&beat).await {
            warn!("the store does not know that the loop is alive: {problem}");
        }
    }

    /// Tells the dead man's switch of the catalogue, when there is one.
    async fn heartbeat(&self) {
        let mut catalogue = self.catalogue.clone();
        loop {
            let current = Arc::clone(&catalogue.borrow_and_update());
            let Some(settings) = &current.heartbeat else {
                if catalogue.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                continue;
            };
            if self.feel().await.is_some()
                && let Err(problem) = heartbeat::beat(settings, self.environment, &current.folder).await
            {
                warn!("the heartbeat was not heard: {}", one_line(&problem.to_string()));
            }
            tokio::select! {
                () = tokio::time::sleep(settings.every) => {}
                Ok(()) = catalogue.changed() => {}
            }
        }
    }
}
