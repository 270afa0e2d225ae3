//! Stories of catalogues: found, listed, validated, and wrong in every way.

use crate::rig::Rig;

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    let rig = Rig::new().catalogue(
        r#"timezone = "Asia/Soul"
[sources.shop]
url = "postgres://db.example.com/shop"
pasword = "${SHOP"
[sources.other]
url = "oracle://x"
[queries.late]
source = "shp"
sql = "select 1"
[queries.double]
source = "shop"
sql = "select :a; drop table x"
[queries.parameters]
source = "shop"
sql = "select * from t where a = :contry"
params = { country = { type = "txt" } }
[alerts.late]
query = "parameters"
when = "amount >> 5"
schedule = "61 * * * *"
notify = ["opps"]
repeat = "sometimes"
severity = "loud"
[alerts.nothing]
[channels.ops]
type = "slak"
[channels.mail]
type = "email"
server = "mail.example.com"
from = "nobody"
to = "me@example.com"
[stat]
url = "x"
"#,
    );
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `Asia/Soul` is not a time zone
     --> rowcall.toml:1:12
      |
    1 | timezone = "Asia/Soul"
      |            ^^^^^^^^^^^
      |
      = help: did you mean `Asia/Seoul`?

    error: unknown key `pasword` in `sources.shop`
     --> rowcall.toml:4:1
      |
    4 | pasword = "${SHOP"
      | ^^^^^^^
      |
      = help: did you mean `password`?

    error: cannot see which database this is
     --> rowcall.toml:6:7
      |
    6 | url = "oracle://x"
      |       ^^^^^^^^^^^^
      |
      = help: begin it with `postgres://`, `mysql://` or `sqlite:`, or add `type = "postgres"`

    error: no source is called `shp`
     --> rowcall.toml:8:10
      |
    8 | source = "shp"
      |          ^^^^^
      |
      = help: did you mean `shop`?

    error: a second statement follows the `;`; write one statement per query
      --> rowcall.toml:12:19
       |
    12 | sql = "select :a; drop table x"
       |                   ^^^^^^^^^^^^

    error: parameter `:contry` is not declared
      --> rowcall.toml:15:34
       |
    15 | sql = "select * from t where a = :contry"
       |                                  ^^^^^^^
       |
       = help: did you mean `:country`?

    error: parameter `country` is not used by `sql`
      --> rowcall.toml:16:12
       |
    16 | params = { country = { type = "txt" } }
       |            ^^^^^^^

    error: `type` cannot be `txt`
      --> rowcall.toml:16:31
       |
    16 | params = { country = { type = "txt" } }
       |                               ^^^^^
       |
       = help: did you mean `text`?

    error: `when`: a value is missing before `>`
      --> rowcall.toml:19:17
       |
    19 | when = "amount >> 5"
       |                 ^

    error: `schedule`: the minute `61` is not within 0 to 59
      --> rowcall.toml:20:13
       |
    20 | schedule = "61 * * * *"
       |             ^^

    error: no channel is called `opps`
      --> rowcall.toml:21:11
       |
    21 | notify = ["opps"]
       |           ^^^^^^
       |
       = help: did you mean `ops`?

    error: `repeat` cannot be `sometimes`: it is a length of time
      --> rowcall.toml:22:10
       |
    22 | repeat = "sometimes"
       |          ^^^^^^^^^^^
       |
       = help: write it like "30m" or "4h", or "never"

    error: `severity` cannot be `loud`
      --> rowcall.toml:23:12
       |
    23 | severity = "loud"
       |            ^^^^^^
       |
       = help: known here: `info`, `warning`, `critical`

    error: `alerts.nothing` has no `source`
      --> rowcall.toml:24:9
       |
    24 | [alerts.nothing]
       |         ^^^^^^^
       |
       = help: `source` is the name of a [sources.x] table

    error: `alerts.nothing` has no `sql`
      --> rowcall.toml:24:9
       |
    24 | [alerts.nothing]
       |         ^^^^^^^
       |
       = help: `sql` is the SELECT to run

    error: `alerts.nothing` has no `when`
      --> rowcall.toml:24:9
       |
    24 | [alerts.nothing]
       |         ^^^^^^^
       |
       = help: `when` is the rule, such as "amount > 1000"

    error: `type` cannot be `slak`
      --> rowcall.toml:26:8
       |
    26 | type = "slak"
       |        ^^^^^^
       |
       = help: did you mean `slack`?

    error: `server` must begin with `smtp://` or `smtps://`
      --> rowcall.toml:29:10
       |
    29 | server = "mail.example.com"
       |          ^^^^^^^^^^^^^^^^^^
       |
       = help: `smtp://` asks for STARTTLS, `smtps://` is TLS from the first byte

    error: `nobody` is not a mail address: it has no `@`
      --> rowcall.toml:30:8
       |
    30 | from = "nobody"
       |        ^^^^^^^^

    error: unknown key `stat` at the top
      --> rowcall.toml:32:2
       |
    32 | [stat]
       |  ^^^^
       |
       = help: did you mean `state`?

    20 mistakes: nothing was connected to
    "#);
}

