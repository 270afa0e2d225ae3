//! What every channel must do.

use std::io::{self, ErrorKind, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mail_parser::{MessageParser, MimeHeaders};
use rowcall::channel::{self, Channel, DeliveryError, Printer, Retry, World, email, slack};
use rowcall::message::{Excerpt, Kind, Message, Receipt, Severity};
use rowcall::secret::{Environment, Secret};
use serde_json::Value;

use crate::fakes::http::{Answer, HttpFake};
use crate::fakes::smtp::{Refusal, Script, SmtpFake};

mod mail_only;
mod slack_only;

/// What must never be seen outside.
const CANARY: &str = "S3CR3T-canary/+=";

/// Every kind of channel there is.
const DOORS: [Door; 3] = [Door::Slack, Door::Email, Door::Stdout];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Slack,
    Email,
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
    /// The connection ends before the answer.
    Cut,
    /// No answer ever comes.
    Silence,
}

/// A channel, and the place where its messages arrive.
struct Bench {
    channel: Box<dyn Channel>,
    receiver: Receiver,
}

enum Receiver {
    Slack(HttpFake),
    Email(SmtpFake),
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
    World { environment, folder: Arc::from(Path::new("/")), printer }
}

fn secret(text: &str) -> Secret {
    Secret::parse(text, "`x` at rowcall.toml:1").expect("reads")
}

fn slack_at(url: &str) -> channel::Settings {
    channel::Settings::Slack(slack::Settings { webhook: secret(&format!("{url}/${{CANARY}}")), ca_file: None })
}

fn mail_at(url: &str, ca_file: Option<&Path>) -> email::Settings {
    email::Settings {
        server: secret(url),
        password: Some(secret("${CANARY}")),
        from: "rowcall <bot@example.com>".into(),
        to: vec!["data@example.com".into()],
        cc: vec![],
        tls: email::Tls::Verified,
        ca_file: ca_file.map(Path::to_owned),
    }
}

impl Door {
    /// A channel whose other side has this fault, if a channel of this kind can have it.
    fn bench(self, fault: Fault) -> Option<Bench> {
        let paper = Arc::new(Mutex::new(Paper::default()));
        let world = world(Arc::clone(&paper) as Printer);
        let (settings, receiver) = match self {
            Self::Slack => {
                let fake = HttpFake::start(slack_script(fault));
                (slack_at(&fake.url("/services/T0/B0")), Receiver::Slack(fake))
            }
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
                    Fault::Refused | Fault::Broken | Fault::Cut | Fault::Silence => return None,
                };
                (channel::Settings::Stdout, Receiver::Stdout(paper))
            }
        };
        Some(Bench { channel: channel::open(&settings, &world), receiver })
    }
}

fn slack_script(fault: Fault) -> Vec<Answer> {
    match fault {
        Fault::Nothing => vec![],
        Fault::Refused => vec![Answer::plain(400, "no_text")],
        Fault::Passing => vec![Answer::plain(503, "<html>down</html>")],
        Fault::Broken => vec![Answer::plain(404, &format!("no_such_hook /services/T0/B0/{CANARY}"))],
        Fault::Cut => vec![Answer::Close],
        Fault::Silence => vec![Answer::Silence],
    }
}

fn mail_script(fault: Fault) -> Vec<(&'static str, usize, Refusal)> {
    match fault {
        Fault::Nothing => vec![],
        Fault::Refused => vec![(".", 1, Refusal::Say("554 5.6.0 no such things here"))],
        Fault::Passing => vec![("MAIL", 1, Refusal::Say("451 4.3.0 try later"))],
        Fault::Broken => vec![("AUTH", 1, Refusal::Say("535 5.7.8 S3CR3T-canary/+= AGJvdABTM0NSM1QtY2FuYXJ5Lys9"))],
        Fault::Cut => vec![(".", 1, Refusal::Close)],
        Fault::Silence => vec![("CONNECT", 1, Refusal::Silence)],
    }
}

impl Bench {
    async fn deliver(&self, message: &Message) -> Result<Receipt, DeliveryError> {
        self.channel.deliver(message, None).await
    }

