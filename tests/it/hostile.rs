//! Every kind of message on its whole way, from rows that hold whatever does harm somewhere to receivers that look
//! closely: inside the limits of Slack, without a mention, without a header of its own, and as mails without a defect.

use std::process::{Command, Stdio};

use mail_parser::MessageParser;
use serde_json::Value;

use crate::fakes::http::{Answer, HttpFake};
use crate::fakes::services;
use crate::fakes::smtp::{Encryption, Script, SmtpFake};
use crate::rig::Rig;

/// What a row may hold, as SQLite writes it.
const BAD: [&str; 8] = [
    "'<!channel> <!here> <@U012AB3CD> <!subteam^S1> @everyone'",
    "'x' || char(13, 10) || 'Bcc: evil@example.net' || char(13, 10, 13, 10) || '<script>alert(1)</script>'",
    "'<https://evil.example.net|Reset your password> ``` `code`'",
    "'=?utf-8?B?QmNjOiBldmls?= =HYPERLINK(\"https://evil.example.net\",\"y\")'",
    "char(27) || '[2J' || char(8238) || 'gnp.exe' || char(8232, 8294, 7, 155)",
    "'x' || char(13, 10) || '.' || char(13, 10) || 'MAIL FROM:<evil@example.net>'",
    "replace(hex(zeroblob(9000)), '00', '가a😀&<')",
    "''",
];

/// A house in which everything can be told, by a webhook of Slack, a bot and mail.
struct House {
    rig: Rig,
    hook: HttpFake,
    bot: HttpFake,
    mail: SmtpFake,
    /// A bot whose token is refused at first, in words that do harm.
    _cut: HttpFake,
}

const ALERTS: &str = r#"
[alerts.rows]
description = "Orders that wait"
query = "orders"
when = "amount > 1000"
attach = ["csv", "xlsx"]
[alerts.keys]
query = "orders"
when = "amount > 1000"
key = ["customer"]
[alerts.flood]
query = "orders"
when = "amount > 1000"
key = ["customer", "id"]
max_instances = 3
[alerts.own]
query = "orders"
when = "amount > 1000"
title = "{{ rows[0].customer if rows else 'over' }}"
body = "{% for row in rows %}{{ row.customer }}\n{% endfor %}{{ summary }}"
[alerts.health]
source = "shop"
sql = "select * from \"<!channel> <@U1> `x` nowhere\""
when = "n > 1"
[alerts.gone]
source = "gone"
sql = "select 1 as n"
when = "n > 1"
[alerts.cut]
query = "orders"
when = "amount > 1000"
notify = ["cut"]
[reports.weekly]
title = "Weekly <!channel>"
notify = ["hook", "bot", "mail"]
attach = ["xlsx", "csv", "html"]
[[reports.weekly.sections]]
title = "Orders <@U1>"
query = "orders"
[[reports.weekly.sections]]
title = "Drawn"
query = "orders"
chart = { kind = "bar", x = "customer", y = ["amount"] }
[[reports.weekly.sections]]
title = "Fails"
source = "shop"
sql = "select * from \"<!here> nowhere\""
"#;

impl House {
    fn new(alerts: &str) -> Self {
        let hook = HttpFake::start_as(services::slack_webhook, []);
        let bot = HttpFake::start_as(services::slack_api, []);
        let mail = SmtpFake::start(Script { encryption: Encryption::None, ..Script::default() });
        let refused = r#"{"ok":false,"error":"<!channel> <@U1> `x`\r\nBcc: evil@example.net\u202e"}"#;
        let cut = HttpFake::start_as(services::slack_api, [Answer::plain(200, refused)]);
        let catalogue = format!(
            r#"
timezone = "UTC"
[state]
url = "sqlite:state.db"
[defaults]
notify = ["hook", "bot", "mail"]
[sources.shop]
url = "sqlite:shop.db"
[sources.gone]
url = "sqlite:<!channel> <@U1>.db"
[queries.orders]
source = "shop"
sql = "select id, customer, amount from orders order by id"
[channels.hook]
type = "slack"
webhook = "{hook}"
[channels.bot]
type = "slack"
token = "xoxb-1"
channel = "C0123"
update = true
base_url = "{api}"
[channels.cut]
type = "slack"
token = "xoxb-2"
channel = "C0456"
base_url = "{refused}"
owners = ["hook", "bot", "mail"]
[channels.mail]
type = "email"
server = "smtp://127.0.0.1:{port}"
tls = "none"
from = "bot@example.com"
to = ["data@example.com"]
{alerts}"#,
            hook = hook.url("/services/T0/B0/X"),
            api = bot.url("/api/"),
            refused = cut.url("/api/"),
            port = mail.port(),
        );
        let rig = Rig::new().catalogue(&catalogue);
        let rows: Vec<String> = BAD.iter().enumerate().map(|(n, bad)| format!("({n}, {bad}, 5000)")).collect();
        let table = "create table orders (id integer, customer text, amount integer)";
        rig.sqlite("shop.db", &format!("{table}; insert into orders values {}", rows.join(", ")));
        Self { rig, hook, bot, mail, _cut: cut }
    }

