//! A message in Slack's own blocks.
//!
//! Rows reach Slack as `rich_text`, which knows no markup, so that nothing in a cell can mention anyone or forge a link.
//! Only our own words are mrkdwn. Everything is counted in UTF-16 units and kept inside Slack's limits.

use serde_json::{Value, json};

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

/// The message with its rows.
pub(super) fn rich(message: &Message) -> Value {
    let mut blocks = vec![json!({
        "type": "section",
        "text": { "type": "mrkdwn", "text": format!("{} *{}  {}*", emoji(message), message.kind.headword(), mrkdwn(&message.alert, ALERT)) },
    })];
    let mut body = vec![json!({ "type": "rich_text_section", "elements": words(message) })];
    if let Some(excerpt) = message.excerpt.as_ref().filter(|excerpt| !excerpt.columns.is_empty()) {
        body.push(json!({ "type": "rich_text_preformatted", "elements": [plain(&rows(excerpt, ROWS))] }));
    }
    blocks.push(json!({ "type": "rich_text", "elements": body }));
    let pointers = pointers(message);
    if !pointers.is_empty() {
        blocks.push(json!({ "type": "context", "elements": pointers }));
    }
    let mut payload = envelope(&mrkdwn(&message.headline(), TEXT));
    payload["blocks"] = blocks.into();
    payload
}

/// The message in one line, after Slack refused its blocks with `word`.
pub(super) fn text_only(message: &Message, word: &str) -> Value {
    let note = format!(" (without its rows: Slack refused them with `{}`)", mrkdwn(word, 100));
    envelope(&(mrkdwn(&message.headline(), TEXT) + &note))
}

fn envelope(text: &str) -> Value {
    json!({ "text": text, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false })
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

/// `text` in at most `budget` units; what is cut away leaves a `…`.
fn within(text: &str, budget: usize) -> String {
    if units(text) <= budget {
        return text.to_owned();
    }
    let mut left = budget - 1;
    let fits = |c: &char| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::{Value, json};

    use super::{mrkdwn, rich, rows, text_only, units, within};
    use crate::channel::sample::{hostile, low_stock};
    use crate::message::{Excerpt, Message};

    #[test]
    fn a_message_becomes_blocks() {
        let message = Message { link: Some("https://wiki.example.com/a?b=1&c=<2>".into()), ..low_stock() };
        let expected = json!({
            "text": "FIRING low_stock: 1 of 3 rows: on_hand &lt; 5",
            "mrkdwn": false,
            "unfurl_links": false,
            "unfurl_media": false,
            "blocks": [
                { "type": "section", "text": { "type": "mrkdwn", "text": ":warning: *FIRING  low_stock*" } },
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
        assert_eq!(rich(&message), expected);
    }

    #[test]
    fn the_text_form_says_why_it_stands_alone() {
        let payload = text_only(&low_stock(), "invalid_blocks");
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
                    out.push((map.get("type") != Some(&json!("text")), text.clone()));
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
            let payload = rich(&message);
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
