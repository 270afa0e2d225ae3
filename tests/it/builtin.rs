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
       = help: known here: `check`, `query`, `sql`, `params`, `source`, `table`, `column`, `timeout`, `references`, `timezone`, `schedule`, `missed`, `missed_window`, `key`, `missing_evals`, `max_instances`, `for`, `keep_firing_for`, `repeat`, `resolved`, `severity`, `on_empty`, `on_null`, `on_error`, `notify`, `owners`, `link`, `description`, `tags`

    error: `when`: the condition ends too early
      --> rowcall.toml:36:15
       |
    36 | when = "rows <"
       |               ^

    11 mistakes: nothing was connected to
    "#);
}
