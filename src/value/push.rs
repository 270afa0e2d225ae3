//! Values as text without the detour over `fmt`: where an export of millions of rows spends its time.
//!
//! Whatever has a short way here is also printed by `Display`, and a test holds the two together.

use std::fmt::Write;

use super::time::{DAY, civil_from_days};
use super::{Date, Timestamp, Value};

/// The years that are four digits and no era.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9_999;

impl Value<'_> {
    /// Appends what `Display` prints.
    pub fn push_to(&self, out: &mut String) {
        match self {
            Self::Null => {}
            Self::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Int(i) => out.push_str(itoa::Buffer::new().format(*i)),
            Self::UInt(u) => out.push_str(itoa::Buffer::new().format(*u)),
            Self::Decimal(text) | Self::Text(text) | Self::Json(text) => out.push_str(text),
            Self::Float(number) if is_short(*number) => {
                push_short(out, zmij::Buffer::new().format_finite(*number));
            }
            Self::Real(number) if (1e-4..1e6).contains(&number.abs()) || *number == 0.0 => {
                push_short(out, zmij::Buffer::new().format_finite(*number));
            }
            Self::Bytes(bytes) => push_hex(out, bytes),
            Self::Date(Date::Days(days)) => {
                let mut digits = Digits::default();
                if digits.days((*days).into()) { out.push_str(digits.text()) } else { self.write_to(out) }
            }
            Self::Timestamp(timestamp) => push_timestamp(out, *timestamp),
            Self::Float(_) | Self::Real(_) | Self::Date(_) | Self::Time(_) | Self::Interval(_) | Self::Array(_) => {
                self.write_to(out);
            }
        }
    }

    fn write_to(&self, out: &mut String) {
        write!(out, "{self}").expect("memory takes everything");
    }
}

impl Timestamp {
    /// Appends what [`Timestamp::to_rfc3339`] gives.
    pub fn push_rfc3339(self, out: &mut String) {
        let mut digits = Digits::default();
        let whole = self.offset.is_none_or(|offset| offset % 60 == 0);
        if !(whole && digits.moment(self, b'T')) {
            return out.push_str(&self.to_rfc3339());
        }
        match self.offset {
            None => {}
            Some(0) => digits.push(b'Z'),
            Some(offset) => {
                digits.sign(offset);
                digits.two(i64::from(offset.unsigned_abs()) / 3_600);
                digits.push(b':');
                digits.two(i64::from(offset.unsigned_abs()) / 60 % 60);
            }
        }
        out.push_str(digits.text());
    }
}

fn push_timestamp(out: &mut String, timestamp: Timestamp) {
    let mut digits = Digits::default();
    let whole = timestamp.offset.is_none_or(|offset| offset % 3_600 == 0);
    if !(whole && digits.moment(timestamp, b' ')) {
        return write!(out, "{timestamp}").expect("memory takes everything");
    }
    if let Some(offset) = timestamp.offset {
        digits.sign(offset);
        digits.two(i64::from(offset.unsigned_abs()) / 3_600);
    }
    out.push_str(digits.text());
}

/// Whether PostgreSQL writes this double without an exponent.
fn is_short(number: f64) -> bool {
    (1e-4..1e15).contains(&number.abs()) || number == 0.0
}

/// Appends the shortest digits, which end in `.0` where a database writes none.
fn push_short(out: &mut String, digits: &str) {
    out.push_str(digits.strip_suffix(".0").unwrap_or(digits));
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.reserve(2 + 2 * bytes.len());
    out.push_str("\\x");
    for byte in bytes {
        out.push(HEX[usize::from(byte >> 4)].into());
        out.push(HEX[usize::from(byte & 15)].into());
    }
}

/// A short text of digits on the stack.
#[derive(Default)]
struct Digits {
    bytes: [u8; 32],
    length: usize,
}

impl Digits {
    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    /// A number below one hundred.
    fn two(&mut self, number: i64) {
        let digit = |number: i64| b'0' + u8::try_from(number % 10).expect("a digit");
        self.push(digit(number / 10));
        self.push(digit(number));
    }

    fn sign(&mut self, offset: i32) {
        self.push(if offset < 0 { b'-' } else { b'+' });
    }

