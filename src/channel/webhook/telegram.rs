//! A message by a bot of Telegram, in its HTML.

use serde_json::{Value, json};

use super::markup::{below, encoded, remarks};
use super::reading::{failed, refused, stranger};
use crate::channel::http::Answer;
use crate::channel::measure::units;
use crate::channel::{DeliveryError, Retry};
use crate::message::{Message, one_line};

/// The longest text; counted here with its tags, so always inside what Telegram counts.
const TEXT: usize = 4096;
const SUMMARY: usize = 600;
const DESCRIPTION: usize = 300;
const BODY: usize = 1500;
const LABEL: usize = 40;
const FACT: usize = 120;
const POINTER: usize = 300;

/// What is posted: a reply to the message `earlier`, where there is one.
pub(super) fn payload(message: &Message, chat: &str, earlier: Option<i64>) -> Value {
    let mut payload = json!({
        "chat_id": chat,
        "text": content(message),
        "parse_mode": "HTML",
        "link_preview_options": { "is_disabled": true },
        "disable_notification": message.kind.is_good_news(),
    });
    if let Some(id) = earlier {
        payload["reply_parameters"] = json!({ "message_id": id, "allow_sending_without_reply": true });
    }
    payload
}

fn content(message: &Message) -> String {
    let words = message.words();
    let mut lines = vec![format!("<b>{}</b>", escaped(&message.head(), SUMMARY))];
    lines.extend(words.summary.map(|summary| escaped(&one_line(summary), SUMMARY)));
    let budget = if message.body.is_some() { BODY } else { DESCRIPTION };
    lines.extend(words.text.into_iter().flat_map(|text| text_lines(text, budget)));
    lines.retain(|line| !line.is_empty());
    for (label, value) in words.facts.iter().take(6) {
        lines.push(format!("<b>{}</b>  {}", escaped(label, LABEL), escaped(value, FACT)));
    }
    let mut pointers: Vec<String> = message.link.iter().map(|link| pointer(link)).collect();
    pointers.extend(message.command.iter().map(|command| format!("<code>{}</code>", escaped(command, POINTER))));
    pointers.extend(remarks(message).map(|remark| escaped(&remark, POINTER)));
    let used: usize = lines.iter().chain(&pointers).map(|line| units(line) + 1).sum();
    let below = below(message, TEXT.saturating_sub(used + 14), |line| escaped(line, usize::MAX));
    lines.extend(below.map(|below| format!("<pre>{below}</pre>")));
    lines.extend(pointers);
    lines.join("\n")
}

/// The lines of a text, which stay lines, in at most `budget` units.
fn text_lines(text: &str, budget: usize) -> Vec<String> {
    let mut left = budget;
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = escaped(line, left);
        let Some(rest) = left.checked_sub(units(&line) + 1) else { break };
        left = rest;
        lines.push(line);
    }
    lines
}

fn pointer(link: &str) -> String {
    let of_web = link.starts_with("https://") || link.starts_with("http://");
    let address: String = link.chars().map(entity).collect();
    match of_web && !link.contains(|c: char| c.is_whitespace() || c.is_control()) && units(&address) <= POINTER {
        true => format!("<a href=\"{address}\">more</a>"),
        false => escaped(link, POINTER),
    }
}

/// `text` for HTML.
fn escaped(text: &str, budget: usize) -> String {
    encoded(text, budget, entity)
}

fn entity(c: char) -> String {
    match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '"' => "&quot;".into(),
        c => c.to_string(),
    }
}

/// What an answer means; the number of the message when it arrived.
pub(super) fn read(answer: Answer<'_>) -> Result<Option<String>, DeliveryError> {
    let body = answer.json().unwrap_or_default();
    let words = body["description"].as_str().unwrap_or_default().to_lowercase();
    match answer.status {
        200 if body["ok"] == true => Ok(body["result"]["message_id"].as_i64().map(|id| id.to_string())),
        200..300 => Err(stranger(answer, "Telegram")),
        400 if ["chat", "peer", "group", "rights"].iter().any(|word| words.contains(word)) => {
            Err(failed(Retry::Broken, answer.said("Telegram") + "; check `chat`, and that the bot is a member of it"))
        }
        401 | 404 => Err(failed(Retry::Broken, answer.said("Telegram") + "; check the token of the bot in `url`")),
        _ => Err(refused(answer, "Telegram", "check that the bot may write to `chat`")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{TEXT, payload, read};
    use crate::channel::Retry::{After, Broken, Never};
    use crate::channel::http::Answer;
    use crate::channel::measure::units;
    use crate::channel::sample::{hostile, low_stock};

    #[test]
    fn a_message_reads_well() {
        let expected = "<b>FIRING low_stock</b>\n1 of 3 rows: on_hand &lt; 5\nStock that runs out this week\n\
            <b>since</b>  2026-11-20 12:00:00 UTC\n<b>severity</b>  warning\n<pre>sku  on_hand\nA-1        3</pre>\n\
            <code>rowcall query low_stock</code>";
        assert_eq!(payload(&low_stock(), "@ops", None)["text"], expected);
        assert_eq!(payload(&low_stock(), "@ops", Some(5))["reply_parameters"]["message_id"], 5);
    }

    #[test]
    fn every_answer_has_its_class() {
        let cases = [
            (200, r#"{"ok":true,"result":{"message_id":5}}"#, Ok(Some("5".to_owned()))),
            (200, r#"{"ok":false}"#, Err(After(None))),
            (200, "<html>", Err(After(None))),
            (400, r#"{"ok":false,"description":"Bad Request: chat not found"}"#, Err(Broken)),
            (
                400,
                r#"{"ok":false,"description":"Bad Request: group chat was upgraded to a supergroup chat"}"#,
                Err(Broken),
            ),
            (400, r#"{"ok":false,"description":"Bad Request: message is too long"}"#, Err(Never)),
            (400, r#"{"ok":false,"description":"Bad Request: can't parse entities"}"#, Err(Never)),
            (401, r#"{"ok":false,"description":"Unauthorized"}"#, Err(Broken)),
            (403, r#"{"ok":false,"description":"Forbidden: bot was kicked"}"#, Err(Broken)),
            (404, r#"{"ok":false,"description":"Not Found"}"#, Err(Broken)),
            (429, "", Err(After(None))),
            (500, "", Err(After(None))),
        ];
        for (status, body, expected) in cases {
            let result = read(Answer { status, body, ..Answer::default() });
            assert_eq!(result.map_err(|error| error.retry), expected, "{status} {body}");
        }
    }

    proptest! {
        #[test]
        fn no_row_breaks_out(message in hostile()) {
            let payload = payload(&message, "1", None);
            let text = payload["text"].as_str().unwrap();
            assert!(units(text) <= TEXT && !text.contains('@') || text.contains("@\u{200b}"), "{}", units(text));
            let tags = text.split('<').skip(1).filter_map(|tag| tag.split('>').next());
            assert!(tags.into_iter().all(|tag| ["b", "/b", "pre", "/pre", "code", "/code", "/a"].contains(&tag) || tag.starts_with("a href=\"http")));
        }
    }
}
