//! A message in Slack's own blocks.
//!
//! Rows reach Slack as a table of `raw_text` or as `rich_text`, which know no markup, so that nothing in a cell can mention
//! anyone or forge a link. Only our own words are mrkdwn. Everything is counted in UTF-16 units and kept inside Slack's
//! limits.

use serde_json::{Value, json};

use super::{Mention, section, table};
use crate::channel::measure::{units, within};
use crate::channel::text;
use crate::message::{Excerpt, Kind, Message, Severity, Tone, one_line};

/// The text beside the blocks: what a notification and a screen reader say.
const TEXT: usize = 3000;
// All text in blocks together stays under 11,000 units, beyond which Slack has refused messages.
const ALERT: usize = 300;
const SUMMARY: usize = 1500;
const DESCRIPTION: usize = 800;
const FACT: usize = 300;
const FACTS: usize = 1500;
const ROWS: usize = 5000;
const BODY: usize = 3500;
const POINTER: usize = 600;
const REMARK: usize = 150;
const REMARKS: usize = 4;

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
        Kind::Firing | Kind::Digest => mention.iter().map(Mention::markup).collect(),
        Kind::Repeat
        | Kind::Resolved
        | Kind::Unwell
        | Kind::Well
        | Kind::Incomplete
        | Kind::SourceDown
        | Kind::SourceUp
        | Kind::ChannelDown
        | Kind::ChannelUp
        | Kind::Roundup
        | Kind::Late
        | Kind::OnTime
        | Kind::Report
        | Kind::Test => Vec::new(),
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

/// The message with its rows and its sections. A message has one table of Slack at most: its own rows, or the first of
/// its sections.
fn rich(message: &Message, dress: Dress, mention: &str) -> Value {
    let head = format!("{} {mention}", sign(message));
    let mut blocks = vec![json!({ "type": "section", "text": { "type": "mrkdwn", "text": head.trim_end() } })];
    let mut body = section::flow(words(message));
    let mut foot = Vec::new();
    let mut room = ROWS;
    if let Some(excerpt) = rows_of(message) {
        // What follows may need as much.
        let share = if message.sections.is_empty() { room } else { room / 2 };
        room -= share;
        if dress == Dress::Table {
            let (table, missing) = table::block(excerpt, share);
            blocks.extend(section::block(std::mem::take(&mut body)));
            blocks.push(table);
            foot.extend(missing);
        } else {
            body.extend(section::preformatted(&rows(excerpt, share)));
        }
    }
    blocks.extend(section::block(body));
    blocks.extend(section::blocks(&message.sections, dress == Dress::Table && rows_of(message).is_none(), room));
    blocks.extend(context(message, foot));
    let mut payload = envelope(message, &mrkdwn(&message.headline(), TEXT));
    payload["blocks"] = blocks.into();
    payload
}

/// `:warning: *FIRING  low_stock*`
fn sign(message: &Message) -> String {
    let name = mrkdwn(&message.name(), ALERT);
    let head = [message.kind.headword(), &name].join("  ");
    format!("{} *{}*", emoji(message.tone()), head.trim())
}

/// What stands at the foot: the remarks, the rows that are not there and files that are not sent in plain text, then the
/// address and the command that show more.
fn context(message: &Message, missing: Vec<String>) -> Option<Value> {
    let files = message.attachments.iter().map(|file| text::absent(file, "not sent here"));
    let said = message.remarks.iter().cloned().chain(missing).chain(files);
    let said = said.map(|line| within(&one_line(&line), REMARK)).filter(|line| !line.is_empty()).take(REMARKS);
    let elements: Vec<Value> =
        said.map(|text| json!({ "type": "plain_text", "text": text })).chain(pointers(message)).collect();
    (!elements.is_empty()).then(|| json!({ "type": "context", "elements": elements }))
}

/// The message in one line, after Slack refused its blocks with `word`.
fn text_only(message: &Message, mention: &str, word: &str) -> Value {
    let remark = message.remarks.first().map(|remark| format!(" ({})", mrkdwn(remark, REMARK))).unwrap_or_default();
    let note = format!(" (without its rows: Slack refused them with `{}`){remark} {mention}", mrkdwn(word, 100));
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

fn emoji(tone: Tone) -> &'static str {
    match tone {
        Tone::Relief => ":white_check_mark:",
        Tone::Doubt => ":grey_question:",
        Tone::Alarm(Severity::Critical) => ":rotating_light:",
        Tone::Alarm(Severity::Warning) => ":warning:",
        Tone::Alarm(Severity::Info) => ":information_source:",
        Tone::Calm => ":bar_chart:",
    }
}

