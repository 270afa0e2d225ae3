//! What is decided, what is remembered, what is explained and what is sent are the same, whatever happens.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};
use rowcall::catalogue::{self, Alert};
use rowcall::incident::{HealthReason, Reason, Sighting, Why};
use rowcall::job::alert::next::{Next, next};
use rowcall::job::alert::{Finding, Trouble, conclude};
use rowcall::job::explain::explain;
use rowcall::message::{Kind, Receipt};
use rowcall::name::Name;
use rowcall::predicate::Context;
use rowcall::secret::{Environment, Secret};
use rowcall::source::{Cause, SourceError, World};
use rowcall::store::{self, Claim, Claimed, Reach, Settings, Settlement, Silence, Step, Store, Subject, Turn, Wanted};
use rowcall::table::Table;
use rowcall::value::Value;

use crate::rig::Rig;

const ALERT: &str = r#"
timezone = "UTC"
[sources.shop]
url = "sqlite:shop.db"
[channels.ops]
type = "stdout"
[channels.care]
type = "stdout"
[alerts.low]
source = "shop"
sql = "select id, n from t"
key = ["id"]
when = "n > 5"
schedule = "* * * * *"
repeat = "3m"
notify = ["ops"]
owners = ["care"]
max_instances = 2
"#;

/// The keys there may be.
const KEYS: [&str; 3] = ["a", "b", "c"];

/// What happens in a minute.
#[derive(Clone, Debug)]
enum Event {
    /// An answer: for each key a value, NULL, or no row.
    Rows([Option<Option<i64>>; 3]),
    /// The statement is refused.
    Refused,
    /// The source cannot be reached.
    Down,
    /// News of one key, or of all, is silenced for some minutes from now on, before anything is asked.
    Silence(Option<usize>, i64),
    /// Every silence ends.
    Speak,
}

fn event() -> impl Strategy<Value = Event> {
    let cell = || {
        prop_oneof![
            1 => any::<u8>().prop_map(|_| None),
            4 => any::<bool>().prop_map(|fires| Some(Some(if fires { 10 } else { 1 }))),
            1 => any::<u8>().prop_map(|_| Some(None)),
        ]
    };
    prop_oneof![
        8 => [cell(), cell(), cell()].prop_map(Event::Rows),
        1 => any::<u8>().prop_map(|_| Event::Refused),
        1 => any::<u8>().prop_map(|_| Event::Down),
        1 => (0_usize..4, 1_i64..8).prop_map(|(key, length)| Event::Silence((key < 3).then_some(key), length)),
        1 => any::<u8>().prop_map(|_| Event::Speak),
    ]
}

fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_763_600_400 + n * 60).expect("in range")
}

fn name(word: &str) -> Name {
    Name::new(word).expect("a name")
}

fn key(index: usize) -> String {
    format!("[\"{}\"]", KEYS[index])
}

async fn open(folder: &Path, url: &str) -> Box<dyn Store> {
    let url = Secret::parse(url, "a test").expect("reads");
    let world = World { environment: Environment::default(), folder: folder.into() };
    store::open(&Settings::at(url), &world).await.expect("opens")
}

fn finding(alert: &Alert, event: &Event, now: Timestamp) -> Finding {
    let error = |cause, problem: &str| Err(Trouble::Source(SourceError::new(&name("shop"), cause, problem)));
    let answer = match event {
        Event::Rows(cells) => {
            let row = |(key, cell): (&&'static str, &Option<Option<i64>>)| {
                cell.map(|cell| vec![Value::Text((*key).into()), cell.map_or(Value::Null, Value::Int)])
            };
            let rows: Vec<Vec<Value<'static>>> = KEYS.iter().zip(cells).filter_map(row).collect();
            let table = Table::of(&["id", "n"], &rows);
            let context = Context { now, zone: &alert.timing.zone };
            Ok((
                alert.when.judge(&table, &alert.key, &std::collections::BTreeMap::new(), &context).expect("judged"),
                std::sync::Arc::new(table),
            ))
        }
        Event::Refused => error(Cause::Statement, "no such column"),
        Event::Down | Event::Silence(..) | Event::Speak => error(Cause::Unreachable, "no route"),
    };
    let rows = answer.as_ref().ok().map(|(_, table)| table.len() as u64);
    Finding { started: now, ended: now, rows, answer }
}

