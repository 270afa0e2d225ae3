//! The sections of a message as blocks of rich text, which know no markup: one block each, and one more for the rows that
//! are a table of Slack.

use serde_json::{Value, json};

use super::payload::{plain, rows};
use super::table;
use crate::channel::measure::{units, within};
use crate::channel::text;
use crate::message::{Content, Section, one_line};

/// The most sections: with the blocks around them far fewer than the 50 blocks that Slack takes.
const MOST: usize = 40;

/// The longest heading, and the longest note.
const HEADING: usize = 300;

/// The blocks of all sections, whose texts come to at most `room` units; with `native` the first rows among them are a
/// table of Slack.
pub(super) fn blocks(sections: &[Section], mut native: bool, mut room: usize) -> Vec<Value> {
    let shown = &sections[..sections.len().min(MOST)];
    let mut all = Vec::new();
    for (index, section) in shown.iter().enumerate() {
        let share = room / (shown.len() - index);
        let is_table = matches!(&section.content, Content::Table(excerpt) if !excerpt.columns.is_empty());
        let (blocks, used) = one(section, share, native && is_table);
        native &= !is_table;
        room = room.saturating_sub(used);
        all.extend(blocks);
    }
    let hidden = sections.len() - shown.len();
    all.extend((hidden > 0).then(|| block(flow(lines(&[format!("…{hidden} more sections")])))).flatten());
    all
}

/// The blocks of one section, and the units of their texts.
fn one(section: &Section, room: usize, native: bool) -> (Vec<Value>, usize) {
    let clip = |text: &str| within(text, HEADING.min(room / 4).max(1));
    let heading =
        section.heading.as_deref().map(one_line).filter(|heading| !heading.is_empty()).map(|line| clip(&line));
    let note: Option<String> = section.note.as_deref().map(|note| clip(&text::escaped(&one_line(note))));
    let left = room.saturating_sub(heading.iter().chain(&note).map(|text| units(text) + 1).sum()).max(1);
    let used = room - left.min(room);
    let mut line: Vec<Value> = heading.iter().map(|heading| styled(heading, "bold")).collect();
    let words = || within(&text::content(&section.content, usize::MAX).join("\n"), left);
    let (code, table) = match &section.content {
        Content::Table(excerpt) if native => (None, Some(table::block(excerpt, left))),
        Content::Table(excerpt) => (Some(rows(excerpt, left)), None),
        Content::Picture(_) => (Some(words()), None),
        Content::Text(_) | Content::Value { .. } | Content::Problem(_) => {
            let gap = if line.is_empty() { "" } else { "\n" };
            line.extend(Some(words()).filter(|words| !words.is_empty()).map(|words| plain(&format!("{gap}{words}"))));
            (None, None)
        }
    };
    let mut body = flow(line);
    body.extend(code.as_deref().and_then(preformatted));
    let Some((table, missing)) = table else {
        body.extend(flow(note.iter().filter(|note| !note.is_empty()).map(|note| styled(note, "italic")).collect()));
        let used = used + code.map_or(left, |code| units(&code));
        return (block(body).into_iter().collect(), used);
    };
    let said: Vec<String> = missing.into_iter().chain(note).filter(|text| !text.is_empty()).collect();
    let said = if said.is_empty() { vec![] } else { vec![styled(&said.join("\n"), "italic")] };
    (block(body).into_iter().chain([table]).chain(block(flow(said))).collect(), room)
}

/// Lines one below the other; none that is empty.
pub(super) fn lines(lines: &[String]) -> Vec<Value> {
    let lines = lines.iter().filter(|line| !line.is_empty()).enumerate();
    lines.map(|(index, line)| plain(&format!("{}{line}", if index > 0 { "\n" } else { "" }))).collect()
}

/// Elements that flow into one text; nothing when there is none.
pub(super) fn flow(elements: Vec<Value>) -> Vec<Value> {
    match elements.is_empty() {
        true => vec![],
        false => vec![json!({ "type": "rich_text_section", "elements": elements })],
    }
}

/// Text whose spaces count; nothing when it is empty.
pub(super) fn preformatted(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!({ "type": "rich_text_preformatted", "elements": [plain(text)] }))
}

/// A block of rich text; nothing when it would be empty.
pub(super) fn block(elements: Vec<Value>) -> Option<Value> {
    (!elements.is_empty()).then(|| json!({ "type": "rich_text", "elements": elements }))
}

fn styled(text: &str, style: &str) -> Value {
    json!({ "type": "text", "text": text, "style": { style: true } })
}
