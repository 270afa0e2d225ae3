//! Delivery inside this process: the outbox, the doors and fakes on real sockets, under a clock moved by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rowcall::clock::{Clock, ManualClock};
use rowcall::incident::{Health, State};
use rowcall::job::Doors;
use rowcall::job::deliver::{News, Postman};
use rowcall::message::{Kind, MAY_REPEAT, Message};
use rowcall::name::Name;
use rowcall::scheduler::{Ended, Scheduler};
use rowcall::secret::Environment;
use rowcall::store::{Claimed, Outcome, Outgoing, Pick, Settlement, Store, Subject};
use rowcall::{catalogue, channel, source, store};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::fakes::crowd::{Crowd, Tally};
use crate::fakes::http::{Answer, HttpFake};
use crate::fakes::smtp::{Encryption, Refusal, Script, SmtpFake};
use crate::rig::Rig;

mod owners;

/// A catalogue with its doors, a store in memory and a clock.
struct Stage {
    rig: Rig,
    catalogue: Arc<catalogue::Catalogue>,
    doors: Arc<Doors>,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
}

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_763_600_400 + n).expect("in range")
}

fn name(word: &str) -> Name {
    Name::new(word).expect("a name")
}

impl Stage {
    async fn new(channels: &str) -> Self {
        let rig = Rig::new().catalogue(&format!("[state]\nurl = \"sqlite::memory:\"\n{channels}"));
        let catalogue = Arc::new(catalogue::load(&rig.path().join("rowcall.toml")).expect("sound"));
        let folder: Arc<std::path::Path> = rig.path().into();
        let sources = source::World { environment: Environment::default(), folder: Arc::clone(&folder) };
        let clock = Arc::new(ManualClock::new(second(0)));
        let printer = Arc::new(Mutex::new(Vec::new()));
        let channels =
            channel::World { environment: Environment::default(), folder, printer, clock: Arc::clone(&clock) as _ };
        let doors = Arc::new(Doors::new(&catalogue, &sources, &channels));
        let store = store::open(&catalogue.state.store, &sources).await.expect("opens");
        Self { rig, catalogue, doors, store: Arc::from(store), clock }
    }

    /// Puts messages to `ops` into the outbox, one for each alert and kind, and each of its own incident.
    async fn post(&self, messages: &[(String, Kind)]) {
        let claim = match self.store.claim("alert a", None).await.expect("answers") {
            Claimed::Granted(claim) => claim,
            other => panic!("not granted: {other:?}"),
        };
        for (alert, kind) in messages {
            let message = Message {
                id: format!("{alert}-{}", kind.word()),
                thread: format!("{alert}-1"),
                ..Message::new(*kind, alert, self.clock.now(), "n > 1".into())
            };
            let outgoing = Outgoing { channel: name("ops"), message, expires: second(3600) };
            let outcome = outcome(alert, self.clock.now(), outgoing);
            self.store.record(&[(&claim, &outcome)]).await.expect("recorded");
        }
    }

    /// Sends what is due; gives for each attempt whether it was told together with others, and how it ended.
    async fn send(&self) -> Vec<(bool, &'static str)> {
        let heard = Mutex::new(Vec::new());
        let hears = |news: News<'_>| {
            if let News::Delivery(delivery) = news {
                let word = match delivery.settlement {
                    Settlement::Delivered { .. } => "delivered",
                    Settlement::Again { .. } => "again",
                    Settlement::Dead { .. } => "dead",
                    Settlement::Untried => "untried",
                };
                heard.lock().expect("whole").push((delivery.together, word));
            }
        };
        let postman = Postman {
            store: self.store.as_ref(),
            doors: &self.doors,
            now: &|| self.clock.now(),
            chance: || 1.0,
            enough: &CancellationToken::new(),
            hears: &hears,
        };
        postman.all().await.expect("sent");
        heard.into_inner().expect("whole")
    }
}

fn outcome(alert: &str, at: Timestamp, outgoing: Outgoing) -> Outcome {
    Outcome {
        about: Subject::Alert(name(alert)),
        started: at,
        ended: at,
        health: Health::Healthy,
        rule: "n > 1".into(),
        state: State::Ok,
        rows: None,
        note: String::new(),
        instances: Vec::new(),
        forgotten: Vec::new(),
        told: Vec::new(),
        told_health: Vec::new(),
        messages: vec![outgoing],
        seen: Vec::new(),
        decisions: Vec::new(),
        source: None,
    }
}

fn alerts(many: usize, kind: Kind) -> Vec<(String, Kind)> {
    (0..many).map(|n| (format!("a{n:04}"), kind)).collect()
}

