//! From the outbox to the channels: the only place that tries again.
//!
//! Messages of one alert and channel go out oldest first; a failing one holds back its lane and nothing else. What
//! is left waiting goes out with the next call. Time and randomness are arguments.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Doors;
use crate::channel::{DeliveryError, Retry};
use crate::message::Receipt;
use crate::name::Name;
use crate::store::{Settlement, Store, StoreError, Waiting};

/// The first wait before trying again; it doubles with each attempt.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait before trying again.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);
/// How long a channel that does not work is left alone.
const BROKEN_WAIT: Duration = Duration::from_secs(5 * 60);

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where it was to go.
    pub channel: Name,
    /// The alert it speaks of.
    pub alert: String,
    /// How it ended.
    pub settlement: Settlement,
}

impl Delivery {
    /// Whether the message arrived.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        matches!(self.settlement, Settlement::Delivered { .. })
    }
}

/// Sends everything that is due for every channel, the channels side by side.
///
/// # Errors
/// The store failed; what was sent may then be sent again.
pub async fn all(
    store: &dyn Store,
    doors: &Doors,
    now: Timestamp,
    chance: fn() -> f64,
) -> Result<Vec<Delivery>, StoreError> {
    let each = doors.channels().keys().map(|name| channel(store, doors, name, now, chance));
    Ok(futures_util::future::try_join_all(each).await?.into_iter().flatten().collect())
}

/// Sends everything that is due for one channel. `chance` gives a number in 0..1.
///
/// # Errors
/// The store failed; what was sent may then be sent again.
pub async fn channel(
    store: &dyn Store,
    doors: &Doors,
    name: &Name,
    now: Timestamp,
    chance: fn() -> f64,
) -> Result<Vec<Delivery>, StoreError> {
    let mut deliveries = Vec::new();
    let Some(door) = doors.channels().get(name) else { return Ok(deliveries) };
    loop {
        let waiting = store.waiting(name, now).await?;
        if waiting.is_empty() {
            return Ok(deliveries);
        }
        for message in waiting {
            let settlement = if message.expires <= now {
                Settlement::Dead { at: now, problem: "nobody wants it any more: it waited too long".into() }
            } else {
                let answer = door.deliver(&message.message, message.earlier.as_ref()).await;
                settle(answer, &message, now, chance())
            };
            store.settle(message.seq, &settlement).await?;
            let alert = message.message.alert;
            deliveries.push(Delivery { channel: name.clone(), alert, settlement });
        }
    }
}

/// What an answer of a channel means for the message.
fn settle(answer: Result<Receipt, DeliveryError>, waiting: &Waiting, now: Timestamp, chance: f64) -> Settlement {
    let again = |wait: Duration, problem: String| match later(now, wait) {
        at if at < waiting.expires => Settlement::Again { at, problem },
        _ => Settlement::Dead { at: now, problem },
    };
    match answer {
        Ok(receipt) => Settlement::Delivered { at: now, receipt },
        Err(DeliveryError { retry: Retry::Never, problem }) => Settlement::Dead { at: now, problem },
        Err(DeliveryError { retry: Retry::Broken, problem }) => again(BROKEN_WAIT, problem),
        Err(DeliveryError { retry: Retry::After(floor), problem }) => {
            again(floor.unwrap_or_default() + backoff(waiting.attempts, chance), problem)
        }
    }
}

/// Exponential, with full jitter so that what failed together does not try again together; never nothing.
fn backoff(attempts: u32, chance: f64) -> Duration {
    let ceiling = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempts)).min(LONGEST_WAIT);
    ceiling.mul_f64(chance.clamp(0.0, 1.0)).max(Duration::from_millis(100))
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::{BROKEN_WAIT, LONGEST_WAIT, backoff, later};
    use jiff::Timestamp;
    use std::time::Duration;

    #[test]
    fn waits_grow_to_a_ceiling_and_are_never_nothing() {
        let seconds = Duration::from_secs;
        assert_eq!(backoff(0, 1.0), seconds(2));
        assert_eq!(backoff(3, 1.0), seconds(16));
        assert_eq!(backoff(3, 0.5), seconds(8));
        assert_eq!(backoff(30, 1.0), LONGEST_WAIT);
        assert_eq!(backoff(5, 0.0), Duration::from_millis(100));
        assert!(later(Timestamp::MAX, BROKEN_WAIT) == Timestamp::MAX);
    }
}
