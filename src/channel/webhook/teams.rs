//! An adaptive card for a workflow of Microsoft Teams. Everything that may come from a row is a text run, which knows no
//! markup.

use serde_json::{Value, json};

use super::markup::{encoded, remarks};
use super::reading::{failed, refused, stranger};
use crate::channel::http::Answer;
use crate::channel::measure::within;
use crate::channel::{DeliveryError, Retry, text};
use crate::message::{Content, Excerpt, Message, Section, Severity, Tone, one_line};

/// A workflow takes 28 KB; what the rows take away stays below this many bytes of JSON.
const PAYLOAD: usize = 24 * 1024;
const TEXT: usize = 1000;
const FACT: usize = 200;
const CELL: usize = 100;
const ROWS: usize = 20;
const COLUMNS: usize = 8;
const LINES: usize = 30;

/// What is posted: as many rows as the payload has room for.
pub(super) fn payload(message: &Message) -> Value {
    (0..=ROWS)
        .rev()
        .map(|rows| envelope(message, rows))
        .find(|payload| payload.to_string().len() <= PAYLOAD)
        .unwrap_or_else(|| envelope(&Message { facts: vec![], excerpt: None, sections: vec![], ..message.clone() }, 0))
}

fn envelope(message: &Message, rows: usize) -> Value {
    let mut body = vec![line(vec![json!({
        "type": "TextRun",
        "text": plain(&message.head(), FACT),
        "weight": "Bolder",
        "size": "Large",
        "color": color(message.tone()),
    })])];
    let words = message.words();
    body.extend(words.summary.map(|summary| line(vec![run(&one_line(summary), TEXT)])));
    body.extend(words.text.iter().flat_map(|text| text.lines()).take(LINES).map(|text| line(vec![run(text, TEXT)])));
    for (label, value) in words.facts.iter().take(10) {
        let mut label = run(&format!("{}  ", within(label, FACT / 4)), FACT);
        label["weight"] = "Bolder".into();
        body.push(line(vec![label, run(value, FACT)]));
    }
    if let Some(excerpt) = message.excerpt.as_ref().filter(|excerpt| !excerpt.columns.is_empty()) {
        body.extend(table(excerpt, rows));
    }
    body.extend(message.sections.iter().flat_map(|section| part(section, rows)));
    body.extend(remarks(message).map(|remark| line(vec![run(&remark, FACT)])));
    body.extend(message.command.iter().map(|command| line(vec![typed(run(command, FACT), true)])));
    let of_web = |link: &&String| link.starts_with("https://") || link.starts_with("http://");
    let links = message.link.iter().filter(of_web);
    let actions: Vec<Value> =
        links.map(|link| json!({ "type": "Action.OpenUrl", "title": "More", "url": within(link, 2000) })).collect();
    json!({
        "type": "message",
        "summary": within(&message.headline(), FACT),
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.5",
                "msteams": { "width": "Full" },
                "body": body,
                "actions": actions,
            },
        }],
    })
}

/// A section: its rows as a table, everything else in lines.
fn part(section: &Section, rows: usize) -> Vec<Value> {
    let Content::Table(excerpt) = &section.content else {
        let monospace = matches!(section.content, Content::Picture(_));
        let lines = text::section(section, rows).into_iter().take(LINES);
        return lines.map(|text| line(vec![typed(run(&text, TEXT), monospace)])).collect();
    };
    let heading = section.heading.iter().map(|heading| line(vec![run(&one_line(heading), FACT)]));
    let note = section.note.iter().map(|note| line(vec![run(&one_line(note), FACT)]));
    let table = if excerpt.columns.is_empty() { vec![] } else { table(excerpt, rows) };
    heading.chain(table).chain(note).collect()
}

fn typed(mut run: Value, monospace: bool) -> Value {
    if monospace {
        run["fontType"] = "Monospace".into();
    }
    run
}