    fn received(&self) -> Vec<Received> {
        match &self.receiver {
            Receiver::Slack(fake) => fake.requests().iter().map(|request| of_slack(&request.body)).collect(),
            Receiver::Email(fake) => fake.mails().iter().map(|mail| of_mail(&mail.raw)).collect(),
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

fn of_slack(body: &str) -> Received {
    fn collect(value: &Value, received: &mut Received) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(text)) = map.get("text") {
                    let verbatim = map.get("type").is_some_and(|kind| kind == "text");
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

fn of_mail(raw: &[u8]) -> Received {
    let mail = MessageParser::default().parse(raw).expect("a mail");
    let named = |name: &str| mail.headers().iter().filter(|header| header.name() == name).count();
    assert_eq!((named("Subject"), named("Bcc"), named("From"), named("Message-ID")), (1, 0, 1, 1));
    assert!(raw.is_ascii(), "a mail of 7 bits");
    let page = mail.body_html(0).expect("an HTML part").replace("\r\n", "\n");
    assert!(mail.attachment(0).is_none() && mail.html_part(0).is_some_and(|part| part.content_type().is_some()));
    let mut markup = vec![];
    let mut text = mail.body_text(0).expect("a text part").replace("\r\n", "\n");
    let table: String = page.split('<').filter_map(|tag| tag.split_once('>').map(|(_, text)| text)).collect();
    text.push_str(&unescaped(&table, &mut markup));
    // What is left of the page when the tags we write are gone must hold no tag.
    let tags =
        ["html", "head", "meta", "title", "body", "div", "p", "b", "br", "table", "tr", "td", "th", "a", "!doctype"];
    for tag in page.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>', '\n']).next().unwrap_or_default();
        assert!(tags.contains(&name), "<{tag}");
    }
    Received { headline: mail.subject().expect("a subject").trim_start_matches("[rowcall] ").to_owned(), text, markup }
}

/// `text` as a reader sees it; as it was, it joins the `markup`.
fn unescaped(text: &str, markup: &mut Vec<String>) -> String {
    markup.push(text.to_owned());
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}

fn message() -> Message {
    let cell = |text: &str| Some(text.to_owned());
    Message {
        id: "low_stock-1-ops".into(),
        alert: "low_stock".into(),
        thread: "low_stock-1795176000000000".into(),
        kind: Kind::Firing,
        severity: Severity::Warning,
        at: "2026-11-20T12:00:00Z".parse().expect("an instant"),
        summary: "1 of 3 rows: on_hand < 5".into(),
        description: Some("Stock that runs out this week".into()),
        facts: vec![("since".into(), "2026-11-20 12:00:00 UTC".into()), ("source".into(), "shop & co".into())],
        excerpt: Some(Excerpt {
            columns: vec!["sku".into(), "on_hand".into()],
            rows: vec![vec![cell("A-1"), cell("3")], vec![cell("하나"), None]],
            more: 4,
        }),
        link: Some("https://wiki.example.com/low-stock?a=1&b=2".into()),
        command: Some("rowcall query low_stock".into()),
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
    let kinds =
        [Kind::Firing, Kind::Repeat, Kind::Resolved, Kind::Unwell, Kind::Well, Kind::SourceDown, Kind::SourceUp];
    for (door, kind) in DOORS.into_iter().flat_map(|door| kinds.map(|kind| (door, kind))) {
        for severity in Severity::ALL {
            let bench = door.bench(Fault::Nothing).expect("no fault");
            let bare =
                Message { description: None, facts: vec![], excerpt: None, link: None, command: None, ..message() };
            let message = Message { kind, severity, ..bare };
            bench.deliver(&message).await.unwrap_or_else(|error| panic!("{door:?} {kind:?}: {error}"));
            assert!(bench.only().headline.starts_with(kind.headword()), "{door:?} {kind:?}");
        }
    }
}

#[tokio::test]
async fn nothing_a_row_holds_does_any_harm() {
    let long = "😀가a".repeat(1300);
    let bad = [
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
        long.as_str(),
    ];
    for door in DOORS {
        for text in bad {
            let bench = door.bench(Fault::Nothing).expect("no fault");
            let rows = vec![vec![Some(text.to_owned()), None], vec![None, Some("the last cell".to_owned())]];
            let excerpt = Some(Excerpt { columns: vec![text.to_owned(), "b".into()], rows, more: 0 });
            let facts = vec![(text.to_owned(), text.to_owned())];
            let description = Some(text.to_owned());
            let message = Message { summary: text.to_owned(), description, facts, excerpt, ..message() };
            bench.deliver(&message).await.unwrap_or_else(|error| panic!("{door:?} {text:?}: {error}"));
            let received = bench.only();
            assert!(received.headline.starts_with("FIRING low_stock:"), "{door:?} {text:?}");
            assert!(received.text.contains("the last cell"), "{door:?} {text:?}: {received:?}");
            for seen in [&received.headline, &received.text].into_iter().chain(&received.markup) {
                let acts = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
                assert!(!seen.contains(acts), "{door:?} {text:?}: {seen:?}");
            }
            for markup in &received.markup {
                let ours = markup.replace("<https://wiki.example.com/low-stock?a=1&amp;b=2|more>", "");
                assert!(!ours.contains(['<', '>']), "{door:?} {text:?}: {markup:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_failure_says_whether_trying_again_can_help() {
    let faults = [
        (Fault::Refused, Retry::Never),
        (Fault::Passing, Retry::After(None)),
        (Fault::Broken, Retry::Broken),
        (Fault::Cut, Retry::After(None)),
    ];
    for (door, (fault, expected)) in DOORS.into_iter().flat_map(|door| faults.map(|fault| (door, fault))) {
        let Some(bench) = door.bench(fault) else { continue };
        let error = bench.deliver(&message()).await.expect_err("a fault");
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
    for door in [Door::Slack, Door::Email] {
        let bench = door.bench(Fault::Silence).expect("a fault");
        let error = bench.deliver(&message()).await.expect_err("silence");
        assert_eq!(error.retry, Retry::After(None), "{door:?}: {error}");
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
    for settings in [slack, mail] {
        let channel = channel::open(&settings, &world(Arc::new(Mutex::new(Paper::default()))));
        let error = channel.deliver(&message(), None).await.expect_err("nobody listens");
        assert_eq!(error.retry, Retry::After(None), "{error}");
        assert!(error.problem.contains("Connection refused"), "{error}");
        keeps_its_secrets(&error);
    }
}

#[tokio::test]
async fn a_missing_secret_breaks_the_channel_and_names_the_place() {
    let slack = slack::Settings { webhook: secret("${NOT_SET}"), ca_file: None };
    let mail = email::Settings { password: Some(secret("${NOT_SET}")), ..mail_at("smtp://bot@127.0.0.1:1", None) };
    for settings in [channel::Settings::Slack(slack), channel::Settings::Email(mail)] {
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
