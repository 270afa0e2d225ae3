//! Dates, times and lengths of time as people and databases write them.

use crate::value::time::{DAY, days_from_civil};
use crate::value::{Date, Interval, Time, Timestamp};

/// The forms a date or timestamp is read in, for hints.
pub(super) const MOMENT_FORMS: &str = "`2026-11-20`, `2026-11-20 09:30:00` or `2026-11-20T09:30:00+09:00`";
/// The forms a length of time is read in, for hints.
pub(super) const INTERVAL_FORMS: &str = "`2 days 3 hours`, `1 year 6 months` or `1 day 03:30:00`";

const SECOND: i64 = 1_000_000;

/// A date, or a date and time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    Date(Date),
    Timestamp(Timestamp),
}

/// Reads ISO 8601 and what PostgreSQL, MySQL and SQLite print: a date alone, or with a time and perhaps an offset.
pub(super) fn read_moment(text: &str) -> Option<Moment> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "infinity" => return Some(Moment::Date(Date::Infinity)),
        "-infinity" => return Some(Moment::Date(Date::NegativeInfinity)),
        _ => {}
    }
    let mut reader = Reader(text);
    let days = reader.date()?;
    if reader.0.is_empty() {
        return Some(Moment::Date(Date::Days(i32::try_from(days).ok()?)));
    }
    reader.0 = reader.0.strip_prefix([' ', 'T', 't'])?;
    let time = reader.clock(23)?;
    reader.0 = reader.0.trim_start();
    let offset = reader.offset()?;
    let shift = i64::from(offset.unwrap_or(0)) * SECOND;
    let micros = days.checked_mul(DAY)?.checked_add(time)?.checked_sub(shift)?;
    reader.0.is_empty().then(|| Moment::Timestamp(Timestamp::new(micros, offset)))
}

/// Reads a date alone.
pub(super) fn read_date(text: &str) -> Option<Date> {
    match read_moment(text)? {
        Moment::Date(date) => Some(date),
        Moment::Timestamp(_) => None,
    }
}

/// Reads a time of day.
pub(super) fn read_time(text: &str) -> Option<Time> {
    let mut reader = Reader(text.trim());
    let micros = reader.clock(23)?;
    let offset = reader.offset()?;
    reader.0.is_empty().then(|| Time::new(micros, offset))
}

/// Reads a length of time as PostgreSQL writes and reads it: counts with units, and a clock.
pub(super) fn read_interval(text: &str) -> Option<Interval> {
    let mut reader = Reader(text.trim());
    let mut total = Interval { months: 0, days: 0, micros: 0 };
    if reader.0.is_empty() {
        return None;
    }
    while !reader.0.is_empty() {
        if reader.0.eq_ignore_ascii_case("ago") {
            return negate(total);
        }
        let negative = reader.sign();
        let before = reader.0;
        let signed = |n: i128| if negative { -n } else { n };
        let billionths = reader.billionths()?;
        if reader.0.starts_with(':') {
            reader.0 = before;
            let clock = i128::from(reader.clock(i64::MAX / (3600 * SECOND) - 1)?);
            total.micros = i64::try_from(i128::from(total.micros) + signed(clock)).ok()?;
        } else {
            reader.0 = reader.0.trim_start();
            let unit = reader.word();
            add_unit(&mut total, signed(billionths), unit)?;
        }
        reader.0 = reader.0.trim_start();
    }
    Some(total)
}

/// The length of `count` of `unit`, as in `interval '2' day`.
pub(super) fn read_count(count: &str, unit: &str) -> Option<Interval> {
    read_interval(&format!("{} {unit}", count.trim()))
}

/// The same length, backwards.
pub(super) fn negate(length: Interval) -> Option<Interval> {
    Some(Interval {
        months: length.months.checked_neg()?,
        days: length.days.checked_neg()?,
        micros: length.micros.checked_neg()?,
    })
}

const BILLION: i128 = 1_000_000_000;

