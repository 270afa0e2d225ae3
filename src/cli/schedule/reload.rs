//! Another catalogue for the loop: on SIGHUP, and with `--watch-config` when the file has changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, watch};
use tracing::error;

use super::notify::Notify;
use crate::catalogue::{self, Catalogue};
use crate::clock::{Clock, SystemClock};
use crate::scheduler::Reload;
use crate::scheduler::metrics::Metrics;

/// How often the file is looked at.
const GLANCE: Duration = Duration::from_secs(1);

/// Where another catalogue comes from and where it goes.
pub(super) struct Reloading<'a> {
    pub(super) path: PathBuf,
    /// Whether the file is looked at.
    pub(super) watch: bool,
    pub(super) hangups: Signal,
    pub(super) notify: &'a Notify,
    pub(super) metrics: &'a Metrics,
    /// Makes the doors of a catalogue.
    pub(super) open: &'a dyn Fn(Arc<Catalogue>) -> Reload,
    pub(super) reloads: mpsc::Sender<Reload>,
    /// The catalogue the loop goes by.
    pub(super) current: &'a watch::Sender<Arc<Catalogue>>,
}

impl Reloading<'_> {
    /// Gives the loop every sound catalogue; never ends.
    pub(super) async fn run(mut self) {
        loop {
            tokio::select! {
                Some(()) = self.hangups.recv() => {}
                () = changed(&self.path), if self.watch => {}
            }
            self.notify.reloading();
            self.reload().await;
            self.notify.ready();
        }
    }

    async fn reload(&self) {
        let now = SystemClock.now();
        match catalogue::load(&self.path) {
            Ok(catalogue) => {
                let catalogue = Arc::new(catalogue);
                self.metrics.loaded(true, now);
                self.current.send_replace(Arc::clone(&catalogue));
                // The loop may have ended meanwhile.
                let _ = self.reloads.send((self.open)(catalogue)).await;
            }
            Err(problem) => {
                self.metrics.loaded(false, now);
                error!("the catalogue is broken; the one before stays in force:\n{problem}");
            }
        }
    }
}

/// Ends when the file is another one, or was written, and then stayed as it is for a moment.
async fn changed(path: &Path) {
    let first = stamp(path);
    let mut last = first;
    loop {
        tokio::time::sleep(GLANCE).await;
        let now = stamp(path);
        // A file that is not there is being replaced.
        if now != first && now == last && now.is_some() {
            return;
        }
        last = now;
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), std::os::unix::fs::MetadataExt::ino(&metadata)))
}