    /// Judges and tells; nothing may be left over.
    fn check(&self, code: i32) {
        self.rig.run(&["check", "--notify"]).exits(code);
        self.nothing_is_left();
    }

    fn nothing_is_left(&self) {
        let left = self.rig.run(&["outbox", "list"]).exits(0);
        assert!(left.stdout.is_empty(), "{left}");
    }

    /// Tells every kind of message there is.
    fn tell_everything(&self) {
        self.rig.run(&["check", "cut", "--notify"]).exits(4);
        self.rig.run(&["outbox", "retry", "--channel", "cut"]).exits(0);
        self.rig.run(&["check", "cut", "--notify"]).exits(1);
        self.nothing_is_left();
        self.check(3);
        self.rig.run(&["report", "weekly", "--send"]);
        self.nothing_is_left();
        self.rig.sqlite("state.db", "update told set at = at - 25 * 3600 * 1000000");
        self.check(3);
        self.rig
            .sqlite("shop.db", "update orders set amount = 1; create table \"<!channel> <@U1> `x` nowhere\" (n int)");
        self.rig.sqlite("<!channel> <@U1>.db", "create table t (n int)");
        self.check(0);
    }

    /// Every text of Slack's markup that was posted, and every post as it came.
    fn posts(&self) -> Vec<(Value, Vec<String>)> {
        let requests = self.hook.requests().into_iter().chain(self.bot.requests());
        let posts = requests.filter(|request| !request.path.contains("/files.") && !request.path.contains("/upload/"));
        let texts = |request: crate::fakes::http::Request| {
            let body: Value = serde_json::from_str(&request.body).expect("JSON");
            let mut texts = vec![body["text"].as_str().expect("a text").to_owned()];
            markup(&body["blocks"], &mut texts);
            (body, texts)
        };
        posts.map(texts).collect()
    }
}

