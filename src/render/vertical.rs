//! One line per cell, for rows that are too wide for a table: what `\x` of psql and `\G` of mariadb show.

use std::sync::Arc;

use unicode_width::UnicodeWidthStr;

use super::{Options, Out, RenderError, Renderer, pass, visible};
use crate::table::{Batch, Column};

/// Writes rows as they pass.
pub(super) struct VerticalRenderer {
    null: String,
    /// The names of the columns, padded to the same width.
    names: Vec<String>,
    width: usize,
    rows: u64,
    lines: String,
}

impl VerticalRenderer {
    pub(super) fn new(options: &Options) -> Self {
        Self { null: options.shown_null(), names: Vec::new(), width: 0, rows: 0, lines: String::new() }
    }

    /// `─[ row 7 ]──────`, as wide as the names and a little more.
    fn rule(&mut self) {
        self.rows += 1;
        let title = format!("─[ row {} ]", self.rows);
        self.lines.push_str(&title);
        (title.width()..self.width + 12).for_each(|_| self.lines.push('─'));
        self.lines.push('\n');
    }
}

impl Renderer for VerticalRenderer {
    fn begin(&mut self, columns: &Arc<[Column]>, _: &mut Out<'_>) -> Result<(), RenderError> {
        let names: Vec<_> = columns.iter().map(|column| visible(&column.name)).collect();
        self.width = names.iter().map(|name| name.width()).max().unwrap_or(0);
        self.names = names.iter().map(|name| format!("{name}{}", " ".repeat(self.width - name.width()))).collect();
        Ok(())
    }

    fn rows(&mut self, batch: &Batch, out: &mut Out<'_>) -> Result<(), RenderError> {
        let mut cell = String::new();
        for row in batch.rows() {
            self.rule();
            for (name, value) in self.names.iter().zip(row.values()) {
                cell.clear();
                value.push_to(&mut cell);
                let shown = if value.is_null() { self.null.as_str().into() } else { visible(&cell) };
                self.lines.push_str(name);
                self.lines.push_str(if shown.is_empty() { " │" } else { " │ " });
                self.lines.push_str(&shown);
                self.lines.push('\n');
            }
        }
        pass(&mut self.lines, out)
    }

    fn end(&mut self, out: &mut Out<'_>) -> Result<(), RenderError> {
        if self.rows == 0 {
            out.write_all(b"(0 rows)\n")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::render::sample::{hostile, null_as, render};
    use crate::render::{Format, Options};
    use crate::table::Table;

    #[test]
    fn a_cell_is_a_line() {
        insta::assert_snapshot!(render(Format::Vertical, &hostile(), &null_as("∅")), @r#"
        ─[ row 1 ]───────
        id    │ 1
        na|me │ a,"b"\n
        na|me │ ∅
        <b>\t │ 0.10
        ─[ row 2 ]───────
        id    │ 18446744073709551615
        na|me │
        na|me │ {"k":\n 1}
        <b>\t │ NaN
        ─[ row 3 ]───────
        id    │ ∅
        na|me │ \x1b[31m\u{9b}0m\u{202e}하나
        na|me │ 1970-01-01 00:00:00+00
        <b>\t │ {1,NULL}
        ─[ row 4 ]───────
        id    │ -5
        na|me │ =1+1
        na|me │ -2\t\N
        <b>\t │ -7
        ─[ row 5 ]───────
        id    │ true
        na|me │ \.
        na|me │ <a href=x>&amp;</a>
        <b>\t │ snake_case _x_ *y* `z`
        ─[ row 6 ]───────
        id    │ \x00ff
        na|me │ NULL
        na|me │ 👩‍👩‍👧‍👦 é\x00\r
        <b>\t │ 1e-07
        "#);
        assert_eq!(render(Format::Vertical, &Table::of(&["a"], &[]), &Options::default()), "(0 rows)\n");
    }
}
