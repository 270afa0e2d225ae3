//! What holds for every chart of every table.

use jiff::tz::TimeZone;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use proptest::test_runner::Config;
use unicode_width::UnicodeWidthStr;

use super::{Kind, Screen, Size, Spec, Theme, Threshold, drawing, svg, terminal};
use crate::table::Table;
use crate::value::{Date, Timestamp, Value};

/// Words of several scripts, long ones, and some that an XML file must not take as they are.
const WORDS: [&str; 10] = [
    "a",
    "서울특별시 강남구",
    "東京都渋谷区",
    "a long name that has no room on any axis of a small chart",
    "<b>&\"'",
    "e\u{301}t\u{1b}[31m\u{202e}\u{0}",
    "",
    "🦀",
    "2026-11-20",
    "7",
];

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Int),
        (0_i64..100).prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        (-1e3..1e3).prop_map(Value::Float),
        (0..10_usize).prop_map(|word| Value::Text(WORDS[word].into())),
        Just(Value::Decimal("12.50".into())),
        Just(Value::Decimal("NaN".into())),
        any::<i32>().prop_map(|days| Value::Date(Date::Days(days))),
        any::<i64>().prop_map(|micros| Value::Timestamp(Timestamp::new(micros, Some(0)))),
        any::<bool>().prop_map(Value::Bool),
    ]
}

/// The cells of a column: of one kind as a rule.
fn column(rows: usize) -> impl Strategy<Value = Vec<Value<'static>>> {
    let seldom_null = |value: fn(i64) -> Value<'static>| {
        let cell = (0_u8..12, any::<i64>()).prop_map(move |(null, n)| if null == 0 { Value::Null } else { value(n) });
        prop::collection::vec(cell, rows).boxed()
    };
    prop_oneof![
        prop::collection::vec(value(), rows).boxed(),
        seldom_null(Value::Int),
        seldom_null(|n| Value::Int(n % 1_000)),
        seldom_null(|n| Value::Float(n as f64 / 1e17)),
        seldom_null(|n| Value::Float(5e-324 * (n % 3) as f64)),
        seldom_null(|n| Value::Date(Date::Days(i32::try_from(20_000 + n % 500).expect("a day")))),
        seldom_null(|n| Value::Timestamp(Timestamp::new(1_795_000_000_000_000 + n % 10_000_000_000, Some(32_400)))),
        seldom_null(|n| Value::Text(WORDS[usize::try_from(n.rem_euclid(10)).expect("small")].into())),
        seldom_null(|n| Value::Text(format!("place {}", n.rem_euclid(500)).into())),
    ]
}

fn table() -> impl Strategy<Value = Table> {
    (1_usize..6, prop_oneof![0_usize..4, 4_usize..40, 40_usize..120]).prop_flat_map(|(width, rows)| {
        prop::collection::vec(column(rows), width).prop_map(move |columns| {
            let rows: Vec<Vec<Value<'_>>> =
                (0..rows).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect();
            Table::of(&["하루", "total", "a<b", "d", "e"][..columns.len()], &rows)
        })
    })
}

fn spec() -> impl Strategy<Value = Spec> {
    let kind = (0_usize..8).prop_map(|kind| Kind::ALL[kind].1);
    let size =
        prop_oneof![Just(None), (240_u32..900, 160_u32..600).prop_map(|(width, height)| Some(Size { width, height }))];
    let limit = (-1e3..1e3, prop::option::of(0_usize..10))
        .prop_map(|(value, label)| Threshold { value, label: label.map(|word| WORDS[word].to_owned()) });
    let words = (prop::option::of(0_usize..10), prop::option::of(0_usize..10));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (kind, size, prop::collection::vec(limit, 0..3), words, flags).prop_map(
        |(kind, size, thresholds, (title, unit), (stacked, horizontal, split))| Spec {
            size,
            thresholds,
            title: title.map(|word| WORDS[word].to_owned()),
            unit: unit.map(|word| WORDS[word].to_owned()),
            stacked,
            horizontal,
            series: split.then(|| "total".to_owned()),
            ..Spec::of(kind)
        },
    )
}

proptest! {
    #[test]
    fn every_line_fits_the_terminal(table in table(), spec in spec(), columns in 32_usize..140, coloured in any::<bool>()) {
        let Ok(text) = terminal(&table, &spec, &TimeZone::UTC, Screen { columns, coloured }) else { return Ok(()) };
        for line in text.lines() {
            let shown = without_colours(line);
            assert!(shown.width() <= columns, "{} of {columns}: {shown}\n{text}", shown.width());
            assert!(!shown.contains(char::is_control), "{shown:?}");
        }
    }
}

/// What is left of a line when its colours are gone.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| shown + part.split_once('m').map_or("", |(_, rest)| rest))
}

proptest! {
    #![proptest_config(Config { cases: 400, ..Config::default() })]

    #[test]
    fn every_table_is_drawn_or_refused(table in table(), spec in spec()) {
        let zone = TimeZone::get("Asia/Seoul").expect("a zone");
        let Ok(drawing) = drawing(&table, &spec, &zone) else { return Ok(()) };
        let texts = drawing.texts();
        for (area, text) in &texts {
            assert!(
                area.left >= -1.0 && area.right <= drawing.width + 1.0 && area.top >= -1.0 && area.bottom <= drawing.height + 1.0,
                "`{text}` leaves the picture: {area:?}"
            );
        }
        // A picture that is smaller than a phone's has room for less than its parts ask for.
        let roomy = drawing.width >= 320.0 && drawing.height >= 220.0;
        for (index, (area, text)) in texts.iter().enumerate().filter(|_| roomy) {
            for (other, word) in &texts[index + 1..] {
                assert!(!area.overlaps(other), "`{text}` and `{word}` overlap: {area:?} {other:?}");
            }
        }
        for (_, theme) in Theme::ALL {
            let svg = svg(&table, &spec, theme, &zone).expect("it was drawn");
            #[cfg(not(feature = "chart"))]
            assert!(svg.ends_with("</svg>"));
            #[cfg(feature = "chart")]
            resvg::usvg::roxmltree::Document::parse(&svg).expect("well-formed");
        }
    }
}
