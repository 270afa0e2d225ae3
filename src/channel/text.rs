//! The plain-text form of a message.
//!
//! A [`Message`] enters; lines that any terminal and any mail reader can show leave: what the `stdout` channel prints and
//! what stands in the text part of a mail. The aligned table is used by every door. Nothing in it can move a cursor,
//! ring a bell or turn the direction of writing.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::message::{Excerpt, Message, is_invisible};

/// The widest cell of a table, in terminal columns; the rest is cut with `…`.
const WIDEST_CELL: usize = 80;

/// What stands for NULL.
pub(super) const NULL: &str = "NULL";

/// The whole message, at most `most` rows of its excerpt; ends with a newline.
#[must_use]
pub fn plain(message: &Message, most: usize) -> String {
    let mut text = head(message);
    if let Some(excerpt) = &message.excerpt
        && !excerpt.columns.is_empty()
    {
        text.push('\n');
        excerpt_lines(excerpt, most).iter().for_each(|line| push_line(&mut text, line));
    }
    let pointers = [("link", &message.link), ("more", &message.command)];
    let pointers: Vec<_> = pointers.iter().filter_map(|(label, what)| Some((label, what.as_ref()?))).collect();
    if !pointers.is_empty() {
        text.push('\n');
    }
    for (label, what) in pointers {
        push_line(&mut text, &format!("{label}: {}", escaped(what)));
    }
    text
}

/// The header, at most `most` rows, and how many more there are: aligned lines without a newline.
#[must_use]
pub fn excerpt_lines(excerpt: &Excerpt, most: usize) -> Vec<String> {
    let mut lines = table(excerpt, most);
    let more = more_rows(hidden(excerpt, lines.len() - 1));
    lines.extend(more);
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Headline, description and facts.
fn head(message: &Message) -> String {
    let mut text = message.headline();
    text.push('\n');
    for line in message.description.iter().flat_map(|description| description.lines()) {
        push_line(&mut text, &escaped(line));
    }
    let facts: Vec<_> = message.facts.iter().map(|(label, value)| (escaped(label), escaped(value))).collect();
    let width = facts.iter().map(|(label, _)| label.width()).max().unwrap_or(0);
    for (label, value) in facts {
        push_line(&mut text, &format!("{}  {value}", padded(&label, width, false)));
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    let line = line.trim_end();
    if !line.is_empty() {
        text.push_str("  ");
        text.push_str(line);
    }
    text.push('\n');
}

/// The header line and at most `most` rows, aligned: columns of numbers to the right, everything else to the left.
pub(super) fn table(excerpt: &Excerpt, most: usize) -> Vec<String> {
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
pub(super) fn hidden(excerpt: &Excerpt, shown: usize) -> u64 {
    excerpt.more + excerpt.rows.len().saturating_sub(shown) as u64
}

/// `…2 more rows`, unless every row is there.
pub(super) fn more_rows(hidden: u64) -> Option<String> {
    match hidden {
        0 => None,
        1 => Some("…1 more row".into()),
        n => Some(format!("…{n} more rows")),
    }
}

/// Whether a column holds numbers and nothing else: such a column stands right.
pub(super) fn is_numeric(cells: &[Option<&str>]) -> bool {
    let number = |text: &str| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok()
    };
    cells.iter().any(Option::is_some) && cells.iter().flatten().all(|text| number(text))
}

fn padded(text: &str, width: usize, right: bool) -> String {
    let gap = " ".repeat(width.saturating_sub(text.width()));
    if right { format!("{gap}{text}") } else { format!("{text}{gap}") }
}

/// `text` in at most `width` terminal columns; what is cut away leaves a `…`.
fn cut(text: &str, width: usize) -> String {
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

/// `text` with every character that would do something instead of showing something written out: `\n`, `\x1b`,
/// `\u{202e}`.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c.is_control() || is_invisible(c);
    if !text.contains(acts) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if c.is_control() => safe.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if is_invisible(c) => safe.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => safe.push(c),
        }
    }
    safe.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{escaped, plain, table};
    use crate::channel::sample::{hostile, low_stock};
    use crate::message::{Excerpt, Kind, Message, is_invisible};

    #[test]
    fn a_message_reads_well_in_plain_text() {
        let expected = "\
FIRING low_stock: 1 of 3 rows: on_hand < 5
  Stock that runs out this week
  since     2026-11-20 12:00:00 UTC
  severity  warning

  sku  on_hand
  A-1        3

  more: rowcall query low_stock
";
        assert_eq!(plain(&low_stock(), 50), expected);
    }

    #[test]
    fn a_message_of_one_line_is_one_line() {
        let message =
            Message { description: None, facts: vec![], excerpt: None, command: None, kind: Kind::Well, ..low_stock() };
        assert_eq!(plain(&message, 50), "WORKS AGAIN low_stock: 1 of 3 rows: on_hand < 5\n");
    }

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
        let message = Message { excerpt: Some(excerpt), description: None, facts: vec![], ..low_stock() };
        let shown = plain(&message, 1);
        assert!(shown.contains("  하나  -1.50  tab\\there\n  …4 more rows\n\n  more: "), "{shown}");
    }

    #[test]
    fn a_long_cell_is_cut() {
        let excerpt = Excerpt { columns: vec!["t".into()], rows: vec![vec![Some("가".repeat(100))]], more: 0 };
        assert_eq!(table(&excerpt, 50)[1], "가".repeat(39) + "…");
    }

    proptest! {
        #[test]
        fn no_text_acts_on_a_terminal(message in hostile()) {
            let shown = plain(&message, 50);
            assert!(!shown.contains(|c: char| (c.is_control() && c != '\n') || is_invisible(c)), "{shown:?}");
        }

        #[test]
        fn harmless_text_is_left_alone(text in "[a-zA-Z0-9가-힣 .,😀]{0,40}") {
            assert_eq!(escaped(&text), text);
        }
    }
}
