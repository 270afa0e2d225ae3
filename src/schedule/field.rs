//! One field of a crontab line: the numbers it names.

use std::ops::{Range, RangeInclusive};

use super::ScheduleError;
use crate::name::nearest;

/// A word of the line and where it starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl<'a> Word<'a> {
    pub(super) fn span(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// The parts between two occurrences of `separator`.
    pub(super) fn split(self, separator: impl Fn(char) -> bool) -> impl Iterator<Item = Self> {
        let text = self.text;
        text.split(separator)
            .map(move |part| Self { text: part, start: self.start + (part.as_ptr() as usize - text.as_ptr() as usize) })
    }

    fn cut(self, separator: char) -> (Self, Option<Self>) {
        let Some((head, tail)) = self.text.split_once(separator) else { return (self, None) };
        (Word { text: head, ..self }, Some(Word { text: tail, start: self.start + head.len() + 1 }))
    }
}

/// What the numbers of a field count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Unit {
    pub(super) const ALL: [Self; 5] = [Self::Minute, Self::Hour, Self::Day, Self::Month, Self::Weekday];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day of the month",
            Self::Month => "month",
            Self::Weekday => "weekday",
        }
    }

    /// The numbers a field may hold; Sunday is both 0 and 7.
    pub(super) fn range(self) -> RangeInclusive<u32> {
        match self {
            Self::Minute => 0..=59,
            Self::Hour => 0..=23,
            Self::Day => 1..=31,
            Self::Month => 1..=12,
            Self::Weekday => 0..=7,
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Minute | Self::Hour | Self::Day => &[],
            Self::Month => &MONTHS,
            Self::Weekday => &WEEKDAYS,
        }
    }

    fn named(self, word: &str) -> Option<u32> {
        let index = self.names().iter().position(|name| name.eq_ignore_ascii_case(word))?;
        Some(self.range().start() + u32::try_from(index).expect("twelve names at most"))
    }
}

/// The numbers that a field names, Sunday as 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    bits: u64,
    /// Whether the field begins with `*`, which changes what the line means, even in `*/2`.
    pub(super) star: bool,
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

impl Field {
    /// Reads a list of numbers, names, ranges and steps.
    pub(super) fn read(word: Word<'_>, unit: Unit) -> Result<Self, ScheduleError> {
        let mut bits = 0;
        for item in word.split(|c| c == ',') {
            bits |= read_item(item, unit, word)?;
        }
        if unit == Unit::Weekday {
            bits = (bits | bits >> 7 & 1) & 0x7f;
        }
        Ok(Self { bits, star: word.text.starts_with('*'), text: word.text.to_owned(), span: word.span() })
    }

    /// The numbers in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> {
        let bits = self.bits;
        (0..u64::BITS).filter(move |n| bits >> n & 1 == 1)
    }
}

fn read_item(item: Word<'_>, unit: Unit, field: Word<'_>) -> Result<u64, ScheduleError> {
    if item.text.is_empty() {
        return Err(ScheduleError::new(field.span(), format!("`{}` has an empty item", field.text)));
    }
    let (body, step) = item.cut('/');
    let (low, high) = read_range(body, unit, step)?;
    let step = step.map_or(Ok(1), read_step)?;
    Ok((low..=high).step_by(step).fold(0, |bits, n| bits | 1 << n))
}

fn read_range(body: Word<'_>, unit: Unit, step: Option<Word<'_>>) -> Result<(u32, u32), ScheduleError> {
    if body.text == "*" {
        return Ok((*unit.range().start(), *unit.range().end()));
    }
    let (first, last) = body.cut('-');
    let low = read_number(first, unit, body)?;
    let Some(last) = last else {
        return match step {
            None => Ok((low, low)),
            Some(step) => Err(ScheduleError::new(body.start..step.span().end, "a step needs a range or `*` before it")
                .hint(format!("write `{}-{}/{}`", first.text, unit.range().end(), step.text))),
        };
    };
    match read_number(last, unit, body)? {
        high if high >= low => Ok((low, high)),
        // `fri-sun`, and its spelling in numbers.
        0 if unit == Unit::Weekday => Ok((low, 7)),
        _ => Err(backwards(body, (first.text, low), last.text, unit)),
    }
}

