//! Sending what waits, for the verbs that run once: what is left goes out with the next run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::verdict;
use crate::clock::{Clock, SystemClock};
use crate::job::Doors;
use crate::job::deliver::{Delivery, News, Postman};
use crate::store::{Settlement, Store};

/// How long another sender is waited for, and how often it is asked after: our messages may be behind its own.
const PATIENCE: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_millis(100);

/// How a verb is asked to end while it sends: what is on its way is waited for, so that nothing is sent twice.
#[derive(Debug, Default)]
pub(super) struct Parting {
    pub(super) enough: CancellationToken,
    sending: AtomicBool,
}

impl Parting {
    /// Whether something may be on its way.
    pub(super) fn is_sending(&self) -> bool {
        self.sending.load(Ordering::Relaxed)
    }
}

/// Sends what is due, says what was not delivered, and gives the exit code of that.
pub(super) async fn send(
    store: &dyn Store,
    doors: &Doors,
    parting: &Parting,
    output: &Output,
) -> Result<Exit, Failure> {
    parting.sending.store(true, Ordering::Relaxed);
    let failed: Mutex<Vec<Delivery>> = Mutex::default();
    let hears = |news: News<'_>| match news {
        News::Delivery(delivery) => match delivery.settlement {
            Settlement::Delivered { .. } | Settlement::Untried => {}
            Settlement::Again { .. } | Settlement::Dead { .. } => {
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(delivery.clone());
            }
        },
        News::Broke(..) | News::Mended(_) => {}
    };
    let now = || SystemClock.now();
    let postman = Postman { store, doors, now: &now, chance: fastrand::f64, enough: &parting.enough, hears: &hears };
    let begun = SystemClock.now();
    let mut elsewhere = postman.all().await?;
    while !elsewhere.is_empty() && !parting.enough.is_cancelled() && is_within(PATIENCE, begun) {
        tokio::time::sleep(AGAIN).await;
        elsewhere = postman.all().await?;
    }
    parting.sending.store(false, Ordering::Relaxed);
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let exit = verdict::undelivered(&failed, output);
    let backlog = store.backlog().await?;
    let mine = backlog.iter().filter(|backlog| doors.channels().contains_key(&backlog.channel));
    Ok(mine.map(|backlog| verdict::left(backlog, &failed, &elsewhere, output)).fold(exit, Exit::merge))
}

fn is_within(length: Duration, begun: Timestamp) -> bool {
    Duration::try_from(SystemClock.now().duration_since(begun)).is_ok_and(|passed| passed < length)
}
