//! Parameters of queries: their types, and how the text of a value is read.

use std::fmt;

use jiff::civil::DateTime;

use crate::value::{Date, Timestamp, Value};

/// The type of a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParameterKind {
    /// Any text.
    #[default]
    Text,
    /// A whole number of 64 bits.
    Int,
    /// An exact decimal.
    Decimal,
    /// `true` or `false`.
    Bool,
    /// `2026-11-20`.
    Date,
    /// `2026-11-20 12:00:00`, with `Z` or an offset when it should be a moment rather than a wall clock.
    Timestamp,
}

impl ParameterKind {
    /// Every kind with the word of the catalogue.
    pub const ALL: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("int", Self::Int),
        ("decimal", Self::Decimal),
        ("bool", Self::Bool),
        ("date", Self::Date),
        ("timestamp", Self::Timestamp),
    ];
}

/// What the catalogue says of a parameter.
#[derive(Clone, Debug, Default)]
pub struct Parameter {
    /// Its type.
    pub kind: ParameterKind,
    /// The only values it may take; none means any.
    pub choices: Vec<String>,
    /// Its value when none is given.
    pub default: Option<Value<'static>>,
}

/// Why a text is no value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterError(String);

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParameterError {}

impl Parameter {
    /// Reads a value.
    ///
    /// # Errors
    /// The text is not of the parameter's type, or not one of its choices.
    pub fn read(&self, text: &str) -> Result<Value<'static>, ParameterError> {
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == text) {
            return Err(ParameterError(format!("`{text}` is none of `{}`", self.choices.join("`, `"))));
        }
        let wrong = |wanted: &str| ParameterError(format!("`{text}` is not {wanted}"));
        match self.kind {
            ParameterKind::Text => Ok(Value::Text(text.to_owned().into())),
            ParameterKind::Int => whole(text).map(Value::Int).ok_or_else(|| wrong("a whole number of 64 bits")),
            ParameterKind::Decimal if is_decimal(text) => Ok(Value::Decimal(text.to_owned().into())),
            ParameterKind::Decimal => Err(wrong("a decimal such as 12.50")),
            ParameterKind::Bool => text.parse().map(Value::Bool).map_err(|_| wrong("`true` or `false`")),
            ParameterKind::Date => date(text).map(Value::Date).ok_or_else(|| wrong("a date such as 2026-11-20")),
            ParameterKind::Timestamp => {
                timestamp(text).map(Value::Timestamp).ok_or_else(|| wrong("a timestamp such as 2026-11-20 12:00:00"))
            }
        }
    }
}

fn whole(text: &str) -> Option<i64> {
    if text.starts_with('+') { None } else { text.parse().ok() }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

fn date(text: &str) -> Option<Date> {
    let exact = text.len() == "2026-11-20".len();
    let date: jiff::civil::Date = exact.then(|| text.parse().ok()).flatten()?;
    Date::from_civil(date.year().into(), date.month().unsigned_abs().into(), date.day().unsigned_abs().into())
}

fn timestamp(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        let offset = jiff::fmt::temporal::Pieces::parse(text).ok()?.to_numeric_offset()?;
        return Some(Timestamp::new(instant.as_microsecond(), Some(offset.seconds())));
    }
    let wall: DateTime = text.parse().ok()?;
    let utc = wall.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::new(utc.timestamp().as_microsecond(), None))
}

#[cfg(test)]
mod tests {
    use super::{Parameter, ParameterKind};

    #[test]
    fn values_are_read_by_type() {
        let cases = [
            (ParameterKind::Text, "", Some("")),
            (ParameterKind::Int, "-9223372036854775808", Some("-9223372036854775808")),
            (ParameterKind::Int, "9223372036854775808", None),
            (ParameterKind::Int, "+5", None),
            (ParameterKind::Decimal, "-12.50", Some("-12.50")),
            (ParameterKind::Decimal, "1e5", None),
            (ParameterKind::Bool, "true", Some("true")),
            (ParameterKind::Bool, "yes", None),
            (ParameterKind::Date, "2026-02-28", Some("2026-02-28")),
            (ParameterKind::Date, "2026-02-29", None),
            (ParameterKind::Timestamp, "2026-11-20 12:00:00", Some("2026-11-20 12:00:00")),
            (ParameterKind::Timestamp, "2026-11-20T12:00:00Z", Some("2026-11-20 12:00:00+00")),
            (ParameterKind::Timestamp, "2026-11-20T12:00:00+09:00", Some("2026-11-20 12:00:00+09")),
            (ParameterKind::Timestamp, "noon", None),
        ];
        for (kind, text, expected) in cases {
            let read = Parameter { kind, ..Parameter::default() }.read(text).ok().map(|value| value.to_string());
            assert_eq!(read.as_deref(), expected, "{kind:?} {text}");
        }
    }

    #[test]
    fn choices_are_the_only_values() {
        let country = Parameter { choices: vec!["KR".into(), "JP".into()], ..Parameter::default() };
        assert!(country.read("KR").is_ok());
        assert_eq!(country.read("US").expect_err("none").to_string(), "`US` is none of `KR`, `JP`");
    }
}
