//! A message for a webhook of Discord: text of at most 2000 characters in which nobody is mentioned.

use serde_json::{Value, json};

use super::markup::{below, encoded, remarks};
use super::reading::{failed, refused, stranger};
use crate::channel::http::Answer;
use crate::channel::measure::{units, within};
use crate::channel::{DeliveryError, Retry};
use crate::message::{Message, Severity, Tone, one_line};

/// The longest content.
const CONTENT: usize = 2000;
const SUMMARY: usize = 500;
const DESCRIPTION: usize = 300;
const BODY: usize = 900;
const LABEL: usize = 30;
const FACT: usize = 80;
const POINTER: usize = 200;

/// No previews of links.
const SUPPRESS_EMBEDS: u32 = 4;

/// What is posted.
pub(super) fn payload(message: &Message) -> Value {
    json!({ "content": content(message), "allowed_mentions": { "parse": [] }, "flags": SUPPRESS_EMBEDS })
}

fn content(message: &Message) -> String {
    let head = format!("{} **{}**", emoji(message.tone()), plain(&message.head(), SUMMARY));
    let words = message.words();
    let mut lines = vec![head];
    lines.extend(words.summary.map(|summary| plain(&one_line(summary), SUMMARY)));
    lines.extend(words.text.map(|text| plain_lines(text, if message.body.is_some() { BODY } else { DESCRIPTION })));
    lines.retain(|line| !line.is_empty());
    for (label, value) in words.facts.iter().take(6) {
        lines.push(format!("**{}**  {}", plain(label, LABEL), plain(value, FACT)));
    }
    let mut pointers = Vec::new();
    pointers.extend(message.link.iter().map(|link| plain(link, POINTER)));
    pointers.extend(message.command.iter().map(|command| format!("`{}`", fenced(command, POINTER))));
    pointers.extend(remarks(message).map(|remark| plain(&remark, POINTER)));
    let mut content = within(&lines.join("\n"), CONTENT - 4 * POINTER - 40);
    let left =
        CONTENT.saturating_sub(units(&content) + pointers.iter().map(|line| units(line) + 1).sum::<usize>() + 10);
    if let Some(below) = below(message, left, |line| fenced(line, CONTENT)) {
        content.push_str(&format!("\n```\n{below}\n```"));
    }
    for pointer in pointers {
        content.push('\n');
        content.push_str(&pointer);
    }
    content
}

/// The lines of a text, which stay lines.
fn plain_lines(text: &str, budget: usize) -> String {
    let share = |line: &str| plain(line, budget);
    within(&text.lines().map(share).collect::<Vec<_>>().join("\n"), budget)
}

/// `text` with every mark of Markdown made a plain character.
fn plain(text: &str, budget: usize) -> String {
    const HARMLESS: &str = ".,:/'\"%=?;";
    encoded(text, budget, |c| match c {
        c if c.is_ascii_punctuation() && !HARMLESS.contains(c) => format!("\\{c}"),
        c => c.to_string(),
    })
}

/// `text` inside a fence or between back-ticks, which it cannot end.
fn fenced(text: &str, budget: usize) -> String {
    encoded(text, budget, |c| if c == '`' { "'".into() } else { c.to_string() })
}

fn emoji(tone: Tone) -> &'static str {
    match tone {
        Tone::Relief => "✅",
        Tone::Doubt => "❔",
        Tone::Alarm(Severity::Critical) => "🚨",
        Tone::Alarm(Severity::Warning) => "⚠️",
        Tone::Alarm(Severity::Info) => "ℹ️",
        Tone::Calm => "📊",
    }
}

/// What an answer means.
pub(super) fn read(answer: Answer<'_>) -> Result<Option<String>, DeliveryError> {
    let body = answer.json();
    match (answer.status, &body) {
        (204, _) => Ok(None),
        (200, Some(message)) if message.get("id").is_some() => Ok(message["id"].as_str().map(str::to_owned)),
        (200..300, _) => Err(stranger(answer, "Discord")),
        // 50035 is a body that does not fit; 10015 and 50027 are an address that is none any more.
        (400, Some(problem)) if problem["code"] != 50035 && problem["code"] != 50006 => {
            Err(failed(Retry::Broken, answer.said("Discord") + "; check `url`"))
        }
        _ => Err(refused(answer, "Discord", "make a new webhook and set `url` to it")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{CONTENT, payload, read};
    use crate::channel::Retry::{After, Broken, Never};
    use crate::channel::http::Answer;
    use crate::channel::measure::units;
    use crate::channel::sample::{hostile, low_stock};

    #[test]
    fn a_message_reads_well() {
        let expected = "⚠️ **FIRING low\\_stock**\n1 of 3 rows: on\\_hand \\< 5\nStock that runs out this week\n\
            **since**  2026\\-11\\-20 12:00:00 UTC\n**severity**  warning\n```\nsku  on_hand\nA-1        3\n```\n`rowcall query low_stock`";
        assert_eq!(payload(&low_stock())["content"], expected);
    }

    #[test]
    fn every_answer_has_its_class() {
        let cases = [
            (204, "", Ok(None)),
            (200, r#"{"id": "77", "type": 0}"#, Ok(Some("77".to_owned()))),
            (200, "<html>", Err(After(None))),
            (400, r#"{"code": 50035, "message": "Invalid Form Body"}"#, Err(Never)),
            (400, r#"{"code": 50006, "message": "Cannot send an empty message"}"#, Err(Never)),
            (400, r#"{"code": 10015}"#, Err(Broken)),
            (401, r#"{"code": 50027, "message": "Invalid Webhook Token"}"#, Err(Broken)),
            (404, r#"{"code": 10015, "message": "Unknown Webhook"}"#, Err(Broken)),
            (429, "", Err(After(None))),
            (502, "", Err(After(None))),
        ];
        for (status, body, expected) in cases {
            let result = read(Answer { status, body, ..Answer::default() });
            assert_eq!(result.map_err(|error| error.retry), expected, "{status} {body}");
        }
    }

    proptest! {
        #[test]
        fn no_row_breaks_out(message in hostile()) {
            let payload = payload(&message);
            let content = payload["content"].as_str().unwrap();
            assert!(units(content) <= CONTENT, "{}", units(content));
            assert!(content.match_indices('@').all(|(at, _)| content[at + 1..].starts_with('\u{200b}')));
            assert_eq!(content.matches("```").count(), 2, "{content}");
        }
    }
}
