//! What every channel must do.

use std::io::{self, ErrorKind, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rowcall::channel::webhook::{self, Form};
use rowcall::channel::{self, Channel, DeliveryError, Printer, Retry, World, email, slack};
use rowcall::clock::ManualClock;
use rowcall::message::{Excerpt, Kind, Message, Receipt, Severity};
use rowcall::secret::{Environment, Secret};
use serde_json::Value;

use crate::fakes::http::{Answer, HttpFake};
use crate::fakes::services;
use crate::fakes::smtp::{Refusal, Script, SmtpFake};

mod bot_only;
mod http_only;
mod mail_only;
mod parts;
mod readers;
mod repeat;
mod slack_only;
mod webhook_only;

/// What must never be seen outside.
const CANARY: &str = "S3CR3T-canary/+=";

/// Every kind of channel there is.
const DOORS: [Door; 10] = [
    Door::Slack,
    Door::Bot,
    Door::Compatible,
    Door::Email,
    Door::Webhook,
    Door::Teams,
    Door::Discord,
    Door::PagerDuty,
    Door::Telegram,
    Door::Stdout,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Slack,
    Bot,
    Compatible,
    Email,
    Webhook,
    Teams,
    Discord,
    PagerDuty,
    Telegram,
    Stdout,
}

/// What goes wrong at the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    /// This very message is not wanted.
    Refused,
    /// Something passing.
    Passing,
    /// The channel does not work at all.
    Broken,
    /// The connection ends before anything is said.
    Reset,
    /// The connection ends before the answer: the message may have arrived.
    Cut,
    /// No answer ever comes.
    Silence,
    /// An answer begins and never ends.
    Drip,
}

/// A channel, and the place where its messages arrive.
struct Bench {
    channel: Box<dyn Channel>,
    receiver: Receiver,
}

enum Receiver {
    Slack(HttpFake),
    Email(SmtpFake),
    /// A service, and what its readers see.
    Service(HttpFake, fn(&Value) -> Received),
    Stdout(Arc<Mutex<Paper>>),
}

/// What a reader gets of one message.
#[derive(Debug, Default)]
struct Received {
    /// What stands first: the text of a notification, the subject of a mail, the first line.
    headline: String,
    /// Everything a reader sees.
    text: String,
    /// Texts whose markup the receiver interprets.
    markup: Vec<String>,
}

