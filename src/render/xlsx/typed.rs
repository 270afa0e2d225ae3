//! What a value becomes in a cell of Excel.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use crate::value::time::DAY;
use crate::value::{Date, Time, Timestamp, Value};

/// Integers up to here are doubles without loss.
const WHOLE: u64 = 1 << 53;
/// As many digits as every double keeps.
const DIGITS: usize = 15;
/// What Excel takes for a number lies between these.
const SMALLEST: f64 = f64::MIN_POSITIVE;
const LARGEST: f64 = 9.999_999_999_999_99e307;
/// Day 0 of Excel, 1899-12-30, before 1970-01-01.
const EPOCH: i64 = 25_569;
/// Before 1900-03-01 Excel counts a day that never was; its last day is 9999-12-31.
const DAYS: std::ops::RangeInclusive<i64> = 61..=2_958_465;
/// The longest time that Excel shows in hours.
const LONGEST: i64 = 9_999 * 3_600_000_000;

/// The content of a cell.
#[derive(Debug, PartialEq)]
pub(super) enum Typed<'a> {
    Empty,
    Bool(bool),
    /// A number and its format; empty is Excel's general one.
    Number(f64, String),
    Text(Cow<'a, str>),
}

impl Typed<'_> {
    /// Roughly the columns it takes when shown.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Bool(_) => 5,
            Self::Number(number, format) => number.to_string().len().min(18).max(format.replace('"', "").len()),
            Self::Text(text) => text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0),
        }
    }
}

/// A number where Excel keeps it to the last digit, else text.
pub(super) fn typed<'a>(value: &'a Value<'a>) -> Typed<'a> {
    let number = match value {
        Value::Null => return Typed::Empty,
        Value::Bool(b) => return Typed::Bool(*b),
        Value::Text(text) | Value::Json(text) => return Typed::Text(Cow::Borrowed(text)),
        Value::Int(i) => (i.unsigned_abs() <= WHOLE).then(|| (*i as f64, "0".to_owned())),
        Value::UInt(u) => (*u <= WHOLE).then(|| (*u as f64, "0".to_owned())),
        Value::Decimal(text) => decimal(text),
        Value::Float(number) => float(*number),
        // The double of the digits that are shown, not of the bits behind them.
        Value::Real(_) => value.to_string().parse().ok().and_then(float),
        Value::Date(Date::Days(days)) => date(*days),
        Value::Time(time) => clock(*time),
        Value::Timestamp(at) => moment(*at),
        Value::Date(_) | Value::Bytes(_) | Value::Interval(_) | Value::Array(_) => None,
    };
    number.map_or_else(|| Typed::Text(Cow::Owned(value.to_string())), |(number, format)| Typed::Number(number, format))
}

fn decimal(text: &str) -> Option<(f64, String)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let kept = [whole, fraction].concat().trim_start_matches('0').len();
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || kept > DIGITS {
        return None;
    }
    Some((text.parse().ok()?, scaled("0", fraction.len())))
}

fn float(number: f64) -> Option<(f64, String)> {
    (number == 0.0 || (SMALLEST..=LARGEST).contains(&number.abs())).then(|| (number, String::new()))
}

fn date(days: i32) -> Option<(f64, String)> {
    let serial = i64::from(days) + EPOCH;
    DAYS.contains(&serial).then(|| (serial as f64, "yyyy-mm-dd".to_owned()))
}

/// A time on the clock, or a length in hours.
fn clock(time: Time) -> Option<(f64, String)> {
    if time.offset.is_some() || !(0..=LONGEST).contains(&time.micros) {
        return None;
    }
    let format = if time.micros < DAY { "hh:mm:ss" } else { "[hh]:mm:ss" };
    exact(0, time.micros).map(|serial| (serial, scaled(format, time.scale.into())))
}

fn moment(at: Timestamp) -> Option<(f64, String)> {
    let local = at.micros.checked_add(i64::from(at.offset.unwrap_or(0)) * 1_000_000)?;
    let days = local.div_euclid(DAY) + EPOCH;
    if !DAYS.contains(&days) {
        return None;
    }
    let mut format = scaled("yyyy-mm-dd hh:mm:ss", at.scale.into());
    if at.offset.is_some() {
        let shown = at.to_string();
        let offset = &shown[shown.rfind(['+', '-'])?..];
        format.push_str(&format!("\"{offset}\""));
    }
    exact(days, local.rem_euclid(DAY)).map(|serial| (serial, format))
}

