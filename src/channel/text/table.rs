//! Rows as aligned lines.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::escaped;
use crate::message::Excerpt;

/// The widest cell of a table, in terminal columns; the rest is cut with `…`.
const WIDEST_CELL: usize = 80;

/// What stands for NULL.
pub(in crate::channel) const NULL: &str = "NULL";

/// The header, at most `most` rows, and how many more there are: aligned lines without a newline.
#[must_use]
pub fn excerpt_lines(excerpt: &Excerpt, most: usize) -> Vec<String> {
    let mut lines = table(excerpt, most);
    let more = more_rows(hidden(excerpt, lines.len() - 1));
    lines.extend(more);
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The header line and at most `most` rows, aligned: columns of numbers to the right, everything else to the left.
pub(in crate::channel) fn table(excerpt: &Excerpt, most: usize) -> Vec<String> {
    let shown = &excerpt.rows[..excerpt.rows.len().min(most)];
    let mut grid = vec![String::new(); shown.len() + 1];
    for (index, name) in excerpt.columns.iter().enumerate() {
        let cells: Vec<Option<&str>> = shown.iter().map(|row| row.get(index).and_then(Option::as_deref)).collect();
        let right = is_numeric(&cells);
        let texts = std::iter::once(Some(name.as_str())).chain(cells);
        let texts: Vec<String> = texts.map(|cell| cut(&escaped(cell.unwrap_or(NULL)), WIDEST_CELL)).collect();
        let width = texts.iter().map(|text| text.width()).max().unwrap_or(0);
        for (line, text) in grid.iter_mut().zip(&texts) {
            if index > 0 {
                line.push_str("  ");
            }
            line.push_str(&padded(text, width, right));
        }
    }
    grid.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
    grid
}

/// How many rows of the result are not among the first `shown` of the excerpt.
pub(in crate::channel) fn hidden(excerpt: &Excerpt, shown: usize) -> u64 {
    excerpt.more + excerpt.rows.len().saturating_sub(shown) as u64
}

/// `…2 more rows`, unless every row is there.
pub(in crate::channel) fn more_rows(hidden: u64) -> Option<String> {
    match hidden {
        0 => None,
        1 => Some("…1 more row".into()),
        n => Some(format!("…{n} more rows")),
    }
}

/// Whether a column holds numbers and nothing else: such a column stands right.
pub(in crate::channel) fn is_numeric(cells: &[Option<&str>]) -> bool {
    let number = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok()
    };
    cells.iter().any(Option::is_some) && cells.iter().flatten().all(|text| number(text))
}

pub(super) fn padded(text: &str, width: usize, right: bool) -> String {
    let gap = " ".repeat(width.saturating_sub(text.width()));
    if right { format!("{gap}{text}") } else { format!("{text}{gap}") }
}

/// `text` in at most `width` terminal columns; what is cut away leaves a `…`.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        short.push(c);
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::message::Excerpt;

    #[test]
    fn columns_align_by_what_a_terminal_shows() {
        let cell = |text: &str| Some(text.to_owned());
        let excerpt = Excerpt {
            columns: vec!["이름".into(), "n".into(), "note".into()],
            rows: vec![
                vec![cell("하나"), cell("-1.50"), cell("tab\there")],
                vec![cell("x"), None, cell("")],
                vec![cell("😀"), cell("12"), cell("\u{1b}[31mred\u{202e}")],
            ],
            more: 2,
        };
        let expected =
            ["이름      n  note", "하나  -1.50  tab\\there", "x      NULL", "😀       12  \\x1b[31mred\\u{202e}"];
        assert_eq!(table(&excerpt, 50), expected);
        assert_eq!(super::excerpt_lines(&excerpt, 1), [expected[0], "하나  -1.50  tab\\there", "…4 more rows"]);
    }

    #[test]
    fn a_long_cell_is_cut() {
        let excerpt = Excerpt { columns: vec!["t".into()], rows: vec![vec![Some("가".repeat(100))]], more: 0 };
        assert_eq!(table(&excerpt, 50)[1], "가".repeat(39) + "…");
    }
}
