//! What every store promises: in a file, in memory, and on a server for many machines.

use jiff::Timestamp;
use rowcall::incident::{Health, Instance, News, Reason, Sighting, State, Told, Why};
use rowcall::message::{Kind, Message, Receipt, Severity};
use rowcall::name::Name;
use rowcall::secret::{Environment, Secret};
use rowcall::source::World;
use rowcall::store::{
    self, AboutSource, Claim, Claimed, Decision, Outcome, Outgoing, Recall, Remembered, Settings, Settlement, Silence,
    Store, Subject, Wanted,
};
use rowcall::value::Value;
use tempfile::TempDir;

/// The stores that keep to the contract.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    File,
    Memory,
    Postgres,
}

impl Place {
    /// Whether what is kept outlives the process, and another one can open it.
    fn is_shared(self) -> bool {
        self != Self::Memory
    }
}

/// Makes of each story one test for each place.
macro_rules! promises {
    ($($story:ident),* $(,)?) => {
        mod file {
            $(#[tokio::test]
            async fn $story() {
                super::$story($crate::contract::store::Place::File).await;
            })*
        }
        mod memory {
            $(#[tokio::test]
            async fn $story() {
                super::$story($crate::contract::store::Place::Memory).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            #[ignore = "needs a server"]
            async fn $story() {
                super::$story($crate::contract::store::Place::Postgres).await;
            })*
        }
    };
}

mod machines;
mod outbox;
mod timetable;

/// A store and the folder it may lie in.
struct Scene {
    folder: TempDir,
    store: Box<dyn Store>,
}

async fn open(folder: &TempDir, place: Place) -> Box<dyn Store> {
    let (settings, world) = settings(folder, place);
    store::open(&settings, &world).await.expect("opens")
}

fn at(url: &str, folder: &TempDir) -> (Settings, World) {
    let settings = Settings::at(Secret::parse(url, "a test").expect("reads"));
    (settings, World { environment: Environment::default(), folder: folder.path().into() })
}

fn settings(folder: &TempDir, place: Place) -> (Settings, World) {
    match place {
        Place::File => at("sqlite:state.db", folder),
        Place::Memory => at("sqlite::memory:", folder),
        Place::Postgres => {
            let (mut settings, world) = at(&crate::servers::postgres().url(), folder);
            settings.schema = schema(folder);
            (settings, world)
        }
    }
}

/// A schema of its own for each folder.
fn schema(folder: &TempDir) -> Name {
    let place: String = folder.path().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
    name(&format!("s{}", &place[place.len().saturating_sub(40)..]))
}

async fn scene(place: Place) -> Scene {
    let folder = tempfile::tempdir().expect("a folder");
    Scene { store: open(&folder, place).await, folder }
}

fn name(word: &str) -> Name {
    Name::new(word).expect("a name")
}

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_763_600_400 + n).expect("in range")
}

