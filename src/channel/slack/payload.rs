//! A message in Slack's own blocks.
//!
//! Rows reach Slack as a table of `raw_text` or as `rich_text`, which know no markup, so that nothing in a cell can mention
//! anyone or forge a link. Only our own words are mrkdwn. Everything is counted in UTF-16 units and kept inside Slack's
//! limits.

use serde_json::{Value, json};

use super::{Mention, table};
use crate::channel::measure::{units, within};
use crate::channel::text;
use crate::message::{Excerpt, Kind, Message, Severity, one_line};

/// The text beside the blocks: what a notification and a screen reader say.
const TEXT: usize = 3000;
// All text in blocks together stays under 11,000 units, beyond which Slack has refused messages.
const ALERT: usize = 300;
const SUMMARY: usize = 1500;
const DESCRIPTION: usize = 800;
const FACT: usize = 300;
const FACTS: usize = 1500;
const ROWS: usize = 5000;
const POINTER: usize = 700;

/// How a message is dressed, richest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dress {
    /// With its rows as a table.
    Table,
    /// With its rows as preformatted text, for a server that does not know tables.
    Code,
    /// In one line.
    Text,
}

impl Dress {
    /// The dresses to try for a message, one after the other.
    pub(super) fn of(message: &Message) -> &'static [Self] {
        match rows_of(message) {
            Some(_) => &[Self::Table, Self::Code, Self::Text],
            None => &[Self::Code, Self::Text],
        }
    }
}

/// The message in a dress, after Slack refused a richer one with the word `refused`. Mentions are made when an incident
/// begins and at no other time.
pub(super) fn dressed(message: &Message, dress: Dress, mention: &[Mention], refused: Option<&str>) -> Value {
    let mention: Vec<String> = match message.kind {
        Kind::Firing => mention.iter().map(Mention::markup).collect(),
        Kind::Repeat | Kind::Resolved | Kind::Unwell | Kind::Well | Kind::SourceDown | Kind::SourceUp => Vec::new(),
    };
    match dress {
        Dress::Table | Dress::Code => rich(message, dress, &mention.join(" ")),
        Dress::Text => text_only(message, &mention.join(" "), refused.unwrap_or_default()),
    }
}

/// What to say of a message that arrived in a lesser dress.
pub(super) fn note(dress: Dress, refusals: &[String]) -> Option<String> {
    let word = refusals.last()?;
    match dress {
        Dress::Table => None,
        Dress::Code => Some(format!("without a table: Slack refused it with `{word}`")),
        Dress::Text => Some(format!("text only: Slack refused the blocks with `{word}`")),
    }
}

/// What to say of a message that was refused in every dress.
pub(super) fn all_refused(refusals: &[String]) -> String {
    format!("Slack refused the message with `{}`", refusals.join("`, then with `"))
}

fn rows_of(message: &Message) -> Option<&Excerpt> {
    message.excerpt.as_ref().filter(|excerpt| !excerpt.columns.is_empty())
}

/// The message with its rows.
fn rich(message: &Message, dress: Dress, mention: &str) -> Value {
    let head = format!("{} *{}  {}* {mention}", emoji(message), message.kind.headword(), mrkdwn(&message.alert, ALERT));
    let mut blocks = vec![json!({ "type": "section", "text": { "type": "mrkdwn", "text": head.trim_end() } })];
    let mut body = vec![json!({ "type": "rich_text_section", "elements": words(message) })];
    let rows_of = rows_of(message);
    if let Some(excerpt) = rows_of.filter(|_| dress == Dress::Code) {
        body.push(json!({ "type": "rich_text_preformatted", "elements": [plain(&rows(excerpt, ROWS))] }));
    }
    blocks.push(json!({ "type": "rich_text", "elements": body }));
    let mut pointers = pointers(message);
    if let Some(excerpt) = rows_of.filter(|_| dress == Dress::Table) {
        let (table, missing) = table::block(excerpt, ROWS);
        blocks.push(table);
        pointers.splice(0..0, missing.map(|text| json!({ "type": "plain_text", "text": text })));
    }
    if !pointers.is_empty() {
        blocks.push(json!({ "type": "context", "elements": pointers }));
    }
    let mut payload = envelope(message, &mrkdwn(&message.headline(), TEXT));
    payload["blocks"] = blocks.into();
    payload
}

/// The message in one line, after Slack refused its blocks with `word`.
fn text_only(message: &Message, mention: &str, word: &str) -> Value {
    let note = format!(" (without its rows: Slack refused them with `{}`) {mention}", mrkdwn(word, 100));
    envelope(message, (mrkdwn(&message.headline(), TEXT) + &note).trim_end())
}

fn envelope(message: &Message, text: &str) -> Value {
    json!({
        "text": text,
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "metadata": { "event_type": "rowcall_message", "event_payload": { "id": message.id, "thread": message.thread } },
    })
}

