//! A value on its way through an expression: numbers of one kind, NaN already NULL, and everything else as it came.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::tz::TimeZone;

use super::number::Number;
use super::written::{INTERVAL_FORMS, MOMENT_FORMS, Moment, read_interval, read_moment, read_time};
use super::{Context, moment};
use crate::value::{Interval, Time, Value};

/// The longest text of a value in an error, in characters.
const LONGEST_SHOWN: usize = 60;

#[derive(Clone, Debug)]
pub(super) enum Operand<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    Moment(Moment),
    Time(Time),
    Interval(Interval),
    /// JSON, an array, or a decimal that cannot be read: nothing can be done with it but asking whether it is NULL.
    Other(Value<'a>),
}

/// Why two values that are not NULL cannot be compared, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clash {
    NumberAndText,
    NumberAndBool,
    /// The text does not read as what the other side is.
    Unread(&'static str),
    /// A moment, or a text that reads as one, and a length of time.
    MomentAndInterval,
    Kinds,
}

impl<'a> Operand<'a> {
    pub(super) fn of(value: Value<'a>) -> Self {
        let number = |number: Option<Number>| number.map_or(Self::Null, Self::Number);
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(b),
            Value::Int(i) => Self::Number(Number::Int(i.into())),
            Value::UInt(u) => Self::Number(Number::Int(u.into())),
            Value::Decimal(text) if text.eq_ignore_ascii_case("nan") => Self::Null,
            Value::Decimal(text) => match Number::read_decimal(&text) {
                Some(number) => Self::Number(number),
                None => Self::Other(Value::Decimal(text)),
            },
            Value::Float(double) => number(Number::of_double(double)),
            Value::Real(single) => number(Number::of_single(single)),
            Value::Text(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::Date(date) => Self::Moment(Moment::Date(date)),
            Value::Timestamp(timestamp) => Self::Moment(Moment::Timestamp(timestamp)),
            Value::Time(time) => Self::Time(time),
            Value::Interval(interval) => Self::Interval(interval),
            Value::Json(_) | Value::Array(_) => Self::Other(value),
        }
    }