async fn granted(store: &dyn Store, job: &str, slot: Option<Timestamp>) -> Claim {
    // A claim that another machine drops is given back a moment later.
    for _ in 0..1000 {
        match store.claim(job, slot).await.expect("answers") {
            Claimed::Granted(claim) => return claim,
            Claimed::Busy(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            Claimed::Done => panic!("the slot of {job} has had its run"),
        }
    }
    panic!("{job} is never free");
}

fn outcome(alert: &str, at: i64) -> Outcome {
    Outcome {
        about: Subject::Alert(name(alert)),
        started: second(at),
        ended: second(at),
        health: Health::Healthy,
        rule: "n > 1".into(),
        state: State::Ok,
        rows: Some(2),
        note: "none of 2 rows".into(),
        instances: Vec::new(),
        forgotten: Vec::new(),
        told: Vec::new(),
        told_health: Vec::new(),
        messages: Vec::new(),
        seen: Vec::new(),
        decisions: Vec::new(),
        source: None,
    }
}

fn message(id: &str, alert: &str) -> Message {
    Message {
        id: id.into(),
        thread: format!("{alert}-1"),
        severity: Severity::Warning,
        facts: vec![("since".into(), "now".into())],
        ..Message::new(Kind::Firing, alert, second(0), "하나".into())
    }
}

fn outgoing(id: &str, alert: &str, channel: &str) -> Outgoing {
    Outgoing { channel: name(channel), message: message(id, alert), expires: second(86_400) }
}

async fn record(store: &dyn Store, outcome: &Outcome) {
    let claim = granted(store, &outcome.about.job(), None).await;
    store.record(&[(&claim, outcome)]).await.expect("recorded");
}

/// What may be sent for a channel at a time.
async fn waiting(store: &dyn Store, channel: &str, at: i64) -> Vec<(i64, String)> {
    let due = outbox::due(store, channel, at).await;
    due.into_iter().map(|waiting| (waiting.seq, waiting.message.id)).collect()
}

async fn a_job_has_one_claim_and_a_slot_one_run(place: Place) {
    let Scene { folder, store } = scene(place).await;
    let claim = granted(store.as_ref(), "alert a", Some(second(0))).await;
    assert!(matches!(store.claim("alert a", Some(second(60))).await, Ok(Claimed::Busy(_))), "{place:?}");
    let other = granted(store.as_ref(), "alert b", None).await;
    if place.is_shared() {
        let second_process = open(&folder, place).await;
        assert!(matches!(second_process.claim("alert a", None).await, Ok(Claimed::Busy(_))));
    }
    store.record(&[(&claim, &outcome("a", 0))]).await.expect("recorded");
    drop((claim, other));
    assert!(matches!(store.claim("alert a", Some(second(0))).await, Ok(Claimed::Done)), "{place:?}");
    granted(store.as_ref(), "alert a", Some(second(60))).await;
}

async fn many_claims_are_answered_one_by_one(place: Place) {
    let Scene { store, .. } = scene(place).await;
    let held = granted(store.as_ref(), "alert held", Some(second(60))).await;
    let ran = granted(store.as_ref(), "alert ran", Some(second(0))).await;
    store.record(&[(&ran, &outcome("ran", 0))]).await.expect("recorded");
    drop(ran);
    let wanted =
        [("alert z", None), ("alert held", Some(second(60))), ("alert ran", Some(second(0))), ("alert a", None)];
    let claimed = store.claim_all(&wanted).await.expect("answers");
    let word = |claimed: &Claimed| match claimed {
        Claimed::Granted(claim) => claim.job.clone(),
        Claimed::Busy(_) => "busy".into(),
        Claimed::Done => "done".into(),
    };
    let words: Vec<String> = claimed.iter().map(word).collect();
    assert_eq!(words, ["alert z", "busy", "done", "alert a"], "{place:?}");
    drop((held, claimed));
    for job in ["alert z", "alert held", "alert ran", "alert a"] {
        granted(store.as_ref(), job, Some(second(120))).await;
    }
    assert!(store.claim_all(&[]).await.expect("answers").is_empty());
}

async fn what_a_run_learned_is_remembered(place: Place) {
    let Scene { folder, store } = scene(place).await;
    let fires = Remembered {
        key: "[\"17\"]".into(),
        labels: vec![("id".into(), "17".into())],
        instance: Instance { state: State::Firing, since: second(3), began: Some(second(1)) },
        values: vec![Value::Decimal("1.10".into()), Value::Null],
        missed: 2,
    };
    let told = Told { news: News::Firing, began: second(1), at: second(3), thread: second(2) };
    let mut first = outcome("a", 3);
    first.health = Health::NoData;
    first.instances = vec![fires.clone()];
    first.told = vec![(name("ops"), fires.key.clone(), told)];
    first.told_health = vec![(name("mail"), Health::NoData)];
    record(store.as_ref(), &first).await;
    let store = if place.is_shared() { open(&folder, place).await } else { store };
    let memory = store.recall(&name("a"), &name("shop"), &[]).await.expect("answers");
    assert_eq!((memory.health, memory.rule.as_str()), (Health::NoData, "n > 1"));
    assert_eq!(memory.instances, std::slice::from_ref(&fires));
    assert_eq!(memory.told, [(name("ops"), fires.key.clone(), told)]);
    assert_eq!(memory.told_health, [(name("mail"), Health::NoData)]);
    assert!(store.recall(&name("b"), &name("shop"), &[]).await.expect("answers").instances.is_empty());

    let mut second_run = outcome("a", 4);
    second_run.told = vec![(name("ops"), fires.key.clone(), Told { news: News::Resolved, ..told })];
    second_run.forgotten = vec![fires.key];
    record(store.as_ref(), &second_run).await;
    let memory = store.recall(&name("a"), &name("shop"), &[]).await.expect("answers");
    assert!(memory.instances.is_empty() && memory.told.is_empty(), "an instance that is no more leaves nothing");
    assert_eq!(memory.health, Health::Healthy);
}

async fn many_are_recalled_as_each_is_alone(place: Place) {
    let Scene { store, .. } = scene(place).await;
    for (alert, state, channel) in [("a", State::Firing, "ops"), ("b", State::Ok, "mail")] {
        let mut learned = outcome(alert, 3);
        let remembered = |key: &str| Remembered {
            key: key.into(),
            labels: vec![("id".into(), alert.into())],
            instance: Instance { state, since: second(3), began: Some(second(1)) },
            values: vec![Value::Int(1)],
            missed: 0,
        };
        learned.instances = vec![remembered("[\"2\"]"), remembered("[\"1\"]")];
        learned.told_health = vec![(name(channel), Health::Healthy)];
        record(store.as_ref(), &learned).await;
    }
    let (a, b, c, shop) = (name("a"), name("b"), name("c"), name("shop"));
    let held = [b.clone(), a.clone()];
    let wanted = [(&c, &held[..]), (&b, &held[..1]), (&a, &[]), (&b, &[])];
    let wanted = wanted.map(|(alert, unless)| Recall { alert, source: &shop, unless });
    let together = store.recall_all(&wanted).await.expect("answers");
    for (memory, Recall { alert, source, unless }) in together.iter().zip(wanted) {
        let alone = store.recall(alert, source, unless).await.expect("answers");
        assert_eq!(format!("{memory:?}"), format!("{alone:?}"), "{place:?}");
    }
    assert_eq!(together.len(), 4);
    assert_eq!((&together[0].open, together[2].instances.len()), (&vec![a], 2));
}

async fn an_outcome_is_written_whole_or_not_at_all(place: Place) {
    let Scene { store, .. } = scene(place).await;
    let mut first = outcome("a", 0);
    first.messages = vec![outgoing("same", "a", "ops"), outgoing("same", "a", "ops")];
    first.health = Health::Error;
    let claim = granted(store.as_ref(), "alert a", None).await;
    store.record(&[(&claim, &first)]).await.expect_err("an id occurs twice");
    drop(claim);
    assert_eq!(
        store.recall(&name("a"), &name("shop"), &[]).await.expect("answers").health,
        Health::Healthy,
        "{place:?}"
    );
    assert!(waiting(store.as_ref(), "ops", 0).await.is_empty(), "{place:?}");
    record(store.as_ref(), &outcome("a", 1)).await;
}

fn about_source(seen: Sighting, id: &str, channel: &str) -> Option<AboutSource> {
    Some(AboutSource { source: name("shop"), seen, messages: vec![outgoing(id, "shop", channel)] })
}

async fn one_run_tells_of_a_source_and_one_of_its_return(place: Place) {
    let Scene { store, .. } = scene(place).await;
    let tell = async |alert: &str, at: i64, seen: Sighting, channel: &str| {
        let id = format!("{alert}-{at}-{channel}");
        let outcome = Outcome { source: about_source(seen, &id, channel), ..outcome(alert, at) };
        let claim = granted(store.as_ref(), &format!("alert {alert}"), None).await;
        store.record(&[(&claim, &outcome)]).await.expect("recorded")[0]
    };
    assert_eq!(tell("a", 0, Sighting::Up, "ops").await, 0, "{place:?}: nothing was told that could be over");
    assert_eq!(tell("a", 10, Sighting::Down, "ops").await, 1);
    assert_eq!(tell("b", 10, Sighting::Down, "ops").await, 0, "another alert sees the same");
    assert_eq!(tell("b", 10, Sighting::Down, "mail").await, 1, "a channel of its own");
    let memory = store.recall(&name("c"), &name("shop"), &[]).await.expect("answers");
    assert_eq!(memory.source_down, [(name("mail"), second(10)), (name("ops"), second(10))]);
    assert_eq!(tell("c", 5, Sighting::Up, "ops").await, 0, "asked before it went down");
    assert_eq!(tell("c", 20, Sighting::Up, "ops").await, 1);
    assert_eq!(tell("a", 20, Sighting::Up, "ops").await, 0);
    assert_eq!(tell("a", 15, Sighting::Down, "ops").await, 0, "asked before it came back");
    assert_eq!(tell("a", 30, Sighting::Down, "ops").await, 1, "a new outage");
}

async fn silences_last_until_their_end_or_until_someone_ends_them(place: Place) {
    let Scene { store, .. } = scene(place).await;
    let silence = |alert: &str, key: Option<&str>, until: i64| Silence {
        alert: name(alert),
        key: key.map(str::to_owned),
        since: second(0),
        until: second(until),
        who: "kim".into(),
        reason: "stocktaking".into(),
    };
    let all = [silence("a", None, 60), silence("a", Some("[\"17\"]"), 120), silence("b", None, 120)];
    for silence in &all {
        store.silence(silence).await.expect("kept");
    }
    assert_eq!(store.silences(second(59)).await.expect("answers"), all, "{place:?}");
    assert_eq!(store.silences(second(60)).await.expect("answers"), all[1..]);
    assert_eq!(store.recall(&name("b"), &name("shop"), &[]).await.expect("answers").silences, all[2..]);
    assert_eq!(store.unsilence(&name("a"), Some("[\"18\"]"), second(70)).await.expect("answers"), 0);
    assert_eq!(store.unsilence(&name("a"), None, second(70)).await.expect("answers"), 1);
    assert_eq!(store.silences(second(71)).await.expect("answers"), all[2..]);
}

#[tokio::test]
async fn an_open_incident_of_another_alert_is_known() {
    let Scene { store, .. } = scene(Place::Memory).await;
    let mut other = outcome("network", 0);
    for (key, state) in [("a", State::Pending), ("b", State::Recovering)] {
        let instance = Instance { state, since: second(0), began: None };
        other.instances.push(Remembered { key: key.into(), labels: vec![], instance, values: vec![], missed: 0 });
    }
    let unless = [name("network"), name("power")];
    let open = async || store.recall(&name("a"), &name("shop"), &unless).await.expect("answers").open;
    assert!(open().await.is_empty());
    record(store.as_ref(), &other).await;
    assert_eq!(open().await, [name("network")]);
}

async fn what_is_old_is_forgotten_but_nothing_that_is_needed(place: Place) {
    let Scene { store, .. } = scene(place).await;
    let day = |n: i64| n * 86_400;
    let told = |news, thread: i64| {
        let told = Told { news, began: second(-60), at: second(0), thread: second(thread) };
        (name("ops"), String::new(), told)
    };
    // Two incidents, both begun and delivered long ago; the one of `open` still fires.
    for (alert, news) in [("open", News::Firing), ("over", News::Resolved)] {
        for n in 0..700 {
            let claim = granted(store.as_ref(), &format!("alert {alert}"), None).await;
            let mut run = outcome(alert, n);
            if n == 0 {
                let mut message = outgoing(&format!("{alert}-first"), alert, "ops");
                message.message.thread = format!("{alert}-{}", second(0).as_microsecond());
                run.messages = vec![message];
                run.told = vec![told(news, 0)];
                let message = Some(format!("{alert}-first"));
                let why = Why::Incident(Reason::Began);
                run.decisions = vec![Decision { channel: name("ops"), key: None, why, count: 1, message }];
            }
            store.record(&[(&claim, &run)]).await.expect("recorded");
        }
    }
    for (seq, _) in waiting(store.as_ref(), "ops", 0).await {
        let delivered = Settlement::Delivered { at: second(1), receipt: Receipt::default() };
        outbox::settle(store.as_ref(), "ops", seq, delivered).await;
    }
    let mut late = outcome("waits", 0);
    late.messages = vec![outgoing("waits-1", "waits", "ops")];
    record(store.as_ref(), &late).await;
    let past = Silence {
        alert: name("open"),
        key: None,
        since: second(0),
        until: second(1),
        who: "kim".into(),
        reason: "x".into(),
    };
    store.silence(&past).await.expect("kept");
    let pruned = store.prune(second(day(1)), second(day(2))).await.expect("pruned");
    assert_eq!(pruned, 699 * 2 + 1 + 1, "{place:?}: runs, the message of `over`, the silence");
    let runs = async |alert: &str| {
        let wanted = Wanted { about: Some(Subject::Alert(name(alert))), limit: 9, ..Wanted::default() };
        store.history(&wanted).await.expect("answers")
    };
    for alert in ["open", "over", "waits"] {
        assert_eq!(runs(alert).await.len(), 1, "the last run of {alert} says how it stands");
    }
    assert_eq!(runs("open").await[0].started, second(699));
    assert_eq!(store.letters(&Subject::Alert(name("open"))).await.expect("answers").len(), 1, "its thread is open");
    assert!(store.letters(&Subject::Alert(name("over"))).await.expect("answers").is_empty());
    assert_eq!(store.letters(&Subject::Alert(name("waits"))).await.expect("answers").len(), 1, "it waits");
    assert_eq!(store.prune(second(day(9)), second(day(2) + 3599)).await.expect("pruned"), 0, "once an hour");
    let memory = store.recall(&name("open"), &name("shop"), &[]).await.expect("answers");
    assert_eq!(memory.told.len(), 1);
}

async fn the_outcomes_of_many_runs_are_written_together_or_not_at_all(place: Place) {
    let Scene { store, .. } = scene(place).await;
    let a = granted(store.as_ref(), "alert a", None).await;
    let b = granted(store.as_ref(), "alert b", None).await;
    let with = |alert: &str, id: &str| {
        let messages = vec![outgoing(id, alert, "ops")];
        Outcome { health: Health::Error, messages, ..outcome(alert, 0) }
    };
    let (first, twin) = (with("a", "same"), with("b", "same"));
    store.record(&[(&a, &first), (&b, &twin)]).await.expect_err("an id occurs twice");
    assert_eq!(
        store.recall(&name("a"), &name("shop"), &[]).await.expect("answers").health,
        Health::Healthy,
        "{place:?}"
    );
    let second = with("b", "other");
    store.record(&[(&a, &first), (&b, &second)]).await.expect("recorded");
    assert_eq!(store.recall(&name("b"), &name("shop"), &[]).await.expect("answers").health, Health::Error, "{place:?}");
    assert_eq!(waiting(store.as_ref(), "ops", 0).await.len(), 2, "{place:?}");
    store.record(&[]).await.expect("nothing is recorded easily");
}

#[tokio::test]
#[cfg(unix)]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let Scene { folder, store } = scene(Place::File).await;
    let mode = std::fs::metadata(folder.path().join("state.db")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(store);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let Scene { folder, store } = scene(Place::File).await;
    store.close().await;
    drop(store);
    let path = folder.path().join("state.db");
    let done = std::thread::spawn(move || crate::rig::Rig::change(&path, "pragma user_version = 99"));
    done.join().expect("changed");
    let (settings, world) = at("sqlite:state.db", &folder);
    let Err(error) = store::open(&settings, &world).await else { panic!("it opened") };
    assert_eq!(error.problem, "the file was written by a newer rowcall (version 99, this one knows 10)");
}

async fn a_report_and_an_alert_of_one_name_are_two_things(place: Place) {
    let Scene { store, .. } = scene(place).await;
    let of_alert = Outcome { messages: vec![outgoing("a-1", "a", "ops")], ..outcome("a", 0) };
    let value = Remembered {
        key: "total".into(),
        labels: Vec::new(),
        instance: Instance { state: State::Ok, since: second(1), began: None },
        values: vec![Value::Decimal("12.50".into())],
        missed: 0,
    };
    let report = Subject::Report(name("a"));
    let of_report = Outcome {
        about: report.clone(),
        health: Health::Error,
        told_health: vec![(name("ops"), Health::Error)],
        instances: vec![value.clone()],
        messages: vec![outgoing("r-1", "a", "ops")],
        ..outcome("a", 1)
    };
    record(store.as_ref(), &of_alert).await;
    record(store.as_ref(), &of_report).await;
    let memory = store.recall_report(&name("a")).await.expect("answers");
    assert_eq!((memory.health, memory.instances), (Health::Error, vec![value]), "{place:?}");
    assert_eq!(memory.told_health, [(name("ops"), Health::Error)]);
    let memory = store.recall(&name("a"), &name("shop"), &[]).await.expect("answers");
    assert_eq!((memory.health, memory.instances.len(), memory.told_health.len()), (Health::Healthy, 0, 0));
    let runs = async |about: Option<Subject>| {
        let past = store.history(&Wanted { about, limit: 9, ..Wanted::default() }).await.expect("answers");
        past.into_iter().map(|past| past.about.job()).collect::<Vec<_>>()
    };
    assert_eq!(runs(None).await, ["alert a", "report a"]);
    assert_eq!(runs(Some(report)).await, ["report a"]);
    // Neither holds up the other.
    assert_eq!(waiting(store.as_ref(), "ops", 1).await.len(), 2);
}

#[tokio::test]
async fn a_second_writer_waits_for_its_turn() {
    let Scene { folder, store } = scene(Place::File).await;
    let other = open(&folder, Place::File).await;
    let alerts: Vec<String> = (0..20).map(|n| format!("a{n}")).collect();
    let write = |store: &'static dyn Store, alert: String| async move { record(store, &outcome(&alert, 0)).await };
    let (one, two): (&'static dyn Store, &'static dyn Store) = (Box::leak(store), Box::leak(other));
    let both = alerts.iter().enumerate().map(|(n, alert)| write(if n % 2 == 0 { one } else { two }, alert.clone()));
    futures_util::future::join_all(both).await;
    for alert in &alerts {
        assert_eq!(one.recall(&name(alert), &name("shop"), &[]).await.expect("answers").rule, "n > 1");
    }
}

#[tokio::test]
async fn the_bundled_sqlite_is_free_of_the_wal_reset_fault() {
    use sqlx::{ConnectOptions, Row};
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().in_memory(true).connect().await.expect("opens");
    let row = sqlx::query("select sqlite_version()").fetch_one(&mut connection).await.expect("answers");
    let version: String = row.get(0);
    let numbers: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    assert!(numbers >= vec![3, 51, 3], "{version}");
}

promises! {
    a_job_has_one_claim_and_a_slot_one_run,
    many_claims_are_answered_one_by_one,
    what_a_run_learned_is_remembered,
    an_outcome_is_written_whole_or_not_at_all,
    one_run_tells_of_a_source_and_one_of_its_return,
    silences_last_until_their_end_or_until_someone_ends_them,
    what_is_old_is_forgotten_but_nothing_that_is_needed,
    the_outcomes_of_many_runs_are_written_together_or_not_at_all,
    a_report_and_an_alert_of_one_name_are_two_things,
    many_are_recalled_as_each_is_alone,
}
