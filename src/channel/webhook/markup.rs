//! What the presets share: texts within a length, the rows that fit, and words that mention nobody.

use crate::channel::measure::units;
use crate::channel::text;
use crate::message::{Excerpt, Message, one_line};

/// The most rows of one table that are tried.
const MOST_ROWS: usize = 20;

/// What follows an `@`, so that it mentions nobody.
const AT: &str = "@\u{200b}";

/// `text` as `encode` writes its characters, with everything written out that would act instead of show and with no
/// mention in it, in at most `budget` units of UTF-16; what is cut away leaves a `…`.
pub(super) fn encoded(text: &str, budget: usize, encode: impl Fn(char) -> String) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut left = budget.saturating_sub(1);
    for c in text::escaped(text).chars() {
        let piece = if c == '@' { AT.to_owned() } else { encode(c) };
        let Some(rest) = left.checked_sub(units(&piece)) else {
            safe.push('…');
            break;
        };
        left = rest;
        safe.push_str(&piece);
    }
    safe
}

/// The first lines of the aligned table, each made fit for its place, as long as they come to at most `budget` units;
/// then how many rows are not there.
pub(super) fn rows(excerpt: &Excerpt, budget: usize, fit: impl Fn(&str) -> String) -> String {
    let mut left = budget.saturating_sub(units("\n…18446744073709551615 more rows"));
    let mut shown: Vec<String> = Vec::new();
    for line in text::table(excerpt, excerpt.rows.len()) {
        let line = fit(&line);
        let Some(rest) = left.checked_sub(units(&line) + 1) else { break };
        left = rest;
        shown.push(line);
    }
    let rows = shown.len().saturating_sub(1);
    shown.extend(text::more_rows(text::hidden(excerpt, rows)));
    shown.join("\n")
}

/// The rows and the sections of a message, each line made fit for its place, in about `budget` units; none where there
/// are neither.
pub(super) fn below(message: &Message, budget: usize, fit: impl Fn(&str) -> String) -> Option<String> {
    let excerpt = message.excerpt.as_ref().filter(|excerpt| !excerpt.columns.is_empty());
    let share = if message.sections.is_empty() { budget } else { budget / 2 };
    let mut shown: Vec<String> = excerpt.map(|excerpt| rows(excerpt, share, &fit)).into_iter().collect();
    let mut left = budget.saturating_sub(shown.iter().map(|rows| units(rows) + 1).sum());
    let lines = message.sections.iter().flat_map(|part| {
        let blank = String::new();
        std::iter::once(blank).chain(text::section(part, MOST_ROWS))
    });
    for line in lines.skip(usize::from(shown.is_empty())) {
        let line = fit(&line);
        let Some(rest) = left.checked_sub(units(&line) + 3) else {
            shown.push("…".into());
            break;
        };
        left = rest;
        shown.push(line);
    }
    (!shown.is_empty()).then(|| shown.join("\n"))
}

/// What is to be said of the message, and the files that stay behind: one line each, not many.
pub(super) fn remarks(message: &Message) -> impl Iterator<Item = String> {
    let files = message.attachments.iter().map(|file| text::absent(file, "not sent here"));
    message.remarks.iter().map(|remark| one_line(remark)).chain(files).filter(|line| !line.is_empty()).take(2)
}

#[cfg(test)]
mod tests {
    use super::{encoded, rows};
    use crate::channel::measure::within;
    use crate::message::Excerpt;

    #[test]
    fn rows_that_do_not_fit_are_counted() {
        let row = |n: usize| vec![Some(format!("{n:04}"))];
        let excerpt = Excerpt { columns: vec!["n".into()], rows: (0..100).map(row).collect(), more: 900 };
        assert_eq!(rows(&excerpt, 50, str::to_owned), "   n\n0000\n0001\n…998 more rows");
        assert_eq!(rows(&excerpt, 0, str::to_owned), "…1000 more rows");
        assert_eq!(within("😀😀😀", 5), "😀😀…");
    }

    #[test]
    fn a_text_is_cut_between_what_its_characters_become() {
        let twice = |c: char| format!("{c}{c}");
        assert_eq!(encoded("ab@\n", 99, twice), "aabb@\u{200b}\\\\nn");
        assert_eq!(encoded("abc", 4, twice), "a…".replace('a', "aa"));
    }
}
