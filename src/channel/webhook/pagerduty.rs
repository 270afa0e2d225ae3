//! An event for `PagerDuty`: an incident there begins, goes on and ends with the incident here.

use serde_json::{Map, Value, json};

use super::markup::remarks;
use super::reading::{failed, refused, stranger};
use crate::channel::http::Answer;
use crate::channel::measure::within;
use crate::channel::{DeliveryError, Retry};
use crate::message::{Kind, Message, Severity, one_line};

/// Where events go.
pub(super) const URL: &str = "https://events.pagerduty.com/v2/enqueue";

const SUMMARY: usize = 1024;
const KEY: usize = 255;
const DETAIL: usize = 2000;

/// The most rows and columns of the evidence that travel along: the event stays far below 512 KB.
const ROWS: usize = 20;
const COLUMNS: usize = 20;
const CELL: usize = 200;

/// What is posted, one event after the other: each thread that is over is an incident there that ends, and one in which
/// something still fires goes on. A trial ends as it begins.
///
/// # Errors
/// A report is no incident.
pub(super) fn events(message: &Message, routing_key: &str) -> Result<Vec<Value>, DeliveryError> {
    let event = |action: &str, thread: &str| {
        let key = within(thread, KEY);
        json!({ "routing_key": routing_key, "event_action": action, "dedup_key": key })
    };
    match message.kind {
        Kind::Report => {
            Err(failed(Retry::Never, "PagerDuty takes incidents and no reports; send this one elsewhere".into()))
        }
        Kind::Resolved | Kind::Well | Kind::SourceUp | Kind::ChannelUp | Kind::OnTime => {
            Ok(message.ended().into_iter().map(|thread| event("resolve", thread)).collect())
        }
        Kind::Test => {
            Ok(vec![triggered(event("trigger", &message.thread), message), event("resolve", &message.thread)])
        }
        Kind::Firing
        | Kind::Repeat
        | Kind::Unwell
        | Kind::Incomplete
        | Kind::SourceDown
        | Kind::ChannelDown
        | Kind::Late
        | Kind::Digest
        | Kind::Roundup => Ok(vec![triggered(event("trigger", &message.thread), message)]),
    }
}

fn triggered(mut event: Value, message: &Message) -> Value {
    event["client"] = "rowcall".into();
    event["payload"] = json!({
        "summary": within(&message.headline(), SUMMARY),
        "source": message.alert,
        "severity": severity(message),
        "timestamp": message.at.to_string(),
        "class": message.kind,
        "custom_details": details(message),
    });
    event["links"] = message.link.iter().map(|link| json!({ "href": link, "text": "more" })).collect();
    event
}

fn severity(message: &Message) -> &'static str {
    match message.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// Everything else, for whoever opens the incident.
fn details(message: &Message) -> Value {
    let clean = |text: &str, budget: usize| Value::from(within(&one_line(text), budget));
    let mut details = Map::new();
    let words = message.words();
    let own = [("summary", words.summary.filter(|_| message.title.is_some())), ("description", words.text)];
    let own = own.into_iter().chain([("command", message.command.as_deref())]);
    details.extend(own.filter_map(|(label, text)| Some((label.to_owned(), clean(text?, DETAIL)))));
    details
        .extend(remarks(message).enumerate().map(|(n, remark)| (format!("remark {}", n + 1), clean(&remark, DETAIL))));
    details.extend(
        words.facts.iter().take(ROWS).map(|(label, value)| (within(&one_line(label), CELL), clean(value, DETAIL))),
    );
    if let Some(excerpt) = &message.excerpt {
        let cell = |cell: &Option<String>| cell.as_deref().map_or(Value::Null, |text| clean(text, CELL));
        let row = |row: &Vec<Option<String>>| {
            let names = excerpt.columns.iter().take(COLUMNS).map(|name| within(&one_line(name), CELL));
            Value::Object(names.zip(row.iter().map(cell)).collect())
        };
        details.insert("rows".into(), excerpt.rows.iter().take(ROWS).map(row).collect());
        let hidden = excerpt.more + excerpt.rows.len().saturating_sub(ROWS) as u64;
        details.insert("more rows".into(), hidden.into());
    }
    details.into()
}

