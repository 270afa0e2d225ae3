//! Stories of `rowcall outbox`, and of what a run leaves behind that could not deliver.

use crate::fakes::http::{Answer, HttpFake};
use crate::rig::Rig;

const SHOP: &str = r#"
[state]
url = "sqlite:state.db"
[sources.shop]
url = "sqlite:shop.db"
[defaults]
notify = ["ops"]
[channels.ops]
type = "slack"
webhook = "${HOOK}"
[alerts.low]
source = "shop"
sql = "select sku, on_hand from stock order by sku"
when = "on_hand < 5"
[alerts.none]
source = "shop"
sql = "select count(*) as n from stock"
when = "n < 2"
severity = "critical"
"#;

fn shop(fake: &HttpFake) -> Rig {
    let rig = Rig::new().env("USER", "kim").secret("HOOK", &fake.url("/services/T0/B0/S3CR3T-canary")).catalogue(SHOP);
    rig.sqlite("shop.db", "create table stock (sku text, on_hand integer); insert into stock values ('A', 3)");
    rig
}

fn no_service() -> Answer {
    Answer::plain(404, "no_service")
}

#[test]
fn a_broken_channel_keeps_its_messages_and_is_tried_with_one() {
    let fake = HttpFake::start([no_service(), no_service()]);
    let rig = shop(&fake);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 4
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   on_hand = 3: on_hand < 5
    none   firing  critical  n = 1: n < 2

    --- stderr
    not delivered: alert `low` to channel `ops`: Slack answered 404 `no_service`; make a new incoming webhook and set `webhook` to it
      next: it waits and goes out with the next run
    not delivered: 1 message waits for channel `ops`, which does not work: Slack answered 404 `no_service`; make a new incoming webhook and set `webhook` to it
      next: `rowcall outbox list` shows what waits; it goes out with a later run
    "#);
    assert_eq!(fake.requests().len(), 1, "one message finds out for all");
    insta::assert_snapshot!(rig.run(&["outbox", "list"]), @r#"
    exit 0
    --- stdout
    ID  CHANNEL  ABOUT  NEWS    AGE  TRIED  NEXT                     PROBLEM
    1   ops      low    FIRING  <1m  1      [TIME] UTC  Slack answered 404 `no_service`; make a new incoming webhook and set `webhook` to it
    2   ops      none   FIRING  <1m  0      [TIME] UTC

    channel `ops` does not work since [TIME] UTC: Slack answered 404 `no_service`; make a new incoming webhook and set `webhook` to it
      2 messages wait; one is tried at [TIME] UTC
      next: mend it, then `rowcall outbox retry --channel ops`
    "#);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 4
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   on_hand = 3: on_hand < 5
    none   firing  critical  n = 1: n < 2
    --- stderr
    not delivered: 2 messages wait for channel `ops`, which does not work: Slack answered 404 `no_service`; make a new incoming webhook and set `webhook` to it
      next: `rowcall outbox list` shows what waits; it goes out with a later run
    "#);
    assert_eq!(fake.requests().len(), 1, "it is left alone for a while");

    insta::assert_snapshot!(rig.run(&["outbox", "retry", "--channel", "ops"]), @r#"
    exit 0
    --- stdout
    2 messages are due now; a running schedule sends them, or the next run
    "#);
    rig.run(&["check", "--notify"]).exits(4);
    assert_eq!(fake.requests().len(), 2, "again one for all");
    rig.run(&["outbox", "retry", "--all"]).exits(0);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   on_hand = 3: on_hand < 5
    none   firing  critical  n = 1: n < 2
    "#);
    assert_eq!(fake.requests().len(), 4, "and all of them when it works");
    insta::assert_snapshot!(rig.run(&["outbox", "list"]), @r#"
    exit 0
    "#);
    insta::assert_snapshot!(rig.run(&["outbox", "retry", "--all"]), @r#"
    exit 0
    --- stdout
    nothing waits and nothing was given up
    "#);
}

#[test]
fn what_nobody_wants_is_dropped_and_history_knows() {
    let fake = HttpFake::start([no_service()]);
    let rig = shop(&fake);
    rig.run(&["check", "--notify"]).exits(4);
    insta::assert_snapshot!(rig.run(&["outbox", "drop", "1", "7"]), @r#"
    exit 2
    --- stderr
    error: no message `7` waits or was given up
      next: `rowcall outbox list` shows those that do
    "#);
    insta::assert_snapshot!(rig.run(&["outbox", "drop", "1"]), @r#"
    exit 0
    --- stdout
    dropped 1, to channel `ops`: FIRING low: on_hand = 3: on_hand < 5
    "#);
    insta::assert_snapshot!(rig.run(&["outbox", "drop"]), @r#"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      <ID|--channel <CHANNEL>|--dead>

    Usage: rowcall outbox drop <ID|--channel <CHANNEL>|--dead>

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(rig.run(&["outbox", "drop", "--channel", "ops"]), @r#"
    exit 0
    --- stdout
    dropped 2, to channel `ops`: FIRING none: n = 1: n < 2
    "#);
    insta::assert_snapshot!(rig.run(&["outbox", "drop", "--dead"]), @r#"
    exit 0
    --- stdout
    nothing waits and nothing was given up
    "#);
    assert!(rig.run(&["history", "low"]).stdout.contains("ops: began (dropped)"));
    insta::assert_snapshot!(rig.run(&["outbox", "list", "--channel", "opps"]), @r#"
    exit 2
    --- stderr
    error: no channel is called `opps`
      next: did you mean `ops`?
    "#);
}

#[test]
fn what_was_refused_for_what_it_is_is_given_up() {
    let refused = || Answer::plain(400, "invalid_payload");
    let fake = HttpFake::start([refused(), refused(), refused()]);
    let rig = shop(&fake);
    insta::assert_snapshot!(rig.run(&["check", "low", "--notify"]), @r#"
    exit 4
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   on_hand = 3: on_hand < 5

    --- stderr
    not delivered: alert `low` to channel `ops`: Slack refused the message with `invalid_payload`, then with `invalid_payload`, then with `invalid_payload`
      next: it will not be sent again
    "#);
    insta::assert_snapshot!(rig.run(&["outbox", "list", "--dead"]), @r#"
    exit 0
    --- stdout
    ID  CHANNEL  ABOUT  NEWS    AGE  TRIED  NEXT      PROBLEM
    1   ops      low    FIRING  <1m  1      given up  Slack refused the message with `invalid_payload`, then with `invalid_payload`, then with `invalid_payload`
    "#);
    insta::assert_snapshot!(rig.run(&["check", "low", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   on_hand = 3: on_hand < 5
    "#);
    rig.run(&["outbox", "retry", "1"]).exits(0);
    rig.run(&["check", "low", "--notify"]).exits(1);
    assert!(rig.run(&["history", "low"]).stdout.contains("ops: began (delivered)"));
}

#[test]
fn a_program_reads_the_outbox() {
    let fake = HttpFake::start([no_service()]);
    let rig = shop(&fake);
    rig.run(&["check", "--notify"]).exits(4);
    let ran = rig.run(&["outbox", "list", "--json"]).exits(0);
    let mut json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let varying = ["id", "created", "expires", "next_attempt", "oldest", "since", "until"];
    let parts = [&["messages", "0"][..], &["messages", "1"], &["channels", "0"], &["channels", "0", "trouble"]];
    for part in parts {
        let pointer = format!("/{}", part.join("/"));
        let object = json.pointer_mut(&pointer).and_then(serde_json::Value::as_object_mut).expect("an object");
        for (key, value) in
            object.iter_mut().filter(|(key, value)| varying.contains(&key.as_str()) && value.is_string())
        {
            *value = format!("[{key}]").into();
        }
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).expect("JSON"), @r#"
    {
      "schema": 1,
      "messages": [
        {
          "number": 1,
          "id": "[id]",
          "channel": "ops",
          "about": "low",
          "kind": "firing",
          "severity": "warning",
          "headline": "FIRING low: on_hand = 3: on_hand < 5",
          "state": "waiting",
          "created": "[created]",
          "expires": "[expires]",
          "attempts": 1,
          "next_attempt": "[next_attempt]",
          "may_repeat": false,
          "problem": "Slack answered 404 `no_service`; make a new incoming webhook and set `webhook` to it"
        },
        {
          "number": 2,
          "id": "[id]",
          "channel": "ops",
          "about": "none",
          "kind": "firing",
          "severity": "critical",
          "headline": "FIRING none: n = 1: n < 2",
          "state": "waiting",
          "created": "[created]",
          "expires": "[expires]",
          "attempts": 0,
          "next_attempt": "[next_attempt]",
          "may_repeat": false,
          "problem": null
        }
      ],
      "channels": [
        {
          "name": "ops",
          "waiting": 2,
          "dead": 0,
          "oldest": "[oldest]",
          "trouble": {
            "since": "[since]",
            "until": "[until]",
            "broken": true,
            "problem": "Slack answered 404 `no_service`; make a new incoming webhook and set `webhook` to it"
          }
        }
      ]
    }
    "#);
}

#[test]
fn a_run_waits_for_another_that_is_sending_and_then_sends_its_own() {
    let fake = HttpFake::start([]);
    let rig = shop(&fake);
    let held = std::fs::create_dir_all(rig.path().join("state.db.locks"))
        .and_then(|()| std::fs::File::create(rig.path().join("state.db.locks/channel.ops")))
        .expect("a lock file");
    held.lock().expect("ours");
    let mut child =
        rig.command(&["check", "low", "--notify"]).stdout(std::process::Stdio::piped()).spawn().expect("starts");
    // It has judged and recorded when it says so; then it waits.
    let mut line = String::new();
    let stdout = child.stdout.take().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("reads");
    assert!(line.starts_with("ALERT") || line.contains("low"), "{line}");
    assert!(fake.requests().is_empty());
    drop(held);
    assert_eq!(child.wait().expect("ends").code(), Some(1));
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn the_numbers_of_messages_are_completed() {
    let fake = HttpFake::start([no_service()]);
    let rig = shop(&fake);
    rig.run(&["check", "low", "--notify"]).exits(4);
    let shown = rig
        .command(&["--", "rowcall", "outbox", "retry", ""])
        .env("COMPLETE", "fish")
        .output()
        .expect("the program starts");
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.contains("1\tFIRING low: on_hand = 3: on_hand < 5 to ops"), "{shown}");
}

/// A report beside the alerts, which waits for what nobody takes.
const WEEKLY: &str = r#"
[reports.weekly]
title = "Weekly"
[[reports.weekly.sections]]
source = "shop"
sql = "select sku from stock"
"#;

/// Of each message that waits or was given up: what it is about, how many hours it was wanted for, and its state.
fn wanted(rig: &Rig) -> Vec<(String, i64, String)> {
    let ran = rig.run(&["outbox", "list", "--json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let instant = |value: &serde_json::Value| value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let wanted = |message: &serde_json::Value| {
        let word = |key: &str| message[key].as_str().expect("a word").to_owned();
        let length =
            instant(&message["expires"]).expect("an instant") - instant(&message["created"]).expect("an instant");
        (word("about"), length.total(jiff::Unit::Hour).expect("hours").round() as i64, word("state"))
    };
    json["messages"].as_array().expect("a list").iter().map(wanted).collect()
}

fn row(about: &str, hours: i64, state: &str) -> (String, i64, String) {
    (about.to_owned(), hours, state.to_owned())
}

#[test]
fn what_nobody_took_in_time_is_given_up_and_listed() {
    let fake = HttpFake::start((0..99).map(|_| Answer::plain(503, "")));
    let own = SHOP.replace("severity = \"critical\"", "severity = \"critical\"\nretry_for = \"90m\"");
    let rig = shop(&fake).catalogue(&(own + WEEKLY));
    rig.run(&["check", "--notify"]).exits(4);
    rig.run(&["report", "weekly", "--send"]).exits(4);
    let waiting = |about, hours| row(about, hours, "waiting");
    assert_eq!(wanted(&rig), [waiting("low", 24), waiting("none", 2), waiting("weekly", 6)], "rounded to the hour");
    let later = |hours: i64| {
        let by = hours * 3600 * 1_000_000;
        let sql =
            "update outbox set created = created - {by}, expires = expires - {by}, next_attempt = next_attempt - {by};
             delete from troubles";
        rig.sqlite("state.db", &sql.replace("{by}", &by.to_string()));
        rig.run(&["check", "none", "--notify"])
    };
    insta::assert_snapshot!(later(7), @r#"
    exit 4
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    none   firing  critical  n = 1: n < 2
    --- stderr
    not delivered: alert `none` to channel `ops`: nobody wants it any more: it waited too long; the last time: Slack answered 503 and nothing else
      next: it will not be sent again
    not delivered: report `weekly` to channel `ops`: nobody wants it any more: it waited too long; the last time: Slack answered 503 and nothing else
      next: it will not be sent again
    not delivered: alert `low` to channel `ops`: Slack answered 503 and nothing else
      next: it waits and goes out with the next run
    "#);
    assert_eq!(wanted(&rig), [row("low", 24, "waiting"), row("none", 2, "dead"), row("weekly", 6, "dead")]);
    later(18).exits(4);
    assert_eq!(wanted(&rig), [row("low", 24, "dead"), row("none", 2, "dead"), row("weekly", 6, "dead")]);
    insta::assert_snapshot!(rig.run(&["outbox", "list"]), @r#"
    exit 0
    --- stdout
    ID  CHANNEL  ABOUT   NEWS    AGE  TRIED  NEXT      PROBLEM
    1   ops      low     FIRING  25h  2      given up  nobody wants it any more: it waited too long; the last time: Slack answered 503 and nothing else
    2   ops      none    FIRING  25h  1      given up  nobody wants it any more: it waited too long; the last time: Slack answered 503 and nothing else
    3   ops      weekly  REPORT  25h  1      given up  nobody wants it any more: it waited too long; the last time: Slack answered 503 and nothing else
    "#);
    assert!(rig.run(&["doctor"]).stdout.contains("3 messages"), "{}", rig.run(&["doctor"]));
}
