//! One value, large, and how it changed.
//!
//! Digits stay digits: a number is grouped by thousands and rounded only when asked, and what it is held against is taken
//! from it exactly.

use bigdecimal::{BigDecimal, RoundingMode, Zero};

use crate::render::visible;
use crate::value::Value;

/// Signs of currencies, which stand before a number.
const CURRENCIES: [&str; 9] = ["$", "€", "£", "¥", "₩", "₹", "US$", "₫", "฿"];
/// Signs that stand right behind one.
const SIGNS: [&str; 3] = ["%", "‰", "°"];
/// A float has more digits than anyone wants to read; so many behind the point remain where nothing is said.
const FLOAT_PLACES: u32 = 2;
/// Beyond this a number is shown as the database has it.
const LONGEST: usize = 40;

/// How a value is to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FigureSpec {
    /// What it counts: `₩`, `%` or `orders`.
    pub unit: Option<String>,
    /// How many digits stand behind the point; none is as the database has them.
    pub places: Option<u32>,
    /// Which way is good.
    pub good: Good,
}

/// Which way of a value is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Good {
    /// More is better.
    Up,
    /// Less is better.
    Down,
    /// Neither: a change is only a change.
    #[default]
    Neither,
}

impl Good {
    /// Every way with its word.
    pub const ALL: [(&'static str, Self); 3] = [("up", Self::Up), ("down", Self::Down), ("neither", Self::Neither)];
}

/// A value as it is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// With its unit: `₩1,234`.
    pub value: String,
    /// How it changed, when there is something to hold it against.
    pub change: Option<Change>,
}

/// How a value changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which way.
    pub course: Course,
    /// What to think of it.
    pub mood: Mood,
    /// By how much: `+12.3 % (+135)`.
    pub amount: String,
    /// What it is held against: `2026-11-13 07:30:00 KST`.
    pub against: String,
}

/// Which way a value went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// More.
    Up,
    /// Less.
    Down,
    /// The same.
    Level,
}

impl Course {
    /// A mark that is read without colour.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Up => "▲",
            Self::Down => "▼",
            Self::Level => "=",
        }
    }

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Level => "unchanged",
        }
    }
}

/// What to think of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It went the good way.
    Good,
    /// It went the other way.
    Bad,
    /// Nobody said which way is good, or it did not change.
    Neutral,
}

impl Change {
    /// `▲ +12.3 % (+135) against 2026-11-13 07:30:00 KST`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {} against {}", self.course.mark(), self.amount, self.against)
    }
}

impl Figure {
    /// A value, held against an earlier or another one that goes by a name.
    #[must_use]
    pub fn of(value: &Value<'_>, spec: &FigureSpec, before: Option<(&Value<'_>, &str)>) -> Self {
        let unit = Unit::of(spec.unit.as_deref());
        let change = before.and_then(|(before, against)| change(value, before, spec, &unit, against));
        let shown = match number(value) {
            Some(exact) => unit.around(&digits(&exact, places(value, spec))),
            None if value.is_null() => "NULL".into(),
            None => visible(&value.to_string()).into_owned(),
        };
        Self { value: shown, change }
    }
}

/// Where a unit stands.
struct Unit<'a> {
    before: &'a str,
    after: String,
}

impl<'a> Unit<'a> {
    fn of(unit: Option<&'a str>) -> Self {
        match unit.map(str::trim) {
            None | Some("") => Self { before: "", after: String::new() },
            Some(sign) if CURRENCIES.contains(&sign) => Self { before: sign, after: String::new() },
            Some(sign) if SIGNS.contains(&sign) => Self { before: "", after: sign.to_owned() },
            Some(word) => Self { before: "", after: format!(" {word}") },
        }
    }

    /// `-₩1,234`.
    fn around(&self, digits: &str) -> String {
        let (sign, digits) = match digits.strip_prefix(['-', '+']) {
            Some(rest) => digits.split_at(digits.len() - rest.len()),
            None => ("", digits),
        };
        format!("{sign}{}{digits}{}", self.before, self.after)
    }
}

/// The value as an exact number; none when it is none, or has no end.
fn number(value: &Value<'_>) -> Option<BigDecimal> {
    value.is_number().then(|| value.to_string().parse().ok()).flatten()
}

/// How many digits stand behind the point; none is all of them.
fn places(value: &Value<'_>, spec: &FigureSpec) -> Option<u32> {
    let is_float = matches!(value, Value::Float(_) | Value::Real(_));
    spec.places.or(is_float.then_some(FLOAT_PLACES))
}

