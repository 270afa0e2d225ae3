//! What is due since the last time, run once: the loop of those who have a crontab.

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::missed;
use crate::catalogue::Catalogue;
use crate::job::alert::Report;
use crate::job::deliver::{self, Delivery};
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
    /// What became of each message that was due, earlier ones included.
    pub deliveries: Vec<Delivery>,
}

/// Runs every slot that was due until `now` and has had no run, then sends what is due.
///
/// # Errors
/// The store failed.
pub async fn pass(
    catalogue: &Catalogue,
    doors: &Doors,
    store: &dyn Store,
    now: Timestamp,
    chance: fn() -> f64,
) -> Result<Pass, StoreError> {
    let one = async |job: Job<'_>| catch_up(job, doors, store, now).await;
    let jobs: Vec<Job<'_>> = Job::scheduled(catalogue).collect();
    let runs = futures_util::stream::iter(jobs).map(one).buffered(AT_ONCE);
    let runs: Vec<Result<Vec<Report>, StoreError>> = runs.collect().await;
    let mut pass = Pass { deliveries: deliver::all(store, doors, now, chance).await?, ..Pass::default() };
    for reports in runs {
        pass.reports.extend(reports?);
    }
    Ok(pass)
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
