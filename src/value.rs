//! `Value`: what a cell of a result can be. A closed set.
//!
//! A door decodes its driver's bytes into values; judgement compares them, presentation prints them. A value borrows its
//! text where it can, so that reading a batch copies nothing. `Display` is the form a database prints in tables and
//! CSV; [`stored`] is the frozen form of the store. Knows no other room.

use std::borrow::Cow;
use std::fmt;

pub use array::{Array, Dimension};
pub use time::{Date, Interval, Time, Timestamp};

mod array;
mod float;
mod push;
pub mod stored;
pub mod time;

/// One cell. Numbers are exact: 64-bit integers are never floats, decimals keep every digit the database sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer of up to 64 bits.
    Int(i64),
    /// An unsigned integer of 64 bits.
    UInt(u64),
    /// An exact decimal as the database prints it: digits, point and sign, or `NaN`, `Infinity`, `-Infinity`.
    Decimal(Cow<'a, str>),
    /// A double.
    Float(f64),
    /// A single-precision float.
    Real(f32),
    /// Text; also what has no value of its own, such as ranges, rows and the zero date, as the database prints it.
    Text(Cow<'a, str>),
    /// Bytes; also a text that is no UTF-8, such as SQLite keeps without a word: none of it is lost.
    Bytes(Cow<'a, [u8]>),
    /// A calendar date.
    Date(Date),
    /// A time of day, or a signed length of time in MySQL.
    Time(Time),
    /// A date and time, with or without an offset.
    Timestamp(Timestamp),
    /// Months, days and microseconds.
    Interval(Interval),
    /// A JSON document as text.
    Json(Cow<'a, str>),
    /// An array of any dimension.
    Array(Cow<'a, Array>),
}

impl Value<'_> {
    /// The same value, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(i) => Value::Int(i),
            Self::UInt(u) => Value::UInt(u),
            Self::Decimal(text) => Value::Decimal(Cow::Owned(text.into_owned())),
            Self::Float(f) => Value::Float(f),
            Self::Real(f) => Value::Real(f),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Date(date) => Value::Date(date),
            Self::Time(time) => Value::Time(time),
            Self::Timestamp(timestamp) => Value::Timestamp(timestamp),
            Self::Interval(interval) => Value::Interval(interval),
            Self::Json(text) => Value::Json(Cow::Owned(text.into_owned())),
            Self::Array(array) => Value::Array(Cow::Owned(array.into_owned())),
        }
    }

    /// Whether this is NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether this is a number: numbers stand right in a table and bare in JSON.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::UInt(_) | Self::Decimal(_) | Self::Float(_) | Self::Real(_))
    }

    /// The word for the kind of value in messages to people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::UInt(_) => "integer",
            Self::Decimal(_) => "decimal",
            Self::Float(_) | Self::Real(_) => "float",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::Timestamp(timestamp) if timestamp.offset.is_some() => "timestamp with time zone",
            Self::Timestamp(_) => "timestamp",
            Self::Interval(_) => "interval",
            Self::Json(_) => "json",
            Self::Array(_) => "array",
        }
    }
}

/// The text a database would print; NULL prints nothing, its printer decides on a mark.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(i) => write!(f, "{i}"),
            Self::UInt(u) => write!(f, "{u}"),
            Self::Decimal(text) | Self::Text(text) | Self::Json(text) => f.write_str(text),
            Self::Float(number) => float::write_double(f, *number),
            Self::Real(number) => float::write_single(f, *number),
            Self::Bytes(bytes) => {
                f.write_str("\\x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Date(date) => write!(f, "{date}"),
            Self::Time(time) => write!(f, "{time}"),
            Self::Timestamp(timestamp) => write!(f, "{timestamp}"),
            Self::Interval(interval) => write!(f, "{interval}"),
            Self::Array(array) => write!(f, "{array}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn values_print_as_a_database_prints_them() {
        let cases: [(Value<'_>, &str); 9] = [
            (Value::Null, ""),
            (Value::Bool(true), "true"),
            (Value::Int(i64::MIN), "-9223372036854775808"),
            (Value::UInt(u64::MAX), "18446744073709551615"),
            (Value::Decimal("0.10".into()), "0.10"),
            (Value::Float(0.1), "0.1"),
            (Value::Real(0.1), "0.1"),
            (Value::Bytes(vec![0, 255].into()), "\\x00ff"),
            (Value::Json("{\"a\": 1}".into()), "{\"a\": 1}"),
        ];
        for (value, text) in cases {
            assert_eq!(value.to_string(), text);
        }
    }
}
