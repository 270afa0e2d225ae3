//! `every 5m`: an even beat from the epoch of Unix, blind to zones.

use std::time::Duration;

use humantime::DurationError as Error;
use jiff::Timestamp;

use super::ScheduleError;

/// The longest beat: a job that is due less often than once a year is a mistake in the line.
const LONGEST: u64 = 52 * 7 * 86_400;

/// The longest text worth reading; with [`DIGITS`] it keeps every sum far from its limits.
const CHARACTERS: usize = 64;
const DIGITS: usize = 9;

/// Units that mean more or less than a fixed number of seconds, and the ones that are shorter.
const REFUSED: [&str; 8] = ["M", "month", "months", "y", "yr", "yrs", "year", "years"];

/// The same length between any two due instants, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Every(u32);

impl Every {
    /// Reads what follows the word `every`, which ends at byte `start` of the line.
    pub(super) fn read(rest: &str, start: usize) -> Result<Self, ScheduleError> {
        let text = rest.trim();
        let start = start + rest.len() - rest.trim_start().len();
        let wrong = |problem: String| ScheduleError::new(start..start + text.len(), problem);
        if text.chars().count() > CHARACTERS || text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() > DIGITS)
        {
            return Err(wrong("the length is too long to read".into()).hint("write a length such as `every 5m`"));
        }
        let length = humantime::parse_duration(text).map_err(|error| misread(&error, text, start))?;
        if let Some(unit) = text.split(|c: char| !c.is_alphabetic()).find(|unit| REFUSED.contains(unit)) {
            let minutes = if unit == "M" { "minutes are `m`; " } else { "" };
            return Err(wrong(format!("`{unit}` has no fixed length"))
                .hint(format!("{minutes}use weeks at most, or a crontab line such as `@monthly`")));
        }
        Self::new(length).map_err(|problem| wrong(format!("`{text}` {problem}")))
    }

    fn new(length: Duration) -> Result<Self, &'static str> {
        match length.as_secs() {
            0 => Err("is shorter than a second"),
            _ if length.subsec_nanos() != 0 => Err("is not a whole number of seconds"),
            seconds if seconds > LONGEST => Err("is longer than 52 weeks"),
            seconds => Ok(Self(u32::try_from(seconds).expect("52 weeks fit"))),
        }
    }

    /// The length in seconds.
    pub(super) fn seconds(self) -> u32 {
        self.0
    }

    /// The first multiple of the length later than `instant`.
    pub(super) fn next_after(self, instant: Timestamp) -> Option<Timestamp> {
        let length = i128::from(self.0);
        let beats = instant.as_nanosecond().div_euclid(length * 1_000_000_000);
        Timestamp::from_second(i64::try_from((beats + 1) * length).ok()?).ok()
    }
}

fn misread(error: &Error, text: &str, start: usize) -> ScheduleError {
    let at = |offset: usize| {
        let from = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        start + from..start + text[from..].chars().next().map_or(from, |c| from + c.len_utf8())
    };
    let whole = start..start + text.len();
    let (span, problem) = match error {
        Error::Empty => (whole, "`every` is followed by no length".to_owned()),
        Error::UnknownUnit { unit, value, .. } if unit.is_empty() => (whole, format!("`{value}` has no unit")),
        Error::UnknownUnit { start: from, end, unit, .. } => {
            (start + from..start + end, format!("`{unit}` is not a unit of time"))
        }
        Error::NumberOverflow => (whole, format!("`{text}` is too long")),
        Error::InvalidCharacter(offset) | Error::NumberExpected(offset) => {
            (at(*offset), format!("`{text}` is not a length of time"))
        }
    };
    ScheduleError::new(span, problem)
        .hint("write a number and a unit: `every 30s`, `every 5m`, `every 1h 30m`, `every 1d`")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    use super::Every;

    #[test]
    fn lengths_are_read() {
        for (text, seconds) in [("1s", 1), ("5m", 300), ("1h 30m", 5_400), ("1.5h", 5_400), ("2 days", 172_800)] {
            assert_eq!(Every::read(text, 0), Ok(Every(seconds)), "{text}");
        }
        assert_eq!(Every::read("52w", 0).map(Every::seconds), Ok(31_449_600));
    }

    #[test]
    fn what_is_no_length_is_named() {
        let cases = [
            ("", "`every` is followed by no length"),
            ("5", "`5` has no unit"),
            ("0s", "`0s` is shorter than a second"),
            ("500ms", "`500ms` is shorter than a second"),
            ("1500ms", "`1500ms` is not a whole number of seconds"),
            ("53w", "`53w` is longer than 52 weeks"),
            ("2M", "`M` has no fixed length"),
            ("1 month", "`month` has no fixed length"),
            ("1y", "`y` has no fixed length"),
            ("5 parsecs", "`parsecs` is not a unit of time"),
            ("-5m", "`-5m` is not a length of time"),
            ("5m 주", "`5m 주` is not a length of time"),
            ("18446744073709551615s 1000ms", "the length is too long to read"),
        ];
        for (text, problem) in cases {
            let error = Every::read(&format!(" {text}"), 5).expect_err(text);
            assert_eq!(error.problem, problem);
            assert!(error.span.end <= 6 + text.len(), "{error:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

        #[test]
        fn a_beat_is_even_and_starts_at_the_epoch(length in 1_u32..2_000_000, second in -99_999_999_i64..9_999_999_999) {
            let instant = Timestamp::new(second, 0).expect("in range");
            let next = Every(length).next_after(instant).expect("in range").as_second();
            prop_assert!(next > second && next - second <= i64::from(length));
            prop_assert_eq!(next.rem_euclid(i64::from(length)), 0);
        }
    }
}
