//! Stories of news that is held back: by someone, by the hour, by another alert.

use crate::rig::Rig;

const SHOP: &str = r#"
timezone = "UTC"
[defaults]
notify = ["terminal"]
[state]
url = "sqlite:state.db"
[sources.shop]
url = "sqlite:shop.db"
[channels.terminal]
type = "stdout"
"#;

const LOW: &str = r#"
[alerts.low]
source = "shop"
sql = "select sku, on_hand from stock order by sku"
when = "on_hand < 5"
"#;

fn shop(alerts: &str) -> Rig {
    let rig = Rig::new().env("USER", "kim").catalogue(&format!("{SHOP}{alerts}"));
    rig.sqlite(
        "shop.db",
        "create table stock (sku text, on_hand integer); insert into stock values ('A', 3), ('B', 40)",
    );
    rig
}

/// The headlines of what a run printed.
fn told(rig: &Rig) -> Vec<String> {
    let ran = rig.run(&["check", "--notify"]);
    let heads = ["FIRING", "RESOLVED", "CANNOT JUDGE", "WORKS AGAIN"];
    ran.stdout.lines().filter(|line| heads.iter().any(|head| line.starts_with(head))).map(str::to_owned).collect()
}

#[test]
fn a_silence_holds_back_what_fires_until_it_ends() {
    let rig = shop(LOW);
    insta::assert_snapshot!(rig.run(&["silence", "low", "--for", "2h", "--reason", "stocktaking"]), @r#"
    exit 0
    --- stdout
    alert `low` is silent until [TIME] UTC
    "#);
    insta::assert_snapshot!(rig.run(&["list", "silences"]), @r#"
    exit 0
    --- stdout
    ALERT  KEY  UNTIL                    WHO  REASON
    low         [TIME] UTC  kim  stocktaking
    "#);
    assert!(told(&rig).is_empty());
    rig.run(&["check", "--notify"]).exits(1);
    insta::assert_snapshot!(rig.run(&["unsilence", "low"]), @r#"
    exit 0
    --- stdout
    alert `low`: 1 silence ended
    "#);
    assert_eq!(told(&rig), ["FIRING low: 1 of 2 rows: on_hand < 5"], "it still fires");
    insta::assert_snapshot!(rig.run(&["unsilence", "low"]), @r#"
    exit 0
    --- stdout
    alert `low` was not silent
    "#);
    insta::assert_snapshot!(rig.run(&["list", "silences", "--json"]), @r#"
    exit 0
    --- stdout
    []
    "#);
}

#[test]
fn what_began_and_ended_in_a_silence_is_never_told() {
    let rig = shop(LOW);
    rig.run(&["silence", "low", "--for", "2h", "--reason", "x"]).exits(0);
    assert!(told(&rig).is_empty());
    rig.sqlite("shop.db", "update stock set on_hand = 10");
    assert!(told(&rig).is_empty());
    rig.run(&["unsilence", "low"]).exits(0);
    assert!(told(&rig).is_empty());
}

#[test]
fn a_recovery_that_a_silence_holds_back_is_owed_even_when_the_key_is_gone() {
    let rig = shop(&LOW.replace("when", "key = [\"sku\"]\nwhen"));
    assert_eq!(told(&rig), ["FIRING low: sku = A: on_hand < 5"]);
    rig.run(&["silence", "low", "A", "--for", "2h", "--reason", "x"]).exits(0);
    rig.sqlite("shop.db", "delete from stock where sku = 'A'; update stock set on_hand = 1");
    assert_eq!(told(&rig), ["FIRING low: sku = B: on_hand < 5"], "only one key is silent");
    assert!(told(&rig).is_empty());
    rig.run(&["unsilence", "low", "sku=A"]).exits(0);
    assert_eq!(told(&rig), ["RESOLVED low: sku = A"]);
    assert!(told(&rig).is_empty());
}

#[test]
fn an_incident_that_began_anew_in_a_silence_closes_the_one_before() {
    let rig = shop(LOW);
    assert_eq!(told(&rig).len(), 1);
    rig.run(&["silence", "low", "--for", "2h", "--reason", "x"]).exits(0);
    for on_hand in [10, 2] {
        rig.sqlite("shop.db", &format!("update stock set on_hand = {on_hand} where sku = 'A'"));
        assert!(told(&rig).is_empty());
    }
    rig.run(&["unsilence", "low"]).exits(0);
    let both =
        ["RESOLVED low: it ended while news was held back, and began again", "FIRING low: 1 of 2 rows: on_hand < 5"];
    assert_eq!(told(&rig), both);
}

#[test]
fn trouble_with_the_alert_itself_is_held_back_too() {
    let rig = shop(LOW);
    rig.run(&["silence", "low", "--for", "2h", "--reason", "migration"]).exits(0);
    rig.sqlite("shop.db", "alter table stock rename to hidden");
    assert!(told(&rig).is_empty());
    rig.run(&["unsilence", "low"]).exits(0);
    assert_eq!(told(&rig), ["CANNOT JUDGE low: source `shop`: no such table: stock"]);
}

#[test]
fn the_catalogue_may_name_hours_in_which_nobody_is_told() {
    let always = "mute = [{ to = \"12:00\" }, { from = \"12:00\" }]\n";
    let rig = shop(&format!("{LOW}{always}"));
    rig.run(&["check", "--notify"]).exits(1);
    assert!(told(&rig).is_empty());
    let rig = rig.catalogue(&format!("{SHOP}{LOW}"));
    assert_eq!(told(&rig), ["FIRING low: 1 of 2 rows: on_hand < 5"]);
    let broken = "mute = [{ days = \"sat,sonntag\" }, { from = \"22\" }, { day = \"sat\" }]\n";
    insta::assert_snapshot!(rig.catalogue(&format!("{SHOP}{LOW}{broken}")).run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `days` has no day called `sonntag`: write days as mon, tue, wed, thu, fri, sat, sun
      --> rowcall.toml:16:18
       |
    16 | mute = [{ days = "sat,sonntag" }, { from = "22" }, { day = "sat" }]
       |                  ^^^^^^^^^^^^^
       |
       = help: write for example { days = "sat,sun" }, or { from = "22:00", to = "07:00" }

    error: `from` cannot be `22`: it is a time such as 22:00
      --> rowcall.toml:16:44
       |
    16 | mute = [{ days = "sat,sonntag" }, { from = "22" }, { day = "sat" }]
       |                                            ^^^^
       |
       = help: write for example { days = "sat,sun" }, or { from = "22:00", to = "07:00" }

    error: this `mute` would never let the alert speak
      --> rowcall.toml:16:52
       |
    16 | mute = [{ days = "sat,sonntag" }, { from = "22" }, { day = "sat" }]
       |                                                    ^^^^^^^^^^^^^^^
       |
       = help: write for example { days = "sat,sun" }, or { from = "22:00", to = "07:00" }

    error: unknown key `day` in `alerts.low.mute`
      --> rowcall.toml:16:54
       |
    16 | mute = [{ days = "sat,sonntag" }, { from = "22" }, { day = "sat" }]
       |                                                      ^^^
       |
       = help: did you mean `days`?

    4 mistakes: nothing was connected to
    "#);
}

#[test]
fn an_open_incident_of_another_alert_holds_back() {
    let other =
        "[alerts.all_gone]\nsource = \"shop\"\nsql = \"select sum(on_hand) as n from stock\"\nwhen = \"n < 5\"\n";
    let rig = shop(&format!("{LOW}unless = \"all_gone\"\n{other}"));
    rig.sqlite("shop.db", "update stock set on_hand = 1");
    rig.run(&["check", "--notify", "all_gone"]).exits(1);
    assert!(told(&rig).is_empty());
    rig.sqlite("shop.db", "update stock set on_hand = 10 where sku = 'B'");
    assert_eq!(told(&rig), ["RESOLVED all_gone: n = 11"]);
    assert_eq!(told(&rig), ["FIRING low: 1 of 2 rows: on_hand < 5"]);
}

#[test]
fn alerts_that_hold_back_each_other_are_a_mistake() {
    let other = LOW.replace("alerts.low", "alerts.high");
    let alerts = format!("{LOW}unless = \"high\"\n{other}unless = [\"low\", \"lwo\"]\n");
    insta::assert_snapshot!(shop(&alerts).run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `low` and `high` hold back each other
      --> rowcall.toml:16:10
       |
    16 | unless = "high"
       |          ^^^^^^
       |
       = help: leave one of the two out of `unless`

    error: `high` and `low` hold back each other
      --> rowcall.toml:22:11
       |
    22 | unless = ["low", "lwo"]
       |           ^^^^^
       |
       = help: leave one of the two out of `unless`

    error: no alert is called `lwo`
      --> rowcall.toml:22:18
       |
    22 | unless = ["low", "lwo"]
       |                  ^^^^^
       |
       = help: did you mean `low`?

    3 mistakes: nothing was connected to
    "#);
}

#[test]
fn a_silence_needs_an_alert_a_length_and_a_state_to_be_kept_in() {
    let rig = shop(LOW);
    let silence = |alert: &[&str]| {
        let rest = ["--for", "2h", "--reason", "x"];
        rig.run(&[&["silence"], alert, &rest].concat())
    };
    insta::assert_snapshot!(silence(&["lwo"]), @r#"
    exit 2
    --- stderr
    error: no alert is called `lwo`
      next: did you mean `low`?
    "#);
    insta::assert_snapshot!(silence(&["low", "A"]), @r#"
    exit 2
    --- stderr
    error: alert `low` has no key
      next: leave the key out
    "#);
    rig.run(&["silence", "low", "--for", "soon", "--reason", "x"]).exits(2);
    let rig = shop(LOW).catalogue(&format!("{}{LOW}", SHOP.replace("state.db", ":memory:")));
    insta::assert_snapshot!(rig.run(&["silence", "low", "--for", "2h", "--reason", "x"]), @r#"
    exit 2
    --- stderr
    error: the catalogue keeps no state
      next: name a file in [state], or leave [state] out
    "#);
}
