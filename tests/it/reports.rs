//! Stories of the reports of `rowcall check`: formats, files, samples, selections, dry runs.

use crate::rig::{Ran, Rig};
use crate::servers;

const SHOP: &str = r#"timezone = "UTC"
[defaults]
notify = ["terminal"]
[sources.shop]
url = "sqlite:shop.db"
[channels.terminal]
type = "stdout"

[alerts.low]
description = "What runs out"
source = "shop"
sql = "select sku, title, on_hand from stock order by sku"
when = "on_hand < 5"
tags = ["stock"]

[alerts.calm]
source = "shop"
sql = "select count(*) as n from stock"
when = "n > 100"

[alerts.quiet]
source = "shop"
sql = "select 1 as n"
when = "n = 1"
severity = "info"

[alerts.broken]
source = "shop"
sql = "select * from nowhere"
when = "n > 1"
severity = "critical"
"#;

/// Two products that run out, one with a name that means something in every format.
fn shop() -> Rig {
    let rig = Rig::new().catalogue(SHOP);
    let hostile = "<b> & \"q\" | 100%, a:b\n::error::x ]]>";
    rig.sqlite(
        "shop.db",
        &format!(
            "create table stock (sku text, title text, on_hand integer);
             insert into stock values ('A', '{hostile}', 3), ('B', null, 4), ('C', 'tea', 40)"
        ),
    );
    rig
}

/// What differs from run to run in a report: when it was, and how long it took.
fn steady(text: &str) -> String {
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '-');
    let mut steady = text.to_owned();
    for (before, after) in [("time=\"", "\""), ("\"seconds\": ", ","), ("\"started\": \"", "\"")] {
        let (mut clean, mut rest) = (String::new(), steady.as_str());
        while let Some(at) = rest.find(before) {
            let (head, tail) = rest.split_at(at + before.len());
            clean.push_str(head);
            let end = tail.find(after).expect("it ends");
            assert!(!tail[..end].is_empty() && (tail[..end].chars().all(digits) || tail.contains('T')), "{tail}");
            clean.push_str("[..]");
            rest = &tail[end..];
        }
        clean.push_str(rest);
        steady = clean;
    }
    steady
}

fn run(rig: &Rig, arguments: &[&str]) -> Ran {
    let ran = rig.run(&[&["check"], arguments].concat());
    Ran { stdout: steady(&ran.stdout), ..ran }
}

#[test]
fn the_json_shape_is_frozen() {
    insta::assert_snapshot!(run(&shop(), &["low", "broken", "--format", "json", "--samples", "1"]), @r#"
    exit 3
    --- stdout
    {
      "schema": 1,
      "catalogue": "rowcall.toml",
      "alerts": [
        {
          "name": "low",
          "description": "What runs out",
          "tags": [
            "stock"
          ],
          "severity": "warning",
          "state": "firing",
          "found": true,
          "why": "2 of 3 rows: on_hand < 5",
          "hint": null,
          "line": 9,
          "rows": 3,
          "started": "[..]",
          "seconds": [..],
          "sample": {
            "columns": [
              "sku",
              "title",
              "on_hand"
            ],
            "rows": [
              [
                "A",
                "<b> & \"q\" | 100%, a:b\n::error::x ]]>",
                "3"
              ]
            ],
            "more": 1
          }
        },
        {
          "name": "broken",
          "description": null,
          "tags": [],
          "severity": "critical",
          "state": "error",
          "found": false,
          "why": "source `shop`: no such table: nowhere",
          "hint": null,
          "line": 27,
          "rows": null,
          "started": "[..]",
          "seconds": [..],
          "sample": null
        }
      ],
      "messages": [],
      "dry_run": false
    }
    --- stderr
    alert `broken` at rowcall.toml:27: source `shop`: no such table: nowhere
    "#);
}

#[test]
fn junit_has_a_case_for_each_alert() {
    insta::assert_snapshot!(run(&shop(), &["--format", "junit", "--samples", "5"]), @r#"
    exit 3
    --- stdout
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="rowcall" tests="4" failures="1" errors="1" time="[..]">
      <testsuite name="rowcall.toml" tests="4" failures="1" errors="1" skipped="0" time="[..]">
        <testcase classname="rowcall.toml" name="broken" file="rowcall.toml" line="27" time="[..]">
          <error type="error" message="source `shop`: no such table: nowhere">source `shop`: no such table: nowhere</error>
        </testcase>
        <testcase classname="rowcall.toml" name="calm" file="rowcall.toml" line="16" time="[..]">
        </testcase>
        <testcase classname="rowcall.toml" name="low" file="rowcall.toml" line="9" time="[..]">
          <failure type="warning" message="2 of 3 rows: on_hand &lt; 5">2 of 3 rows: on_hand &lt; 5

    sku  title                                  on_hand
    A    &lt;b&gt; &amp; &quot;q&quot; | 100%, a:b\n::error::x ]]&gt;        3
    B    NULL                                         4</failure>
        </testcase>
        <testcase classname="rowcall.toml" name="quiet" file="rowcall.toml" line="21" time="[..]">
          <system-out>firing: n = 1: n = 1

    n
    1</system-out>
        </testcase>
      </testsuite>
    </testsuites>
    --- stderr
    alert `broken` at rowcall.toml:27: source `shop`: no such table: nowhere
    "#);
}