#[test]
fn mistakes_of_parameters_are_shown_where_they_are_written() {
    let rig = Rig::new().catalogue(
        r#"[sources.a]
url = "sqlite::memory:"
[queries.q]
source = "a"
sql = "select 1 where 1 in (:ids) and 2 = :day or :at = :word or 3 in :more"
[queries.q.params]
ids = { type = "list", of = "int", default = [1, "two", 3.5] }
more = { type = "list", default = [] }
day = { type = "date", default = "today - 7 parsecs" }
at = { type = "timestamp", default = "nwo" }
word = { of = "int", default = ["a"] }
[queries.r]
source = "a"
sql = "select 1 where 1 = :n or 1 in (:ids)"
params = { n = { type = "int", choices = [1, 2, "x"] }, ids = { type = "list", choices = ["a", "b"], default = ["a", "c"] } }
[queries.sound]
source = "a"
sql = "select 1 where 1 in (:ids) and :n = 1"
params = { ids = { type = "list", of = "int" }, n = { type = "int", default = 1 } }
[alerts.x]
query = "sound"
params = { ids = [1, "b"], n = [1] }
when = "value > 1"
[alerts.y]
query = "sound"
when = "value > 1"
"#,
    );
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: the list `:more` does not stand in brackets; write `in (:more)`
     --> rowcall.toml:5:71
      |
    5 | sql = "select 1 where 1 in (:ids) and 2 = :day or :at = :word or 3 in :more"
      |                                                                       ^^^^^

    error: default of `ids`: `two` is not a whole number of 64 bits
     --> rowcall.toml:7:50
      |
    7 | ids = { type = "list", of = "int", default = [1, "two", 3.5] }
      |                                                  ^^^^^

    error: default of `ids`: `3.5` is not a whole number of 64 bits
     --> rowcall.toml:7:57
      |
    7 | ids = { type = "list", of = "int", default = [1, "two", 3.5] }
      |                                                         ^^^

    error: default of `more`: the list is empty; it needs a value or more
     --> rowcall.toml:8:35
      |
    8 | more = { type = "list", default = [] }
      |                                   ^^

    error: default of `day`: `today - 7 parsecs` counts in `parsecs`; a unit is `m`, `h`, `d`, `w`, `mo` or `y`
     --> rowcall.toml:9:34
      |
    9 | day = { type = "date", default = "today - 7 parsecs" }
      |                                  ^^^^^^^^^^^^^^^^^^^

    error: default of `at`: `nwo` begins with no word that is known; did you mean `now`?
      --> rowcall.toml:10:38
       |
    10 | at = { type = "timestamp", default = "nwo" }
       |                                      ^^^^^

    error: `of` is the type of the values of a list
      --> rowcall.toml:11:10
       |
    11 | word = { of = "int", default = ["a"] }
       |          ^^
       |
       = help: write `type = "list"` beside it

    error: default of `word`: it takes one value, not an array
      --> rowcall.toml:11:32
       |
    11 | word = { of = "int", default = ["a"] }
       |                                ^^^^^
       |
       = help: a parameter that takes several is of `type = "list"`

    error: choice of `n`: `x` is not a whole number of 64 bits
      --> rowcall.toml:15:49
       |
    15 | params = { n = { type = "int", choices = [1, 2, "x"] }, ids = { type = "list", choices = ["a", "b"], default = ["a", "c"] } }
       |                                                 ^^^

    error: default of `ids`: `c` is none of `a`, `b`
      --> rowcall.toml:15:118
       |
    15 | params = { n = { type = "int", choices = [1, 2, "x"] }, ids = { type = "list", choices = ["a", "b"], default = ["a", "c"] } }
       |                                                                                                                      ^^^

    error: parameter `ids`: `b` is not a whole number of 64 bits
      --> rowcall.toml:22:22
       |
    22 | params = { ids = [1, "b"], n = [1] }
       |                      ^^^

    error: parameter `n`: it takes one value, not an array
      --> rowcall.toml:22:32
       |
    22 | params = { ids = [1, "b"], n = [1] }
       |                                ^^^
       |
       = help: a parameter that takes several is of `type = "list"`

    error: parameter `ids` has no value here
      --> rowcall.toml:24:9
       |
    24 | [alerts.y]
       |         ^
       |
       = help: give it a `default`, or write `params = { ids = .. }` in the alert

    13 mistakes: nothing was connected to
    "#);
}

