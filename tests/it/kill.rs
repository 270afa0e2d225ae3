//! Delivery under fire: the real program, killed again and again while it sends, on real sockets.
//!
//! A thousand alerts that begin and end, each told to four channels. Whatever is killed whenever, none
//! is lost, few come twice and say so, and the news of an alert stands in order.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;

use mail_parser::MessageParser;
use rowcall::message::MAY_REPEAT;
use serde_json::Value;

use crate::fakes::crowd::{Crowd, Tally};
use crate::fakes::smtp::{Encryption, Script, SmtpFake};
use crate::rig::Rig;

const ALERTS: usize = 1000;
const ROUNDS: usize = 2;

/// How many messages a channel may have begun when it is killed: those of its manners.
const WEBHOOK: usize = 16;
const MAIL: usize = 8;
const SLACK: usize = 1;

/// How the program is ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Kill,
    /// By SIGTERM, as systemd does.
    Terminate,
    /// By SIGINT, as Ctrl-C does.
    Interrupt,
}

/// The program and everything it talks to.
struct Scene {
    rig: Rig,
    web: Crowd,
    mail: SmtpFake,
    tally: Arc<Tally>,
    chance: fastrand::Rng,
}

/// What a channel received of one message.
#[derive(Clone, Debug)]
struct Received {
    id: String,
    alert: String,
    news: String,
    marked: bool,
}

fn reply(path: &str) -> (u16, String) {
    match path {
        "/api/chat.postMessage" => (200, r#"{"ok":true,"channel":"C1","ts":"1700000000.000100"}"#.into()),
        _ => (200, "ok".into()),
    }
}

impl Scene {
    fn new(seed: u64) -> Self {
        show(&format!("seed {seed}"));
        let tally = Arc::default();
        let web = Crowd::start(reply, &tally);
        let script = Script { encryption: Encryption::None, ..Script::default() };
        let mail = SmtpFake::start_counted(script, &tally);
        let mut catalogue = format!(
            r#"
[state]
url = "sqlite:state.db"
[sources.shop]
url = "sqlite:shop.db"
[defaults]
notify = ["hook", "mail", "slack", "bot"]
[channels.hook]
type = "webhook"
url = "{hook}"
[channels.mail]
type = "email"
server = "smtp://127.0.0.1:{port}"
tls = "none"
from = "bot@example.com"
to = ["data@example.com"]
[channels.slack]
type = "slack"
webhook = "{slack}"
[channels.bot]
type = "slack"
token = "xoxb-1"
channel = "C1"
base_url = "{api}"
"#,
            hook = web.url("/hook"),
            port = mail.port(),
            slack = web.url("/services/T0/B0/X"),
            api = web.url("/api/"),
        );
        for n in 0..ALERTS {
            catalogue.push_str(&format!(
                "[alerts.a{n:04}]\nsource = \"shop\"\nsql = \"select n from stock\"\nwhen = \"n < 5\"\nschedule = \"0 0 1 1 *\"\n"
            ));
        }
        let rig = Rig::new().catalogue(&catalogue);
        rig.sqlite("shop.db", "create table stock (n integer); insert into stock values (1)");
        Self { rig, web, mail, tally, chance: fastrand::Rng::with_seed(seed) }
    }

    /// Judges everything anew and ends the program while it sends what that means.
    fn round(&mut self, n: usize, end: End) {
        self.rig.sqlite("shop.db", &format!("update stock set n = {}", if n.is_multiple_of(2) { 1 } else { 9 }));
        let mut program = self.start(&["check", "--notify"]);
        // Everything is recorded when it says how things stand.
        let stdout = program.stdout.take().expect("a pipe");
        let lines = BufReader::new(stdout).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).count();
        assert!(lines >= ALERTS, "round {n}: {lines} lines");
        self.end(program, end);
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.rig.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().expect("the program starts")
    }

    /// Ends the program after it has sent a few messages more, the moment the last of them arrives.
    fn end(&mut self, mut program: Child, end: End) {
        let target = self.tally.count() + self.chance.usize(1..120);
        self.tally.wait(target, || program.try_wait().expect("known").is_some());
        match end {
            End::Kill => program.kill().expect("killed"),
            End::Terminate => ask(&program, "-TERM"),
            End::Interrupt => ask(&program, "-INT"),
        }
        program.wait().expect("ends");
    }

    /// How many messages wait or were given up, over all channels.
    fn left(&self) -> (u64, u64) {
        let ran = self.rig.run(&["outbox", "list", "--json"]).exits(0);
        let json: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let channels = json["channels"].as_array().expect("a list");
        let sum = |key: &str| channels.iter().filter_map(|channel| channel[key].as_u64()).sum();
        (sum("waiting"), sum("dead"))
    }

    /// Ends the program again and again until everything is sent; gives how often it was ended.
    fn finish(&mut self, end: End, times: usize) -> usize {
        let mut ended = 0;
        while self.left().0 > 0 {
            if ended < times {
                let verb: &[&str] = if self.chance.bool() { &["schedule"] } else { &["schedule", "--once"] };
                let program = self.start(verb);
                self.end(program, end);
                ended += 1;
            } else {
                self.rig.run(&["schedule", "--once"]);
            }
        }
        assert_eq!(self.left(), (0, 0));
        ended
    }

    fn at_hook(&self) -> Vec<Received> {
        let posts = self.web.posts().into_iter().filter(|post| post.path == "/hook");
        let received = |body: Value| Received {
            id: body["id"].as_str().expect("an id").to_owned(),
            alert: body["alert"].as_str().expect("a name").to_owned(),
            news: body["kind"].as_str().expect("a word").to_owned(),
            marked: body["remarks"][0] == MAY_REPEAT,
        };
        posts.map(|post| received(serde_json::from_str(&post.body).expect("JSON"))).collect()
    }

    fn at_mail(&self) -> Vec<Received> {
        let received = |raw: &[u8]| {
            let mail = MessageParser::default().parse(raw).expect("a mail");
            let header = |name: &str| mail.header(name).and_then(|value| value.as_text()).expect("a header").to_owned();
            Received {
                id: header("X-Rowcall-Id"),
                alert: header("X-Rowcall-Alert"),
                news: header("X-Rowcall-State"),
                marked: mail.body_text(0).expect("a text").contains(MAY_REPEAT),
            }
        };
        self.mail.mails().iter().map(|mail| received(&mail.raw)).collect()
    }

    /// Of each post to Slack how many messages it told, and whether it may be a repeat.
    fn at_slack(&self, path: &str) -> Vec<(usize, bool)> {
        let told = |body: &str| {
            let text = serde_json::from_str::<Value>(body).expect("JSON")["text"].as_str().expect("a text").to_owned();
            let many = text.split(" messages in one").next().and_then(|before| before.rsplit(' ').next()?.parse().ok());
            many.filter(|_| text.starts_with("DIGEST")).unwrap_or(1)
        };
        let posts = self.web.posts().into_iter().filter(|post| post.path.starts_with(path));
        posts.map(|post| (told(&post.body), post.body.contains(MAY_REPEAT))).collect()
    }
}

