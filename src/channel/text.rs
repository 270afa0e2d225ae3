//! The plain-text form of a message.
//!
//! A [`Message`] enters; lines that any terminal and any mail reader can show leave: what the `stdout` channel prints and
//! what stands in the text part of a mail. The aligned table and the lines of a section are used by every door. Nothing
//! in it can move a cursor, ring a bell or turn the direction of writing.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use self::table::padded;
use crate::message::{Attachment, Content, Message, Section, is_invisible, one_line};

pub use self::table::excerpt_lines;
#[cfg(any(feature = "slack", feature = "email"))]
pub(super) use self::table::is_numeric;
#[cfg(any(feature = "slack", feature = "webhook"))]
pub(super) use self::table::table;
#[cfg(any(feature = "slack", feature = "email", feature = "webhook"))]
pub(super) use self::table::{NULL, hidden, more_rows};

mod table;

/// The whole message, at most `most` rows of each table; ends with a newline. Files are named: they are not in it.
#[must_use]
pub fn plain(message: &Message, most: usize) -> String {
    text(message, most, |file| absent(file, "not sent here"))
}

/// The whole message as it would go out, with the files that travel along.
#[must_use]
pub fn preview(message: &Message, carries_files: bool) -> String {
    let pictures = message.pictures().map(|picture| format!("picture: {}", picture.file_name()));
    let pictures: Vec<String> = pictures.filter(|_| carries_files).collect();
    let message = Message { remarks: [pictures, message.remarks.clone()].concat(), ..message.clone() };
    match carries_files {
        true => text(&message, usize::MAX, |file| format!("file: {}", file.label())),
        false => plain(&message, usize::MAX),
    }
}

fn text(message: &Message, most: usize, file: impl Fn(&Attachment) -> String) -> String {
    let mut page = Page(head(message));
    if let Some(excerpt) = message.excerpt.as_ref().filter(|excerpt| !excerpt.columns.is_empty()) {
        page.block(excerpt_lines(excerpt, most));
    }
    message.sections.iter().for_each(|part| page.block(section(part, most)));
    let pointers = [("link", &message.link), ("more", &message.command)];
    let pointers = pointers.iter().filter_map(|(label, what)| Some(format!("{label}: {}", escaped(what.as_ref()?))));
    page.block(pointers.chain(message.attachments.iter().map(file)).collect());
    page.block(message.remarks.iter().map(|remark| escaped(remark).into_owned()).collect());
    page.0
}

/// Lines with a margin.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if !line.is_empty() {
            self.0.push_str("  ");
            self.0.push_str(line);
        }
        self.0.push('\n');
    }

    /// Lines apart from those before them.
    fn block(&mut self, lines: Vec<String>) {
        if !lines.is_empty() {
            self.0.push('\n');
            lines.iter().for_each(|line| self.line(line));
        }
    }
}

/// Headline, summary where the headline does not say it, text and facts.
fn head(message: &Message) -> String {
    let mut page = Page(message.headline() + "\n");
    let words = message.words();
    for line in words.summary.filter(|_| message.title.is_some()).into_iter().chain(words.text) {
        line.lines().for_each(|line| page.line(&escaped(line)));
    }
    let facts: Vec<_> = words.facts.iter().map(|(label, value)| (escaped(label), escaped(value))).collect();
    let width = facts.iter().map(|(label, _)| label.width()).max().unwrap_or(0);
    for (label, value) in facts {
        page.line(&format!("{}  {value}", padded(&label, width, false)));
    }
    page.0
}

/// A section in lines, at most `most` rows of its table: everything that it says, also to whoever sees no pictures.
pub(super) fn section(section: &Section, most: usize) -> Vec<String> {
    let heading = section.heading.as_deref().map(one_line).filter(|heading| !heading.is_empty());
    let rule = heading.as_ref().map(|heading| "-".repeat(heading.width().min(80)));
    let mut lines: Vec<String> = heading.into_iter().chain(rule).collect();
    lines.extend(content(&section.content, most));
    lines.extend(section.note.iter().flat_map(|note| note.lines()).map(|line| escaped(line).into_owned()));
    lines
}

/// What a section shows, in lines.
pub(super) fn content(content: &Content, most: usize) -> Vec<String> {
    let lines = |text: &str| text.lines().map(|line| escaped(line).into_owned()).collect::<Vec<_>>();
    match content {
        Content::Text(text) => lines(text),
        Content::Value { value, change: None } => vec![one_line(value)],
        Content::Value { value, change: Some(change) } => vec![format!("{}  ({})", one_line(value), one_line(change))],
        Content::Table(excerpt) => excerpt_lines(excerpt, most),
        Content::Picture(picture) => match &picture.text {
            Some(text) => lines(text),
            None => vec![format!("[picture: {}]", one_line(&picture.alt))],
        },
        Content::Problem(problem) => vec![format!("cannot be shown: {}", one_line(problem))],
    }
}

/// A file that is not where the message is, and how to get it.
pub(super) fn absent(file: &Attachment, why: &str) -> String {
    let command = file.command.as_ref().map(|command| format!(": {}", one_line(command))).unwrap_or_default();
    format!("file: {}, {why}{command}", file.label())
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

    use super::{escaped, plain};
    use crate::channel::sample::{hostile, low_stock, weekly};
    use crate::message::{Kind, Message, is_invisible};

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
    fn a_body_stands_for_the_words_and_a_title_for_the_headline() {
        let title = Some("low_stock: reorder".into());
        let message = Message { title, excerpt: None, description: None, facts: vec![], ..low_stock() };
        let expected = "FIRING low_stock: reorder\n  1 of 3 rows: on_hand < 5\n\n  more: rowcall query low_stock\n";
        assert_eq!(plain(&message, 50), expected);
        let message = Message { body: Some("Reorder A-1.\n\nBy noon.".into()), ..message };
        let expected = "FIRING low_stock: reorder\n  Reorder A-1.\n\n  By noon.\n\n  more: rowcall query low_stock\n";
        assert_eq!(plain(&message, 50), expected);
    }

    #[test]
    fn a_report_reads_well_without_a_picture() {
        let expected = "\
Weekly KPIs
  week 47 of 2026
  Everything the shop sold

  Orders
  ------
  1,234  (+12 % against last week)

  By country
  ----------
  country  total
  KR        10.5
  …7 more rows
  the rest is in weekly.xlsx

  Per day
  -------
  Mon ▂
  Tue ▇

  [picture: Orders per hour]

  Returns
  -------
  cannot be shown: the source `crm` did not answer

  file: weekly.xlsx (2 B), not sent here: rowcall report weekly -o weekly.xlsx

  this is a trial
";
        assert_eq!(plain(&weekly(), 1), expected);
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