/// Takes the alert for a slot. A program that another test is just starting may hold our lock file for an instant more.
async fn claim(store: &dyn Store, slot: Timestamp) -> Claim {
    for _ in 0..100_000 {
        match store.claim("alert low", Some(slot)).await.expect("answers") {
            Claimed::Granted(claim) => return claim,
            Claimed::Busy(_) => tokio::task::yield_now().await,
            Claimed::Done => panic!("the slot had its run"),
        }
    }
    panic!("the lock is never let go");
}

/// Takes the turn of a channel, as [`claim`] takes the alert.
async fn turn(store: &dyn Store, channel: &Name) -> Turn {
    for _ in 0..100_000 {
        match store.turn(channel).await.expect("answers") {
            Some(turn) => return turn,
            None => tokio::task::yield_now().await,
        }
    }
    panic!("the lock is never let go");
}

/// One run: what it sent, headline by headline. Fails unless the decisions that are kept are the messages sent.
async fn run(alert: &Alert, store: &dyn Store, event: &Event, now: Timestamp) -> Vec<String> {
    let claim = claim(store, now).await;
    let memory = store.recall(&alert.name, &alert.ask.source, &alert.unless).await.expect("answers");
    let (outcome, _) = conclude(alert, &memory, &finding(alert, event, now), now);
    let enqueued: usize = store.record(&[(&claim, &outcome)]).await.expect("recorded").iter().sum();
    let mut sent = Vec::new();
    for channel in ["ops", "care"].map(name) {
        let turn = turn(store, &channel).await;
        loop {
            let due = store.due(&turn, now, Reach { most: 100, deep: false }).await.expect("answers");
            if due.is_empty() {
                break;
            }
            for letter in due {
                let delivered = Settlement::Delivered { at: now, receipt: Receipt::default() };
                let step = Step { ended: &[(letter.seq, delivered)], ..Step::default() };
                store.step(&turn, &step).await.expect("written");
                sent.push((channel.clone(), letter.message));
            }
        }
    }
    assert_eq!(sent.len(), enqueued);
    let wanted = Wanted { about: Some(Subject::Alert(alert.name.clone())), limit: 1, ..Wanted::default() };
    let last = store.history(&wanted).await.expect("answers").pop().expect("it was kept");
    assert_eq!(last.slot, Some(now));
    let mut told: Vec<(String, String)> = Vec::new();
    for (decision, letter) in last.decisions.iter().filter(|(decision, _)| decision.key.is_none()) {
        assert_eq!(decision.why.speaks(), decision.message.is_some(), "{decision:?}");
        assert_eq!(decision.message.is_some(), letter.is_some());
        let Some(id) = &decision.message else { continue };
        told.push((decision.channel.to_string(), id.clone()));
        let (_, message) = sent.iter().find(|(_, message)| message.id == *id).expect("what was decided was sent");
        let kinds = match &decision.why {
            Why::Incident(Reason::Began) => [Kind::Firing, Kind::Firing],
            Why::Incident(Reason::RepeatDue) => [Kind::Repeat, Kind::Firing],
            Why::Incident(Reason::Over) => [Kind::Resolved, Kind::Resolved],
            Why::Health(HealthReason::Broke) => [Kind::Unwell, Kind::Unwell],
            Why::Health(HealthReason::Mended) => [Kind::Well, Kind::Well],
            Why::Source(Sighting::Down) => [Kind::SourceDown, Kind::SourceDown],
            Why::Source(Sighting::Up) => [Kind::SourceUp, Kind::SourceUp],
            other => panic!("{other:?} speaks"),
        };
        assert!(kinds.contains(&message.kind), "{decision:?} {message:?}");
    }
    let mut all: Vec<(String, String)> =
        sent.iter().map(|(channel, it)| (channel.to_string(), it.id.clone())).collect();
    all.sort();
    told.sort();
    told.dedup();
    assert_eq!(told, all, "a decision for each message, a message for each decision");
    let letters = store.letters(&Subject::Alert(alert.name.clone())).await.expect("answers");
    let memory = store.recall(&alert.name, &alert.ask.source, &alert.unless).await.expect("answers");
    for channel in &explain(alert, &memory, Some(&last), &letters, now).channels {
        let says =
            channel.sentences.iter().any(|it| it.contains("The last run told that") || it.contains("told again"));
        let spoke = sent.iter().any(|(name, _)| *name == channel.channel);
        assert_eq!(says, spoke, "{channel:?}");
    }
    sent.iter().map(|(channel, message)| format!("{channel} {}", message.headline())).collect()
}

