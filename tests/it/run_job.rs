//! Stories of `rowcall run-job`: one run of one job, as systemd, Kubernetes or a crontab ask for it.

use crate::rig::Rig;

/// Its latest slot is the same all year.
const YEARLY: &str = r#"
[sources.shop]
url = "sqlite:shop.db"
[alerts.low]
source = "shop"
sql = "select on_hand from stock"
when = "on_hand < 5"
schedule = "@yearly"
notify = ["terminal"]
[alerts.by_hand]
source = "shop"
sql = "select on_hand from stock"
when = "on_hand < 1"
[channels.terminal]
type = "stdout"
"#;

fn rig() -> Rig {
    let rig = Rig::new().catalogue(YEARLY);
    rig.sqlite("shop.db", "create table stock (on_hand integer); insert into stock values (3)");
    rig
}

#[test]
fn a_slot_is_run_once_whoever_asks_for_it() {
    let rig = rig();
    let first = rig.run(&["run-job", "low"]);
    assert!(first.stdout.starts_with("FIRING low: on_hand = 3: on_hand < 5\n"), "{first}");
    assert_eq!((first.code, first.stderr.as_str()), (0, ""), "whoever is to know was told");
    insta::assert_snapshot!(rig.run(&["run-job", "low"]), @r#"
    exit 0
    "#);
    insta::assert_snapshot!(rig.run(&["run-job", "alerts.low"]), @r#"
    exit 0
    "#);
    insta::assert_snapshot!(rig.run(&["schedule", "--once"]), @r#"
    exit 0
    "#);
}

#[test]
fn an_engine_names_the_slot() {
    let rig = rig();
    let told = |arguments: &[&str]| rig.run(arguments).exits(0).stdout.lines().next().map(str::to_owned);
    let firing = Some("FIRING low: on_hand = 3: on_hand < 5".to_owned());
    assert_eq!(told(&["run-job", "low", "--slot", "2026-11-20T12:00:00Z"]), firing);
    assert_eq!(told(&["run-job", "low", "--slot", "2026-11-20 12:00"]), None, "the same instant");
    let history = rig.run(&["history", "low", "--json"]).exits(0).stdout;
    assert_eq!(history.matches("\"slot\": \"2026-11-20T12:00:00Z\"").count(), 1, "{history}");
    let early = rig.run(&["run-job", "low", "--slot", "2999-01-01T00:00:00Z"]).exits(2).stderr;
    assert!(early.starts_with("error: the slot 2999-01-01T00:00:00Z has not come yet: it is "), "{early}");
    insta::assert_snapshot!(rig.run(&["run-job", "low", "--slot", "noon"]), @r#"
    exit 2
    --- stderr
    error: `noon` is no instant
      next: write it like 2026-11-20, "2026-11-20 12:00" or 2026-11-20T12:00:00+09:00
    "#);
}

#[test]
fn a_job_without_a_schedule_is_run_by_hand_each_time() {
    let rig = rig();
    rig.run(&["run-job", "by_hand"]).exits(0);
    rig.run(&["run-job", "by_hand"]).exits(0);
    let history = rig.run(&["history", "by_hand", "--json"]).exits(0).stdout;
    assert_eq!(history.matches("\"slot\": null").count(), 2, "{history}");
}

#[test]
fn the_exit_code_says_what_happened() {
    let rig = rig();
    rig.run(&["run-job", "low", "--fail-on", "warning"]).exits(1);
    rig.run(&["run-job", "low", "--fail-on", "warning"]).exits(0);
    rig.sqlite("shop.db", "alter table stock rename to hidden");
    insta::assert_snapshot!(rig.run(&["run-job", "by_hand"]), @r#"
    exit 3
    --- stderr
    alert `by_hand` at rowcall.toml:10: source `shop`: no such table: stock
    "#);
    insta::assert_snapshot!(rig.run(&["run-job", "lo"]), @r#"
    exit 2
    --- stderr
    error: no job is called `lo`
      next: did you mean `low`?
    "#);
}

#[test]
fn a_job_that_is_being_run_is_left_to_whoever_runs_it() {
    let rig = rig();
    let folder = rig.path().join(".rowcall/state.db.locks");
    std::fs::create_dir_all(&folder).expect("made");
    let lock = std::fs::File::create(folder.join("alert.low")).expect("made");
    lock.lock().expect("free");
    insta::assert_snapshot!(rig.run(&["run-job", "low"]), @r#"
    exit 0
    --- stderr
    alert low is being run by another rowcall; left to that one
    "#);
    drop(lock);
    assert!(rig.run(&["run-job", "low"]).exits(0).stdout.starts_with("FIRING low"));
}

#[test]
fn a_paused_job_is_not_run() {
    let rig = rig();
    rig.run(&["pause", "low", "--reason", "stocktaking"]).exits(0);
    insta::assert_snapshot!(rig.run(&["run-job", "low"]), @r#"
    exit 0
    --- stderr
    alert low is paused: stocktaking
    "#);
    rig.run(&["resume", "low"]).exits(0);
    assert!(rig.run(&["run-job", "low"]).exits(0).stdout.starts_with("FIRING low"), "the slot had no run yet");
}
