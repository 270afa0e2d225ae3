//! `Clock`: the door to time.
//!
//! Only the scheduler and the command line hold one; everything else is told what time it is. The one exception is the door
//! of a webhook, whose signature must carry the time of the attempt. A [`Stopwatch`] only says how long something lasts.
//! Knows no other room.

use std::time::{Duration, Instant, SystemTime};

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

/// Measures how long something lasts on two clocks: one does not jump, the other goes on while the machine sleeps. For leases
/// that somebody else may take over once they are too old.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant, SystemTime);

impl Stopwatch {
    /// One that begins now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// How long ago that was: what the clock says that says more.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

/// A clock that a test moves by hand.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Hands>);

/// What a manual clock shows, and who waits for it.
#[derive(Clone, Debug)]
struct Hands {
    now: Timestamp,
    awaited: Vec<Timestamp>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(watch::Sender::new(Hands { now: start, awaited: Vec::new() }))
    }

    /// Moves the clock; sleepers whose instant has come wake.
    pub fn set(&self, now: Timestamp) {
        self.0.send_modify(|hands| hands.now = now);
    }

    /// Ends when somebody sleeps until an instant that is still to come and earlier than `before`; gives it.
    pub async fn sleeper_before(&self, before: Timestamp) -> Timestamp {
        let earliest = |hands: &Hands| hands.awaited.iter().copied().filter(|at| *at > hands.now && *at < before).min();
        let mut hands = self.0.subscribe();
        loop {
            if let Some(at) = earliest(&hands.borrow_and_update()) {
                return at;
            }
            // The sender lives as long as this borrow, so the wait cannot fail.
            let _ = hands.changed().await;
        }
    }

    /// Ends when somebody sleeps until `instant`: whatever came before that is done.
    pub async fn awaited(&self, instant: Timestamp) {
        // The sender lives as long as this borrow, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|hands| hands.awaited.contains(&instant)).await;
    }

    /// Ends when somebody sleeps and nobody's instant has come: all is done until the earliest of them, which is given.
    pub async fn idle(&self) -> Timestamp {
        let idle = |hands: &Hands| !hands.awaited.is_empty() && hands.awaited.iter().all(|at| *at > hands.now);
        let mut hands = self.0.subscribe();
        // The sender lives as long as this borrow, so the wait cannot fail.
        let hands = hands.wait_for(idle).await.expect("the clock is still there");
        *hands.awaited.iter().min().expect("somebody sleeps")
    }
}

/// Tells the clock that somebody sleeps, for as long as that is so.
struct Sleeper<'a>(&'a watch::Sender<Hands>, Timestamp);

impl<'a> Sleeper<'a> {
    fn new(hands: &'a watch::Sender<Hands>, instant: Timestamp) -> Self {
        hands.send_modify(|hands| hands.awaited.push(instant));
        Self(hands, instant)
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|hands| {
            let own = hands.awaited.iter().position(|instant| *instant == self.1);
            own.map(|index| hands.awaited.swap_remove(index));
        });
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.borrow().now
    }

    fn sleep_until(&self, instant: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let _sleeper = Sleeper::new(&self.0, instant);
            // The sender lives as long as this borrow, so the wait cannot fail.
            let _ = self.0.subscribe().wait_for(|hands| hands.now >= instant).await;
        })
    }
}
