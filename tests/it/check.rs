//! Stories of `rowcall check`.

use crate::rig::Rig;

const SHOP: &str = r#"
timezone = "UTC"
[defaults]
notify = ["terminal"]
[sources.shop]
url = "sqlite:shop.db"
[channels.terminal]
type = "stdout"
"#;

/// A shop whose stock a test may change between runs.
fn shop(alerts: &str) -> Rig {
    let rig = Rig::new().catalogue(&format!("{SHOP}{alerts}"));
    rig.sqlite(
        "shop.db",
        "create table stock (sku text, on_hand integer); insert into stock values ('A', 3), ('B', 40)",
    );
    rig
}

const LOW: &str = r#"
[alerts.low]
source = "shop"
sql = "select sku, on_hand from stock order by sku"
when = "on_hand < 5"
"#;

#[test]
fn a_check_judges_the_present_and_leaves_nothing_behind() {
    let rig = shop(LOW);
    insta::assert_snapshot!(rig.run(&["check"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   1 of 2 rows: on_hand < 5
    "#);
    assert!(!rig.path().join(".rowcall").exists(), "a check without --notify keeps no state");
}

#[test]
fn what_is_all_right_is_exit_0() {
    let rig = shop(LOW);
    rig.sqlite("shop.db", "update stock set on_hand = 10");
    insta::assert_snapshot!(rig.run(&["check", "low"]), @r#"
    exit 0
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    low    ok     warning   none of 2 rows
    "#);
}

#[test]
fn an_incident_is_told_once_and_its_end_once() {
    let rig = shop(LOW);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   1 of 2 rows: on_hand < 5

    FIRING low: 1 of 2 rows: on_hand < 5
      since     [TIME] UTC
      severity  warning
      value     on_hand = 3
      rule      on_hand < 5

      sku  on_hand
      A          3

      more: rowcall check low
    "#);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   1 of 2 rows: on_hand < 5
    "#);
    rig.sqlite("shop.db", "update stock set on_hand = 10");
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 0
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    low    ok     warning   none of 2 rows

    RESOLVED low: none of 2 rows
      since     [TIME] UTC
      until     [TIME] UTC
      severity  warning
      rule      on_hand < 5

      more: rowcall check low
    "#);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 0
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    low    ok     warning   none of 2 rows
    "#);
}

#[test]
fn each_key_is_an_incident_of_its_own() {
    let rig = shop(&LOW.replace("when", "key = [\"sku\"]\nwhen"));
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   sku = A: on_hand < 5

    FIRING low: sku = A: on_hand < 5
      since     [TIME] UTC
      severity  warning
      value     on_hand = 3
      rule      on_hand < 5

      sku  on_hand
      A          3

      more: rowcall check low
    "#);
    rig.sqlite("shop.db", "update stock set on_hand = 2 where sku = 'B'; delete from stock where sku = 'A'");
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   sku = B: on_hand < 5

    RESOLVED low: sku = A
      since     [TIME] UTC
      until     [TIME] UTC
      severity  warning
      rule      on_hand < 5

      more: rowcall check low

    FIRING low: sku = B: on_hand < 5
      since     [TIME] UTC
      severity  warning
      value     on_hand = 2
      rule      on_hand < 5

      sku  on_hand
      B          2

      more: rowcall check low
    "#);
}

#[test]
fn a_key_that_vanishes_is_over_after_missing_evals() {
    let rig = shop(&LOW.replace("when", "key = [\"sku\"]\nmissing_evals = 2\nwhen"));
    rig.run(&["check", "--notify"]).exits(1);
    rig.sqlite("shop.db", "delete from stock where sku = 'A'");
    let missed_once = rig.run(&["check", "--notify"]).exits(1);
    assert!(!missed_once.stdout.contains("RESOLVED"), "{missed_once}");
    rig.sqlite("shop.db", "insert into stock values ('A', 2)");
    rig.run(&["check", "--notify"]).exits(1);
    rig.sqlite("shop.db", "delete from stock");
    assert!(!rig.run(&["check", "--notify"]).exits(1).stdout.contains("RESOLVED"), "its return began the count anew");
    let missed_twice = rig.run(&["check", "--notify"]).exits(0);
    assert!(missed_twice.stdout.contains("RESOLVED low: sku = A"), "{missed_twice}");
}

#[test]
fn a_flood_of_instances_is_told_as_one_digest() {
    let rig = shop(&LOW.replace("when", "key = [\"sku\"]\nmax_instances = 3\nwhen"));
    rig.sqlite("shop.db", "insert into stock values ('C', 1), ('D', 1), ('E', 1), ('F', 1)");
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   5 instances (sku = A; sku = C; sku = D; and 2 more): on_hand < 5

    FIRING low: 5 instances fire, 5 of them new (sku = A; sku = C; sku = D; and 2 more): on_hand < 5
      since     [TIME] UTC
      severity  warning
      digest    more than 3 instances fire (`max_instances`)
      rule      on_hand < 5

      more: rowcall check low
    "#);
    assert!(!rig.run(&["check", "--notify"]).exits(1).stdout.contains("FIRING"), "each of them was told");
    rig.sqlite("shop.db", "update stock set on_hand = 10 where sku <> 'F'");
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   sku = F: on_hand < 5

    RESOLVED low: 4 instances (sku = A; sku = C; sku = D; and 1 more)
      since     [TIME] UTC
      until     [TIME] UTC
      severity  warning
      rule      on_hand < 5

      more: rowcall check low
    "#);
}

#[test]
fn what_keys_remember_outlives_a_failed_query_but_not_a_new_rule() {
    let alert = "[alerts.drop]\nsource = \"shop\"\nsql = \"select sku, on_hand from stock\"\nkey = [\"sku\"]\n\
                 when = \"on_hand < previous(on_hand)\"\n";
    let rig = shop(alert);
    rig.run(&["check", "--notify"]).exits(3);
    rig.sqlite("shop.db", "alter table stock rename to hidden");
    rig.run(&["check", "--notify"]).exits(3);
    rig.sqlite("shop.db", "alter table hidden rename to stock; update stock set on_hand = 2 where sku = 'A'");
    rig.run(&["check", "--notify"]).exits(1);
    rig.sqlite("shop.db", "alter table stock rename to hidden");
    let rig = rig.catalogue(&format!("{SHOP}{}", alert.replace("on_hand)", "-on_hand)")));
    rig.run(&["check", "--notify"]).exits(3);
    rig.sqlite("shop.db", "alter table hidden rename to stock; update stock set on_hand = -50");
    let first_of_the_rule = rig.run(&["check", "--notify"]);
    assert!(first_of_the_rule.stdout.contains("NULL"), "{first_of_the_rule}");
}

#[test]
fn a_failing_query_is_told_once_to_the_owners_and_so_is_its_recovery() {
    let rig = shop(&format!("{LOW}owners = [\"care\"]\n[channels.care]\ntype = \"stdout\"\n"));
    rig.run(&["check", "--notify"]).exits(1);
    rig.sqlite("shop.db", "alter table stock rename to hidden");
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 3
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    low    error  warning   source `shop`: no such table: stock

    CANNOT JUDGE low: source `shop`: no such table: stock
      at      [TIME] UTC
      source  shop
      now     error

      more: rowcall check low

    --- stderr
    alert `low` at rowcall.toml:10: source `shop`: no such table: stock
    "#);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 3
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    low    error  warning   source `shop`: no such table: stock
    --- stderr
    alert `low` at rowcall.toml:10: source `shop`: no such table: stock
    "#);
    rig.sqlite("shop.db", "alter table hidden rename to stock");
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    low    firing  warning   1 of 2 rows: on_hand < 5

    WORKS AGAIN low: 1 of 2 rows: on_hand < 5
      at      [TIME] UTC
      source  shop
      now     firing

      more: rowcall check low
    "#);
}

#[test]
fn one_alert_that_cannot_be_judged_hides_no_other() {
    let rig = shop(&format!(
        "{LOW}[alerts.broken]\nsource = \"shop\"\nsql = \"select nothing from nowhere\"\nwhen = \"1 = 1\"\n"
    ));
    insta::assert_snapshot!(rig.run(&["check"]), @r#"
    exit 3
    --- stdout
    ALERT   STATE   SEVERITY  WHY
    broken  error   warning   source `shop`: near "nothing": syntax error
    low     firing  warning   1 of 2 rows: on_hand < 5
    --- stderr
    alert `broken` at rowcall.toml:14: source `shop`: near "nothing": syntax error
    "#);
}

#[test]
fn a_rule_over_no_row_and_a_rule_that_is_null_are_settled_by_the_catalogue() {
    let alert = |name: &str, sql: &str, extra: &str| {
        format!("[alerts.{name}]\nsource = \"shop\"\nsql = \"{sql}\"\nwhen = \"n > 1\"\n{extra}\n")
    };
    let (none, null) = ("select 1 as n where 0", "select null as n");
    let rig = shop(
        &[
            alert("empty_default", none, ""),
            alert("empty_firing", none, "on_empty = \"firing\""),
            alert("empty_no_data", none, "on_empty = \"no_data\""),
            alert("null_default", null, ""),
            alert("null_ok", null, "on_null = \"ok\""),
        ]
        .concat(),
    );
    insta::assert_snapshot!(rig.run(&["check"]), @r#"
    exit 3
    --- stdout
    ALERT          STATE    SEVERITY  WHY
    empty_default  ok       warning   the query gave no row
    empty_firing   firing   warning   the query gave no row
    empty_no_data  no_data  warning   the query gave no row
    null_default   no_data  warning   `n > 1` is NULL: n = NULL
    null_ok        ok       warning   n = NULL
    "#);
}

#[test]
fn alerts_are_selected_by_name_and_by_tag() {
    let rig = shop(&format!("{LOW}tags = [\"stock\"]\n{}", LOW.replace("alerts.low", "alerts.other")));
    assert!(!rig.run(&["check", "@stock"]).exits(1).stdout.contains("other"));
    assert!(rig.run(&["check", "low", "other"]).exits(1).stdout.contains("other"));
    insta::assert_snapshot!(rig.run(&["check", "lwo"]), @r#"
    exit 2
    --- stderr
    error: no alert is called `lwo`
      next: did you mean `low`?
    "#);
    insta::assert_snapshot!(rig.run(&["check", "@shelf"]), @r#"
    exit 2
    --- stderr
    error: no alert has the tag `shelf`
    "#);
}

#[test]
fn the_exit_code_listens_to_severity() {
    let rig = shop(&format!("{LOW}severity = \"info\"\n"));
    rig.run(&["check"]).exits(0);
    rig.run(&["check", "--fail-on", "info"]).exits(1);
    rig.run(&["check", "--fail-on", "never"]).exits(0);
}

#[test]
fn for_delays_the_news_but_not_the_judgement_of_the_present() {
    let rig = shop(&format!("{LOW}for = \"1h\"\n"));
    rig.run(&["check"]).exits(1);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 0
    --- stdout
    ALERT  STATE    SEVERITY  WHY
    low    pending  warning   1 of 2 rows: on_hand < 5
    "#);
}

#[test]
fn a_message_that_cannot_be_delivered_waits_for_the_next_run() {
    let catalogue =
        format!("{LOW}notify = [\"ops\"]\n[channels.ops]\ntype = \"slack\"\nwebhook = \"http://127.0.0.1:1/hook\"\n");
    let rig = shop(&catalogue);
    let ran = rig.run(&["check", "--notify"]).exits(4);
    assert!(ran.stderr.starts_with("not delivered: alert `low` to channel `ops`:"), "{ran}");
    assert!(ran.stderr.contains("it waits and goes out with the next run"), "{ran}");
}

#[test]
fn previous_compares_with_the_run_before() {
    let alert = "[alerts.drop]\nsource = \"shop\"\nsql = \"select on_hand from stock\"\n\
                 when = \"sum(on_hand) < 0.5 * coalesce(previous(sum(on_hand)), 0)\"\n";
    let rig = shop(alert);
    rig.run(&["check", "--notify"]).exits(0);
    rig.sqlite("shop.db", "update stock set on_hand = 1");
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    drop   firing  warning   sum(on_hand) = 2, previous(sum(on_hand)) = 43: sum(on_hand) < 0.5 * coalesce(previous(sum(on_hand)), 0)

    FIRING drop: sum(on_hand) = 2, previous(sum(on_hand)) = 43: sum(on_hand) < 0.5 * coalesce(previous(sum(on_hand)), 0)
      since     [TIME] UTC
      severity  warning
      value     sum(on_hand) = 2, previous(sum(on_hand)) = 43
      rule      sum(on_hand) < 0.5 * coalesce(previous(sum(on_hand)), 0)

      more: rowcall check drop
    "#);
}
