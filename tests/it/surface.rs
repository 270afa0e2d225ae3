//! What the program shows of itself: help, completions, the README and the example are held to what it does.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::rig::{Rig, without_times};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn help_is_short_and_names_what_there_is() {
    insta::assert_snapshot!(Rig::new().run(&["--help"]), @r#"
    exit 0
    --- stdout
    Asks databases questions and tells people the answers

    Usage: rowcall [OPTIONS] <COMMAND>

    Commands:
      query      Print the rows of a saved query, of SQL given here, or of a file
      check      Judge alerts once; exit 1 when one fires
      report     Build reports, and print them, write them to a file or send them
      test       Judge alerts on the rows of a file, without a database; exit 1 when one fails
      schedule   Run jobs on their schedules until stopped
      run-job    Run one job once, for an engine that keeps the time: systemd, Kubernetes, crontab
      export     Write the schedule for an engine that keeps the time: a crontab, systemd units,
                 Kubernetes manifests
      list       List what the catalogue names, or what is silent
      history    Show past runs: what was found, who was told, and why not
      explain    Say why an alert told what it told, and when it will next
      silence    Hold back the news of an alert for a while
      unsilence  End the silences of an alert
      pause      Let a job have no runs for a while
      resume     End the pause of a job
      outbox     Show what waits to be sent or was given up, try it again, or drop it
      status     Show whether a loop is alive, and what does not work
      state      Move what is remembered from a SQLite file to PostgreSQL
      validate   Read the catalogue and report every mistake in it
      doctor     Look whether sources, channels and the state are there and safe
      init       Write a catalogue to begin with

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Options of every command:
          --config <FILE>  The catalogue [default: rowcall.toml here, in a parent folder, or in the
                           user's configuration folder]
          --color <WHEN>   Whether to colour words on standard error, and charts [default: auto]
                           [possible values: auto, always, never]

    Exit codes: 0 done, 1 found, 2 usage or catalogue, 3 no verdict, 4 not delivered.
    "#);
    insta::assert_snapshot!(Rig::new().run(&["query", "--help"]), @r#"
    exit 0
    --- stdout
    Print the rows of a saved query, of SQL given here, or of a file

    Usage: rowcall query [OPTIONS] [NAME]

    Arguments:
      [NAME]  A saved query

    Options:
      -s, --source <SOURCE>     The source to ask, for -c and -f
      -c, --command <SQL>       SQL to run
      -f, --file <FILE>         A file with SQL to run, or - for standard input
      -p, --param <NAME=VALUE>  The value of a parameter, several with commas for a list; repeatable
          --format <FORMAT>     How to print the rows [default: by the suffix of -o, otherwise table]
                                [possible values: table, vertical, csv, tsv, json, jsonl, markdown,
                                html, xlsx]
          --chart <CHART>       Draw the rows, such as 'line x=day y=total': on the terminal, or to an
                                .svg or .png with -o
      -o, --output <FILE>       Write to this file, whole or not at all
          --limit <ROWS>        At most this many rows; 0 is all [default: 200 for a table on a
                                terminal, 200000 for a chart, otherwise all]
          --null <TEXT>         What to print for NULL, except in JSON and Excel
          --no-header           Leave out the names of the columns
          --wide                Do not clip a table to the width of the terminal
          --csv-safe            Put ' before text that a spreadsheet would run, in CSV and TSV
          --timezone <ZONE>     Print times with time zone as the clocks of this zone show them
          --timeout <LENGTH>    How long the answer may take, such as 30s or 5m
          --watch <LENGTH>      Ask again after each such length of time, until Ctrl-C
          --until <WHEN>        End --watch when the result has rows, is empty, or differs from the
                                first [possible values: rows, empty, changed]
      -h, --help                Print help

    Options of every command:
          --config <FILE>  The catalogue [default: rowcall.toml here, in a parent folder, or in the
                           user's configuration folder]
          --color <WHEN>   Whether to colour words on standard error, and charts [default: auto]
                           [possible values: auto, always, never]
    "#);
    insta::assert_snapshot!(Rig::new().run(&["check", "--help"]), @r#"
    exit 0
    --- stdout
    Judge alerts once; exit 1 when one fires

    Usage: rowcall check [OPTIONS] [ALERT]...

    Arguments:
      [ALERT]...  Alerts, @tag for all alerts with a tag, or a glob such as 'orders_*' [default: all]

    Options:
          --notify                  Keep state and send messages, as the schedule does
          --dry-run                 With --notify: show what would be sent; keep nothing, send nothing
          --fail-on <SEVERITY>      Exit 1 only for alerts of this severity or above [default: warning]
                                    [possible values: info, warning, critical, never]
          --format <FORMAT[=FILE]>  How to report, and where: FORMAT or FORMAT=FILE; may be given
                                    several times [default: table] [possible values: table, json, junit,
                                    github, markdown]
          --samples <ROWS>          Show at most this many of the rows that make an alert fire [default:
                                    0]
      -j, --jobs <COUNT>            How many alerts are judged at once; each source has its own limit
                                    below that [default: 16]
      -h, --help                    Print help

    Options of every command:
          --config <FILE>  The catalogue [default: rowcall.toml here, in a parent folder, or in the
                           user's configuration folder]
          --color <WHEN>   Whether to colour words on standard error, and charts [default: auto]
                           [possible values: auto, always, never]
    "#);
}

#[test]
fn wrong_usage_is_exit_2() {
    insta::assert_snapshot!(Rig::new().run(&["qury"]), @r#"
    exit 2
    --- stderr
    error: unrecognized subcommand 'qury'

      tip: a similar subcommand exists: 'query'

    Usage: rowcall [OPTIONS] <COMMAND>

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(Rig::new().run(&["query"]), @r#"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      <NAME>

    Usage: rowcall query <NAME>

    For more information, try '--help'.
    "#);
}

#[test]
fn the_completion_scripts_are_what_the_program_prints() {
    for (shell, file) in [
        ("bash", "rowcall.bash"),
        ("elvish", "rowcall.elv"),
        ("fish", "rowcall.fish"),
        ("powershell", "rowcall.ps1"),
        ("zsh", "_rowcall"),
    ] {
        let printed = Rig::new().run(&["completions", shell]).exits(0).stdout;
        let kept = std::fs::read_to_string(root().join("completions").join(file)).expect("kept");
        assert_eq!(printed, kept, "write completions/{file} anew: rowcall completions {shell}");
    }
}

#[test]
fn a_shell_completes_names_from_the_catalogue() {
    let complete = |words: &[&str]| {
        let rig = Rig::new()
            .file("shop.toml", include_str!("../../config.example.toml"))
            .env("COMPLETE", "bash")
            .env("_CLAP_IFS", "\n")
            .env("_CLAP_COMPLETE_INDEX", &(words.len() - 1).to_string());
        rig.run(&[&["--"], words].concat()).exits(0).stdout
    };
    let config = ["rowcall", "--config", "shop.toml"];
    assert_eq!(complete(&[&config[..], &["query", "st"]].concat()), "stock");
    assert_eq!(complete(&[&config[..], &["query", "--source", ""]].concat()), "demo");
    assert_eq!(complete(&[&config[..], &["check", "o"]].concat()), "orders_today");
    assert_eq!(complete(&[&config[..], &["check", "@s"]].concat()), "@stock");
    assert_eq!(complete(&[&config[..], &["explain", "low_stock", "--channel", ""]].concat()), "terminal");
    assert_eq!(complete(&["rowcall", "--config", "not-there.toml", "query", "st"]), "");
}

/// A command of the README and the words under it.
struct Shown {
    command: String,
    output: String,
}

fn shown() -> Vec<Shown> {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("there is one");
    let mut shown: Vec<Shown> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").expect("the block ends");
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => shown.push(Shown { command: command.into(), output: String::new() }),
                None => {
                    let last = shown.last_mut().expect("a block begins with a command");
                    last.output.push_str(line);
                    last.output.push('\n');
                }
            }
        }
    }
    shown
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    without_times(&String::from_utf8(text).expect("text"))
}

#[test]
fn every_command_of_the_readme_prints_what_it_shows() {
    let rig = Rig::new()
        .file("config.example.toml", include_str!("../../config.example.toml"))
        .file("config.example.test.toml", include_str!("../../config.example.test.toml"));
    let program = PathBuf::from(env!("CARGO_BIN_EXE_rowcall"));
    let folders = [program.parent().expect("a folder").to_owned(), "/usr/bin".into(), "/bin".into()];
    let path = std::env::join_paths(folders).expect("a path");
    let commands: Vec<Shown> = shown().into_iter().filter(|shown| !shown.command.starts_with("cargo ")).collect();
    assert!(commands.len() > 5, "the README shows commands");
    for Shown { command, output } in commands {
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).current_dir(rig.path()).env_clear().env("PATH", &path);
        assert_eq!(said(&mut shell).trim_end(), without_times(&output).trim_end(), "$ {command}");
    }
}

#[test]
#[ignore = "builds the release program: run tests/run"]
fn the_first_command_of_the_readme_works_as_shown() {
    let first = shown().into_iter().next().expect("there is one");
    assert_eq!(first.command, "cargo run --release -- --config config.example.toml check --notify");
    let words: Vec<&str> = first.command.split(' ').collect();
    let (cargo, arguments) = words.split_first().expect("words");
    let mut command = Command::new(cargo);
    // What the test runner itself sets would make cargo build everything anew.
    let own = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("CARGO_")));
    own.filter(|(name, _)| name != "CARGO_HOME" && name != "CARGO_TARGET_DIR").for_each(|(name, _)| {
        command.env_remove(name);
    });
    let output = command.args(arguments).current_dir(root()).output().expect("it runs");
    let printed = without_times(&String::from_utf8(output.stdout).expect("text"));
    assert_eq!(printed.trim_end(), without_times(&first.output).trim_end());
    assert_eq!(output.status.code(), Some(1));
    assert!(!root().join(".rowcall").exists(), "the example keeps nothing");
}
