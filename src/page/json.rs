//! A page for programs: a frozen shape that only gains keys.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{AlertLine, Content, Page, Section};
use crate::render::{Format, Options, whole};
use crate::table::Table;

/// The version of the shape.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Shape<'a> {
    schema: u32,
    report: &'a str,
    title: &'a str,
    description: Option<&'a str>,
    at: jiff::Timestamp,
    link: Option<&'a str>,
    failed: usize,
    sections: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    title: Option<&'a str>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Changed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<Vec<Alert<'a>>>,
    /// An object for each row.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Box<RawValue>>,
    /// Whether there are more rows than these.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<bool>,
}

#[derive(Serialize)]
struct Changed<'a> {
    course: &'static str,
    amount: &'a str,
    against: &'a str,
}

#[derive(Serialize)]
struct Failed<'a> {
    problem: &'a str,
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct Alert<'a> {
    alert: &'a str,
    state: &'static str,
    since: Option<jiff::Timestamp>,
    severity: &'static str,
    firing: usize,
}

/// The whole page, ends with a newline.
#[must_use]
pub fn json(page: &Page) -> String {
    let shape = Shape {
        schema: SCHEMA,
        report: &page.name,
        title: &page.title,
        description: page.description.as_deref(),
        at: page.at,
        link: page.link.as_deref(),
        failed: page.failed(),
        sections: page.sections.iter().map(part).collect(),
    };
    serde_json::to_string_pretty(&shape).expect("texts and instants are JSON") + "\n"
}

fn part(section: &Section) -> Part<'_> {
    let empty = Part {
        title: section.title.as_deref(),
        kind: "text",
        text: None,
        value: None,
        change: None,
        error: None,
        alerts: None,
        rows: None,
        cut: None,
    };
    match &section.content {
        Content::Table(table) => Part { kind: "table", rows: Some(rows(table)), cut: Some(table.is_cut()), ..empty },
        Content::Chart(_, table) => Part { kind: "chart", rows: Some(rows(table)), ..empty },
        Content::Value(figure, table) => {
            let change = figure.change.as_ref().map(|change| Changed {
                course: change.course.word(),
                amount: &change.amount,
                against: &change.against,
            });
            Part { kind: "value", value: Some(&figure.value), change, rows: Some(rows(table)), ..empty }
        }
        Content::Text(prose) => Part { text: Some(prose.source()), ..empty },
        Content::Alerts(alerts) => {
            let alerts = alerts.iter().map(alert).collect();
            Part { kind: "alerts", alerts: Some(alerts), ..empty }
        }
        Content::Trouble(trouble) => {
            let error = Failed { problem: &trouble.problem, hint: trouble.hint.as_deref() };
            Part { kind: "error", error: Some(error), ..empty }
        }
    }
}

fn alert(line: &AlertLine) -> Alert<'_> {
    Alert { alert: &line.alert, state: line.word(), since: line.since, severity: line.severity, firing: line.firing }
}

fn rows(table: &Table) -> Box<RawValue> {
    let out = whole(Format::Json, &Options::default(), table).expect("memory takes everything");
    let text = String::from_utf8(out).expect("JSON is text");
    RawValue::from_string(text.trim().to_owned()).expect("an array of objects")
}
