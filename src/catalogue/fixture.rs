//! Files of tests: what an alert should make of rows that a person wrote down, step by step.
//!
//! The text of a file and the catalogue enter; [`Test`]s leave, or every mistake at once. Numbers are exact as they are in
//! an answer: whole numbers are integers of 64 bits, numbers with a point are decimals with every digit.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use toml::de::DeTable;

use super::cell::cell;
use super::check::unknown;
use super::file::{File, Section};
use super::problem::{Broken, Problem};
use super::{Alert, Catalogue};
use crate::incident::{Health, State};
use crate::name::Name;
use crate::table::Table;
use crate::value::Value;

/// How the name of such a file ends.
pub const SUFFIX: &str = ".test.toml";

/// A `[[tests]]` table.
#[derive(Clone, Debug)]
pub struct Test {
    /// What it is called; the name of the alert where nobody chose one.
    pub name: String,
    /// The alert.
    pub alert: Name,
    /// The line of the file it begins at, from 1.
    pub line: usize,
    /// What happens, one evaluation after the other, never backwards in time.
    pub steps: Vec<Step>,
}

/// A `[[tests.steps]]` table.
#[derive(Clone, Debug)]
pub struct Step {
    /// When the alert is judged.
    pub at: Timestamp,
    /// What the query gives, or the words it fails with.
    pub answer: Result<Table, String>,
    /// What is expected then.
    pub expected: Expected,
    /// The line of the file it begins at, from 1.
    pub line: usize,
}

/// What is expected after a step; what is absent is not looked at.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The most severe state of the alert's instances.
    pub state: Option<State>,
    /// The state of an instance, by the texts of its key with `, ` between them.
    pub states: Vec<(String, State)>,
    /// The health of the alert.
    pub health: Option<Health>,
    /// The headlines that are told, each once however many channels hear it; one that ends with `…` is the beginning.
    pub messages: Option<Vec<String>>,
}

/// Reads a file of tests for the alerts of a catalogue.
///
/// # Errors
/// Every mistake in the file.
pub fn read(path: &Path, text: &str, catalogue: &Catalogue) -> Result<Vec<Test>, Broken> {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let file = File::new(name, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        file.report(Problem::new(error.span().unwrap_or(0..0), format!("not TOML: {}", error.message())));
    }
    let tests = file.is_sound().then(|| {
        let top = Section::top(&file, table.get_ref());
        let tests = top.sections("tests").unwrap_or_default();
        let tests: Vec<Test> = tests.into_iter().filter_map(|section| test(section, catalogue)).collect();
        top.finish();
        tests
    });
    match (tests, file.problems()) {
        (Some(tests), problems) if problems.is_empty() => Ok(tests),
        (_, problems) => Err(Broken::new(path.to_owned(), text, problems)),
    }
}

fn test(section: Section<'_, '_>, catalogue: &Catalogue) -> Option<Test> {
    let word = section.required("alert", "the name of an alert of the catalogue");
    let name = section.text("name").map(|text| text.value);
    let columns = section.texts("columns").map(|texts| texts.into_iter().map(|text| text.value).collect());
    let steps = section.sections("steps");
    if steps.as_ref().is_none_or(Vec::is_empty) {
        let problem = Problem::new(section.span.clone(), "this test has no step");
        section.report(problem.hint("write [[tests.steps]] tables below it"));
    }
    let line = section.file().line(section.span.start);
    let alert = word.as_ref().and_then(|word| match catalogue.alerts.get(word.value.as_str()) {
        Some(alert) => Some(alert),
        None => {
            section.report(unknown(word.span.clone(), "alert", &word.value, catalogue.alerts.keys()));
            None
        }
    });
    section.finish();
    let steps = self::steps(steps.unwrap_or_default(), columns, alert.map(Box::as_ref));
    let alert = alert?;
    let name = name.unwrap_or_else(|| alert.name.to_string());
    Some(Test { name, alert: alert.name.clone(), line, steps })
}

