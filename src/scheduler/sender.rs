//! The task of one channel: empties its part of the outbox, and waits for the next message or the next attempt.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::job::Doors;
use crate::job::deliver::{self, Delivery};
use crate::message::one_line;
use crate::name::Name;
use crate::store::{Settlement, Store};

/// How long the store is left alone after it failed.
const STORE_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// Empties the outbox of one channel.
pub(super) struct Sender {
    pub(super) channel: Name,
    pub(super) doors: Arc<Doors>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    /// Told whenever a run put messages into the outbox.
    pub(super) posted: Arc<Notify>,
}

impl Sender {
    /// Sends what is due, then waits for the next message or the next attempt; once more after `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            let last = stop.is_cancelled();
            let posted = self.posted.notified();
            tokio::pin!(posted);
            posted.as_mut().enable();
            let next = self.send().await;
            if last {
                return;
            }
            tokio::select! {
                () = posted => {}
                () = stop.cancelled() => {}
                () = self.wait(next) => {}
            }
        }
    }

    async fn wait(&self, next: Option<Timestamp>) {
        match next {
            Some(next) => self.clock.sleep_until(next).await,
            None => std::future::pending().await,
        }
    }

    /// Sends what is due and says when something is due again.
    async fn send(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let sent = deliver::channel(self.store.as_ref(), &self.doors, &self.channel, now, fastrand::f64).await;
        let next = match sent {
            Ok(deliveries) => {
                deliveries.iter().for_each(log);
                self.store.next_attempt(&self.channel).await
            }
            Err(problem) => Err(problem),
        };
        next.unwrap_or_else(|problem| {
            error!("channel {}: {problem}", self.channel);
            now.checked_add(STORE_PAUSE).ok()
        })
    }
}

/// One line for an attempt; words from the other side cannot begin another.
fn log(Delivery { channel, alert, settlement }: &Delivery) {
    match settlement {
        Settlement::Delivered { .. } => info!("alert {alert}: told {channel}"),
        Settlement::Again { at, problem } => warn!("alert {alert}: {channel}: {}; again at {at}", one_line(problem)),
        Settlement::Dead { problem, .. } => error!("alert {alert}: {channel}: given up: {}", one_line(problem)),
    }
}
