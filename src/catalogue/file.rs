//! The TOML file as it was written, walked key by key.
//!
//! A [`Section`] is asked for the keys it may have; whatever nobody asked for is an unknown key. Every mistake goes to
//! the list of the [`File`] and the walk goes on, so that one run reports them all.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::text::Text;
use crate::name::Name;
use crate::secret::Secret;

/// The text of a catalogue and the mistakes found in it so far.
#[derive(Debug)]
pub(super) struct File<'t> {
    /// The whole text.
    pub(super) text: &'t str,
    /// What to call it in places of secrets: its file name.
    pub(super) name: String,
    problems: RefCell<Vec<Problem>>,
    secrets: RefCell<Vec<Secret>>,
    /// Where each line ends, in bytes.
    ends: Vec<usize>,
}

impl<'t> File<'t> {
    pub(super) fn new(name: String, text: &'t str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(offset, _)| offset).collect();
        Self { text, name, problems: RefCell::default(), secrets: RefCell::default(), ends }
    }

    /// Notes a mistake.
    pub(super) fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Notes a text that may name secrets.
    pub(super) fn note(&self, secret: &Secret) {
        self.secrets.borrow_mut().push(secret.clone());
    }

    /// Every such text that was noted.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        self.secrets.borrow().clone()
    }

    /// Whether no mistake was noted so far.
    pub(super) fn is_sound(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// All mistakes noted.
    pub(super) fn problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// The line a byte stands on, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < offset)
    }
}

/// A value, or the values of an array, as they were written.
#[derive(Debug)]
pub(super) struct Written {
    /// The bytes of the whole.
    pub(super) span: Range<usize>,
    /// Each value.
    pub(super) texts: Vec<Text>,
    /// Whether it is an array.
    pub(super) is_list: bool,
}

