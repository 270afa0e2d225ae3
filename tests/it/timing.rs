//! Stories of jobs that overlap, wait, are late, are paused, or hang.

use std::time::Duration;

use crate::rig::Rig;
use crate::schedule::{Loop, Stage, minute};
use rowcall::store::{Claimed, Pause, Skip, SkipReason};

/// An alert that fires at every full minute, with more keys.
fn every_minute(keys: &str) -> String {
    format!(
        "timezone = \"UTC\"\n[state]\nurl = \"sqlite::memory:\"\n[sources.shop]\nurl = \"sqlite:shop.db\"\n[alerts.low]\n\
         source = \"shop\"\nsql = \"select on_hand from stock\"\nwhen = \"on_hand < 5\"\nschedule = \"* * * * *\"\n\
         repeat = \"1s\"\nnotify = [\"terminal\"]\n{keys}[channels.terminal]\ntype = \"stdout\"\n"
    )
}

/// The skipped slots in order: which minute, how many, why.
async fn skipped(scene: &Loop) -> Vec<(i64, u64, SkipReason)> {
    let skips: Vec<Skip> = scene.store.skips(Some("alert low"), None, 100).await.expect("answers");
    let minute_of = |skip: &Skip| skip.slot.duration_since(minute(0)).as_mins();
    skips.iter().map(|skip| (minute_of(skip), skip.count, skip.reason)).collect()
}

/// Ends when so many slots were skipped.
async fn until_skipped(scene: &Loop, count: usize) {
    while skipped(scene).await.len() < count {
        tokio::task::yield_now().await;
    }
}

