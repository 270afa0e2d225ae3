//! Services that look closely at what they are sent, and refuse in their own words.

use serde_json::{Map, Value, json};

use super::http::{Answer, Request};

/// What a service finds wrong.
type Verdict = Result<(), String>;

fn ensure(holds: bool, problem: &str) -> Verdict {
    if holds { Ok(()) } else { Err(problem.to_owned()) }
}

/// The JSON object of a POST.
fn object(request: &Request) -> Result<Map<String, Value>, String> {
    ensure(request.method == "POST", "not a POST")?;
    let content_type = request.header("content-type").unwrap_or_default();
    ensure(content_type.starts_with("application/json"), "not application/json")?;
    match serde_json::from_str(&request.body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("no object".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn keys(object: &Map<String, Value>, known: &[&str]) -> Verdict {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown key {key}")),
        None => Ok(()),
    }
}

fn length(value: &Value, most: usize) -> Verdict {
    let units = value.as_str().ok_or("no text")?.encode_utf16().count();
    ensure((1..=most).contains(&units), &format!("a text of {units}, not of 1 to {most}"))
}

/// A webhook of Discord.
pub(crate) fn discord(request: &Request) -> Answer {
    let verdict = || {
        let body = object(request)?;
        keys(&body, &["content", "allowed_mentions", "flags", "username"])?;
        length(&body["content"], 2000)?;
        ensure(body["allowed_mentions"] == json!({ "parse": [] }), "somebody may be mentioned")
    };
    match verdict() {
        Ok(()) => Answer::plain(204, ""),
        Err(problem) => Answer::plain(400, &json!({ "code": 50035, "message": problem }).to_string()),
    }
}

/// The method `sendMessage` of a bot of Telegram.
pub(crate) fn telegram(request: &Request) -> Answer {
    let verdict = || {
        ensure(request.path.starts_with("/bot") && request.path.ends_with("/sendMessage"), "no such method")?;
        let body = object(request)?;
        let known =
            ["chat_id", "text", "parse_mode", "link_preview_options", "disable_notification", "reply_parameters"];
        keys(&body, &known)?;
        length(&body["chat_id"], 64)?;
        length(&body["text"], 4096)?;
        ensure(body["parse_mode"] == "HTML", "not HTML")?;
        entities(body["text"].as_str().unwrap_or_default())
    };
    match verdict() {
        Ok(()) => Answer::plain(200, r#"{"ok":true,"result":{"message_id":41}}"#),
        Err(problem) => {
            let description = format!("Bad Request: can't parse entities: {problem}");
            Answer::plain(400, &json!({ "ok": false, "error_code": 400, "description": description }).to_string())
        }
    }
}

/// The HTML of Telegram: a few tags, closed in order, and four entities.
fn entities(text: &str) -> Verdict {
    let mut open = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, _) = part.split_once('>').ok_or("a `<` without end")?;
        match tag.strip_prefix('/') {
            Some(name) => ensure(open.pop() == Some(name.to_owned()), "a tag closed out of order")?,
            None => {
                let name = tag.split(' ').next().unwrap_or_default();
                ensure(["b", "i", "a", "code", "pre"].contains(&name), "an unknown tag")?;
                open.push(name.to_owned());
            }
        }
    }
    ensure(open.is_empty(), "a tag left open")?;
    let known = |rest: &str| ["amp;", "lt;", "gt;", "quot;"].iter().any(|entity| rest.starts_with(entity));
    ensure(text.split('&').skip(1).all(known), "an unknown entity")
}

/// The second version of the events of `PagerDuty`.
pub(crate) fn pagerduty(request: &Request) -> Answer {
    let verdict = || {
        let body = object(request)?;
        length(&body["routing_key"], 32)?;
        length(&body["dedup_key"], 255)?;
        match body["event_action"].as_str() {
            Some("resolve") => return keys(&body, &["routing_key", "dedup_key", "event_action"]),
            Some("trigger") => {}
            _ => return Err("no such event_action".into()),
        }
        keys(&body, &["routing_key", "dedup_key", "event_action", "client", "payload", "links"])?;
        let payload = body["payload"].as_object().ok_or("no payload")?;
        keys(payload, &["summary", "source", "severity", "timestamp", "class", "custom_details"])?;
        length(&payload["summary"], 1024)?;
        length(&payload["source"], 1024)?;
        ensure(["info", "warning", "error", "critical"].iter().any(|word| payload["severity"] == **word), "severity")?;
        let timestamp = payload["timestamp"].as_str().unwrap_or_default();
        ensure(timestamp.parse::<jiff::Timestamp>().is_ok(), "timestamp")?;
        ensure(request.body.len() <= 512 * 1024, "too large")?;
        let links = body["links"].as_array().ok_or("no links")?;
        ensure(links.iter().all(|link| link["href"].is_string() && link["text"].is_string()), "a link")
    };
    match verdict() {
        Ok(()) => Answer::plain(202, r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#),
        Err(problem) => Answer::plain(400, &json!({ "status": "invalid event", "errors": [problem] }).to_string()),
    }
}

/// A workflow of Teams that posts a card.
pub(crate) fn teams(request: &Request) -> Answer {
    let verdict = || {
        let body = object(request)?;
        ensure(request.body.len() <= 28 * 1024, "too large")?;
        keys(&body, &["type", "summary", "attachments"])?;
        ensure(body["type"] == "message", "no message")?;
        let [attachment] = body["attachments"].as_array().ok_or("no attachments")?.as_slice() else {
            return Err("not one attachment".into());
        };
        ensure(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "no card")?;
        let card = attachment["content"].as_object().ok_or("no content")?;
        keys(card, &["$schema", "type", "version", "msteams", "body", "actions"])?;
        ensure(card["type"] == "AdaptiveCard" && card["version"] == "1.5", "no card of version 1.5")?;
        card["body"].as_array().ok_or("no body")?.iter().try_for_each(element)?;
        let action = |action: &Value| action["type"] == "Action.OpenUrl" && action["url"].is_string();
        ensure(card["actions"].as_array().is_some_and(|actions| actions.iter().all(action)), "an action")
    };
    match verdict() {
        Ok(()) => Answer::plain(202, ""),
        Err(problem) => Answer::plain(400, &problem),
    }
}

/// An element of an adaptive card, of the few kinds that know no markup.
fn element(value: &Value) -> Verdict {
    let each = |key: &str, check: fn(&Value) -> Verdict| {
        let items = value[key].as_array().filter(|items| !items.is_empty()).ok_or(format!("no {key}"))?;
        items.iter().try_for_each(check)
    };
    match value["type"].as_str() {
        Some("RichTextBlock") => each("inlines", element),
        Some("TextRun") => length(&value["text"], 4000),
        Some("Table") => {
            let columns = value["columns"].as_array().map_or(0, Vec::len);
            let rows = value["rows"].as_array().ok_or("no rows")?;
            let even = rows.iter().all(|row| row["cells"].as_array().is_some_and(|cells| cells.len() == columns));
            ensure(columns > 0 && even, "a row of another width")?;
            each("rows", element)
        }
        Some("TableRow") => each("cells", element),
        Some("TableCell") => each("items", element),
        other => Err(format!("an element {other:?}")),
    }
}

/// An incoming webhook of Slack.
pub(crate) fn slack_webhook(request: &Request) -> Answer {
    let verdict = || {
        let body = object(request)?;
        keys(&body, &["text", "blocks", "mrkdwn", "unfurl_links", "unfurl_media", "metadata"])?;
        slack_message(&body)
    };
    match verdict() {
        Ok(()) => Answer::plain(200, "ok"),
        Err(problem) => Answer::plain(400, &format!("no_text {problem}")),
    }
}

/// The methods of Slack's Web API that a bot calls, and the place where its files go.
pub(crate) fn slack_api(request: &Request) -> Answer {
    let told = match request.path.as_str() {
        path if path.starts_with("/upload/") => return slack_upload(request),
        "/api/auth.test" => authed(request)
            .map(|()| json!({ "ok": true, "team": "shop", "user": "rowcall", "team_id": "T1", "user_id": "U1" })),
        "/api/files.getUploadURLExternal" => slack_upload_url(request),
        "/api/files.completeUploadExternal" => slack_upload_end(request),
        _ => slack_post(request),
    };
    match told {
        Ok(answer) => Answer::plain(200, &answer.to_string()),
        Err(error) => Answer::plain(200, &json!({ "ok": false, "error": error }).to_string()),
    }
}

/// Who does not show a token is nobody.
fn authed(request: &Request) -> Verdict {
    let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    ensure(token.is_some_and(|token| !token.is_empty()), "not_authed")
}

/// `files.getUploadURLExternal`, which takes a form and no JSON.
fn slack_upload_url(request: &Request) -> Result<Value, String> {
    authed(request)?;
    ensure(request.header("content-type") == Some("application/x-www-form-urlencoded"), "invalid_form_data")?;
    let pairs: Vec<(&str, &str)> = request.body.split('&').filter_map(|pair| pair.split_once('=')).collect();
    ensure(pairs.iter().all(|(key, _)| ["filename", "length", "alt_txt"].contains(key)), "invalid_arguments")?;
    let value = |key: &str| pairs.iter().find(|(known, _)| *known == key).map_or("", |(_, value)| value);
    let length: usize = value("length").parse().unwrap_or(0);
    ensure(!value("filename").is_empty() && length > 0, "missing_argument")?;
    ensure(value("alt_txt").len() <= 9000, "invalid_arguments")?;
    let id = format!("F{length}N{}", value("filename").bytes().map(usize::from).sum::<usize>());
    let host = request.header("host").unwrap_or_default();
    Ok(json!({ "ok": true, "upload_url": format!("http://{host}/upload/v1/{id}"), "file_id": id }))
}

/// The place where the bytes of a file go: it knows nobody, and wants as many as were announced.
fn slack_upload(request: &Request) -> Answer {
    let announced = request.path.rsplit_once("/F").and_then(|(_, id)| id.split_once('N')?.0.parse::<usize>().ok());
    let anonymous = request.header("authorization").is_none();
    match request.method == "POST" && anonymous && announced == Some(request.bytes.len()) {
        true => Answer::plain(200, &format!("OK - {}", request.bytes.len())),
        false => Answer::plain(400, "bad upload"),
    }
}

/// `files.completeUploadExternal`; says nothing of where the message with the files is.
fn slack_upload_end(request: &Request) -> Result<Value, String> {
    authed(request)?;
    let body = object(request).map_err(|_| "invalid_json")?;
    keys(&body, &["files", "channel_id", "thread_ts"]).map_err(|_| "invalid_arguments")?;
    let of_channel = |id: &str| id.starts_with(['C', 'G', 'D']) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    ensure(body["channel_id"].as_str().is_some_and(of_channel), "invalid_channel")?;
    ensure(body["thread_ts"].as_str().is_some_and(|ts| ts.contains('.')), "invalid_arguments")?;
    let files = body["files"].as_array().filter(|files| !files.is_empty()).ok_or("no_files")?;
    let known = |file: &Value| file["id"].as_str().is_some_and(|id| id.starts_with('F')) && file["title"].is_string();
    ensure(files.iter().all(known), "file_not_found")?;
    Ok(json!({ "ok": true, "files": files }))
}

fn slack_post(request: &Request) -> Result<Value, String> {
    authed(request)?;
    ensure(request.header("content-type") == Some("application/json; charset=utf-8"), "missing_charset")?;
    let body = object(request).map_err(|_| "invalid_json")?;
    let common = ["channel", "text", "blocks", "mrkdwn", "unfurl_links", "unfurl_media", "metadata"];
    let own = match request.path.as_str() {
        "/api/chat.postMessage" => "thread_ts",
        "/api/chat.update" => "ts",
        _ => return Err("unknown_method".into()),
    };
    keys(&body, &[&common[..], &[own]].concat()).map_err(|_| "invalid_arguments")?;
    ensure(body["channel"].is_string() && body.get(own).is_none_or(Value::is_string), "invalid_arguments")?;
    slack_message(&body).map_err(|problem| format!("no_text: {problem}"))?;
    Ok(json!({ "ok": true, "channel": "C0123", "ts": "1700000000.000100" }))
}

/// A message inside Slack's limits.
fn slack_message(body: &Map<String, Value>) -> Verdict {
    length(&body["text"], 4000)?;
    let Some(blocks) = body.get("blocks") else { return Ok(()) };
    let blocks = blocks.as_array().ok_or("no blocks")?;
    ensure((1..=50).contains(&blocks.len()), "the number of blocks")?;
    ensure(blocks.iter().filter(|block| block["type"] == "table").count() <= 1, "only_one_table_allowed")?;
    ensure(blocks.iter().map(text_units).sum::<usize>() < 11_000, "msg_blocks_too_long")?;
    blocks.iter().try_for_each(block)
}

/// The length of all text in a block.
fn text_units(value: &Value) -> usize {
    match value {
        Value::Object(map) => {
            let own = map.get("text").and_then(Value::as_str).map_or(0, |text| text.encode_utf16().count());
            own + map.values().map(text_units).sum::<usize>()
        }
        Value::Array(values) => values.iter().map(text_units).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn block(block: &Value) -> Verdict {
    let list = |key: &str| block[key].as_array().filter(|items| !items.is_empty()).ok_or(format!("no {key}"));
    match block["type"].as_str() {
        Some("section") => length(&block["text"]["text"], 3000),
        Some("context") => {
            let elements = list("elements")?;
            ensure(elements.len() <= 10, "too many elements")?;
            elements.iter().try_for_each(|element| length(&element["text"], 3000))
        }
        Some("rich_text") => list("elements")?.iter().try_for_each(|part| {
            let elements = part["elements"].as_array().filter(|elements| !elements.is_empty()).ok_or("no elements")?;
            elements.iter().try_for_each(|element| length(&element["text"], 10_000))
        }),
        Some("table") => {
            let rows = list("rows")?;
            ensure(rows.len() <= 100, "too many rows")?;
            let width = rows[0].as_array().map_or(0, Vec::len);
            ensure((1..=20).contains(&width), "the number of columns")?;
            let mut units = 0;
            for cell in rows.iter().filter_map(Value::as_array).flatten() {
                ensure(cell["type"] == "raw_text", "a cell that is no text")?;
                length(&cell["text"], 10_000)?;
                units += cell["text"].as_str().map_or(0, |text| text.encode_utf16().count());
            }
            ensure(units <= 10_000, "a table too long")?;
            ensure(
                rows.iter().all(|row| row.as_array().is_some_and(|row| row.len() == width)),
                "a row of another width",
            )
        }
        other => Err(format!("a block {other:?}")),
    }
}