#[test]
fn broken_toml_is_shown_where_it_breaks() {
    insta::assert_snapshot!(Rig::new().catalogue("[sources.a\nurl = \"sqlite:a.db\"\nurl = 5\n").run(&["list"]), @r#"
    exit 2
    --- stderr
    error: not TOML: unclosed table, expected `]`
     --> rowcall.toml:1:11
      |
    1 | [sources.a
      |           ^

    1 mistake: nothing was connected to
    "#);
}

#[test]
fn a_catalogue_that_is_not_there_says_what_to_do() {
    insta::assert_snapshot!(Rig::new().run(&["list"]), @r#"
    exit 2
    --- stderr
    error: no catalogue: there is no `rowcall.toml` here or in a parent folder
      next: write one with `rowcall init`, or name one with --config
    "#);
    insta::assert_snapshot!(Rig::new().run(&["--config", "other.toml", "list"]), @r#"
    exit 2
    --- stderr
    error: cannot read catalogue `other.toml`: No such file or directory (os error 2)
      next: name a file with --config, or write one with `rowcall init`
    "#);
}

#[test]
fn a_catalogue_is_found_in_a_parent_folder() {
    let rig = Rig::new().catalogue("[sources.a]\nurl = \"sqlite:a.db\"\n");
    let inner = rig.path().join("deep/er");
    std::fs::create_dir_all(&inner).expect("made");
    let output = rig.command(&["list"]).current_dir(inner).output().expect("ends");
    assert!(String::from_utf8_lossy(&output.stdout).contains("source  a"), "{output:?}");
}

#[test]
fn likely_slips_are_remarked_on_and_allowed() {
    let rig = Rig::new().catalogue(
        "[sources.a]\nurl = \"sqlite::memory:\"\n[alerts.x]\nsource = \"a\"\nsql = \"select 1 as n\"\nwhen = \"n > 1\"\n\
         schedule = \"0 12 1-7 * 1\"\n",
    );
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 0
    --- stdout
    rowcall.toml: 1 source, 0 queries, 1 alert, 0 channels: no mistake
    --- stderr
    warning: due on each day that `1-7` or `1` names: both day fields choose
     --> rowcall.toml:7:18
      |
    7 | schedule = "0 12 1-7 * 1"
      |                  ^^^^^^^
      |
      = help: leave one of them `*` if the other shall decide
    "#);
}

#[test]
fn entries_are_listed() {
    let rig = Rig::new().file("config.toml", include_str!("../../config.example.toml"));
    insta::assert_snapshot!(rig.run(&["--config", "config.toml", "list"]), @r#"
    exit 0
    --- stdout
    KIND     NAME             DETAIL                          DESCRIPTION
    source   demo             sqlite                          A database in memory that brings its own rows
    query    orders           on demo                         Paid orders of a country
    query    stock            on demo                         What is on the shelves
    alert    big_orders       critical, every 5m              Orders that somebody should look at
    alert    known_countries  warning, by hand                Orders from where nobody sells
    alert    low_stock        warning, */10 9-18 * * mon-fri  Goods that run out soon
    alert    orders_today     warning, 0 18 * * *             Fewer orders than there should be
    report   weekly           6 sections, 30 7 * * mon        이번 주의 주문과 재고
    channel  terminal         stdout
    "#);
    insta::assert_snapshot!(rig.run(&["--config", "config.toml", "list", "queries", "--json"]), @r#"
    exit 0
    --- stdout
    [
      {
        "kind": "query",
        "name": "orders",
        "detail": "on demo",
        "description": "Paid orders of a country",
        "tags": [
          "orders"
        ],
        "line": 58
      },
      {
        "kind": "query",
        "name": "stock",
        "detail": "on demo",
        "description": "What is on the shelves",
        "tags": [],
        "line": 53
      }
    ]
    "#);
}

#[test]
fn the_starter_catalogue_works_and_nothing_is_overwritten() {
    let rig = Rig::new();
    insta::assert_snapshot!(rig.run(&["init"]), @r#"
    exit 0
    --- stdout
    wrote rowcall.toml; try `rowcall check --notify`
    "#);
    rig.run(&["validate"]).exits(0);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT      STATE   SEVERITY  WHY
    low_stock  firing  warning   1 of 2 rows: on_hand < 5

    FIRING low_stock: 1 of 2 rows: on_hand < 5
      since     [TIME] UTC
      severity  warning
      value     on_hand = 3
      rule      on_hand < 5

      sku  on_hand
      A-1        3

      more: rowcall check low_stock
    "#);
    insta::assert_snapshot!(rig.run(&["init"]), @r#"
    exit 2
    --- stderr
    error: `rowcall.toml` exists and is left as it is
      next: name another file: rowcall init FILE
    "#);
}

/// Everything of the example that is commented out because it names a server or a secret is right as well.
#[test]
fn the_commented_part_of_the_example_is_right_too() {
    let example = include_str!("../../config.example.toml");
    let uncommented: Vec<&str> = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)) => rest,
            _ => line,
        })
        .collect();
    let ran = Rig::new().catalogue(&uncommented.join("\n")).run(&["validate"]).exits(0);
    assert_eq!(ran.stdout, "rowcall.toml: 4 sources, 2 queries, 4 alerts, 9 channels: no mistake\n");
}

fn is_key(text: &str) -> bool {
    let text = text.trim_end();
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn online_validation_asks_every_source_and_the_state() {
    let rig = Rig::new()
        .catalogue("[sources.good]\nurl = \"sqlite::memory:\"\n[sources.gone]\nurl = \"sqlite:not-there.db\"\n")
        .file("state.toml", "[state]\nurl = \"postgres://nobody@127.0.0.1:1/state\"\n");
    insta::assert_snapshot!(rig.run(&["validate", "--online"]), @r#"
    exit 3
    --- stdout
    rowcall.toml: 2 sources, 0 queries, 0 alerts, 0 channels: no mistake
    source `good` answers
    there is no state yet: the first `check --notify` or `schedule` makes it
    --- stderr
    error: source `gone`: there is no file `./not-there.db`
      next: a relative file is looked for beside the catalogue; none is created
    "#);
    insta::assert_snapshot!(rig.run(&["--config", "state.toml", "validate", "--online"]), @r#"
    exit 2
    --- stdout
    state.toml: 0 sources, 0 queries, 0 alerts, 0 channels: no mistake
    --- stderr
    error: state store `127.0.0.1:1`: 127.0.0.1:1 cannot be reached: error connecting to server: Connection refused (os error 111)
      next: check that a server listens on 127.0.0.1:1
    "#);
}

#[test]
fn mistakes_in_a_mail_channel_are_shown_where_they_are() {
    let many: Vec<String> = (0..99).map(|n| format!("\"a{n}@example.com\"")).collect();
    let rig = Rig::new().catalogue(&format!(
        r#"[channels.a]
type = "email"
server = "smtp://mail.example.com"
from = "bot@example.com"
to = ["data@example.com"]
cc = ["ops@example.com"]
reply_to = "nobody"
auth = "cram-md5"
bcc = [{}]
"#,
        many.join(", "),
    ));
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: a mail to 101 addresses: no server has to take more than 100
     --> rowcall.toml:5:1
      |
    5 | to = ["data@example.com"]
      | ^^
      |
      = help: write to a list, or make a second channel

    error: `nobody` is not a mail address: it has no `@`
     --> rowcall.toml:7:12
      |
    7 | reply_to = "nobody"
      |            ^^^^^^^^

    error: `auth` cannot be `cram-md5`
     --> rowcall.toml:8:8
      |
    8 | auth = "cram-md5"
      |        ^^^^^^^^^^
      |
      = help: known here: `plain`, `login`, `xoauth2`

    3 mistakes: nothing was connected to
    "#);
}

#[test]
fn mistakes_in_a_webhook_are_shown_where_they_are() {
    let rig = Rig::new().catalogue(
        r#"[channels.a]
type = "webhook"
url = "http://hooks.example.com/x"
method = "GET"
headers = { Host = "x", "X-Key" = "${KEY" }
body = '{"text": "{{ sumary }}"}'
success = [200, 42]
chat = "5"
[channels.b]
type = "webhook"
preset = "pagerduty"
body = "{{ alert"
[channels.c]
type = "webhook"
preset = "slak"
[channels.d]
type = "webhook"
preset = "telegram"
chat = -5
"#,
    );
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `url` is not encrypted
     --> rowcall.toml:3:7
      |
    3 | url = "http://hooks.example.com/x"
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: begin it with `https://`, or write `allow_http = true` if the network is trusted

    error: `method` cannot be `GET`
     --> rowcall.toml:4:10
      |
    4 | method = "GET"
      |          ^^^^^
      |
      = help: known here: `POST`, `PUT`, `PATCH`

    error: the header `Host` is written by rowcall itself
     --> rowcall.toml:5:13
      |
    5 | headers = { Host = "x", "X-Key" = "${KEY" }
      |             ^^^^

    error: `${` is not closed by `}`
     --> rowcall.toml:5:36
      |
    5 | headers = { Host = "x", "X-Key" = "${KEY" }
      |                                    ^^

    error: `body`: no message has a `sumary`
     --> rowcall.toml:6:22
      |
    6 | body = '{"text": "{{ sumary }}"}'
      |                      ^^^^^^
      |
      = help: did you mean `summary`?

    error: `success` must be whole numbers between 100 and 599
     --> rowcall.toml:7:17
      |
    7 | success = [200, 42]
      |                 ^^

    error: `chat` is for `preset = "telegram"`
     --> rowcall.toml:8:1
      |
    8 | chat = "5"
      | ^^^^

    error: `channels.b` has no `routing_key`
     --> rowcall.toml:9:11
      |
    9 | [channels.b]
      |           ^
      |
      = help: `routing_key` is the integration key of the service, such as "${PAGERDUTY_KEY}"

    error: `body` stands beside `preset`
      --> rowcall.toml:12:1
       |
    12 | body = "{{ alert"
       | ^^^^
       |
       = help: a preset knows what it sends and what is answered; remove one of the two

    error: `body`: syntax error: unexpected end of input, expected end of variable block
      --> rowcall.toml:12:12
       |
    12 | body = "{{ alert"
       |            ^^^^^

    error: `channels.c` has no `url`
      --> rowcall.toml:13:11
       |
    13 | [channels.c]
       |           ^
       |
       = help: `url` is the address to post to, such as "${WEBHOOK_URL}"

    error: `preset` cannot be `slak`
      --> rowcall.toml:15:10
       |
    15 | preset = "slak"
       |          ^^^^^^
       |
       = help: known here: `teams`, `discord`, `pagerduty`, `telegram`

    error: `channels.d` has no `url`
      --> rowcall.toml:16:11
       |
    16 | [channels.d]
       |           ^
       |
       = help: `url` is "https://api.telegram.org/bot${TELEGRAM_TOKEN}/sendMessage"

    13 mistakes: nothing was connected to
    "#);
}

#[test]
fn mistakes_in_a_slack_channel_are_shown_where_they_are() {
    let rig = Rig::new().catalogue(
        r#"[channels.a]
type = "slack"
webhook = "${HOOK}"
token = "${TOKEN}"
channel = "C1"
[channels.b]
type = "slack"
token = "${TOKEN}"
base_url = "http://slack.example.com/api/"
compatible = "mattermost"
mention = ["oncall", "U1"]
[channels.c]
type = "slack"
channel = "C1"
[channels.d]
type = "slack"
webhook = "${HOOK}"
compatible = "mattermos"
update = true
"#,
    );
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `token` stands beside `webhook`
     --> rowcall.toml:4:1
      |
    4 | token = "${TOKEN}"
      | ^^^^^
      |
      = help: a webhook posts to its own channel, a bot to `channel`; remove one of the two

    error: `channels.b` has no `channel`
     --> rowcall.toml:6:11
      |
    6 | [channels.b]
      |           ^
      |
      = help: `channel` is the id of the channel, such as "C0123456789"

    error: `base_url` must begin with `https://`
     --> rowcall.toml:9:12
      |
    9 | base_url = "http://slack.example.com/api/"
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: the token goes there

    error: `compatible` is for a channel with a `webhook`
      --> rowcall.toml:10:1
       |
    10 | compatible = "mattermost"
       | ^^^^^^^^^^

    error: nobody can be mentioned as `oncall`
      --> rowcall.toml:11:12
       |
    11 | mention = ["oncall", "U1"]
       |            ^^^^^^^^
       |
       = help: write the id of a person (U..) or of a group (S..) as Slack shows it, or `here`, `channel`, `everyone`

    error: `channels.c` has no `webhook`
      --> rowcall.toml:12:11
       |
    12 | [channels.c]
       |           ^
       |
       = help: `webhook` is the address of an incoming webhook, such as "${SLACK_WEBHOOK}"; a bot has a `token` instead

    error: `channel` is for a channel with a `token`
      --> rowcall.toml:14:1
       |
    14 | channel = "C1"
       | ^^^^^^^

    error: `compatible` cannot be `mattermos`
      --> rowcall.toml:18:14
       |
    18 | compatible = "mattermos"
       |              ^^^^^^^^^^^
       |
       = help: did you mean `mattermost`?

    error: `update` is for a channel with a `token`
      --> rowcall.toml:19:1
       |
    19 | update = true
       | ^^^^^^

    9 mistakes: nothing was connected to
    "#);
}

#[test]
fn the_owners_of_a_channel_are_other_channels_of_the_catalogue() {
    let catalogue =
        "[channels.ops]\ntype = \"stdout\"\nowners = [\"mial\", \"ops\"]\n[channels.mail]\ntype = \"stdout\"\n";
    insta::assert_snapshot!(Rig::new().catalogue(catalogue).run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: no channel is called `mial`
     --> rowcall.toml:3:11
      |
    3 | owners = ["mial", "ops"]
      |           ^^^^^^
      |
      = help: did you mean `mail`?

    error: `ops` cannot say that it does not work itself
     --> rowcall.toml:3:19
      |
    3 | owners = ["mial", "ops"]
      |                   ^^^^^
      |
      = help: name another channel, which works when this one does not

    2 mistakes: nothing was connected to
    "#);
}
