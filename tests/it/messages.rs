//! Stories of what messages carry: files with rows, and words of the user's own.

use mail_parser::{MessageParser, MimeHeaders};

use crate::fakes::http::HttpFake;
use crate::fakes::services;
use crate::fakes::smtp::{Script, SmtpFake};
use crate::rig::Rig;

/// A shop whose late orders are told to `notify`, with these keys in the alert.
fn shop(channels: &str, notify: &str, keys: &str) -> Rig {
    let catalogue = format!(
        r#"
timezone = "UTC"
[sources.shop]
url = "sqlite:shop.db"
[alerts.late]
source = "shop"
sql = "select id, customer, amount from orders order by id"
when = "amount > 1000"
notify = ["{notify}"]
{keys}
[channels.terminal]
type = "stdout"
{channels}
"#
    );
    let rig = Rig::new().catalogue(&catalogue);
    rig.sqlite(
        "shop.db",
        "create table orders (id integer, customer text, amount integer);
         insert into orders values (1, 'Kim', 1500), (2, '=HYPERLINK(\"https://evil.example.net\",\"y\")', 2500),
         (3, '-2+3', 10), (4, '@SUM(1)', 9000), (-5, 'Lee', 1001)",
    );
    rig
}

fn mail_channel(fake: &SmtpFake) -> String {
    format!(
        "[channels.mail]\ntype = \"email\"\nserver = \"smtp://localhost:{}\"\nca_file = \"{}\"\n\
         from = \"bot@example.com\"\nto = [\"data@example.com\"]\n",
        fake.port(),
        fake.ca_file().display()
    )
}

#[test]
fn the_rows_that_fire_travel_as_files() {
    let fake = SmtpFake::start(Script::default());
    let rig = shop(&mail_channel(&fake), "mail", "attach = [\"csv\", \"xlsx\"]");
    rig.run(&["check", "--notify"]).exits(1);
    let mail = fake.mails().pop().expect("a mail").raw;
    let mail = MessageParser::default().parse(&mail).expect("a mail");
    let files: Vec<_> = mail.attachments().collect();
    let names: Vec<&str> = files.iter().filter_map(|file| file.attachment_name()).collect();
    let slot = names[0].strip_prefix("late-").and_then(|name| name.strip_suffix("Z.csv")).expect("alert and slot");
    assert!(slot.len() == 15 && slot.as_bytes()[8] == b'T', "{slot}");
    assert_eq!(names[1], format!("late-{slot}Z.xlsx"));
    let expected = "id,customer,amount\n-5,Lee,1001\n1,Kim,1500\n\
                    2,\"'=HYPERLINK(\"\"https://evil.example.net\"\",\"\"y\"\")\",2500\n4,'@SUM(1),9000\n";
    assert_eq!(std::str::from_utf8(files[0].contents()), Ok(expected));
    assert!(files[1].contents().starts_with(b"PK"));
}

#[test]
fn where_an_aggregate_judges_all_rows_travel() {
    let fake = SmtpFake::start(Script::default());
    let rig = shop(&mail_channel(&fake), "mail", "attach = \"csv\"");
    let text = std::fs::read_to_string(rig.path().join("rowcall.toml")).expect("reads");
    let rig = rig.catalogue(&text.replace("amount > 1000", "sum(amount) > 1000"));
    rig.run(&["check", "--notify"]).exits(1);
    let mail = fake.mails().pop().expect("a mail").raw;
    let mail = MessageParser::default().parse(&mail).expect("a mail");
    let file = mail.attachment(0).expect("a file");
    assert_eq!(std::str::from_utf8(file.contents()).map(|text| text.lines().count()), Ok(6));
}

#[test]
fn a_recovery_carries_no_file() {
    let fake = SmtpFake::start(Script::default());
    let rig = shop(&mail_channel(&fake), "mail", "attach = \"csv\"");
    rig.run(&["check", "--notify"]).exits(1);
    rig.sqlite("shop.db", "delete from orders");
    rig.run(&["check", "--notify"]).exits(0);
    let files: Vec<usize> = fake
        .mails()
        .iter()
        .map(|mail| MessageParser::default().parse(&mail.raw).expect("a mail").attachment_count())
        .collect();
    assert_eq!(files, [1, 0]);
}

#[test]
fn a_channel_without_files_says_where_the_rows_are() {
    let rig = shop("", "terminal", "attach = [\"csv\"]");
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    late   firing  warning   4 of 5 rows: amount > 1000

    FIRING late: 4 of 5 rows: amount > 1000
      since     [TIME] UTC
      severity  warning
      rule      amount > 1000

      id  customer                                    amount
      -5  Lee                                           1001
       1  Kim                                           1500
       2  =HYPERLINK("https://evil.example.net","y")    2500
       4  @SUM(1)                                       9000

      more: rowcall check late
      file: late-[TIME].csv (115 B), not sent here: rowcall check late --samples 4
    "#);
}

#[test]
fn a_dry_run_names_the_files_that_would_travel() {
    let fake = SmtpFake::start(Script::default());
    let rig = shop(&mail_channel(&fake), "mail", "attach = [\"csv\"]\nowners = [\"terminal\"]");
    insta::assert_snapshot!(rig.run(&["check", "--notify", "--dry-run"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    late   firing  warning   4 of 5 rows: amount > 1000

    1 message would be sent:

    to channel `mail`:
    FIRING late: 4 of 5 rows: amount > 1000
      since     [TIME] UTC
      severity  warning
      rule      amount > 1000
      owners    terminal

      id  customer                                    amount
      -5  Lee                                           1001
       1  Kim                                           1500
       2  =HYPERLINK("https://evil.example.net","y")    2500
       4  @SUM(1)                                       9000

      more: rowcall check late
      file: late-[TIME].csv (115 B)
    "#);
    assert!(fake.mails().is_empty());
}

#[test]
fn a_bot_of_slack_puts_the_file_into_the_thread() {
    let fake = HttpFake::start_as(services::slack_api, []);
    let url = fake.url("/api/");
    let channel =
        format!("[channels.team]\ntype = \"slack\"\ntoken = \"xoxb-1\"\nchannel = \"C0123\"\nbase_url = \"{url}\"\n");
    let rig = shop(&channel, "team", "attach = [\"csv\"]");
    rig.run(&["check", "--notify"]).exits(1);
    let paths: Vec<String> = fake.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths.len(), 4, "{paths:?}");
    assert_eq!(fake.requests()[2].bytes.iter().filter(|byte| **byte == b'\n').count(), 5);
    assert!(fake.requests()[3].body.contains("\"thread_ts\":\"1700000000.000100\""));
}

#[test]
fn a_kind_of_file_that_there_is_not_is_a_mistake() {
    let rig = shop("", "terminal", "attach = [\"cvs\", \"xlsx\", \"xlsx\"]");
    insta::assert_snapshot!(rig.run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `attach` cannot be `cvs`
      --> rowcall.toml:10:11
       |
    10 | attach = ["cvs", "xlsx", "xlsx"]
       |           ^^^^^
       |
       = help: did you mean `csv`?

    error: `attach` names `xlsx` twice
      --> rowcall.toml:10:26
       |
    10 | attach = ["cvs", "xlsx", "xlsx"]
       |                          ^^^^^^

    2 mistakes: nothing was connected to
    "#);
}
