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

#[test]
fn the_rows_that_fire_travel_as_files() {
    let fake = SmtpFake::start(Script::default());
    let rig = shop(&fake.channel("mail"), "mail", "attach = [\"csv\", \"xlsx\"]");
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
    let rig = shop(&fake.channel("mail"), "mail", "attach = \"csv\"");
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
    let rig = shop(&fake.channel("mail"), "mail", "attach = \"csv\"");
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
    let rig = shop(&fake.channel("mail"), "mail", "attach = [\"csv\"]\nowners = [\"terminal\"]");
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
    let rig = shop(&fake.slack_bot("team"), "team", "attach = [\"csv\"]");
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

const OWN: &str = r#"
description = "Paid orders not shipped"
key = ["id"]
owners = ["terminal"]
link = "https://wiki.example.com/late"
title = "{{ alert.name }}: {{ firing | length }} late orders"
body = """
{% if told %}{{ told | length }} of them are news, the first since {{ incident.since }}.
{% endif %}{% for row in rows %}{{ row.customer }} waits with {{ row.amount }}
{% endfor %}{% if incident.kind == 'resolved' %}Over: {{ resolved | map(attribute='label') | join(', ') }}
{% endif %}Rule {{ alert.rule }}, value {{ value }}, before {{ previous }}. {{ explain }}"""
"#;

#[test]
fn an_alert_speaks_in_the_words_of_its_catalogue() {
    let rig = shop("", "terminal", OWN);
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    late   firing  warning   4 instances (id = -5; id = 1; id = 2; and 1 more): amount > 1000

    FIRING late: 4 late orders
      4 of them are news, the first since [TIME] UTC.
      Lee waits with 1001
      Kim waits with 1500
      =HYPERLINK("https://evil.example.net","y") waits with 2500
      @SUM(1) waits with 9000
      Rule amount > 1000, value 1001, before NULL. rowcall explain late

      id  customer                                    amount
      -5  Lee                                           1001
       1  Kim                                           1500
       2  =HYPERLINK("https://evil.example.net","y")    2500
       4  @SUM(1)                                       9000

      link: https://wiki.example.com/late
      more: rowcall check late
    "#);
    rig.sqlite(
        "shop.db",
        "delete from orders where id = 1; insert into orders values (9, '<!channel>\r\nBcc: x', 7000)",
    );
    insta::assert_snapshot!(rig.run(&["check", "--notify"]), @r#"
    exit 1
    --- stdout
    ALERT  STATE   SEVERITY  WHY
    late   firing  warning   4 instances (id = -5; id = 2; id = 4; and 1 more): amount > 1000

    RESOLVED late: 4 late orders
      1 of them are news, the first since [TIME] UTC.
      Over: id = 1
      Rule amount > 1000, value NULL, before NULL. rowcall explain late

      link: https://wiki.example.com/late
      more: rowcall check late

    FIRING late: 4 late orders
      1 of them are news, the first since [TIME] UTC.
      <!channel>
      Bcc: x waits with 7000
      Rule amount > 1000, value 7000, before NULL. rowcall explain late

      id  customer              amount
       9  <!channel>\r\nBcc: x    7000

      link: https://wiki.example.com/late
      more: rowcall check late
    "#);
}

#[test]
fn a_template_that_breaks_leaves_the_usual_words_and_says_so() {
    let keys = r#"
title = "{{ rows[0].nothing.at_all }}"
body = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"
"#;
    let rig = shop("", "terminal", keys);
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

      the template `title` could not be used: line 1: undefined value: `rows[0].nothing` is undefined
      the template `body` could not be used: failed to write output: what it makes is longer than 16384 bytes
    "#);
}

#[test]
fn no_row_can_write_a_header_or_mention_anyone_by_a_title() {
    let (fake, slack) = (SmtpFake::start(Script::default()), HttpFake::start_as(services::slack_api, []));
    let keys = "title = \"{{ rows[0].customer }}\"\nbody = \"{{ rows[0].customer }}\"";
    let rig = shop(&(fake.channel("mail") + &slack.slack_bot("team")), "mail\", \"team", keys);
    let bad = "update orders set customer = '<!channel> <@U1> @here' || char(13, 10) || 'Bcc: evil@example.net'";
    rig.sqlite("shop.db", bad);
    rig.run(&["check", "--notify"]).exits(1);
    let raw = fake.mails().pop().expect("a mail").raw;
    let mail = MessageParser::default().parse(&raw).expect("a mail");
    assert_eq!(mail.subject(), Some("[rowcall] FIRING <!channel> <@U1> @here Bcc: evil@example.net"));
    assert!(mail.bcc().is_none());
    let post = slack.requests()[0].body.clone();
    let post: serde_json::Value = serde_json::from_str(&post).expect("JSON");
    assert_eq!(post["text"], "FIRING &lt;!channel&gt; &lt;@U1&gt; @here Bcc: evil@example.net");
    let head = post["blocks"][0]["text"]["text"].as_str().expect("a head");
    assert_eq!(head, ":warning: *FIRING  &lt;!channel&gt; &lt;@U1&gt; @here Bcc: evil@example.net*");
}

#[test]
fn a_huge_cell_costs_no_message_its_words() {
    let rig = shop("", "terminal", "title = \"{{ rows[0].customer }}\"\nbody = \"Look: {{ rows[0].customer }}!\"");
    rig.sqlite("shop.db", "update orders set customer = replace(hex(zeroblob(100000)), '00', '가')");
    let ran = rig.run(&["check", "--notify"]).exits(1);
    assert!(ran.stdout.contains(&format!("\nFIRING {}…\n", "가".repeat(200))), "{ran}");
    assert!(ran.stdout.contains(&format!("  Look: {}…!\n", "가".repeat(1000))), "{ran}");
    assert!(!ran.stdout.contains("could not be used"), "{ran}");
}

#[test]
fn mistakes_in_templates_are_shown_where_they_stand() {
    let keys = "title = \"{{ alert.nmae }}: {{ firng | length }}\"\nbody = '''\nSee {{ lnik }}\n{% if x %}'''";
    insta::assert_snapshot!(shop("", "terminal", keys).run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `title`: no message has a `alert.nmae`
      --> rowcall.toml:10:13
       |
    10 | title = "{{ alert.nmae }}: {{ firng | length }}"
       |             ^^^^^^^^^^
       |
       = help: did you mean `alert.name`?

    error: `body`: syntax error: unexpected end of input, expected end of block
      --> rowcall.toml:13:9
       |
    13 | {% if x %}'''
       |         ^^

    2 mistakes: nothing was connected to
    "#);
    let keys = "title = \"{{ firng | length }}\"\nbody = \"\"\"rowz\n{{ rowz }}\"\"\"";
    insta::assert_snapshot!(shop("", "terminal", keys).run(&["validate"]), @r#"
    exit 2
    --- stderr
    error: `title`: no message has a `firng`
      --> rowcall.toml:10:13
       |
    10 | title = "{{ firng | length }}"
       |             ^^^^^
       |
       = help: did you mean `firing`?

    error: `body`: no message has a `rowz`
      --> rowcall.toml:12:4
       |
    12 | {{ rowz }}"""
       |    ^^^^
       |
       = help: did you mean `rows`?

    2 mistakes: nothing was connected to
    "#);
}
