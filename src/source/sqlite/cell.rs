//! Cells and parameters of SQLite. Each cell has a class of its own, whatever its column declares.

use rusqlite::types::{Value as Stored, ValueRef};

use crate::value::{Timestamp, Value};

/// A cell where SQLite has it.
pub(super) fn value(cell: ValueRef<'_>) -> Value<'_> {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.into()),
        // Nothing in SQLite checks that a text is one.
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.into()),
            Err(_) => Value::Bytes(bytes.into()),
        },
    }
}

/// The parameters in the classes that SQLite has.
///
/// Decimals are bound as the numbers that SQLite would read from the same digits. Moments with an offset are bound as
/// text in UTC, which is what SQLite's own functions give.
pub(super) fn parameters(values: &[&Value<'static>]) -> Vec<Stored> {
    values.iter().map(|value| parameter(value)).collect()
}

fn parameter(value: &Value<'static>) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Bool(b) => Stored::Integer(i64::from(*b)),
        Value::Int(number) => Stored::Integer(*number),
        Value::UInt(number) => match i64::try_from(*number) {
            Ok(number) => Stored::Integer(number),
            Err(_) => Stored::Text(number.to_string()),
        },
        Value::Decimal(text) => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => Stored::Integer(number),
            (Err(_), Ok(number)) if number.is_finite() => Stored::Real(number),
            _ => Stored::Text(text.to_string()),
        },
        Value::Float(number) => Stored::Real(*number),
        Value::Real(number) => Stored::Real(f64::from(*number)),
        Value::Bytes(bytes) => Stored::Blob(bytes.to_vec()),
        Value::Timestamp(at) => Stored::Text(Timestamp { offset: None, ..*at }.to_string()),
        Value::Text(_) | Value::Date(_) | Value::Time(_) | Value::Interval(_) | Value::Json(_) | Value::Array(_) => {
            Stored::Text(value.to_string())
        }
    }
}
