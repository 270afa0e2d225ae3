//! `--watch`: the same question again and again, until its answer is as wished or somebody stops it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::time::Duration;

use clap::ValueEnum;
use jiff::{SignedDuration, Zoned};

use super::Question;
use super::print::Printing;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::clock::{Clock, SystemClock};
use crate::table::Batch;

/// Goes to the top of the screen and wipes it.
const WIPE: &str = "\u{1b}[H\u{1b}[2J";

/// What ends the watch: the result has rows, has none, or differs from the first.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Until {
    Rows,
    Empty,
    Changed,
}

/// What is kept of a result that was printed.
#[derive(Default)]
pub(super) struct Seen {
    rows: usize,
    digest: DefaultHasher,
}

impl Seen {
    /// Looks at rows that are printed.
    pub(super) fn batch(&mut self, batch: &Batch) {
        self.rows += batch.len();
        for value in batch.rows().flat_map(|row| row.values().collect::<Vec<_>>()) {
            (value.is_null(), value.to_string()).hash(&mut self.digest);
        }
    }

    fn fulfils(&self, until: Until, first: u64) -> bool {
        match until {
            Until::Rows => self.rows > 0,
            Until::Empty => self.rows == 0,
            Until::Changed => self.digest.finish() != first,
        }
    }
}

/// A length of time that is not nothing.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(length) if length.is_zero() => Err("it must be longer than nothing".into()),
        Ok(length) => Ok(length),
        Err(error) => Err(error.to_string()),
    }
}

/// Asks every so often, and prints each answer. A run that fails is told and the next one follows; what no run could
/// mend ends it.
pub(super) async fn watch(
    question: &Question<'_>,
    every: Duration,
    until: Option<Until>,
    printing: &Printing,
    output: &mut Output,
) -> Result<(), Failure> {
    let pause = SignedDuration::try_from(every).map_err(|_| Failure::usage("--watch is too long"))?;
    let mut first = None;
    loop {
        let started = SystemClock.now();
        let mut seen = Seen::default();
        match show(question, every, printing, &mut seen, output).await {
            Ok(()) => {
                let first = *first.get_or_insert_with(|| seen.digest.finish());
                if output.is_closed() || until.is_some_and(|until| seen.fulfils(until, first)) {
                    return Ok(());
                }
            }
            Err(failure) if failure.exit == Exit::NoVerdict => output.say(&failure.render(output.styled())),
            Err(failure) => return Err(failure),
        }
        let next = started.checked_add(pause).map_err(|_| Failure::usage("--watch is too long"))?;
        SystemClock.sleep_until(next).await;
    }
}

/// One answer, under a heading where people read it.
async fn show(
    question: &Question<'_>,
    every: Duration,
    printing: &Printing,
    seen: &mut Seen,
    output: &mut Output,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    let rows = question.ask(now).await?;
    let now = now.to_zoned(question.catalogue.zone.clone());
    if !printing.is_file() {
        let heading = heading(&question.label, every, &now, printing.is_table(), output.is_terminal());
        output.write_all(heading.as_bytes())?;
    }
    printing.open_quietly()?.print(rows, output, &mut |batch| seen.batch(batch)).await?;
    output.flush()?;
    Ok(())
}

/// What stands over a result: on a terminal in place of the one before, elsewhere only over a table.
fn heading(label: &str, every: Duration, now: &Zoned, is_table: bool, is_terminal: bool) -> String {
    let time = now.strftime("%Y-%m-%d %H:%M:%S %Z");
    match (is_terminal, is_table) {
        (true, _) => format!("{WIPE}{label}, every {}: {time}\n\n", humantime::format_duration(every)),
        (false, true) => format!("-- {time}\n"),
        (false, false) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{heading, interval};
    use std::time::Duration;

    #[test]
    fn only_a_terminal_gets_control_codes_and_only_people_a_heading() {
        let now = "2026-11-20T21:02:34+09:00[Asia/Seoul]".parse().expect("a time");
        let heading = |table, terminal| heading("query stock", Duration::from_secs(5), &now, table, terminal);
        let wiped = "\u{1b}[H\u{1b}[2Jquery stock, every 5s: 2026-11-20 21:02:34 KST\n\n";
        assert_eq!(heading(true, true), wiped);
        assert_eq!(heading(false, true), wiped);
        assert_eq!(heading(true, false), "-- 2026-11-20 21:02:34 KST\n");
        assert_eq!(heading(false, false), "");
    }

    #[test]
    fn an_interval_is_longer_than_nothing() {
        assert_eq!(interval("1m30s"), Ok(Duration::from_secs(90)));
        assert!(interval("0s").is_err() && interval("5").is_err());
    }
}
