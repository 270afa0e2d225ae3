//! Stories of threads: what follows a message is found where that message is, whoever of it is meant.

use mail_parser::{HeaderValue, MessageParser};
use serde_json::Value;

use crate::fakes::http::{Answer, HttpFake};
use crate::fakes::smtp::{Encryption, Script, SmtpFake};
use crate::rig::Rig;

/// A team that is told of articles that run low, by a bot of Slack, by mail and by a pager.
struct Team {
    rig: Rig,
    slack: HttpFake,
    mail: SmtpFake,
    pager: HttpFake,
}

/// What Slack got: the thread it belongs to by the time stamp of its first message, and the beginning of its text.
type Post = (Option<String>, String);

impl Team {
    fn new(keys: &str) -> Self {
        let posted = |n| Answer::plain(200, &format!(r#"{{"ok":true,"channel":"C1","ts":"170000000{n}.000100"}}"#));
        let event = || Answer::plain(202, r#"{"status":"success"}"#);
        let slack = HttpFake::start((1..9).map(posted));
        let mail = SmtpFake::start(Script { encryption: Encryption::None, ..Script::default() });
        let pager = HttpFake::start((0..9).map(|_| event()));
        let catalogue = format!(
            r#"
[state]
url = "sqlite:state.db"
[sources.shop]
url = "sqlite:shop.db"
[alerts.low]
source = "shop"
sql = "select sku, on_hand from stock order by sku"
when = "on_hand < 5"
key = ["sku"]
repeat = "4h"
notify = ["team", "mail", "pager"]
{keys}
[channels.team]
type = "slack"
token = "xoxb-1"
channel = "C1"
update = true
base_url = "{api}"
[channels.mail]
type = "email"
server = "smtp://127.0.0.1:{port}"
tls = "none"
from = "bot@example.com"
to = ["data@example.com"]
[channels.pager]
type = "webhook"
preset = "pagerduty"
routing_key = "R"
url = "{pager}"
"#,
            api = slack.url("/api/"),
            port = mail.port(),
            pager = pager.url("/v2/enqueue"),
        );
        let rig = Rig::new().env("USER", "kim").catalogue(&catalogue);
        rig.sqlite("shop.db", "create table stock (sku text, on_hand integer)");
        rig.sqlite("shop.db", "insert into stock values ('A', 9), ('B', 9), ('C', 9), ('D', 9)");
        Self { rig, slack, mail, pager }
    }

    /// Judges everything with these articles low and no other.
    fn low(&self, articles: &str) {
        self.rig.sqlite("shop.db", &format!("update stock set on_hand = iif(sku in ({articles}), 3, 9)"));
        self.rig.run(&["check", "--notify"]).exits(i32::from(!articles.is_empty()));
    }

    /// Lets `repeat` pass.
    fn wait(&self) {
        self.rig.sqlite("state.db", "update told set at = at - 5 * 3600 * 1000000");
    }

    fn posts(&self) -> Vec<Post> {
        let post = |body: &str| -> Post {
            let body: Value = serde_json::from_str(body).expect("JSON");
            let place = body["thread_ts"].as_str().or(body["ts"].as_str()).map(|ts| ts[..10].to_owned());
            let text = body["text"].as_str().expect("a text");
            (place, text.split(':').next().unwrap_or_default().to_owned())
        };
        self.slack.requests().iter().map(|request| post(&request.body)).collect()
    }

    /// Of each mail the number of its thread, in the order in which threads began.
    fn mails(&self) -> Vec<usize> {
        let mut threads: Vec<String> = Vec::new();
        let thread = |raw: &[u8]| {
            let mail = MessageParser::default().parse(raw).expect("a mail");
            assert_eq!(mail.references(), mail.in_reply_to());
            let HeaderValue::Text(thread) = mail.references() else { panic!("one reference: {:?}", mail.references()) };
            thread.to_string()
        };
        let mut number = |thread: String| {
            let known = threads.iter().position(|known| *known == thread);
            known.unwrap_or_else(|| {
                threads.push(thread);
                threads.len() - 1
            })
        };
        self.mail.mails().iter().map(|mail| number(thread(&mail.raw))).collect()
    }

    /// What the pager was told: begin or end, and of which incident, numbered by their beginnings.
    fn events(&self) -> Vec<(String, usize)> {
        let mut keys: Vec<Value> = Vec::new();
        let mut event = |body: &str| {
            let body: Value = serde_json::from_str(body).expect("JSON");
            let known = keys.iter().position(|key| *key == body["dedup_key"]);
            let number = known.unwrap_or_else(|| {
                keys.push(body["dedup_key"].clone());
                keys.len() - 1
            });
            (body["event_action"].as_str().expect("an action").to_owned(), number)
        };
        self.pager.requests().iter().map(|request| event(&request.body)).collect()
    }
}

fn expect<const N: usize>(posts: [(u32, &str); N]) -> Vec<Post> {
    let place = |n| (n > 0).then(|| format!("170000000{n}"));
    posts.into_iter().map(|(n, text)| (place(n), text.to_owned())).collect()
}

fn events<const N: usize>(events: [(&str, usize); N]) -> Vec<(String, usize)> {
    events.into_iter().map(|(action, number)| (action.to_owned(), number)).collect()
}

#[test]
fn news_of_some_keys_goes_where_they_were_told_together() {
    let team = Team::new("");
    // Two incidents that began at different times and are told in one message.
    team.rig.run(&["silence", "low", "--for", "1h", "--reason", "stocktaking"]).exits(0);
    team.low("'A'");
    team.rig.run(&["unsilence", "low"]).exits(0);
    team.low("'A', 'B'");
    team.low("'A'");
    team.low("");
    let news = [(0, "FIRING low"), (1, "RESOLVED low"), (1, "RESOLVED low"), (1, "RESOLVED low")];
    assert_eq!(team.posts(), expect(news), "the first message is changed when all of it is over");
    assert_eq!(team.mails(), [0, 0, 0]);
    assert_eq!(team.events(), events([("trigger", 0), ("resolve", 0)]), "it pages until the last of them is over");
}

#[test]
fn news_of_several_threads_goes_to_the_earliest_and_ends_all_of_them() {
    let team = Team::new("");
    team.low("'A', 'B'");
    team.low("'A', 'B', 'C'");
    team.wait();
    team.low("'A', 'B', 'C'");
    team.low("'A', 'C'");
    team.low("'A', 'C', 'B'");
    team.low("");
    let news = [
        (0, "FIRING low"),
        (0, "FIRING low"),
        (1, "STILL FIRING low"),
        (1, "RESOLVED low"),
        (0, "FIRING low"),
        (1, "RESOLVED low"),
        (1, "RESOLVED low"),
    ];
    assert_eq!(team.posts(), expect(news));
    assert_eq!(team.mails(), [0, 1, 0, 0, 2, 0]);
    let expected = [
        ("trigger", 0),
        ("trigger", 1),
        ("trigger", 0),
        ("trigger", 2),
        ("resolve", 0),
        ("resolve", 1),
        ("resolve", 2),
    ];
    assert_eq!(team.events(), events(expected));
}

#[test]
fn what_begins_in_a_flood_has_a_thread_of_its_own() {
    let team = Team::new("max_instances = 1");
    team.low("'A', 'B'");
    team.low("'A', 'B', 'C'");
    team.low("'A', 'B'");
    team.wait();
    team.low("'A', 'B'");
    let news =
        [(0, "FIRING low"), (0, "FIRING low"), (2, "RESOLVED low"), (2, "RESOLVED low"), (1, "STILL FIRING low")];
    assert_eq!(team.posts(), expect(news));
    assert_eq!(team.mails(), [0, 1, 1, 0]);
    assert_eq!(team.events(), events([("trigger", 0), ("trigger", 1), ("resolve", 1), ("trigger", 0)]));
}

#[test]
fn what_an_older_version_told_is_answered_where_it_is() {
    let team = Team::new("");
    team.low("'A', 'B'");
    // As it was left by a version that named a thread after the beginning of its incident.
    team.rig.sqlite("state.db", "update told set thread = null");
    team.low("'B'");
    assert_eq!(team.posts(), expect([(0, "FIRING low"), (1, "RESOLVED low")]));
    assert_eq!(team.mails(), [0, 0]);
}

#[test]
fn alerts_whose_names_are_of_another_script_do_not_share_a_thread() {
    let team = Team::new("");
    let text = std::fs::read_to_string(team.rig.path().join("rowcall.toml")).expect("reads");
    let (head, alert) = text.split_once("[alerts.low]").expect("an alert");
    let (alert, rest) = alert.split_once("[channels.team]").expect("a channel");
    let two = format!("{head}[alerts.\"주문\"]{alert}[alerts.\"재고\"]{alert}[channels.team]{rest}");
    std::fs::write(team.rig.path().join("rowcall.toml"), two).expect("written");
    // One moment for both, as the slot of a schedule is.
    team.low("'A'");
    let threads: Vec<String> = team
        .pager
        .requests()
        .iter()
        .map(|request| serde_json::from_str::<Value>(&request.body).expect("JSON")["dedup_key"].to_string())
        .map(|key| key.rsplit_once('-').expect("a moment").0.to_owned())
        .collect();
    assert_eq!(threads.len(), 2);
    assert_ne!(threads[0], threads[1]);
}
