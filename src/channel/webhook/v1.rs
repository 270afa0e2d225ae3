//! The message as JSON, first version: frozen. A field may be added; none changes its meaning or goes away without a
//! `schema` of 2.

use serde::Serialize;

use crate::message::{Kind, Message};

/// What a receiver gets, and what a template may name. Values of rows are as they were, and may hold anything.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    /// 1.
    schema: u8,
    /// The same for every attempt.
    id: &'a str,
    /// The same for all messages of one incident.
    thread: &'a str,
    /// `firing`, `repeat`, `resolved`, `unwell` or `well`.
    kind: Kind,
    /// Whether something is wrong: false for `resolved` and `well`.
    firing: bool,
    alert: &'a str,
    /// `info`, `warning` or `critical`.
    severity: &'a str,
    /// When it was decided, in RFC 3339.
    at: String,
    /// `FIRING late_orders: 2 of 3 rows: amount > 1000`, on one line without control characters.
    headline: String,
    /// The headline without its beginning.
    summary: &'a str,
    description: Option<&'a str>,
    facts: Vec<Fact<'a>>,
    /// Names of the columns of `rows`.
    columns: &'a [String],
    /// The first rows of the evidence; NULL is null, everything else its text.
    rows: &'a [Vec<Option<String>>],
    /// How many more rows there are.
    more: u64,
    link: Option<&'a str>,
    /// A command that shows more.
    command: Option<&'a str>,
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
            firing: !message.kind.is_good_news(),
            alert: &message.alert,
            severity: message.severity.as_str(),
            at: message.at.to_string(),
            headline: message.headline(),
            summary: &message.summary,
            description: message.description.as_deref(),
            facts: message.facts.iter().map(|(label, value)| Fact { label, value }).collect(),
            columns: excerpt.map_or(&[], |excerpt| &excerpt.columns),
            rows: excerpt.map_or(&[], |excerpt| &excerpt.rows),
            more: excerpt.map_or(0, |excerpt| excerpt.more),
            link: message.link.as_deref(),
            command: message.command.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Body;
    use crate::channel::sample::low_stock;
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
            "summary": "1 of 3 rows: on_hand < 5",
            "description": "Stock that runs out this week",
            "facts": [
                { "label": "since", "value": "2026-11-20 12:00:00 UTC" },
                { "label": "severity", "value": "warning" },
            ],
            "columns": ["sku", "on_hand"],
            "rows": [["A-1", "3"]],
            "more": 0,
            "link": null,
            "command": "rowcall query low_stock",
        });
        assert_eq!(body, expected);
        assert!(body.as_object().unwrap().keys().map(String::as_str).eq(VARIABLES));
    }
}
