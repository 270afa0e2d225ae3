//! Stories of `rowcall doctor`.

use crate::fakes::http::{Answer, HttpFake};
use crate::fakes::services;
use crate::fakes::smtp::{Refusal, Script, SmtpFake};
use crate::rig::{Ran, Rig};

const CANARY: &str = "S3CR3T-canary/+=";

/// A catalogue with a source that answers, and these channels.
fn house(more: &str) -> Rig {
    let catalogue = format!(
        "timezone = \"UTC\"\n[sources.shop]\nurl = \"sqlite:shop.db\"\n[channels.terminal]\ntype = \"stdout\"\n{more}"
    );
    let rig = Rig::new().catalogue(&catalogue).secret("CANARY", CANARY);
    rig.sqlite("shop.db", "create table stock (sku text, on_hand integer)");
    rig
}

fn mail(fake: &SmtpFake) -> String {
    format!(
        "[channels.mail]\ntype = \"email\"\nserver = \"smtp://bot@localhost:{}\"\npassword = \"${{CANARY}}\"\n\
         ca_file = \"{}\"\nfrom = \"bot@example.com\"\nto = [\"data@example.com\"]\n",
        fake.port(),
        fake.ca_file().display()
    )
}

fn bot(fake: &HttpFake) -> String {
    format!(
        "[channels.team]\ntype = \"slack\"\ntoken = \"${{CANARY}}\"\nchannel = \"C0123\"\nbase_url = \"{}\"\n",
        fake.url("/api")
    )
}

fn login() -> Script {
    Script { login: Some(("bot".to_owned(), CANARY.to_owned())), ..Script::default() }
}