/// A table of the file.
#[derive(Debug)]
pub(super) struct Section<'f, 't> {
    file: &'f File<'t>,
    table: &'f DeTable<'t>,
    /// How to call it: `alerts.late_orders`; empty at the top.
    pub(super) title: String,
    /// The bytes of its last key.
    pub(super) span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'f, 't> Section<'f, 't> {
    /// The whole file.
    pub(super) fn top(file: &'f File<'t>, table: &'f DeTable<'t>) -> Self {
        Self { file, table, title: String::new(), span: 0..0, asked: RefCell::default() }
    }

    /// Notes a mistake.
    pub(super) fn report(&self, problem: Problem) {
        self.file.report(problem);
    }

    /// The file this stands in.
    pub(super) fn file(&self) -> &'f File<'t> {
        self.file
    }

    fn ask(&self, key: &'static str) -> Option<&'f Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().push(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Whether the key is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.iter().any(|(name, _)| name.get_ref() == key)
    }

    /// Whether the key is written and holds a table.
    pub(super) fn holds_table(&self, key: &str) -> bool {
        self.table.iter().any(|(name, value)| name.get_ref() == key && value.get_ref().is_table())
    }

    /// The bytes of the value of a key that is written, or of the section.
    pub(super) fn value_span(&self, key: &str) -> Range<usize> {
        let found = self.table.iter().find(|(name, _)| name.get_ref() == key);
        found.map_or_else(|| self.span.clone(), |(_, value)| value.span())
    }

    /// The bytes of a key that is written, or of the section.
    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        let found = self.table.iter().find(|(name, _)| name.get_ref() == key);
        found.map_or_else(|| self.span.clone(), |(name, _)| name.span())
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'t>>, wanted: &str) {
        let title = format!("`{key}` must be {wanted}, not {}", article(value.get_ref().type_str()));
        self.report(Problem::new(value.span(), title));
    }

    fn text_of(&self, value: &str, span: Range<usize>) -> Text {
        Text::new(value, &self.file.text[span.clone()], span)
    }

    /// A string.
    pub(super) fn text(&self, key: &'static str) -> Option<Text> {
        let value = self.ask(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(key, value, "a string");
            return None;
        };
        Some(self.text_of(text, value.span()))
    }

    /// A string that must be there.
    pub(super) fn required(&self, key: &'static str, meaning: &str) -> Option<Text> {
        if !self.has(key) {
            self.asked.borrow_mut().push(key);
            let title = format!("`{}` has no `{key}`", self.title);
            self.report(Problem::new(self.span.clone(), title).hint(format!("`{key}` is {meaning}")));
            return None;
        }
        self.text(key)
    }

    /// One value as the text it was written as.
    pub(super) fn scalar(&self, key: &'static str) -> Option<Text> {
        let written = self.written(key)?;
        self.single(key, written)
    }

    /// Every key and its one value as text, for tables whose keys are the user's own words.
    pub(super) fn scalars(&self) -> Vec<(Range<usize>, String, Text)> {
        let written = self.all_written().into_iter();
        written.filter_map(|(span, key, written)| self.single(&key, written).map(|text| (span, key, text))).collect()
    }

    fn single(&self, key: &str, written: Written) -> Option<Text> {
        if written.is_list {
            self.report(Problem::new(written.span, format!("`{key}` must be one value, not an array")));
            return None;
        }
        written.texts.into_iter().next()
    }

    /// A string, a number, a boolean or a date as the text it was written as, or an array of such.
    pub(super) fn written(&self, key: &'static str) -> Option<Written> {
        self.write(key, self.ask(key)?)
    }

    fn write(&self, key: &str, value: &Spanned<DeValue<'t>>) -> Option<Written> {
        let (items, is_list) = match value.get_ref() {
            DeValue::Array(items) => (items.iter().collect(), true),
            _ => (vec![value], false),
        };
        let mut texts = Vec::new();
        for item in items {
            let raw = &self.file.text[item.span()];
            texts.push(match item.get_ref() {
                DeValue::String(text) => self.text_of(text, item.span()),
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
                    self.text_of(&raw.replace('_', ""), item.span())
                }
                DeValue::Array(_) | DeValue::Table(_) => {
                    self.wrong_type(key, item, "one value or an array of values");
                    return None;
                }
            });
        }
        Some(Written { span: value.span(), texts, is_list })
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.ask(key)?;
        let read = value.get_ref().as_bool();
        if read.is_none() {
            self.wrong_type(key, value, "`true` or `false`");
        }
        read
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, key: &'static str, bounds: &RangeInclusive<usize>) -> Option<usize> {
        let value = self.ask(key)?;
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(key, value, "a whole number");
            return None;
        };
        let read = usize::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|n| bounds.contains(n));
        if read.is_none() {
            let title = format!("`{key}` must be between {} and {}", bounds.start(), bounds.end());
            self.report(Problem::new(value.span(), title));
        }
        read
    }

    /// A list of whole numbers within bounds, each with its place; a single number is a list of one.
    pub(super) fn wholes(&self, key: &'static str, bounds: &RangeInclusive<usize>) -> Option<Vec<usize>> {
        let value = self.ask(key)?;
        let items = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        let mut numbers = Vec::new();
        for item in items {
            let number = item.get_ref().as_integer().and_then(|n| usize::from_str_radix(n.as_str(), n.radix()).ok());
            match number.filter(|n| bounds.contains(n)) {
                Some(number) => numbers.push(number),
                None => {
                    let title =
                        format!("`{key}` must be whole numbers between {} and {}", bounds.start(), bounds.end());
                    self.report(Problem::new(item.span(), title));
                }
            }
        }
        Some(numbers)
    }

    /// A length of time such as `"30s"`, `"5m"`, `"1h30m"` or `"2 days"`, and its place.
    pub(super) fn duration(&self, key: &'static str) -> Option<Duration> {
        let text = self.text(key)?;
        match duration(&text.value) {
            Ok(length) => Some(length),
            Err(problem) => {
                let problem = Problem::new(text.span, format!("`{key}` {problem}"));
                self.report(problem.hint("write it like \"30s\", \"5m\", \"1h30m\" or \"2 days\""));
                None
            }
        }
    }

    /// A number of bytes such as `"10MB"` or `"512 KiB"`, within bounds.
    pub(super) fn size(&self, key: &'static str, bounds: &RangeInclusive<usize>) -> Option<usize> {
        let text = self.text(key)?;
        let read = size(&text.value).filter(|bytes| bounds.contains(bytes));
        if read.is_none() {
            let problem = Problem::new(text.span, format!("`{key}` cannot be `{}`", text.value));
            let most = bounds.end() / 1_000_000;
            self.report(problem.hint(format!("write it like \"500kB\" or \"10MB\", at most \"{most}MB\"")));
        }
        read
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        self.word(key, &text, words)
    }

    /// Some of a few words, each once; a single word is a list of one.
    pub(super) fn some_of<T: Copy + PartialEq>(&self, key: &'static str, words: &[(&str, T)]) -> Option<Vec<T>> {
        let mut chosen = Vec::new();
        for text in self.texts(key)? {
            let Some(meaning) = self.word(key, &text, words) else { continue };
            if chosen.contains(&meaning) {
                self.report(Problem::new(text.span, format!("`{key}` names `{}` twice", text.value)));
            } else {
                chosen.push(meaning);
            }
        }
        Some(chosen)
    }

    fn word<T: Copy>(&self, key: &str, text: &Text, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let title = format!("`{key}` cannot be `{}`", text.value);
            let problem = Problem::new(text.span.clone(), title);
            self.report(problem.nearest(&text.value, words.iter().map(|(word, _)| *word)));
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// A list of strings; a single string is a list of one.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<Text>> {
        let value = self.ask(key)?;
        let items = match value.get_ref() {
            DeValue::String(text) => return Some(vec![self.text_of(text, value.span())]),
            DeValue::Array(items) => items,
            _ => {
                self.wrong_type(key, value, "a list of strings");
                return None;
            }
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(self.text_of(text, item.span())),
                None => self.wrong_type(key, item, "a list of strings"),
            }
        }
        Some(texts)
    }

    /// A list of values, each with its place; what they must be is for the reader to say.
    pub(super) fn values(&self, key: &'static str) -> Option<&'f [Spanned<DeValue<'t>>]> {
        let value = self.ask(key)?;
        match value.get_ref() {
            DeValue::Array(items) => Some(items),
            _ => {
                self.wrong_type(key, value, "a list");
                None
            }
        }
    }

    /// A table.
    pub(super) fn section(&self, key: &'static str) -> Option<Self> {
        let value = self.ask(key)?;
        self.open(key, self.key_span(key), value)
    }

    /// The tables of a table of named entries, and their names; a bad name is a mistake.
    pub(super) fn entries(&self, key: &'static str) -> Vec<(Name, Self)> {
        let Some(parent) = self.section(key) else { return Vec::new() };
        let mut entries = Vec::new();
        for (word, value) in parent.table {
            match Name::new(word.get_ref()) {
                Ok(name) => {
                    entries.extend(parent.open(name.as_str(), word.span(), value).map(|section| (name, section)));
                }
                Err(error) => self.report(
                    Problem::new(word.span(), format!("`{}` is no name", word.get_ref())).label(error.to_string()),
                ),
            }
        }
        entries
    }

    /// The tables of a list of tables, `[[key]]` or `key = [{ .. }]`; a single table is a list of one. None when the key
    /// is not written.
    pub(super) fn sections(&self, key: &'static str) -> Option<Vec<Self>> {
        let value = self.ask(key)?;
        match value.get_ref() {
            DeValue::Array(items) => Some(items.iter().filter_map(|item| self.open(key, item.span(), item)).collect()),
            DeValue::Table(_) => Some(self.open(key, self.key_span(key), value).into_iter().collect()),
            _ => {
                self.wrong_type(key, value, "a list of tables");
                None
            }
        }
    }

    /// Every key and its value as it was written, in the order of the file, for tables whose keys are the user's own
    /// words.
    pub(super) fn cells(&self) -> Vec<(&'f str, &'f Spanned<DeValue<'t>>)> {
        let mut cells: Vec<_> = self.table.iter().map(|(key, value)| (key.span().start, key, value)).collect();
        cells.sort_unstable_by_key(|(place, ..)| *place);
        cells.into_iter().map(|(_, key, value)| (key.get_ref().as_ref(), value)).collect()
    }

    /// Every key and what is written there, for tables whose keys are the user's own words.
    pub(super) fn all_written(&self) -> Vec<(Range<usize>, String, Written)> {
        let mut found = Vec::new();
        for (key, value) in self.table {
            let word = key.get_ref().to_string();
            found.extend(self.write(&word, value).map(|written| (key.span(), word, written)));
        }
        found
    }

    fn open(&self, key: &str, span: Range<usize>, value: &'f Spanned<DeValue<'t>>) -> Option<Self> {
        let title = if self.title.is_empty() { key.to_owned() } else { format!("{}.{key}", self.title) };
        let Some(table) = value.get_ref().as_table() else {
            let found = article(value.get_ref().type_str());
            self.report(
                Problem::new(value.span(), format!("`{title}` must be a table, not {found}"))
                    .hint(format!("write [{title}]")),
            );
            return None;
        };
        Some(Section { file: self.file, table, title, span, asked: RefCell::default() })
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table {
            let word: &str = key.get_ref();
            if !asked.contains(&word) {
                let place = if self.title.is_empty() { "at the top".into() } else { format!("in `{}`", self.title) };
                let problem = Problem::new(key.span(), format!("unknown key `{word}` {place}"));
                self.file.report(problem.nearest(word, asked.iter().copied()));
            }
        }
    }
}

