//! Points in time as a cell gives them: also the text of a database that has no type for them.

use crate::value::time::{DAY, days_from_civil};
use crate::value::{Date, Timestamp, Value};

/// The years that a calendar of ours reaches, in microseconds since 1970.
const REACH: std::ops::Range<i64> = -300_000_000_000_000_000..250_000_000_000_000_000;

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Microseconds since 1970-01-01 00:00, in UTC or on the wall clock.
    pub(super) micros: i64,
    /// Whether it is an instant, which each zone shows at its own time of day.
    pub(super) instant: bool,
}

/// What a cell is as a point in time; none when it is something else, `Some(None)` when it is none that can be drawn.
pub(super) fn read(value: &Value<'_>) -> Option<Option<Moment>> {
    let moment = match value {
        Value::Date(Date::Days(days)) => Moment { micros: i64::from(*days).saturating_mul(DAY), instant: false },
        Value::Date(Date::NegativeInfinity | Date::Infinity) => return Some(None),
        Value::Timestamp(Timestamp { micros, offset, .. }) => Moment { micros: *micros, instant: offset.is_some() },
        Value::Text(text) => written(text)?,
        _ => return None,
    };
    Some(Some(moment).filter(|moment| REACH.contains(&moment.micros)))
}

/// `2026-11`, `2026-11-20`, `2026-11-20 21:02`, with seconds, a fraction and an offset, `T` or a space between.
fn written(text: &str) -> Option<Moment> {
    let mut rest = Digits(text);
    let year = rest.take(4)?;
    rest.sign("-")?;
    let month = u32::try_from(rest.take(2)?).ok()?;
    if rest.0.is_empty() {
        return Date::from_civil(i32::try_from(year).ok()?, month, 1).map(|_| at(days_from_civil(year, month, 1), 0));
    }
    rest.sign("-")?;
    let day = u32::try_from(rest.take(2)?).ok()?;
    Date::from_civil(i32::try_from(year).ok()?, month, day)?;
    let days = days_from_civil(year, month, day);
    if rest.0.is_empty() {
        return Some(at(days, 0));
    }
    rest.sign("T").or_else(|| rest.sign(" "))?;
    let micros = rest.clock()?;
    match rest.0 {
        "" => Some(at(days, micros)),
        _ => Some(Moment { micros: days * DAY + micros - rest.offset()?, instant: true }),
    }
}

fn at(days: i64, micros: i64) -> Moment {
    Moment { micros: days * DAY + micros, instant: false }
}

/// The text that is left to read.
struct Digits<'a>(&'a str);

impl Digits<'_> {
    /// A number of so many digits.
    fn take(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
        self.0 = rest;
        Some(number)
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(sign)?;
        Some(())
    }

    /// `21:02`, `21:02:34` or `21:02:34.125`, in microseconds.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.take(2).filter(|hour| *hour < 24)?;
        self.sign(":")?;
        let minute = self.take(2).filter(|minute| *minute < 60)?;
        let second = if self.sign(":").is_some() { self.take(2).filter(|second| *second < 60)? } else { 0 };
        let mut micros = ((hour * 60 + minute) * 60 + second) * 1_000_000;
        if self.sign(".").is_some() {
            let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, rest) = self.0.split_at(digits);
            micros += format!("{fraction:0<6}").get(..6)?.parse::<i64>().ok()?;
            self.0 = rest;
        }
        Some(micros)
    }

    /// `Z`, `+09`, `+0900` or `+09:00`, in microseconds.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0 {
            "Z" => return Some(0),
            text if text.starts_with('+') => 1,
            text if text.starts_with('-') => -1,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.take(2)?;
        let _ = self.sign(":");
        let minutes = if self.0.is_empty() { 0 } else { self.take(2)? };
        self.0.is_empty().then_some(sign * (hours * 60 + minutes) * 60_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, read};
    use crate::value::{Date, Timestamp, Value};

    #[test]
    fn text_that_is_a_date_is_a_date() {
        const NOON: i64 = 1_795_176_000_000_000;
        let cases = [
            ("2026-11", Some((NOON - 19 * 86_400_000_000 - 43_200_000_000, false))),
            ("2026-11-20", Some((NOON - 43_200_000_000, false))),
            ("2026-11-20 12:00", Some((NOON, false))),
            ("2026-11-20T12:00:00.5", Some((NOON + 500_000, false))),
            ("2026-11-20T12:00:00Z", Some((NOON, true))),
            ("2026-11-20 21:00:00+09", Some((NOON, true))),
            ("2026-11-20 06:30:00-05:30", Some((NOON, true))),
            ("2026-13", None),
            ("2026-02-30", None),
            ("2026-11-20 25:00", None),
            ("2026-11-20x", None),
            ("2026", None),
            ("abcd-ef", None),
            ("2026-1１", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(micros, instant)| Some(Moment { micros, instant }));
            assert_eq!(read(&Value::Text(text.into())), expected, "{text}");
        }
    }

    #[test]
    fn what_no_calendar_reaches_is_no_place_on_an_axis() {
        assert_eq!(read(&Value::Date(Date::Infinity)), Some(None));
        assert_eq!(read(&Value::Timestamp(Timestamp::new(i64::MAX, None))), Some(None));
        assert_eq!(read(&Value::Date(Date::Days(i32::MAX))), Some(None));
        assert_eq!(read(&Value::Int(5)), None);
    }
}
