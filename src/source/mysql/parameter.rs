//! Parameters of MySQL: bound with the type nearest to the value's.

use mysql_async::Value as Bound;

use crate::value::time::{DAY, civil_from_days};
use crate::value::{Date, Value};

/// A value as the driver binds it.
///
/// The protocol has no decimals and no offsets: a decimal goes as its digits, a moment with an offset as the clock shows
/// it in UTC, until [`shown_by`] puts what the session's clock shows in its place. What the calendar of MySQL lacks goes
/// as text, and the server says what it thinks of it.
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
        Value::Timestamp(at) => {
            moment(at.micros.div_euclid(DAY), at.micros.rem_euclid(DAY)).unwrap_or_else(|| text(value))
        }
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

/// Whether a value is a moment in the life of the world, which the session's clock shows in its own zone.
pub(super) fn is_instant(value: &Value<'_>) -> bool {
    matches!(value, Value::Timestamp(at) if at.offset.is_some())
}

/// Asks what the session's clock shows at so many instants, whole seconds in UTC each.
pub(super) fn clock(count: usize) -> String {
    format!("select {}", ["cast(convert_tz(?, '+00:00', @@session.time_zone) as datetime)"].repeat(count).join(", "))
}

/// A moment without its fraction of a second.
pub(super) fn whole_second(bound: &Bound) -> Bound {
    match bound {
        Bound::Date(year, month, day, hour, minute, second, _) => {
            Bound::Date(*year, *month, *day, *hour, *minute, *second, 0)
        }
        other => other.clone(),
    }
}

/// The same instant as the session's clock shows it; as it was where the server knows no better.
pub(super) fn shown_by(clock: &Bound, bound: &Bound) -> Bound {
    match (clock, bound) {
        (Bound::Date(year, month, day, hour, minute, second, _), Bound::Date(.., micros)) => {
            Bound::Date(*year, *month, *day, *hour, *minute, *second, *micros)
        }
        (_, bound) => bound.clone(),
    }
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
    use super::{shown_by, value, whole_second};
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
            (Value::Timestamp(Timestamp::new(noon, Some(32_400))), Bound::Date(2025, 11, 20, 12, 0, 0, 0)),
            (Value::Timestamp(Timestamp::new(i64::MAX, None)), Bound::from("infinity")),
        ];
        for (from, bound) in cases {
            assert_eq!(value(&from), bound, "{from:?}");
        }
    }

    #[test]
    fn an_instant_is_bound_as_the_clock_of_the_session_shows_it() {
        let utc = Bound::Date(2025, 11, 20, 23, 30, 5, 123_456);
        assert_eq!(whole_second(&utc), Bound::Date(2025, 11, 20, 23, 30, 5, 0));
        let seoul = Bound::Date(2025, 11, 21, 8, 30, 5, 0);
        assert_eq!(shown_by(&seoul, &utc), Bound::Date(2025, 11, 21, 8, 30, 5, 123_456));
        assert_eq!(shown_by(&Bound::NULL, &utc), utc);
    }
}