/// Reads a length of time. Months and years are refused: they are not the same length twice.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let units = text.split(|c: char| !c.is_alphabetic()).filter(|unit| !unit.is_empty());
    for unit in units {
        if matches!(unit, "M" | "y") || unit.starts_with("mo") || unit.starts_with("year") {
            return Err(format!("is counted in `{unit}`, which has no fixed length"));
        }
    }
    humantime::parse_duration(text).map_err(|_| format!("cannot be `{text}`: it is a length of time"))
}

/// Reads a number of bytes: `10MB` are ten millions, `10MiB` are ten times 1024 times 1024.
fn size(text: &str) -> Option<usize> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match text[end..].trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "KiB" => 1024,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        _ => return None,
    };
    text[..end].parse::<usize>().ok()?.checked_mul(unit)
}

fn article(type_name: &str) -> String {
    let vowel = type_name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {type_name}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::{duration, size};
    use std::time::Duration;

    #[test]
    fn a_size_has_a_unit() {
        let cases = [("10MB", 10_000_000), ("512 KiB", 524_288), ("1 MiB", 1_048_576), ("7", 7), ("0B", 0)];
        for (text, bytes) in cases {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "MB", "1.5MB", "-1", "10 parsecs", "99999999999999999999MB", "10Mb"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_of_time_have_a_unit_of_fixed_length() {
        let seconds = Duration::from_secs;
        for (text, length) in [("30s", 30), ("1h30m", 5400), ("2 days", 172_800), ("1w", 604_800)] {
            assert_eq!(duration(text), Ok(seconds(length)), "{text}");
        }
        for text in ["", "5", "5 parsecs", "1 month", "1M", "2y"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