/// Digits in groups of three: `1,234,567.80`.
fn digits(number: &BigDecimal, places: Option<u32>) -> String {
    let text = match places {
        Some(places) => number.with_scale_round(places.into(), RoundingMode::HalfUp).to_plain_string(),
        None => number.to_plain_string(),
    };
    if text.len() > LONGEST {
        return number.to_scientific_notation();
    }
    let (sign, rest) = text.strip_prefix('-').map_or(("", &*text), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// How `value` differs from `before`; none when one of them is no number.
fn change(value: &Value<'_>, before: &Value<'_>, spec: &FigureSpec, unit: &Unit<'_>, against: &str) -> Option<Change> {
    let (new, old) = (number(value)?, number(before)?);
    let difference = &new - &old;
    let course = match difference.sign() {
        bigdecimal::num_bigint::Sign::Plus => Course::Up,
        bigdecimal::num_bigint::Sign::Minus => Course::Down,
        bigdecimal::num_bigint::Sign::NoSign => Course::Level,
    };
    let mood = match (course, spec.good) {
        (Course::Up, Good::Up) | (Course::Down, Good::Down) => Mood::Good,
        (Course::Up, Good::Down) | (Course::Down, Good::Up) => Mood::Bad,
        (Course::Level, _) | (_, Good::Neither) => Mood::Neutral,
    };
    let signed = |text: String| if text.starts_with('-') { text } else { format!("+{text}") };
    let is_float = [value, before].iter().any(|value| matches!(value, Value::Float(_) | Value::Real(_)));
    let places = spec.places.or(is_float.then_some(FLOAT_PLACES));
    let by = signed(digits(&difference, places));
    let amount = if course == Course::Level {
        "unchanged".to_owned()
    } else if unit.after == "%" {
        // A share of a share is read wrongly.
        format!("{by} points")
    } else if old.is_zero() {
        unit.around(&by)
    } else {
        let share = (&difference * BigDecimal::from(100) / old.abs()).with_scale_round(1, RoundingMode::HalfUp);
        format!("{} % ({})", signed(digits(&share, Some(1))), unit.around(&by))
    };
    Some(Change { course, mood, amount, against: against.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Figure, FigureSpec, Good, Mood};
    use crate::value::Value;

    fn spec(unit: &str, places: Option<u32>) -> FigureSpec {
        FigureSpec { unit: Some(unit.into()), places, good: Good::Up }
    }

    #[test]
    fn a_value_is_grouped_and_keeps_its_digits() {
        let decimal = |text: &'static str| Value::Decimal(text.into());
        let cases = [
            (Value::Int(1_234_567), "₩", None, "₩1,234,567"),
            (Value::Int(-999), "₩", None, "-₩999"),
            (decimal("1234567.80"), "KRW", None, "1,234,567.80 KRW"),
            (decimal("1234567.85"), "", Some(1), "1,234,567.9"),
            (decimal("12"), "%", Some(2), "12.00%"),
            (Value::Float(33.333_333), "orders", None, "33.33 orders"),
            (Value::Float(1e300), "", None, "1e300"),
            (Value::Float(f64::NAN), "", None, "NaN"),
            (Value::UInt(u64::MAX), "", None, "18,446,744,073,709,551,615"),
            (Value::Null, "₩", None, "NULL"),
            (Value::Text("a\u{1b}b".into()), "₩", None, "a\\x1bb"),
            (Value::Bool(true), "", None, "true"),
        ];
        for (value, unit, places, shown) in cases {
            assert_eq!(Figure::of(&value, &spec(unit, places), None).value, shown, "{value:?}");
        }
    }

    #[test]
    fn a_change_is_exact_and_says_what_to_think() {
        let decimal = |text: &'static str| Value::Decimal(text.into());
        let cases = [
            (Value::Int(1_235), Value::Int(1_100), "₩", "▲ +12.3 % (+₩135)", Mood::Good),
            (Value::Int(1), Value::Int(3), "", "▼ -66.7 % (-2)", Mood::Bad),
            (decimal("0.30"), decimal("0.1"), "", "▲ +200.0 % (+0.20)", Mood::Good),
            (Value::Int(5), Value::Int(0), "orders", "▲ +5 orders", Mood::Good),
            (Value::Int(5), Value::Int(-10), "", "▲ +150.0 % (+15)", Mood::Good),
            (decimal("12.5"), decimal("11.0"), "%", "▲ +1.5 points", Mood::Good),
            (decimal("5.0"), Value::Int(5), "", "= unchanged", Mood::Neutral),
        ];
        for (new, old, unit, words, mood) in cases {
            let change = Figure::of(&new, &spec(unit, None), Some((&old, "last week"))).change.expect("numbers");
            assert_eq!((change.text(), change.mood), (format!("{words} against last week"), mood));
        }
        for old in [Value::Null, Value::Text("5".into()), Value::Float(f64::NAN)] {
            assert_eq!(Figure::of(&Value::Int(5), &spec("", None), Some((&old, "x"))).change, None);
        }
    }
}
