//! Stories of `rowcall test`.

use crate::rig::Rig;

const CATALOGUE: &str = r#"timezone = "Asia/Seoul"
[sources.shop]
url = "postgres://nobody@127.0.0.1:1/none"
[channels.one]
type = "stdout"
[channels.two]
type = "stdout"
[defaults]
notify = ["one", "two"]

[alerts.low]
source = "shop"
sql = "select sku, on_hand, price, seen from stock"
when = "on_hand < 5"
key = ["sku"]
repeat = "1h"

[alerts.old]
source = "shop"
sql = "select max(at) as newest from events"
when = "age(newest) > interval '1 day'"
tags = ["age"]

[alerts.drop]
source = "shop"
sql = "select total from revenue"
when = "sum(total) < 0.5 * previous(sum(total))"
"#;

fn rig(tests: &str) -> Rig {
    Rig::new().catalogue(CATALOGUE).file("rowcall.test.toml", tests)
}

#[test]
fn alerts_are_judged_under_a_clock_of_their_own_and_nobody_is_connected_to() {
    let rig = rig(r#"
        [[tests]]
        alert = "low"
        name = "two channels hear it once each, again after an hour, and of the end"
        steps = [
            { at = "2026-11-20 10:00", rows = [{ sku = "A", on_hand = 3 }, { sku = "B", on_hand = 40 }],
              states = { A = "firing", B = "ok" }, messages = ["FIRING low: sku = A: on_hand < 5"] },
            { after = "59m", rows = [{ sku = "A", on_hand = 3 }], messages = [] },
            { after = "1m", rows = [{ sku = "A", on_hand = 3 }], messages = ["STILL FIRING low: …"] },
            { at = "2026-11-21T00:00:00Z", rows = [], states = { A = "ok" }, messages = "RESOLVED low: sku = A" },
        ]

        [[tests]]
        alert = "old"
        [[tests.steps]]
        at = 2026-11-20 10:00:00
        rows = [{ newest = 2026-11-19T01:00:00Z }]    # as old as ten o'clock in Seoul, a day before
        state = "ok"
        [[tests.steps]]
        after = "1s"
        rows = [{ newest = 2026-11-19T01:00:00Z }]
        state = "firing"
        [[tests.steps]]
        after = "1s"
        rows = [{}]
        health = "no_data"
        state = "firing"

        [[tests]]
        alert = "drop"
        name = "decimals are exact, and the last run is remembered"
        [[tests.steps]]
        at = "2026-11-20"
        rows = [{ total = 0.1 }, { total = 0.2 }]
        state = "ok"
        [[tests.steps]]
        after = "1 day"
        rows = [{ total = 0.15 }]    # not less than half of 0.3
        state = "ok"
        [[tests.steps]]
        after = "1 day"
        rows = [{ total = 0.07499999999999999999 }]
        state = "firing"
        messages = "FIRING drop: sum(total) = 0.07499999999999999999, previous(sum(total)) = 0.15: …"
        "#);
    insta::assert_snapshot!(rig.run(&["test"]), @r#"
    exit 0
    --- stdout
    TEST                                                                 ALERT  STEPS  RESULT
    two channels hear it once each, again after an hour, and of the end  low    4      passed
    old                                                                  old    3      passed
    decimals are exact, and the last run is remembered                   drop   3      passed
    "#);
    assert!(!rig.path().join(".rowcall").exists());
}

#[test]
fn a_difference_is_shown_with_the_line_of_its_step() {
    let rig = rig(r#"[[tests]]
alert = "low"
name = "wrong in every way"
[[tests.steps]]
at = "2026-11-20 10:00"
rows = [{ sku = "A", on_hand = 3 }, { sku = "B", on_hand = 4 }]
state = "pending"
states = { A = "firing", B = "ok", C = "firing" }
health = "no_data"
messages = ["FIRING low: …", "STILL FIRING low: sku = A"]
[[tests.steps]]
after = "1m"
error = "relation \"stock\" does not exist"
health = "error"
messages = []
"#);
    insta::assert_snapshot!(rig.run(&["test"]), @r#"
    exit 1
    --- stdout
    TEST                ALERT  STEPS  RESULT
    wrong in every way  low    2      failed

    rowcall.test.toml:4: wrong in every way, step 1 at [TIME] KST
      state (- expected, + got)
        - pending
        + firing
      states.B (- expected, + got)
        - ok
        + firing
      states.C (- expected, + got)
        - firing
        + ok
      health (- expected, + got)
        - no_data
        + healthy
      messages (- expected, + got)
          FIRING low: 2 instances (sku = A; sku = B): on_hand < 5
        - STILL FIRING low: sku = A
      because: 2 instances (sku = A; sku = B): on_hand < 5
    rowcall.test.toml:11: wrong in every way, step 2 at [TIME] KST
      messages (- expected, + got)
        + CANNOT JUDGE low: source `shop`: relation "stock" does not exist
      because: source `shop`: relation "stock" does not exist
    "#);
    insta::assert_snapshot!(rig.run(&["test", "--format", "junit"]), @r#"
    exit 1
    --- stdout
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="rowcall" tests="1" failures="1" errors="0" time="0.000">
      <testsuite name="rowcall test" tests="1" failures="1" errors="0" skipped="0" time="0.000">
        <testcase classname="rowcall test" name="low: wrong in every way" file="rowcall.test.toml" line="1" time="0.000">
          <failure type="mismatch" message="step 1 at [TIME] KST: state, states.B, states.C, health, messages">rowcall.test.toml:4: wrong in every way, step 1 at [TIME] KST
      state (- expected, + got)
        - pending
        + firing
      states.B (- expected, + got)
        - ok
        + firing
      states.C (- expected, + got)
        - firing
        + ok
      health (- expected, + got)
        - no_data
        + healthy
      messages (- expected, + got)
          FIRING low: 2 instances (sku = A; sku = B): on_hand &lt; 5
        - STILL FIRING low: sku = A
      because: 2 instances (sku = A; sku = B): on_hand &lt; 5
    rowcall.test.toml:11: wrong in every way, step 2 at [TIME] KST
      messages (- expected, + got)
        + CANNOT JUDGE low: source `shop`: relation &quot;stock&quot; does not exist
      because: source `shop`: relation &quot;stock&quot; does not exist
    </failure>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
    insta::assert_snapshot!(rig.run(&["test", "--format", "json"]), @r#"
    exit 1
    --- stdout
    {
      "schema": 1,
      "tests": [
        {
          "name": "wrong in every way",
          "alert": "low",
          "file": "rowcall.test.toml",
          "line": 1,
          "passed": false,
          "steps": [
            {
              "at": "[TIME] KST",
              "line": 4,
              "state": "firing",
              "states": {
                "A": "firing",
                "B": "firing"
              },
              "health": "healthy",
              "why": "2 instances (sku = A; sku = B): on_hand < 5",
              "messages": [
                "FIRING low: 2 instances (sku = A; sku = B): on_hand < 5"
              ],
              "mismatches": [
                {
                  "what": "state",
                  "expected": [
                    "pending"
                  ],
                  "got": [
                    "firing"
                  ]
                },
                {
                  "what": "states.B",
                  "expected": [
                    "ok"
                  ],
                  "got": [
                    "firing"
                  ]
                },
                {
                  "what": "states.C",
                  "expected": [
                    "firing"
                  ],
                  "got": [
                    "ok"
                  ]
                },
                {
                  "what": "health",
                  "expected": [
                    "no_data"
                  ],
                  "got": [
                    "healthy"
                  ]
                },
                {
                  "what": "messages",
                  "expected": [
                    "FIRING low: …",
                    "STILL FIRING low: sku = A"
                  ],
                  "got": [
                    "FIRING low: 2 instances (sku = A; sku = B): on_hand < 5"
                  ]
                }
              ]
            },
            {
              "at": "[TIME] KST",
              "line": 11,
              "state": "firing",
              "states": {
                "A": "firing",
                "B": "firing"
              },
              "health": "error",
              "why": "source `shop`: relation \"stock\" does not exist",
              "messages": [
                "CANNOT JUDGE low: source `shop`: relation \"stock\" does not exist"
              ],
              "mismatches": [
                {
                  "what": "messages",
                  "expected": [],
                  "got": [
                    "CANNOT JUDGE low: source `shop`: relation \"stock\" does not exist"
                  ]
                }
              ]
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn every_mistake_of_a_file_of_tests_is_reported_at_once() {
    let rig = rig(r#"[[test]]
[[tests]]
alert = "lwo"
nme = "x"
[[tests.steps]]
rows = 5
[[tests]]
alert = "low"
columns = ["sku", "on_hand"]
[[tests.steps]]
rows = [{ sku = "A", onhand = 3 }]
[[tests.steps]]
at = "noon"
error = "x"
rows = []
[[tests.steps]]
at = "2026-11-20 10:00"
rows = [{ sku = ["A"], on_hand = 9223372036854775808 }]
state = "fireing"
states = { A = "wrong" }
[[tests.steps]]
at = "2026-11-20 09:00"
after = "5"
[[tests]]
alert = "low"
"#);
    insta::assert_snapshot!(rig.run(&["test"]), @r#"
    exit 2
    --- stderr
    error: unknown key `test` at the top
     --> rowcall.test.toml:1:3
      |
    1 | [[test]]
      |   ^^^^
      |
      = help: did you mean `tests`?

    error: no alert is called `lwo`
     --> rowcall.test.toml:3:9
      |
    3 | alert = "lwo"
      |         ^^^^^
      |
      = help: did you mean `low`?

    error: unknown key `nme` in `tests`
     --> rowcall.test.toml:4:1
      |
    4 | nme = "x"
      | ^^^
      |
      = help: did you mean `name`?

    error: the first step has no `at`
     --> rowcall.test.toml:5:1
      |
    5 | [[tests.steps]]
      | ^^^^^^^^^^^^^^^
      |
      = help: write it like `at = "2026-11-20 10:00"`, in the zone of the alert

    error: `rows` must be a list of tables, not an integer
     --> rowcall.test.toml:6:8
      |
    6 | rows = 5
      |        ^

    error: the first step has no `at`
      --> rowcall.test.toml:10:1
       |
    10 | [[tests.steps]]
       | ^^^^^^^^^^^^^^^
       |
       = help: write it like `at = "2026-11-20 10:00"`, in the zone of the alert

    error: `columns` has no `onhand`
      --> rowcall.test.toml:11:22
       |
    11 | rows = [{ sku = "A", onhand = 3 }]
       |                      ^^^^^^
       |
       = help: did you mean `on_hand`?

    error: `noon` is no moment
      --> rowcall.test.toml:13:6
       |
    13 | at = "noon"
       |      ^^^^^^
       |
       = help: write it like "2026-11-20 10:00", in the zone of the alert

    error: `error` stands beside `rows`: a query fails or it answers
      --> rowcall.test.toml:14:9
       |
    14 | error = "x"
       |         ^^^

    error: `sku` must be one value
      --> rowcall.test.toml:18:17
       |
    18 | rows = [{ sku = ["A"], on_hand = 9223372036854775808 }]
       |                 ^^^^^

    error: `on_hand` must be a whole number of 64 bits
      --> rowcall.test.toml:18:34
       |
    18 | rows = [{ sku = ["A"], on_hand = 9223372036854775808 }]
       |                                  ^^^^^^^^^^^^^^^^^^^

    error: `state` cannot be `fireing`
      --> rowcall.test.toml:19:9
       |
    19 | state = "fireing"
       |         ^^^^^^^^^
       |
       = help: did you mean `firing`?

    error: `wrong` is no state
      --> rowcall.test.toml:20:16
       |
    20 | states = { A = "wrong" }
       |                ^^^^^^^
       |
       = help: known here: `ok`, `pending`, `recovering`, `firing`

    error: this step has neither `rows` nor `error`
      --> rowcall.test.toml:21:1
       |
    21 | [[tests.steps]]
       | ^^^^^^^^^^^^^^^
       |
       = help: write what the query gives, `rows = []` when it is no row

    error: this is before the step before
      --> rowcall.test.toml:22:6
       |
    22 | at = "2026-11-20 09:00"
       |      ^^^^^^^^^^^^^^^^^^

    error: `after` cannot be `5`: it is a length of time
      --> rowcall.test.toml:23:9
       |
    23 | after = "5"
       |         ^^^
       |
       = help: write it like "30s", "5m", "1h30m" or "2 days"

    error: this test has no step
      --> rowcall.test.toml:24:1
       |
    24 | [[tests]]
       | ^^^^^^^^^
       |
       = help: write [[tests.steps]] tables below it

    17 mistakes: nothing was connected to
    "#);
}

#[test]
fn tests_are_selected_by_alert_and_by_file() {
    let of = |alert: &str| {
        let columns = "columns = [\"sku\", \"on_hand\", \"newest\"]";
        format!("[[tests]]\nalert = \"{alert}\"\n{columns}\n[[tests.steps]]\nat = \"2026-11-20\"\nrows = []\n")
    };
    let rig = rig(&of("low")).file("more.test.toml", &of("old")).file("elsewhere.toml", &of("low"));
    insta::assert_snapshot!(rig.run(&["test"]), @r#"
    exit 0
    --- stdout
    TEST  ALERT  STEPS  RESULT
    old   old    1      passed
    low   low    1      passed
    "#);
    insta::assert_snapshot!(rig.run(&["test", "@age"]), @r#"
    exit 0
    --- stdout
    TEST  ALERT  STEPS  RESULT
    old   old    1      passed
    "#);
    insta::assert_snapshot!(rig.run(&["test", "--fixtures", "elsewhere.toml", "l*"]), @r#"
    exit 0
    --- stdout
    TEST  ALERT  STEPS  RESULT
    low   low    1      passed
    "#);
    insta::assert_snapshot!(rig.run(&["test", "drop"]), @r#"
    exit 2
    --- stderr
    error: no test is about `drop`
    "#);
    insta::assert_snapshot!(rig.run(&["test", "--fixtures", "nowhere.toml"]), @r#"
    exit 2
    --- stderr
    error: cannot read tests `nowhere.toml`: No such file or directory (os error 2)
    "#);
    insta::assert_snapshot!(Rig::new().catalogue(CATALOGUE).run(&["test"]), @r#"
    exit 2
    --- stderr
    error: there is no test
      next: write a file `*.test.toml` beside the catalogue, or name one with --fixtures
    "#);
}
