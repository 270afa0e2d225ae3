//! The `when` language: a boolean SQL expression over a result, read at load and judged on a table.
//!
//! A text enters and becomes a [`Predicate`], or a [`PredicateError`] that points at the words at fault. A table, the key
//! columns, what earlier runs remember and the time enter; a [`Judgement`] leaves: for each instance a three-valued
//! [`Verdict`] with its evidence. Numbers are exact, NULL is neither true nor false, and what cannot be compared is an
//! error and not a guess. Knows `name`, `value`, `table` and `sql`; no clock.
//!
//! Where engines differ, this language takes one way: `/` never drops the rest of an integer division (`7 / 2` is `3.5`,
//! at least 40 digits of a quotient that does not end), a division by zero is an error, NaN counts as NULL, `like` is
//! case-sensitive, a float counts as the number a database prints for it, lengths compare with months of 30 days and
//! days of 24 hours, and a timestamp without offset is read in the zone of the alert when it meets one with an offset.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::table::Table;
use crate::value::Value;

mod aggregate;
mod arithmetic;
#[cfg(test)]
mod cases;
mod evaluate;
mod expression;
mod judge;
mod lookup;
mod moment;
mod number;
mod operand;
mod parse;
mod pattern;
mod written;

/// A condition over the rows of a result. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Predicate {
    text: Arc<str>,
    parsed: Arc<parse::Parsed>,
}

/// What is wrong with the text of a condition, and where, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct PredicateError {
    /// The bytes at fault; empty at the end of a text that ends too early.
    pub span: Range<usize>,
    /// One sentence.
    pub problem: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Why a table could not be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct JudgeError {
    /// The part of the condition at fault, in bytes of its text; none when the key is at fault.
    pub span: Option<Range<usize>>,
    /// One sentence that names the column, the value and the row where there are any. Rows count from 1.
    pub problem: String,
    /// The next step.
    pub hint: Option<String>,
}

/// What a condition says of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The condition is true.
    Firing,
    /// The condition is false.
    Ok,
    /// The condition is NULL: there is no verdict.
    Unknown,
}

/// What judging needs of the world.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What `now()` gives.
    pub now: Timestamp,
    /// Where a date or a timestamp without offset stands when it meets one with an offset.
    pub zone: &'a TimeZone,
}

/// What every instance remembers of its last successful run, by [`Instance::key`]: the values of the `previous(..)`
/// expressions in the order of the condition. Values of another condition are not told apart: forget them when the text
/// changes.
pub type Memory = BTreeMap<String, Vec<Value<'static>>>;

/// What a condition says of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// One verdict for each instance, in the order of the rows; none at all when the judgement is empty.
    pub instances: Vec<Instance>,
    /// Whether there was no row and nothing to judge: `on_empty` decides. An aggregate without a key judges no row too.
    pub empty: bool,
}

/// What a condition says of one instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The texts of the key cells as a JSON array, `["17","KR"]`; empty for the one instance of an alert without key.
    pub key: String,
    /// The key columns and the texts of their cells, for people.
    pub labels: Vec<(String, String)>,
    /// The verdict.
    pub verdict: Verdict,
    /// Which rows stand behind the verdict, counted from 0: with a key its row, whatever the verdict; without a key every
    /// row that is true; none when an aggregate judges.
    pub evidence: Vec<usize>,
    /// What was compared, as the condition writes it: every aggregate call, or the named columns of the first row of
    /// evidence (of the first row when there is none); then every `previous(..)`.
    pub values: Vec<(String, Value<'static>)>,
    /// What the `previous(..)` expressions of the next run mean.
    pub remember: Vec<Value<'static>>,
}

impl PredicateError {
    fn new(span: Range<usize>, problem: impl Into<String>, hint: Option<&str>) -> Self {
        Self { span, problem: problem.into(), hint: hint.map(str::to_owned) }
    }
}

impl From<PredicateError> for JudgeError {
    fn from(error: PredicateError) -> Self {
        Self { span: Some(error.span), problem: error.problem, hint: error.hint }
    }
}

impl Predicate {
    /// Reads a condition.
    ///
    /// # Errors
    /// Points at whatever is outside the language, with what to write instead where that is known.
    pub fn parse(text: &str) -> Result<Self, PredicateError> {
        Ok(Self { text: text.into(), parsed: Arc::new(parse::parse(text)?) })
    }

    /// The text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether an aggregate judges the whole result, or all rows of a key, rather than each row.
    #[must_use]
    pub fn is_aggregate(&self) -> bool {
        !self.parsed.aggregates.is_empty()
    }

    /// Every column named and where, as often as it is named. The bare word `value` is left out: it may mean the only
    /// column of the result, whatever its name.
    #[must_use]
    pub fn columns(&self) -> Vec<(&str, Range<usize>)> {
        let named = self.parsed.references.iter().filter(|reference| !reference.is_value());
        named.map(|reference| (reference.name.as_str(), reference.span.clone())).collect()
    }

    /// How many distinct `previous(..)` expressions there are.
    #[must_use]
    pub fn remembers(&self) -> usize {
        self.parsed.previous.len()
    }

    /// Checks what depends on the key columns of the alert, so that it is said at load and not at the first run.
    ///
    /// # Errors
    /// A column beside an aggregate that is neither inside one nor in the key, and a `previous(..)` that would need a key
    /// to know which row it means.
    pub fn check_key(&self, key: &[String]) -> Result<(), PredicateError> {
        judge::check_key(self, key)
    }

    /// Judges a table. `key` names the columns whose values tell one instance from another; without any the alert is one
    /// instance. `memory` is what the last successful run remembers.
    ///
    /// # Errors
    /// A column that is not there, values that cannot be compared, a division by zero, a key that is NULL or, where no
    /// aggregate judges, comes twice.
    pub fn judge(
        &self,
        table: &Table,
        key: &[String],
        memory: &Memory,
        context: &Context<'_>,
    ) -> Result<Judgement, JudgeError> {
        judge::judge(self, table, key, memory, context)
    }
}
