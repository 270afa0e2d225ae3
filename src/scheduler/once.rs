//! What is due since the last time, run once: the loop of those who have a crontab.

use std::sync::Arc;

use super::Scheduler;
use super::missed::FRESH;
use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::job::Doors;
use crate::job::alert::Report;
use crate::job::report::Built;
use crate::job::run::Ran;
use crate::store::{Store, StoreError};

/// What one pass did.
#[derive(Debug, Default)]
pub struct Pass {
    /// How each alert stands that was run, by name.
    pub reports: Vec<Report>,
    /// Each report that was built.
    pub built: Vec<Built>,
    /// Why other runs were lost.
    pub lost: Option<StoreError>,
}

/// Runs every slot that was due until now and has had no run, at most `most` at once. What is to be sent waits in the
/// outbox.
pub async fn pass(
    (catalogue, doors): (Arc<Catalogue>, Arc<Doors>),
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    most: usize,
) -> Pass {
    let runs = Scheduler::new(catalogue, doors, store, clock).at_once(most).pass().await;
    let mut pass = Pass::default();
    for run in runs {
        match run {
            Ok(Ran::Judged { report, .. }) => pass.reports.push(report),
            Ok(Ran::Built { built, .. }) => pass.built.push(*built),
            Ok(Ran::Busy(_) | Ran::Lost | Ran::Done) => {}
            Err(problem) => pass.lost = Some(problem),
        }
    }
    pass.reports.sort_by(|one, other| one.alert.cmp(&other.alert));
    pass
}

impl Scheduler {
    /// Runs what is due and ends; gives how each run ended, or why that is not recorded.
    async fn pass(mut self) -> Vec<Result<Ran, StoreError>> {
        self.reports = Some(Vec::new());
        let recorder = self.recorder();
        self.begin(FRESH).await;
        self.due().await;
        loop {
            self.pump();
            if self.active.is_empty() {
                break;
            }
            let Some(event) = self.events.recv().await else { break };
            self.hear(event).await;
        }
        self.hush(recorder).await;
        self.reports.unwrap_or_default()
    }
}
