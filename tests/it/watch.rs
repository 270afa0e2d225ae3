//! Stories of `rowcall query --watch`: the real program, a database that changes under it, no sleep.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::rig::{Rig, without_times};

const SHOP: &str =
    "[sources.shop]\nurl = \"sqlite:shop.db\"\n[queries.stock]\nsource = \"shop\"\nsql = \"select n from stock\"\n";

/// A program that watches, and a shop to change under it.
struct Watcher {
    rig: Rig,
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watcher {
    fn start(setup: &str, arguments: &[&str]) -> Self {
        let rig = Rig::new().catalogue(SHOP);
        rig.sqlite("shop.db", setup);
        let mut command = rig.command(&[&["query", "stock", "--watch", "20ms"], arguments].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { rig, child, lines }
    }

    /// Waits for a line, and gives everything up to it.
    fn reads(&mut self, wanted: &str) -> String {
        let mut read = String::new();
        loop {
            let start = read.len();
            assert!(self.lines.read_line(&mut read).expect("text") > 0, "no `{wanted}` in:\n{read}");
            if read[start..].trim_end() == wanted {
                return read;
            }
        }
    }

    /// Waits for the end: the exit code, the rest of the output, and the words on standard error.
    fn ends(mut self) -> (Option<i32>, String, String) {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("text");
        let output = self.child.wait_with_output().expect("ends");
        (output.status.code(), rest, String::from_utf8(output.stderr).expect("text"))
    }
}

const TWO: &str = "create table stock (n integer); insert into stock values (1), (2)";
const NONE: &str = "create table stock (n integer)";

#[test]
fn it_ends_when_the_result_has_rows() {
    let mut watcher = Watcher::start(NONE, &["--until", "rows", "--format", "csv"]);
    assert_eq!(watcher.reads("n") + &watcher.reads("n"), "n\nn\n");
    watcher.rig.sqlite("shop.db", "insert into stock values (7)");
    let (code, rest, words) = watcher.ends();
    assert!(rest.ends_with("n\n7\n"), "{rest}");
    assert_eq!((code, words.as_str()), (Some(0), ""));
}

#[test]
fn it_ends_when_the_result_is_empty() {
    let mut watcher = Watcher::start(TWO, &["--until", "empty", "--format", "csv"]);
    assert_eq!(watcher.reads("2"), "n\n1\n2\n");
    watcher.rig.sqlite("shop.db", "delete from stock");
    let (code, rest, _) = watcher.ends();
    assert!(rest.ends_with("n\n"), "{rest}");
    assert_eq!(code, Some(0));
}

#[test]
fn it_ends_when_the_result_is_another_than_the_first() {
    let mut watcher = Watcher::start(TWO, &["--until", "changed"]);
    let table = "┌───┐\n│ n │\n╞═══╡\n│ 1 │\n│ 2 │\n└───┘\n(2 rows)\n";
    for _ in 0..2 {
        assert_eq!(without_times(&watcher.reads("(2 rows)")), format!("-- [TIME] UTC\n{table}"));
    }
    watcher.rig.sqlite("shop.db", "update stock set n = 3 where n = 2");
    let (code, rest, words) = watcher.ends();
    let last = without_times(&rest).replace(&format!("-- [TIME] UTC\n{table}"), "");
    assert_eq!(last, format!("-- [TIME] UTC\n{}", table.replace('2', "3").replace("(3", "(2")));
    assert_eq!((code, words.as_str()), (Some(0), ""));
    assert!(!rest.contains('\u{1b}'), "control codes are for terminals");
}

#[test]
fn a_run_that_fails_is_told_and_the_next_one_follows() {
    let mut watcher = Watcher::start(TWO, &["--until", "empty", "--format", "csv"]);
    watcher.reads("2");
    watcher.rig.sqlite("shop.db", "alter table stock rename to hidden");
    let mut stderr = BufReader::new(watcher.child.stderr.take().expect("a pipe"));
    let mut words = String::new();
    stderr.read_line(&mut words).expect("text");
    assert_eq!(words, "error: source `shop`: no such table: stock\n");
    watcher.rig.sqlite("shop.db", "delete from hidden; alter table hidden rename to stock");
    assert_eq!(watcher.ends().0, Some(0));
}

#[test]
fn what_no_run_can_mend_ends_it() {
    let rig = Rig::new().catalogue(SHOP.replace("sqlite:shop.db", "postgres://u@h/x?sslmode=so").as_str());
    assert!(rig.run(&["query", "stock", "--watch", "1s"]).exits(2).stderr.contains("`sslmode=so` is none of"));
    insta::assert_snapshot!(rig.run(&["query", "stock", "--watch", "0s"]), @r#"
    exit 2
    --- stderr
    error: invalid value '0s' for '--watch <LENGTH>': it must be longer than nothing

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(rig.run(&["query", "stock", "--until", "rows"]), @r#"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      --watch <LENGTH>

    Usage: rowcall query --watch <LENGTH> --until <WHEN> <NAME>

    For more information, try '--help'.
    "#);
}

#[test]
fn ctrl_c_ends_it() {
    let mut watcher = Watcher::start(TWO, &["--format", "csv"]);
    watcher.reads("2");
    let process = watcher.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &process]).status().expect("kill runs").success());
    assert_eq!(watcher.ends().0, Some(130));
}

#[test]
fn a_reader_that_goes_away_ends_it_in_silence() {
    let Watcher { rig: _rig, child, mut lines } = Watcher::start(TWO, &["--format", "csv"]);
    let mut line = String::new();
    lines.read_line(&mut line).expect("text");
    drop(lines);
    let output = child.wait_with_output().expect("ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