async fn happen(alert: &Alert, store: &dyn Store, event: &Event, now: Timestamp) -> Vec<String> {
    match event {
        Event::Silence(index, length) => {
            let until = now.checked_add(SignedDuration::from_mins(*length)).expect("in range");
            let (who, reason) = ("kim".to_owned(), "test".to_owned());
            let alert = alert.name.clone();
            let silence = Silence { alert, key: index.map(key), since: now, until, who, reason };
            store.silence(&silence).await.expect("silent");
            Vec::new()
        }
        Event::Speak => {
            store.unsilence(&alert.name, None, now).await.expect("ended");
            Vec::new()
        }
        Event::Rows(_) | Event::Refused | Event::Down => run(alert, store, event, now).await,
    }
}

fn alert(rig: &Rig) -> Alert {
    let catalogue = catalogue::load(&rig.path().join("rowcall.toml")).expect("sound");
    *catalogue.alerts["low"].clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Any events, on a store that is opened anew again and again and on one that is not.
    #[test]
    fn what_is_explained_is_what_was_sent(
        events in proptest::collection::vec(event(), 1..30),
        calm in [any::<bool>(), any::<bool>(), any::<bool>()],
    ) {
        let rig = Rig::new().catalogue(ALERT);
        let alert = alert(&rig);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let steady = open(rig.path(), "sqlite::memory:").await;
            let mut restarted = open(rig.path(), "sqlite:state.db").await;
            let mut n = 0;
            for event in &events {
                n += 1;
                let sent = happen(&alert, steady.as_ref(), event, minute(n)).await;
                assert_eq!(sent, happen(&alert, restarted.as_ref(), event, minute(n)).await, "a restart changes nothing");
                if n % 3 == 0 {
                    restarted.close().await;
                    restarted = open(rig.path(), "sqlite:state.db").await;
                }
            }
            // From here on nothing changes: what is foretold must come, and nothing before it.
            let same = Event::Rows(calm.map(|fires| Some(Some(if fires { 10 } else { 1 }))));
            n += 1;
            happen(&alert, steady.as_ref(), &same, minute(n)).await;
            for _ in 0..3 {
                let memory = steady.recall(&alert.name, &alert.ask.source, &alert.unless).await.expect("answers");
                let foretold = next(&alert, &memory, &name("ops"), minute(n));
                let mut came = None;
                for later in n + 1..n + 13 {
                    n = later;
                    let sent = happen(&alert, steady.as_ref(), &same, minute(later)).await;
                    if sent.iter().any(|line| line.starts_with("ops ")) {
                        came = Some(minute(later));
                        break;
                    }
                }
                assert_eq!(came, foretold.instant(), "{foretold:?}");
                if came.is_none() {
                    assert_eq!(foretold, Next::Firing);
                    break;
                }
            }
        });
    }
}