#[tokio::test]
async fn a_thousand_mails_go_over_one_connection() {
    let fake = SmtpFake::start(Script { encryption: Encryption::None, ..Script::default() });
    let stage = Stage::new(&format!(
        "[channels.ops]\ntype = \"email\"\nserver = \"smtp://127.0.0.1:{}\"\ntls = \"none\"\nfrom = \"bot@example.com\"\n\
         to = [\"data@example.com\"]\n",
        fake.port(),
    ))
    .await;
    stage.post(&alerts(1000, Kind::Firing)).await;
    assert_eq!(stage.send().await, [(false, "delivered"); 1000]);
    assert_eq!((fake.mails().len(), fake.connections()), (1000, 1));
}

#[tokio::test]
async fn a_thousand_requests_go_over_a_few_connections() {
    let fake = Crowd::start(|_| (200, "ok".into()), &Arc::<Tally>::default());
    let stage = Stage::new(&format!("[channels.ops]\ntype = \"webhook\"\nurl = \"{}\"\n", fake.url("/hook"))).await;
    stage.post(&alerts(1000, Kind::Firing)).await;
    assert_eq!(stage.send().await.len(), 1000);
    assert_eq!(fake.posts().len(), 1000);
    assert!(fake.connections() <= 16, "{}", fake.connections());
}

#[tokio::test]
async fn what_was_told_in_a_digest_is_answered_there_and_the_digest_stays_as_it_is() {
    let posted = r#"{"ok":true,"channel":"C1","ts":"1700000000.000100"}"#;
    let fake = HttpFake::start((0..4).map(|_| Answer::plain(200, posted)));
    let stage = Stage::new(&format!(
        "[channels.ops]\ntype = \"slack\"\ntoken = \"xoxb-1\"\nchannel = \"C1\"\nupdate = true\nbase_url = \"{}\"\n",
        fake.url("/api/"),
    ))
    .await;
    stage.post(&alerts(11, Kind::Firing)).await;
    assert_eq!(stage.send().await, [(true, "delivered"); 11]);
    stage.post(&alerts(1, Kind::Resolved)).await;
    assert_eq!(stage.send().await, [(false, "delivered")]);
    let requests = fake.requests();
    let body = |n: usize| serde_json::from_str::<Value>(&requests[n].body).expect("JSON");
    assert_eq!(requests.len(), 2, "the digest is not changed into the end of one incident");
    assert_eq!(body(0)["text"], "DIGEST ops: 11 messages in one: 11 FIRING");
    assert_eq!(
        (&body(1)["thread_ts"], &body(1)["text"]),
        (&"1700000000.000100".into(), &"RESOLVED a0000: n &gt; 1".into())
    );
}

#[tokio::test]
async fn a_digest_that_is_refused_is_told_one_by_one() {
    let refused = Answer::plain(400, r#"{"code":50035,"message":"Invalid Form Body"}"#);
    let taken = (0..11).map(|_| Answer::plain(204, ""));
    let fake = HttpFake::start(std::iter::once(refused).chain(taken));
    let stage = Stage::new(&format!(
        "[channels.ops]\ntype = \"webhook\"\npreset = \"discord\"\nurl = \"{}\"\n",
        fake.url("/x")
    ))
    .await;
    stage.post(&alerts(11, Kind::Firing)).await;
    let expected = [vec![(true, "untried"); 11], vec![(false, "delivered"); 11]].concat();
    assert_eq!(stage.send().await, expected);
    assert_eq!(fake.requests().len(), 12);
}

#[tokio::test]
async fn a_server_that_fails_is_asked_three_times_then_left_alone_and_found_again() {
    let fake = HttpFake::start((0..4).map(|_| Answer::plain(503, "")));
    let stage = Stage::new(&format!(
        "[channels.ops]\ntype = \"webhook\"\npreset = \"discord\"\nurl = \"{}\"\n",
        fake.url("/x")
    ))
    .await;
    stage.post(&alerts(8, Kind::Firing)).await;
    assert_eq!(stage.send().await, [(false, "again"); 3], "one message at a time");
    assert_eq!(stage.send().await, [], "not before the pause is over");
    stage.clock.set(second(2));
    assert_eq!(stage.send().await, [(false, "again")]);
    let next = stage.store.next_attempt(&name("ops")).await.expect("answers").expect("something waits");
    assert_eq!(next, second(2) + SignedDuration::from_secs(4));
    stage.clock.set(next);
    // From here on the server answers `200 ok`, which is no answer of this service.
    let last = stage.send().await;
    assert_eq!(last, [(false, "again")]);
    stage.clock.set(second(3600));
    assert_eq!(stage.send().await, [(false, "dead"); 8], "nobody wants them any more");
    assert_eq!(fake.requests().len(), 5);
}

#[tokio::test]
async fn what_got_no_answer_says_that_it_may_be_a_repeat_and_what_was_refused_does_not() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let cases = [
        (Some(Answer::Close), true),
        (Some(Answer::Reset), true),
        (Some(Answer::plain(503, "")), false),
        (Some(Answer::plain(429, "")), false),
        (None, false),
    ];
    for (first, expected) in cases {
        let what = format!("{first:?}");
        let fake = HttpFake::start(first.clone());
        // Without a first answer there is nobody to answer at first.
        let url = first.map_or_else(|| format!("http://{nobody}/hook"), |_| fake.url("/hook"));
        let stage = Stage::new("[channels.ops]\ntype = \"webhook\"\nurl = \"${file:url}\"\n").await;
        let write = |url: &str| std::fs::write(stage.rig.path().join("url"), url).expect("written");
        write(&url);
        stage.post(&alerts(1, Kind::Firing)).await;
        assert_eq!(stage.send().await, [(false, "again")], "{what}");
        write(&fake.url("/hook"));
        stage.clock.set(second(60));
        assert_eq!(stage.send().await, [(false, "delivered")], "{what}");
        let last = fake.requests().pop().expect("a request").body;
        assert_eq!(last.contains(MAY_REPEAT), expected, "{what}: {last}");
    }
}