fn read_step(step: Word<'_>) -> Result<usize, ScheduleError> {
    let digits = !step.text.is_empty() && step.text.bytes().all(|b| b.is_ascii_digit());
    match step.text.parse() {
        Ok(0) => Err(ScheduleError::new(step.span(), "a step of 0 goes nowhere")),
        Ok(number) if digits => Ok(number),
        _ => Err(ScheduleError::new(step.span(), format!("the step `{}` is not a number", step.text))),
    }
}

fn read_number(word: Word<'_>, unit: Unit, body: Word<'_>) -> Result<u32, ScheduleError> {
    if let Some(number) = unit.named(word.text) {
        return Ok(number);
    }
    // `parse` alone would take `+5`.
    if word.text.is_empty() || !word.text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(no_number(word, unit, body));
    }
    match word.text.parse() {
        Ok(number) if unit.range().contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(out_of_range(word, unit)),
    }
}

fn out_of_range(word: Word<'_>, unit: Unit) -> ScheduleError {
    let (low, high) = (*unit.range().start(), *unit.range().end());
    let error =
        ScheduleError::new(word.span(), format!("the {} `{}` is not within {low} to {high}", unit.as_str(), word.text));
    match (unit, word.text) {
        (Unit::Hour, "24") => error.hint("midnight is `0`"),
        (Unit::Minute, "60") => error.hint("the full hour is `0`"),
        _ => error,
    }
}

