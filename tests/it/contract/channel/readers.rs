//! What a reader gets to see of a message, at each kind of receiver.

use mail_parser::{MessageParser, MimeHeaders};
use serde_json::Value;

use super::Received;

pub(super) fn slack(body: &str) -> Received {
    fn collect(value: &Value, received: &mut Received) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(text)) = map.get("text") {
                    let kind = map.get("type").and_then(Value::as_str);
                    let verbatim = matches!(kind, Some("text" | "raw_text" | "plain_text"));
                    let text = if verbatim { text.clone() } else { unescaped(text, &mut received.markup) };
                    received.text.push_str(&text);
                }
                map.values().for_each(|value| collect(value, received));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, received)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let payload: Value = serde_json::from_str(body).expect("JSON");
    let mut received = Received::default();
    received.headline = unescaped(payload["text"].as_str().expect("a text"), &mut received.markup);
    collect(&payload["blocks"], &mut received);
    received
}

pub(super) fn mail(raw: &[u8]) -> Received {
    let mail = MessageParser::default().parse(raw).expect("a mail");
    let named = |name: &str| mail.headers().iter().filter(|header| header.name() == name).count();
    assert_eq!((named("Subject"), named("Bcc"), named("From"), named("Message-ID")), (1, 0, 1, 1));
    assert!(raw.is_ascii(), "a mail of 7 bits");
    let page = mail.body_html(0).expect("an HTML part").replace("\r\n", "\n");
    assert_eq!((mail.text_body_count(), mail.html_body_count()), (1, 1));
    assert!(mail.html_part(0).is_some_and(|part| part.content_type().is_some()));
    let mut markup = vec![];
    let mut text = mail.body_text(0).expect("a text part").replace("\r\n", "\n");
    let table: String = page.split('<').filter_map(|tag| tag.split_once('>').map(|(_, text)| text)).collect();
    text.push_str(&unescaped(&table, &mut markup));
    // The files beside the page, as a reader lists them.
    text.extend(mail.attachments().filter_map(|file| Some(format!("\n{}", file.attachment_name()?))));
    // What is left of the page when the tags we write are gone must hold no tag.
    const TAGS: [&str; 18] = [
        "html", "head", "meta", "title", "body", "div", "p", "b", "br", "table", "tr", "td", "th", "a", "h2", "img",
        "span", "!doctype",
    ];
    for tag in page.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>', '\n']).next().unwrap_or_default();
        assert!(TAGS.contains(&name), "<{tag}");
    }
    Received { headline: mail.subject().expect("a subject").trim_start_matches("[rowcall] ").to_owned(), text, markup }
}

/// `text` as a reader sees it; as it was, it joins the `markup`.
fn unescaped(text: &str, markup: &mut Vec<String>) -> String {
    markup.push(text.to_owned());
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}

/// Every text in a value, on lines of their own; what is said of rows that are not there in our own words.
fn texts(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_u64().filter(|_| key.starts_with("more")) {
                    Some(more) => text.push_str(&format!("…{more} more rows\n")),
                    None => {
                        text.push_str(&format!("{key}\n"));
                        texts(value, text);
                    }
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, text)),
        Value::String(value) => text.push_str(&format!("{value}\n")),
        Value::Null => text.push_str("NULL\n"),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The two first lines as a headline, and all of it.
fn of_lines(text: String, markup: Vec<String>) -> Received {
    let mut lines = text.lines();
    let headline = format!("{}: {}", lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    Received { headline, text, markup }
}

/// A program reads this one: its texts are exact, so what acts on a terminal is shown here as Rust writes it.
pub(super) fn own(body: &Value) -> Received {
    let mut text = String::new();
    texts(body, &mut text);
    let text = text.lines().map(|line| line.escape_debug().to_string().replace("\\\"", "\"")).collect::<Vec<_>>();
    Received { headline: body["headline"].as_str().expect("a headline").into(), text: text.join("\n"), markup: vec![] }
}

pub(super) fn pagerduty(body: &Value) -> Received {
    let mut text = format!("{}\n", body["event_action"].as_str().expect("an action"));
    texts(&body["payload"], &mut text);
    texts(&body["links"], &mut text);
    let headline = body["payload"]["summary"].as_str().unwrap_or_default().to_owned();
    Received { headline, text, markup: vec![] }
}

pub(super) fn teams(body: &Value) -> Received {
    fn shown(value: &Value, text: &mut String) {
        match value {
            Value::Object(map) => {
                for key in ["text", "url"] {
                    text.extend(map.get(key).and_then(Value::as_str).map(|value| format!("{value}\n")));
                }
                map.values().for_each(|value| shown(value, text));
            }
            Value::Array(values) => values.iter().for_each(|value| shown(value, text)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut text = String::new();
    shown(body, &mut text);
    Received { headline: body["summary"].as_str().expect("a summary").into(), text, markup: vec![] }
}

pub(super) fn discord(body: &Value) -> Received {
    let mut text = String::new();
    let mut chars = body["content"].as_str().expect("content").chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            '*' => {}
            c => text.push(c),
        }
    }
    let head = text.find(|c: char| c.is_ascii_uppercase()).expect("a headword");
    of_lines(text[head..].to_owned(), vec![])
}

pub(super) fn telegram(body: &Value) -> Received {
    let mut markup = vec![];
    let mut text = String::new();
    for part in body["text"].as_str().expect("a text").split('<') {
        let (tag, words) = part.split_once('>').unwrap_or(("", part));
        if let Some(address) = tag.strip_prefix("a href=") {
            text.push_str(&unescaped(address, &mut markup));
        }
        text.push_str(&unescaped(words, &mut markup));
    }
    of_lines(text, markup)
}

/// Everything that may come from a row stands in a fence, where these servers still look for mentions.
pub(super) fn compatible(body: &Value) -> Received {
    let text = body["text"].as_str().expect("a text");
    let (head, rest) = text.split_once("\n```\n").expect("a fence");
    let inside = rest.strip_suffix("\n```").expect("an end of the fence");
    assert!(head.starts_with("**") && !inside.contains("```"), "{text}");
    let attached = |mark: char| inside.match_indices(mark).all(|(at, _)| inside[at + 1..].starts_with('\u{200b}'));
    assert!(attached('@') && attached('<'), "{text}");
    let text = inside.replace('\u{200b}', "");
    Received { headline: text.lines().next().expect("a line").into(), text, markup: vec![] }
}