/// The first rows, and how many are not there.
fn table(excerpt: &Excerpt, rows: usize) -> Vec<Value> {
    let columns = excerpt.columns.len().min(COLUMNS);
    let cell = |text: &str, bold: bool| {
        let mut run = run(text, CELL);
        if bold {
            run["weight"] = "Bolder".into();
        }
        json!({ "type": "TableCell", "items": [line(vec![run])] })
    };
    let row = |cells: Vec<Value>| json!({ "type": "TableRow", "cells": cells });
    let head = row(excerpt.columns.iter().take(columns).map(|name| cell(name, true)).collect());
    let shown = excerpt.rows.iter().take(rows);
    let body = shown.map(|cells| {
        row((0..columns).map(|n| cell(cells.get(n).and_then(Option::as_deref).unwrap_or(text::NULL), false)).collect())
    });
    let rows_of_table: Vec<Value> = std::iter::once(head).chain(body).collect();
    let mut parts = vec![json!({
        "type": "Table",
        "firstRowAsHeaders": true,
        "columns": vec![json!({ "width": 1 }); columns],
        "rows": rows_of_table,
    })];
    let more = text::more_rows(text::hidden(excerpt, rows));
    parts.extend(more.map(|more| line(vec![run(&more, FACT)])));
    let columns = excerpt.columns.len() - columns;
    if columns > 0 {
        parts.push(line(vec![run(&format!("…{columns} more columns"), FACT)]));
    }
    parts
}

fn line(runs: Vec<Value>) -> Value {
    json!({ "type": "RichTextBlock", "inlines": runs })
}

fn run(text: &str, budget: usize) -> Value {
    json!({ "type": "TextRun", "text": plain(text, budget) })
}

fn plain(text: &str, budget: usize) -> String {
    match encoded(text, budget, String::from) {
        empty if empty.is_empty() => " ".into(),
        text => text,
    }
}

fn color(tone: Tone) -> &'static str {
    match tone {
        Tone::Relief => "Good",
        Tone::Doubt | Tone::Alarm(Severity::Warning) => "Warning",
        Tone::Alarm(Severity::Critical) => "Attention",
        Tone::Alarm(Severity::Info) | Tone::Calm => "Accent",
    }
}

/// What an answer means. A connector of old says 200 and tells of the failure in its words.
pub(super) fn read(answer: Answer<'_>) -> Result<Option<String>, DeliveryError> {
    let body = answer.body.trim();
    match answer.status {
        200..300 if body.contains("delivery failed") => Err(failed(Retry::After(answer.wait()), answer.said("Teams"))),
        200..300 if body.starts_with('<') => Err(stranger(answer, "Teams")),
        200..300 => Ok(None),
        _ => Err(refused(answer, "Teams", "make a new workflow and set `url` to its address")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::Value;

    use super::{payload, read};
    use crate::channel::Retry::{After, Broken, Never};
    use crate::channel::http::Answer;
    use crate::channel::sample::{hostile, low_stock};

    #[test]
    fn a_card_has_the_message_and_its_rows() {
        let payload = payload(&low_stock());
        let body = &payload["attachments"][0]["content"]["body"];
        assert_eq!(body[0]["inlines"][0]["text"], "FIRING low_stock");
        assert_eq!(body[1]["inlines"][0]["text"], "1 of 3 rows: on_hand < 5");
        let table = &body[5];
        assert_eq!(table["type"], "Table");
        assert_eq!(table["rows"][1]["cells"][0]["items"][0]["inlines"][0]["text"], "A-1");
    }

    #[test]
    fn every_answer_has_its_class() {
        let old = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429";
        let cases = [
            (202, "", Ok(None)),
            (200, "1", Ok(None)),
            (200, old, Err(After(None))),
            (200, "<html>sign in", Err(After(None))),
            (400, "bad card", Err(Never)),
            (401, "", Err(Broken)),
            (404, "", Err(Broken)),
            (413, "", Err(Never)),
            (429, "", Err(After(None))),
            (502, "", Err(After(None))),
        ];
        for (status, body, expected) in cases {
            let result = read(Answer { status, body, ..Answer::default() });
            assert_eq!(result.map_err(|error| error.retry), expected, "{status} {body}");
        }
    }

    proptest! {
        #[test]
        fn a_card_stays_small_and_its_runs_plain(message in hostile()) {
            fn check(value: &Value) {
                match value {
                    Value::Object(map) => {
                        assert_ne!(map.get("type"), Some(&Value::from("TextBlock")));
                        if let Some(text) = map.get("text").and_then(Value::as_str) {
                            assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
                        }
                        map.values().for_each(check);
                    }
                    Value::Array(values) => values.iter().for_each(check),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
                }
            }
            let payload = payload(&message);
            assert!(payload.to_string().len() <= 28 * 1024);
            check(&payload);
        }
    }
}
