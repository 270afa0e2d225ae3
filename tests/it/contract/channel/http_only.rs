//! What every channel that speaks HTTP must do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rowcall::channel::{self, Retry};

use super::{Bench, CANARY, Door, Paper, Receiver, keeps_its_secrets, message, world};
use crate::fakes::http::{Answer, HttpFake};

const SERVICES: [Door; 8] = [
    Door::Slack,
    Door::Bot,
    Door::Compatible,
    Door::Webhook,
    Door::Teams,
    Door::Discord,
    Door::PagerDuty,
    Door::Telegram,
];

fn bench(door: Door, script: Vec<Answer>) -> Bench {
    let (settings, receiver) = door.service(script);
    Bench { channel: channel::open(&settings, &world(Arc::new(Mutex::new(Paper::default())))), receiver }
}

#[tokio::test]
async fn the_wait_that_is_asked_for_is_passed_on() {
    let date = ("Date", "Fri, 20 Nov 2026 12:00:00 GMT".to_owned());
    let after = |text: &str| ("Retry-After", text.to_owned());
    let cases = [
        (vec![after("7")], "", Some(7)),
        (vec![after("later")], "", None),
        (vec![], "", None),
        (vec![date, after("Fri, 20 Nov 2026 12:00:20 GMT")], "", Some(20)),
        (vec![], r#"{"ok":false,"retry_after":1.5,"parameters":{"retry_after":2}}"#, Some(2)),
    ];
    for door in SERVICES {
        for (headers, body, expected) in &cases {
            for status in [429, 503] {
                let bench = bench(door, vec![Answer::Say(status, headers.clone(), (*body).to_owned())]);
                let error = bench.deliver(&message()).await.expect_err("too much");
                assert_eq!(error.retry, Retry::After(expected.map(Duration::from_secs)), "{door:?}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for (door, status) in SERVICES.into_iter().flat_map(|door| [301, 302, 307, 308].map(|status| (door, status))) {
        let elsewhere = HttpFake::start([]);
        let headers = vec![("Location", elsewhere.url(&format!("/{CANARY}")))];
        let bench = bench(door, vec![Answer::Say(status, headers, String::new())]);
        let error = bench.deliver(&message()).await.expect_err("a redirect");
        assert_eq!(error.retry, Retry::Broken, "{door:?}");
        assert!(error.problem.contains("points to `127.0.0.1`"), "{door:?}: {error}");
        keeps_its_secrets(&error);
        assert_eq!((bench.received().len(), elsewhere.requests().len()), (1, 0), "{door:?}");
    }
}

#[tokio::test]
async fn a_page_is_no_answer_of_a_service() {
    for door in SERVICES {
        let page = || Answer::plain(200, "<html>Sign in to the guest network</html>");
        let bench = bench(door, vec![page()]);
        let result = bench.deliver(&message()).await.map_err(|error| error.retry);
        match door {
            // What the user's own receiver says is its own affair; the code counts.
            Door::Webhook => assert!(result.is_ok(), "{result:?}"),
            _ => assert_eq!(result, Err(Retry::After(None)), "{door:?}"),
        }
    }
}

#[tokio::test]
async fn an_endless_answer_is_read_to_its_limit() {
    for door in SERVICES {
        let bench = bench(door, vec![Answer::plain(500, &"x".repeat(1 << 20))]);
        let error = bench.deliver(&message()).await.expect_err("refused");
        assert!(error.problem.len() < 500, "{door:?}: {error}");
    }
}

#[tokio::test]
async fn a_receiver_that_repeats_what_it_was_sent_gives_no_secret_away() {
    for door in SERVICES {
        for status in [400, 401, 404, 500] {
            let bench = bench(door, vec![Answer::plain(status, &format!("/bot{CANARY}/sendMessage {CANARY}"))]);
            let error = bench.deliver(&message()).await.expect_err("refused");
            keeps_its_secrets(&error);
        }
    }
}

#[tokio::test]
async fn every_service_gets_a_post_of_json() {
    for door in SERVICES {
        let bench = bench(door, vec![]);
        bench.deliver(&message()).await.unwrap_or_else(|error| panic!("{door:?}: {error}"));
        let (Receiver::Service(fake, _) | Receiver::Slack(fake)) = &bench.receiver else {
            unreachable!("a bench of a service")
        };
        let request = &fake.requests()[0];
        let content_type = if door == Door::Bot { "application/json; charset=utf-8" } else { "application/json" };
        assert_eq!((request.method.as_str(), request.header("content-type")), ("POST", Some(content_type)));
    }
}

#[tokio::test]
async fn every_status_has_its_class() {
    let never = |door: &Door| !matches!(door, Door::Slack | Door::Bot | Door::Compatible);
    for door in SERVICES {
        for status in [400, 401, 403, 404, 405, 407, 408, 410, 413, 422, 425, 429, 500, 502, 503, 504] {
            let bench = bench(door, vec![Answer::plain(status, "<html>whatever</html>")]);
            let error = bench.deliver(&message()).await.expect_err("refused");
            let expected = match status {
                400 | 413 | 422 if never(&door) => Retry::Never,
                408 | 429 | 500.. => Retry::After(None),
                425 if never(&door) => Retry::After(None),
                _ => Retry::Broken,
            };
            assert_eq!(error.retry, expected, "{door:?} {status}: {error}");
        }
    }
}
