//! The frozen form of a value in the store: a tag, a colon and the text. Old rows must stay readable: tags are only added.

use super::{Date, Interval, Time, Timestamp, Value};

/// Writes a value; what judgement never compares with an earlier run (bytes, JSON, arrays) is kept as its text.
#[must_use]
pub fn write(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null:".into(),
        Value::Bool(b) => format!("bool:{b}"),
        Value::Int(i) => format!("int:{i}"),
        Value::UInt(u) => format!("uint:{u}"),
        Value::Decimal(text) => format!("decimal:{text}"),
        Value::Float(number) => format!("float:{number:e}"),
        Value::Real(number) => format!("real:{number:e}"),
        Value::Text(_) | Value::Bytes(_) | Value::Json(_) | Value::Array(_) => format!("text:{value}"),
        Value::Date(Date::Days(days)) => format!("date:{days}"),
        Value::Date(date) => format!("date:{date}"),
        Value::Time(time) => format!("time:{}:{}:{}", time.micros, optional(time.offset), time.scale),
        Value::Timestamp(at) => format!("timestamp:{}:{}:{}", at.micros, optional(at.offset), at.scale),
        Value::Interval(length) => format!("interval:{}:{}:{}", length.months, length.days, length.micros),
    }
}

/// Reads what [`write()`] wrote; none for anything else.
#[must_use]
pub fn read(text: &str) -> Option<Value<'static>> {
    let (tag, rest) = text.split_once(':')?;
    Some(match tag {
        "null" => Value::Null,
        "bool" => Value::Bool(rest.parse().ok()?),
        "int" => Value::Int(rest.parse().ok()?),
        "uint" => Value::UInt(rest.parse().ok()?),
        "decimal" => Value::Decimal(rest.to_owned().into()),
        "float" => Value::Float(rest.parse().ok()?),
        "real" => Value::Real(rest.parse().ok()?),
        "text" => Value::Text(rest.to_owned().into()),
        "date" => Value::Date(match rest {
            "infinity" => Date::Infinity,
            "-infinity" => Date::NegativeInfinity,
            days => Date::Days(days.parse().ok()?),
        }),
        "time" => {
            let (micros, offset, scale) = clock(rest)?;
            Value::Time(Time { micros, offset, scale })
        }
        "timestamp" => {
            let (micros, offset, scale) = clock(rest)?;
            Value::Timestamp(Timestamp { micros, offset, scale })
        }
        "interval" => {
            let mut parts = rest.split(':');
            let (months, days) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Value::Interval(Interval { months, days, micros: parts.next()?.parse().ok()? })
        }
        _ => return None,
    })
}

fn optional(offset: Option<i32>) -> String {
    offset.map_or_else(String::new, |seconds| seconds.to_string())
}

fn clock(text: &str) -> Option<(i64, Option<i32>, u8)> {
    let mut parts = text.split(':');
    let micros = parts.next()?.parse().ok()?;
    let offset = match parts.next()? {
        "" => None,
        seconds => Some(seconds.parse().ok()?),
    };
    Some((micros, offset, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use crate::value::{Date, Interval, Time, Timestamp, Value};

    #[test]
    fn every_tag_reads_back() {
        let values = [
            (Value::Null, "null:"),
            (Value::Bool(true), "bool:true"),
            (Value::Int(-3), "int:-3"),
            (Value::UInt(u64::MAX), "uint:18446744073709551615"),
            (Value::Decimal("1.10".into()), "decimal:1.10"),
            (Value::Float(0.1), "float:1e-1"),
            (Value::Real(0.1), "real:1e-1"),
            (Value::Text("a:b".into()), "text:a:b"),
            (Value::Date(Date::Days(20_777)), "date:20777"),
            (Value::Date(Date::Infinity), "date:infinity"),
            (Value::Time(Time::new(5, None)), "time:5::6"),
            (Value::Timestamp(Timestamp::new(0, Some(3600))), "timestamp:0:3600:0"),
            (Value::Interval(Interval { months: 1, days: -2, micros: 3 }), "interval:1:-2:3"),
        ];
        for (value, text) in values {
            assert_eq!(write(&value), text);
            assert_eq!(read(text), Some(value));
        }
        assert_eq!(read("unheard:of"), None);
    }
}
