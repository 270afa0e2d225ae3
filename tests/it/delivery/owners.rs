//! Stories of the owners of a channel: who hears on other channels that it does not work, and that it does again.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use rowcall::clock::Clock;
use rowcall::message::Kind;
use rowcall::scheduler::{Ended, Scheduler};
use rowcall::store::Pick;
use tokio_util::sync::CancellationToken;

use super::{Stage, alerts, second};
use crate::fakes::crowd::{Crowd, Tally};
use crate::fakes::http::{Answer, HttpFake};
use crate::rig::Rig;

const TEAM: &str = r#"
timezone = "UTC"
[state]
url = "sqlite:state.db"
[sources.shop]
url = "sqlite:shop.db"
[channels.care]
type = "stdout"
[alerts.low]
source = "shop"
sql = "select on_hand from stock"
when = "on_hand < 5"
notify = ["team"]
"#;

#[test]
fn the_owners_of_a_channel_are_told_once_that_it_does_not_work_and_once_that_it_does() {
    let refused = || Answer::plain(200, r#"{"ok":false,"error":"invalid_auth"}"#);
    let posted = Answer::plain(200, r#"{"ok":true,"channel":"C1","ts":"1700000000.000100"}"#);
    let fake = HttpFake::start([refused(), refused(), refused(), posted]);
    let rig = Rig::new().catalogue(&format!("{TEAM}{}owners = [\"care\"]\n", fake.slack_bot("team")));
    rig.sqlite("shop.db", "create table stock (on_hand integer); insert into stock values (3)");
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 4
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   on_hand = 3: on_hand < 5

    CHANNEL DOWN team: Slack answered `invalid_auth`; check `token`
      since      [TIME] UTC
      waiting    1 message
      next step  rowcall doctor team

      more: rowcall outbox list

    --- stderr
    not delivered: alert `low` to channel `team`: Slack answered `invalid_auth`; check `token`
      next: it waits and goes out with the next run
    "#);
    let retry = || rig.run(&["outbox", "retry", "--channel", "team"]).exits(0);
    for probe in 2..=3 {
        retry();
        let still = rig.run(&["check", "--notify"]).exits(4);
        assert_eq!((still.stdout.contains("CHANNEL"), fake.requests().len()), (false, probe), "{still}");
    }
    retry();
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   on_hand = 3: on_hand < 5
    CHANNEL UP team: it works again; what waited for it goes out now
      since  [TIME] UTC
      until  [TIME] UTC

      more: rowcall outbox list
    "#);
    let quiet = rig.run(&["check", "--notify"]).exits(1);
    assert!(!quiet.stdout.contains("CHANNEL"), "{quiet}");
}

/// Two channels that own each other, both broken: each tells of the other once, and both are left alone.
#[tokio::test]
async fn channels_that_own_each_other_tell_of_each_other_once() {
    let gone = || HttpFake::start_as(|_| Answer::plain(410, ""), []);
    let (ops, other) = (gone(), gone());
    let stage = Stage::new(&format!(
        "[channels.ops]\ntype = \"webhook\"\nurl = \"{}\"\nowners = [\"other\"]\n\
         [channels.other]\ntype = \"webhook\"\nurl = \"{}\"\nowners = [\"ops\"]\n",
        ops.url("/ops"),
        other.url("/other"),
    ))
    .await;
    stage.post(&alerts(1, Kind::Firing)).await;
    for probe in 1..=3 {
        stage.send().await;
        let waiting = Pick { waiting: true, ..Pick::default() };
        let letters = stage.store.outbox(&waiting).await.expect("answers");
        let heads: Vec<String> =
            letters.iter().map(|it| format!("{}: {} {}", it.channel, it.message.head(), it.attempts)).collect();
        let expected = [
            format!("ops: FIRING a0000 {probe}"),
            format!("other: CHANNEL DOWN ops {probe}"),
            "ops: CHANNEL DOWN other 0".to_owned(),
        ];
        assert_eq!(heads, expected, "probe {probe}");
        assert_eq!((ops.requests().len(), other.requests().len()), (probe, probe));
        stage.clock.set(stage.clock.now() + SignedDuration::from_secs(700));
    }
}

/// The clock stands still: nobody looks into the outbox again by himself.
#[tokio::test(flavor = "multi_thread")]
async fn the_loop_tells_the_owners_at_once() {
    let dead = HttpFake::start_as(|_| Answer::plain(410, ""), []);
    let tally = Arc::<Tally>::default();
    let alive = Crowd::start(|_| (200, "ok".into()), &tally);
    let stage = Stage::new(&format!(
        "[sources.shop]\nurl = \"sqlite:shop.db\"\n\
         [alerts.low]\nsource = \"shop\"\nsql = \"select on_hand from stock\"\nwhen = \"on_hand < 5\"\nschedule = \"* * * * *\"\n\
         notify = [\"dead\"]\n\
         [channels.dead]\ntype = \"webhook\"\nurl = \"{}\"\nowners = [\"alive\"]\n\
         [channels.alive]\ntype = \"webhook\"\nurl = \"{}\"\n",
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
    clock.awaited(second(0)).await;
    clock.set(second(0));
    let waiting = Arc::clone(&tally);
    let arrived = tokio::task::spawn_blocking(move || waiting.wait(1, || false));
    tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("in time").expect("waits");
    let posts = alive.posts();
    assert!(posts.len() == 1 && posts[0].body.contains("CHANNEL DOWN dead"), "{posts:?}");
    stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(20), ended).await.expect("in time").expect("ends");
    assert_eq!(ended, Ended::Clean);
}