/// A standard output that may be full or gone.
#[derive(Default)]
struct Paper {
    written: Vec<u8>,
    fault: Option<ErrorKind>,
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.fault {
            Some(kind) => Err(kind.into()),
            None => self.written.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn world(printer: Printer) -> World {
    let environment: Environment = [("CANARY".to_owned(), CANARY.to_owned())].into_iter().collect();
    let clock = Arc::new(ManualClock::new("2026-11-20T12:00:30Z".parse().expect("an instant")));
    World { environment, folder: Arc::from(Path::new("/")), printer, clock }
}

fn secret(text: &str) -> Secret {
    Secret::parse(text, "`x` at rowcall.toml:1").expect("reads")
}

fn slack_at(url: &str) -> channel::Settings {
    let way = slack::Way::Webhook { url: secret(&format!("{url}/${{CANARY}}")), compatible: None };
    channel::Settings::Slack(slack::Settings { way, mention: vec![], ca_file: None })
}

fn bot_at(url: &str) -> slack::Settings {
    let base_url = Some(url.to_owned());
    let way = slack::Way::Bot { token: secret("${CANARY}"), channel: "C0123".into(), base_url, update: false };
    slack::Settings { way, mention: vec![], ca_file: None }
}

fn mail_at(url: &str, ca_file: Option<&Path>) -> email::Settings {
    email::Settings {
        server: secret(url),
        password: Some(secret("${CANARY}")),
        from: "rowcall <bot@example.com>".into(),
        to: vec!["data@example.com".into()],
        cc: vec![],
        bcc: vec![],
        reply_to: None,
        subject_prefix: email::SUBJECT_PREFIX.into(),
        auth: None,
        tls: email::Tls::Verified,
        ca_file: ca_file.map(Path::to_owned),
        max_attachment: email::MAX_ATTACHMENT,
    }
}

fn webhook_at(url: &str, form: Form) -> webhook::Settings {
    webhook::Settings { url: Some(secret(url)), allow_http: false, headers: vec![], form, ca_file: None }
}

fn own(change: impl FnOnce(&mut webhook::Own)) -> Form {
    let mut own = webhook::Own::default();
    change(&mut own);
    Form::Own(own)
}

impl Door {
    /// A channel to a service that plays this script and is strict after it, over HTTP.
    fn service(self, script: Vec<Answer>) -> (channel::Settings, Receiver) {
        let path = "/bot${CANARY}/sendMessage";
        let strict = |judge, form, reader: fn(&Value) -> Received| {
            let fake = HttpFake::start_as(judge, script.clone());
            (channel::Settings::Webhook(webhook_at(&fake.url(path), form)), Receiver::Service(fake, reader))
        };
        match self {
            Self::Teams => strict(services::teams, Form::Teams, readers::teams),
            Self::Discord => strict(services::discord, Form::Discord, readers::discord),
            Self::PagerDuty => {
                strict(services::pagerduty, Form::PagerDuty { routing_key: secret("${CANARY}") }, readers::pagerduty)
            }
            Self::Telegram => strict(services::telegram, Form::Telegram { chat: "-1001".into() }, readers::telegram),
            Self::Slack => {
                let fake = HttpFake::start_as(services::slack_webhook, script);
                (slack_at(&fake.url("/services/T0/B0")), Receiver::Slack(fake))
            }
            Self::Bot => {
                let fake = HttpFake::start_as(services::slack_api, script);
                (channel::Settings::Slack(bot_at(&fake.url("/api/"))), Receiver::Slack(fake))
            }
            Self::Compatible => {
                let fake = HttpFake::start(script);
                let url = secret(&fake.url("/hooks/${CANARY}"));
                let way = slack::Way::Webhook { url, compatible: Some(slack::Compatible::Mattermost) };
                let settings = slack::Settings { way, mention: vec![], ca_file: None };
                (channel::Settings::Slack(settings), Receiver::Service(fake, readers::compatible))
            }
            Self::Webhook => {
                let fake = HttpFake::start(script);
                let settings = webhook_at(&fake.url(path), own(|_| {}));
                (channel::Settings::Webhook(settings), Receiver::Service(fake, readers::own))
            }
            Self::Email | Self::Stdout => unreachable!("no service over HTTP"),
        }
    }

    /// A channel whose other side has this fault, if a channel of this kind can have it.
    fn bench(self, fault: Fault) -> Option<Bench> {
        let paper = Arc::new(Mutex::new(Paper::default()));
        let world = world(Arc::clone(&paper) as Printer);
        let (settings, receiver) = match self {
            Self::Slack
            | Self::Bot
            | Self::Compatible
            | Self::Webhook
            | Self::Teams
            | Self::Discord
            | Self::PagerDuty
            | Self::Telegram => self.service(service_script(self, fault)),
            Self::Email => {
                let login = Some(("bot".to_owned(), CANARY.to_owned()));
                let fake = SmtpFake::start(Script { login, refusals: mail_script(fault), ..Script::default() });
                let settings = mail_at(&format!("smtp://bot@localhost:{}", fake.port()), Some(&fake.ca_file()));
                (channel::Settings::Email(settings), Receiver::Email(fake))
            }
            Self::Stdout => {
                paper.lock().expect("unbroken").fault = match fault {
                    Fault::Nothing => None,
                    Fault::Passing => Some(ErrorKind::StorageFull),
                    Fault::Refused | Fault::Broken | Fault::Reset | Fault::Cut | Fault::Silence | Fault::Drip => {
                        return None;
                    }
                };
                (channel::Settings::Stdout, Receiver::Stdout(paper))
            }
        };
        Some(Bench { channel: channel::open(&settings, &world), receiver })
    }
}

fn service_script(door: Door, fault: Fault) -> Vec<Answer> {
    let answer = match fault {
        Fault::Nothing => return vec![],
        Fault::Refused => {
            let (status, body) = match door {
                Door::Bot => (200, r#"{"ok":false,"error":"no_text"}"#),
                Door::Discord => (400, r#"{"code": 50035, "message": "Invalid Form Body"}"#),
                Door::PagerDuty => (400, r#"{"status":"invalid event","errors":["'payload.summary' is too long"]}"#),
                Door::Telegram => (400, r#"{"ok":false,"description":"Bad Request: message is too long"}"#),
                Door::Slack | Door::Compatible | Door::Teams | Door::Webhook | Door::Email | Door::Stdout => {
                    (400, "no_text")
                }
            };
            Answer::plain(status, body)
        }
        Fault::Passing => Answer::plain(503, "<html>down</html>"),
        Fault::Broken if door == Door::Bot => {
            Answer::plain(200, &format!(r#"{{"ok":false,"error":"invalid_auth","needed":"{CANARY}"}}"#))
        }
        Fault::Broken => Answer::plain(404, &format!("no_such_hook /services/T0/B0/{CANARY}")),
        Fault::Reset => Answer::Reset,
        Fault::Cut => Answer::Close,
        Fault::Silence => Answer::Silence,
        Fault::Drip => Answer::Drip,
    };
    vec![answer]
}

fn mail_script(fault: Fault) -> Vec<(&'static str, usize, Refusal)> {
    match fault {
        Fault::Nothing => vec![],
        Fault::Refused => vec![(".", 1, Refusal::Say("554 5.6.0 no such things here"))],
        Fault::Passing => vec![("MAIL", 1, Refusal::Say("451 4.3.0 try later"))],
        Fault::Broken => vec![("AUTH", 1, Refusal::Say("535 5.7.8 S3CR3T-canary/+= AGJvdABTM0NSM1QtY2FuYXJ5Lys9"))],
        Fault::Reset => vec![("CONNECT", 1, Refusal::Close)],
        Fault::Cut => vec![(".", 1, Refusal::Close)],
        Fault::Silence => vec![("CONNECT", 1, Refusal::Silence)],
        Fault::Drip => vec![(".", 1, Refusal::Silence)],
    }
}

impl Bench {
    async fn deliver(&self, message: &Message) -> Result<Receipt, DeliveryError> {
        self.channel.deliver(message, None).await
    }

    fn received(&self) -> Vec<Received> {
        match &self.receiver {
            Receiver::Slack(fake) => {
                let requests = fake.requests().into_iter();
                let posts =
                    requests.filter(|request| !request.path.contains("/files.") && !request.path.contains("/upload/"));
                posts.map(|request| readers::slack(&request.body)).collect()
            }
            Receiver::Email(fake) => fake.mails().iter().map(|mail| readers::mail(&mail.raw)).collect(),
            Receiver::Service(fake, reader) => {
                let bodies = fake.requests().into_iter().map(|request| request.body);
                bodies.map(|body| reader(&serde_json::from_str(&body).expect("JSON"))).collect()
            }
            Receiver::Stdout(paper) => {
                let text = String::from_utf8(paper.lock().expect("unbroken").written.clone()).expect("UTF-8");
                let headline = text.lines().next().unwrap_or_default().to_owned();
                if text.is_empty() { vec![] } else { vec![Received { headline, text, markup: vec![] }] }
            }
        }
    }

    /// The one message that arrived.
    fn only(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.pop().expect("one")
    }
}

impl Received {
    /// Nothing in it acts, and no markup in it comes from a row.
    fn is_harmless(&self, which: &str) {
        for seen in [&self.headline, &self.text].into_iter().chain(&self.markup) {
            let acts = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!seen.contains(acts), "{which}: {seen:?}");
        }
        for markup in &self.markup {
            let ours = markup.replace("<https://wiki.example.com/low-stock?a=1&amp;b=2|more>", "");
            assert!(!ours.contains(['<', '>']), "{which}: {markup:?}");
        }
    }
}

/// What a row may hold.
fn bad() -> Vec<String> {
    let long = "😀가a".repeat(1300);
    [
        "<!channel> <!here> <!everyone>",
        "<@U012AB3CD> <#C012AB3CD> <!subteam^S1>",
        "@here @channel @everyone",
        "<https://evil.example.net|Reset your password>",
        "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m",
        "x\r\nBcc: evil@example.net\r\nSubject: other\r\n\r\n<script>alert(1)</script>",
        "x\r\n.\r\nMAIL FROM:<evil@example.net>",
        "``` `code` ```",
        "<script>alert(1)</script> \"' onload=x <img src=https://evil.example.net>",
        "\u{202e}gnp.exe \u{2066}x\u{2069} \u{2028}y",
        "=?utf-8?B?QmNjOiBldmls?=",
        "\u{0}\u{8}\t\r\n",
        "",
        "=HYPERLINK(\"https://evil.example.net\",\"y\")",
        long.as_str(),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn message() -> Message {
    let cell = |text: &str| Some(text.to_owned());
    let at = "2026-11-20T12:00:00Z".parse().expect("an instant");
    Message {
        id: "low_stock-1-ops".into(),
        thread: "low_stock-1795176000000000".into(),
        severity: Severity::Warning,
        description: Some("Stock that runs out this week".into()),
        facts: vec![("since".into(), "2026-11-20 12:00:00 UTC".into()), ("source".into(), "shop & co".into())],
        excerpt: Some(Excerpt {
            columns: vec!["sku".into(), "on_hand".into()],
            rows: vec![vec![cell("A-1"), cell("3")], vec![cell("하나"), None]],
            more: 4,
        }),
        link: Some("https://wiki.example.com/low-stock?a=1&b=2".into()),
        command: Some("rowcall query low_stock".into()),
        ..Message::new(Kind::Firing, "low_stock", at, "1 of 3 rows: on_hand < 5".into())
    }
}

#[tokio::test]
async fn a_message_arrives_whole() {
    for door in DOORS {
        let bench = door.bench(Fault::Nothing).expect("no fault");
        bench.deliver(&message()).await.unwrap_or_else(|error| panic!("{door:?}: {error}"));
        let received = bench.only();
        assert_eq!(received.headline, "FIRING low_stock: 1 of 3 rows: on_hand < 5", "{door:?}");
        for part in [
            "Stock that runs out this week",
            "since",
            "2026-11-20 12:00:00 UTC",
            "shop & co",
            "sku",
            "on_hand",
            "A-1",
            "하나",
            "NULL",
            "…4 more rows",
            "https://wiki.example.com/low-stock?a=1&b=2",
            "rowcall query low_stock",
        ] {
            assert!(received.text.contains(part), "{door:?}: {part} in {received:?}");
        }
    }
}

#[tokio::test]
async fn every_kind_of_message_says_what_it_is() {
    for (door, kind) in DOORS.into_iter().flat_map(|door| Kind::ALL.map(|kind| (door, kind))) {
        for severity in Severity::ALL {
            let bench = door.bench(Fault::Nothing).expect("no fault");
            let bare =
                Message { description: None, facts: vec![], excerpt: None, link: None, command: None, ..message() };
            let title = (kind == Kind::Report).then(|| "Weekly KPIs".to_owned());
            let message = Message { kind, severity, title, ..bare };
            if door == Door::PagerDuty && kind == Kind::Report {
                assert_eq!(bench.deliver(&message).await.map_err(|error| error.retry), Err(Retry::Never));
                continue;
            }
            bench.deliver(&message).await.unwrap_or_else(|error| panic!("{door:?} {kind:?}: {error}"));
            let mut received = bench.received();
            // A trial of a pager ends what it began, and the end of an incident has no words there.
            if door == Door::PagerDuty && (kind == Kind::Test || kind.is_good_news()) {
                assert!(received.pop().is_some_and(|last| last.text.starts_with("resolve")), "{kind:?}");
            }
            let says = |received: &Received| received.headline.starts_with(kind.headword());
            assert!(received.len() <= 1 && received.iter().all(says), "{door:?} {kind:?}: {received:?}");
            assert!(!received.is_empty() || door == Door::PagerDuty, "{door:?} {kind:?}");
        }
    }
}

#[tokio::test]
async fn nothing_a_row_holds_does_any_harm() {
    for door in DOORS {
        for text in &bad() {
            let bench = door.bench(Fault::Nothing).expect("no fault");
            let rows = vec![vec![Some(text.clone()), None], vec![None, Some("the last cell".to_owned())]];
            let excerpt = Some(Excerpt { columns: vec![text.clone(), "b".into()], rows, more: 0 });
            let facts = vec![(text.clone(), text.clone())];
            let description = Some(text.clone());
            let message = Message { summary: text.clone(), description, facts, excerpt, ..message() };
            bench.deliver(&message).await.unwrap_or_else(|error| panic!("{door:?} {text:?}: {error}"));
            let received = bench.only();
            assert!(received.headline.starts_with("FIRING low_stock:"), "{door:?} {text:?}");
            assert!(received.text.contains("the last cell"), "{door:?} {text:?}: {received:?}");
            received.is_harmless(&format!("{door:?} {text:?}"));
        }
    }
}

#[tokio::test]
async fn a_failure_says_whether_trying_again_can_help() {
    let faults = [
        (Fault::Refused, Retry::Never),
        (Fault::Passing, Retry::After(None)),
        (Fault::Broken, Retry::Broken),
        (Fault::Reset, Retry::Repeat),
        (Fault::Cut, Retry::Repeat),
    ];
    for (door, (fault, expected)) in DOORS.into_iter().flat_map(|door| faults.map(|fault| (door, fault))) {
        let Some(bench) = door.bench(fault) else { continue };
        let error = bench.deliver(&message()).await.expect_err("a fault");
        // Who is cut off before the greeting of a mail server has said nothing of a mail.
        let unsaid = door == Door::Email && fault == Fault::Reset;
        let expected = if unsaid { Retry::After(None) } else { expected };
        assert_eq!(error.retry, expected, "{door:?} {fault:?}: {error}");
        keeps_its_secrets(&error);
        let again = bench.deliver(&message()).await;
        if door != Door::Stdout {
            again.unwrap_or_else(|error| panic!("{door:?} {fault:?}: the fault is over, yet: {error}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_in_a_deadline() {
    let faults = [Fault::Silence, Fault::Drip];
    for (door, fault) in DOORS.into_iter().flat_map(|door| faults.map(|fault| (door, fault))) {
        let Some(bench) = door.bench(fault) else { continue };
        let error = bench.deliver(&message()).await.expect_err("silence");
        // The clock runs ahead of the sockets, so how far it came is not known.
        assert!(matches!(error.retry, Retry::After(None) | Retry::Repeat), "{door:?} {fault:?}: {error}");
        let late = ["did not answer", "timed out"].into_iter().any(|words| error.problem.contains(words));
        assert!(late, "{door:?}: {error}");
        keeps_its_secrets(&error);
    }
}

#[tokio::test]
async fn a_refused_connection_may_pass() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let slack = slack_at(&format!("http://127.0.0.1:{port}/services/T0/B0"));
    let mail = channel::Settings::Email(mail_at(&format!("smtps://bot@127.0.0.1:{port}"), None));
    let webhook = channel::Settings::Webhook(webhook_at(&format!("http://127.0.0.1:{port}/${{CANARY}}"), own(|_| {})));
    for settings in [slack, mail, webhook] {
        let channel = channel::open(&settings, &world(Arc::new(Mutex::new(Paper::default()))));
        let error = channel.deliver(&message(), None).await.expect_err("nobody listens");
        assert_eq!(error.retry, Retry::After(None), "{error}");
        assert!(error.problem.contains("Connection refused"), "{error}");
        keeps_its_secrets(&error);
    }
}

#[tokio::test]
async fn a_missing_secret_breaks_the_channel_and_names_the_place() {
    let way = slack::Way::Webhook { url: secret("${NOT_SET}"), compatible: None };
    let slack = slack::Settings { way, mention: vec![], ca_file: None };
    let mail = email::Settings { password: Some(secret("${NOT_SET}")), ..mail_at("smtp://bot@127.0.0.1:1", None) };
    let webhook = webhook_at("https://localhost/${NOT_SET}", own(|_| {}));
    for settings in
        [channel::Settings::Slack(slack), channel::Settings::Email(mail), channel::Settings::Webhook(webhook)]
    {
        let channel = channel::open(&settings, &world(Arc::new(Mutex::new(Paper::default()))));
        let error = channel.deliver(&message(), None).await.expect_err("not set");
        assert_eq!(error.retry, Retry::Broken);
        assert_eq!(error.problem, "environment variable `NOT_SET` is not set (needed by `x` at rowcall.toml:1)");
    }
}

fn keeps_its_secrets(error: &DeliveryError) {
    let shown = format!("{error} {error:?}");
    for part in ["S3CR3T", "canary", "AGJvdABTM0NSM1QtY2FuYXJ5Lys9", "UzNDUjNULWNhbmFyeS8rPQ=="] {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[tokio::test]
async fn a_reader_that_went_away_is_no_failure() {
    let paper = Arc::new(Mutex::new(Paper { fault: Some(ErrorKind::BrokenPipe), ..Paper::default() }));
    let channel = channel::open(&channel::Settings::Stdout, &world(paper as Printer));
    channel.deliver(&message(), None).await.expect("success");
}
