//! A line for each row, its cells separated by one character: what CSV and TSV share.

use std::sync::Arc;

use super::{Out, RenderError, Renderer, pass};
use crate::table::{Batch, Column};
use crate::value::Value;

/// How one such format writes a cell.
pub(super) trait Separated: Send {
    /// What stands between two cells.
    const SEPARATOR: char;

    /// Whether the names of the columns stand first.
    fn has_header(&self) -> bool;

    /// Told once, before any cell, how many columns there are.
    fn set_width(&mut self, _: usize) {}

    /// The lines that were not passed on yet.
    fn lines(&mut self) -> &mut String;

    /// Appends a cell.
    fn push(&mut self, value: &Value<'_>);

    /// Appends a cell of text, or a name.
    fn push_text(&mut self, text: &str);
}

impl<T: Separated> Renderer for T {
    fn begin(&mut self, columns: &Arc<[Column]>, out: &mut Out<'_>) -> Result<(), RenderError> {
        self.set_width(columns.len());
        if !self.has_header() {
            return Ok(());
        }
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                self.lines().push(T::SEPARATOR);
            }
            self.push_text(&column.name);
        }
        self.lines().push('\n');
        pass(self.lines(), out)
    }

    fn rows(&mut self, batch: &Batch, out: &mut Out<'_>) -> Result<(), RenderError> {
        for row in batch.rows() {
            for (index, value) in row.values().enumerate() {
                if index > 0 {
                    self.lines().push(T::SEPARATOR);
                }
                self.push(&value);
            }
            self.lines().push('\n');
        }
        pass(self.lines(), out)
    }

    fn end(&mut self, _: &mut Out<'_>) -> Result<(), RenderError> {
        Ok(())
    }
}

/// Whether a spreadsheet would run the text.
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}
