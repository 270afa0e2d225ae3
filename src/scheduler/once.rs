//! What is due since the last time, run once: the loop of those who have a crontab.

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::missed;
use crate::catalogue::{Alert, Catalogue};
use crate::job::Doors;
use crate::job::alert::Report;
use crate::job::deliver::{self, Delivery};
use crate::job::run::{self, Ran};
use crate::store::{Store, StoreError};

/// How many alerts are judged at once; each source has its own limit below that.
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
    let one = async |alert: &Alert| catch_up(alert, doors, store, now).await;
    let runs = futures_util::stream::iter(catalogue.alerts.values()).map(one).buffered(AT_ONCE);
    let runs: Vec<Result<Vec<Report>, StoreError>> = runs.collect().await;
    let mut pass = Pass { deliveries: deliver::all(store, doors, now, chance).await?, ..Pass::default() };
    for reports in runs {
        pass.reports.extend(reports?);
    }
    Ok(pass)
}

async fn catch_up(alert: &Alert, doors: &Doors, store: &dyn Store, now: Timestamp) -> Result<Vec<Report>, StoreError> {
    let mut reports = Vec::new();
    for slot in missed::of(alert, store, FRESH, now).await? {
        match run::alert(alert, doors, store, Some(slot), now).await? {
            Ran::Judged { report, .. } => reports.push(report),
            Ran::Busy | Ran::Done => {}
        }
    }
    Ok(reports)
}