    /// `YYYY-MM-DD`; false when the year is none of [`YEARS`], and nothing is written then.
    fn days(&mut self, days: i64) -> bool {
        let (year, month, day) = civil_from_days(days);
        if YEARS.contains(&year) {
            self.two(year / 100);
            self.two(year % 100);
            self.push(b'-');
            self.two(month.into());
            self.push(b'-');
            self.two(day.into());
        }
        YEARS.contains(&year)
    }

    /// Date and time without the offset; false as [`Digits::days`].
    fn moment(&mut self, timestamp: Timestamp, between: u8) -> bool {
        let offset = i64::from(timestamp.offset.unwrap_or(0)) * 1_000_000;
        let Some(local) = timestamp.micros.checked_add(offset) else { return false };
        if !self.days(local.div_euclid(DAY)) {
            return false;
        }
        let micros = local.rem_euclid(DAY);
        let seconds = micros / 1_000_000;
        self.push(between);
        self.two(seconds / 3_600);
        self.push(b':');
        self.two(seconds / 60 % 60);
        self.push(b':');
        self.two(seconds % 60);
        self.fraction(micros % 1_000_000, timestamp.scale);
        true
    }

    fn fraction(&mut self, micros: i64, scale: u8) {
        if scale > 0 {
            self.push(b'.');
            let end = self.length + usize::from(scale.min(6));
            self.two(micros / 10_000);
            self.two(micros / 100 % 100);
            self.two(micros % 100);
            self.length = end;
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("digits")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy as _, any, prop_oneof, proptest};

    use crate::value::{Date, Timestamp, Value};

    #[track_caller]
    fn same(value: &Value<'_>) {
        let mut pushed = String::new();
        value.push_to(&mut pushed);
        assert_eq!(pushed, value.to_string());
    }

    #[test]
    fn the_edges_are_pushed_as_they_are_displayed() {
        for number in [0.0, -0.0, 1.0, 1e15, 999_999_999_999_999.9, 1e-4, 9.9e-5, 5e-324, f64::MAX, f64::NAN, -1.5] {
            same(&Value::Float(number));
            same(&Value::Float(-number));
        }
        for number in [0.0, 0.1, 1e6, 999_999.9, 1e-4, 9.9e-5, f32::MIN_POSITIVE, f32::INFINITY] {
            same(&Value::Real(number));
        }
        for days in [Date::Infinity, Date::NegativeInfinity, Date::Days(i32::MIN), Date::Days(-719_163)] {
            same(&Value::Date(days));
        }
        for micros in [i64::MIN, i64::MAX, i64::MAX - 1, 0, -1, 253_402_300_799_999_999, 253_402_300_800_000_000] {
            let at = Timestamp { micros, offset: None, scale: 6 };
            same(&Value::Timestamp(at));
        }
        same(&Value::Bytes(vec![0, 127, 255].into()));
        same(&Value::Bool(false));
        same(&Value::Null);
    }

    proptest! {
        #[test]
        fn numbers_are_pushed_as_they_are_displayed(
            float in any::<f64>(), near in -1e16..1e16, real in any::<f32>(), int in any::<i64>(), uint in any::<u64>(),
        ) {
            for value in [Value::Float(float), Value::Float(near), Value::Real(real), Value::Int(int), Value::UInt(uint)] {
                same(&value);
            }
        }

        #[test]
        fn times_are_pushed_as_they_are_displayed(
            micros in -70_000_000_000_000_000..300_000_000_000_000_000_i64,
            days in any::<i32>(),
            near in -800_000..3_000_000_i32,
            scale in 0..=6_u8,
            offset in prop_oneof![
                Just(None),
                (-15..=15_i32).prop_map(|hours| Some(hours * 3_600)),
                (-54_000..54_000_i32).prop_map(Some),
            ],
        ) {
            let at = Timestamp { micros, offset, scale };
            same(&Value::Timestamp(at));
            same(&Value::Date(Date::Days(days)));
            same(&Value::Date(Date::Days(near)));
            let mut pushed = String::new();
            at.push_rfc3339(&mut pushed);
            assert_eq!(pushed, at.to_rfc3339());
        }
    }
}