/// Summary, text and facts.
fn words(message: &Message) -> Vec<Value> {
    let words = message.words();
    let mut lines: Vec<String> = words.summary.map(one_line).into_iter().map(|line| within(&line, SUMMARY)).collect();
    if let Some(text) = words.text {
        let text: Vec<_> = text.lines().map(text::escaped).collect();
        let budget = if message.body.is_some() { BODY } else { DESCRIPTION };
        lines.push(within(&text.join("\n"), budget));
    }
    let mut elements = section::lines(&lines);
    let mut left = FACTS;
    for (label, value) in words.facts {
        let label = within(&text::escaped(label), FACT);
        let value = within(&text::escaped(value), FACT);
        let Some(rest) = left.checked_sub(units(&label) + units(&value) + 3) else {
            elements.push(plain("\n…"));
            break;
        };
        left = rest;
        let label = if elements.is_empty() { label } else { format!("\n{label}") };
        if !label.is_empty() {
            elements.push(json!({ "type": "text", "text": label, "style": { "bold": true } }));
        }
        elements.push(plain(&format!("  {value}")));
    }
    elements
}

pub(super) fn plain(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// The first rows that fit `budget` as an aligned table, and how many do not.
pub(super) fn rows(excerpt: &Excerpt, budget: usize) -> String {
    let lines = text::table(excerpt, excerpt.rows.len());
    let mut left = budget.saturating_sub(units("\n…18446744073709551615 more rows")).max(1);
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
pub(super) fn mrkdwn(text: &str, budget: usize) -> String {
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
    use crate::channel::sample::{hostile, low_stock, weekly};
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
    fn a_report_has_a_block_for_each_section() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        let bold = |text: &str| json!({ "type": "text", "text": text, "style": { "bold": true } });
        let flow = |elements: Value| json!({ "type": "rich_text_section", "elements": elements });
        let code =
            |text: &str| json!({ "type": "rich_text_preformatted", "elements": [{ "type": "text", "text": text }] });
        let rich = |elements: Value| json!({ "type": "rich_text", "elements": elements });
        let payload = dressed(&weekly(), Dress::Table, &[Mention::Here], None);
        assert_eq!(payload["text"], "Weekly KPIs");
        let note =
            json!({ "type": "text", "text": "…6 more rows\nthe rest is in weekly.xlsx", "style": { "italic": true } });
        let blocks = payload["blocks"].as_array().unwrap();
        assert_eq!(blocks[4]["rows"][1][1]["text"], "10.5");
        let others: Vec<Value> = blocks.iter().filter(|block| block["type"] != "table").cloned().collect();
        let expected = json!([
            { "type": "section", "text": { "type": "mrkdwn", "text": ":bar_chart: *Weekly KPIs*" } },
            rich(json!([flow(json!([text("week 47 of 2026"), text("\nEverything the shop sold")]))])),
            rich(json!([flow(json!([bold("Orders"), text("\n1,234  (+12 % against last week)")]))])),
            rich(json!([flow(json!([bold("By country")]))])),
            rich(json!([flow(json!([note]))])),
            rich(json!([flow(json!([bold("Per day")])), code("Mon ▂\nTue ▇")])),
            rich(json!([code("[picture: Orders per hour]")])),
            rich(json!([flow(json!([bold("Returns"), text("\ncannot be shown: the source `crm` did not answer")]))])),
            { "type": "context", "elements": [
                { "type": "plain_text", "text": "this is a trial" },
                { "type": "plain_text", "text": "file: weekly.xlsx (2 B), not sent here: rowcall report weekly -o weekly.xlsx" },
            ] },
        ]);
        assert_eq!(Value::from(others), expected);
    }

    #[test]
    fn nobody_is_mentioned_but_when_an_incident_begins() {
        for kind in Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::Firing | Kind::Digest)) {
            for dress in [Dress::Table, Dress::Code, Dress::Text] {
                let payload = dressed(&Message { kind, ..low_stock() }, dress, &[Mention::Here], Some("x"));
                assert!(!payload.to_string().contains("<!here>"), "{kind:?} {dress:?}");
            }
        }
        for kind in [Kind::Firing, Kind::Digest] {
            let payload = dressed(&Message { kind, ..low_stock() }, Dress::Text, &[Mention::Here], Some("x"));
            assert!(payload["text"].as_str().unwrap().ends_with(" <!here>"));
        }
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
