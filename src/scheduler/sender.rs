//! The task of one channel: empties its part of the outbox, and waits for the next message or the next attempt.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::job::Doors;
use crate::job::deliver::{Delivery, Emptied, News, Postman};
use crate::message::one_line;
use crate::name::Name;
use crate::store::{Settlement, Store};

/// How long the store is left alone after it failed.
const STORE_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// How soon another sender's channel is looked at again.
const ELSEWHERE_PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// How soon the outbox is looked at when nothing is due: another process may have put something there.
const GLANCE: SignedDuration = SignedDuration::from_secs(15);

/// Empties the outbox of one channel.
pub(super) struct Sender {
    pub(super) channel: Name,
    pub(super) doors: Arc<Doors>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    /// Told whenever messages were put into the outbox: by a run, or because a channel broke or works again.
    pub(super) posted: Arc<Notify>,
    /// Ends the sending early: what is on its way is waited for, the rest goes out after the next start.
    pub(super) enough: CancellationToken,
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
                () = self.clock.sleep_until(next) => {}
            }
        }
    }

    /// Sends what is due and says when to look again.
    async fn send(&self) -> Timestamp {
        let now = || self.clock.now();
        let postman = Postman {
            store: self.store.as_ref(),
            doors: &self.doors,
            now: &now,
            chance: fastrand::f64,
            enough: &self.enough,
            hears: &log,
        };
        let later = |pause: SignedDuration| self.clock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
        let next = match postman.channel(&self.channel).await {
            Ok(Emptied::Done(owners)) => {
                if !owners.is_empty() {
                    self.posted.notify_waiters();
                }
                self.store.next_attempt(&self.channel).await
            }
            Ok(Emptied::Elsewhere) => return later(ELSEWHERE_PAUSE),
            Err(problem) => Err(problem),
        };
        match next {
            Ok(next) => next.unwrap_or(Timestamp::MAX).min(later(GLANCE)),
            Err(problem) => {
                error!("channel {}: {problem}", self.channel);
                later(STORE_PAUSE)
            }
        }
    }
}

/// One line for an attempt; words from the other side cannot begin another.
fn log(news: News<'_>) {
    let Delivery { channel, about: (kind, name), together, settlement, .. } = match news {
        News::Delivery(delivery) => delivery,
        News::Broke(channel, trouble) => {
            let (problem, until) = (one_line(&trouble.problem), trouble.until);
            return error!("channel {channel} does not work: {problem}; what is for it waits, one is tried at {until}");
        }
        News::Mended(channel) => return info!("channel {channel} works again"),
    };
    let how = if *together { " in a digest" } else { "" };
    match settlement {
        Settlement::Delivered { .. } => info!("{kind} {name}: told {channel}{how}"),
        Settlement::Again { at, problem, .. } => {
            warn!("{kind} {name}: {channel}: {}; again at {at}", one_line(problem));
        }
        Settlement::Dead { problem, .. } => error!("{kind} {name}: {channel}: given up: {}", one_line(problem)),
        Settlement::Untried => {}
    }
}