fn emoji(message: &Message) -> &'static str {
    match (message.kind, message.severity) {
        (Kind::Resolved | Kind::Well | Kind::SourceUp, _) => ":white_check_mark:",
        (Kind::Unwell | Kind::SourceDown, _) => ":grey_question:",
        (Kind::Firing | Kind::Repeat, Severity::Critical) => ":rotating_light:",
        (Kind::Firing | Kind::Repeat, Severity::Warning) => ":warning:",
        (Kind::Firing | Kind::Repeat, Severity::Info) => ":information_source:",
    }
}

/// Summary, description and facts.
fn words(message: &Message) -> Vec<Value> {
    let summary = match one_line(&message.summary) {
        empty if empty.is_empty() => "(no summary)".to_owned(),
        summary => within(&summary, SUMMARY),
    };
    let mut elements = vec![plain(&summary)];
    if let Some(description) = &message.description {
        let lines: Vec<_> = description.lines().map(text::escaped).collect();
        elements.push(plain(&format!("\n{}", within(&lines.join("\n"), DESCRIPTION))));
    }
    let mut left = FACTS;
    for (label, value) in &message.facts {
        let label = within(&text::escaped(label), FACT);
        let value = within(&text::escaped(value), FACT);
        let Some(rest) = left.checked_sub(units(&label) + units(&value) + 3) else {
            elements.push(plain("\n…"));
            break;
        };
        left = rest;
        elements.push(json!({ "type": "text", "text": format!("\n{label}"), "style": { "bold": true } }));
        elements.push(plain(&format!("  {value}")));
    }
    elements
}

