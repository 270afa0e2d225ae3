//! Stories of reports that are sent, by mail and by Slack: large ones, with everything in them that a database can hold,
//! and with a part that fails.

use mail_parser::{MessageParser, MimeHeaders};
use serde_json::Value;

use crate::fakes::http::{HttpFake, Request};
use crate::fakes::services;
use crate::fakes::smtp::{Script, SmtpFake};
use crate::rig::{Rig, member};

/// What a cell may hold, as SQL.
const BAD: [&str; 9] = [
    "'<script>alert(1)</script><img src=x>'",
    "'<!channel> <@U012AB3CD> @everyone'",
    "'=HYPERLINK(\"https://evil.example.net\",\"y\")'",
    "'x' || char(13, 10) || 'Bcc: evil@example.net'",
    "'``` *b* _i_ ~s~ &amp; &'",
    "char(0x202e) || 'reversed' || char(27) || '[31m'",
    "'한국 日本語 中文 🦀'",
    "''",
    "null",
];

/// A report with charts, files, hostile rows, a part that fails, and `tables` large tables more.
fn catalogue(tables: usize, channels: &str) -> String {
    let tables: String = (0..tables)
        .map(|n| {
            format!(
                "[[reports.weekly.sections]]\ntitle = \"Table {n}\"\nsource = \"shop\"\nlimit = 100\n\
                 sql = \"select n, word, word || ' {n}' as again, n * 1.5 as half, word as more from goods\"\n"
            )
        })
        .collect();
    format!(
        r#"timezone = "Asia/Seoul"
[sources.shop]
url = "sqlite:shop.db"
[channels.caretaker]
type = "stdout"
{channels}
[alerts.low]
source = "shop"
sql = "select 1 as n"
when = "n > 5"
[reports.weekly]
title = "주간 <보고> & more"
description = "Every Monday"
link = "https://wiki.example.com/weekly"
notify = ["readers"]
owners = ["caretaker"]
attach = ["csv", "xlsx", "html", "png"]
[[reports.weekly.sections]]
text = "All is **well**, see [the board](https://wiki.example.com)."
[[reports.weekly.sections]]
title = "Total"
source = "shop"
sql = "select sum(n) as total, 40000 as earlier from goods"
value = {{ column = "total", unit = "₩", against = {{ column = "earlier" }} }}
[[reports.weekly.sections]]
title = "Types"
source = "shop"
sql = "select 7 as whole, 1.5 as half, '2026-11-20' as day, null as none, '=1+1' as formula"
[[reports.weekly.sections]]
title = "Per day"
source = "shop"
sql = "select date('2026-01-01', n || ' days') as day, n * 7 % 13 as seoul, n * 5 % 11 as busan from goods"
chart = {{ kind = "line" }}
[[reports.weekly.sections]]
title = "By name"
source = "shop"
sql = "select coalesce(word, 'none') as name, sum(n) as n from goods group by 1"
chart = {{ kind = "bar", horizontal = true }}
[[reports.weekly.sections]]
title = "Shares"
source = "shop"
sql = "select n % 5 as part, count(*) as n from goods group by 1"
chart = {{ kind = "donut" }}
[[reports.weekly.sections]]
title = "Hours"
source = "shop"
sql = "select n % 24 as hour, n % 7 as weekday, count(*) as n from goods group by 1, 2"
chart = {{ kind = "heatmap", x = "hour", y = "weekday", value = "n" }}
{tables}
[[reports.weekly.sections]]
title = "Alerts"
alerts = "*"
[[reports.weekly.sections]]
title = "Broken"
source = "shop"
sql = "select * from nowhere"
"#
    )
}

fn shop(tables: usize, channels: &str) -> Rig {
    let rig = Rig::new().catalogue(&catalogue(tables, channels));
    let words: Vec<String> = BAD.iter().enumerate().map(|(n, word)| format!("when {n} then {word}")).collect();
    rig.sqlite(
        "shop.db",
        &format!(
            "create table goods as with recursive d(n) as (select 0 union all select n + 1 from d where n < 299)
             select n, case n % 9 {} end as word from d",
            words.join(" ")
        ),
    );
    rig
}

/// Sends it, and gives the one mail that arrived.
fn mailed(tables: usize) -> (Rig, Vec<u8>) {
    let fake = SmtpFake::start(Script::default());
    let rig = shop(tables, &fake.channel("readers"));
    let ran = rig.run(&["report", "weekly", "--send"]).exits(3);
    assert!(ran.stdout.starts_with("INCOMPLETE report weekly: 1 of "), "owners are told of the part that fails: {ran}");
    assert!(ran.stdout.contains("no such table: nowhere") && !ran.stdout.contains("All is well"), "{ran}");
    let mut mails = fake.mails();
    assert_eq!(mails.len(), 1, "{ran}");
    (rig, mails.remove(0).raw)
}

/// The picture is whole, and twice as wide as the page shows it.
fn is_picture(png: &[u8]) -> bool {
    png.starts_with(b"\x89PNG\r\n\x1a\n") && png.ends_with(b"IEND\xaeB`\x82")
}

