//! Values as text without the detour over `fmt`: where an export of millions of rows spends its time.
//!
//! Whatever has a short way here is also printed by `Display`, and a test holds the two together.

use std::fmt::Write;

use super::time::DAY;
use super::{Date, Timestamp, Value};

/// The days of the years 1 to 9999, which have four digits and no era.
const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;
/// `00` to `99`.
const PAIRS: [u8; 200] = pairs();

const fn pairs() -> [u8; 200] {
    let mut pairs = [b'0'; 200];
    let mut number = 0;
    while number < 100 {
        pairs[2 * number] += (number / 10) as u8;
        pairs[2 * number + 1] += (number % 10) as u8;
        number += 1;
    }
    pairs
}

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
                digits.two(offset.unsigned_abs() / 3_600);
                digits.push(b':');
                digits.two(offset.unsigned_abs() / 60 % 60);
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
        digits.two(offset.unsigned_abs() / 3_600);
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

/// Year, month and day of one of [`DAYS`], by multiplications that the processor likes better than
/// [`civil_from_days`](super::time::civil_from_days): a century, a year of it and a month are each one linear function.
fn civil(days: i64) -> (u32, u32, u32) {
    let since_march = u32::try_from(days + 719_468).expect("after 0000-03-01");
    let quarters = 4 * since_march + 3;
    let (century, of_century) = (quarters / 146_097, quarters % 146_097 / 4);
    let scaled = 2_939_745 * u64::from(4 * of_century + 3);
    let (of_hundred, rest) = ((scaled >> 32) as u32, scaled as u32);
    let of_year = rest / 2_939_745 / 4;
    let months = 2_141 * of_year + 197_913;
    let (month, day) = (months >> 16, (months & 0xffff) / 2_141 + 1);
    let next = u32::from(of_year >= 306);
    (100 * century + of_hundred + next, month - 12 * next, day)
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
    fn two(&mut self, number: u32) {
        let at = 2 * number as usize;
        self.bytes[self.length..self.length + 2].copy_from_slice(&PAIRS[at..at + 2]);
        self.length += 2;
    }

    fn sign(&mut self, offset: i32) {
        self.push(if offset < 0 { b'-' } else { b'+' });
    }

    /// `YYYY-MM-DD`; false when the year is not one of four digits, and nothing is written then.
    fn days(&mut self, days: i64) -> bool {
        let Some((year, month, day)) = DAYS.contains(&days).then(|| civil(days)) else { return false };
        self.two(year / 100);
        self.two(year % 100);
        self.push(b'-');
        self.two(month);
        self.push(b'-');
        self.two(day);
        true
    }

    /// Date and time without the offset; false as [`Digits::days`].
    fn moment(&mut self, timestamp: Timestamp, between: u8) -> bool {
        let offset = i64::from(timestamp.offset.unwrap_or(0)) * 1_000_000;
        let Some(local) = timestamp.micros.checked_add(offset) else { return false };
        if !self.days(local.div_euclid(DAY)) {
            return false;
        }
        let micros = local.rem_euclid(DAY);
        let small = |number: i64| u32::try_from(number).expect("less than a day");
        let (seconds, fraction) = (small(micros / 1_000_000), small(micros % 1_000_000));
        self.push(between);
        self.two(seconds / 3_600);
        self.push(b':');
        self.two(seconds / 60 % 60);
        self.push(b':');
        self.two(seconds % 60);
        self.fraction(fraction, timestamp.scale);
        true
    }

    fn fraction(&mut self, micros: u32, scale: u8) {
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

    use crate::value::time::civil_from_days;
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

    #[test]
    fn every_day_of_four_digits_is_the_same_by_both_ways() {
        for days in super::DAYS {
            let (year, month, day) = super::civil(days);
            assert_eq!(civil_from_days(days), (year.into(), month, day));
        }
        assert_eq!(
            (civil_from_days(*super::DAYS.start() - 1).0, civil_from_days(*super::DAYS.end() + 1).0),
            (0, 10_000)
        );
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
