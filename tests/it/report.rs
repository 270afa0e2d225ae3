//! Stories of `rowcall report`: what is printed, written and told of what fails.

use crate::rig::{Rig, member, without_lengths};

/// A report with one of everything, and a section that fails.
const WEEKLY: &str = r#"timezone = "UTC"
[sources.shop]
url = "sqlite:shop.db"
[queries.stock]
description = "On the shelves"
source = "shop"
sql = "select sku, title, on_hand from stock where on_hand >= :least order by sku"
params = { least = { type = "int", default = 0 } }
[alerts.low]
description = "What runs out"
query = "stock"
when = "on_hand < 5"
tags = ["stock"]
[alerts.calm]
query = "stock"
when = "on_hand < 0"
severity = "critical"
tags = ["stock"]
[reports.weekly]
title = "주간 보고"
description = "Every Monday"
link = "https://wiki.example.com/weekly"
params = { least = 1 }
tags = ["shop"]
[[reports.weekly.sections]]
title = "Words"
text = "All is **well**, see [the board](https://wiki.example.com).\n\n- 녹차\n- tea"
[[reports.weekly.sections]]
title = "Goods"
source = "shop"
sql = "select sum(on_hand) as goods, 40 as earlier from stock"
value = { column = "goods", unit = "pieces", good = "up", against = { column = "earlier" } }
[[reports.weekly.sections]]
query = "stock"
limit = 2
[[reports.weekly.sections]]
title = "Alerts"
alerts = "@stock"
"#;

const BROKEN: &str = r#"
[[reports.weekly.sections]]
title = "Broken"
source = "shop"
sql = "select * from nowhere"
"#;

fn shop(catalogue: &str) -> Rig {
    let rig = Rig::new().catalogue(catalogue);
    rig.sqlite(
        "shop.db",
        "create table stock (sku text, title text, on_hand integer);
         insert into stock values ('A-1', '녹차', 3), ('B-2', '<b>Oolong</b>', 40), ('C-3', null, 12)",
    );
    rig
}

fn text(rig: &Rig, file: &str) -> String {
    std::fs::read_to_string(rig.path().join(file)).expect("it was written")
}

