//! Titles, bodies, sections, pictures and files: every door tells all of them, in words where it cannot show them.

use mail_parser::{MessageParser, MimeHeaders};
use rowcall::channel::Retry;
use rowcall::message::{Attachment, Content, Excerpt, Kind, Message, Picture, Receipt, Section};
use serde_json::Value;

use super::{Bench, DOORS, Door, Fault, Receiver, bad, message};
use crate::fakes::http::{Answer, Request};

/// The smallest picture there is.
const DOT: [u8; 70] = *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\r\
    IDATx\xdacd\xf8\xcfP\x0f\0\x03\x86\x01\x80Z4}k\0\0\0\0IEND\xaeB`\x82";

fn picture(id: &str, text: Option<&str>) -> Content {
    let (png, text) = (DOT.to_vec().into(), text.map(str::to_owned));
    Content::Picture(Picture { id: id.into(), alt: format!("{id} drawn"), width: 600, height: 240, png, text })
}

fn table(cell: &str) -> Content {
    let columns = vec!["country".into(), "total".into()];
    Content::Table(Excerpt { columns, rows: vec![vec![Some(cell.into()), Some("10.5".into())]], more: 6 })
}

fn file(name: &str, content: &[u8]) -> Attachment {
    let command = Some("rowcall report weekly -o weekly.csv".into());
    Attachment {
        name: name.into(),
        media_type: "text/csv; charset=utf-8".into(),
        content: content.to_vec().into(),
        command,
    }
}

fn section(heading: &str, content: Content) -> Section {
    Section { heading: Some(heading.into()), content, note: None }
}

fn report() -> Message {
    let change = Some("+12 % against last week".into());
    Message {
        kind: Kind::Report,
        title: Some("Weekly KPIs".into()),
        summary: "week 47".into(),
        excerpt: None,
        sections: vec![
            section("Read me", Content::Text("first line\nsecond line".into())),
            section("Orders", Content::Value { value: "1,234".into(), change }),
            Section { note: Some("the rest is in weekly.csv".into()), ..section("By country", table("KR")) },
            section("Again", table("JP")),
            section("Per day", picture("per-day", Some("Mon 10.5"))),
            section("Per hour", picture("per-hour", None)),
            section("Returns", Content::Problem("the source `crm` did not answer".into())),
        ],
        attachments: vec![file("weekly.csv", b"a,b\r\n1,2\r\n")],
        remarks: vec!["this is a trial".into()],
        ..message()
    }
}

#[tokio::test]
async fn a_report_is_told_whole() {
    for door in DOORS {
        let bench = door.bench(Fault::Nothing).expect("no fault");
        let answer = bench.deliver(&report()).await;
        if door == Door::PagerDuty {
            assert_eq!(answer.map_err(|error| error.retry), Err(Retry::Never));
            continue;
        }
        answer.unwrap_or_else(|error| panic!("{door:?}: {error}"));
        let received = bench.only();
        assert!(received.headline.starts_with("Weekly KPIs"), "{door:?}: {received:?}");
        let text = received.text.replace("\\n", "\n");
        for part in [
            "week 47",
            "first line",
            "second line",
            "1,234",
            "+12 % against last week",
            "By country",
            "KR",
            "JP",
            "…6 more rows",
            "the rest is in weekly.csv",
            "Mon 10.5",
            "per-hour drawn",
            "did not answer",
            "this is a trial",
        ] {
            assert!(text.contains(part), "{door:?}: {part} in {text}");
        }
        let there = matches!(door, Door::Email | Door::Bot);
        assert!(there || text.contains("weekly.csv (10 B)") || text.contains("weekly.csv\n"), "{door:?}: {text}");
        assert!(there || text.contains("rowcall report weekly -o weekly.csv"), "{door:?}: {text}");
        assert!(!there || !text.contains("not sent here"), "{door:?}: {text}");
    }
}

#[tokio::test]
async fn a_title_and_a_body_of_the_users_own_are_told() {
    for door in DOORS {
        let bench = door.bench(Fault::Nothing).expect("no fault");
        let (title, body) = (Some("low_stock: reorder A-1".into()), Some("Call the supplier.\nBy noon.".into()));
        let message = Message { title, body, remarks: vec!["a remark".into()], ..message() };
        bench.deliver(&message).await.unwrap_or_else(|error| panic!("{door:?}: {error}"));
        let received = bench.only();
        assert!(received.headline.starts_with("FIRING low_stock: reorder A-1"), "{door:?}: {received:?}");
        for part in ["Call the supplier.", "By noon.", "A-1", "하나", "a remark", "rowcall query low_stock"] {
            assert!(received.text.contains(part), "{door:?}: {part} in {received:?}");
        }
        if door != Door::Webhook {
            assert!(!received.text.contains("Stock that runs out this week"), "{door:?}: {received:?}");
        }
    }
}

#[tokio::test]
async fn nothing_a_title_a_body_a_section_or_a_file_name_holds_does_any_harm() {
    for (door, text) in DOORS.into_iter().flat_map(|door| bad().into_iter().map(move |text| (door, text))) {
        let which = format!("{door:?} {text:?}");
        let bench = door.bench(Fault::Nothing).expect("no fault");
        let heading = Some(text.clone());
        let section = |content: Content| Section { heading: heading.clone(), content, note: heading.clone() };
        let alt =
            Picture { id: text.clone(), alt: text.clone(), width: 0, height: 7, png: DOT.to_vec().into(), text: None };
        let sections = vec![
            section(Content::Text(text.clone())),
            section(Content::Value { value: text.clone(), change: Some(text.clone()) }),
            section(table(&text)),
            section(Content::Picture(alt)),
            section(Content::Problem(text.clone())),
        ];
        let own = format!("ours {text}");
        let message = Message {
            title: Some(own.clone()),
            body: Some(own.clone()),
            sections,
            attachments: vec![Attachment { media_type: text.clone(), ..file(&text, b"x") }],
            remarks: vec![text.clone()],
            ..message()
        };
        bench.deliver(&message).await.unwrap_or_else(|error| panic!("{which}: {error}"));
        let received = bench.only();
        assert!(received.headline.starts_with("FIRING ours"), "{which}: {received:?}");
        received.is_harmless(&which);
    }
}

fn requests(bench: &Bench) -> Vec<Request> {
    let Receiver::Slack(fake) = &bench.receiver else { unreachable!("a bench of Slack") };
    fake.requests()
}

#[tokio::test]
async fn a_bot_puts_pictures_and_files_into_the_thread() {
    for (earlier, thread) in [(None, "1700000000.000100"), (Some("C0123/1600000000.000900"), "1600000000.000900")] {
        let bench = Door::Bot.bench(Fault::Nothing).expect("no fault");
        let earlier = earlier.map(|reference| Receipt { reference: Some(reference.to_owned()), ..Receipt::default() });
        let message = Message { kind: Kind::Repeat, ..report() };
        let receipt = bench.channel.deliver(&message, earlier.as_ref()).await.expect("delivered");
        assert_eq!(receipt.reference.as_deref(), Some("C0123/1700000000.000100"));
        let requests = requests(&bench);
        let paths: Vec<&str> =
            requests.iter().map(|request| request.path.split("/F").next().unwrap_or_default()).collect();
        let (url, bytes) = ("/api/files.getUploadURLExternal", "/upload/v1");
        let end = "/api/files.completeUploadExternal";
        assert_eq!(paths, ["/api/chat.postMessage", url, bytes, url, bytes, url, bytes, end]);
        assert_eq!(requests[1].body, "filename=per-day.png&length=70&alt_txt=per-day+drawn");
        assert_eq!(requests[5].body, "filename=weekly.csv&length=10");
        assert_eq!((requests[2].bytes.as_slice(), requests[6].bytes.as_slice()), (&DOT[..], &b"a,b\r\n1,2\r\n"[..]));
        let end: Value = serde_json::from_str(&requests[7].body).expect("JSON");
        assert_eq!((&end["channel_id"], &end["thread_ts"]), (&"C0123".into(), &thread.into()));
        let titles: Vec<_> = end["files"].as_array().into_iter().flatten().map(|file| file["title"].clone()).collect();
        assert_eq!(titles, ["per-day.png", "per-hour.png", "weekly.csv"]);
    }
}

#[tokio::test]
async fn a_file_that_is_refused_fails_no_message() {
    let said = |word: &str| Answer::plain(200, &format!(r#"{{"ok":false,"error":"{word}"}}"#));
    let posted = || Answer::plain(200, r#"{"ok":true,"channel":"C0123","ts":"1700000000.000100"}"#);
    let place = || Answer::plain(200, r#"{"ok":true,"upload_url":"http://127.0.0.1:1/upload/v1/F1N1","file_id":"F1"}"#);
    let words = [
        "file_not_found",
        "access_denied",
        "not_in_channel",
        "channel_not_found",
        "invalid_channel",
        "posting_to_channel_denied",
        "file_uploads_disabled",
        "storage_limit_reached",
        "file_type_not_allowed",
        "file_upload_size_restricted",
        "missing_scope",
        "ratelimited",
        "internal_error",
    ];
    let mut scripts: Vec<(Vec<Answer>, &str)> = words.iter().map(|word| (vec![said(word)], *word)).collect();
    scripts.push((vec![Answer::plain(200, r#"{"ok":true}"#)], "named no place"));
    scripts.push((vec![Answer::plain(503, "<html>")], "503"));
    scripts.push((vec![Answer::Close], "no answer"));
    scripts.push((vec![place()], "no answer from `127.0.0.1`"));
    for (script, word) in scripts {
        let bench = bench(std::iter::once(posted()).chain(script));
        let message = Message { attachments: vec![file("late.csv", b"a\r\n")], ..message() };
        let receipt = bench.deliver(&message).await.unwrap_or_else(|error| panic!("{word}: {error}"));
        let reference = receipt.reference.expect("a place");
        assert!(reference.starts_with("C0123/1700000000.000100, `late.csv` could not be attached: "), "{reference}");
        assert!(reference.contains(word), "{word}: {reference}");
        let requests = requests(&bench);
        let last: Value = serde_json::from_str(&requests[requests.len() - 1].body).expect("JSON");
        assert_eq!(last["thread_ts"], "1700000000.000100");
        let text = last["text"].as_str().expect("a text");
        assert!(text.starts_with("`late.csv` could not be attached: ") && text.contains(word), "{text}");
        assert!(text.ends_with("; rowcall report weekly -o weekly.csv"), "{text}");
        let posts = requests.iter().filter(|request| request.path == "/api/chat.postMessage").count();
        assert_eq!(posts, 2, "{word}: the message once, and the remark");
    }
}

#[tokio::test]
async fn files_that_cannot_be_shown_are_all_named() {
    let taken = |script: &[&str]| script.iter().map(|body| Answer::plain(200, body)).collect::<Vec<_>>();
    let bench = bench(taken(&[r#"{"ok":true,"channel":"C0123","ts":"1700000000.000100"}"#]));
    // The place is a name and no id, which only the last call refuses.
    let message = Message { attachments: vec![file("a.csv", b"a"), file("", b""), file("c.csv", b"c")], ..message() };
    let receipt = bench.deliver(&message).await.expect("delivered").reference.expect("a place");
    assert!(receipt.contains("`file` could not be attached: it is empty") && !receipt.contains("a.csv"), "{receipt}");
    let end = requests(&bench).into_iter().find(|request| request.path.ends_with("completeUploadExternal"));
    let end: Value = serde_json::from_str(&end.expect("an end").body).expect("JSON");
    assert_eq!(end["files"].as_array().map(Vec::len), Some(2));
}

fn bench(script: impl IntoIterator<Item = Answer>) -> Bench {
    let (settings, receiver) = Door::Bot.service(script.into_iter().collect());
    let world = super::world(std::sync::Arc::new(std::sync::Mutex::new(super::Paper::default())));
    Bench { channel: rowcall::channel::open(&settings, &world), receiver }
}

#[tokio::test]
async fn a_mail_carries_pictures_and_files() {
    let bench = Door::Email.bench(Fault::Nothing).expect("no fault");
    let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let file = Attachment { media_type: "application/octet-stream".into(), ..file("늦은 주문.csv", &content) };
    let message = Message { attachments: vec![file], ..report() };
    bench.deliver(&message).await.expect("delivered");
    let Receiver::Email(fake) = &bench.receiver else { unreachable!("a bench of mail") };
    let raw = fake.mails().pop().expect("a mail").raw;
    let mail = MessageParser::default().parse(&raw).expect("a mail");
    let page = mail.body_html(0).expect("a page");
    for id in ["per-day", "per-hour"] {
        let id = format!("{id}.low_stock-1-ops@rowcall");
        assert!(page.contains(&format!("src=\"cid:{id}\"")), "{page}");
        let part = mail.parts.iter().find(|part| part.content_id() == Some(&id)).expect("a picture");
        assert_eq!(part.contents(), DOT);
    }
    let file = mail.attachments().last().expect("a file");
    assert_eq!((file.attachment_name(), file.contents()), (Some("늦은 주문.csv"), content.as_slice()));
}