/// What was printed, with what differs from machine to machine replaced.
fn steady(ran: &Ran) -> String {
    let mut text = String::new();
    for line in ran.to_string().lines() {
        let line = match (line.find("connects in "), line.contains("zones")) {
            (Some(at), _) => format!("{}[SPEED]", &line[..at]),
            (None, true) => "ok       zones           [RULES]".to_owned(),
            (None, false) => line.to_owned(),
        };
        let line = match line.split_once("SQLite 3.") {
            Some((head, tail)) => {
                format!("{head}SQLite [VERSION]{}", tail.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.'))
            }
            None => line,
        };
        let line = match line.split_once("127.0.0.1:").or_else(|| line.split_once("localhost:")) {
            Some((head, tail)) => format!("{head}[HOST]{}", tail.trim_start_matches(|c: char| c.is_ascii_digit())),
            None => line,
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[test]
fn a_house_in_order_is_told_line_by_line() {
    let (smtp, slack) = (SmtpFake::start(login()), HttpFake::start_as(services::slack_api, []));
    let hook = HttpFake::start([]);
    let webhook = format!("[channels.hook]\ntype = \"webhook\"\nurl = \"{}/${{CANARY}}\"\n", hook.url(""));
    let rig = house(&(mail(&smtp) + &bot(&slack) + &webhook));
    let ran = rig.run(&["doctor"]).exits(0);
    insta::assert_snapshot!(steady(&ran), @r#"
    exit 0
    --- stdout
    ok       catalogue         `rowcall.toml`: sources 1, alerts 0, channels 4
    ok       zones           [RULES]
    ok       state             there is none yet: the first `check --notify` or `schedule` makes it
    ok       source shop       SQLite [VERSION]: [SPEED]
    ok       source shop       the line stays on this machine
    ok       source shop       the session is read-only, opened so
    ok       channel hook      webhook: `127.0.0.1` is not called without a message
    ok       channel mail      email: `[HOST]` answers and takes the login of `bot`
    ok       channel team      slack: Slack knows the bot `rowcall` of the workspace `shop`
    ok       channel terminal  stdout: writes to standard output
    "#);
    assert_eq!((smtp.mails().len(), hook.requests().len()), (0, 0));
    let asked: Vec<String> = slack.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked, ["/api/auth.test"]);
}

#[test]
fn the_state_is_looked_over_with_what_waits_in_it() {
    let smtp = SmtpFake::start(login());
    let alert = "[alerts.low]\nsource = \"shop\"\nsql = \"select 1 as n\"\nwhen = \"n > 0\"\nnotify = [\"mail\"]\n";
    let rig = house(&(mail(&smtp) + alert));
    smtp.refuse("MAIL", 1, Refusal::Say("451 4.3.0 try later"));
    rig.run(&["check", "--notify"]).exits(4);
    let told = rig.run(&["doctor"]).exits(0).stdout;
    for part in [
        "ok       state             `.rowcall/state.db`: ",
        ", sound\n",
        "warning  state             1 message waits for channel `mail`, the oldest since [TIME] UTC\n",
        "next: rowcall outbox list --channel mail\n",
        "warning  state             channel `mail` has not worked since [TIME] UTC: `localhost:",
        "answered 451 to the sender: `4.3.0 try later`\n",
        "next: rowcall doctor mail --send-test\n",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    // What the log beside it holds would stand for the file.
    for log in ["state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(rig.path().join(".rowcall").join(log));
    }
    std::fs::write(rig.path().join(".rowcall/state.db"), "no database at all, but long enough to be read as one")
        .expect("written");
    let ran = rig.run(&["doctor"]).exits(3);
    assert!(ran.stdout.contains("problem  state"), "{ran}");
}

#[test]
fn what_does_not_work_says_why_and_what_to_do() {
    let smtp = SmtpFake::start(login());
    smtp.refuse("AUTH", 1, Refusal::Say("535 5.7.8 S3CR3T-canary/+= is wrong"));
    let answer = r#"{"ok":false,"error":"invalid_auth"}"#;
    let slack = HttpFake::start([Answer::plain(200, answer)]);
    let more = "[channels.hook]\ntype = \"webhook\"\nurl = \"${NOT_SET}\"\n[sources.gone]\nurl = \"sqlite:gone.db\"\n";
    let rig = house(&(mail(&smtp) + &bot(&slack) + more));
    insta::assert_snapshot!(steady(&rig.run(&["doctor"])), @r#"
    exit 2
    --- stdout
    ok       catalogue         `rowcall.toml`: sources 2, alerts 0, channels 4
    ok       zones           [RULES]
    ok       state             there is none yet: the first `check --notify` or `schedule` makes it
    problem  source gone       there is no file `./gone.db`
                                 next: a relative file is looked for beside the catalogue; none is created
    ok       source shop       SQLite [VERSION]: [SPEED]
    ok       source shop       the line stays on this machine
    ok       source shop       the session is read-only, opened so
    problem  channel hook      `url` cannot be read: environment variable `NOT_SET` is not set (needed by `channels.hook.url` at rowcall.toml:20)
    problem  channel mail      `[HOST]` answered 535 to the login: `5.7.8 *** is wrong`; check the user in `server` and `password`
    problem  channel team      Slack answered `invalid_auth`; check `token`
    ok       channel terminal  stdout: writes to standard output
    "#);
    rig.run(&["doctor", "gone"]).exits(3);
    rig.run(&["doctor", "hook"]).exits(2);
    rig.run(&["doctor", "shop"]).exits(0);
    let lacking =
        Answer::Say(200, vec![("x-oauth-scopes", "chat:write,channels:read".into())], r#"{"ok":true}"#.into());
    let slack = HttpFake::start([lacking]);
    let ran = house(&bot(&slack)).run(&["doctor", "team"]).exits(0);
    assert!(
        ran.stdout.contains("warning  channel team  the bot has no scope `files:write`: files stay behind"),
        "{ran}"
    );
}

#[test]
fn a_test_message_goes_to_the_channels_that_are_named_and_to_no_other() {
    let (smtp, slack) = (SmtpFake::start(login()), HttpFake::start_as(services::slack_api, []));
    let rig = house(&(mail(&smtp) + &bot(&slack)));
    insta::assert_snapshot!(steady(&rig.run(&["doctor", "terminal", "mail", "--send-test"]).exits(0)), @r#"
    exit 0
    --- stdout
    TEST rowcall: channel `terminal` works; nothing is wrong and nothing is to be done
      at   [TIME] UTC
      why  someone tried the channel

      more: rowcall doctor terminal --send-test

    ok       channel mail      email: `[HOST]` answers and takes the login of `bot`
    ok       channel mail      took a test message: look whether it is there
    ok       channel terminal  stdout: writes to standard output
    ok       channel terminal  took a test message: look whether it is there
    "#);
    let mail = smtp.mails().pop().expect("a mail");
    let mail = mail_parser::MessageParser::default().parse(&mail.raw).expect("a mail");
    let subject = "[rowcall] TEST rowcall: channel `mail` works; nothing is wrong and nothing is to be done";
    assert_eq!(mail.subject(), Some(subject));
    assert!(slack.requests().is_empty());
    smtp.refuse(".", 1, Refusal::Say("554 5.6.0 no such things here"));
    rig.run(&["doctor", "mail", "--send-test"]).exits(4);
    insta::assert_snapshot!(rig.run(&["doctor", "shop", "--send-test"]).exits(2), @r#"
    exit 2
    --- stderr
    error: no channel is named: a test message goes to channels only
    "#);
    insta::assert_snapshot!(rig.run(&["doctor", "mial"]).exits(2), @r#"
    exit 2
    --- stderr
    error: no source or channel is called `mial`
      next: did you mean `mail`?
    "#);
}

#[cfg(unix)]
#[test]
fn a_secret_in_a_file_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let rig = house("[channels.pager]\ntype = \"webhook\"\npreset = \"pagerduty\"\nrouting_key = \"R0123456789\"\n");
    let file = rig.path().join("rowcall.toml");
    let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("changed");
    mode(0o644);
    insta::assert_snapshot!(rig.run(&["doctor", "pager"]).exits(0), @r#"
    exit 0
    --- stdout
    warning  channel pager  `routing_key` stands in a file that others on this machine can read
                              next: write `${VARIABLE}` or `${file:PATH}` instead, or `chmod 600 rowcall.toml`
    ok       channel pager  webhook: `events.pagerduty.com` is not called without a message
    "#);
    mode(0o600);
    let ran = rig.run(&["doctor", "pager"]).exits(0);
    assert!(!ran.stdout.contains("warning"), "{ran}");
}

#[test]
fn findings_are_json_of_one_shape() {
    let rig = house("[sources.gone]\nurl = \"sqlite:gone.db\"\n");
    insta::assert_snapshot!(rig.run(&["doctor", "gone", "terminal", "--json"]).exits(3), @r#"
    exit 3
    --- stdout
    {
      "schema": 1,
      "findings": [
        {
          "grade": "problem",
          "kind": "source",
          "name": "gone",
          "text": "there is no file `./gone.db`",
          "next": "a relative file is looked for beside the catalogue; none is created"
        },
        {
          "grade": "ok",
          "kind": "channel",
          "name": "terminal",
          "text": "stdout: writes to standard output",
          "next": null
        }
      ]
    }
    "#);
}

#[test]
#[ignore = "needs servers: tests/run --with-servers"]
fn servers_say_who_we_are_and_that_nothing_is_written() {
    for (word, url) in [("PostgreSQL", crate::servers::postgres().url()), ("M", crate::servers::mysql().url())] {
        let rig = Rig::new().catalogue(&format!("[sources.shop]\nurl = \"{url}\"\n"));
        let ran = rig.run(&["doctor", "shop"]).exits(0);
        assert!(ran.stdout.contains(&format!("ok       source shop  {word}")), "{ran}");
        assert!(ran.stdout.contains("the session is read-only, says the server"), "{ran}");
    }
}
