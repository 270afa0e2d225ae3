//! The frozen shapes of what is kept as text: labels, remembered values, instants.

use jiff::Timestamp;
use sqlx::Error;

use crate::name::Name;
use crate::value::{Value, stored};

/// Microseconds since 1970 in UTC.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn instant(micros: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|error| Error::Decode(error.into()))
}

/// `[["sku","A-1"]]`.
pub(super) fn write_labels(labels: &[(String, String)]) -> String {
    serde_json::to_string(labels).expect("pairs of text are JSON")
}

pub(super) fn read_labels(text: &str) -> Result<Vec<(String, String)>, Error> {
    serde_json::from_str(text).map_err(|error| Error::Decode(error.into()))
}

/// `["int:3","decimal:1.10"]`.
pub(super) fn write_values(values: &[Value<'_>]) -> String {
    let texts: Vec<String> = values.iter().map(stored::write).collect();
    serde_json::to_string(&texts).expect("texts are JSON")
}

/// A value that this version cannot read is NULL: the rule then has nothing to compare with.
pub(super) fn read_values(text: &str) -> Result<Vec<Value<'static>>, Error> {
    let texts: Vec<String> = serde_json::from_str(text).map_err(|error| Error::Decode(error.into()))?;
    Ok(texts.iter().map(|text| stored::read(text).unwrap_or(Value::Null)).collect())
}

/// A name of the catalogue.
pub(super) fn name(word: &str) -> Result<Name, Error> {
    Name::new(word).map_err(|_| unknown(word))
}

/// A word of the store that this version does not know.
pub(super) fn unknown(word: &str) -> Error {
    Error::Decode(format!("the store has the unknown word `{word}`").into())
}