/// What an answer means.
pub(super) fn read(answer: Answer<'_>) -> Result<Option<String>, DeliveryError> {
    match answer.status {
        202 if answer.json().is_some_and(|body| body["status"] == "success") => Ok(None),
        200..300 => Err(stranger(answer, "PagerDuty")),
        400 if answer.body.to_lowercase().contains("routing") => {
            Err(failed(Retry::Broken, answer.said("PagerDuty") + "; check `routing_key`"))
        }
        _ => Err(refused(answer, "PagerDuty", "check `routing_key`")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::json;

    use super::{events, read};
    use crate::channel::Retry::{After, Broken, Never};
    use crate::channel::http::Answer;
    use crate::channel::sample::{hostile, low_stock, weekly};
    use crate::message::{Kind, Message};

    #[test]
    fn an_incident_begins_and_ends() {
        let expected = json!({
            "routing_key": "R",
            "event_action": "trigger",
            "dedup_key": "low_stock-1795176000000000",
            "client": "rowcall",
            "payload": {
                "summary": "FIRING low_stock: 1 of 3 rows: on_hand < 5",
                "source": "low_stock",
                "severity": "warning",
                "timestamp": "2026-11-20T12:00:00Z",
                "class": "firing",
                "custom_details": {
                    "description": "Stock that runs out this week",
                    "command": "rowcall query low_stock",
                    "since": "2026-11-20 12:00:00 UTC",
                    "severity": "warning",
                    "rows": [{ "sku": "A-1", "on_hand": "3" }],
                    "more rows": 0,
                },
            },
            "links": [],
        });
        assert_eq!(events(&low_stock(), "R"), Ok(vec![expected]));
        let over = Message { kind: Kind::Resolved, ..low_stock() };
        assert_eq!(events(&over, "R"), Ok(vec![end("low_stock-1795176000000000")]));
        let over = |threads: &[&str]| Message {
            over: Some(threads.iter().map(|thread| (*thread).to_owned()).collect()),
            ..over.clone()
        };
        assert_eq!(events(&over(&["a", "b"]), "R"), Ok(vec![end("a"), end("b")]));
        assert_eq!(events(&over(&[]), "R"), Ok(vec![]), "another key of it still fires");
    }

    fn end(thread: &str) -> serde_json::Value {
        json!({ "routing_key": "R", "event_action": "resolve", "dedup_key": thread })
    }

    #[test]
    fn a_channel_that_works_again_ends_what_its_failure_began() {
        let both =
            [Kind::ChannelDown, Kind::ChannelUp].map(|kind| events(&Message { kind, ..low_stock() }, "R").unwrap());
        let actions = both.each_ref().map(|events| (&events[0]["event_action"], &events[0]["dedup_key"]));
        assert_eq!(actions.map(|(action, _)| action.as_str()), [Some("trigger"), Some("resolve")]);
        assert_eq!(actions[0].1, actions[1].1);
    }

    #[test]
    fn a_trial_leaves_no_incident_open() {
        let trial = events(&Message { kind: Kind::Test, ..low_stock() }, "R").unwrap();
        assert_eq!((trial.len(), &trial[0]["event_action"]), (2, &"trigger".into()));
        assert_eq!(trial[1], end("low_stock-1795176000000000"));
    }

    #[test]
    fn a_report_wakes_nobody() {
        assert_eq!(events(&weekly(), "R").map_err(|error| error.retry), Err(Never));
    }

    #[test]
    fn every_answer_has_its_class() {
        let cases = [
            (202, r#"{"status":"success","dedup_key":"x"}"#, Ok(None)),
            (200, "<html>", Err(After(None))),
            (202, "", Err(After(None))),
            (400, r#"{"status":"invalid event","errors":["'payload.summary' is missing"]}"#, Err(Never)),
            (400, r#"{"status":"invalid event","errors":["Length of 'routing_key' is incorrect"]}"#, Err(Broken)),
            (403, "", Err(Broken)),
            (429, "", Err(After(None))),
            (500, "", Err(After(None))),
        ];
        for (status, body, expected) in cases {
            let result = read(Answer { status, body, ..Answer::default() });
            assert_eq!(result.map_err(|error| error.retry), expected, "{status} {body}");
        }
    }

    proptest! {
        #[test]
        fn an_event_stays_small(message in hostile()) {
            assert!(events(&message, "R").unwrap()[0].to_string().len() < 512 * 1024);
        }
    }
}
