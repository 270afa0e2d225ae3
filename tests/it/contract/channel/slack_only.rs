//! What the Slack channel must do beside the contract of all channels.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rowcall::channel::{self, Retry, slack};

use super::{Bench, CANARY, Paper, Receiver, keeps_its_secrets, message, secret, slack_at, world};
use crate::fakes::http::{Answer, HttpFake};

fn bench(answers: Vec<Answer>) -> Bench {
    let fake = HttpFake::start(answers);
    let settings = slack_at(&fake.url("/services/T0/B0"));
    let world = world(Arc::new(Mutex::new(Paper::default())));
    Bench { channel: channel::open(&settings, &world), receiver: Receiver::Slack(fake) }
}

#[tokio::test]
async fn refused_blocks_are_sent_again_as_text() {
    let refused = || Answer::plain(400, "invalid_blocks");
    let bench = bench(vec![refused(), refused()]);
    let receipt = bench.deliver(&message()).await.expect("the text passes");
    assert_eq!(receipt.reference.as_deref(), Some("text only: Slack refused the blocks with `invalid_blocks`"));
    let received = bench.received();
    assert_eq!(received.len(), 3);
    assert_eq!(received[2].text, "");
    assert!(received[2].headline.starts_with("FIRING low_stock: 1 of 3 rows: on_hand < 5 (without its rows"));
}

#[tokio::test]
async fn a_refused_table_is_sent_again_as_preformatted_text() {
    let bench = bench(vec![Answer::plain(400, "invalid_blocks")]);
    let receipt = bench.deliver(&message()).await.expect("the blocks pass");
    assert_eq!(receipt.reference.as_deref(), Some("without a table: Slack refused it with `invalid_blocks`"));
    let received = bench.received();
    assert!(received.len() == 2 && received[1].text.contains("하나     NULL"), "{received:?}");
}

#[tokio::test]
async fn a_message_refused_in_every_dress_is_refused() {
    let refusal = || Answer::plain(400, "invalid_payload");
    let bench = bench(vec![refusal(), refusal(), refusal()]);
    let error = bench.deliver(&message()).await.expect_err("refused");
    assert_eq!((error.retry, bench.received().len()), (Retry::Never, 3), "{error}");
}

#[tokio::test]
async fn the_wait_that_slack_asks_for_is_passed_on() {
    let cases = [
        (vec![("Retry-After", "7".to_owned())], Some(Duration::from_secs(7))),
        (vec![("Retry-After", "later".to_owned())], Some(Duration::from_secs(7))),
        (
            vec![
                ("Date", "Fri, 20 Nov 2026 12:00:00 GMT".to_owned()),
                ("Retry-After", "Fri, 20 Nov 2026 12:00:20 GMT".to_owned()),
            ],
            Some(Duration::from_secs(20)),
        ),
    ];
    for (headers, expected) in cases {
        let body = r#"{"retry_after":7,"ok":false,"error":"rate_limited"}"#;
        let bench = bench(vec![Answer::Say(429, headers, body.to_owned())]);
        let error = bench.deliver(&message()).await.expect_err("too much");
        assert_eq!(error.retry, Retry::After(expected), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = HttpFake::start([]);
    let headers = vec![("Location", elsewhere.url(&format!("/{CANARY}")))];
    let bench = bench(vec![Answer::Say(302, headers, String::new())]);
    let error = bench.deliver(&message()).await.expect_err("a redirect");
    assert_eq!(error.retry, Retry::Broken);
    assert!(error.problem.contains("points to `127.0.0.1`"), "{error}");
    keeps_its_secrets(&error);
    assert_eq!((bench.received().len(), elsewhere.requests().len()), (1, 0));
}

#[tokio::test]
async fn an_endless_answer_is_read_to_its_limit() {
    let bench = bench(vec![Answer::plain(200, &"x".repeat(1 << 20))]);
    let error = bench.deliver(&message()).await.expect_err("not `ok`");
    assert_eq!(error.retry, Retry::After(None));
    assert!(error.problem.len() < 500, "{error}");
}

#[tokio::test]
async fn a_certificate_is_checked_against_the_file_that_is_named() {
    for trusted in [true, false] {
        let fake = HttpFake::start_encrypted([]);
        let ca_file = fake.ca_file().filter(|_| trusted);
        let webhook = secret(&fake.url("/services/T0/B0/${CANARY}"));
        let way = slack::Way::Webhook { url: webhook, compatible: None };
        let settings = channel::Settings::Slack(slack::Settings { way, mention: vec![], ca_file });
        let channel = channel::open(&settings, &world(Arc::new(Mutex::new(Paper::default()))));
        let result = channel.deliver(&message(), None).await;
        assert_eq!(fake.requests().len(), usize::from(trusted));
        if let Err(error) = &result {
            assert_eq!(error.retry, Retry::After(None), "{error}");
            assert!(error.problem.contains("certificate"), "{error}");
            keeps_its_secrets(error);
        }
        assert_eq!(result.is_ok(), trusted);
    }
}

#[tokio::test]
async fn the_request_is_what_slack_wants() {
    let bench = bench(vec![]);
    bench.deliver(&message()).await.expect("delivered");
    let Receiver::Slack(fake) = &bench.receiver else { unreachable!("a bench of Slack") };
    let requests = fake.requests();
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/services/T0/B0/S3CR3T-canary/+="));
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
    assert!(requests[0].body.contains(r#""unfurl_links":false"#));
}

#[tokio::test]
async fn every_word_of_slack_has_its_class() {
    let words: [(u16, &str, Retry); 12] = [
        (400, "no_text", Retry::Never),
        (400, "too_many_attachments", Retry::Never),
        (400, "missing_text_or_fallback_or_attachments", Retry::Never),
        (400, "user_not_found", Retry::Never),
        (403, "action_prohibited", Retry::Broken),
        (403, "posting_to_general_channel_denied", Retry::Broken),
        (403, "invalid_token", Retry::Broken),
        (404, "channel_not_found", Retry::Broken),
        (404, "no_service", Retry::Broken),
        (404, "no_team", Retry::Broken),
        (410, "channel_is_archived", Retry::Broken),
        (500, "rollup_error", Retry::After(None)),
    ];
    for (status, word, expected) in words {
        let bench = bench(vec![Answer::plain(status, word)]);
        let error = bench.deliver(&message()).await.expect_err(word);
        assert!(error.retry == expected && error.problem.contains(word), "{error}");
    }
}
