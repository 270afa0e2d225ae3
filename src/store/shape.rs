//! The frozen shapes of what is kept as text: labels, remembered values, instants.

use jiff::Timestamp;

use super::engine::Unreadable;
use crate::name::Name;
use crate::value::{Value, stored};

/// Microseconds since 1970 in UTC.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn instant(micros: i64) -> Result<Timestamp, Unreadable> {
    Timestamp::from_microsecond(micros).map_err(|error| Unreadable(error.to_string()))
}

/// `[["sku","A-1"]]`.
pub(super) fn write_labels(labels: &[(String, String)]) -> String {
    serde_json::to_string(labels).expect("pairs of text are JSON")
}

pub(super) fn read_labels(text: &str) -> Result<Vec<(String, String)>, Unreadable> {
    serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))
}

/// `["int:3","decimal:1.10"]`.
pub(super) fn write_values(values: &[Value<'_>]) -> String {
    let texts: Vec<String> = values.iter().map(stored::write).collect();
    serde_json::to_string(&texts).expect("texts are JSON")
}

/// A value that this version cannot read is NULL: the rule then has nothing to compare with.
pub(super) fn read_values(text: &str) -> Result<Vec<Value<'static>>, Unreadable> {
    let texts: Vec<String> = serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))?;
    Ok(texts.iter().map(|text| stored::read(text).unwrap_or(Value::Null)).collect())
}

/// A name of the catalogue.
pub(super) fn name(word: &str) -> Result<Name, Unreadable> {
    Name::new(word).map_err(|_| Unreadable::word(word))
}