/// The texts that Slack reads as markup.
fn markup(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if map.get("type").is_some_and(|kind| kind == "mrkdwn") {
                texts.extend(map.get("text").and_then(Value::as_str).map(str::to_owned));
            }
            map.values().for_each(|value| markup(value, texts));
        }
        Value::Array(values) => values.iter().for_each(|value| markup(value, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The words at the heads of all messages, each once, without what a report is called.
fn headwords(heads: impl Iterator<Item = String>) -> Vec<&'static str> {
    const WORDS: [&str; 11] = [
        "FIRING",
        "STILL FIRING",
        "RESOLVED",
        "CANNOT JUDGE",
        "WORKS AGAIN",
        "SOURCE DOWN",
        "SOURCE UP",
        "CHANNEL DOWN",
        "CHANNEL UP",
        "DIGEST",
        "Weekly",
    ];
    let heads: Vec<String> = heads.collect();
    WORDS.into_iter().filter(|word| heads.iter().any(|head| head.starts_with(word))).collect()
}

const KINDS: [&str; 10] = [
    "FIRING",
    "STILL FIRING",
    "RESOLVED",
    "CANNOT JUDGE",
    "WORKS AGAIN",
    "SOURCE DOWN",
    "SOURCE UP",
    "CHANNEL DOWN",
    "CHANNEL UP",
    "Weekly",
];

/// The receivers refuse what is beyond a limit of Slack or no block that it knows; here it counts that nothing in the
/// markup calls anybody or leads anywhere.
#[track_caller]
fn nobody_is_called(house: &House) {
    for (body, texts) in house.posts() {
        for text in texts {
            assert!(!text.contains('<'), "{text:?} in {body}");
        }
        assert!(body.get("link_names").is_none() && body.get("parse").is_none(), "{body}");
    }
}

fn mails(house: &House) -> Vec<Vec<u8>> {
    house.mail.mails().into_iter().map(|mail| mail.raw).collect()
}

#[test]
fn no_kind_of_message_does_any_harm_whatever_the_rows_hold() {
    let house = House::new(ALERTS);
    house.tell_everything();
    let posts = house.posts();
    assert_eq!(headwords(posts.iter().map(|(_, texts)| texts[0].clone())), KINDS);
    nobody_is_called(&house);
    let mails = mails(&house);
    let subjects: Vec<String> = mails
        .iter()
        .map(|raw| {
            let mail = MessageParser::default().parse(raw).expect("a mail");
            let named = |name: &str| mail.headers().iter().filter(|header| header.name() == name).count();
            let counts = ["Subject", "From", "To", "Date", "Message-ID", "MIME-Version", "Bcc"].map(named);
            assert_eq!(counts, [1, 1, 1, 1, 1, 1, 0], "{:?}", mail.subject());
            assert_eq!((mail.text_body_count(), mail.html_body_count()), (1, 1));
            let subject = mail.subject().expect("a subject");
            assert!(!subject.contains(|c: char| c.is_control()), "{subject:?}");
            subject.trim_start_matches("[rowcall] ").to_owned()
        })
        .collect();
    assert_eq!(headwords(subjects.into_iter()), KINDS);
    assert!(house.mail.heard().iter().all(|line| !line.contains("evil")), "a mail ended inside another");
}

#[test]
fn a_digest_of_many_alerts_does_no_harm_whatever_the_rows_hold() {
    let alert = |n| {
        format!(
            "[alerts.a{n:02}]\nquery = \"orders\"\nwhen = \"amount > 1000\"\nattach = [\"csv\"]\n\
             title = \"{{{{ rows[{}].customer or 'empty' }}}}\"\n",
            n % BAD.len()
        )
    };
    let house = House::new(&(0..14).map(alert).collect::<String>());
    house.check(1);
    let posts = house.posts();
    assert_eq!(headwords(posts.iter().map(|(_, texts)| texts[0].clone())), ["DIGEST"]);
    assert_eq!((house.hook.requests().len(), posts.len()), (1, 2), "one message for each channel of Slack");
    nobody_is_called(&house);
    // Ten files travel along, and of the others it is said how to get them.
    let files = house.bot.requests().iter().filter(|request| request.path.contains("/upload/")).count();
    assert_eq!(files, 10);
    let said = posts.iter().map(|(body, _)| body.to_string()).collect::<Vec<_>>();
    assert!(said[0].contains("14 files are not here; their rows: rowcall check a00 --samples 8;"), "{}", said[0]);
    assert!(said[1].contains("4 files are not here; their rows: rowcall check a10 --samples 8;"), "{}", said[1]);
    assert_eq!(mails(&house).len(), 14, "a mail for each");
}

const DEFECTS: &str = r#"
import email, email.policy, sys
for path in sys.argv[1:]:
    mail = email.message_from_binary_file(open(path, "rb"), policy=email.policy.default)
    for name in ("Subject", "From", "To", "Date", "Message-ID", "MIME-Version"):
        assert len(mail.get_all(name, [])) == 1, (path, name)
    assert mail["Bcc"] is None, path
    for part in mail.walk():
        content = None if part.is_multipart() else part.get_content()
        assert not part.defects, (path, part.get_content_type(), part.defects)
        for name, value in part.items():
            assert not value.defects, (path, name, str(value), value.defects)
    assert all(len(line) <= 998 for line in open(path, "rb").read().split(b"\r\n")), path
print(len(sys.argv) - 1)
"#;

#[test]
#[ignore = "needs python3: run tests/run"]
fn another_reader_of_mail_finds_no_defect_in_any_of_them() {
    let house = House::new(ALERTS);
    house.tell_everything();
    let mails = mails(&house);
    let mut python = Command::new("python3");
    python.args(["-c", DEFECTS]).stdin(Stdio::null());
    for (n, raw) in mails.iter().enumerate() {
        let path = house.rig.path().join(format!("{n}.eml"));
        std::fs::write(&path, raw).expect("written");
        python.arg(path);
    }
    let read = python.output().expect("Python runs");
    assert_eq!(String::from_utf8_lossy(&read.stderr), "");
    assert_eq!(String::from_utf8_lossy(&read.stdout), format!("{}\n", mails.len()));
    assert!(mails.len() > 12, "{}", mails.len());
}
