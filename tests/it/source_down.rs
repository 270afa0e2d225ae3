//! Stories of a source that cannot be reached, and of many alerts that meet it at once.

use std::net::TcpListener;

use crate::rig::Rig;

const SHOP: &str = r#"
timezone = "UTC"
[defaults]
notify = ["terminal"]
timeout = "1s"
[channels.terminal]
type = "stdout"
[channels.care]
type = "stdout"
"#;

/// So many alerts on the source `shop`.
fn shop(source: &str, alerts: usize) -> String {
    let alert = |n| {
        format!(
            "[alerts.a{n}]\nsource = \"shop\"\nsql = \"select 1 as n from stock\"\nwhen = \"n > 1\"\nowners = [\"care\"]\n"
        )
    };
    format!("{SHOP}[sources.shop]\n{source}\n{}", (0..alerts).map(alert).collect::<String>())
}

fn times(text: &str, words: &str) -> usize {
    text.matches(words).count()
}

#[test]
fn a_source_that_is_down_is_told_once_whatever_asks_it_and_once_when_it_answers() {
    let rig = Rig::new().catalogue(&shop("url = \"sqlite:shop.db\"", 1));
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 3
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    a0     error  warning   source `shop`: there is no file `./shop.db`

    SOURCE DOWN shop: there is no file `./shop.db`
      at         [TIME] UTC
      met by     alert a0; the others on this source say nothing of it
      next step  a relative file is looked for beside the catalogue; none is created

      more: rowcall validate --online

    --- stderr
    alert `a0` at rowcall.toml:12: source `shop`: there is no file `./shop.db`
      next: a relative file is looked for beside the catalogue; none is created
    "#);
    let rig = rig.catalogue(&shop("url = \"sqlite:shop.db\"", 40));
    let still = rig.run(&["check", "--notify"]).exits(3);
    assert_eq!(times(&still.stdout, "SOURCE") + times(&still.stdout, "CANNOT JUDGE"), 0, "{still}");
    rig.sqlite("shop.db", "create table stock (sku text)");
    let back = rig.run(&["check", "--notify"]).exits(0);
    assert_eq!((times(&back.stdout, "SOURCE UP shop"), times(&back.stdout, "WORKS AGAIN")), (1, 0), "{back}");
    assert_eq!(times(&rig.run(&["check", "--notify"]).exits(0).stdout, "SOURCE"), 0);
    std::fs::remove_file(rig.path().join("shop.db")).expect("removed");
    let again = rig.run(&["check", "--notify"]).exits(3);
    assert_eq!(times(&again.stdout, "SOURCE DOWN shop"), 1, "forty alerts see a new outage at once: {again}");
}

#[test]
fn a_statement_error_belongs_to_its_alert() {
    let rig = Rig::new().catalogue(&shop("url = \"sqlite:shop.db\"\nowners = [\"terminal\"]", 2));
    assert_eq!(times(&rig.run(&["check", "--notify"]).exits(3).stdout, "SOURCE DOWN"), 1);
    rig.sqlite("shop.db", "create table other (sku text)");
    let ran = rig.run(&["check", "--notify"]).exits(3);
    assert_eq!((times(&ran.stdout, "SOURCE UP"), times(&ran.stdout, "CANNOT JUDGE")), (1, 2), "{ran}");
}

#[test]
fn a_server_that_does_not_answer_is_down_for_those_too_who_waited_for_a_connection() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("known").port();
    let source = format!("url = \"postgres://a@127.0.0.1:{port}/shop\"\nmax_concurrent = 1");
    let ran = Rig::new().catalogue(&shop(&source, 5)).run(&["check", "--notify"]).exits(3);
    assert_eq!((times(&ran.stdout, "SOURCE DOWN"), times(&ran.stdout, "CANNOT JUDGE")), (1, 0), "{ran}");
}

#[test]
fn the_owners_of_a_source_are_channels_of_the_catalogue() {
    let rig = Rig::new().catalogue(&shop("url = \"sqlite:shop.db\"\nowners = [\"terminl\"]", 1));
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: no channel is called `terminl`
      --> rowcall.toml:12:11
       |
    12 | owners = ["terminl"]
       |           ^^^^^^^^^
       |
       = help: did you mean `terminal`?

    1 mistake: nothing was connected to
    "#);
}
