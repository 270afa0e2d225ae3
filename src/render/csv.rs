//! CSV, byte for byte as PostgreSQL's own COPY writes it, booleans aside.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use super::Renderer;
use crate::table::{Batch, Column};
use crate::value::Value;

/// Writes rows as they pass.
pub(super) struct CsvRenderer;

impl Renderer for CsvRenderer {
    fn begin(&mut self, columns: &Arc<[Column]>, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for (index, column) in columns.iter().enumerate() {
            separate(&mut line, index);
            push_text(&mut line, &column.name, columns.len() == 1);
        }
        line.push('\n');
        out.write_all(line.as_bytes())
    }

    fn rows(&mut self, batch: &Batch, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = String::new();
        for row in batch.rows() {
            let cells = row.values();
            let alone = cells.len() == 1;
            for (index, value) in cells.enumerate() {
                separate(&mut lines, index);
                push(&mut lines, &value, alone);
            }
            lines.push('\n');
        }
        out.write_all(lines.as_bytes())
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

fn separate(line: &mut String, index: usize) {
    if index > 0 {
        line.push(',');
    }
}

fn push(line: &mut String, value: &Value<'_>, alone: bool) {
    match value {
        Value::Null => {}
        Value::Text(text) | Value::Json(text) => push_text(line, text, alone),
        Value::Array(array) => push_text(line, &array.to_string(), alone),
        plain => write!(line, "{plain}").expect("memory takes everything"),
    }
}

/// Quotes where a reader would otherwise take the text for something else; `\.` alone on a line ends a COPY.
fn push_text(line: &mut String, text: &str, alone: bool) {
    let special = |c| matches!(c, ',' | '"' | '\n' | '\r');
    if text.is_empty() || text.contains(special) || (alone && text == "\\.") {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}
