//! The evidence as a table of Slack, inside its limits: 100 rows, 20 columns, no empty cell, and texts that come to far
//! less than the 10,000 characters beyond which it is refused. Cells are `raw_text`: exact to the last digit, and no
//! mention and no markup can arise in them.

use serde_json::{Value, json};

use crate::channel::measure::{units, within};
use crate::channel::text;
use crate::message::Excerpt;

/// The most rows, the names of the columns counted.
const ROWS: usize = 100;
const COLUMNS: usize = 20;
const CELL: usize = 200;

/// The table, and what it leaves out in words; at most `budget` units of text.
pub(super) fn block(excerpt: &Excerpt, budget: usize) -> (Value, Option<String>) {
    let columns = excerpt.columns.len().min(COLUMNS);
    // Names share half of what there is, so that a row can follow.
    let name = (budget / 2 / columns.max(1)).clamp(1, CELL);
    let names: Vec<String> = excerpt.columns.iter().take(columns).map(|column| shown(Some(column), name)).collect();
    let mut left = budget - names.iter().map(|name| units(name)).sum::<usize>().min(budget);
    let mut rows = vec![names];
    for row in excerpt.rows.iter().take(ROWS - 1) {
        let cell = |index: usize| shown(row.get(index).and_then(Option::as_deref), CELL);
        let cells: Vec<String> = (0..columns).map(cell).collect();
        let Some(rest) = left.checked_sub(cells.iter().map(|cell| units(cell)).sum()) else { break };
        left = rest;
        rows.push(cells);
    }
    let missing = missing(excerpt, rows.len() - 1, columns);
    let cell = |text: &String| json!({ "type": "raw_text", "text": text });
    let rows: Vec<Vec<Value>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    (json!({ "type": "table", "column_settings": settings(excerpt, columns), "rows": rows }), missing)
}

/// Numbers stand right.
fn settings(excerpt: &Excerpt, columns: usize) -> Vec<Value> {
    let numeric = |index: usize| {
        let cells: Vec<_> = excerpt.rows.iter().map(|row| row.get(index).and_then(Option::as_deref)).collect();
        text::is_numeric(&cells)
    };
    let align = |index| if numeric(index) { "right" } else { "left" };
    (0..columns).map(|index| json!({ "align": align(index) })).collect()
}

/// A cell as it is shown; never empty.
fn shown(cell: Option<&str>, budget: usize) -> String {
    match within(&text::escaped(cell.unwrap_or(text::NULL)), budget) {
        empty if empty.is_empty() => " ".into(),
        text => text,
    }
}

fn missing(excerpt: &Excerpt, rows: usize, columns: usize) -> Option<String> {
    let rows = text::more_rows(text::hidden(excerpt, rows));
    let columns = match excerpt.columns.len() - columns {
        0 => None,
        1 => Some("…1 more column".to_owned()),
        n => Some(format!("…{n} more columns")),
    };
    let all: Vec<String> = rows.into_iter().chain(columns).collect();
    (!all.is_empty()).then(|| all.join("  "))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::block;
    use crate::message::Excerpt;

    #[test]
    fn a_table_stays_inside_its_limits() {
        let cell = |n: usize| Some(if n.is_multiple_of(7) { String::new() } else { "가".repeat(n) });
        let row = || (0..30).map(cell).collect();
        let columns = (0..30).map(|n| format!("c{n}")).collect();
        let excerpt = Excerpt { columns, rows: (0..200).map(|_| row()).collect(), more: 5 };
        for (budget, rows, missing) in [
            (5000, 29, "…177 more rows  …10 more columns"),
            (9_999_999, 100, "…106 more rows  …10 more columns"),
            (60, 1, "…205 more rows  …10 more columns"),
        ] {
            let (table, said) = block(&excerpt, budget);
            let found: Vec<Vec<Value>> = serde_json::from_value(table["rows"].clone()).unwrap();
            assert_eq!((found.len(), said.as_deref()), (rows, Some(missing)), "{budget}");
            assert!(found.iter().all(|row| row.len() == 20));
            let texts = found.iter().flatten().map(|cell| cell["text"].as_str().unwrap());
            assert!(texts.clone().all(|text| !text.is_empty()));
            assert!(texts.map(|text| text.encode_utf16().count()).sum::<usize>() <= budget);
        }
    }

    #[test]
    fn numbers_stand_right_and_null_is_seen() {
        let excerpt = Excerpt {
            columns: vec!["sku".into(), "n".into()],
            rows: vec![vec![Some("A\n1".into()), Some("12345678901234567890.5".into())], vec![None, None]],
            more: 0,
        };
        let raw = |text: &str| json!({ "type": "raw_text", "text": text });
        let expected = json!({
            "type": "table",
            "column_settings": [{ "align": "left" }, { "align": "right" }],
            "rows": [
                [raw("sku"), raw("n")],
                [raw("A\\n1"), raw("12345678901234567890.5")],
                [raw("NULL"), raw("NULL")],
            ],
        });
        assert_eq!(block(&excerpt, 5000), (expected, None));
    }
}
