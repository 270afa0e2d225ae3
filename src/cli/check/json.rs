//! For programs. The shape is frozen: keys are only added, and a change of their meaning is a new number of `schema`.

use jiff::Timestamp;
use serde::Serialize;

use super::account::{Account, Grade, Line};
use crate::message::Excerpt;
use crate::store::Outgoing;

const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    catalogue: String,
    alerts: Vec<Alert<'a>>,
    messages: Vec<Message<'a>>,
    dry_run: bool,
}

#[derive(Serialize)]
struct Alert<'a> {
    name: &'a str,
    description: Option<&'a str>,
    tags: &'a [String],
    severity: &'static str,
    /// `ok`, `pending`, `recovering`, `firing`, `no_data` or `error`.
    state: &'static str,
    /// Whether it counts for exit code 1.
    found: bool,
    why: &'a str,
    hint: Option<&'a str>,
    line: usize,
    rows: Option<u64>,
    started: Timestamp,
    seconds: f64,
    sample: Option<Sample<'a>>,
}

/// Cells are the texts a table shows; NULL is null.
#[derive(Serialize)]
struct Sample<'a> {
    columns: &'a [String],
    rows: &'a [Vec<Option<String>>],
    more: u64,
}

#[derive(Serialize)]
struct Message<'a> {
    alert: &'a str,
    channel: &'a str,
    headline: String,
}

pub(super) fn report(account: &Account<'_>) -> String {
    let report = Report {
        schema: SCHEMA,
        catalogue: account.file(),
        alerts: account.lines.iter().map(alert).collect(),
        messages: account.messages.iter().map(message).collect(),
        dry_run: account.dry_run,
    };
    let mut text = serde_json::to_string_pretty(&report).expect("texts and numbers are JSON");
    text.push('\n');
    text
}

fn message(outgoing: &Outgoing) -> Message<'_> {
    let Outgoing { channel, message, .. } = outgoing;
    Message { alert: &message.alert, channel: channel.as_str(), headline: message.headline() }
}

fn alert<'a>(line: &'a Line<'_>) -> Alert<'a> {
    let (alert, checked) = (line.alert, &line.checked);
    let sample = |Excerpt { columns, rows, more }: &'a Excerpt| Sample { columns, rows, more: *more };
    Alert {
        name: alert.name.as_str(),
        description: alert.description.as_deref(),
        tags: &alert.tags,
        severity: alert.severity.as_str(),
        state: line.state(),
        found: line.grade == Grade::Found,
        why: &checked.report.note,
        hint: checked.report.hint.as_deref(),
        line: alert.line,
        rows: checked.rows,
        started: checked.started,
        seconds: line.seconds(),
        sample: checked.sample.as_ref().map(sample),
    }
}
