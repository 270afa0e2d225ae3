//! What a webhook must do beside the contract of all channels.

use std::sync::{Arc, Mutex};

use rowcall::channel::webhook::{Method, Settings};
use rowcall::channel::{self, Retry};
use rowcall::message::{Excerpt, Kind, Message, Receipt};
use serde_json::{Value, json};

use super::{
    Bench, CANARY, Door, Paper, Receiver, keeps_its_secrets, message, own, readers, secret, webhook_at, world,
};
use crate::fakes::http::{Answer, HttpFake, Request};

fn bench(script: Vec<Answer>, change: impl FnOnce(&mut Settings)) -> Bench {
    let fake = HttpFake::start(script);
    let mut settings = webhook_at(&fake.url("/hook"), own(|_| {}));
    change(&mut settings);
    let world = world(Arc::new(Mutex::new(Paper::default())));
    let channel = channel::open(&channel::Settings::Webhook(settings), &world);
    Bench { channel, receiver: Receiver::Service(fake, readers::own) }
}

fn requests(bench: &Bench) -> Vec<Request> {
    let Receiver::Service(fake, _) = &bench.receiver else { unreachable!("a bench of a webhook") };
    fake.requests()
}

#[tokio::test]
async fn values_of_rows_arrive_as_they_are() {
    let bench = bench(vec![], |_| {});
    let cells = ["\u{1b}[2J", "a\r\nb", "<!channel> @here", "\u{202e}x", "\"}{", "", "😀"];
    let row = cells.map(|cell| Some(cell.to_owned())).to_vec();
    let excerpt = Some(Excerpt { columns: vec!["a".into(); 7], rows: vec![row], more: 0 });
    bench.deliver(&Message { excerpt, ..message() }).await.expect("delivered");
    let body: Value = serde_json::from_str(&requests(&bench)[0].body).expect("JSON");
    assert_eq!(body["rows"], json!([cells]));
}

#[tokio::test]
async fn a_template_shapes_the_body() {
    let bench = bench(vec![], |settings| {
        settings.headers =
            vec![("content-type".into(), secret("text/plain")), ("Authorization".into(), secret("Bearer ${CANARY}"))];
        settings.form = own(|own| {
            own.method = Method::Put;
            own.body = Some("{{ alert }}/{{ kind }}: {{ rows | length }} of {{ rows | length + more }}".into());
        });
    });
    let receipt = bench.deliver(&message()).await.expect("delivered");
    assert_eq!(receipt.reference, None);
    let request = &requests(&bench)[0];
    assert_eq!((request.method.as_str(), request.body.as_str()), ("PUT", "low_stock/firing: 2 of 6"));
    assert_eq!(request.header("content-type"), Some("text/plain"));
    assert_eq!(request.header("authorization"), Some("Bearer S3CR3T-canary/+="));
}

#[tokio::test]
async fn a_broken_template_sends_the_message_all_the_same_and_says_so() {
    let bench = bench(vec![], |settings| {
        settings.headers = vec![("Content-Type".into(), secret("text/plain"))];
        settings.form = own(|own| own.body = Some("{{ facts[9].value }}".into()));
    });
    let receipt = bench.deliver(&message()).await.expect("delivered");
    let said = receipt.reference.expect("a remark");
    assert!(said.starts_with("sent as JSON, since `body` cannot be used: line 1: undefined value"), "{said}");
    assert_eq!(requests(&bench)[0].header("content-type"), Some("application/json"));
    assert!(bench.only().headline.starts_with("FIRING low_stock"));
}