#[test]
fn github_annotations_point_at_the_line_of_the_catalogue() {
    insta::assert_snapshot!(run(&shop(), &["--format", "github", "--samples", "5"]), @r#"
    exit 3
    --- stdout
    ::error file=rowcall.toml,line=27,title=broken%3A error::source `shop`: no such table: nowhere
    ::error file=rowcall.toml,line=9,title=low%3A firing::2 of 3 rows: on_hand < 5%0A%0Asku  title                                  on_hand%0AA    <b> & "q" | 100%25, a:b\n::error::x ]]>        3%0AB    NULL                                         4
    ::warning file=rowcall.toml,line=21,title=quiet%3A firing::n = 1: n = 1%0A%0An%0A1
    --- stderr
    alert `broken` at rowcall.toml:27: source `shop`: no such table: nowhere
    "#);
}

#[test]
fn markdown_is_a_table_for_the_summary_of_a_job() {
    insta::assert_snapshot!(run(&shop(), &["--format", "markdown", "--samples", "1"]), @r#"
    exit 3
    --- stdout
    ### 1 of 4 alerts fires, 1 has no verdict

    | alert | state | severity | why |
    |---|---|---|---|
    | broken | error | critical | source \`shop\`: no such table: nowhere |
    | calm | ok | warning | n = 3 |
    | low | firing | warning | 2 of 3 rows: on\_hand \< 5 |
    | quiet | firing | info | n = 1: n = 1 |

    #### low

    | sku | title | on\_hand |
    |---|---|---|
    | A | \<b\> \& "q" \| 100%, a:b\\n::error::x \]\]\> | 3 |

    …and 1 more

    #### quiet

    | n |
    |---|
    | 1 |
    --- stderr
    alert `broken` at rowcall.toml:27: source `shop`: no such table: nowhere
    "#);
}

#[test]
fn samples_stand_under_the_table() {
    insta::assert_snapshot!(run(&shop(), &["low", "calm", "--samples", "1"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   2 of 3 rows: on_hand < 5
    calm   ok      warning   n = 3

    low
      sku  title                                  on_hand
      A    <b> & "q" | 100%, a:b\n::error::x ]]>        3
      …1 more row
    "#);
}

#[test]
fn one_run_makes_many_reports() {
    let rig = shop();
    let formats = ["--format", "table", "--format", "github", "--format", "junit=report.xml", "--format=json=r.json"];
    let ran = rig.run(&[&["check", "low"], &formats[..]].concat()).exits(1);
    assert!(ran.stdout.contains("low    firing") && ran.stdout.contains("::error file=rowcall.toml,line=9"), "{ran}");
    let read = |name: &str| std::fs::read_to_string(rig.path().join(name)).expect("it was written");
    assert!(read("report.xml").ends_with("</testsuites>\n"));
    let json: serde_json::Value = serde_json::from_str(&read("r.json")).expect("JSON");
    assert_eq!((&json["schema"], &json["alerts"][0]["name"]), (&1.into(), &"low".into()));
    let mut left: Vec<String> = std::fs::read_dir(rig.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    left.sort();
    assert_eq!(left, ["r.json", "report.xml", "rowcall.toml", "shop.db"]);
}

#[test]
fn reports_that_have_no_place_are_refused_before_anything_is_asked() {
    let rig = shop();
    insta::assert_snapshot!(run(&rig, &["--format", "json", "--format", "table"]), @r#"
    exit 2
    --- stderr
    error: two reports would be mixed on standard output
      next: give all but one a file, as in `--format json=report.json`
    "#);
    insta::assert_snapshot!(run(&rig, &["--format", "json=nowhere/r.json"]), @r#"
    exit 2
    --- stderr
    error: no file `nowhere/r.json` can be written there
    "#);
    insta::assert_snapshot!(run(&rig, &["--format", "json=r", "--format", "junit=r"]), @r#"
    exit 2
    --- stderr
    error: two reports go to `r`
    "#);
    insta::assert_snapshot!(run(&rig, &["--format", "jsn=r"]), @r#"
    exit 2
    --- stderr
    error: invalid value 'jsn' for '--format <FORMAT[=FILE]>'
      [possible values: table, json, junit, github, markdown]

      tip: a similar value exists: 'json'

    For more information, try '--help'.
    "#);
}

#[test]
fn alerts_are_selected_by_glob() {
    let rig = shop();
    let names = |arguments: &[&str]| {
        let ran = rig.run(&[&["check", "--format", "json"], arguments].concat());
        let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let alerts = json["alerts"].as_array().expect("a list").clone();
        alerts.iter().map(|alert| alert["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["*o*"]), ["broken", "low"]);
    assert_eq!(names(&["?alm", "@sto*", "low"]), ["calm", "low"]);
    insta::assert_snapshot!(run(&rig, &["orders_*"]), @r#"
    exit 2
    --- stderr
    error: no alert is called like `orders_*`
    "#);
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_leaves_no_trace() {
    let rig = shop();
    insta::assert_snapshot!(run(&rig, &["low", "--notify", "--dry-run"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   2 of 3 rows: on_hand < 5

    1 message would be sent:

    to channel `terminal`:
    FIRING low: 2 of 3 rows: on_hand < 5
      What runs out
      since     [TIME] UTC
      severity  warning
      rule      on_hand < 5

      sku  title                                  on_hand
      A    <b> & "q" | 100%, a:b\n::error::x ]]>        3
      B    NULL                                         4

      more: rowcall check low
    "#);
    assert!(!rig.path().join(".rowcall").exists());
    rig.run(&["check", "low", "--notify"]).exits(1);
    let state = rig.path().join(".rowcall/state.db");
    let before = std::fs::read(&state).expect("there is a state");
    rig.sqlite("shop.db", "update stock set on_hand = 10");
    insta::assert_snapshot!(run(&rig, &["low", "--notify", "--dry-run"]), @r#"
    exit 0
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    low    ok     warning   none of 3 rows

    1 message would be sent:

    to channel `terminal`:
    RESOLVED low: none of 3 rows
      What runs out
      since     [TIME] UTC
      until     [TIME] UTC
      severity  warning
      rule      on_hand < 5

      more: rowcall check low
    "#);
    assert_eq!(std::fs::read(&state).expect("there is a state"), before);
    // The recovery was not told by the dry run, so it still is.
    assert!(rig.run(&["check", "low", "--notify"]).exits(0).stdout.contains("RESOLVED low"));
    insta::assert_snapshot!(run(&rig, &["--dry-run"]), @r#"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      --notify

    Usage: rowcall check --notify --dry-run [ALERT]...

    For more information, try '--help'.
    "#);
}

#[test]
fn a_message_that_waits_is_part_of_a_dry_run() {
    let slack = "[channels.ops]\ntype = \"slack\"\nwebhook = \"http://127.0.0.1:1/hook\"\n";
    let catalogue = SHOP.replace("notify = [\"terminal\"]", "notify = [\"ops\"]");
    let rig = shop().catalogue(&format!("{catalogue}{slack}"));
    rig.run(&["check", "low", "--notify"]).exits(4);
    // Another attempt is due a moment later, at a time nobody can foresee.
    rig.sqlite(".rowcall/state.db", "update outbox set next_attempt = 0");
    let ran = rig.run(&["check", "low", "--notify", "--dry-run"]).exits(1);
    assert!(ran.stdout.contains("1 message would be sent:\n\nto channel `ops`:\nFIRING low"), "{ran}");
}

#[test]
fn a_report_for_a_program_is_alone_on_standard_output() {
    let rig = shop();
    let ran = rig.run(&["check", "low", "--notify", "--format", "json"]).exits(1);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON and nothing else");
    assert_eq!(json["messages"][0]["channel"], "terminal");
    assert!(ran.stderr.starts_with("FIRING low: "), "{ran}");
}

/// In one session `random()` gives another number to each question.
#[test]
fn equal_questions_are_asked_once() {
    let alert = |name: &str, extra: &str| {
        format!(
            "[alerts.{name}]\nsource = \"dice\"\nsql = \"select random() as n\"\nwhen = \"n is not null\"\n{extra}\n"
        )
    };
    let rig = Rig::new().catalogue(
        &[
            "[sources.dice]\nurl = \"sqlite::memory:\"\n".to_owned(),
            alert("a", ""),
            alert("b", ""),
            alert("c", ""),
            alert("other", "timeout = \"5s\""),
        ]
        .concat(),
    );
    let ran = rig.run(&["check", "--samples", "1"]).exits(1);
    let numbers: Vec<&str> = ran.stdout.lines().filter_map(|line| line.split("n = ").nth(1)).collect();
    assert_eq!(numbers.len(), 4, "{ran}");
    assert!(numbers[0] == numbers[1] && numbers[1] == numbers[2] && numbers[2] != numbers[3], "{ran}");
}

#[test]
fn an_alert_that_another_rowcall_judges_is_left_to_it() {
    let rig = shop();
    rig.run(&["check", "low", "--notify"]).exits(1);
    let lock = std::fs::File::open(rig.path().join(".rowcall/state.db.locks/alert.low")).expect("a lock");
    lock.try_lock().expect("nobody holds it");
    insta::assert_snapshot!(run(&rig, &["low", "calm", "--notify"]), @r#"
    exit 0
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    calm   ok     warning   n = 3
    --- stderr
    alert `low` is being judged by another rowcall; left to that one
    "#);
}

/// Each alert counts the sessions of a database that nobody else uses.
#[test]
#[ignore = "needs servers: run tests/run"]
fn many_alerts_on_one_source_share_its_connections() {
    let server = servers::postgres();
    server.execute(&["drop database if exists rowcall_shared with (force)".to_owned()]);
    server.execute(&["create database rowcall_shared".to_owned()]);
    let url = server.url();
    let (host, _) = url.rsplit_once('/').expect("a database");
    let alert = |n: usize| {
        let sql = format!(
            "select count(*) as n, {n} as i, pg_sleep(0.01)::text as slept from pg_stat_activity
             where datname = 'rowcall_shared' and backend_type = 'client backend'"
        );
        format!("[alerts.a{n}]\nsource = \"shop\"\nsql = \"\"\"{sql}\"\"\"\nwhen = \"n > 2\"\n")
    };
    let alerts: String = (0..60).map(alert).collect();
    let rig =
        Rig::new().catalogue(&format!("[sources.shop]\nurl = \"{host}/rowcall_shared\"\nmax_concurrent = 2\n{alerts}"));
    for arguments in [&["check"][..], &["check", "--notify", "-j", "50"]] {
        let ran = rig.run(arguments).exits(0);
        assert!(ran.stdout.contains("n = 2"), "the second connection was opened when the first was not enough: {ran}");
        assert_eq!(ran.stdout.lines().count(), 61, "{ran}");
    }
}
