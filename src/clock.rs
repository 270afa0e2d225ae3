//! `Clock`: the door to time.
//!
//! Only the scheduler and the command line hold one; everything else is told what time it is. Knows no other room.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::watch;

/// What the time is, and waiting until it is later.
pub trait Clock: Send + Sync {
    /// This instant.
    fn now(&self) -> Timestamp;

    /// Ends when the wall clock shows `instant` or later, also after a jump of the clock or a suspended machine.
    fn sleep_until(&self, instant: Timestamp) -> BoxFuture<'_, ()>;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// How long the machine's clock is trusted to advance evenly: timers do not count suspended time, and clocks are set.
const TRUST: Duration = Duration::from_secs(1);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep_until(&self, instant: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let left = Duration::try_from(self.now().duration_until(instant)).unwrap_or_default();
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(TRUST)).await;
            }
        })
    }
}

/// A clock that a test moves by hand.
#[derive(Debug)]
pub struct ManualClock(Mutex<watch::Sender<Timestamp>>);

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(watch::Sender::new(start)))
    }

    /// Moves the clock; sleepers whose instant has come wake.
    pub fn set(&self, now: Timestamp) {
        self.sender().send_replace(now);
    }

    fn sender(&self) -> watch::Sender<Timestamp> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.sender().borrow()
    }

    fn sleep_until(&self, instant: Timestamp) -> BoxFuture<'_, ()> {
        let sender = self.sender();
        Box::pin(async move {
            // The sender lives in this future, so the wait cannot fail.
            let _ = sender.subscribe().wait_for(|now| *now >= instant).await;
        })
    }
}
