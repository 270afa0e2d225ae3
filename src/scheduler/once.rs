//! What is due since the last time, run once: the loop of those who have a crontab.

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::missed;
use crate::catalogue::Catalogue;
use crate::job::alert::Report;
use crate::job::run::{self, Ran};
use crate::job::{Doors, Job};
use crate::store::{Store, StoreError};

/// How many jobs are run at once; each source has its own limit below that.
const AT_ONCE: usize = 16;
/// A slot is due rather than missed for this long: the beat of a crontab.
const FRESH: SignedDuration = SignedDuration::from_mins(1);

/// What one pass did.
#[derive(Debug, Default)]
pub struct Pass {
    /// How each alert stands that was run.
    pub reports: Vec<Report>,
    /// Why other runs were lost.
    pub lost: Option<StoreError>,
}

/// Runs every slot that was due until `now` and has had no run. What is to be sent waits in the outbox.
pub async fn pass(catalogue: &Catalogue, doors: &Doors, store: &dyn Store, now: Timestamp) -> Pass {
    let one = async |job: Job<'_>| catch_up(job, doors, store, now).await;
    let jobs: Vec<Job<'_>> = Job::scheduled(catalogue).collect();
    let mut runs = futures_util::stream::iter(jobs).map(one).buffered(AT_ONCE);
    let mut pass = Pass::default();
    while let Some(run) = runs.next().await {
        match run {
            Ok(reports) => pass.reports.extend(reports),
            Err(problem) => pass.lost = Some(problem),
        }
    }
    pass
}

async fn catch_up(job: Job<'_>, doors: &Doors, store: &dyn Store, now: Timestamp) -> Result<Vec<Report>, StoreError> {
    let mut reports = Vec::new();
    for slot in missed::of(job, store, FRESH, now).await? {
        match run::job(job, doors, store, Some(slot), now).await? {
            Ran::Judged { report, .. } => reports.push(report),
            Ran::Busy | Ran::Done => {}
        }
    }
    Ok(reports)
}