#[tokio::test]
async fn a_mail_whose_receipt_was_lost_comes_again_with_the_same_id_and_says_so() {
    let fake = SmtpFake::start(Script { encryption: Encryption::None, ..Script::default() });
    let stage = Stage::new(&format!(
        "[channels.ops]\ntype = \"email\"\nserver = \"smtp://127.0.0.1:{}\"\ntls = \"none\"\nfrom = \"bot@example.com\"\n\
         to = [\"data@example.com\"]\n",
        fake.port(),
    ))
    .await;
    for (n, (at, refusal, expected)) in
        [(".", Refusal::Close, true), ("RCPT", Refusal::Close, false), (".", Refusal::Say("451 4.3.0 later"), false)]
            .into_iter()
            .enumerate()
    {
        fake.refuse(at, 1, refusal);
        stage.post(&[(format!("a{n}"), Kind::Firing)]).await;
        assert_eq!(stage.send().await, [(false, "again")], "{at}");
        stage.clock.set(stage.clock.now() + SignedDuration::from_secs(60));
        assert_eq!(stage.send().await, [(false, "delivered")], "{at}");
        let raw = fake.mails().pop().expect("a mail").raw;
        let mail = mail_parser::MessageParser::default().parse(&raw).expect("a mail");
        assert_eq!(mail.message_id(), Some(format!("a{n}-firing@example.com").as_str()));
        assert_eq!(mail.body_text(0).is_some_and(|text| text.contains(MAY_REPEAT)), expected, "{at} {n}");
    }
}

/// A channel that takes the connection and never says a word.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_channel_delays_no_check_and_no_other_channel() {
    let dead = HttpFake::start((0..100).map(|_| Answer::Silence));
    let tally = Arc::<Tally>::default();
    let alive = Crowd::start(|_| (200, "ok".into()), &tally);
    let stage = Stage::new(&format!(
        "[sources.shop]\nurl = \"sqlite:shop.db\"\n\
         [alerts.low]\nsource = \"shop\"\nsql = \"select on_hand from stock\"\nwhen = \"on_hand < 5\"\nschedule = \"* * * * *\"\n\
         repeat = \"1s\"\nnotify = [\"dead\", \"alive\"]\n\
         [channels.dead]\ntype = \"webhook\"\nurl = \"{}\"\n[channels.alive]\ntype = \"webhook\"\nurl = \"{}\"\n",
        dead.url("/dead"),
        alive.url("/alive"),
    ))
    .await;
    stage.rig.sqlite("shop.db", "create table stock (on_hand integer); insert into stock values (3)");
    let Stage { rig: _rig, catalogue, doors, store, clock } = stage;
    clock.set(second(-30));
    let scheduler = Scheduler::new(catalogue, doors, Arc::clone(&store), Arc::clone(&clock) as _);
    let stop = CancellationToken::new();
    let token = stop.clone();
    let ended = tokio::spawn(async move { scheduler.run(&token).await });
    for n in 0..5 {
        clock.awaited(second(60 * n)).await;
        clock.set(second(60 * n));
        let (waiting, minute) = (Arc::clone(&tally), usize::try_from(n).expect("few"));
        let arrived = tokio::task::spawn_blocking(move || waiting.wait(minute + 1, || false));
        tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("in time").expect("waits");
        assert_eq!(tally.count(), minute + 1, "minute {n}");
    }
    let dead_letters = Pick { waiting: true, channel: Some(name("dead")), ..Pick::default() };
    assert_eq!(store.outbox(&dead_letters).await.expect("answers").len(), 5);
    stop.cancel();
    // Whoever is at the other end goes away, so that nobody waits for the deadline of its answer.
    drop(dead);
    let ended = tokio::time::timeout(Duration::from_secs(20), ended).await.expect("in time").expect("ends");
    assert_eq!(ended, Ended::Clean);
}
