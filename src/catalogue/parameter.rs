//! Parameters of queries: their types, and how the text of a value is read.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::source::{Argument, LONGEST_LIST};
use crate::value::{Date, Timestamp, Value, stored};
use moment::Moment;

mod moment;

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
    /// `2026-11-20`, or words for a day: `today - 7d`.
    Date,
    /// `2026-11-20 12:00:00`, with `Z` or an offset when it should be a moment rather than a wall clock, or words for
    /// a moment: `now - 1h`.
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
    /// Its type, or that of each value of a list.
    pub kind: ParameterKind,
    /// Whether it takes several values, as in `in (:ids)`.
    pub is_list: bool,
    /// The only values it may take; none means any.
    pub choices: Vec<String>,
    /// What it is given when nothing else is.
    pub default: Option<Given>,
}

/// What a parameter is given, read as far as that goes without a clock: `today` is a day only when it is asked for.
#[derive(Clone, Debug)]
pub struct Given {
    terms: Vec<Term>,
    is_list: bool,
}

/// One value, or the words for one.
#[derive(Clone, Debug)]
pub(super) enum Term {
    Value(Value<'static>),
    Day(Moment, String),
    Instant(Moment, String),
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

impl Given {
    pub(super) fn new(terms: Vec<Term>, is_list: bool) -> Self {
        Self { terms, is_list }
    }

    /// One value that stands as it is.
    #[must_use]
    pub fn value(value: Value<'static>) -> Self {
        Self::new(vec![Term::Value(value)], false)
    }

    /// How it was written, in a stable form: what `today` means changes, what it says does not.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let words = |term: &Term| match term {
            Term::Value(value) => stored::write(value),
            Term::Day(_, text) | Term::Instant(_, text) => text.clone(),
        };
        self.terms.iter().map(words).collect()
    }

    /// What is bound when the statement runs at `now`. The words for days and instants mean those of `zone`.
    ///
    /// # Errors
    /// The words lead out of the calendar.
    pub fn at(&self, now: jiff::Timestamp, zone: &TimeZone) -> Result<Argument, ParameterError> {
        let mut values = self.terms.iter().map(|term| term.at(now, zone)).collect::<Result<Vec<_>, _>>()?;
        match values.pop() {
            Some(value) if !self.is_list => Ok(Argument::One(value)),
            last => Ok(Argument::List(values.into_iter().chain(last).collect())),
        }
    }
}

impl Term {
    fn at(&self, now: jiff::Timestamp, zone: &TimeZone) -> Result<Value<'static>, ParameterError> {
        let out = |text: &String| ParameterError(format!("`{text}` leads out of the calendar"));
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Day(moment, text) => {
                let at = moment.at(now, zone).map_err(|_| out(text))?;
                day(at.date()).map(Value::Date).ok_or_else(|| out(text))
            }
            Self::Instant(moment, text) => {
                let at = moment.at(now, zone).map_err(|_| out(text))?;
                let offset = at.offset().seconds();
                Ok(Value::Timestamp(Timestamp::new(at.timestamp().as_microsecond(), Some(offset))))
            }
        }
    }
}

impl Parameter {
    /// Reads what the command line gives: one text for each time the parameter is named. The last counts, unless it is
    /// a list: then all do, and each is taken apart at its commas; `\\,` is a comma that stays.
    ///
    /// # Errors
    /// A text is not of the parameter's type, or not one of its choices, or the list is empty or too long.
    pub fn read(&self, texts: &[&str]) -> Result<Given, ParameterError> {
        let items: Vec<String> = match texts {
            _ if self.is_list => texts.iter().flat_map(|text| items(text)).collect(),
            [.., last] => vec![(*last).to_owned()],
            [] => Vec::new(),
        };
        self.check_length(items.len())?;
        let terms = items.iter().map(|item| self.term(item)).collect::<Result<_, _>>()?;
        Ok(Given::new(terms, self.is_list))
    }

    /// Whether a list may have so many values.
    pub(super) fn check_length(&self, length: usize) -> Result<(), ParameterError> {
        match length {
            0 if self.is_list => Err(ParameterError("the list is empty; it needs a value or more".into())),
            length if length > LONGEST_LIST => {
                Err(ParameterError(format!("the list has {length} values; at most {LONGEST_LIST} are bound")))
            }
            _ => Ok(()),
        }
    }

    /// Reads one value, or one of a list.
    pub(super) fn term(&self, text: &str) -> Result<Term, ParameterError> {
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == text) {
            return Err(ParameterError(format!("`{text}` is none of `{}`", self.choices.join("`, `"))));
        }
        let wrong = |wanted: &str| ParameterError(format!("`{text}` is not {wanted}"));
        let moment = || Moment::parse(text).transpose();
        let moment = || moment().map_err(|problem| ParameterError(format!("`{text}` {problem}")));
        let value = match self.kind {
            ParameterKind::Text => Value::Text(text.to_owned().into()),
            ParameterKind::Int => Value::Int(whole(text).ok_or_else(|| wrong("a whole number of 64 bits"))?),
            ParameterKind::Decimal if is_decimal(text) => Value::Decimal(text.to_owned().into()),
            ParameterKind::Decimal => return Err(wrong("a decimal such as 12.50")),
            ParameterKind::Bool => Value::Bool(text.parse().map_err(|_| wrong("`true` or `false`"))?),
            ParameterKind::Date => match moment()? {
                Some(moment) => return Ok(Term::Day(moment, text.to_owned())),
                None => Value::Date(date(text).ok_or_else(|| wrong("a date such as 2026-11-20 or `today - 7d`"))?),
            },
            ParameterKind::Timestamp => match moment()? {
                Some(moment) => return Ok(Term::Instant(moment, text.to_owned())),
                None => Value::Timestamp(
                    timestamp(text).ok_or_else(|| wrong("a timestamp such as 2026-11-20 12:00:00 or `now - 1h`"))?,
                ),
            },
        };
        Ok(Term::Value(value))
    }
}

