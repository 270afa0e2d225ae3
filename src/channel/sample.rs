//! Messages for the tests of the doors.

use jiff::Timestamp;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use crate::message::{Excerpt, Kind, Message, Severity};

/// A message as it should be.
pub(super) fn low_stock() -> Message {
    let cell = |text: &str| Some(text.to_owned());
    Message {
        id: "low_stock-1-ops".into(),
        alert: "low_stock".into(),
        thread: "low_stock-1795176000000000".into(),
        kind: Kind::Firing,
        severity: Severity::Warning,
        at: "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap(),
        summary: "1 of 3 rows: on_hand < 5".into(),
        description: Some("Stock that runs out this week".into()),
        facts: vec![("since".into(), "2026-11-20 12:00:00 UTC".into()), ("severity".into(), "warning".into())],
        excerpt: Some(Excerpt {
            columns: vec!["sku".into(), "on_hand".into()],
            rows: vec![vec![cell("A-1"), cell("3")]],
            more: 0,
        }),
        link: None,
        command: Some("rowcall query low_stock".into()),
    }
}

/// A message whose every text may be anything a row can hold.
pub(super) fn hostile() -> impl Strategy<Value = Message> {
    let bad = prop_oneof![
        any::<String>(),
        "[<>&@!|`:*_~a-z\\r\\n\\x1b\u{202e}\u{1f600}]{0,80}",
        Just("<!channel> <@U1> @here ``` \r\nBcc: evil@example.net\r\n\r\n<script>".to_owned()),
        Just("한글😀\u{1b}[2J".repeat(700)),
    ];
    let cells = proptest::collection::vec(proptest::option::of(bad.clone()), 3);
    let rows = proptest::collection::vec(cells, 0..12);
    let facts = proptest::collection::vec((bad.clone(), bad.clone()), 0..6);
    let options = (proptest::option::of(bad.clone()), proptest::option::of(bad.clone()));
    (bad.clone(), bad, facts, rows, options).prop_map(|(summary, column, facts, rows, (description, link))| {
        let columns = vec![column, "b".into(), "c".into()];
        let excerpt = Some(Excerpt { columns, rows, more: 7 });
        Message { summary, facts, excerpt, description, link, ..low_stock() }
    })
}
