//! What a bot of Slack must do beside the contract of all channels.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rowcall::channel::slack::{Mention, Way};
use rowcall::channel::{self, Retry};
use rowcall::message::{Kind, Message, Receipt};
use serde_json::Value;

use super::{Bench, CANARY, Paper, Receiver, bot_at, keeps_its_secrets, message, world};
use crate::fakes::http::{Answer, HttpFake, Request};
use crate::fakes::services;

const FIRST: &str = "C0123/1700000000.000100";

fn bench(script: Vec<Answer>, updates: bool) -> Bench {
    let fake = HttpFake::start_as(services::slack_api, script);
    let mut settings = bot_at(&fake.url("/api"));
    settings.mention = vec![Mention::User("U1".into()), Mention::Here];
    if let Way::Bot { update, .. } = &mut settings.way {
        *update = updates;
    }
    let world = world(Arc::new(Mutex::new(Paper::default())));
    Bench { channel: channel::open(&channel::Settings::Slack(settings), &world), receiver: Receiver::Slack(fake) }
}

fn requests(bench: &Bench) -> Vec<(Request, Value)> {
    let Receiver::Slack(fake) = &bench.receiver else { unreachable!("a bench of Slack") };
    let read = |request: Request| (request.clone(), serde_json::from_str(&request.body).expect("JSON"));
    fake.requests().into_iter().map(read).collect()
}

fn error(word: &str) -> Answer {
    Answer::plain(200, &format!(r#"{{"ok":false,"error":"{word}"}}"#))
}

fn first() -> Receipt {
    Receipt { reference: Some(FIRST.into()), ..Receipt::default() }
}

#[tokio::test]
async fn what_follows_goes_into_the_thread_of_the_first_message() {
    let bench = bench(vec![], false);
    let receipt = bench.deliver(&message()).await.expect("delivered");
    assert_eq!(receipt, first());
    for kind in [Kind::Repeat, Kind::Resolved, Kind::Unwell] {
        bench.channel.deliver(&Message { kind, ..message() }, Some(&receipt)).await.expect("delivered");
    }
    let requests = requests(&bench);
    let threads: Vec<Option<&str>> = requests.iter().map(|(_, body)| body["thread_ts"].as_str()).collect();
    let thread = Some("1700000000.000100");
    assert_eq!(threads, [None, thread, thread, None]);
    assert!(
        requests.iter().all(|(request, body)| request.path == "/api/chat.postMessage" && body["channel"] == "C0123")
    );
    assert_eq!(requests[0].0.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    let mentions: Vec<bool> = requests.iter().map(|(request, _)| request.body.contains("<@U1> <!here>")).collect();
    assert_eq!(mentions, [true, false, false, false]);
}

#[tokio::test]
async fn the_first_message_is_marked_when_it_is_over() {
    let bench = bench(vec![], true);
    for kind in [Kind::Repeat, Kind::Resolved] {
        bench.channel.deliver(&Message { kind, ..message() }, Some(&first())).await.expect("delivered");
    }
    let requests = requests(&bench);
    let paths: Vec<&str> = requests.iter().map(|(request, _)| request.path.as_str()).collect();
    assert_eq!(paths, ["/api/chat.postMessage", "/api/chat.postMessage", "/api/chat.update"]);
    assert_eq!(requests[2].1["ts"], "1700000000.000100");
    assert!(requests[2].1["blocks"][0]["text"]["text"].as_str().is_some_and(|text| text.contains("RESOLVED")));
}

#[tokio::test]
async fn a_first_message_that_cannot_be_marked_is_only_remarked_on() {
    let taken = || Answer::plain(200, r#"{"ok":true,"channel":"C0123","ts":"1700000009.000100"}"#);
    for word in ["edit_window_closed", "message_not_found", "ratelimited", "invalid_blocks"] {
        let bench = bench(vec![taken(), error(word)], true);
        let over = Message { kind: Kind::Resolved, ..message() };
        let receipt = bench.channel.deliver(&over, Some(&first())).await.expect("delivered");
        let said = receipt.reference.expect("a place");
        let expected = "C0123/1700000009.000100, the first message could not be changed: Slack answered `";
        assert!(said.starts_with(expected) && said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn a_message_whose_thread_is_gone_stands_for_itself() {
    for word in ["cannot_reply_to_message", "restricted_action_thread_locked", "message_not_found"] {
        let bench = bench(vec![error(word)], true);
        let over = Message { kind: Kind::Resolved, ..message() };
        let receipt = bench.channel.deliver(&over, Some(&first())).await.expect("delivered");
        let said = receipt.reference.expect("a place");
        assert_eq!(said, format!("{FIRST}, outside its thread: Slack answered `{word}`"));
        let requests = requests(&bench);
        assert_eq!((requests.len(), requests[1].1.get("thread_ts")), (2, None));
    }
}

#[tokio::test]
async fn a_receipt_of_another_kind_of_channel_is_no_thread() {
    let bench = bench(vec![], true);
    let other =
        Receipt { reference: Some("text only: Slack refused the blocks with `x`".into()), ..Receipt::default() };
    bench.channel.deliver(&Message { kind: Kind::Resolved, ..message() }, Some(&other)).await.expect("delivered");
    let requests = requests(&bench);
    assert_eq!((requests.len(), requests[0].1.get("thread_ts")), (1, None));
}

#[tokio::test]
async fn refused_blocks_are_sent_again_as_text_and_the_place_is_kept() {
    let bench = bench(vec![error("invalid_blocks"), error("msg_blocks_too_long")], false);
    let receipt = bench.deliver(&message()).await.expect("delivered");
    let said = format!("{FIRST}, text only: Slack refused the blocks with `msg_blocks_too_long`");
    assert_eq!(receipt.reference, Some(said));
    let requests = requests(&bench);
    assert_eq!((requests.len(), requests[2].1.get("blocks")), (3, None));
}

#[tokio::test]
async fn the_wait_that_slack_asks_for_is_passed_on() {
    let headers = vec![("Retry-After", "30".to_owned())];
    let bench = bench(vec![Answer::Say(429, headers, r#"{"ok":false,"error":"ratelimited"}"#.into())], false);
    let error = bench.deliver(&message()).await.expect_err("too much");
    assert_eq!(error.retry, Retry::After(Some(Duration::from_secs(30))), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let elsewhere = HttpFake::start([]);
    let bench =
        bench(vec![Answer::Say(307, vec![("Location", elsewhere.url("/api/chat.postMessage"))], String::new())], false);
    let error = bench.deliver(&message()).await.expect_err("a redirect");
    assert_eq!((error.retry, elsewhere.requests().len()), (Retry::Broken, 0), "{error}");
    keeps_its_secrets(&error);
}
