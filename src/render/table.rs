//! Aligned columns for people, and the listings of the command line.

use std::io::{self, Write};
use std::sync::Arc;

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{Renderer, visible};
use crate::table::{Batch, Column};
use crate::value::Value;

/// How NULL is shown, so that it is not taken for the empty string.
const NULL: &str = "NULL";

/// Holds every row until the last has come.
#[derive(Default)]
pub(super) struct TableRenderer {
    table: Table,
    rows: usize,
}

impl Renderer for TableRenderer {
    fn begin(&mut self, columns: &Arc<[Column]>, _: &mut dyn Write) -> io::Result<()> {
        self.table.load_style(presets::UTF8_FULL_CONDENSED);
        self.table.set_header(columns.iter().map(|column| Cell::new(visible(&column.name))));
        Ok(())
    }

    fn rows(&mut self, batch: &Batch, _: &mut dyn Write) -> io::Result<()> {
        for row in batch.rows() {
            self.table.add_row(row.values().map(|value| cell(&value)));
        }
        self.rows += batch.len();
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let plural = if self.rows == 1 { "" } else { "s" };
        writeln!(out, "{}\n({} row{plural})", self.table, self.rows)
    }
}

fn cell(value: &Value<'_>) -> Cell {
    match value {
        Value::Null => Cell::new(NULL),
        number if number.is_number() => Cell::new(number).set_alignment(CellAlignment::Right),
        other => Cell::new(visible(&other.to_string())),
    }
}

pub(super) fn listing(heading: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(heading.iter().map(|word| Cell::new(word.to_uppercase())));
    for row in rows {
        table.add_row(row.iter().map(|word| Cell::new(visible(word))));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
