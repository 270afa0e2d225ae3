//! Stories of `rowcall explain` and `rowcall history`.

use crate::rig::{Rig, without_lengths};

const SHOP: &str = r#"
timezone = "UTC"
[state]
url = "sqlite:state.db"
[sources.shop]
url = "sqlite:shop.db"
[channels.terminal]
type = "stdout"
[channels.ops]
type = "slack"
webhook = "http://127.0.0.1:1/hook"
[alerts.low]
source = "shop"
sql = "select sku, on_hand from stock order by sku"
when = "on_hand < 5"
schedule = "*/10 * * * *"
notify = ["terminal", "ops"]
owners = ["terminal"]
"#;

fn shop() -> Rig {
    let rig = Rig::new().env("USER", "kim").catalogue(SHOP);
    rig.sqlite(
        "shop.db",
        "create table stock (sku text, on_hand integer); insert into stock values ('A', 3), ('B', 40)",
    );
    rig
}

/// The explanation without the channel whose attempts depend on the hour.
fn of_terminal(rig: &Rig) -> String {
    let ran = rig.run(&["explain", "low"]).exits(0);
    ran.stdout.split("\nops\n").next().expect("a part").to_owned()
}

#[test]
fn an_alert_is_explained_from_its_first_run_to_its_end() {
    let rig = shop();
    insta::assert_snapshot!(rig.run(&["explain", "low"]), @r#"
    exit 0
    --- stdout
    low
      It has not been judged yet.
      It is due again at [TIME] UTC.

    terminal
      It is told when the rule holds.

    ops
      It is told when the rule holds.
    "#);
    rig.run(&["check", "--notify"]).exits(4);
    insta::assert_snapshot!(rig.run(&["explain", "low"]), @r#"
    exit 0
    --- stdout
    low
      It was last judged at [TIME] UTC: firing: 1 of 2 rows: on_hand < 5.
      It is due again at [TIME] UTC.

    terminal
      The last run told that an incident began.
      It was last told at [TIME] UTC that it fires.
      The message `FIRING` of [TIME] UTC was delivered at [TIME] UTC.
      If nothing changes, it is told at [TIME] UTC.

    ops
      The last run told that an incident began.
      It was last told at [TIME] UTC that it fires.
      The message `FIRING` of [TIME] UTC waits, tried once: no answer from `127.0.0.1`: Connection refused (os error 111); again at [TIME] UTC.
      If nothing changes, it is told at [TIME] UTC.
    "#);
    rig.run(&["silence", "low", "--for", "2h", "--reason", "stocktaking"]).exits(0);
    rig.sqlite("shop.db", "update stock set on_hand = 10");
    rig.run(&["check", "--notify"]);
    insta::assert_snapshot!(of_terminal(&rig), @r#"
    low
      It was last judged at [TIME] UTC: ok: none of 2 rows.
      It is due again at [TIME] UTC.

    terminal
      The last run held back what it had to tell: silenced until [TIME] UTC.
      It was last told at [TIME] UTC that it fires.
      The message `FIRING` of [TIME] UTC was delivered at [TIME] UTC.
      If nothing changes, it is told at [TIME] UTC.
    "#);
    rig.run(&["unsilence", "low"]).exits(0);
    rig.run(&["check", "--notify"]);
    rig.sqlite("shop.db", "alter table stock rename to hidden");
    rig.run(&["check", "--notify"]).exits(3);
    insta::assert_snapshot!(of_terminal(&rig), @r#"
    low
      At [TIME] UTC it could not be judged: source `shop`: no such table: stock.
      It is due again at [TIME] UTC.

    terminal
      The last run had nothing to tell: nothing fires, and nothing is owed.
      The last run told that the alert cannot be judged.
      It was last told at [TIME] UTC that it is over.
      The message `CANNOT JUDGE` of [TIME] UTC was delivered at [TIME] UTC.
      It is told when the rule holds.
    "#);
}

#[test]
fn runs_are_kept_with_what_they_found_and_whom_they_told() {
    let rig = shop();
    rig.run(&["check", "--notify"]);
    rig.run(&["check", "--notify"]);
    rig.sqlite("shop.db", "alter table stock rename to hidden");
    rig.run(&["check", "--notify"]).exits(3);
    insta::assert_snapshot!(without_lengths(&rig.run(&["history"]).exits(0).stdout), @r#"
    AT | JOB | STATE | TOOK | ROWS | WHY | TOLD
    [TIME] UTC | low | firing | [TOOK] | 2 | 1 of 2 rows: on_hand < 5 | terminal: began (delivered), ops: began (waiting)
    [TIME] UTC | low | firing | [TOOK] | 2 | 1 of 2 rows: on_hand < 5 | terminal: repeat_not_due, ops: repeat_not_due
    [TIME] UTC | low | error | [TOOK] | source `shop`: no such table: stock | terminal: repeat_not_due, ops: repeat_not_due, terminal: broke (delivered)
    "#);
    let states = |arguments: &[&str]| {
        let ran = rig.run(&[&["history"], arguments].concat()).exits(0);
        ran.stdout.lines().skip(1).map(|line| line.split_whitespace().nth(3).expect("a state").to_owned()).collect()
    };
    let all: Vec<String> = states(&["low"]);
    assert_eq!(all, ["firing", "firing", "error"]);
    let (failed, fired, newest): (Vec<String>, Vec<String>, Vec<String>) =
        (states(&["--state", "error"]), states(&["--state", "firing", "--since", "1h"]), states(&["--limit", "1"]));
    assert_eq!((failed.len(), fired.len(), newest), (1, 2, vec!["error".to_owned()]));
    insta::assert_snapshot!(rig.run(&["history", "lwo"]), @r#"
    exit 2
    --- stderr
    error: no job is called `lwo`
      next: did you mean `low`?
    "#);
}

#[test]
fn the_json_of_a_run_has_a_frozen_shape() {
    let rig = shop();
    rig.run(&["check", "--notify"]).exits(4);
    let history: serde_json::Value =
        serde_json::from_str(&rig.run(&["history", "--json"]).exits(0).stdout).expect("JSON");
    let mut run = history["runs"][0].clone();
    assert_eq!(history["schema"], 1);
    for moving in ["started", "duration_ms"] {
        assert!(!run[moving].is_null());
        run[moving] = "[MOVES]".into();
    }
    for decision in run["decisions"].as_array_mut().expect("a list") {
        decision["message"]["at"] = "[MOVES]".into();
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&run).expect("JSON"), @r#"
    {
      "alert": "low",
      "job": "alert low",
      "slot": null,
      "started": "[MOVES]",
      "duration_ms": "[MOVES]",
      "state": "firing",
      "incidents": "firing",
      "health": "healthy",
      "rows": 2,
      "note": "1 of 2 rows: on_hand < 5",
      "values": [
        {
          "key": [],
          "values": [
            [
              "on_hand",
              "3"
            ]
          ]
        }
      ],
      "decisions": [
        {
          "channel": "terminal",
          "about": "incident",
          "reason": "began",
          "until": null,
          "by": null,
          "key": null,
          "instances": 1,
          "message": {
            "state": "delivered",
            "at": "[MOVES]",
            "attempts": 1,
            "problem": null
          }
        },
        {
          "channel": "ops",
          "about": "incident",
          "reason": "began",
          "until": null,
          "by": null,
          "key": null,
          "instances": 1,
          "message": {
            "state": "waiting",
            "at": "[MOVES]",
            "attempts": 1,
            "problem": "no answer from `127.0.0.1`: Connection refused (os error 111)"
          }
        }
      ]
    }
    "#);
    let explained: serde_json::Value =
        serde_json::from_str(&rig.run(&["explain", "low", "--json"]).exits(0).stdout).expect("JSON");
    let keys: Vec<&String> = explained.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["schema", "alert", "job", "sentences", "due", "last_run", "channels"]);
    assert_eq!(explained["last_run"]["decisions"], history["runs"][0]["decisions"]);
    assert!(explained["channels"][0]["next"].is_string(), "{explained:#}");
}

#[test]
fn history_is_kept_for_a_day_at_least() {
    let rig = Rig::new().catalogue(&SHOP.replace("state.db\"", "state.db\"\nkeep = \"23h\""));
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `keep` must be a day or more
     --> rowcall.toml:5:1
      |
    5 | keep = "23h"
      | ^^^^
      |
      = help: a slot that was forgotten could be run again

    1 mistake: nothing was connected to
    "#);
}

#[test]
fn one_channel_alone_is_explained_when_it_is_named() {
    let rig = shop();
    let ran = rig.run(&["explain", "low", "--channel", "ops"]).exits(0);
    assert!(ran.stdout.contains("\nops\n") && !ran.stdout.contains("terminal"), "{ran}");
    let all = rig.run(&["explain", "low"]).exits(0);
    assert!(all.stdout.contains("\nops\n") && all.stdout.contains("\nterminal\n"), "{all}");
    insta::assert_snapshot!(rig.run(&["explain", "low", "--channel", "opps"]), @r#"
    exit 2
    --- stderr
    error: no channel of this alert is called `opps`
      next: did you mean `ops`?
    "#);
}
