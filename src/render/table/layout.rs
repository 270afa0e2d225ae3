//! The widths of a table and its lines.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::super::visible;
use super::super::visible::is_plain;
use crate::table::Row;
use crate::value::Value;

/// No text is clipped to less than this.
const LEAST: usize = 8;
/// What shows that a cell goes on.
const MARK: char = '…';

/// A cell as it is shown.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) text: String,
    /// Numbers stand right and are never clipped.
    pub(super) number: bool,
    width: usize,
}

impl Shown {
    pub(super) fn text(text: &str) -> Self {
        let text = visible(text).into_owned();
        Self { width: width(&text), number: false, text }
    }

    pub(super) fn value(value: &Value<'_>, null: &str) -> Self {
        let mut text = String::new();
        value.push_to(&mut text);
        match value {
            Value::Null => Self { text: null.to_owned(), number: false, width: width(null) },
            number if number.is_number() => Self { number: true, width: width(&text), text },
            _ => Self::text(&text),
        }
    }
}

fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.width() }
}

/// The widths of the columns.
#[derive(Debug)]
pub(super) struct Layout {
    widths: Vec<usize>,
    /// What a text of each column may take.
    most: Vec<usize>,
}

impl Layout {
    /// As wide as the widest cell; on a terminal the widest columns are narrowed until the table fits, where it can.
    pub(super) fn of(heading: &[Shown], rows: &[Vec<Shown>], terminal: Option<usize>) -> Self {
        let mut widths: Vec<usize> = heading.iter().map(|name| name.width).collect();
        let mut numbers = vec![0; widths.len()];
        for (index, shown) in rows.iter().flat_map(|row| row.iter().enumerate()) {
            widths[index] = widths[index].max(shown.width);
            if shown.number {
                numbers[index] = numbers[index].max(shown.width);
            }
        }
        let Some(terminal) = terminal else { return Self { most: vec![usize::MAX; widths.len()], widths } };
        let room = terminal.saturating_sub(3 * widths.len() + 1);
        let narrowed = |level: usize| -> Vec<usize> {
            widths.iter().zip(&numbers).map(|(width, number)| *width.min(&level.max(*number))).collect()
        };
        let taken = |level: usize| narrowed(level).iter().sum::<usize>();
        let level = (LEAST..=room).rev().find(|level| taken(*level) <= room).unwrap_or(LEAST);
        let left = room.saturating_sub(taken(level));
        let widths = narrowed(level);
        let most = widths.iter().map(|width| level.max(width + left)).collect();
        Self { widths, most }
    }

    pub(super) fn widest(&self) -> usize {
        self.widths.iter().copied().max().unwrap_or(0)
    }

    /// What is shown of a cell in the column at `index`.
    pub(super) fn clipped<'a>(&self, index: usize, shown: &'a Shown) -> Cow<'a, str> {
        if shown.number || shown.width <= self.most[index] {
            return Cow::Borrowed(&shown.text);
        }
        Cow::Owned(clip(&shown.text, self.most[index]))
    }

    pub(super) fn top(&self, lines: &mut String) {
        self.rule(lines, ['┌', '─', '┬', '┐']);
    }

    pub(super) fn middle(&self, lines: &mut String) {
        self.rule(lines, ['╞', '═', '╪', '╡']);
    }

    pub(super) fn bottom(&self, lines: &mut String) {
        self.rule(lines, ['└', '─', '┴', '┘']);
    }

    fn rule(&self, lines: &mut String, [left, fill, between, right]: [char; 4]) {
        for (index, width) in self.widths.iter().enumerate() {
            lines.push(if index == 0 { left } else { between });
            (0..width + 2).for_each(|_| lines.push(fill));
        }
        lines.push(right);
        lines.push('\n');
    }

    pub(super) fn row(&self, lines: &mut String, cells: &[Shown]) {
        for (index, shown) in cells.iter().enumerate() {
            let text = self.clipped(index, shown);
            self.cell(lines, index, &text, width(&text), shown.number);
        }
        lines.push_str("│\n");
    }

    /// A row straight from its batch.
    pub(super) fn values(&self, lines: &mut String, row: Row<'_>, null: &str) {
        let mut scratch = String::new();
        for (index, value) in row.values().enumerate() {
            scratch.clear();
            value.push_to(&mut scratch);
            let number = value.is_number();
            let shown = if value.is_null() { Cow::Borrowed(null) } else { visible(&scratch) };
            let wide = width(&shown);
            if number || wide <= self.most[index] {
                self.cell(lines, index, &shown, wide, number);
            } else {
                let clipped = clip(&shown, self.most[index]);
                self.cell(lines, index, &clipped, width(&clipped), number);
            }
        }
        lines.push_str("│\n");
    }

    fn cell(&self, lines: &mut String, index: usize, text: &str, wide: usize, number: bool) {
        let padding = self.widths[index].saturating_sub(wide);
        let (before, after) = if number { (padding, 0) } else { (0, padding) };
        lines.push_str(if index == 0 { "│ " } else { "┆ " });
        pad(lines, before);
        lines.push_str(text);
        pad(lines, after + 1);
    }
}

fn pad(lines: &mut String, mut columns: usize) {
    const BLANK: &str = "                                ";
    while columns > 0 {
        let some = columns.min(BLANK.len());
        lines.push_str(&BLANK[..some]);
        columns -= some;
    }
}

/// As much of the text as fits into `most` columns with the mark behind it; no character is torn apart.
fn clip(text: &str, most: usize) -> String {
    let mut clipped = String::new();
    let mut taken = 1;
    for part in text.graphemes(true) {
        taken += part.width();
        if taken > most {
            break;
        }
        clipped.push_str(part);
    }
    clipped.push(MARK);
    clipped
}

#[cfg(test)]
mod tests {
    use super::{Layout, Shown, clip, width};
    use crate::value::Value;

    #[test]
    fn a_text_is_clipped_between_characters() {
        let cases = [
            ("abcdefgh", 5, "abcd…"),
            ("하나둘셋", 5, "하나…"),
            ("하나둘셋", 6, "하나…"),
            ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 4, "👩‍👩‍👧‍👦…"),
            ("e\u{301}e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}…"),
        ];
        for (text, most, expected) in cases {
            assert_eq!(clip(text, most), expected);
            assert!(width(expected) <= most);
        }
    }

    #[test]
    fn the_widest_texts_are_narrowed_and_numbers_are_not() {
        let long = "x".repeat(60);
        let wide = |text: &str| Shown::text(text);
        let heading = [wide("id"), wide("short"), wide("long")];
        let number = Shown::value(&Value::Int(1_234_567_890_123), "NULL");
        let rows = [vec![number, wide("short"), wide(&long)]];
        let widths = |terminal| Layout::of(&heading, &rows, terminal).widths;
        assert_eq!(widths(None), [13, 5, 60]);
        assert_eq!(widths(Some(100)), [13, 5, 60]);
        assert_eq!(widths(Some(60)), [13, 5, 32]);
        assert_eq!(widths(Some(10)), [13, 5, 8]);
        assert_eq!(Layout::of(&heading, &rows, Some(60)).most, [32, 32, 32]);
        assert_eq!(Layout::of(&heading, &rows, Some(100)).most, [90, 90, 90]);
    }
}
