//! Results as text: a renderer takes the columns, then batches as they pass, and writes to what it is given.
//!
//! CSV and JSON are written as rows arrive and hold nothing back; a table must see every row before it knows its
//! widths. Knows the words and `table`.

use std::io::{self, Write};
use std::sync::Arc;

use crate::table::{Batch, Column};

mod csv;
mod json;
mod table;
mod visible;

pub use visible::visible;

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people.
    Table,
    /// Comma-separated values: NULL is an unquoted empty field, the empty string is `""`.
    Csv,
    /// An array of objects.
    Json,
}

impl Format {
    /// Every format with its word on the command line.
    pub const ALL: [(&'static str, Self); 3] = [("table", Self::Table), ("csv", Self::Csv), ("json", Self::Json)];
}

/// Writes one result.
pub trait Renderer: Send {
    /// Called once, before any row.
    ///
    /// # Errors
    /// What writing failed with.
    fn begin(&mut self, columns: &Arc<[Column]>, out: &mut dyn Write) -> io::Result<()>;

    /// Called for each batch in order.
    ///
    /// # Errors
    /// What writing failed with.
    fn rows(&mut self, batch: &Batch, out: &mut dyn Write) -> io::Result<()>;

    /// Called once, after the last row.
    ///
    /// # Errors
    /// What writing failed with.
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

/// A renderer for one result.
#[must_use]
pub fn renderer(format: Format) -> Box<dyn Renderer> {
    match format {
        Format::Table => Box::new(table::TableRenderer::default()),
        Format::Csv => Box::new(csv::CsvRenderer),
        Format::Json => Box::new(json::JsonRenderer::default()),
    }
}

/// Rows of words under a heading, aligned, without lines: how verbs list things.
#[must_use]
pub fn listing(heading: &[&str], rows: &[Vec<String>]) -> String {
    table::listing(heading, rows)
}

#[cfg(test)]
mod tests {
    use super::{Format, renderer};
    use crate::table::Table;
    use crate::value::{Array, Dimension, Timestamp, Value};

    fn render(format: Format, table: &Table) -> String {
        let (mut renderer, mut out) = (renderer(format), Vec::new());
        renderer.begin(table.columns(), &mut out).expect("memory takes everything");
        for batch in table.batches() {
            renderer.rows(batch, &mut out).expect("memory takes everything");
        }
        renderer.end(&mut out).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    }

    fn sample() -> Table {
        let array =
            Array { dimensions: vec![Dimension { length: 2, lower: 1 }], items: vec![Value::Int(1), Value::Null] };
        Table::of(
            &["id", "name", "name", "price"],
            &[
                vec![Value::Int(1), Value::Text("a,\"b\"\n".into()), Value::Null, Value::Decimal("0.10".into())],
                vec![
                    Value::UInt(u64::MAX),
                    Value::Text("".into()),
                    Value::Json("{\"k\": 1}".into()),
                    Value::Float(f64::NAN),
                ],
                vec![
                    Value::Null,
                    Value::Text("\u{1b}[31m하나".into()),
                    Value::Timestamp(Timestamp::new(0, Some(0))),
                    Value::Array(std::borrow::Cow::Owned(array)),
                ],
            ],
        )
    }

    #[test]
    fn csv_tells_null_from_the_empty_string() {
        let expected = "id,name,name,price\n1,\"a,\"\"b\"\"\n\",,0.10\n18446744073709551615,\"\",\"{\"\"k\"\": 1}\",NaN\n\
                        ,\u{1b}[31m하나,1970-01-01 00:00:00+00,\"{1,NULL}\"\n";
        assert_eq!(render(Format::Csv, &sample()), expected);
    }

    #[test]
    fn json_is_exact_and_names_are_unique() {
        let expected = r#"[
{"id":1,"name":"a,\"b\"\n","name_2":null,"price":0.10},
{"id":18446744073709551615,"name":"","name_2":{"k": 1},"price":"NaN"},
{"id":null,"name":"\u001b[31m하나","name_2":"1970-01-01T00:00:00Z","price":[1,null]}
]
"#;
        assert_eq!(render(Format::Json, &sample()), expected);
        assert_eq!(render(Format::Json, &Table::of(&["a"], &[])), "[]\n");
    }

    #[test]
    fn a_table_is_aligned_and_carries_no_control_character() {
        insta::assert_snapshot!(render(Format::Table, &sample()), @r#"
        ┌──────────────────────┬──────────────┬────────────────────────┬──────────┐
        │ id                   ┆ name         ┆ name                   ┆ price    │
        ╞══════════════════════╪══════════════╪════════════════════════╪══════════╡
        │                    1 ┆ a,"b"\n      ┆ NULL                   ┆     0.10 │
        │ 18446744073709551615 ┆              ┆ {"k": 1}               ┆      NaN │
        │ NULL                 ┆ \x1b[31m하나 ┆ 1970-01-01 00:00:00+00 ┆ {1,NULL} │
        └──────────────────────┴──────────────┴────────────────────────┴──────────┘
        (3 rows)
        "#);
    }
}
