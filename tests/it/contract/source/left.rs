//! What is left on the server when the program goes: by a signal, by a deadline, because nobody reads on, by force.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rowcall::source::Source;
use rowcall::value::Value;

use super::rig::Rig;
use crate::rig::Rig as Folder;

/// How long the server may go on with a statement of ours that nobody waits for.
const GOES_ON: Duration = Duration::from_secs(2);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

const SLEEPING: [&str; 3] = ["select pg_sleep(60)", "select sleep(60)", ""];
/// A hundred million rows.
const ENDLESS: &str = "with d as (select 0 as n union all select 1 union all select 2 union all select 3 union all select 4 \
     union all select 5 union all select 6 union all select 7 union all select 8 union all select 9) \
     select a.n, 'a text of some length' as filler from d a, d b, d c, d e, d f, d g, d h, d i";

/// The same, without a row to write before the last was seen.
const COMPUTING: &str = "with d as (select 0 as n union all select 1 union all select 2 union all select 3 union all select 4 \
     union all select 5 union all select 6 union all select 7 union all select 8 union all select 9) \
     select sum(a.n + i.n) from d a, d b, d c, d e, d f, d g, d h, d i, d j";

/// The program with one saved query, and the server it asks.
struct Story<'a> {
    rig: &'a Rig,
    watch: Box<dyn Source>,
    folder: Folder,
    name: &'static str,
}

impl<'a> Story<'a> {
    fn new(rig: &'a Rig, name: &'static str, sql: &str) -> Self {
        let catalogue =
            format!("[sources.shop]\nurl = \"{}\"\n[queries.{name}]\nsource = \"shop\"\nsql = \"{sql}\"\n", rig.url());
        Self { rig, watch: rig.source(), folder: Folder::new().catalogue(&catalogue), name }
    }

    /// Starts the program and waits until the server runs its statement.
    async fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.folder.command(&[&["query", self.name], arguments].concat());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        self.until(PATIENCE, |count| count > 0).await;
        child
    }

    async fn gone_within(&self, patience: Duration) {
        self.until(patience, |count| count == 0).await;
    }

    /// Asks the server until the number of our running statements is as wanted.
    async fn until(&self, patience: Duration, wanted: impl Fn(i64) -> bool) {
        let label = format!("/* rowcall: query {} */", self.name);
        let count = match self.rig {
            Rig::Postgres(_) => format!(
                "select count(*) from pg_stat_activity where state <> 'idle' and query like '{label}%' and \
                 pid <> pg_backend_pid()"
            ),
            Rig::Mysql(_) => {
                format!("select count(*) from information_schema.processlist where info like '{label}%'")
            }
            Rig::Sqlite(_) => unreachable!("has no server"),
        };
        let begun = Instant::now();
        loop {
            let Value::Int(count) = self.rig.cell(&*self.watch, &count).await else { panic!("a count") };
            if wanted(count) {
                return;
            }
            assert!(begun.elapsed() < patience, "{count} of our statements run after {:?}", begun.elapsed());
            self.rig.cell(&*self.watch, self.rig.of(["select pg_sleep(0.02)", "select sleep(0.02)", ""])).await;
        }
    }
}

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
}

fn end(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("ends");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

async fn a_signal_cancels(rig: &Rig) {
    for (name, kind, code) in [("left_int", "-INT", 130), ("left_term", "-TERM", 143)] {
        let story = Story::new(rig, name, rig.of(SLEEPING));
        let child = story.start(&[]).await;
        signal(&child, kind);
        let begun = Instant::now();
        assert_eq!(end(child), (Some(code), String::new()), "{kind}");
        assert!(begun.elapsed() < GOES_ON, "{:?}", begun.elapsed());
        story.gone_within(Duration::ZERO).await;
    }
}

async fn a_deadline_cancels(rig: &Rig) {
    let story = Story::new(rig, "left_deadline", rig.of(SLEEPING));
    let child = story.start(&["--timeout", "800ms"]).await;
    let (code, words) = end(child);
    assert_eq!(code, Some(3), "{words}");
    assert!(words.contains("no answer within 800ms; the statement was cancelled"), "{words}");
    story.gone_within(Duration::ZERO).await;
}

async fn a_closed_pipe_cancels(rig: &Rig) {
    let story = Story::new(rig, "left_pipe", ENDLESS);
    let mut child = story.start(&["--format", "csv"]).await;
    let mut head = [0; 10];
    child.stdout.take().expect("a pipe").read_exact(&mut head).expect("rows");
    assert_eq!(&head[..9], b"n,filler\n");
    assert_eq!(end(child), (Some(0), String::new()));
    story.gone_within(Duration::ZERO).await;
}

async fn a_kill_cancels(rig: &Rig, name: &'static str, sql: &str, arguments: &[&str], patience: Duration) {
    let story = Story::new(rig, name, sql);
    let mut child = story.start(arguments).await;
    child.kill().expect("killed");
    child.wait().expect("ends");
    story.gone_within(patience).await;
}

#[tokio::test]
#[ignore = "needs ROWCALL_TEST_POSTGRES: run tests/run"]
async fn postgres_goes_on_with_nothing() {
    let rig = Rig::postgres();
    a_signal_cancels(&rig).await;
    a_deadline_cancels(&rig).await;
    a_closed_pipe_cancels(&rig).await;
    a_kill_cancels(&rig, "left_killed", rig.of(SLEEPING), &[], GOES_ON).await;
    a_kill_cancels(&rig, "left_killed_reading", ENDLESS, &["--format", "csv"], GOES_ON).await;
    a_kill_cancels(&rig, "left_killed_computing", COMPUTING, &[], GOES_ON).await;
}

/// This server looks for its client when it writes, and every five seconds while it sleeps. What computes goes on until
/// the limit that the session set, which is why there is always one.
#[tokio::test]
#[ignore = "needs ROWCALL_TEST_MYSQL: run tests/run"]
async fn mysql_goes_on_with_nothing_beyond_its_limit() {
    let rig = Rig::mysql();
    a_signal_cancels(&rig).await;
    a_deadline_cancels(&rig).await;
    a_closed_pipe_cancels(&rig).await;
    a_kill_cancels(&rig, "left_killed_reading", ENDLESS, &["--format", "csv"], GOES_ON).await;
    a_kill_cancels(&rig, "left_killed_computing", COMPUTING, &["--timeout", "1s"], Duration::from_secs(1) + GOES_ON)
        .await;
}
