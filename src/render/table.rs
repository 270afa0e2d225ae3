//! Aligned columns for people, and the listings of the command line.
//!
//! The first rows are held until the widths are known. A result of no more rows than these is set by comfy-table; of a
//! longer one the widths stay, the rows pass, and a later cell that is wider pushes its line out, as psql has it.

use std::sync::Arc;

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::{Options, Out, RenderError, Renderer, pass, visible};
use crate::table::{Batch, Column};
use layout::{Layout, Shown};

mod layout;

/// How many rows are held.
const HELD: usize = 1_000;
/// comfy-table counts the width of a column in 16 bits.
const WIDEST: usize = 10_000;

/// Holds the first rows, then lets rows pass.
pub(super) struct TableRenderer {
    null: String,
    header: bool,
    /// The columns of the terminal to fit into.
    terminal: Option<usize>,
    heading: Vec<Shown>,
    held: Vec<Vec<Shown>>,
    /// Known as soon as rows pass.
    layout: Option<Layout>,
    rows: u64,
    lines: String,
}

impl TableRenderer {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            null: options.shown_null(),
            header: options.header,
            terminal: options.width,
            heading: Vec::new(),
            held: Vec::new(),
            layout: None,
            rows: 0,
            lines: String::new(),
        }
    }

    /// Settles the widths by the rows that are held, and lays out these rows.
    fn settle(&mut self) -> Layout {
        let layout = Layout::of(&self.heading, &self.held, self.terminal);
        layout.top(&mut self.lines);
        if self.header {
            layout.row(&mut self.lines, &self.heading);
            layout.middle(&mut self.lines);
        }
        for row in self.held.drain(..) {
            layout.row(&mut self.lines, &row);
        }
        layout
    }

    /// The whole table, when all of it is held.
    fn compose(&self, layout: &Layout) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        let clipped = |cells: &[Shown]| -> Vec<Cell> {
            cells.iter().enumerate().map(|(index, shown)| cell(&layout.clipped(index, shown), shown.number)).collect()
        };
        if self.header {
            table.set_header(clipped(&self.heading));
        }
        table.add_rows(self.held.iter().map(|row| clipped(row)));
        table
    }
}

impl Renderer for TableRenderer {
    fn begin(&mut self, columns: &Arc<[Column]>, _: &mut Out<'_>) -> Result<(), RenderError> {
        self.heading = columns.iter().map(|column| Shown::text(&column.name)).collect();
        Ok(())
    }

    fn rows(&mut self, batch: &Batch, out: &mut Out<'_>) -> Result<(), RenderError> {
        for row in batch.rows() {
            self.rows += 1;
            if self.layout.is_none() && self.held.len() < HELD {
                self.held.push(row.values().map(|value| Shown::value(&value, &self.null)).collect());
                continue;
            }
            let layout = match self.layout.take() {
                Some(layout) => layout,
                None => self.settle(),
            };
            layout.values(&mut self.lines, row, &self.null);
            self.layout = Some(layout);
        }
        pass(&mut self.lines, out)
    }

    fn end(&mut self, out: &mut Out<'_>) -> Result<(), RenderError> {
        let plural = if self.rows == 1 { "" } else { "s" };
        let count = format!("({} row{plural})\n", self.rows);
        match self.layout.take() {
            Some(layout) => layout.bottom(&mut self.lines),
            None if self.heading.is_empty() => {}
            None => {
                let layout = Layout::of(&self.heading, &self.held, self.terminal);
                if layout.widest() > WIDEST || self.held.is_empty() {
                    self.settle().bottom(&mut self.lines);
                } else {
                    self.lines.push_str(&self.compose(&layout).to_string());
                    self.lines.push('\n');
                }
            }
        }
        self.lines.push_str(&count);
        pass(&mut self.lines, out)
    }
}

