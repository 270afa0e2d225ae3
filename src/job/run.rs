//! One run of a job with memory: claim, recall, work, conclude, record. Sending is the outbox's part.

use jiff::Timestamp;

use super::alert::{Report, ask, conclude};
use super::{Doors, Job};
use crate::catalogue::Alert;
use crate::store::{Claim, Claimed, Store, StoreError};

/// How a run ended.
#[derive(Debug)]
pub enum Ran {
    /// An alert was judged and recorded; these many messages wait in the outbox.
    Judged {
        /// How the alert stands.
        report: Report,
        /// How many messages were decided.
        messages: usize,
    },
    /// Another run of the same job is going on; this one did nothing.
    Busy,
    /// The slot has had its run; this one did nothing.
    Done,
}

/// Runs one job. `slot` is the due instant when a schedule asked for the run; `now` is the time.
///
/// # Errors
/// The store failed: nothing was recorded and nothing will be sent.
pub async fn job(
    job: Job<'_>,
    doors: &Doors,
    store: &dyn Store,
    slot: Option<Timestamp>,
    now: Timestamp,
) -> Result<Ran, StoreError> {
    let claim = match store.claim(&job.id().to_string(), slot).await? {
        Claimed::Granted(claim) => claim,
        Claimed::Busy => return Ok(Ran::Busy),
        Claimed::Done => return Ok(Ran::Done),
    };
    match job {
        Job::Alert(alert) => judge(alert, doors, store, &claim, now).await,
    }
}

async fn judge(
    alert: &Alert,
    doors: &Doors,
    store: &dyn Store,
    claim: &Claim,
    now: Timestamp,
) -> Result<Ran, StoreError> {
    let memory = store.recall(&alert.name, &alert.ask.source, &alert.unless).await?;
    let finding = ask(alert, doors, &memory, now).await;
    let (outcome, report) = conclude(alert, &memory, &finding, claim.slot.unwrap_or(now));
    let messages = store.record(&[(claim, &outcome)]).await?.iter().sum();
    Ok(Ran::Judged { report, messages })
}
