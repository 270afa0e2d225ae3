//! Cells and parameters of SQLite. Each cell has a class of its own, whatever its column declares.

use sqlx::sqlite::{SqliteArguments, SqliteRow, SqliteValueRef};
use sqlx::{Arguments, Decode, Row, Sqlite, TypeInfo, ValueRef};

use crate::table::Batch;
use crate::value::{Timestamp, Value};

/// Appends the cells of a row.
pub(super) fn push(row: &SqliteRow, batch: &mut Batch) -> Result<(), sqlx::Error> {
    for index in 0..row.len() {
        let raw = row.try_get_raw(index)?;
        let class = if raw.is_null() { Class::Null } else { Class::of(raw.type_info().name()) };
        let value = match class {
            Class::Null => Value::Null,
            Class::Integer => Value::Int(decode(raw)?),
            Class::Real => Value::Float(decode(raw)?),
            Class::Blob => Value::Bytes(decode::<&[u8]>(raw)?.into()),
            Class::Text => {
                let bytes: &[u8] = decode(raw)?;
                // Nothing in SQLite checks that a text is one.
                std::str::from_utf8(bytes).map_or_else(|_| Value::Bytes(bytes.into()), |text| Value::Text(text.into()))
            }
        };
        batch.push(&value);
    }
    Ok(())
}

/// What a cell is stored as.
enum Class {
    Null,
    Integer,
    Real,
    Text,
    Blob,
}

impl Class {
    fn of(name: &str) -> Self {
        match name {
            "INTEGER" => Self::Integer,
            "REAL" => Self::Real,
            "TEXT" => Self::Text,
            _ => Self::Blob,
        }
    }
}

fn decode<'r, T: Decode<'r, Sqlite>>(raw: SqliteValueRef<'r>) -> Result<T, sqlx::Error> {
    T::decode(raw).map_err(sqlx::Error::Decode)
}

/// The parameters in the classes that SQLite has.
///
/// Decimals are bound as the numbers that SQLite would read from the same digits. Moments with an offset are bound as
/// text in UTC, which is what SQLite's own functions give.
pub(super) fn arguments(values: &[&Value<'static>]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Bool(b) => arguments.add(i64::from(*b)),
            Value::Int(number) => arguments.add(*number),
            Value::UInt(number) => match i64::try_from(*number) {
                Ok(number) => arguments.add(number),
                Err(_) => arguments.add(number.to_string()),
            },
            Value::Decimal(text) => match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(number), _) => arguments.add(number),
                (Err(_), Ok(number)) if number.is_finite() => arguments.add(number),
                _ => arguments.add(text.to_string()),
            },
            Value::Float(number) => arguments.add(*number),
            Value::Real(number) => arguments.add(f64::from(*number)),
            Value::Bytes(bytes) => arguments.add(bytes.to_vec()),
            Value::Timestamp(at) => arguments.add(Timestamp { offset: None, ..*at }.to_string()),
            Value::Text(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::Interval(_)
            | Value::Json(_)
            | Value::Array(_) => arguments.add(value.to_string()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