    pub(super) fn into_value(self) -> Value<'a> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Number(number) => number.into_value(),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Moment(Moment::Date(date)) => Value::Date(date),
            Self::Moment(Moment::Timestamp(timestamp)) => Value::Timestamp(timestamp),
            Self::Time(time) => Value::Time(time),
            Self::Interval(interval) => Value::Interval(interval),
            Self::Other(value) => value,
        }
    }

    pub(super) fn count(count: usize) -> Self {
        Self::Number(Number::Int(i128::try_from(count).expect("a count of what is in memory")))
    }

    /// What `now()` gives.
    pub(super) fn now(context: &Context<'_>) -> Self {
        Self::Moment(Moment::Timestamp(moment::present(context.now, context.zone)))
    }

    /// The same value with its text borrowed from here.
    pub(super) fn borrowed(&self) -> Operand<'_> {
        match self {
            Self::Text(text) => Operand::Text(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Operand::Bytes(Cow::Borrowed(bytes)),
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Moment(_)
            | Self::Time(_)
            | Self::Interval(_)
            | Self::Other(_) => self.clone(),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as an error shows it: ``the text `paid` ``.
    pub(super) fn described(&self) -> String {
        let value = self.clone().into_value();
        let text = value.to_string();
        let clipped: String = text.chars().take(LONGEST_SHOWN).collect();
        let mark = if clipped.len() < text.len() { ".." } else { "" };
        format!("the {} `{}{mark}`", value.kind(), clipped.escape_debug())
    }

    /// The moment that this is, or that this text reads as.
    pub(super) fn moment(&self) -> Option<Moment> {
        match self {
            Self::Moment(moment) => Some(*moment),
            Self::Text(text) => read_moment(text),
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Bytes(_)
            | Self::Time(_)
            | Self::Interval(_)
            | Self::Other(_) => None,
        }
    }

    /// Which of two values that are not NULL is greater.
    pub(super) fn compare(&self, other: &Self, zone: &TimeZone) -> Result<Ordering, Clash> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Ok(a.compare(b)),
            (Self::Text(a), Self::Text(b)) => Ok(a.cmp(b)),
            (Self::Moment(a), Self::Moment(b)) => Ok(moment::compare(*a, *b, zone)),
            (Self::Bool(a), Self::Bool(b)) => Ok(a.cmp(b)),
            (Self::Interval(a), Self::Interval(b)) => Ok(moment::span(*a).cmp(&moment::span(*b))),
            (Self::Time(a), Self::Time(b)) => Ok(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Ok(a.cmp(b)),
            // A `time` of MySQL is a length as often as a time of day.
            (Self::Time(a), Self::Interval(b)) => Ok(i128::from(a.micros).cmp(&moment::span(*b))),
            (Self::Interval(a), Self::Time(b)) => Ok(moment::span(*a).cmp(&i128::from(b.micros))),
            (Self::Text(text), typed) => Self::read_like(typed, text)?.compare(typed, zone),
            (typed, Self::Text(text)) => typed.compare(&Self::read_like(typed, text)?, zone),
            (Self::Number(_), Self::Bool(_)) | (Self::Bool(_), Self::Number(_)) => Err(Clash::NumberAndBool),
            (Self::Moment(_), Self::Interval(_)) | (Self::Interval(_), Self::Moment(_)) => {
                Err(Clash::MomentAndInterval)
            }
            _ => Err(Clash::Kinds),
        }
    }

    /// Reads a text as a value of the kind of `typed`: for moments, times and lengths only. SQLite keeps them as text, and
    /// people write them in quotes.
    fn read_like(typed: &Self, text: &str) -> Result<Self, Clash> {
        match typed {
            Self::Moment(_) => read_moment(text).map(Self::Moment).ok_or(Clash::Unread("date")),
            Self::Time(_) => read_time(text).map(Self::Time).ok_or(Clash::Unread("time")),
            Self::Interval(_) => match (read_interval(text), read_moment(text)) {
                (Some(interval), _) => Ok(Self::Interval(interval)),
                (None, Some(_)) => Err(Clash::MomentAndInterval),
                (None, None) => Err(Clash::Unread("interval")),
            },
            Self::Number(_) => Err(Clash::NumberAndText),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::Bytes(_) | Self::Other(_) => Err(Clash::Kinds),
        }
    }

    /// The same text for values that are equal, different texts for values that are not: what `count(distinct ..)` counts.
    pub(super) fn canonical(&self) -> String {
        match self {
            Self::Number(number) => number.canonical(),
            Self::Interval(interval) => moment::span(*interval).to_string(),
            Self::Moment(Moment::Timestamp(timestamp)) => timestamp.micros.to_string(),
            Self::Time(time) => (time.micros - i64::from(time.offset.unwrap_or(0)) * 1_000_000).to_string(),
            Self::Null
            | Self::Bool(_)
            | Self::Text(_)
            | Self::Bytes(_)
            | Self::Moment(Moment::Date(_))
            | Self::Other(_) => self.clone().into_value().to_string(),
        }
    }
}

impl Clash {
    /// What to do about it.
    pub(super) fn hint(self) -> String {
        match self {
            Self::NumberAndText => {
                "cast the text to a number in the SQL of the query, or compare it with a text in quotes".into()
            }
            Self::NumberAndBool => "compare a number with a number, such as `= 1`".into(),
            Self::Unread("interval") => format!("a length of time is written {INTERVAL_FORMS}"),
            Self::Unread("time") => "a time of day is written `09:30` or `09:30:00`".into(),
            Self::Unread(_) => format!("a date or timestamp is written {MOMENT_FORMS}"),
            Self::MomentAndInterval => "how long ago a moment was is `age(..)` of it".into(),
            Self::Kinds => "cast one side to the type of the other in the SQL of the query".into(),
        }
    }
}