#[test]
fn a_report_is_printed() {
    insta::assert_snapshot!(shop(WEEKLY).run(&["report", "weekly"]), @r#"
    exit 0
    --- stdout
    주간 보고
    Every Monday
    [TIME] UTC, least = 1

    ## Words
    All is well, see the board (https://wiki.example.com).

    - 녹차
    - tea

    ## Goods
    55 pieces   ▲ +37.5 % (+15 pieces) against earlier

    ## On the shelves
    ┌─────┬───────────────┬─────────┐
    │ sku ┆ title         ┆ on_hand │
    ╞═════╪═══════════════╪═════════╡
    │ A-1 ┆ 녹차          ┆       3 │
    │ B-2 ┆ <b>Oolong</b> ┆      40 │
    └─────┴───────────────┴─────────┘
    (2 rows)
    there are more than these 2 rows

    ## Alerts
    ALERT  STATE       SINCE  SEVERITY
    calm   not judged         critical
    low    not judged         warning

    link: https://wiki.example.com/weekly
    "#);
}

#[test]
fn a_report_is_markdown_for_a_wiki() {
    insta::assert_snapshot!(shop(WEEKLY).run(&["report", "weekly", "--format", "markdown"]), @r#"
    exit 0
    --- stdout
    # 주간 보고

    Every Monday

    [TIME] UTC, least = 1

    ## Words

    All is **well**, see [the board](https://wiki.example.com).

    - 녹차
    - tea

    ## Goods

    **55 pieces** ▲ +37.5 % (+15 pieces) against earlier

    ## On the shelves

    | sku | title | on_hand |
    | --- | --- | ---: |
    | A-1 | 녹차 | 3 |
    | B-2 | \<b\>Oolong\</b\> | 40 |

    there are more than these 2 rows

    ## Alerts

    | alert | state | since | severity |
    | --- | --- | --- | --- |
    | calm | not judged |  | critical |
    | low | not judged |  | warning |

    <https://wiki.example.com/weekly>
    "#);
}

#[test]
fn the_json_shape_is_frozen() {
    let ran = shop(WEEKLY).run(&["report", "weekly", "--format", "json", "-p", "least=12"]);
    let at =
        ran.stdout.split("\"at\": \"").nth(1).and_then(|rest| rest.split('"').next()).expect("an instant").to_owned();
    insta::assert_snapshot!(ran.stdout.replace(&at, "[AT]"), @r#"
    {
      "schema": 1,
      "report": "weekly",
      "title": "주간 보고",
      "description": "Every Monday",
      "at": "[AT]",
      "link": "https://wiki.example.com/weekly",
      "failed": 0,
      "sections": [
        {
          "title": "Words",
          "kind": "text",
          "text": "All is **well**, see [the board](https://wiki.example.com).\n\n- 녹차\n- tea"
        },
        {
          "title": "Goods",
          "kind": "value",
          "value": "55 pieces",
          "change": {
            "course": "up",
            "amount": "+37.5 % (+15 pieces)",
            "against": "earlier"
          },
          "rows": [
    {"goods":55,"earlier":40}
    ]
        },
        {
          "title": "On the shelves",
          "kind": "table",
          "rows": [
    {"sku":"B-2","title":"<b>Oolong</b>","on_hand":40},
    {"sku":"C-3","title":null,"on_hand":12}
    ],
          "cut": false
        },
        {
          "title": "Alerts",
          "kind": "alerts",
          "alerts": [
            {
              "alert": "calm",
              "state": "not judged",
              "since": null,
              "severity": "critical",
              "firing": 0
            },
            {
              "alert": "low",
              "state": "not judged",
              "since": null,
              "severity": "warning",
              "firing": 0
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn a_section_that_fails_says_why_in_its_place() {
    let rig = shop(&format!("{WEEKLY}{BROKEN}"));
    insta::assert_snapshot!(rig.run(&["report", "weekly", "--section", "5"]), @r#"
    exit 3
    --- stdout
    주간 보고
    Every Monday
    [TIME] UTC

    ## Broken
    this part failed: source `shop`: no such table: nowhere

    link: https://wiki.example.com/weekly
    --- stderr
    report `weekly`, section 5 at rowcall.toml:40: source `shop`: no such table: nowhere
    "#);
    let page = rig.run(&["report", "weekly", "--format", "html"]).exits(3).stdout;
    assert!(page.contains("<strong>This part failed.</strong> source `shop`: no such table: nowhere"), "{page}");
    assert!(page.contains("&lt;b&gt;Oolong&lt;/b&gt;"), "the others are there");
}

#[test]
fn a_page_is_whole_in_one_file() {
    let rig = shop(WEEKLY);
    rig.run(&["report", "weekly", "-o", "weekly.html"]).exits(0);
    let page = text(&rig, "weekly.html");
    assert!(page.starts_with("<!doctype html>\n<html lang=\"ko\">"));
    for part in [
        "<h1>주간 보고</h1>",
        "least = 1",
        "<a href=\"https://wiki.example.com/weekly\">",
        "All is <strong>well</strong>",
        "<p class=\"big\">55 pieces</p>",
        "▲</span> +37.5 % (+15 pieces)</b> against earlier",
        "<th scope=\"col\" class=\"number\">on_hand</th>",
        "there are more than these 2 rows",
        "<span class=\"state not-judged\">",
        "data-file=\"weekly-3-on-the-shelves.csv\"",
        "content=\"default-src 'none';",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    for forbidden in ["src=", "url(", "@import", "<b>Oolong", "http-equiv=\"refresh\""] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn one_section_is_one_csv_file() {
    let rig = shop(WEEKLY);
    rig.run(&["report", "weekly", "--section", "3", "-o", "stock.csv"]).exits(0);
    assert_eq!(text(&rig, "stock.csv"), "sku,title,on_hand\nA-1,녹차,3\nB-2,<b>Oolong</b>,40\n");
    insta::assert_snapshot!(rig.run(&["report", "weekly", "-o", "all.csv"]), @r#"
    exit 2
    --- stderr
    error: a CSV file holds one table, and here are 3
      next: name one with --section, or write .xlsx
    "#);
    assert!(!rig.path().join("all.csv").exists());
}

#[test]
fn a_workbook_has_a_sheet_for_each_section() {
    let rig = shop(&format!("{WEEKLY}{BROKEN}"));
    rig.run(&["report", "weekly", "-o", "weekly.xlsx"]).exits(3);
    let book = member(&std::fs::read(rig.path().join("weekly.xlsx")).expect("written"), "xl/workbook.xml");
    let names: Vec<&str> = book.split("<sheet name=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(names, ["Goods", "On the shelves", "Alerts", "failed 5"]);
}

#[test]
fn what_cannot_be_is_said_before_anything_is_asked() {
    let rig = shop(&format!("{WEEKLY}\n[reports.daily]\nsections = [{{ query = \"stock\" }}]\n"));
    for arguments in [
        vec!["report", "weekley"],
        vec!["report", "@nobody"],
        vec!["report", "weekly", "-p", "leest=3"],
        vec!["report", "weekly", "-p", "least=three"],
        vec!["report", "weekly", "--section", "9"],
        vec!["report", "weekly", "-o", "weekly.pdf"],
        vec!["report", "*", "-o", "both.html"],
        vec!["report", "weekly", "-o", "not/there.html"],
    ] {
        let ran = rig.run(&arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
    insta::assert_snapshot!(rig.run(&["report", "weekly", "-p", "leest=3"]), @r#"
    exit 2
    --- stderr
    error: no query of the report has a parameter `leest`
      next: did you mean `least`?
    "#);
    insta::assert_snapshot!(rig.run(&["report", "weekly", "-o", "weekly.pdf"]), @r#"
    exit 2
    --- stderr
    error: the suffix of `weekly.pdf` names no form of a report
      next: add --format with one of: text, markdown, html, json, csv, png, xlsx
    "#);
}

#[test]
fn every_mistake_of_a_report_is_told_at_once() {
    let rig = Rig::new().catalogue(
        r#"[sources.shop]
url = "sqlite:shop.db"
[queries.stock]
source = "shop"
sql = "select on_hand from stock where on_hand >= :least"
params = { least = { type = "int" } }
[alerts.low]
query = "stock"
params = { least = 1 }
when = "on_hand < 5"
tags = ["stock"]
[reports.weekly]
titel = "Weekly"
attach = ["xslx"]
on_empty = "skp"
link = "ftp://wiki"
params = { leest = 1 }
[[reports.weekly.sections]]
query = "stok"
[[reports.weekly.sections]]
query = "stock"
text = "words"
[[reports.weekly.sections]]
title = "nothing"
[[reports.weekly.sections]]
query = "stock"
value = { colum = "on_hand", good = "upp", against = "yesterday" }
[[reports.weekly.sections]]
alerts = ["@stok", "lov"]
[[reports.weekly.sections]]
text = "see [here](javascript:alert) ![x](https://example.com/x.png)"
[[reports.weekly.sections]]
query = "stock"
limit = 0
[reports.empty]
"#,
    );
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: unknown key `titel` in `reports.weekly`
      --> rowcall.toml:13:1
       |
    13 | titel = "Weekly"
       | ^^^^^
       |
       = help: did you mean `title`?

    error: `attach` cannot be `xslx`
      --> rowcall.toml:14:11
       |
    14 | attach = ["xslx"]
       |           ^^^^^^
       |
       = help: did you mean `xlsx`?

    error: `on_empty` cannot be `skp`
      --> rowcall.toml:15:12
       |
    15 | on_empty = "skp"
       |            ^^^^^
       |
       = help: did you mean `skip`?

    error: `link` must begin with `https://`, `http://` or `mailto:`
      --> rowcall.toml:16:8
       |
    16 | link = "ftp://wiki"
       |        ^^^^^^^^^^^^

    error: no query of this report has a parameter `leest`
      --> rowcall.toml:17:12
       |
    17 | params = { leest = 1 }
       |            ^^^^^
       |
       = help: did you mean `least`?

    error: no query is called `stok`
      --> rowcall.toml:19:9
       |
    19 | query = "stok"
       |         ^^^^^^
       |
       = help: did you mean `stock`?

    error: `text` stands beside `query`
      --> rowcall.toml:22:1
       |
    22 | text = "words"
       | ^^^^
       |
       = help: a section has a `query`, a `source` and `sql`, a `text`, or `alerts`

    error: this section shows nothing
      --> rowcall.toml:23:1
       |
    23 | [[reports.weekly.sections]]
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: a section has a `query`, a `source` and `sql`, a `text`, or `alerts`

    error: parameter `least` has no value here
      --> rowcall.toml:25:1
       |
    25 | [[reports.weekly.sections]]
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: give it a `default`, or write `params = { least = .. }` in the report

    error: unknown key `colum` in `reports.weekly.sections.value`
      --> rowcall.toml:27:11
       |
    27 | value = { colum = "on_hand", good = "upp", against = "yesterday" }
       |           ^^^^^
       |
       = help: did you mean `column`?

    error: `good` cannot be `upp`
      --> rowcall.toml:27:37
       |
    27 | value = { colum = "on_hand", good = "upp", against = "yesterday" }
       |                                     ^^^^^
       |
       = help: did you mean `up`?

    error: `against` cannot be `yesterday`
      --> rowcall.toml:27:54
       |
    27 | value = { colum = "on_hand", good = "upp", against = "yesterday" }
       |                                                      ^^^^^^^^^^^
       |
       = help: write "previous", "nothing", { column = ".." } or { query = ".." }

    error: no alert has the tag `stok`
      --> rowcall.toml:29:11
       |
    29 | alerts = ["@stok", "lov"]
       |           ^^^^^^^
       |
       = help: did you mean `stock`?

    error: no alert is called `lov`
      --> rowcall.toml:29:20
       |
    29 | alerts = ["@stok", "lov"]
       |                    ^^^^^
       |
       = help: did you mean `low`?

    error: a link leads to the web or to mail
      --> rowcall.toml:31:20
       |
    31 | text = "see [here](javascript:alert) ![x](https://example.com/x.png)"
       |                    ^^^^^^^^^^^^^^^^
       |
       = help: begin it with `https://`, `http://` or `mailto:`

    error: a page loads no picture from elsewhere
      --> rowcall.toml:31:43
       |
    31 | text = "see [here](javascript:alert) ![x](https://example.com/x.png)"
       |                                           ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: write a link to it, without the `!`

    error: parameter `least` has no value here
      --> rowcall.toml:32:1
       |
    32 | [[reports.weekly.sections]]
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: give it a `default`, or write `params = { least = .. }` in the report

    error: `limit` must be between 1 and 10000
      --> rowcall.toml:34:9
       |
    34 | limit = 0
       |         ^

    error: `reports.empty` has no sections
      --> rowcall.toml:35:10
       |
    35 | [reports.empty]
       |          ^^^^^
       |
       = help: write [[reports.empty.sections]] with a `query`, a `text` or `alerts`

    19 mistakes: nothing was connected to
    "#);
}

/// The report, and whom it is sent to.
fn told(broken: &str) -> Rig {
    let schedule =
        "schedule = \"* * * * *\"\nnotify = [\"everyone\"]\nowners = [\"caretaker\"]\nattach = [\"csv\", \"html\"]";
    let catalogue = WEEKLY.replace("tags = [\"shop\"]", &format!("tags = [\"shop\"]\n{schedule}"));
    let channels = "[channels.everyone]\ntype = \"stdout\"\n[channels.caretaker]\ntype = \"stdout\"\n";
    shop(&format!("{catalogue}{broken}{channels}"))
}

#[test]
fn a_report_is_sent_and_remembered() {
    let rig = told("");
    // The page is as large as its style.
    let sized = |text: String| match text.split_once("weekly.html (") {
        Some((before, rest)) => format!("{before}weekly.html ([SIZE]){}", rest.split_once(')').expect("its end").1),
        None => text,
    };
    insta::assert_snapshot!(sized(rig.run(&["report", "weekly", "--send", "--dry-run"]).to_string()), @r#"
    exit 0
    --- stdout
    report `weekly`: 1 message would be sent

    to channel `everyone`:
    주간 보고
      Every Monday
      at     [TIME] UTC
      least  1

      Words
      -----
      All is well, see the board (https://wiki.example.com).

      - 녹차
      - tea

      Goods
      -----
      55 pieces  (▲ +37.5 % (+15 pieces) against earlier)

      On the shelves
      --------------
      sku  title          on_hand
      A-1  녹차                 3
      B-2  <b>Oolong</b>       40
      there are more than these 2 rows

      Alerts
      ------
      alert  state       since  severity  firing
      calm   not judged         critical       0
      low    not judged         warning        0

      link: https://wiki.example.com/weekly
      more: rowcall report weekly
      file: weekly-2-goods.csv (20 B), not sent here: rowcall report weekly --section 2 -o weekly-2-goods.csv
      file: weekly-3-on-the-shelves.csv (52 B), not sent here: rowcall report weekly --section 3 -o weekly-3-on-the-shelves.csv
      file: weekly-4-alerts.csv (88 B), not sent here: rowcall report weekly --section 4 -o weekly-4-alerts.csv
      file: weekly.html ([SIZE]), not sent here: rowcall report weekly -o weekly.html
    "#);
    assert!(!rig.path().join(".rowcall").exists(), "nothing is remembered");
    insta::assert_snapshot!(sized(rig.run(&["report", "weekly", "--send"]).to_string()), @r#"
    exit 0
    --- stdout
    주간 보고
      Every Monday
      at     [TIME] UTC
      least  1

      Words
      -----
      All is well, see the board (https://wiki.example.com).

      - 녹차
      - tea

      Goods
      -----
      55 pieces  (▲ +37.5 % (+15 pieces) against earlier)

      On the shelves
      --------------
      sku  title          on_hand
      A-1  녹차                 3
      B-2  <b>Oolong</b>       40
      there are more than these 2 rows

      Alerts
      ------
      alert  state       since  severity  firing
      calm   not judged         critical       0
      low    not judged         warning        0

      link: https://wiki.example.com/weekly
      more: rowcall report weekly
      file: weekly-2-goods.csv (20 B), not sent here: rowcall report weekly --section 2 -o weekly-2-goods.csv
      file: weekly-3-on-the-shelves.csv (52 B), not sent here: rowcall report weekly --section 3 -o weekly-3-on-the-shelves.csv
      file: weekly-4-alerts.csv (88 B), not sent here: rowcall report weekly --section 4 -o weekly-4-alerts.csv
      file: weekly.html ([SIZE]), not sent here: rowcall report weekly -o weekly.html
    "#);
    let runs = rig.run(&["history", "--json"]).exits(0).stdout;
    assert!(runs.contains("\"note\": \"4 sections, 3 rows\""), "{runs}");
}

#[test]
fn a_part_that_fails_is_told_once_and_once_that_it_works() {
    let rig = told(BROKEN);
    let first = rig.run(&["report", "weekly", "--send"]).exits(3).stdout;
    let told = "INCOMPLETE report weekly: 1 of 5 sections failed; section 5: source `shop`: no such table: nowhere\n";
    assert_eq!(first.matches(told).count(), 1, "{first}");
    assert!(!first.contains("CANNOT JUDGE"), "{first}");
    let second = rig.run(&["report", "weekly", "--send"]).exits(3).stdout;
    assert!(second.contains("주간 보고") && !second.contains("INCOMPLETE"), "{second}");
    rig.sqlite("shop.db", "create table nowhere (n integer)");
    let third = rig.run(&["report", "weekly", "--send"]).exits(0).stdout;
    assert_eq!(third.matches("WORKS AGAIN report weekly: 5 sections, 3 rows\n").count(), 1, "{third}");
}

#[test]
fn a_value_is_held_against_the_run_before() {
    let rig = told("");
    let catalogue = text(&rig, "rowcall.toml").replace(", against = { column = \"earlier\" }", ", column = \"goods\"");
    let rig = rig.file("rowcall.toml", &catalogue.replace(", column = \"goods\" }", " }"));
    assert!(!rig.run(&["report", "weekly", "--section", "2"]).exits(0).stdout.contains("against"));
    rig.run(&["report", "weekly", "--send"]).exits(0);
    rig.sqlite("shop.db", "update stock set on_hand = on_hand + 5 where sku = 'A-1'");
    let changed = rig.run(&["report", "weekly", "--section", "2"]).exits(0).stdout;
    assert!(changed.contains("60 pieces   ▲ +9.1 % (+5 pieces) against [TIME] UTC"), "{changed}");
}

#[test]
fn the_schedule_sends_reports_too() {
    let rig = told("");
    let listed = rig.run(&["schedule", "--list=1"]).exits(0).stdout;
    assert!(listed.contains("report weekly"), "{listed}");
    let ran = rig.run(&["run-job", "weekly"]).exits(0).stdout;
    assert!(ran.contains("주간 보고"), "{ran}");
    assert_eq!(rig.run(&["run-job", "weekly", "--slot", "2026-11-20 12:00"]).code, 0);
}

#[test]
fn a_report_with_nothing_to_tell_is_not_sent_when_it_says_so() {
    let catalogue = WEEKLY.split("[reports.weekly]").next().expect("a head").to_owned()
        + "[channels.everyone]\ntype = \"stdout\"\n[reports.late]\nnotify = [\"everyone\"]\non_empty = \"skip\"\n\
           sections = [{ text = \"words\" }, { source = \"shop\", sql = \"select sku from stock where on_hand > 99\" }]\n";
    let rig = shop(&catalogue);
    insta::assert_snapshot!(rig.run(&["report", "late", "--send"]), @r#"
    exit 0
    "#);
    let runs = rig.run(&["history", "--json"]).exits(0).stdout;
    assert!(runs.contains("nothing to tell: 2 sections, no rows; not sent"), "{runs}");
}

#[test]
fn the_runs_of_a_report_are_kept_and_explained() {
    let rig = told(BROKEN);
    insta::assert_snapshot!(rig.run(&["explain", "weekly"]), @r#"
    exit 0
    --- stdout
    weekly
      It has not been sent yet.
      It is due again at [TIME] UTC.

    everyone
      It gets the next one at [TIME] UTC.

    caretaker
      It is told when a part of the report fails, and when all of it works again.
    "#);
    rig.run(&["report", "weekly", "--send"]).exits(3);
    rig.run(&["report", "weekly", "--send"]).exits(3);
    rig.sqlite("shop.db", "create table nowhere (n integer)");
    rig.run(&["report", "weekly", "--send"]).exits(0);
    rig.run(&["check", "low", "--notify"]).exits(1);
    let history = |words: &[&str]| without_lengths(&rig.run(&[&["history"], words].concat()).exits(0).stdout);
    insta::assert_snapshot!(history(&[]), @r#"
    AT | JOB | STATE | TOOK | ROWS | WHY | TOLD
    [TIME] UTC | report weekly | error | [TOOK] | 3 | 1 of 5 sections failed; section 5: source `shop`: no such table: nowhere | everyone: sent (delivered), caretaker: broke (delivered)
    [TIME] UTC | report weekly | error | [TOOK] | 3 | 1 of 5 sections failed; section 5: source `shop`: no such table: nowhere | everyone: sent (delivered), caretaker: still_broken
    [TIME] UTC | report weekly | ok | [TOOK] | 3 | 5 sections, 3 rows | everyone: sent (delivered), caretaker: mended (delivered)
    [TIME] UTC | low | firing | [TOOK] | 3 | 1 of 3 rows: on_hand < 5
    "#);
    insta::assert_snapshot!(history(&["weekly", "--state", "ok"]), @r#"
    AT | JOB | STATE | TOOK | ROWS | WHY | TOLD
    [TIME] UTC | report weekly | ok | [TOOK] | 3 | 5 sections, 3 rows | everyone: sent (delivered), caretaker: mended (delivered)
    "#);
    assert_eq!(history(&["weekly"]), history(&["reports.weekly"]));
    insta::assert_snapshot!(rig.run(&["explain", "weekly"]), @r#"
    exit 0
    --- stdout
    weekly
      It was last built at [TIME] UTC: 5 sections, 3 rows.
      It is due again at [TIME] UTC.

    everyone
      The last run sent it.
      The message of [TIME] UTC was delivered at [TIME] UTC.
      It gets the next one at [TIME] UTC.

    caretaker
      The last run told that all of it works again.
      The message `WORKS AGAIN` of [TIME] UTC was delivered at [TIME] UTC.
      It is told when a part of the report fails, and when all of it works again.
    "#);
    insta::assert_snapshot!(rig.run(&["explain", "weekly", "--channel", "caretaker"]), @r#"
    exit 0
    --- stdout
    weekly
      It was last built at [TIME] UTC: 5 sections, 3 rows.
      It is due again at [TIME] UTC.

    caretaker
      The last run told that all of it works again.
      The message `WORKS AGAIN` of [TIME] UTC was delivered at [TIME] UTC.
      It is told when a part of the report fails, and when all of it works again.
    "#);
    let json: serde_json::Value =
        serde_json::from_str(&rig.run(&["history", "weekly", "--json"]).stdout).expect("JSON");
    let run = &json["runs"][0];
    assert_eq!((run["alert"].as_str(), run["job"].as_str()), (Some("weekly"), Some("report weekly")));
    let decided = &run["decisions"][0];
    assert_eq!((decided["about"].as_str(), decided["reason"].as_str()), (Some("report"), Some("sent")));
    insta::assert_snapshot!(rig.run(&["history", "weekyl"]), @r#"
    exit 2
    --- stderr
    error: no job is called `weekyl`
      next: did you mean `weekly`?
    "#);
}

#[test]
fn an_alert_and_a_report_of_one_name_are_told_apart() {
    let rig = shop(&WEEKLY.replace("[alerts.low]", "[alerts.weekly]"));
    for verb in ["history", "explain"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(rig.run(&[verb, "weekly"]), @r#"
            exit 2
            --- stderr
            error: `weekly` is more than one job
              next: name one of them: `alerts.weekly`, `reports.weekly`
            "#);
        }
        rig.run(&[verb, "alerts.weekly"]).exits(0);
        rig.run(&[verb, "reports.weekly"]).exits(0);
    }
    rig.run(&["report", "weekly", "--send"]).exits(0);
    let rig = rig.file("rowcall.toml", "timezone = \"UTC\"\n");
    assert!(rig.run(&["history", "weekly"]).exits(0).stdout.contains("report weekly"), "it is gone, and has a past");
}

const CHARTS: &str = r#"
[[reports.weekly.sections]]
title = "재고"
source = "shop"
sql = "select sku, on_hand from stock order by sku"
chart = { kind = "bar", horizontal = true, threshold = "least:20", unit = "상자" }
"#;

const ANOTHER: &str = r#"
[[reports.weekly.sections]]
source = "shop"
sql = "select sku, on_hand from stock order by sku"
chart = { kind = "donut" }
"#;

#[test]
fn charts_are_drawn_with_characters_where_they_are_wanted() {
    let rig = shop(&format!("{WEEKLY}{CHARTS}"));
    insta::assert_snapshot!(rig.run(&["report", "weekly", "--section", "5"]), @r#"
    exit 0
    --- stdout
    주간 보고
    Every Monday
    [TIME] UTC

    ## 재고
    ┌─────┬─────────┐
    │ sku ┆ on_hand │
    ╞═════╪═════════╡
    │ A-1 ┆       3 │
    │ B-2 ┆      40 │
    │ C-3 ┆      12 │
    └─────┴─────────┘
    (3 rows)

    link: https://wiki.example.com/weekly
    "#);
    insta::assert_snapshot!(rig.run(&["report", "weekly", "--section", "5", "--chart"]), @r#"
    exit 0
    --- stdout
    주간 보고
    Every Monday
    [TIME] UTC

    ## 재고
    on_hand
    A-1 ██████▋                                     ╎                                             3 상자
    B-2 ████████████████████████████████████████████████████████████████████████████████████████ 40 상자
    C-3 ██████████████████████████▍                 ╎                                            12 상자
    ╎ least 20 상자

    link: https://wiki.example.com/weekly
    "#);
    insta::assert_snapshot!(rig.run(&["report", "weekly", "--section", "5", "--format", "markdown"]), @r#"
    exit 0
    --- stdout
    # 주간 보고

    Every Monday

    [TIME] UTC

    ## 재고

    | sku | on_hand |
    | --- | ---: |
    | A-1 | 3 |
    | B-2 | 40 |
    | C-3 | 12 |

    <https://wiki.example.com/weekly>
    "#);
}

#[test]
#[cfg(feature = "chart")]
fn one_chart_is_one_picture() {
    let rig = shop(&format!("{WEEKLY}{CHARTS}"));
    rig.run(&["report", "weekly", "-o", "only.png"]).exits(0);
    let picture = |file: &str| std::fs::read(rig.path().join(file)).expect("written");
    assert!(picture("only.png").starts_with(b"\x89PNG\r\n\x1a\n"));
    let rig = rig.file("rowcall.toml", &format!("{WEEKLY}{CHARTS}{ANOTHER}"));
    insta::assert_snapshot!(rig.run(&["report", "weekly", "-o", "both.png"]), @r#"
    exit 2
    --- stderr
    error: a PNG file holds one chart, and here are 2
      next: name one with --section, or write .html
    "#);
    assert!(!rig.path().join("both.png").exists());
    rig.run(&["report", "weekly", "--section", "5", "-o", "fifth.png"]).exits(0);
    rig.run(&["report", "weekly", "--section", "6", "-o", "sixth.png"]).exits(0);
    let picture = |file: &str| std::fs::read(rig.path().join(file)).expect("written");
    assert!(picture("only.png") == picture("fifth.png") && picture("only.png") != picture("sixth.png"));
    insta::assert_snapshot!(rig.run(&["report", "weekly", "--section", "3", "-o", "table.png"]), @r#"
    exit 2
    --- stderr
    error: a PNG file holds a chart, and here is none
      next: write .html
    "#);
}

const TRENDS: &str = r#"timezone = "UTC"
[sources.demo]
url = "sqlite::memory:"
[reports.trends]
[[reports.trends.sections]]
source = "demo"
sql = "select 'green' as tea, '3,1,4,1,5,9' as week, 7 as n union all select 'black', '[2,null,8]', 8 union all select 'none', null, 9"
sparkline = "week"
"#;

#[test]
fn runs_of_numbers_are_small_lines_in_the_cells_of_a_table() {
    let rig = Rig::new().catalogue(TRENDS);
    insta::assert_snapshot!(rig.run(&["report", "trends"]), @r#"
    exit 0
    --- stdout
    trends
    [TIME] UTC

    ┌───────┬────────┬───┐
    │ tea   ┆ week   ┆ n │
    ╞═══════╪════════╪═══╡
    │ green ┆ ▃▁▄▁▅█ ┆ 7 │
    │ black ┆ ▁ █    ┆ 8 │
    │ none  ┆ NULL   ┆ 9 │
    └───────┴────────┴───┘
    (3 rows)
    "#);
    let page = rig.run(&["report", "trends", "--format", "html"]).exits(0).stdout;
    for part in
        ["<td data-value=\"3,1,4,1,5,9\"><svg", "aria-label=\"from 1 to 9, last 9\"", "<td class=\"null\">NULL</td>"]
    {
        assert!(page.contains(part), "{part} in {page}");
    }
    let csv = rig.run(&["report", "trends", "--format", "csv"]).exits(0).stdout;
    assert!(csv.contains("green,\"3,1,4,1,5,9\",7\n"), "files hold the numbers: {csv}");
    let rig = rig.file("rowcall.toml", &TRENDS.replace("sparkline = \"week\"", "sparkline = [\"weak\"]"));
    insta::assert_snapshot!(rig.run(&["report", "trends"]), @r#"
    exit 3
    --- stdout
    trends
    [TIME] UTC

    this part failed: the result has no column `weak`
      next: did you mean `week`?
    --- stderr
    report `trends`, section 1 at rowcall.toml:5: the result has no column `weak`
      next: did you mean `week`?
    "#);
    let rig = rig.file("rowcall.toml", &format!("{TRENDS}chart = {{ kind = \"bar\" }}\n"));
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `sparkline` stands beside `chart`
     --> rowcall.toml:8:1
      |
    8 | sparkline = "week"
      | ^^^^^^^^^
      |
      = help: sparklines are drawn in the cells of a table

    1 mistake: nothing was connected to
    "#);
}
