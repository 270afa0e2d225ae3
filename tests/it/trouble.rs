//! Bad input and bad days: each a clear message that names the place and the next step, the right exit code, no
//! backtrace, and no secret anywhere.

use crate::rig::Rig;
use crate::servers;

const SECRET: &str = "S3CR3T-canary/+=";

fn postgres(url: &str, rest: &str) -> Rig {
    Rig::new().secret("SHOP_PASSWORD", SECRET).catalogue(&format!(
        "[sources.shop]\nurl = \"{url}\"\n{rest}\n[queries.q]\nsource = \"shop\"\nsql = \"select 1 as one\"\n"
    ))
}

#[test]
fn a_missing_variable_names_itself_and_who_needs_it() {
    let rig = postgres("postgres://report@127.0.0.1:1/shop", "password = \"${NOT_SET}\"");
    insta::assert_snapshot!(rig.run(&["query", "q"]), @r#"
    exit 2
    --- stderr
    error: source `shop`: environment variable `NOT_SET` is not set (needed by `sources.shop.password` at rowcall.toml:3)
      next: set `NOT_SET` where rowcall runs
    "#);
}

#[test]
fn a_closed_port_is_named() {
    let rig = postgres("postgres://report@127.0.0.1:1/shop", "password = \"${SHOP_PASSWORD}\"");
    insta::assert_snapshot!(rig.run(&["query", "q"]), @r#"
    exit 3
    --- stderr
    error: source `shop`: 127.0.0.1:1 cannot be reached: error connecting to server: Connection refused (os error 111)
      next: check that a server listens on 127.0.0.1:1
    "#);
    let rig = postgres("mysql://report@127.0.0.1:1/shop", "password = \"${SHOP_PASSWORD}\"");
    insta::assert_snapshot!(rig.run(&["query", "q"]), @r#"
    exit 3
    --- stderr
    error: source `shop`: 127.0.0.1:1 cannot be reached: Connection refused (os error 111)
      next: check that a server listens on 127.0.0.1:1
    "#);
}

#[test]
fn a_database_file_that_is_not_there_is_not_made() {
    let rig = postgres("sqlite:nowhere.db", "");
    insta::assert_snapshot!(rig.run(&["query", "q"]), @r#"
    exit 3
    --- stderr
    error: source `shop`: there is no file `./nowhere.db`
      next: a relative file is looked for beside the catalogue; none is created
    "#);
    assert!(!rig.path().join("nowhere.db").exists());
}

#[test]
#[ignore = "needs servers: run tests/run"]
fn a_wrong_password_is_refused_without_being_shown() {
    for server in [servers::postgres(), servers::mysql()] {
        let rig = postgres(&server.url_with("rowcall_nobody", ""), "password = \"${SHOP_PASSWORD}\"");
        let ran = rig.run(&["query", "q"]).exits(3);
        assert!(ran.stderr.starts_with("error: source `shop`: "), "{ran}");
        assert!(ran.stderr.contains("rowcall_nobody") && ran.stderr.contains("next: "), "{ran}");
    }
}

#[test]
#[ignore = "needs servers: run tests/run"]
fn an_error_in_sql_is_told_in_the_words_of_the_database() {
    for (server, words) in
        [(servers::postgres(), "relation \"nowhere\" does not exist"), (servers::mysql(), "nowhere' doesn't exist")]
    {
        let rig = postgres(&server.url(), "");
        let ran = rig.run(&["query", "-s", "shop", "-c", "select 1 from nowhere"]).exits(3);
        assert!(ran.stderr.contains(words), "{ran}");
    }
}

#[test]
fn a_state_file_of_another_program_is_left_alone() {
    let rig =
        Rig::new().file("state.db", "this is a diary, not a database, and it is long enough to be read").catalogue(
            "[state]\nurl = \"sqlite:state.db\"\n[sources.a]\nurl = \"sqlite::memory:\"\n[alerts.x]\nsource = \"a\"\n\
         sql = \"select 1 as n\"\nwhen = \"n > 1\"\n",
        );
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 2
    --- stderr
    error: state store `state.db`: the file is not a database
      next: move it away, or name another file in [state]
    "#);
    rig.sqlite("theirs.db", "create table theirs (x)");
    let rig = rig.catalogue(
        "[state]\nurl = \"sqlite:theirs.db\"\n[sources.a]\nurl = \"sqlite::memory:\"\n[alerts.x]\nsource = \"a\"\n\
         sql = \"select 1 as n\"\nwhen = \"n > 1\"\n",
    );
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 2
    --- stderr
    error: state store `theirs.db`: the file is another program's database
      next: name another file in [state]
    "#);
}

#[test]
fn a_rule_that_compares_a_number_with_a_word_names_the_column() {
    let rig = Rig::new().catalogue(
        "[sources.a]\nurl = \"sqlite::memory:\"\n[alerts.x]\nsource = \"a\"\nsql = \"select 'many' as n\"\nwhen = \"n > 1\"\n\
         [alerts.y]\nsource = \"a\"\nsql = \"select 1 as amount\"\nwhen = \"amout > 1\"\n",
    );
    insta::assert_snapshot!(rig.run(&["check"]), @r#"
    exit 3
    --- stdout
    ALERT  STATE  SEVERITY  WHY
    x      error  warning   `when`: column `n` holds the text `many`, which cannot be compared with the integer `1` (in `n > 1`, row 1)
    y      error  warning   `when`: the result has no column `amout`; it has `amount`
    --- stderr
    alert `x` at rowcall.toml:3: `when`: column `n` holds the text `many`, which cannot be compared with the integer `1` (in `n > 1`, row 1)
      next: cast the text to a number in the SQL of the query, or compare it with a text in quotes
    alert `y` at rowcall.toml:7: `when`: the result has no column `amout`; it has `amount`
      next: did you mean `amount`?
    "#);
}