/// The rows of a step as they were written: the names of their cells, and the values.
type Rows = Vec<Vec<(String, Value<'static>)>>;

fn steps(sections: Vec<Section<'_, '_>>, columns: Option<Vec<String>>, alert: Option<&Alert>) -> Vec<Step> {
    let zone = alert.map_or(TimeZone::UTC, |alert| alert.timing.zone.clone());
    let mut clock: Option<Timestamp> = None;
    let mut read: Vec<(Timestamp, Result<Rows, String>, Expected, usize)> = Vec::new();
    for section in sections {
        clock = moment(&section, clock, &zone);
        let answer = answer(&section, columns.as_deref());
        let expected = expected(&section);
        let line = section.file().line(section.span.start);
        section.finish();
        read.extend(clock.zip(answer).map(|(at, answer)| (at, answer, expected, line)));
    }
    let columns = columns.unwrap_or_else(|| named(&read));
    let step = |(at, answer, expected, line): (_, Result<Rows, String>, _, _)| Step {
        at,
        answer: answer.map(|rows| table(&columns, rows)),
        expected,
        line,
    };
    read.into_iter().map(step).collect()
}

/// Every column that some row of the test names, in the order of the file: what the query gives at every step.
fn named(read: &[(Timestamp, Result<Rows, String>, Expected, usize)]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for (name, _) in read.iter().filter_map(|(_, answer, ..)| answer.as_ref().ok()).flatten().flatten() {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    columns
}

/// A cell that a row does not have is NULL.
fn table(columns: &[String], rows: Rows) -> Table {
    let cell = |row: &[(String, Value<'static>)], column: &String| {
        row.iter().find(|(name, _)| name == column).map_or(Value::Null, |(_, value)| value.clone())
    };
    let rows: Vec<Vec<Value<'_>>> =
        rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect();
    Table::of(&columns.iter().map(String::as_str).collect::<Vec<_>>(), &rows)
}

/// `at`, or `after` the step before.
fn moment(section: &Section<'_, '_>, before: Option<Timestamp>, zone: &TimeZone) -> Option<Timestamp> {
    let (at, after) = (section.scalar("at"), section.duration("after"));
    let found = match (&at, after, before) {
        (Some(text), None, _) => {
            let read = instant(&text.value, zone);
            if read.is_none() {
                let problem = Problem::new(text.span.clone(), format!("`{}` is no moment", text.value));
                section.report(problem.hint("write it like \"2026-11-20 10:00\", in the zone of the alert"));
            }
            read
        }
        (None, Some(length), Some(before)) => before.checked_add(jiff::SignedDuration::try_from(length).ok()?).ok(),
        (Some(_), Some(_), _) => {
            section.report(Problem::new(section.key_span("after"), "`after` stands beside `at`: write one of them"));
            before
        }
        (None, _, None) if !section.has("at") => {
            let problem = Problem::new(section.span.clone(), "the first step has no `at`");
            section.report(problem.hint("write it like `at = \"2026-11-20 10:00\"`, in the zone of the alert"));
            None
        }
        (None, None, Some(_)) if !section.has("after") && !section.has("at") => {
            let problem = Problem::new(section.span.clone(), "this step has neither `at` nor `after`");
            section.report(problem.hint("write it like `after = \"10m\"`"));
            before
        }
        (None, _, before) => before,
    };
    if let (Some(text), Some(found), Some(before)) = (at, found, before)
        && found < before
    {
        section.report(Problem::new(text.span, "this is before the step before"));
    }
    found
}

fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let wall: DateTime = text.parse().ok()?;
    zone.to_ambiguous_timestamp(wall).compatible().ok()
}

/// `rows` or `error`.
fn answer(section: &Section<'_, '_>, columns: Option<&[String]>) -> Option<Result<Rows, String>> {
    let (rows, error) = (section.sections("rows"), section.text("error"));
    match (rows, error) {
        (Some(_), Some(error)) => {
            section.report(Problem::new(error.span, "`error` stands beside `rows`: a query fails or it answers"));
            None
        }
        (Some(rows), None) => Some(Ok(rows.iter().map(|row| self::row(row, columns)).collect())),
        (None, Some(error)) => Some(Err(error.value)),
        (None, None) => {
            if !section.has("rows") && !section.has("error") {
                let problem = Problem::new(section.span.clone(), "this step has neither `rows` nor `error`");
                section.report(problem.hint("write what the query gives, `rows = []` when it is no row"));
            }
            None
        }
    }
}

fn row(row: &Section<'_, '_>, columns: Option<&[String]>) -> Vec<(String, Value<'static>)> {
    let mut cells = Vec::new();
    for (name, value) in row.cells() {
        if let Some(columns) = columns.filter(|columns| !columns.iter().any(|column| column == name)) {
            let problem = Problem::new(row.key_span(name), format!("`columns` has no `{name}`"));
            row.report(problem.nearest(name, columns.iter().map(String::as_str)));
        }
        match cell(value.get_ref()) {
            Ok(value) => cells.push((name.to_owned(), value)),
            Err(problem) => row.report(Problem::new(value.span(), format!("`{name}` {problem}"))),
        }
    }
    cells
}

fn expected(section: &Section<'_, '_>) -> Expected {
    let states = State::ALL.map(|state| (state.as_str(), state));
    let of_keys = section.section("states").map(|section| {
        let mut found = Vec::new();
        for (_, key, text) in section.scalars() {
            match State::of_word(&text.value) {
                Some(state) => found.push((key, state)),
                None => {
                    let problem = Problem::new(text.span, format!("`{}` is no state", text.value));
                    section.report(problem.nearest(&text.value, states.map(|(word, _)| word)));
                }
            }
        }
        found
    });
    Expected {
        state: section.one_of("state", &states),
        states: of_keys.unwrap_or_default(),
        health: section.one_of("health", &Health::ALL.map(|health| (health.as_str(), health))),
        messages: section.texts("messages").map(|texts| texts.into_iter().map(|text| text.value).collect()),
    }
}
