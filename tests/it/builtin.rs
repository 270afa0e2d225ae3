//! Stories of checks that need no SQL, on every engine.

use crate::rig::Rig;
use crate::servers;

/// Six checks of two tables; `table` is what the catalogue calls the orders.
fn checks(source: &str) -> String {
    let check = |name: &str, kind: &str, table: &str, rest: &str| {
        format!("[alerts.{name}]\ncheck = \"{kind}\"\nsource = \"shop\"\ntable = \"{table}\"\n{rest}\n")
    };
    [
        format!("[sources.shop]\n{source}\n"),
        check("fresh", "freshness", "late orders", "column = \"paid \\\"at\\\"\""),
        check("count", "row_count", "late orders", ""),
        check("count_of_few", "row_count", "late orders", "when = \"rows < 100\""),
        check("missing", "missing", "late orders", "columns = [\"country\", \"customer\"]"),
        check("missing_share", "missing", "late orders", "column = \"country\"\nwhen = \"missing > 0.5 * rows\""),
        check("duplicate", "duplicate", "late orders", "columns = [\"country\", \"number\"]"),
        check("in", "invalid", "late orders", "column = \"country\"\nin = [\"KR\", \"JP\", \"it's :x\"]"),
        check("like", "invalid", "late orders", "column = \"country\"\nlike = \"_R\""),
        check("between", "invalid", "late orders", "column = \"number\"\nbetween = [1, 6]"),
        check("total", "invalid", "late orders", "column = \"total\"\nbetween = [0, 10]"),
        check("reference", "reference", "late orders", "column = \"customer\"\nreferences = \"checked_customers.id\""),
        check("nothing", "row_count", "checked_customers", "when = \"rows < 1\""),
    ]
    .concat()
}

/// The tables, in the words of an engine that quotes names with `q` and calls a date and time `moment`.
fn tables(q: char, moment: &str) -> Vec<String> {
    let inside = |name: &str| name.replace(q, &format!("{q}{q}"));
    let paid = inside("paid \"at\"");
    vec![
        format!("drop table if exists {q}late orders{q}"),
        format!(
            "create table {q}late orders{q} (country varchar(20), number integer, customer integer,
                 {q}{paid}{q} {moment}, total decimal(9,2))"
        ),
        format!(
            "insert into {q}late orders{q} values ('KR', 1, 10, '2026-01-01 10:00:00', 5.5),
                 ('KR', 1, 11, '2026-01-02 11:00:00', 10.01), (null, 1, null, null, null), (null, 1, 12, null, 10.01),
                 ('US', 7, 12, null, 0), ('JP', 2, 12, null, -1), ('it''s :x', 3, 10, null, 1)"
        ),
        "drop table if exists checked_customers".to_owned(),
        "create table checked_customers (id integer)".to_owned(),
        "insert into checked_customers values (10), (11)".to_owned(),
    ]
}

fn on_sqlite() -> Rig {
    let rig = Rig::new().catalogue(&checks("url = \"sqlite:shop.db\""));
    rig.sqlite("shop.db", &tables('`', "datetime").join(";\n"));
    rig
}

