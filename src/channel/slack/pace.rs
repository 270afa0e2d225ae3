//! How fast a channel may be written to: Slack takes one message a second, and a few at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The time that one message takes up.
const EACH: Duration = Duration::from_secs(1);

/// How many may go at once after a silence.
const BURST: u32 = 3;

/// The turns of one channel.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When everything that was let through so far has had its second.
    free: Mutex<Option<Instant>>,
}

impl Pace {
    /// Ends when the next message may go.
    pub(super) async fn turn(&self) {
        let at = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let begins = free.unwrap_or(now).max(now);
            *free = Some(begins + EACH);
            (begins + EACH).checked_sub(EACH * BURST).unwrap_or(now)
        };
        sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[tokio::test(start_paused = true)]
    async fn three_go_at_once_and_then_one_a_second() {
        let (pace, start) = (Pace::default(), Instant::now());
        let mut turns = Vec::new();
        for _ in 0..6 {
            pace.turn().await;
            turns.push(start.elapsed().as_secs());
        }
        assert_eq!(turns, [0, 0, 0, 1, 2, 3]);
        tokio::time::advance(Duration::from_secs(60)).await;
        let later = Instant::now();
        for _ in 0..3 {
            pace.turn().await;
        }
        assert_eq!(later.elapsed().as_secs(), 0);
    }
}