fn cell(text: &str, number: bool) -> Cell {
    let cell = Cell::new(text);
    if number { cell.set_alignment(CellAlignment::Right) } else { cell }
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

#[cfg(test)]
mod tests {
    use super::{Layout, TableRenderer};
    use crate::render::sample::{hostile, null_as, render, without_header};
    use crate::render::{Format, Options, Renderer};
    use crate::table::Table;
    use crate::value::Value;

    #[test]
    fn a_table_is_aligned_and_carries_no_control_character() {
        insta::assert_snapshot!(render(Format::Table, &hostile(), &Options::default()), @r#"
        ┌──────────────────────┬──────────────────────────────┬────────────────────────┬────────────────────────┐
        │ id                   ┆ na|me                        ┆ na|me                  ┆ <b>\t                  │
        ╞══════════════════════╪══════════════════════════════╪════════════════════════╪════════════════════════╡
        │                    1 ┆ a,"b"\n                      ┆ NULL                   ┆                   0.10 │
        │ 18446744073709551615 ┆                              ┆ {"k":\n 1}             ┆                    NaN │
        │ NULL                 ┆ \x1b[31m\u{9b}0m\u{202e}하나 ┆ 1970-01-01 00:00:00+00 ┆ {1,NULL}               │
        │                   -5 ┆ =1+1                         ┆ -2\t\N                 ┆                     -7 │
        │ true                 ┆ \.                           ┆ <a href=x>&amp;</a>    ┆ snake_case _x_ *y* `z` │
        │ \x00ff               ┆ NULL                         ┆ 👩‍👩‍👧‍👦 é\x00\r             ┆                  1e-07 │
        └──────────────────────┴──────────────────────────────┴────────────────────────┴────────────────────────┘
        (6 rows)
        "#);
    }

    #[test]
    fn a_terminal_gets_what_fits() {
        let long = "아주 긴 글입니다 ".repeat(20);
        let row = vec![Value::Int(1), Value::Text(long.into()), Value::Text("short".into()), Value::Null];
        let table = Table::of(&["id", "note", "b", "a name that is long"], &[row]);
        let options = Options { width: Some(50), ..null_as("-") };
        insta::assert_snapshot!(render(Format::Table, &table, &options), @r#"
        ┌────┬─────────────────┬───────┬─────────────────┐
        │ id ┆ note            ┆ b     ┆ a name that is… │
        ╞════╪═════════════════╪═══════╪═════════════════╡
        │  1 ┆ 아주 긴 글입니… ┆ short ┆ -               │
        └────┴─────────────────┴───────┴─────────────────┘
        (1 row)
        "#);
    }

    #[test]
    fn there_may_be_no_name_no_row_and_no_column() {
        let empty = Table::of(&["id"], &[]);
        insta::assert_snapshot!(render(Format::Table, &empty, &Options::default()), @r#"
        ┌────┐
        │ id │
        ╞════╡
        └────┘
        (0 rows)
        "#);
        insta::assert_snapshot!(render(Format::Table, &empty, &without_header()), @r#"
        ┌────┐
        └────┘
        (0 rows)
        "#);
        insta::assert_snapshot!(render(Format::Table, &Table::of(&["id"], &[vec![Value::Int(1)]]), &without_header()), @r#"
        ┌───┐
        │ 1 │
        └───┘
        (1 row)
        "#);
        assert_eq!(render(Format::Table, &Table::of(&[], &[]), &Options::default()), "(0 rows)\n");
    }

    /// A renderer that holds these rows.
    fn holding(table: &Table, options: &Options) -> TableRenderer {
        let (mut renderer, mut out) = (TableRenderer::new(options), Vec::new());
        renderer.begin(table.columns(), &mut out).expect("memory takes everything");
        table.batches().iter().for_each(|batch| renderer.rows(batch, &mut out).expect("memory takes everything"));
        renderer
    }

    /// Words whose widths are easily got wrong.
    const WORDS: [&str; 9] =
        ["a", "녹차 한 잔", "👩‍👩‍👧‍👦 family", "e\u{301}te\u{301}", "🇰🇷", "a\u{200b}b", "\u{1b}[2J", "日本語", "👍🏽 ok"];

    #[test]
    fn both_ways_to_set_a_table_print_the_same() {
        let rows: Vec<Vec<Value<'_>>> = WORDS
            .iter()
            .zip(7..)
            .map(|(word, n)| vec![Value::Text((*word).into()), Value::Int(n), Value::Null])
            .collect();
        let table = Table::of(&["이름 name", "n", "a\tb"], &rows);
        for width in [None, Some(25)] {
            let mut renderer = holding(&table, &Options { width, ..Options::default() });
            let layout = Layout::of(&renderer.heading, &renderer.held, width);
            let composed = renderer.compose(&layout).to_string() + "\n";
            renderer.settle().bottom(&mut renderer.lines);
            assert_eq!(renderer.lines, composed);
        }
    }

    #[test]
    fn rows_pass_once_the_widths_are_known() {
        let mut rows: Vec<Vec<Value<'_>>> = (1..=1_000).map(|n| vec![Value::Int(n), Value::Text("x".into())]).collect();
        rows.push(vec![Value::Int(12_345), Value::Text("much wider".into())]);
        rows.push(vec![Value::Null, Value::Text("".into())]);
        let mut renderer = holding(&Table::of(&["id", "name"], &rows), &Options::default());
        assert!(renderer.held.is_empty());
        let mut out = Vec::new();
        renderer.end(&mut out).expect("memory takes everything");
        assert_eq!(String::from_utf8(out).expect("text"), "└──────┴──────┘\n(1002 rows)\n");
        let mut out = Vec::new();
        let mut renderer = TableRenderer::new(&Options::default());
        let table = Table::of(&["id", "name"], &rows);
        renderer.begin(table.columns(), &mut out).expect("memory takes everything");
        renderer.rows(&table.batches()[0], &mut out).expect("memory takes everything");
        let text = String::from_utf8(out).expect("text");
        assert!(text.starts_with("┌──────┬──────┐\n│ id   ┆ name │\n╞══════╪══════╡\n│    1 ┆ x    │\n"), "{text}");
        assert!(text.ends_with("│ 1000 ┆ x    │\n│ 12345 ┆ much wider │\n│ NULL ┆      │\n"), "{text}");
    }
}