fn plain(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// The first rows that fit `budget` as an aligned table, and how many do not.
fn rows(excerpt: &Excerpt, budget: usize) -> String {
    let lines = text::table(excerpt, excerpt.rows.len());
    let mut left = budget - units("\n…18446744073709551615 more rows");
    let mut shown = Vec::new();
    for line in lines {
        // A single line wider than everything is cut, never dropped: the header must stand.
        let line = if shown.is_empty() { within(&line, left) } else { line };
        let Some(rest) = left.checked_sub(units(&line) + 1) else { break };
        left = rest;
        shown.push(line);
    }
    shown.extend(text::more_rows(text::hidden(excerpt, shown.len().saturating_sub(1))));
    shown.join("\n")
}

/// The address and the command that show more.
fn pointers(message: &Message) -> Vec<Value> {
    let link = message.link.as_ref().map(|link| link_markup(link));
    let command = message.command.as_ref().map(|command| format!("`{}`", mrkdwn(&command.replace('`', "'"), POINTER)));
    let mrkdwn = |text: String| json!({ "type": "mrkdwn", "text": text });
    link.into_iter().chain(command).map(mrkdwn).collect()
}

/// A link that can be followed when it is one of the web; its text alone otherwise.
fn link_markup(link: &str) -> String {
    let address = link.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E").replace('&', "&amp;");
    let of_web = link.starts_with("https://") || link.starts_with("http://");
    if of_web && !link.contains(|c: char| c.is_whitespace() || c.is_control()) && units(&address) <= POINTER {
        format!("<{address}|more>")
    } else {
        match mrkdwn(link, POINTER) {
            empty if empty.is_empty() => "-".into(),
            text => text,
        }
    }
}

/// `text` for a place that reads markup: no mention and no link can arise in it. At most `budget` units.
fn mrkdwn(text: &str, budget: usize) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut left = budget - 1;
    for c in text::escaped(text).chars() {
        let mut buffer = [0; 4];
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => c.encode_utf8(&mut buffer),
        };
        let Some(rest) = left.checked_sub(units(piece)) else {
            safe.push('…');
            break;
        };
        left = rest;
        safe.push_str(piece);
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::{Value, json};

    use super::{Dress, dressed, mrkdwn, rows};
    use crate::channel::measure::{units, within};
    use crate::channel::sample::{hostile, low_stock};
    use crate::channel::slack::Mention;
    use crate::message::{Excerpt, Kind, Message};

    #[test]
    fn a_message_becomes_blocks() {
        let message = Message { link: Some("https://wiki.example.com/a?b=1&c=<2>".into()), ..low_stock() };
        let expected = json!({
            "text": "FIRING low_stock: 1 of 3 rows: on_hand &lt; 5",
            "mrkdwn": false,
            "unfurl_links": false,
            "unfurl_media": false,
            "metadata": {
                "event_type": "rowcall_message",
                "event_payload": { "id": "low_stock-1-ops", "thread": "low_stock-1795176000000000" },
            },
            "blocks": [
                { "type": "section", "text": { "type": "mrkdwn", "text": ":warning: *FIRING  low_stock* <@U1> <!here>" } },
                { "type": "rich_text", "elements": [
                    { "type": "rich_text_section", "elements": [
                        { "type": "text", "text": "1 of 3 rows: on_hand < 5" },
                        { "type": "text", "text": "\nStock that runs out this week" },
                        { "type": "text", "text": "\nsince", "style": { "bold": true } },
                        { "type": "text", "text": "  2026-11-20 12:00:00 UTC" },
                        { "type": "text", "text": "\nseverity", "style": { "bold": true } },
                        { "type": "text", "text": "  warning" },
                    ] },
                    { "type": "rich_text_preformatted", "elements": [
                        { "type": "text", "text": "sku  on_hand\nA-1        3" },
                    ] },
                ] },
                { "type": "context", "elements": [
                    { "type": "mrkdwn", "text": "<https://wiki.example.com/a?b=1&amp;c=%3C2%3E|more>" },
                    { "type": "mrkdwn", "text": "`rowcall query low_stock`" },
                ] },
            ],
        });
        let mention = [Mention::User("U1".into()), Mention::Here];
        assert_eq!(dressed(&message, Dress::Code, &mention, None), expected);
        let tabled = dressed(&message, Dress::Table, &mention, None);
        assert_eq!(tabled["blocks"][1]["elements"].as_array().map(Vec::len), Some(1));
        assert_eq!(tabled["blocks"][2]["type"], "table");
        assert_eq!(tabled["blocks"][3], expected["blocks"][2]);
    }

    #[test]
    fn nobody_is_mentioned_but_when_an_incident_begins() {
        for kind in [Kind::Repeat, Kind::Resolved, Kind::Unwell, Kind::Well] {
            for dress in [Dress::Table, Dress::Code, Dress::Text] {
                let payload = dressed(&Message { kind, ..low_stock() }, dress, &[Mention::Here], Some("x"));
                assert!(!payload.to_string().contains("<!here>"), "{kind:?} {dress:?}");
            }
        }
        let payload = dressed(&low_stock(), Dress::Text, &[Mention::Here], Some("x"));
        assert!(payload["text"].as_str().unwrap().ends_with(" <!here>"));
    }

    #[test]
    fn the_text_form_says_why_it_stands_alone() {
        let payload = dressed(&low_stock(), Dress::Text, &[], Some("invalid_blocks"));
        let text = "FIRING low_stock: 1 of 3 rows: on_hand &lt; 5 (without its rows: Slack refused them with `invalid_blocks`)";
        assert_eq!(payload["text"], text);
        assert_eq!(payload.get("blocks"), None);
    }

    #[test]
    fn rows_that_do_not_fit_are_counted() {
        let row = |n: usize| vec![Some(format!("{n:04}"))];
        let excerpt = Excerpt { columns: vec!["n".into()], rows: (0..100).map(row).collect(), more: 900 };
        let shown = rows(&excerpt, 100);
        assert!(units(&shown) <= 100, "{shown}");
        assert!(shown.starts_with("   n\n0000\n0001\n"), "{shown}");
        assert_eq!(shown.lines().last(), Some("…988 more rows"));
        assert_eq!(shown.lines().count(), 1 + 12 + 1);
    }

    #[test]
    fn cuts_fall_between_characters_and_entities() {
        assert_eq!(within("😀😀😀", 5), "😀😀…");
        assert_eq!(within("😀😀", 4), "😀😀");
        assert_eq!(mrkdwn("a<<", 8), "a&lt;…");
    }

    /// All text of a payload, and which of it is read as markup.
    fn texts(value: &Value, out: &mut Vec<(bool, String)>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(text)) = map.get("text") {
                    let kind = map.get("type").and_then(Value::as_str);
                    out.push((!matches!(kind, Some("text" | "raw_text" | "plain_text")), text.clone()));
                }
                map.values().for_each(|value| texts(value, out));
            }
            Value::Array(values) => values.iter().for_each(|value| texts(value, out)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    proptest! {
        #[test]
        fn no_row_can_break_out_of_a_message(message in hostile()) {
            for dress in [Dress::Table, Dress::Code] {
                let payload = dressed(&message, dress, &[], None);
                let mut found = Vec::new();
                texts(&payload, &mut found);
                for (markup, text) in &found {
                    assert!(!text.is_empty() && !text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
                    let ours = text.strip_prefix("<http").map_or(text.as_str(), |rest| rest.strip_suffix("|more>").unwrap_or(text));
                    assert!(!markup || !ours.contains(['<', '>']), "{text:?}");
                }
                let mut blocks = Vec::new();
                texts(&payload["blocks"], &mut blocks);
                assert!(blocks.iter().map(|(_, text)| units(text)).sum::<usize>() < 11_000);
                assert!(blocks.iter().all(|(markup, text)| !markup || units(text) <= 3000));
            }
        }
    }
}
