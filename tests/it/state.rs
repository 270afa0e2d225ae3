//! Stories of `rowcall state copy`: what is remembered moves from a file to a server.

use crate::fakes::http::{Answer, HttpFake};
use crate::rig::Rig;

const SHOP: &str = r#"
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
key = ["sku"]
schedule = "0 * * * *"
[alerts.all]
source = "shop"
sql = "select count(*) as n from stock"
when = "n < 1"
[alerts.new]
source = "shop"
sql = "select count(*) as n from stock"
when = "n > 1"
"#;

/// A shop with a catalogue that keeps its state in a file, and another one that keeps it on the server.
fn shop(fake: &HttpFake) -> Rig {
    let rig = Rig::new().env("USER", "kim").secret("HOOK", &fake.url("/services/T0/B0/S3CR3T-canary"));
    let schema: String = rig.path().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
    let schema = format!("m{}", &schema[schema.len().saturating_sub(40)..]);
    let server = format!("[state]\nurl = \"{}\"\nschema = \"{schema}\"\n{SHOP}", crate::servers::postgres().url());
    let rig = rig.catalogue(&format!("[state]\nurl = \"sqlite:state.db\"\n{SHOP}")).file("server.toml", &server);
    rig.sqlite("shop.db", "create table stock (sku text, on_hand integer); insert into stock values ('A', 3)");
    rig
}

/// Everything that is remembered, as people ask for it.
fn remembered(rig: &Rig, config: &str) -> Vec<String> {
    let questions: [&[&str]; 6] = [
        &["history", "--json"],
        &["explain", "low", "--json"],
        &["outbox", "list", "--json"],
        &["list", "silences"],
        &["status", "--json"],
        &["schedule", "--list=1"],
    ];
    questions.iter().map(|words| rig.run(&[&["--config", config], *words].concat()).exits(0).stdout).collect()
}

#[test]
#[ignore = "needs a server"]
fn what_is_remembered_moves_to_a_server_and_nothing_is_told_twice() {
    let gone = || Answer::plain(404, "no_service");
    let fake = HttpFake::start([Answer::plain(200, "ok"), gone()]);
    let rig = shop(&fake);
    rig.run(&["check", "low", "--notify"]).exits(1);
    rig.sqlite("shop.db", "insert into stock values ('B', 9)");
    rig.run(&["check", "new", "--notify"]).exits(4);
    rig.run(&["silence", "all", "--for", "2h", "--reason", "moving"]).exits(0);
    rig.run(&["pause", "low", "--for", "2h"]).exits(0);
    assert_eq!(fake.requests().len(), 2);

    let before = remembered(&rig, "rowcall.toml");
    let copy = ["--config", "server.toml", "state", "copy", "--from", "state.db"];
    insta::assert_snapshot!(rig.run(&[&copy[..], &["--dry-run"]].concat()), @r#"
    exit 0
    --- stdout
    TABLE         ROWS
    alerts        2
    beats         0
    decisions     3
    instances     2
    late          0
    outbox        2
    pauses        1
    runs          2
    silences      1
    skips         0
    told          2
    told_channel  0
    told_health   0
    told_source   0
    troubles      1
    --- stderr
    nothing was copied: this is what the file has, and there is room for it
    "#);
    insta::assert_snapshot!(rig.run(&copy), @r#"
    exit 0
    --- stdout
    TABLE         ROWS
    alerts        2
    beats         0
    decisions     3
    instances     2
    late          0
    outbox        2
    pauses        1
    runs          2
    silences      1
    skips         0
    told          2
    told_channel  0
    told_health   0
    told_source   0
    troubles      1
    --- stderr
    copied; the file is as it was: move it away, so that nobody goes on with it
    "#);
    let after = remembered(&rig, "server.toml");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }

    let told = rig.run(&["--config", "server.toml", "check", "low", "--notify"]).exits(4);
    assert_eq!(fake.requests().len(), 2, "the incident was told already, and the channel is left alone: {told}");
    let again = rig.run(&copy).exits(2).stderr;
    assert!(again.contains("there are rows already in `alerts`, `decisions`, `instances`, `outbox`,"), "{again}");
    assert!(
        again.contains("next: copy into a store that nobody has used: name another `schema` in [state]"),
        "{again}"
    );
}

#[test]
#[ignore = "needs a server"]
fn a_file_that_a_loop_works_on_is_not_copied() {
    let fake = HttpFake::start([]);
    let rig = shop(&fake);
    let copy = ["--config", "server.toml", "state", "copy"];
    insta::assert_snapshot!(rig.run(&copy), @r#"
    exit 2
    --- stderr
    error: state store `./.rowcall/state.db`: there is no such file
      next: name the file with `--from`
    "#);
    rig.run(&["check", "all", "--notify"]).exits(0);
    let beat = "insert into beats select 'db1', 7, 0, at, '1.0', 3, 0 from (select unixepoch() * 1000000 - 1 as at)";
    Rig::change(&rig.path().join("state.db"), beat);
    let refused = rig.run(&[&copy[..], &["--from", "state.db"]].concat()).exits(2).stderr;
    assert!(refused.contains("a loop is at work on it: db1 (7) gave a sign of life"), "{refused}");
    assert!(refused.contains("next: stop `rowcall schedule` first"), "{refused}");
    insta::assert_snapshot!(rig.run(&["state", "copy"]), @r#"
    exit 2
    --- stderr
    error: [state] names no PostgreSQL to copy to
      next: write the `postgres://..` that is to keep the state as `url` in [state], then copy, then start the loops
    "#);
}
