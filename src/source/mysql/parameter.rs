//! Parameters of MySQL: bound with the type nearest to the value's.

use mysql_async::Value as Bound;

use crate::value::time::{DAY, civil_from_days};
use crate::value::{Date, Timestamp, Value};

/// A value as the driver binds it.
///
/// The protocol has no decimals and no offsets: a decimal goes as its digits, a moment with an offset as the wall clock
/// at that offset. What the calendar of MySQL lacks goes as text, and the server says what it thinks of it.
pub(super) fn value(value: &Value<'_>) -> Bound {
    match value {
        Value::Null => Bound::NULL,
        Value::Bool(b) => Bound::Int((*b).into()),
        Value::Int(number) => Bound::Int(*number),
        Value::UInt(number) => Bound::UInt(*number),
        Value::Float(number) => Bound::Double(*number),
        Value::Real(number) => Bound::Float(*number),
        Value::Bytes(bytes) => Bound::Bytes(bytes.to_vec()),
        Value::Date(Date::Days(days)) => moment((*days).into(), 0).unwrap_or_else(|| text(value)),
        Value::Timestamp(at) => wall_clock(*at).unwrap_or_else(|| text(value)),
        Value::Decimal(_)
        | Value::Text(_)
        | Value::Date(Date::Infinity | Date::NegativeInfinity)
        | Value::Time(_)
        | Value::Interval(_)
        | Value::Json(_)
        | Value::Array(_) => text(value),
    }
}

fn text(value: &Value<'_>) -> Bound {
    Bound::Bytes(value.to_string().into_bytes())
}

fn wall_clock(at: Timestamp) -> Option<Bound> {
    let local = at.micros.checked_add(i64::from(at.offset.unwrap_or(0)) * 1_000_000)?;
    moment(local.div_euclid(DAY), local.rem_euclid(DAY))
}

fn moment(days: i64, micros: i64) -> Option<Bound> {
    let (year, month, day) = civil_from_days(days);
    let year = u16::try_from(year).ok().filter(|year| *year <= 9_999)?;
    let small = |number: i64| u8::try_from(number).ok();
    let seconds = micros / 1_000_000;
    Some(Bound::Date(
        year,
        u8::try_from(month).ok()?,
        u8::try_from(day).ok()?,
        small(seconds / 3_600)?,
        small(seconds / 60 % 60)?,
        small(seconds % 60)?,
        u32::try_from(micros % 1_000_000).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::value;
    use crate::value::{Date, Timestamp, Value};
    use mysql_async::Value as Bound;

    #[test]
    fn values_are_bound_by_their_nearest_type() {
        let noon = 1_763_640_000_000_000;
        let date = Date::from_civil(2025, 11, 20).expect("a date");
        let cases = [
            (Value::Null, Bound::NULL),
            (Value::Bool(true), Bound::Int(1)),
            (Value::UInt(u64::MAX), Bound::UInt(u64::MAX)),
            (Value::Decimal("1.10".into()), Bound::from("1.10")),
            (Value::Date(date), Bound::Date(2025, 11, 20, 0, 0, 0, 0)),
            (Value::Date(Date::Infinity), Bound::from("infinity")),
            (Value::Timestamp(Timestamp::new(noon + 5, None)), Bound::Date(2025, 11, 20, 12, 0, 0, 5)),
            (Value::Timestamp(Timestamp::new(noon, Some(32_400))), Bound::Date(2025, 11, 20, 21, 0, 0, 0)),
            (Value::Timestamp(Timestamp::new(i64::MAX, None)), Bound::from("infinity")),
        ];
        for (from, bound) in cases {
            assert_eq!(value(&from), bound, "{from:?}");
        }
    }
}