fn no_number(word: Word<'_>, unit: Unit, body: Word<'_>) -> ScheduleError {
    let text = if word.text.is_empty() { body.text } else { word.text };
    let error = ScheduleError::new(body.span(), format!("`{text}` is not a {}", unit.as_str()));
    match suggestion(text, unit) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn suggestion(text: &str, unit: Unit) -> Option<String> {
    let lower = text.to_lowercase();
    let whole_word = lower.get(..3).filter(|_| lower.len() > 3 && lower.bytes().all(|b| b.is_ascii_alphabetic()));
    if let Some(name) = whole_word.filter(|start| unit.names().contains(start)) {
        return Some(format!("names have three letters: `{name}`"));
    }
    if let Some(other) = Unit::ALL.into_iter().find(|other| other.named(&lower).is_some()) {
        return Some(format!(
            "`{text}` is a {}: the {} field",
            other.as_str(),
            if other == Unit::Month { "fourth" } else { "fifth" }
        ));
    }
    if let Some(near) = nearest(&lower, unit.names().iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let digits = text.trim_start_matches(['+', '-']);
    if !digits.is_empty() && digits.len() < text.len() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Some(format!("write `{digits}`, without a sign"));
    }
    match lower.chars().find(|c| "?lw#~h*".contains(*c)) {
        Some('?') => Some("write `*`: `?` is not part of crontab".into()),
        Some('~') => Some("random times are not supported: name a time".into()),
        Some('*') => Some("`*` stands alone, or before a step such as `*/5`".into()),
        Some(c) => Some(format!("`{}` is not part of crontab", c.to_ascii_uppercase())),
        None => None,
    }
}

fn backwards(body: Word<'_>, (first, low): (&str, u32), last: &str, unit: Unit) -> ScheduleError {
    let (start, end) = (*unit.range().start(), *unit.range().end());
    let end = if unit == Unit::Weekday { end - 1 } else { end };
    let error = ScheduleError::new(body.span(), format!("the range `{}` runs backwards", body.text));
    error.hint(match low {
        7 if unit == Unit::Weekday => format!("write `0-{last}`"),
        low if low == end => format!("write `{first},{start}-{last}`"),
        _ => format!("write `{first}-{end},{start}-{last}`"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Field, Unit, Word};

    fn read(text: &str, unit: Unit) -> Result<Vec<u32>, (String, Option<String>)> {
        let field = Field::read(Word { text, start: 0 }, unit);
        field.map(|field| field.numbers().collect()).map_err(|error| {
            assert!(!text.get(error.span.clone()).expect("within the text").is_empty());
            (error.problem, error.hint)
        })
    }

    #[test]
    fn a_field_names_numbers() {
        let cases: [(&str, Unit, &[u32]); 17] = [
            ("0", Unit::Minute, &[0]),
            ("05,3,3", Unit::Minute, &[3, 5]),
            ("*/20", Unit::Minute, &[0, 20, 40]),
            ("*/90", Unit::Minute, &[0]),
            ("10-30/10,59", Unit::Minute, &[10, 20, 30, 59]),
            ("22-23,0-1", Unit::Hour, &[0, 1, 22, 23]),
            ("1-31/15", Unit::Day, &[1, 16, 31]),
            ("jan-MAR,Dec", Unit::Month, &[1, 2, 3, 12]),
            ("0", Unit::Weekday, &[0]),
            ("7", Unit::Weekday, &[0]),
            ("fri-sun", Unit::Weekday, &[0, 5, 6]),
            ("5-0", Unit::Weekday, &[0, 5, 6]),
            ("5-7", Unit::Weekday, &[0, 5, 6]),
            ("0-sun", Unit::Weekday, &[0]),
            ("0-7", Unit::Weekday, &[0, 1, 2, 3, 4, 5, 6]),
            ("1-7/2", Unit::Weekday, &[0, 1, 3, 5]),
            ("*/3", Unit::Weekday, &[0, 3, 6]),
        ];
        for (text, unit, numbers) in cases {
            assert_eq!(read(text, unit).as_deref(), Ok(numbers), "{text}");
        }
    }

    #[test]
    fn what_names_no_number_is_explained() {
        let cases = [
            ("60", Unit::Minute, "the minute `60` is not within 0 to 59", "the full hour is `0`"),
            ("24", Unit::Hour, "the hour `24` is not within 0 to 23", "midnight is `0`"),
            ("0", Unit::Day, "the day of the month `0` is not within 1 to 31", ""),
            ("99999999999", Unit::Month, "the month `99999999999` is not within 1 to 12", ""),
            ("8", Unit::Weekday, "the weekday `8` is not within 0 to 7", ""),
            ("+5", Unit::Minute, "`+5` is not a minute", "write `5`, without a sign"),
            ("-5", Unit::Minute, "`-5` is not a minute", "write `5`, without a sign"),
            ("5-", Unit::Minute, "`5-` is not a minute", ""),
            ("5/15", Unit::Minute, "a step needs a range or `*` before it", "write `5-59/15`"),
            ("*/0", Unit::Minute, "a step of 0 goes nowhere", ""),
            ("*/+5", Unit::Minute, "the step `+5` is not a number", ""),
            ("*/x", Unit::Minute, "the step `x` is not a number", ""),
            ("*5", Unit::Minute, "`*5` is not a minute", "`*` stands alone, or before a step such as `*/5`"),
            ("1,,2", Unit::Minute, "`1,,2` has an empty item", ""),
            ("22-6", Unit::Hour, "the range `22-6` runs backwards", "write `22-23,0-6`"),
            ("23-6", Unit::Hour, "the range `23-6` runs backwards", "write `23,0-6`"),
            ("fri-tue", Unit::Weekday, "the range `fri-tue` runs backwards", "write `fri-6,0-tue`"),
            ("7-2", Unit::Weekday, "the range `7-2` runs backwards", "write `0-2`"),
            ("MONDAY", Unit::Weekday, "`MONDAY` is not a weekday", "names have three letters: `mon`"),
            ("mno", Unit::Weekday, "`mno` is not a weekday", "did you mean `mon`?"),
            ("mon", Unit::Month, "`mon` is not a month", "`mon` is a weekday: the fifth field"),
            ("?", Unit::Day, "`?` is not a day of the month", "write `*`: `?` is not part of crontab"),
            ("L", Unit::Day, "`L` is not a day of the month", "`L` is not part of crontab"),
            ("5#2", Unit::Weekday, "`5#2` is not a weekday", "`#` is not part of crontab"),
            ("0~30", Unit::Minute, "`0~30` is not a minute", "random times are not supported: name a time"),
            ("٣", Unit::Minute, "`٣` is not a minute", ""),
        ];
        for (text, unit, problem, hint) in cases {
            let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
            assert_eq!(read(text, unit), Err((problem.to_owned(), hint)), "{text}");
        }
    }
}
