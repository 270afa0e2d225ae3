//! A sign of life on standard error while an answer takes its time.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::super::output::Output;

/// Nothing is shown before this has passed.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the sign changes.
const STEP: Duration = Duration::from_millis(100);
const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// To the first column, and clear to the end of the line.
const ERASE: &str = "\r\x1b[K";

/// The sign; nothing where standard error is no terminal.
pub(super) struct Spinner {
    begun: Instant,
    ticks: Option<Interval>,
    frame: usize,
    shown: bool,
}

impl Spinner {
    pub(super) fn new(wanted: bool) -> Self {
        let begun = Instant::now();
        let ticks = wanted.then(|| {
            let mut ticks = interval_at(begun + PATIENCE, STEP);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticks
        });
        Self { begun, ticks, frame: 0, shown: false }
    }

    /// Waits for `work` and turns meanwhile.
    pub(super) async fn turn<T>(&mut self, rows: u64, output: &Output, work: impl Future<Output = T>) -> T {
        let Some(ticks) = &mut self.ticks else { return work.await };
        tokio::pin!(work);
        loop {
            tokio::select! {
                // Where rows come fast the sign turns too.
                biased;
                _ = ticks.tick() => {
                    self.frame += 1;
                    self.shown = true;
                    output.say(&format!("{ERASE}{}", words(self.frame, rows, self.begun.elapsed())));
                }
                done = &mut work => return done,
            }
        }
    }

    /// Clears the line for other words; with `last` it never comes back.
    pub(super) fn erase(&mut self, output: &Output, last: bool) {
        if std::mem::take(&mut self.shown) {
            output.say(ERASE);
        }
        if last {
            self.ticks = None;
        }
    }
}

/// `⠋ 12,345 rows, 3s`.
fn words(frame: usize, rows: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let time = match seconds / 60 {
        0 => format!("{seconds}s"),
        minutes => format!("{minutes}m {:02}s", seconds % 60),
    };
    format!("{} {} row{}, {time}", FRAMES[frame % FRAMES.len()], grouped(rows), if rows == 1 { "" } else { "s" })
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::words;

    #[test]
    fn the_sign_counts_rows_and_time() {
        let cases = [
            (0, 0, 1, "⠋ 0 rows, 1s"),
            (1, 1, 59, "⠙ 1 row, 59s"),
            (10, 999, 60, "⠋ 999 rows, 1m 00s"),
            (19, 12_345_678, 3_605, "⠏ 12,345,678 rows, 60m 05s"),
        ];
        for (frame, rows, seconds, expected) in cases {
            assert_eq!(words(frame, rows, Duration::from_secs(seconds)), expected);
        }
    }
}