/// Days and a part of one as a double, if the microsecond can be read from it again.
fn exact(days: i64, micros: i64) -> Option<f64> {
    let serial = days as f64 + micros as f64 / DAY as f64;
    let read = ((serial - days as f64) * DAY as f64).round() as i64;
    (read == micros).then_some(serial)
}

/// A format with as many places behind the point; of a second Excel shows three at the most.
fn scaled(format: &str, places: usize) -> String {
    let most = if format == "0" { places } else { places.min(3) };
    if most == 0 { format.to_owned() } else { format!("{format}.{}", "0".repeat(most)) }
}

#[cfg(test)]
mod tests {
    use super::{Typed, typed};
    use crate::value::{Date, Interval, Time, Timestamp, Value};

    #[test]
    fn what_a_double_keeps_is_a_number_and_the_rest_is_text() {
        let noon = 1_750_075_200_000_000;
        let cases = [
            (Value::Int(1 << 53), "9007199254740992 0"),
            (Value::Int(-(1 << 53) - 1), "-9007199254740993"),
            (Value::UInt(u64::MAX), "18446744073709551615"),
            (Value::Decimal("-0.10".into()), "-0.1 0.00"),
            (Value::Decimal("0000123456789012.345".into()), "123456789012.345 0.000"),
            (Value::Decimal("1234567890123.456".into()), "1234567890123.456"),
            (Value::Decimal("NaN".into()), "NaN"),
            (Value::Float(0.1), "0.1 "),
            (Value::Float(f64::MAX), "1.7976931348623157e+308"),
            (Value::Float(5e-324), "5e-324"),
            (Value::Float(f64::INFINITY), "Infinity"),
            (Value::Real(0.1), "0.1 "),
            (Value::Date(Date::Days(20_254)), "45823 yyyy-mm-dd"),
            (Value::Date(Date::from_civil(1900, 3, 1).expect("a date")), "61 yyyy-mm-dd"),
            (Value::Date(Date::from_civil(1900, 2, 28).expect("a date")), "1900-02-28"),
            (Value::Date(Date::from_civil(10_000, 1, 1).expect("a date")), "10000-01-01"),
            (Value::Date(Date::Infinity), "infinity"),
            (Value::Time(Time::new(43_200_000_000, None)), "0.5 hh:mm:ss"),
            (Value::Time(Time::new(36 * 3_600_000_000, None)), "1.5 [hh]:mm:ss"),
            (Value::Time(Time::new(-3_600_000_000, None)), "-01:00:00"),
            (Value::Time(Time::new(0, Some(3_600))), "00:00:00+01"),
            (Value::Timestamp(Timestamp::new(noon, None)), "45824.5 yyyy-mm-dd hh:mm:ss"),
            (Value::Timestamp(Timestamp::new(noon, Some(-19_800))), "45824.270833333336 yyyy-mm-dd hh:mm:ss\"-05:30\""),
            (
                Value::Timestamp(Timestamp::new(noon + 500_000, Some(0))),
                "45824.500005787035 yyyy-mm-dd hh:mm:ss.0\"+00\"",
            ),
            (Value::Timestamp(Timestamp::new(Timestamp::INFINITY, Some(0))), "infinity"),
            (Value::Interval(Interval { months: 1, days: 0, micros: 0 }), "1 mon"),
            (Value::Bytes(vec![1].into()), "\\x01"),
        ];
        for (value, expected) in cases {
            let shown = match typed(&value) {
                Typed::Number(number, format) => format!("{number} {format}"),
                Typed::Text(text) => text.into_owned(),
                other => panic!("{other:?}"),
            };
            assert_eq!(shown, expected, "{value:?}");
        }
        assert_eq!(typed(&Value::Null), Typed::Empty);
        assert_eq!(typed(&Value::Bool(true)), Typed::Bool(true));
    }
}