async fn claimed(scene: &Loop) -> rowcall::store::Claim {
    match scene.store.claim("alert low", None).await.expect("answers") {
        Claimed::Granted(claim) => claim,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_slot_runs_when_the_run_before_it_has_ended() {
    let mut scene = Loop::start(&every_minute("overlap = \"queue\"\n")).await;
    let claim = claimed(&scene).await;
    scene.reach(0).await;
    // It is busy: the slot waits a second, again and again.
    scene.clock.awaited(minute(0) + jiff::SignedDuration::from_secs(1)).await;
    drop(claim);
    scene.clock.set(minute(0) + jiff::SignedDuration::from_secs(1));
    assert!(scene.message().await.contains("FIRING low"));
    assert_eq!(skipped(&scene).await, []);
    assert_eq!(scene.finish().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_waits_gives_its_place_to_a_later_one() {
    let mut scene = Loop::start(&every_minute("overlap = \"queue\"\n")).await;
    let claim = claimed(&scene).await;
    scene.reach(0).await;
    scene.clock.awaited(minute(0) + jiff::SignedDuration::from_secs(1)).await;
    // The clock jumps over the second in which it is tried again, to the next slot.
    scene.clock.set(minute(1));
    scene.clock.awaited(minute(2)).await;
    let again = scene.clock.sleeper_before(minute(1) + jiff::SignedDuration::from_secs(2)).await;
    drop(claim);
    scene.clock.set(again);
    assert!(scene.message().await.contains("FIRING low"));
    assert_eq!(scene.store.last_slot("alert low").await.expect("answers"), Some(minute(1)));
    assert_eq!(skipped(&scene).await, [(0, 1, SkipReason::Replaced)]);
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_slot_is_recorded_with_its_reason() {
    let mut scene = Loop::start(&every_minute("")).await;
    let claim = claimed(&scene).await;
    for n in 0..2 {
        scene.reach(n).await;
        until_skipped(&scene, usize::try_from(n + 1).expect("small")).await;
    }
    drop(claim);
    scene.reach(2).await;
    assert!(scene.message().await.contains("FIRING low"));
    assert_eq!(skipped(&scene).await, [(0, 1, SkipReason::Overlap), (1, 1, SkipReason::Overlap)]);
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_forth_runs_the_latest_slot_and_counts_the_others() {
    let mut scene = Loop::start(&every_minute("")).await;
    scene.reach(0).await;
    assert!(scene.message().await.contains("FIRING low"));
    scene.clock.awaited(minute(1)).await;
    scene.clock.set(minute(30));
    assert!(scene.message().await.contains("STILL FIRING low"));
    scene.clock.awaited(minute(31)).await;
    // Back by ten minutes: nothing that has had its run has another.
    scene.clock.set(minute(20));
    scene.clock.set(minute(31));
    assert!(scene.message().await.contains("STILL FIRING low"));
    assert_eq!(skipped(&scene).await, [(29, 29, SkipReason::Missed)]);
    assert_eq!(scene.finish().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_job_has_no_run_until_the_pause_ends() {
    let mut scene = Loop::start(&every_minute("")).await;
    let pause =
        Pause { job: "alert low".into(), since: minute(0), until: Some(minute(2)), who: "kim".into(), reason: None };
    scene.store.pause(&pause).await.expect("pauses");
    for n in 0..3 {
        scene.reach(n).await;
        scene.clock.awaited(minute(n + 1)).await;
    }
    assert!(scene.message().await.contains("FIRING low"));
    assert_eq!(skipped(&scene).await, [(0, 1, SkipReason::Paused), (1, 1, SkipReason::Paused)]);
    assert_eq!(scene.finish().await, Vec::<String>::new(), "told by the third minute only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_reached_is_asked_again_within_the_slot() {
    let stage = Stage::new(&every_minute("retries = 3\n").replace("shop.db", "later.db")).await;
    let path = stage.rig.path().join("later.db");
    let mut scene = stage.start(-30);
    scene.reach(0).await;
    let again = scene.clock.sleeper_before(minute(0) + jiff::SignedDuration::from_secs(2)).await;
    tokio::task::spawn_blocking(move || {
        std::fs::File::create(&path).expect("creates");
        Rig::change(&path, "create table stock (on_hand integer); insert into stock values (3)");
    })
    .await
    .expect("done");
    scene.clock.set(again);
    assert!(scene.message().await.starts_with("FIRING low"), "nobody was told of the failure");
    assert_eq!(scene.finish().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_asks_again_within_the_slot_and_keeps_what_it_was_answered() {
    let report = "[sources.dice]\nurl = \"sqlite::memory:\"\n[reports.daily]\nschedule = \"* * * * *\"\nretries = 2\n\
                  notify = [\"terminal\"]\nowners = [\"terminal\"]\n\
                  sections = [{ source = \"dice\", sql = \"select 'six' as n\" }, { source = \"shop\", sql = \"select * from stock\" }]\n";
    let catalogue = every_minute("enabled = false\n").replace("shop.db", "later.db") + report;
    let stage = Stage::new(&catalogue).await;
    let path = stage.rig.path().join("later.db");
    let mut scene = stage.start(-30);
    scene.reach(0).await;
    let again = scene.clock.sleeper_before(minute(0) + jiff::SignedDuration::from_secs(2)).await;
    tokio::task::spawn_blocking(move || {
        std::fs::File::create(&path).expect("creates");
        Rig::change(&path, "create table stock (on_hand integer); insert into stock values (3)");
    })
    .await
    .expect("done");
    scene.clock.set(again);
    let told = scene.message().await;
    assert!(told.contains("six") && told.contains("on_hand\n        3"), "{told}");
    assert_eq!(scene.finish().await, Vec::<String>::new(), "nobody was told of a failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_whose_source_stays_away_goes_out_when_it_has_asked_often_enough() {
    let report = "[reports.daily]\nschedule = \"* * * * *\"\nretries = 1\nnotify = [\"terminal\"]\n\
                  sections = [{ source = \"shop\", sql = \"select * from stock\" }]\n";
    let stage = Stage::new(&(every_minute("enabled = false\n").replace("shop.db", "never.db") + report)).await;
    let mut scene = stage.start(-30);
    scene.reach(0).await;
    let again = scene.clock.sleeper_before(minute(0) + jiff::SignedDuration::from_secs(2)).await;
    scene.clock.set(again);
    let mut both = [scene.message().await, scene.message().await];
    both.sort();
    assert!(
        both[0].starts_with("INCOMPLETE report daily: 1 of 1 section failed; section 1: source `shop`"),
        "{both:?}"
    );
    assert!(both[1].contains("cannot be shown: source `shop`"), "{both:?}");
    assert_eq!(scene.finish().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_are_told_once_that_a_job_is_late_and_once_that_it_runs_again() {
    let mut scene = Loop::start(&every_minute("deadline = \"150s\"\n")).await;
    let claim = claimed(&scene).await;
    for n in 0..3 {
        scene.reach(n).await;
    }
    let late = minute(2) + jiff::SignedDuration::from_secs(30);
    scene.clock.awaited(late).await;
    scene.clock.set(late);
    let told = scene.message().await;
    assert!(told.starts_with("LATE low: nothing came of its slot at 2025-11-20 01:00:00 UTC within 2m 30s"), "{told}");
    scene.reach(3).await;
    scene.clock.awaited(minute(3) + jiff::SignedDuration::from_secs(30)).await;
    scene.clock.set(minute(3) + jiff::SignedDuration::from_secs(30));
    until_skipped(&scene, 4).await;
    scene.clock.awaited(minute(4)).await;
    drop(claim);
    scene.clock.set(minute(4));
    let mut both = [scene.message().await, scene.message().await];
    both.sort();
    assert!(both[0].starts_with("FIRING low"), "{both:?}");
    assert!(both[1].starts_with("RUNS AGAIN low: its run for 2025-11-20 01:04:00 UTC did its work"), "{both:?}");
    assert_eq!(scene.finish().await, Vec::<String>::new(), "nothing is told twice");
}

/// Four alerts hang in one source for as long as the loop lives; one of the other source runs each minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_hangs_delays_nobody_else() {
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as n from n";
    let hanging = |n: usize| {
        format!(
            "[alerts.hangs{n}]\nsource = \"slow\"\nsql = \"{endless}\"\nwhen = \"n > 1\"\nschedule = \"* * * * *\"\n\
             timeout = \"1h\"\n"
        )
    };
    let slow = (0..8).map(hanging).collect::<String>();
    let text = format!("{}[sources.slow]\nurl = \"sqlite:shop.db\"\nmax_concurrent = 2\n{slow}", every_minute(""));
    let mut scene = Loop::start(&text).await;
    for n in 0..4 {
        scene.reach(n).await;
        let message = tokio::time::timeout(Duration::from_secs(20), scene.message()).await.expect("not delayed");
        assert!(message.contains("FIRING low"), "{message}");
    }
    let hung = scene.store.skips(Some("alert hangs7"), None, 9).await.expect("answers");
    assert!(hung.iter().all(|skip| skip.reason == SkipReason::Overlap) && !hung.is_empty(), "{hung:?}");
    scene.ended.abort();
}

#[test]
fn a_job_is_paused_by_name_and_shown_so_everywhere() {
    let rig = Rig::new().catalogue(
        "timezone = \"UTC\"\n[sources.demo]\nurl = \"sqlite::memory:\"\n[alerts.low]\nsource = \"demo\"\nsql = \"select 1 as n\"\n\
         when = \"n > 1\"\nschedule = \"0 * * * *\"\nsplay = \"20m\"\n[alerts.off]\nsource = \"demo\"\nsql = \"select 1 as n\"\n\
         when = \"n > 1\"\nschedule = \"0 * * * *\"\nenabled = false\n",
    );
    insta::assert_snapshot!(rig.run(&["schedule", "--list=1", "--from", "2026-11-20"]), @r#"
    exit 0
    --- stdout
    DUE                             JOB        NOTE
    Fri [TIME] +00:00  alert low  begins 12m 27ms later
    "#);
    insta::assert_snapshot!(rig.run(&["pause", "low", "--for", "2h", "--reason", "moving house"]), @r#"
    exit 0
    --- stdout
    alert low is paused until [TIME] UTC
    "#);
    insta::assert_snapshot!(rig.run(&["schedule", "--list=1", "--from", "2026-11-20"]), @r#"
    exit 0
    --- stdout
    DUE                             JOB        NOTE
    Fri [TIME] +00:00  alert low  paused: no run
    "#);
    insta::assert_snapshot!(rig.run(&["explain", "low"]), @r#"
    exit 0
    --- stdout
    low
      It has not been judged yet.
      It is due again at [TIME] UTC.
      It is paused until [TIME] UTC, since [TIME] UTC, by unknown: moving house.
    "#);
    insta::assert_snapshot!(rig.run(&["resume", "low"]), @r#"
    exit 0
    --- stdout
    alert low runs again, next at [TIME] UTC
    "#);
    insta::assert_snapshot!(rig.run(&["resume", "low"]), @r#"
    exit 0
    --- stdout
    alert low was not paused
    "#);
    insta::assert_snapshot!(rig.run(&["pause", "lwo"]), @r#"
    exit 2
    --- stderr
    error: no job is called `lwo`
      next: did you mean `low`?
    "#);
    insta::assert_snapshot!(rig.run(&["pause", "low"]), @r#"
    exit 0
    --- stdout
    alert low is paused until `rowcall resume low`
    "#);
    insta::assert_snapshot!(rig.run(&["schedule", "--list", "off"]), @r#"
    exit 2
    --- stderr
    error: the schedule of `off` does not count: `enabled` is false
      next: take `enabled = false` out of the catalogue
    "#);
    insta::assert_snapshot!(rig.run(&["list", "alerts"]), @r#"
    exit 0
    --- stdout
    KIND   NAME  DETAIL                           DESCRIPTION
    alert  low   warning, 0 * * * *
    alert  off   warning, 0 * * * *, not enabled
    "#);
}

#[test]
fn keys_of_time_are_checked() {
    let rig = Rig::new().catalogue(
        "[sources.demo]\nurl = \"sqlite::memory:\"\n[alerts.low]\nsource = \"demo\"\nsql = \"select 1 as n\"\nwhen = \"n > 1\"\n\
         schedule = \"0 * * * *\"\noverlap = \"que\"\nsplay = \"2h\"\nretries = 99\ndeadline = \"0s\"\nenabled = \"no\"\n",
    );
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `overlap` cannot be `que`
     --> rowcall.toml:8:11
      |
    8 | overlap = "que"
      |           ^^^^^
      |
      = help: known here: `skip`, `queue`

    error: `splay` must be an hour or less
     --> rowcall.toml:9:1
      |
    9 | splay = "2h"
      | ^^^^^
      |
      = help: it spreads jobs that are due at once; give the job another `schedule` instead

    error: `retries` must be between 0 and 10
      --> rowcall.toml:10:11
       |
    10 | retries = 99
       |           ^^

    error: `deadline` must be longer than nothing
      --> rowcall.toml:11:1
       |
    11 | deadline = "0s"
       | ^^^^^^^^

    error: `enabled` must be `true` or `false`, not a string
      --> rowcall.toml:12:11
       |
    12 | enabled = "no"
       |           ^^^^

    5 mistakes: nothing was connected to
    "#);
}