fn add_unit(total: &mut Interval, billionths: i128, unit: &str) -> Option<()> {
    let (months, days, micros) = match unit.to_ascii_lowercase().as_str() {
        "y" | "yr" | "yrs" | "year" | "years" => (12, 0, 0),
        "mon" | "mons" | "month" | "months" => (1, 0, 0),
        "w" | "week" | "weeks" => (0, 7, 0),
        "d" | "day" | "days" => (0, 1, 0),
        "h" | "hr" | "hrs" | "hour" | "hours" => (0, 0, 3600 * i128::from(SECOND)),
        "m" | "min" | "mins" | "minute" | "minutes" => (0, 0, 60 * i128::from(SECOND)),
        "s" | "sec" | "secs" | "second" | "seconds" => (0, 0, i128::from(SECOND)),
        "ms" | "millisecond" | "milliseconds" => (0, 0, 1000),
        "us" | "microsecond" | "microseconds" => (0, 0, 1),
        _ => return None,
    };
    // A part of a month spills into days of thirty to a month, a part of a day into hours.
    let whole_months = billionths.checked_mul(months)?;
    let whole_days = billionths.checked_mul(days)? + whole_months % BILLION * 30;
    let whole_micros = billionths.checked_mul(micros)? + whole_days % BILLION * i128::from(DAY);
    total.months = total.months.checked_add(i32::try_from(whole_months / BILLION).ok()?)?;
    total.days = total.days.checked_add(i32::try_from(whole_days / BILLION).ok()?)?;
    total.micros = total.micros.checked_add(i64::try_from(whole_micros / BILLION).ok()?)?;
    Some(())
}

/// The text that is left to read.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn run(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at(end);
        self.0 = rest;
        run
    }

    fn word(&mut self) -> &'a str {
        self.run(|c| c.is_ascii_alphabetic())
    }

    fn digits(&mut self) -> &'a str {
        self.run(|c| c.is_ascii_digit())
    }

    fn sign(&mut self) -> bool {
        let negative = self.0.starts_with('-');
        self.0 = self.0.strip_prefix(['-', '+']).unwrap_or(self.0);
        negative
    }

    fn skip(&mut self, c: char) -> Option<()> {
        self.0 = self.0.strip_prefix(c)?;
        Some(())
    }

    fn two(&mut self, largest: i64) -> Option<i64> {
        let digits = self.digits();
        digits.parse().ok().filter(|n| digits.len() == 2 && *n <= largest)
    }

    /// `YYYY-MM-DD` in days since 1970-01-01.
    fn date(&mut self) -> Option<i64> {
        let year = self.digits();
        let year: i32 = year.parse().ok().filter(|_| (4..=6).contains(&year.len()))?;
        self.skip('-')?;
        let month = u32::try_from(self.two(12)?).ok()?;
        self.skip('-')?;
        let day = u32::try_from(self.two(31)?).ok()?;
        Date::from_civil(year, month, day).map(|_| days_from_civil(year.into(), month, day))
    }

    /// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.ffffff` in microseconds; digits behind the sixth are dropped.
    fn clock(&mut self, most_hours: i64) -> Option<i64> {
        let hours: i64 = self.digits().parse().ok().filter(|hours| *hours <= most_hours)?;
        self.skip(':')?;
        let mut micros = (hours * 60 + self.two(59)?) * 60 * SECOND;
        if self.skip(':').is_some() {
            micros += self.two(59)? * SECOND;
            if self.skip('.').is_some() {
                micros += i64::try_from(fraction(self.digits())? / 1000).ok()?;
            }
        }
        Some(micros)
    }

    /// `Z`, `+09`, `+0900`, `+09:00`, `+09:00:15` or nothing.
    fn offset(&mut self) -> Option<Option<i32>> {
        if self.skip('Z').or_else(|| self.skip('z')).is_some() {
            return Some(Some(0));
        }
        if !self.0.starts_with(['+', '-']) {
            return Some(None);
        }
        let negative = self.sign();
        let digits = self.digits();
        let (hours, mut minutes) = match digits.len() {
            2 => (digits, 0),
            4 => (&digits[..2], digits[2..].parse::<i64>().ok().filter(|n| *n <= 59)?),
            _ => return None,
        };
        let hours: i64 = hours.parse().ok().filter(|n| *n <= 23)?;
        let mut seconds = 0;
        if digits.len() == 2 && self.skip(':').is_some() {
            minutes = self.two(59)?;
            if self.skip(':').is_some() {
                seconds = self.two(59)?;
            }
        }
        let total = i32::try_from(hours * 3600 + minutes * 60 + seconds).ok()?;
        Some(Some(if negative { -total } else { total }))
    }

    /// A count with at most nine digits behind its point, in billionths.
    fn billionths(&mut self) -> Option<i128> {
        let whole: i128 = self.digits().parse().ok()?;
        let rest = if self.skip('.').is_some() { fraction(self.digits())? } else { 0 };
        whole.checked_mul(BILLION)?.checked_add(rest)
    }
}