/// Asks the program to end; one that has ended meanwhile is not there to be asked.
fn ask(program: &Child, signal: &str) {
    let kill = std::process::Command::new("kill").args([signal, &program.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
}

/// None lost, no more than `most` twice, each of these marked, and the news of each alert in order.
#[track_caller]
fn whole(channel: &str, received: &[Received], most: usize) {
    let mut news: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for message in received {
        let times = seen.entry(&message.id).or_default();
        *times += 1;
        if *times == 1 {
            news.entry(&message.alert).or_default().push(&message.news);
        } else {
            assert!(message.marked, "{channel}: {message:?} came again and did not say so");
        }
    }
    assert_eq!(seen.len(), ALERTS * ROUNDS, "{channel}: some were lost");
    for (alert, news) in news {
        assert_eq!(news, ["firing", "resolved"], "{channel}: {alert} is out of order");
    }
    let twice = received.len() - seen.len();
    show(&format!("{channel}: {twice} came twice"));
    assert!(twice <= most, "{channel}: {twice} came twice, at most {most} may");
}

/// Shown when the test fails, and enough to see the same again.
#[expect(clippy::print_stdout, reason = "the harness shows it with a failure")]
fn show(words: &str) {
    println!("{words}");
}

fn seed() -> u64 {
    std::env::var("ROWCALL_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..))
}

#[test]
fn whatever_is_killed_whenever_nothing_is_lost_and_what_comes_twice_says_so() {
    let mut scene = Scene::new(seed());
    for n in 0..ROUNDS {
        scene.round(n, End::Kill);
    }
    let kills = ROUNDS + scene.finish(End::Kill, 12);
    let connections = (scene.web.connections(), scene.mail.connections());
    show(&format!("{kills} kills, connections to the web and to the mail server: {connections:?}"));
    whole("hook", &scene.at_hook(), kills * WEBHOOK);
    whole("mail", &scene.at_mail(), kills * MAIL);
    for path in ["/services/", "/api/"] {
        let posts = scene.at_slack(path);
        let again = posts.iter().filter(|(_, marked)| *marked).count();
        assert!(again <= kills * SLACK, "{path}: {posts:?}");
        let first: usize = posts.iter().filter(|(_, marked)| !marked).map(|(many, _)| many).sum();
        let all: usize = posts.iter().map(|(many, _)| many).sum();
        assert!(first <= ALERTS * ROUNDS && all >= ALERTS * ROUNDS, "{path}: {posts:?}");
    }
}

#[test]
fn whoever_is_asked_to_end_loses_nothing_and_sends_nothing_twice() {
    let mut scene = Scene::new(seed());
    for n in 0..ROUNDS {
        scene.round(n, if n.is_multiple_of(2) { End::Terminate } else { End::Interrupt });
    }
    scene.finish(End::Terminate, 3);
    scene.finish(End::Interrupt, 3);
    whole("hook", &scene.at_hook(), 0);
    whole("mail", &scene.at_mail(), 0);
    for path in ["/services/", "/api/"] {
        let posts = scene.at_slack(path);
        assert!(posts.iter().all(|(_, marked)| !marked), "{path}: {posts:?}");
        assert_eq!(posts.iter().map(|(many, _)| many).sum::<usize>(), ALERTS * ROUNDS, "{path}: {posts:?}");
    }
}
