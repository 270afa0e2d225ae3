//! A table of GitHub's Markdown, for issues, wikis and chat.
//!
//! Every cell is read as it was written: marks of Markdown and HTML are escaped, control characters are shown.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Options, Out, RenderError, Renderer, pass, visible};
use crate::table::{Batch, Column};

/// Writes rows as they pass; the heading waits for the first of them, which tell where the numbers are.
pub(super) struct MarkdownRenderer {
    null: String,
    header: bool,
    columns: Arc<[Column]>,
    begun: bool,
    lines: String,
}

impl MarkdownRenderer {
    pub(super) fn new(options: &Options) -> Self {
        let null = escaped(&options.shown_null()).into_owned();
        Self { null, header: options.header, columns: Arc::new([]), begun: false, lines: String::new() }
    }

    /// The two lines that Markdown asks for; without names the first has empty cells.
    fn head(&mut self, numbers: &[bool]) {
        self.begun = true;
        if numbers.is_empty() {
            return;
        }
        for column in self.columns.iter() {
            self.lines.push_str("| ");
            if self.header {
                self.lines.push_str(&escaped(&visible(&column.name)));
                self.lines.push(' ');
            }
        }
        self.lines.push_str("|\n");
        numbers.iter().for_each(|number| self.lines.push_str(if *number { "| ---: " } else { "| --- " }));
        self.lines.push_str("|\n");
    }
}

/// Whether each column holds numbers and nothing else, as far as the batch tells.
fn numbers(columns: usize, batch: &Batch) -> Vec<bool> {
    let holds = |index| {
        let mut values = batch.rows().map(|row| row.get(index)).filter(|value| !value.is_null()).peekable();
        values.peek().is_some() && values.all(|value| value.is_number())
    };
    (0..columns).map(holds).collect()
}

impl Renderer for MarkdownRenderer {
    fn begin(&mut self, columns: &Arc<[Column]>, _: &mut Out<'_>) -> Result<(), RenderError> {
        self.columns = Arc::clone(columns);
        Ok(())
    }

    fn rows(&mut self, batch: &Batch, out: &mut Out<'_>) -> Result<(), RenderError> {
        if !self.begun {
            self.head(&numbers(self.columns.len(), batch));
        }
        let mut cell = String::new();
        for row in batch.rows() {
            for value in row.values() {
                self.lines.push_str("| ");
                cell.clear();
                value.push_to(&mut cell);
                match value.is_null() {
                    true => self.lines.push_str(&self.null),
                    false => self.lines.push_str(&escaped(&visible(&cell))),
                }
                self.lines.push(' ');
            }
            self.lines.push_str("|\n");
        }
        pass(&mut self.lines, out)
    }

    fn end(&mut self, out: &mut Out<'_>) -> Result<(), RenderError> {
        if !self.begun {
            self.head(&vec![false; self.columns.len()]);
        }
        pass(&mut self.lines, out)
    }
}

/// Appends text that is read as it was written: marks are escaped, control characters shown.
pub fn push_text(out: &mut String, text: &str) {
    out.push_str(&escaped(&visible(text)));
}

/// A backslash before every mark; a low line inside a word is none.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| c == '_' || is_mark(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let within = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        if is_mark(c) || (c == '_' && !within) {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    Cow::Owned(out)
}

fn is_mark(c: char) -> bool {
    matches!(c, '\\' | '|' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '~')
}

#[cfg(test)]
mod tests {
    use crate::render::sample::{hostile, render, without_header};
    use crate::render::{Format, Options};
    use crate::table::Table;
    use crate::value::Value;

    #[test]
    fn cells_are_read_as_they_were_written() {
        insta::assert_snapshot!(render(Format::Markdown, &hostile(), &Options::default()), @r#"
        | id | na\|me | na\|me | \<b\>\\t |
        | --- | --- | --- | --- |
        | 1 | a,"b"\\n | NULL | 0.10 |
        | 18446744073709551615 |  | {"k":\\n 1} | NaN |
        | NULL | \\x1b\[31m\\u{9b}0m\\u{202e}하나 | 1970-01-01 00:00:00+00 | {1,NULL} |
        | -5 | =1+1 | -2\\t\\N | -7 |
        | true | \\. | \<a href=x\>\&amp;\</a\> | snake_case \_x\_ \*y\* \`z\` |
        | \\x00ff | NULL | 👩‍👩‍👧‍👦 é\\x00\\r | 1e-07 |
        "#);
        let table = Table::of(&["a", "n_of_a"], &[vec![Value::Null, Value::Int(1)]]);
        assert_eq!(render(Format::Markdown, &table, &without_header()), "| | |\n| --- | ---: |\n| NULL | 1 |\n");
        let empty = Table::of(&["a", "n_of_a"], &[]);
        assert_eq!(render(Format::Markdown, &empty, &Options::default()), "| a | n_of_a |\n| --- | --- |\n");
    }
}
