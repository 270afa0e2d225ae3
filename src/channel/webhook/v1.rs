//! The message as JSON, first version: frozen. A field may be added; none changes its meaning or goes away without a
//! `schema` of 2.

use serde::Serialize;

use crate::channel::text;
use crate::message::{Attachment, Content, Kind, Message, Section};

/// What a receiver gets, and what a template may name. Values of rows are as they were, and may hold anything.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    /// 1.
    schema: u8,
    /// The same for every attempt.
    id: &'a str,
    /// The same for all messages of one incident.
    thread: &'a str,
    /// `firing`, `repeat`, `resolved`, `unwell`, `well`, `incomplete`, `source_down`, `source_up`, `channel_down`,
    /// `channel_up`, `late`, `on_time`, `report` or `test`.
    kind: Kind,
    /// Whether something is wrong: false for `resolved`, `well`, `source_up`, `channel_up`, `on_time`, `report` and
    /// `test`.
    firing: bool,
    alert: &'a str,
    /// `info`, `warning` or `critical`.
    severity: &'a str,
    /// When it was decided, in RFC 3339.
    at: String,
    /// `FIRING late_orders: 2 of 3 rows: amount > 1000`, on one line without control characters.
    headline: String,
    /// What a template of the alert made of it, or the title of a report.
    title: Option<&'a str>,
    /// The headline without its beginning.
    summary: &'a str,
    description: Option<&'a str>,
    /// What a template of the alert made of it.
    body: Option<&'a str>,
    facts: Vec<Fact<'a>>,
    /// Names of the columns of `rows`.
    columns: &'a [String],
    /// The first rows of the evidence; NULL is null, everything else its text.
    rows: &'a [Vec<Option<String>>],
    /// How many more rows there are.
    more: u64,
    /// The parts of a report.
    sections: Vec<Part<'a>>,
    /// Files, which are not sent here.
    attachments: Vec<File<'a>>,
    link: Option<&'a str>,
    /// A command that shows more.
    command: Option<&'a str>,
    /// What is to be said of the message itself.
    remarks: &'a [String],
}

#[derive(Debug, Serialize)]
struct Part<'a> {
    heading: Option<&'a str>,
    /// `text`, `value`, `table`, `picture` or `problem`.
    kind: &'static str,
    /// All that it says, in lines.
    text: String,
    /// Names of the columns of a table; its first rows; how many more there are.
    columns: &'a [String],
    rows: &'a [Vec<Option<String>>],
    more: u64,
    note: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct File<'a> {
    name: String,
    media_type: &'a str,
    /// In bytes.
    size: usize,
    /// A command that makes it.
    command: Option<&'a str>,
}

impl<'a> Part<'a> {
    fn new(section: &'a Section) -> Self {
        let (kind, table) = match &section.content {
            Content::Text(_) => ("text", None),
            Content::Value { .. } => ("value", None),
            Content::Table(excerpt) => ("table", Some(excerpt)),
            Content::Picture(_) => ("picture", None),
            Content::Problem(_) => ("problem", None),
        };
        Self {
            heading: section.heading.as_deref(),
            kind,
            text: text::content(&section.content, usize::MAX).join("\n"),
            columns: table.map_or(&[], |table| &table.columns),
            rows: table.map_or(&[], |table| &table.rows),
            more: table.map_or(0, |table| table.more),
            note: section.note.as_deref(),
        }
    }
}

impl<'a> File<'a> {
    fn new(file: &'a Attachment) -> Self {
        let Attachment { media_type, content, command, .. } = file;
        Self { name: file.file_name(), media_type, size: content.len(), command: command.as_deref() }
    }
}

#[derive(Debug, Serialize)]
struct Fact<'a> {
    label: &'a str,
    value: &'a str,
}

impl<'a> Body<'a> {
    pub(super) fn new(message: &'a Message) -> Self {
        let excerpt = message.excerpt.as_ref();
        Self {
            schema: 1,
            id: &message.id,
            thread: &message.thread,
            kind: message.kind,
            firing: message.kind.is_trouble(),
            alert: &message.alert,
            severity: message.severity.as_str(),
            at: message.at.to_string(),
            headline: message.headline(),
            title: message.title.as_deref(),
            summary: &message.summary,
            description: message.description.as_deref(),
            body: message.body.as_deref(),
            facts: message.facts.iter().map(|(label, value)| Fact { label, value }).collect(),
            columns: excerpt.map_or(&[], |excerpt| &excerpt.columns),
            rows: excerpt.map_or(&[], |excerpt| &excerpt.rows),
            more: excerpt.map_or(0, |excerpt| excerpt.more),
            sections: message.sections.iter().map(Part::new).collect(),
            attachments: message.attachments.iter().map(File::new).collect(),
            link: message.link.as_deref(),
            command: message.command.as_deref(),
            remarks: &message.remarks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Body;
    use crate::channel::sample::{low_stock, weekly};
    use crate::channel::webhook::VARIABLES;

    #[test]
    fn the_shape_is_frozen() {
        let message = low_stock();
        let body = serde_json::to_value(Body::new(&message)).unwrap();
        let expected = serde_json::json!({
            "schema": 1,
            "id": "low_stock-1-ops",
            "thread": "low_stock-1795176000000000",
            "kind": "firing",
            "firing": true,
            "alert": "low_stock",
            "severity": "warning",
            "at": "2026-11-20T12:00:00Z",
            "headline": "FIRING low_stock: 1 of 3 rows: on_hand < 5",
            "title": null,
            "summary": "1 of 3 rows: on_hand < 5",
            "description": "Stock that runs out this week",
            "body": null,
            "facts": [
                { "label": "since", "value": "2026-11-20 12:00:00 UTC" },
                { "label": "severity", "value": "warning" },
            ],
            "columns": ["sku", "on_hand"],
            "rows": [["A-1", "3"]],
            "more": 0,
            "sections": [],
            "attachments": [],
            "link": null,
            "command": "rowcall query low_stock",
            "remarks": [],
        });
        assert_eq!(body, expected);
        assert!(body.as_object().unwrap().keys().map(String::as_str).eq(VARIABLES));
    }

    #[test]
    fn a_section_is_told_in_words_and_a_file_by_its_name() {
        let message = weekly();
        let body = serde_json::to_value(Body::new(&message)).unwrap();
        let table = serde_json::json!({
            "heading": "By country",
            "kind": "table",
            "text": "country  total\nKR        10.5\nJP        7.25\n…6 more rows",
            "columns": ["country", "total"],
            "rows": [["KR", "10.5"], ["JP", "7.25"]],
            "more": 6,
            "note": "the rest is in weekly.xlsx",
        });
        assert_eq!(body["sections"][1], table);
        assert_eq!((&body["kind"], &body["firing"]), (&"report".into(), &false.into()));
        let file = serde_json::json!({
            "name": "weekly.xlsx",
            "media_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "size": 2,
            "command": "rowcall report weekly -o weekly.xlsx",
        });
        assert_eq!(body["attachments"][0], file);
    }
}