/// The digits behind a point in billionths; digits behind the ninth are dropped.
fn fraction(digits: &str) -> Option<i128> {
    match digits.len() {
        0 => None,
        length => format!("{:0<9}", &digits[..length.min(9)]).parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, read_count, read_interval, read_moment, read_time};
    use proptest::prelude::{any, proptest};

    #[test]
    fn moments_are_read_in_the_forms_databases_print() {
        let cases = [
            ("2026-11-20", "2026-11-20"),
            ("12026-11-20", "12026-11-20"),
            ("2026-11-20 09:30", "2026-11-20 09:30:00"),
            ("2026-11-20T09:30:05.25", "2026-11-20 09:30:05.25"),
            ("2026-11-20 09:30:00.1234567891", "2026-11-20 09:30:00.123456"),
            ("2026-11-20T09:30:00Z", "2026-11-20 09:30:00+00"),
            ("2026-11-20 09:30:00+09", "2026-11-20 09:30:00+09"),
            ("2026-11-20 09:30:00 -05:30", "2026-11-20 09:30:00-05:30"),
            ("2026-11-20 09:30:00+0900", "2026-11-20 09:30:00+09"),
            ("infinity", "infinity"),
        ];
        for (text, expected) in cases {
            let shown = match read_moment(text).expect(text) {
                Moment::Date(date) => date.to_string(),
                Moment::Timestamp(timestamp) => timestamp.to_string(),
            };
            assert_eq!(shown, expected, "{text}");
        }
        let none =
            ["", "today", "2026-02-30", "26-01-01", "2026-1-1", "2026-11-20 25:00", "2026-11-20 09:30 x", "1234"];
        assert!(none.iter().all(|text| read_moment(text).is_none()));
        assert_eq!(read_time("09:30:00.5").expect("a time").to_string(), "09:30:00.5");
    }

    #[test]
    fn lengths_are_read_as_postgres_reads_them() {
        let cases = [
            ("2 days 3 hours", "2 days 03:00:00"),
            ("1 year 2 mons 3 days 04:05:06.789", "1 year 2 mons 3 days 04:05:06.789"),
            ("90 minutes", "01:30:00"),
            ("1.5 hours", "01:30:00"),
            ("1.5 days", "1 day 12:00:00"),
            ("1.5 months", "1 mon 15 days"),
            ("1.5 years", "1 year 6 mons"),
            ("2w", "14 days"),
            ("-1 day +02:00", "-1 days +02:00:00"),
            ("-00:30", "-00:30:00"),
            ("100:00:00", "100:00:00"),
            ("3 days ago", "-3 days"),
            ("250 ms", "00:00:00.25"),
        ];
        for (text, expected) in cases {
            assert_eq!(read_interval(text).expect(text).to_string(), expected, "{text}");
        }
        for text in ["", "soon", "5", "5 parsecs", "days", "1 day x", "99999999999 years", "1. days"] {
            assert_eq!(read_interval(text), None, "{text}");
        }
        assert_eq!(read_count("2", "day"), read_interval("2 days"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in any::<String>(), numbers in "[-+0-9:. dayTZhourmonthsyear]{0,30}") {
            for text in [&text, &numbers] {
                let _ = (read_moment(text), read_interval(text), read_time(text));
            }
        }
    }
}
