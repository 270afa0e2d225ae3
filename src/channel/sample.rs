//! Messages for the tests of the doors.

use jiff::Timestamp;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use crate::message::{Attachment, Content, Excerpt, Kind, Message, Picture, Section, Severity};

/// A message as it should be.
pub(super) fn low_stock() -> Message {
    let cell = |text: &str| Some(text.to_owned());
    let at = "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap();
    Message {
        id: "low_stock-1-ops".into(),
        thread: "low_stock-1795176000000000".into(),
        severity: Severity::Warning,
        description: Some("Stock that runs out this week".into()),
        facts: vec![("since".into(), "2026-11-20 12:00:00 UTC".into()), ("severity".into(), "warning".into())],
        excerpt: Some(Excerpt {
            columns: vec!["sku".into(), "on_hand".into()],
            rows: vec![vec![cell("A-1"), cell("3")]],
            more: 0,
        }),
        command: Some("rowcall query low_stock".into()),
        ..Message::new(Kind::Firing, "low_stock", at, "1 of 3 rows: on_hand < 5".into())
    }
}

/// The smallest picture there is.
const DOT: [u8; 70] = *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\r\
    IDATx\xdacd\xf8\xcfP\x0f\0\x03\x86\x01\x80Z4}k\0\0\0\0IEND\xaeB`\x82";

/// A report with every kind of section, one of which failed.
pub(super) fn weekly() -> Message {
    let cell = |text: &str| Some(text.to_owned());
    let at = "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap();
    let picture = |id: &str, alt: &str, text: Option<&str>| {
        let (png, text) = (DOT.to_vec().into(), text.map(str::to_owned));
        Content::Picture(Picture { id: id.into(), alt: alt.into(), width: 600, height: 240, png, text })
    };
    let section =
        |heading: Option<&str>, content: Content| Section { heading: heading.map(str::to_owned), content, note: None };
    let columns = vec!["country".into(), "total".into()];
    let rows = vec![vec![cell("KR"), cell("10.5")], vec![cell("JP"), cell("7.25")]];
    let table = Content::Table(Excerpt { columns, rows, more: 6 });
    Message {
        id: "weekly-1-mail".into(),
        thread: "weekly-1".into(),
        title: Some("Weekly KPIs".into()),
        description: Some("Everything the shop sold".into()),
        sections: vec![
            section(
                Some("Orders"),
                Content::Value { value: "1,234".into(), change: Some("+12 % against last week".into()) },
            ),
            Section { note: Some("the rest is in weekly.xlsx".into()), ..section(Some("By country"), table) },
            section(Some("Per day"), picture("per-day", "Orders per day", Some("Mon ▂\nTue ▇"))),
            section(None, picture("per-hour", "Orders per hour", None)),
            section(Some("Returns"), Content::Problem("the source `crm` did not answer".into())),
        ],
        attachments: vec![Attachment {
            name: "weekly.xlsx".into(),
            media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".into(),
            content: vec![80, 75].into(),
            command: Some("rowcall report weekly -o weekly.xlsx".into()),
        }],
        remarks: vec!["this is a trial".into()],
        ..Message::new(Kind::Report, "weekly", at, "week 47 of 2026".into())
    }
}

/// A message whose every text may be anything a row can hold.
pub(super) fn hostile() -> impl Strategy<Value = Message> {
    let bad = prop_oneof![
        any::<String>(),
        "[<>&@!|`:*_~a-z\\r\\n\\x1b\u{202e}\u{1f600}]{0,80}",
        Just("<!channel> <@U1> @here ``` \r\nBcc: evil@example.net\r\n\r\n<script>".to_owned()),
        Just("한글😀\u{1b}[2J".repeat(400)),
        Just("=HYPERLINK(\"http://x\",\"y\") \"><img src=x>".to_owned()),
    ];
    let cells = proptest::collection::vec(proptest::option::of(bad.clone()), 3);
    let rows = proptest::collection::vec(cells, 0..12);
    let facts = proptest::collection::vec((bad.clone(), bad.clone()), 0..6);
    let options = (
        proptest::option::of(bad.clone()),
        proptest::option::of(bad.clone()),
        proptest::option::of(bad.clone()),
        proptest::option::of(bad.clone()),
    );
    let parts = proptest::collection::vec((0..5_u8, bad.clone(), bad.clone()), 0..4);
    (bad.clone(), bad, facts, rows, options, parts).prop_map(|(summary, column, facts, rows, options, parts)| {
        let (description, link, title, body) = options;
        let columns = vec![column, "b".into(), "c".into()];
        let table = Excerpt { columns, rows, more: 7 };
        let sections: Vec<Section> = parts.iter().enumerate().map(|part| bad_section(part, &table)).collect();
        let attachment = |(_, name, _): &(u8, String, String)| Attachment {
            name: name.clone(),
            media_type: name.clone(),
            content: vec![0].into(),
            command: Some(name.clone()),
        };
        let attachments = parts.iter().map(attachment).collect();
        let remarks = vec![summary.clone()];
        let excerpt = Some(table);
        let words = Message { summary, facts, excerpt, description, link, title, body, ..low_stock() };
        Message { sections, attachments, remarks, ..words }
    })
}

fn bad_section((index, (kind, one, other)): (usize, &(u8, String, String)), table: &Excerpt) -> Section {
    let content = match kind {
        0 => Content::Text(one.clone()),
        1 => Content::Value { value: one.clone(), change: Some(other.clone()) },
        2 => Content::Table(table.clone()),
        3 => Content::Picture(Picture {
            id: format!("p{index}"),
            alt: one.clone(),
            width: 600,
            height: 240,
            png: DOT.to_vec().into(),
            text: Some(other.clone()),
        }),
        _ => Content::Problem(one.clone()),
    };
    Section { heading: Some(other.clone()), content, note: Some(one.clone()) }
}