/// The parts of a text between its commas; none of an empty text.
fn items(text: &str) -> Vec<String> {
    let (mut items, mut item, mut escaped) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match (c, escaped) {
            ('\\', false) => escaped = true,
            (',', false) => items.push(std::mem::take(&mut item)),
            _ => {
                item.push_str(if escaped && !matches!(c, ',' | '\\') { "\\" } else { "" });
                item.push(c);
                escaped = false;
            }
        }
    }
    item.push_str(if escaped { "\\" } else { "" });
    if !text.is_empty() {
        items.push(item);
    }
    items
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
    exact.then(|| text.parse().ok()).flatten().and_then(day)
}

fn day(date: jiff::civil::Date) -> Option<Date> {
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
    use super::{Parameter, ParameterKind, items};
    use crate::source::Argument;
    use jiff::tz::TimeZone;

    /// What is bound on a Friday evening in UTC, printed.
    fn bound(parameter: &Parameter, texts: &[&str]) -> Result<Vec<String>, String> {
        let now = "2026-11-20T23:30:00Z".parse().expect("a time");
        let zone = TimeZone::get("Asia/Seoul").expect("a zone");
        let given = parameter.read(texts).and_then(|given| given.at(now, &zone)).map_err(|error| error.to_string())?;
        Ok(match given {
            Argument::One(value) => vec![value.to_string()],
            Argument::List(values) => values.iter().map(ToString::to_string).collect(),
        })
    }

    #[test]
    fn values_are_read_by_type() {
        let cases = [
            (ParameterKind::Text, "", Some("")),
            (ParameterKind::Text, "today", Some("today")),
            (ParameterKind::Int, "-9223372036854775808", Some("-9223372036854775808")),
            (ParameterKind::Int, "9223372036854775808", None),
            (ParameterKind::Int, "+5", None),
            (ParameterKind::Decimal, "-12.50", Some("-12.50")),
            (ParameterKind::Decimal, "1e5", None),
            (ParameterKind::Bool, "true", Some("true")),
            (ParameterKind::Bool, "yes", None),
            (ParameterKind::Date, "2026-02-28", Some("2026-02-28")),
            (ParameterKind::Date, "2026-02-29", None),
            (ParameterKind::Date, "today - 7d", Some("2026-11-14")),
            (ParameterKind::Date, "today - 13000y", None),
            (ParameterKind::Timestamp, "2026-11-20 12:00:00", Some("2026-11-20 12:00:00")),
            (ParameterKind::Timestamp, "2026-11-20T12:00:00Z", Some("2026-11-20 12:00:00+00")),
            (ParameterKind::Timestamp, "2026-11-20T12:00:00+09:00", Some("2026-11-20 12:00:00+09")),
            (ParameterKind::Timestamp, "now - 1h", Some("2026-11-21 07:30:00+09")),
            (ParameterKind::Timestamp, "noon", None),
        ];
        for (kind, text, expected) in cases {
            let read = bound(&Parameter { kind, ..Parameter::default() }, &[text]).ok();
            assert_eq!(read.as_deref(), expected.map(|text| vec![text.to_owned()]).as_deref(), "{kind:?} {text}");
        }
    }

    #[test]
    fn choices_are_the_only_values() {
        let country = Parameter { choices: vec!["KR".into(), "JP".into()], ..Parameter::default() };
        assert_eq!(bound(&country, &["KR"]), Ok(vec!["KR".into()]));
        assert_eq!(bound(&country, &["US"]), Err("`US` is none of `KR`, `JP`".into()));
        let countries = Parameter { is_list: true, ..country };
        assert_eq!(bound(&countries, &["JP,KR"]), Ok(vec!["JP".into(), "KR".into()]));
        assert_eq!(bound(&countries, &["JP", "US"]), Err("`US` is none of `KR`, `JP`".into()));
    }

    #[test]
    fn the_last_value_counts_but_a_list_takes_all() {
        let number = Parameter { kind: ParameterKind::Int, ..Parameter::default() };
        assert_eq!(bound(&number, &["1", "2"]), Ok(vec!["2".into()]));
        let numbers = Parameter { is_list: true, ..number };
        assert_eq!(bound(&numbers, &["1,2", "3"]), Ok(["1", "2", "3"].map(String::from).to_vec()));
        assert_eq!(bound(&numbers, &["1,x"]), Err("`x` is not a whole number of 64 bits".into()));
        assert_eq!(bound(&numbers, &[""]), Err("the list is empty; it needs a value or more".into()));
        let many = "1,".repeat(10_000) + "1";
        assert_eq!(bound(&numbers, &[&many]), Err("the list has 10001 values; at most 10000 are bound".into()));
    }

    #[test]
    fn commas_divide_unless_they_are_escaped() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            ("a", &["a"]),
            ("a,,b", &["a", "", "b"]),
            ("a\\,b,c", &["a,b", "c"]),
            ("a\\\\,b", &["a\\", "b"]),
            ("a\\b\\", &["a\\b\\"]),
        ];
        for (text, expected) in cases {
            assert_eq!(items(text), expected, "{text}");
        }
    }
}