#[test]
fn checks_ask_their_own_questions() {
    insta::assert_snapshot!(on_sqlite().run(&["check", "--samples", "5"]), @r#"
    exit 1
    --- stdout
    ALERT          STATE   SEVERITY  WHY
    between        firing  warning   invalid = 1: invalid > 0
    count          ok      warning   rows = 7
    count_of_few   firing  warning   rows = 7: rows < 100
    duplicate      firing  warning   copies = 2: copies > 1
    fresh          firing  warning   newest = [TIME]: age(newest) > interval '1 day'
    in             firing  warning   invalid = 1: invalid > 0
    like           firing  warning   3 of 3 rows: invalid > 0
    missing        firing  warning   missing = 2: missing > 0
    missing_share  ok      warning   missing = 2, rows = 7
    nothing        ok      warning   rows = 2
    reference      firing  warning   orphans = 3: orphans > 0
    total          firing  warning   2 of 2 rows: invalid > 0

    between
      invalid  total  number
            1      1       7

    count_of_few
      rows
         7

    duplicate
      copies  duplicates  country  number
           2           1  KR            1

    fresh
      newest
      [TIME]

    in
      invalid  total  country
            1      1  US

    like
      invalid  total  country
            1      3  JP
            1      3  US
            1      3  it's :x

    missing
      missing  rows
            2     7

    reference
      orphans  total  customer
            3      3        12

    total
      invalid  total  total
            2      3  10.01
            1      3     -1
    "#);
}

/// What SQLite finds, every engine finds.
#[test]
#[ignore = "needs servers: run tests/run"]
fn every_engine_finds_the_same() {
    let found = |rig: &Rig| {
        let ran = rig.run(&["check", "--format", "json", "--samples", "5"]).exits(1);
        let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let alerts = json["alerts"].as_array().expect("a list").clone();
        alerts.iter().map(|alert| format!("{} {}", alert["name"], alert["why"])).collect::<Vec<_>>()
    };
    let expected = found(&on_sqlite());
    for (server, tables) in
        [(servers::postgres(), tables('"', "timestamp")), (servers::mysql(), tables('`', "datetime"))]
    {
        server.execute(&tables);
        let rig = Rig::new().catalogue(&checks(&format!("url = \"{}\"", server.url())));
        assert_eq!(found(&rig), expected, "{}", server.url().split(':').next().unwrap_or_default());
    }
}

const COMPARE: &str = r#"
[alerts.same]
check   = "compare"
source  = "shop"
table   = "orders"
key     = ["id"]
columns = ["country", "total"]
with    = { source = "lake", table = "raw_orders" }
notify  = ["terminal"]
[channels.terminal]
type = "stdout"
"#;

fn orders(table: &str, moment: &str, rows: &str) -> Vec<String> {
    vec![
        format!("drop table if exists {table}"),
        format!("create table {table} (id integer, country varchar(9), total decimal(9,2), at {moment})"),
        format!("insert into {table} values {rows}"),
    ]
}

const OURS: &str = "(1, 'KR', 5.50, null), (2, 'JP', 7, null), (3, null, 9, null)";
const THEIRS: &str = "(1, 'KR', 5.5, null), (2, 'US', 7.01, null), (4, 'KR', 1, null)";

#[test]
fn two_sources_are_compared_and_each_key_that_differs_is_an_incident() {
    let sources = "[sources.shop]\nurl = \"sqlite:shop.db\"\n[sources.lake]\nurl = \"sqlite:lake.db\"\n";
    let rig = Rig::new().catalogue(&format!("{sources}{COMPARE}"));
    rig.sqlite("shop.db", &orders("orders", "text", OURS).join(";\n"));
    rig.sqlite("lake.db", &orders("raw_orders", "text", THEIRS).join(";\n"));
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    same   firing  warning   3 instances (id = 2; id = 3; id = 4): difference is not null

    FIRING same: 3 instances (id = 2; id = 3; id = 4): difference is not null
      since     [TIME] UTC
      severity  warning
      rule      difference is not null

      id  difference    shop                       lake
       2  differs       country = JP, total = 7    country = US, total = 7.01
       3  only in shop  country = NULL, total = 9  NULL
       4  only in lake  NULL                       country = KR, total = 1

      more: rowcall check same
    "#);
    rig.sqlite("lake.db", &orders("raw_orders", "text", OURS).join(";\n"));
    assert!(rig.run(&["check", "--notify"]).exits(0).stdout.contains("RESOLVED same: 3 instances"));
    rig.sqlite("lake.db", "insert into raw_orders select * from raw_orders where id = 1");
    insta::assert_snapshot!(rig.run(&["check"]), @r#"
    exit 3
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    same   error  warning   `when`: key 1 comes twice in source `lake`, again in row 4
    --- stderr
    alert `same` at rowcall.toml:6: `when`: key 1 comes twice in source `lake`, again in row 4
      next: name columns in `key` that tell the rows apart and are never NULL
    "#);
    rig.sqlite("lake.db", "drop table raw_orders");
    insta::assert_snapshot!(rig.run(&["check"]), @r#"
    exit 3
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    same   error  warning   source `lake`: no such table: raw_orders
    --- stderr
    alert `same` at rowcall.toml:6: source `lake`: no such table: raw_orders
    "#);
}

#[test]
#[ignore = "needs servers: run tests/run"]
fn engines_are_compared_with_each_other() {
    let (postgres, mysql) = (servers::postgres(), servers::mysql());
    postgres.execute(&orders("orders", "timestamp", OURS));
    mysql.execute(&orders("raw_orders", "datetime", THEIRS));
    let (shop, lake) = (postgres.url(), mysql.url());
    let sources = format!("[sources.shop]\nurl = \"{shop}\"\n[sources.lake]\nurl = \"{lake}\"\n");
    let rig = Rig::new().catalogue(&format!("{sources}{COMPARE}"));
    let ran = rig.run(&["check", "--samples", "9"]).exits(1);
    let expected = [
        "2  differs       country = JP, total = 7.00  country = US, total = 7.01",
        "3  only in shop  country = NULL, total = 9.00  NULL",
        "4  only in lake  NULL                          country = KR, total = 1.00",
    ];
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in expected {
        assert!(squeezed(&ran.stdout).contains(&squeezed(line)), "{line}\n{ran}");
    }
}

#[test]
fn a_check_says_what_it_needs() {
    let rig = Rig::new().catalogue(
        r#"[sources.shop]
url = "sqlite:shop.db"
[alerts.a]
check = "freshnes"
[alerts.b]
check = "freshness"
source = "shp"
table = "orders"
[alerts.c]
check = "duplicate"
source = "shop"
table = "orders..x"
sql = "select 1"
[alerts.d]
check = "invalid"
source = "shop"
column = "country"
table = "orders"
[alerts.e]
check = "invalid"
source = "shop"
column = "country"
table = "orders"
in = [["KR"]]
[alerts.f]
check = "reference"
source = "shop"
column = "country"
table = "orders"
references = "countries"
like = "x"
[alerts.g]
check = "row_count"
source = "shop"
table = "orders"
when = "rows <"
[alerts.h]
check = "compare"
source = "shop"
table = "orders"
column = "total"
[alerts.i]
check = "compare"
source = "shop"
table = "orders"
column = "total"
key = "id"
with = { source = "lake", tabel = "x" }
"#,
    );
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `check` cannot be `freshnes`
     --> rowcall.toml:4:9
      |
    4 | check = "freshnes"
      |         ^^^^^^^^^^
      |
      = help: did you mean `freshness`?

    error: `alerts.b` has no `column`
     --> rowcall.toml:5:9
      |
    5 | [alerts.b]
      |         ^
      |
      = help: `column` is the column to look at

    error: no source is called `shp`
     --> rowcall.toml:7:10
      |
    7 | source = "shp"
      |          ^^^^^
      |
      = help: did you mean `shop`?

    error: `alerts.c` has no `column`
     --> rowcall.toml:9:9
      |
    9 | [alerts.c]
      |         ^
      |
      = help: write `column = "id"`, or `columns = ["country", "number"]`

    error: `orders..x` names nothing of a database
      --> rowcall.toml:12:9
       |
    12 | table = "orders..x"
       |         ^^^^^^^^^^^

    error: `sql` stands beside `check`
      --> rowcall.toml:13:1
       |
    13 | sql = "select 1"
       | ^^^
       |
       = help: a built-in check asks its own question; write `table` and what it looks at

    error: it is not said which values are valid
      --> rowcall.toml:14:9
       |
    14 | [alerts.d]
       |         ^
       |
       = help: write one of `in = ["KR", "JP"]`, `like = "%@%"` and `between = [0, 100]`

    error: each value must be one value
      --> rowcall.toml:24:7
       |
    24 | in = [["KR"]]
       |       ^^^^^^

    error: `references` must name a table and a column of it
      --> rowcall.toml:30:14
       |
    30 | references = "countries"
       |              ^^^^^^^^^^^
       |
       = help: write it like "customers.id"

    error: unknown key `like` in `alerts.f`
      --> rowcall.toml:31:1
       |
    31 | like = "x"
       | ^^^^
       |
       = help: known here: `unless`, `check`, `query`, `sql`, `params`, `source`, `table`, `column`, `timeout`, `references`, `timezone`, `splay`, `deadline`, `retries`, `schedule`, `enabled`, `missed`, `missed_window`, `overlap`, `key`, `missing_evals`, `max_instances`, `for`, `keep_firing_for`, `repeat`, `resolved`, `mute`, `severity`, `on_empty`, `on_null`, `on_error`, `notify`, `owners`, `retry_for`, `title`, `body`, `attach`, `link`, `description`, `tags`

    error: `when`: the condition ends too early
      --> rowcall.toml:36:15
       |
    36 | when = "rows <"
       |               ^

    error: it is not said what to compare with
      --> rowcall.toml:37:9
       |
    37 | [alerts.h]
       |         ^
       |
       = help: write `with = { source = "warehouse", table = "raw.orders" }`

    error: no source is called `lake`
      --> rowcall.toml:48:19
       |
    48 | with = { source = "lake", tabel = "x" }
       |                   ^^^^^^
       |
       = help: write a [sources.lake] table

    error: unknown key `tabel` in `alerts.i.with`
      --> rowcall.toml:48:27
       |
    48 | with = { source = "lake", tabel = "x" }
       |                           ^^^^^
       |
       = help: did you mean `table`?

    14 mistakes: nothing was connected to
    "#);
}