#[test]
fn a_mail_of_a_large_report_is_small_and_refers_to_pictures_that_are_there() {
    for tables in [1, 40] {
        let (_rig, raw) = mailed(tables);
        let mail = MessageParser::default().parse(&raw).expect("a mail");
        assert_eq!(mail.subject(), Some("[rowcall] 주간 <보고> & more"));
        let page = mail.body_html(0).expect("a page");
        assert!(page.len() < 100_000, "{tables}: {}", page.len());
        for part in
            ["주간 &lt;보고&gt; &amp; more", "cannot be shown: source `shop`: no such table: nowhere", "&lt;script&gt;"]
        {
            assert!(page.contains(part), "{tables}: {part} in {page}");
        }
        for forbidden in ["<script", "<img src=x", "http-equiv", "url(", "data:", "\u{202e}", "\u{1b}"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        let shown: Vec<&str> = page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let there: Vec<String> = mail
            .parts
            .iter()
            .filter(|part| part.content_disposition().is_some_and(mail_parser::ContentType::is_inline))
            .map(|part| {
                assert!(is_picture(part.contents()));
                format!("cid:{}", part.content_id().expect("an id"))
            })
            .collect();
        assert_eq!(shown, there, "every picture is shown, and every one that is shown is there");
        assert_eq!(there.len(), 4);
    }
}

#[test]
fn the_text_of_a_mail_reads_on_its_own() {
    let (_rig, raw) = mailed(1);
    let mail = MessageParser::default().parse(&raw).expect("a mail");
    let text = mail.body_text(0).expect("a text").replace("\r\n", "\n");
    for part in [
        "주간 <보고> & more\n",
        "All is well, see the board (https://wiki.example.com).",
        "  Total\n  -----\n  ₩44,850  (▲ +12.1 % (+₩4,850) against earlier)",
        "  Per day\n  -------\n",
        "  Shares\n  ------\n",
        "cannot be shown: source `shop`: no such table: nowhere",
        "link: https://wiki.example.com/weekly",
        "한국 日本語 中文 🦀",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.contains(['⠁', '⡀', '⣀', '⠤', '⠒']), "a line of dots: {text}");
    assert!(text.contains('█'), "bars: {text}");
    for forbidden in ["cid:", "<td", "\u{1b}", "\u{202e}", "file: "] {
        assert!(!text.contains(forbidden), "{forbidden} in {text}");
    }
}

#[test]
fn the_files_of_a_mail_hold_what_was_asked() {
    let (_rig, raw) = mailed(0);
    let mail = MessageParser::default().parse(&raw).expect("a mail");
    let files: Vec<_> = mail
        .attachments()
        .filter(|part| part.content_disposition().is_some_and(mail_parser::ContentType::is_attachment))
        .collect();
    let names: Vec<&str> = files.iter().filter_map(|file| file.attachment_name()).collect();
    assert_eq!(
        names,
        [
            "weekly-2-total.csv",
            "weekly-3-types.csv",
            "weekly-4-per-day.csv",
            "weekly-5-by-name.csv",
            "weekly-6-shares.csv",
            "weekly-7-hours.csv",
            "weekly-8-alerts.csv",
            "weekly.xlsx",
            "weekly.html",
            "weekly-4-per-day.png",
            "weekly-5-by-name.png",
            "weekly-6-shares.png",
            "weekly-7-hours.png",
        ]
    );
    let file = |name: &str| files[names.iter().position(|known| *known == name).expect("a file")].contents();
    assert_eq!(file("weekly-3-types.csv"), b"whole,half,day,none,formula\n7,1.5,2026-11-20,,'=1+1\n");
    assert_eq!(file("weekly-4-per-day.csv").iter().filter(|byte| **byte == b'\n').count(), 301);
    assert!(names.iter().filter(|name| name.ends_with(".png")).all(|name| is_picture(file(name))));
    let shown = mail.parts.iter().filter(|part| part.content_id().is_some()).map(|part| part.contents());
    assert!(shown.zip(files.iter().rev().take(4).rev()).all(|(shown, file)| shown == file.contents()));
    // Twice the 584 pixels that a mail is wide.
    assert_eq!(file("weekly-4-per-day.png")[16..20], 1168_u32.to_be_bytes());
    let page = std::str::from_utf8(file("weekly.html")).expect("text");
    assert!(page.starts_with("<!doctype html>") && page.contains("no such table: nowhere"), "{page}");
    let book = file("weekly.xlsx");
    let workbook = member(book, "xl/workbook.xml");
    let sheets: Vec<&str> = workbook.split("<sheet name=\"").skip(1).filter_map(|it| it.split('"').next()).collect();
    assert_eq!(sheets, ["Total", "Types", "Per day", "By name", "Shares", "Hours", "Alerts", "failed 9"]);
    let sheet = member(book, "xl/worksheets/sheet2.xml");
    assert!(sheet.contains("<v>7</v>") && sheet.contains("<v>1.5</v>"), "numbers are numbers: {sheet}");
    assert!(!sheet.contains("<f>"), "no cell is a formula: {sheet}");
}

/// Python's own reader of mails, which tells of every defect.
const DEFECTS: &str = "
import email, email.policy, sys
mail = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
for part in mail.walk():
    for defect in [*part.defects, *(d for v in part.values() for d in getattr(v, 'defects', ()))]:
        print(part.get_content_type(), repr(defect))
    if not part.is_multipart():
        part.get_content()
print(len(list(mail.walk())), 'parts')
";

#[test]
#[ignore = "needs Python: run tests/run"]
fn a_mail_is_read_without_a_defect() {
    let (rig, raw) = mailed(3);
    let path = rig.path().join("weekly.eml");
    std::fs::write(&path, raw).expect("written");
    let told = std::process::Command::new("python3").args(["-c", DEFECTS]).arg(path).output().expect("Python runs");
    assert_eq!(
        (String::from_utf8_lossy(&told.stdout).as_ref(), String::from_utf8_lossy(&told.stderr).as_ref()),
        ("25 parts\n", "")
    );
}

/// Sends it to Slack, and gives what arrived there.
fn slacked(tables: usize, fake: &HttpFake, channel: &str) -> Vec<Request> {
    let rig = shop(tables, channel);
    let ran = rig.run(&["report", "weekly", "--send"]).exits(3);
    assert!(ran.stdout.starts_with("INCOMPLETE report weekly: 1 of "), "{ran}");
    let outbox = rig.run(&["outbox", "list"]).exits(0);
    assert_eq!(outbox.stdout, "", "all was delivered");
    fake.requests()
}

/// Every text of a message, one behind the other.
fn words(value: &Value) -> String {
    match value {
        Value::Object(map) => map.values().map(words).collect(),
        Value::Array(values) => values.iter().map(words).collect(),
        Value::String(text) => format!("{text}\n"),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

#[test]
fn a_bot_of_slack_tells_a_large_report_and_puts_its_pictures_into_the_thread() {
    for tables in [1, 40] {
        let fake = HttpFake::start_as(services::slack_api, []);
        let requests = slacked(tables, &fake, &fake.slack_bot("readers"));
        let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
        // The fake refuses what is beyond the limits of Slack, and would be asked again.
        assert_eq!(paths.iter().filter(|path| path.ends_with("chat.postMessage")).count(), 1, "{tables}: {paths:?}");
        assert!(paths[0].ends_with("chat.postMessage"), "the message comes before its files");
        let message: Value = serde_json::from_str(&requests[0].body).expect("JSON");
        assert_eq!(message["text"], "주간 &lt;보고&gt; &amp; more");
        let said = words(&message["blocks"]);
        for part in ["All is well", "₩44,850", "Per day", "Table 0"] {
            assert!(said.contains(part), "{tables}: {part} in {said}");
        }
        assert!(tables > 1 || said.contains("no such table: nowhere"), "{said}");
        assert!(!said.contains("<!channel>") || !message.to_string().contains("\"mrkdwn\",\"text\":\"<!channel"));
        let ended = requests.iter().filter(|request| request.path.ends_with("files.completeUploadExternal"));
        let files: Vec<Value> = ended
            .flat_map(|request| {
                let body: Value = serde_json::from_str(&request.body).expect("JSON");
                assert_eq!(body["thread_ts"], "1700000000.000100");
                body["files"].as_array().expect("files").clone()
            })
            .collect();
        let names: Vec<&str> = files.iter().filter_map(|file| file["title"].as_str()).collect();
        assert_eq!(names.iter().filter(|name| name.ends_with(".png")).count(), 4, "each picture once: {names:?}");
        assert_eq!(names.iter().filter(|name| name.ends_with(".csv")).count(), 7 + tables, "{names:?}");
        for request in requests.iter().filter(|request| request.path.starts_with("/upload/")).take(4) {
            assert!(is_picture(&request.bytes), "pictures come first");
        }
    }
}

#[test]
fn a_webhook_of_slack_tells_a_large_report_in_words() {
    for tables in [1, 40] {
        let fake = HttpFake::start_as(services::slack_webhook, []);
        let url = fake.url("/services/T1/B1/x");
        let channel = format!("[channels.readers]\ntype = \"slack\"\nwebhook = \"{url}\"\n");
        let requests = slacked(tables, &fake, &channel);
        assert_eq!(requests.len(), 1, "{tables}: taken as it was");
        let message: Value = serde_json::from_str(&requests[0].body).expect("JSON");
        let said = words(&message["blocks"]);
        for part in ["All is well", "₩44,850", "Per day", "Table 0"] {
            assert!(said.contains(part), "{tables}: {part} in {said}");
        }
        if tables == 1 {
            assert!(said.contains("no such table: nowhere"), "{said}");
            assert!(said.contains('█') && said.contains(['⠁', '⡀', '⣀', '⠤', '⠒']), "charts in characters: {said}");
            assert!(said.contains("not sent here"), "files are named: {said}");
        }
    }
}