#[tokio::test]
async fn a_signature_is_of_the_attempt_and_of_the_exact_body() {
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let bench = bench(vec![Answer::plain(503, "")], |settings| {
        settings.form = own(|own| {
            own.body = Some("{\"test\": 2432232314}".into());
            own.secret = Some(secret(key));
        });
    });
    let message = Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), ..message() };
    bench.deliver(&message).await.expect_err("not yet");
    bench.deliver(&message).await.expect("delivered");
    let both = requests(&bench);
    for request in &both {
        assert_eq!(request.header("webhook-id"), Some("msg_p5jXN8AQM9LWM0D4loKWxJek"));
        assert_eq!(request.header("webhook-timestamp"), Some("1795176030"));
        // Computed with another implementation over `id.timestamp.body`.
        assert_eq!(request.header("webhook-signature"), Some("v1,e/XwEcYiT6fofIrWvk7x74P7aK1r0fe6BSdZoYA9DH0="));
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_told() {
    type Change = fn(&mut Settings);
    let cases: [(Change, &str); 7] = [
        (|settings| settings.url = None, "there is no `url`"),
        (|settings| settings.url = Some(secret("http://example.com/${CANARY}")), "shows the secret to the network"),
        (|settings| settings.url = Some(secret("http://169.254.169.254/latest")), "a link-local address"),
        (|settings| settings.url = Some(secret("https://metadata.google.internal/x")), "a metadata service"),
        (
            |settings| settings.headers = vec![("X-Key".into(), secret("a\nb${CANARY}"))],
            "the header `X-Key` cannot be sent",
        ),
        (|settings| settings.form = own(|own| own.secret = Some(secret("${CANARY}"))), "`secret` must be `whsec_`"),
        (|settings| settings.ca_file = Some("none.pem".into()), "`/none.pem` cannot be read"),
    ];
    for (change, problem) in cases {
        let bench = bench(vec![], change);
        let error = bench.deliver(&message()).await.expect_err(problem);
        assert_eq!(error.retry, Retry::Broken, "{error}");
        assert!(error.problem.contains(problem), "{error}");
        keeps_its_secrets(&error);
        assert!(requests(&bench).is_empty(), "{problem}");
    }
}

#[tokio::test]
async fn a_header_that_is_repeated_stays_hidden() {
    let bench = bench(vec![Answer::plain(403, &format!("no such key: {CANARY}"))], |settings| {
        settings.headers = vec![("X-Key".into(), secret("${CANARY}"))];
    });
    keeps_its_secrets(&bench.deliver(&message()).await.expect_err("refused"));
}

#[tokio::test]
async fn only_the_codes_that_are_named_are_success() {
    let named = |settings: &mut Settings| settings.form = own(|own| own.success = vec![202..=202, 409..=409]);
    for (status, expected) in [(202, Ok(())), (409, Ok(())), (200, Err(Retry::After(None))), (400, Err(Retry::Never))] {
        let bench = bench(vec![Answer::plain(status, "")], named);
        let result = bench.deliver(&message()).await.map(|_| ()).map_err(|error| error.retry);
        assert_eq!(result, expected, "{status}");
    }
}

#[tokio::test]
async fn an_incident_of_pagerduty_ends_with_its_own() {
    let (settings, receiver) = Door::PagerDuty.service(vec![]);
    let channel = channel::open(&settings, &world(Arc::new(Mutex::new(Paper::default()))));
    for kind in [Kind::Firing, Kind::Repeat, Kind::Resolved] {
        channel.deliver(&Message { kind, ..message() }, None).await.expect("delivered");
    }
    let bench = Bench { channel, receiver };
    let events: Vec<Value> =
        requests(&bench).iter().map(|request| serde_json::from_str(&request.body).expect("JSON")).collect();
    let actions: Vec<&str> = events.iter().filter_map(|event| event["event_action"].as_str()).collect();
    assert_eq!(actions, ["trigger", "trigger", "resolve"]);
    assert!(events.iter().all(|event| event["dedup_key"] == message().thread && event["routing_key"] == CANARY));
}

#[tokio::test]
async fn a_message_of_telegram_answers_the_first_of_its_incident() {
    let (settings, receiver) = Door::Telegram.service(vec![]);
    let channel = channel::open(&settings, &world(Arc::new(Mutex::new(Paper::default()))));
    let first = channel.deliver(&message(), None).await.expect("delivered");
    assert_eq!(first, Receipt { reference: Some("41".into()), ..Receipt::default() });
    channel.deliver(&Message { kind: Kind::Resolved, ..message() }, Some(&first)).await.expect("delivered");
    let bench = Bench { channel, receiver };
    let second: Value = serde_json::from_str(&requests(&bench)[1].body).expect("JSON");
    assert_eq!(second["reply_parameters"], json!({ "message_id": 41, "allow_sending_without_reply": true }));
}
