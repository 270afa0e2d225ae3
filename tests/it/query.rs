//! Stories of `rowcall query`.

use std::process::Stdio;

use crate::rig::Rig;

const DEMO: &str = r#"
[sources.demo]
url = "sqlite::memory:"
setup = "create table t (id integer, name text); insert into t values (1, '녹차'), (2, null), (3, '')"
[queries.all]
source = "demo"
sql = "select id, name from t order by id"
[queries.some]
source = "demo"
sql = "select id, ':not_a_parameter' as text from t where id >= :least and id <> :but order by id"
params = { least = { type = "int", default = 2 }, but = { type = "int" } }
"#;

fn demo() -> Rig {
    Rig::new().catalogue(DEMO)
}

#[test]
fn a_saved_query_prints_a_table() {
    insta::assert_snapshot!(demo().run(&["query", "all"]), @r#"
    exit 0
    --- stdout
    ┌────┬──────┐
    │ id ┆ name │
    ╞════╪══════╡
    │  1 ┆ 녹차 │
    │  2 ┆ NULL │
    │  3 ┆      │
    └────┴──────┘
    (3 rows)
    "#);
}

#[test]
fn csv_and_json_are_for_programs() {
    insta::assert_snapshot!(demo().run(&["query", "all", "--format", "csv"]), @r#"
    exit 0
    --- stdout
    id,name
    1,녹차
    2,
    3,""
    "#);
    insta::assert_snapshot!(demo().run(&["query", "all", "--format", "json"]), @r#"
    exit 0
    --- stdout
    [
    {"id":1,"name":"녹차"},
    {"id":2,"name":null},
    {"id":3,"name":""}
    ]
    "#);
}

#[test]
fn rows_have_many_shapes() {
    let rig = demo();
    let shape = |format| rig.run(&["query", "all", "--format", format]);
    insta::assert_snapshot!(shape("vertical"), @r#"
    exit 0
    --- stdout
    ─[ row 1 ]──────
    id   │ 1
    name │ 녹차
    ─[ row 2 ]──────
    id   │ 2
    name │ NULL
    ─[ row 3 ]──────
    id   │ 3
    name │
    "#);
    insta::assert_snapshot!(shape("tsv"), @r#"
    exit 0
    --- stdout
    id	name
    1	녹차
    2	\N
    3
    "#);
    insta::assert_snapshot!(shape("jsonl"), @r#"
    exit 0
    --- stdout
    {"id":1,"name":"녹차"}
    {"id":2,"name":null}
    {"id":3,"name":""}
    "#);
    insta::assert_snapshot!(shape("markdown"), @r#"
    exit 0
    --- stdout
    | id | name |
    | ---: | --- |
    | 1 | 녹차 |
    | 2 | NULL |
    | 3 |  |
    "#);
    let page = shape("html").exits(0).stdout;
    assert!(page.contains("<title>all</title>"), "{page}");
    assert!(page.contains("<td class=\"number\">2</td><td class=\"null\">NULL</td>"), "{page}");
}

#[test]
fn null_and_the_names_are_as_asked() {
    let rig = demo();
    let csv = |flags: &[&str]| rig.run(&[&["query", "all", "--format", "csv"], flags].concat()).exits(0).stdout;
    assert_eq!(csv(&["--null", "-"]), "id,name\n1,녹차\n2,-\n3,\"\"\n");
    assert_eq!(csv(&["--no-header"]), "1,녹차\n2,\n3,\"\"\n");
    let adhoc = ["query", "-s", "demo", "-c", "select '=1+1' as a, -1 as b", "--format", "csv"];
    assert_eq!(rig.run(&adhoc).exits(0).stdout, "a,b\n=1+1,-1\n");
    assert_eq!(rig.run(&[&adhoc[..], &["--csv-safe"]].concat()).exits(0).stdout, "a,b\n'=1+1,-1\n");
}

#[test]
fn a_zone_is_an_iana_name() {
    let rig = demo();
    assert_eq!(rig.run(&["query", "all", "--timezone", "Asia/Seoul"]).exits(0).stderr, "");
    insta::assert_snapshot!(rig.run(&["query", "all", "--timezone", "seoul"]), @r#"
    exit 2
    --- stderr
    error: invalid value 'seoul' for '--timezone <ZONE>': `seoul` is not a time zone; did you mean `Asia/Seoul`?

    For more information, try '--help'.
    "#);
}

#[test]
fn a_file_has_the_format_of_its_suffix_and_nothing_else_is_printed() {
    let rig = demo();
    for (file, begin) in [
        ("rows.csv", "id,name\n1,녹차\n"),
        ("rows.tsv", "id\tname\n1\t녹차\n"),
        ("rows.json", "[\n{\"id\":1,"),
        ("rows.jsonl", "{\"id\":1,"),
        ("rows.ndjson", "{\"id\":1,"),
        ("rows.md", "| id | name |\n"),
        ("rows.html", "<!doctype html>\n"),
        ("rows.txt", "┌────┬──────┐\n"),
    ] {
        let ran = rig.run(&["query", "all", "-o", file]).exits(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "{file}");
        let text = std::fs::read_to_string(rig.path().join(file)).expect("written");
        assert!(text.starts_with(begin), "{file}: {text}");
    }
    rig.run(&["query", "all", "-o", "rows.txt", "--format", "csv"]).exits(0);
    assert_eq!(std::fs::read_to_string(rig.path().join("rows.txt")).expect("written"), "id,name\n1,녹차\n2,\n3,\"\"\n");
    assert_eq!(
        rig.run(&["query", "all", "-o", "-", "--format", "csv"]).exits(0).stdout,
        "id,name\n1,녹차\n2,\n3,\"\"\n"
    );
    insta::assert_snapshot!(rig.run(&["query", "all", "-o", "rows.dat"]), @r#"
    exit 2
    --- stderr
    error: the suffix of `rows.dat` names no format
      next: add --format with one of: table, vertical, csv, tsv, json, jsonl, markdown, html, xlsx
    "#);
}

#[test]
#[cfg(feature = "xlsx")]
fn a_workbook_goes_to_a_file_or_a_pipe() {
    let rig = demo();
    rig.run(&["query", "all", "-o", "rows.xlsx"]).exits(0);
    let file = std::fs::read(rig.path().join("rows.xlsx")).expect("written");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file)).expect("a zip file");
    let mut sheet = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("xl/worksheets/sheet1.xml").expect("a sheet"), &mut sheet)
        .expect("text");
    assert!(sheet.contains("<t>녹차</t>"), "{sheet}");
    let mut command = rig.command(&["query", "all", "--format", "xlsx"]);
    let piped = command.output().expect("ends").stdout;
    assert!(zip::ZipArchive::new(std::io::Cursor::new(piped)).is_ok());
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let rig = demo().file("old.csv", "old\n");
    let names = || {
        let entries = std::fs::read_dir(rig.path()).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    // Rows come before the error: the 50,000th cannot be read.
    let breaks = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000) \
                  select case when i = 50000 then json('{') else i end as i from n";
    let ran = rig.run(&["query", "-s", "demo", "-c", breaks, "-o", "old.csv"]).exits(3);
    assert_eq!(ran.stderr, "error: source `demo`: malformed JSON\n");
    assert_eq!(std::fs::read_to_string(rig.path().join("old.csv")).expect("there"), "old\n");
    assert_eq!(names(), ["old.csv", "rowcall.toml"]);
    insta::assert_snapshot!(rig.run(&["query", "all", "-o", "no/such/folder.csv"]), @r#"
    exit 2
    --- stderr
    error: cannot write `no/such/folder.csv`: No such file or directory (os error 2)
    "#);
    insta::assert_snapshot!(rig.run(&["query", "all", "-o", "/dev/null", "--format", "csv"]), @r#"
    exit 2
    --- stderr
    error: cannot write `/dev/null`: it is no ordinary file
    "#);
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_leaves_no_file_behind() {
    use std::os::unix::process::ExitStatusExt;
    let rig = demo();
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    let mut command = rig.command(&["query", "-s", "demo", "-c", endless, "-o", "rows.csv"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
    let begun = || {
        std::fs::read_dir(rig.path())
            .expect("a folder")
            .any(|entry| entry.and_then(|entry| entry.metadata()).is_ok_and(|there| there.len() > 1_000_000))
    };
    while !begun() {
        std::thread::yield_now();
    }
    let killed =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let ended = child.wait().expect("ends");
    assert_eq!((ended.code(), ended.signal()), (Some(130), None));
    let left: Vec<_> =
        std::fs::read_dir(rig.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left, ["rowcall.toml"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_is_heard_while_nobody_reads_on() {
    use std::io::Read;
    let rig = demo();
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    for format in ["csv", "jsonl"] {
        let mut command = rig.command(&["query", "-s", "demo", "-c", endless, "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let threads = format!("/proc/{}/task", child.id());
        let writes = |thread: std::fs::DirEntry| {
            std::fs::read_to_string(thread.path().join("wchan")).is_ok_and(|at| at.ends_with("pipe_write"))
        };
        // Until a thread hangs in the pipe, which is full then.
        while !std::fs::read_dir(&threads).expect("runs").flatten().any(writes) {
            std::thread::yield_now();
        }
        let begun = std::time::Instant::now();
        let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
        assert_eq!(child.wait().expect("ends").code(), Some(130), "{format}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{format}: {:?}", begun.elapsed());
        let mut words = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut words).expect("text");
        assert_eq!(words, "", "{format}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_takes_no_more_leaves_the_old_file() {
    let rig = demo().file("rows.csv", "old\n");
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) select i from n";
    let query = rig.command(&["query", "-s", "demo", "-c", many, "-o", "rows.csv"]);
    // No file may have more than a few blocks, and to try is an error and not the end.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]).arg(query.get_program()).args(query.get_args());
    let output = shell.current_dir(rig.path()).output().expect("ends");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: cannot write `rows.csv`: File too large (os error 27)\n  next: the file is as it was before\n"
    );
    assert_eq!(output.status.code(), Some(70));
    assert_eq!(std::fs::read_to_string(rig.path().join("rows.csv")).expect("there"), "old\n");
    assert_eq!(std::fs::read_dir(rig.path()).expect("a folder").count(), 2);
}

/// What a terminal gets to see.
#[cfg(target_os = "linux")]
fn on_a_terminal(rig: &Rig, arguments: &[&str]) -> String {
    let program = rig.command(&[]).get_program().to_string_lossy().into_owned();
    let quoted = |word: &&str| format!("'{}'", word.replace('\'', "'\\''"));
    let command = format!("{program} {}", arguments.iter().map(quoted).collect::<Vec<_>>().join(" "));
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).current_dir(rig.path()).env("COLUMNS", "40").stdin(Stdio::null());
    String::from_utf8(script.output().expect("there is one").stdout).expect("text").replace("\r\n", "\n")
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_gets_what_fits_and_a_word_about_the_rest() {
    let rig = demo();
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300) \
                select i, printf('%.40c', 'x') as x, null as y from n";
    let query = ["query", "-s", "demo", "-c", many];
    let shown = on_a_terminal(&rig, &query);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "┌─────┬─────────────────────────┬──────┐");
    assert_eq!(lines[3], "│   1 ┆ xxxxxxxxxxxxxxxxxxxxxx… ┆ NULL │");
    assert_eq!(
        lines[202..],
        [
            "│ 200 ┆ xxxxxxxxxxxxxxxxxxxxxx… ┆ NULL │",
            "└─────┴─────────────────────────┴──────┘",
            "(200 rows)",
            "there are more than these 200 rows; --limit 0 prints them all",
        ]
    );
    let wide = on_a_terminal(&rig, &[&query[..], &["--wide", "--limit", "1"]].concat());
    assert!(wide.contains(&format!("┆ {} ┆", "x".repeat(40))), "{wide}");
    let refused = on_a_terminal(&rig, &[&query[..], &["--format", "xlsx", "--color", "never"]].concat());
    assert_eq!(refused.lines().last(), Some("  next: add -o FILE.xlsx"), "{refused}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_long_wait_shows_a_sign_of_life_and_clears_it() {
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let arguments = ["query", "-s", "demo", "-c", endless, "--timeout", "1300ms", "--color", "never"];
    let shown = on_a_terminal(&demo(), &arguments);
    assert!(shown.starts_with("\r\u{1b}[K⠙ 0 rows, 1s"), "{shown:?}");
    let (_, words) = shown.rsplit_once('\r').expect("cleared");
    assert!(words.starts_with("\u{1b}[Kerror: source `demo`: no answer within 1s 300ms"), "{shown:?}");
}

#[test]
fn a_long_table_passes_with_the_widths_of_its_first_rows() {
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) select i from n";
    let table = demo().run(&["query", "-s", "demo", "-c", many]).exits(0).stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 20_005);
    assert_eq!(lines[..4], ["┌──────┐", "│ i    │", "╞══════╡", "│    1 │"]);
    assert_eq!(lines[20_002..], ["│ 20000 │", "└──────┘", "(20000 rows)"]);
}

#[test]
fn sql_comes_from_the_command_line_a_file_or_standard_input() {
    let rig = demo().file("count.sql", "select count(*) as n\nfrom t; -- done\n").input("select 7 as n");
    for arguments in [["-c", "select 3 as n"], ["-f", "count.sql"]] {
        let [flag, value] = arguments;
        let ran = rig.run(&["query", "-s", "demo", flag, value, "--format", "csv"]).exits(0);
        assert_eq!(ran.stdout, "n\n3\n");
    }
    assert_eq!(rig.run(&["query", "-s", "demo", "-f", "-", "--format", "csv"]).exits(0).stdout, "n\n7\n");
}

#[test]
fn parameters_are_bound_and_checked_before_anything_connects() {
    let rig = demo();
    let csv = |arguments: &[&str]| rig.run(&[&["query", "some", "--format", "csv"], arguments].concat());
    assert_eq!(csv(&["-p", "but=3"]).exits(0).stdout, "id,text\n2,:not_a_parameter\n");
    assert_eq!(
        csv(&["-p", "but=2", "-p", "least=1"]).exits(0).stdout,
        "id,text\n1,:not_a_parameter\n3,:not_a_parameter\n"
    );
    insta::assert_snapshot!(csv(&[]), @r#"
    exit 2
    --- stderr
    error: parameter `but` has no value
      next: add -p but=VALUE
    "#);
    insta::assert_snapshot!(csv(&["-p", "but=three"]), @r#"
    exit 2
    --- stderr
    error: parameter `but`: `three` is not a whole number of 64 bits
    "#);
    insta::assert_snapshot!(csv(&["-p", "bat=3"]), @r#"
    exit 2
    --- stderr
    error: the query has no parameter `bat`
      next: did you mean `but`?
    "#);
    let adhoc = ["query", "-s", "demo", "-c", "select :x as x", "-p", "x=' or 1=1 --", "--format", "csv"];
    assert_eq!(rig.run(&adhoc).exits(0).stdout, "x\n' or 1=1 --\n");
}

const PARAMETERS: &str = r#"
timezone = "Pacific/Kiritimati"
[sources.demo]
url = "sqlite::memory:"
setup = "create table t (id integer, name text); insert into t values (1, 'a'), (2, 'b,c'), (3, 'd'), (4, 'e')"
[queries.ids]
source = "demo"
sql = "select id from t where id in (:ids) order by id"
params = { ids = { type = "list", of = "int", default = [1, 2] } }
[queries.names]
source = "demo"
sql = "select id from t where name in ('d', :names) order by id"
params = { names = { type = "list", choices = ["a", "b,c"] } }
[queries.days]
source = "demo"
sql = "select :day as day, :from as start, typeof(:at) as at"
params = { day = { type = "date", default = "today" }, from = { type = "date", default = "month_start - 1mo" }, at = { type = "timestamp", default = "now - 1h" } }
"#;

#[test]
fn a_list_has_as_many_values_as_are_given() {
    let rig = Rig::new().catalogue(PARAMETERS);
    let csv = |query: &str, arguments: &[&str]| rig.run(&[&["query", query, "--format", "csv"], arguments].concat());
    assert_eq!(csv("ids", &[]).exits(0).stdout, "id\n1\n2\n");
    assert_eq!(csv("ids", &["-p", "ids=4"]).exits(0).stdout, "id\n4\n");
    assert_eq!(csv("ids", &["-p", "ids=4,2", "-p", "ids=1"]).exits(0).stdout, "id\n1\n2\n4\n");
    assert_eq!(csv("names", &["-p", r"names=a,b\,c"]).exits(0).stdout, "id\n1\n2\n3\n");
    insta::assert_snapshot!(csv("ids", &["-p", "ids=1,two"]), @r#"
    exit 2
    --- stderr
    error: parameter `ids`: `two` is not a whole number of 64 bits
    "#);
    insta::assert_snapshot!(csv("ids", &["-p", "ids="]), @r#"
    exit 2
    --- stderr
    error: parameter `ids`: the list is empty; it needs a value or more
    "#);
    insta::assert_snapshot!(csv("names", &["-p", "names=a,z"]), @r#"
    exit 2
    --- stderr
    error: parameter `names`: `z` is none of `a`, `b,c`
    "#);
    insta::assert_snapshot!(csv("names", &[]), @r#"
    exit 2
    --- stderr
    error: parameter `names` has no value
      next: add -p names=VALUE
    "#);
}

#[test]
fn days_and_instants_are_said_in_words() {
    let rig = Rig::new().catalogue(PARAMETERS);
    // The first zone to see a new day, so that this differs from UTC for 14 hours of each.
    let today = || jiff::Timestamp::now().in_tz("Pacific/Kiritimati").expect("a zone").date();
    let days = |arguments: &[&str]| rig.run(&[&["query", "days", "--format", "csv"], arguments].concat());
    let before = today();
    let printed = days(&[]).exits(0).stdout;
    let expected = [before, today()].map(|day| {
        let start = day.first_of_month().yesterday().expect("a day").first_of_month();
        format!("day,start,at\n{day},{start},text\n")
    });
    assert!(expected.contains(&printed), "{printed}");
    let given = ["-p", "day=2026-11-20", "-p", "from=year_start - 1y + 2w", "-p", "at=now - 90m"];
    let printed = days(&given).exits(0).stdout;
    let expected = [before, today()].map(|day| format!("day,start,at\n2026-11-20,{}-01-15,text\n", day.year() - 1));
    assert!(expected.contains(&printed), "{printed}");
    insta::assert_snapshot!(days(&["-p", "day=toady"]), @r#"
    exit 2
    --- stderr
    error: parameter `day`: `toady` begins with no word that is known; did you mean `today`?
    "#);
    insta::assert_snapshot!(days(&["-p", "at=now - 1 fortnight"]), @r#"
    exit 2
    --- stderr
    error: parameter `at`: `now - 1 fortnight` counts in `fortnight`; a unit is `m`, `h`, `d`, `w`, `mo` or `y`
    "#);
    insta::assert_snapshot!(days(&["-p", "day=today - 13000y"]), @r#"
    exit 2
    --- stderr
    error: parameter `day`: `today - 13000y` leads out of the calendar
    "#);
}

#[test]
fn a_limit_cuts_and_says_so() {
    let rig = demo();
    insta::assert_snapshot!(rig.run(&["query", "all", "--limit", "2", "--format", "csv"]), @r#"
    exit 0
    --- stdout
    id,name
    1,녹차
    2,
    --- stderr
    there are more than these 2 rows; --limit 0 prints them all
    "#);
    assert_eq!(rig.run(&["query", "all", "--limit", "3"]).exits(0).stderr, "");
    assert_eq!(rig.run(&["query", "all", "--limit", "0"]).exits(0).stderr, "");
}

#[test]
fn writing_is_refused() {
    let rig = demo();
    insta::assert_snapshot!(rig.run(&["query", "-s", "demo", "-c", "delete from t"]), @r#"
    exit 2
    --- stderr
    error: line 1 of the SQL: `delete` is no read, and sessions are read-only; a query begins with `select`, `with`, `values`, `explain`, `pragma`
    "#);
    insta::assert_snapshot!(rig.run(&["query", "-s", "demo", "-c", "select 1; select 2"]), @r#"
    exit 2
    --- stderr
    error: line 1 of the SQL: a second statement follows the `;`; write one statement per query
    "#);
}

#[test]
fn control_characters_of_a_cell_never_reach_a_terminal() {
    let ran = demo().run(&["query", "-s", "demo", "-c", "select char(27) || '[2J' as \"a\nb\""]).exits(0);
    assert!(!ran.stdout.contains('\u{1b}'), "{ran}");
    assert!(ran.stdout.contains("\\x1b[2J") && ran.stdout.contains("a\\nb"), "{ran}");
}

#[test]
fn a_reader_that_goes_away_is_quiet_success() {
    let rig = demo();
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) select i from n";
    let mut command = rig.command(&["query", "-s", "demo", "-c", many, "--format", "csv"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let rig = demo();
    let mut command = rig.command(&["query", "all", "--format", "csv"]);
    let output = command.stdout(full).stderr(Stdio::piped()).output().expect("ends");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.starts_with("error: cannot write to standard output: No space left on device"), "{words}");
    assert_eq!(output.status.code(), Some(70));
}

#[test]
fn a_deadline_cancels_the_statement() {
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    insta::assert_snapshot!(demo().run(&["query", "-s", "demo", "-c", endless, "--timeout", "200ms"]), @r#"
    exit 3
    --- stderr
    error: source `demo`: no answer within 200ms; the statement was cancelled
      next: raise `timeout`, or make the statement cheaper
    "#);
}

#[test]
fn an_error_in_sql_is_shown_under_its_words() {
    let sql = "select id,\n  '녹차' as tea, nmae from t";
    insta::assert_snapshot!(demo().run(&["query", "-s", "demo", "-c", sql]), @r#"
    exit 3
    --- stderr
    error: source `demo`: no such column: nmae
      2 |   '녹차' as tea, nmae from t
        |                  ^
    "#);
}

#[test]
fn an_unknown_query_or_source_has_a_near_match() {
    insta::assert_snapshot!(demo().run(&["query", "al"]), @r#"
    exit 2
    --- stderr
    error: no query is called `al`
      next: did you mean `all`?
    "#);
    insta::assert_snapshot!(demo().run(&["query", "-s", "damo", "-c", "select 1"]), @r#"
    exit 2
    --- stderr
    error: no source is called `damo`
      next: did you mean `demo`?
    "#);
}
