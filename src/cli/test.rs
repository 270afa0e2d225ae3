//! `rowcall test`: alerts judged on rows that a person wrote down, under a clock of their own; no database.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCandidates;

use self::result::{Played, Tried};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::target::{self, Target, TargetParser};
use super::{complete, find, select, stop};
use crate::catalogue::fixture::{self, SUFFIX, Test};
use crate::catalogue::{Catalogue, LoadError};
use crate::job::rehearse::rehearse;

mod report;
mod result;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Alerts, @tag for all alerts with a tag, or a glob such as 'orders_*' [default: all that have a test]
    #[arg(value_name = "ALERT", add = ArgValueCandidates::new(complete::alerts))]
    alerts: Vec<String>,
    /// A file of tests; may be given several times [default: every *.test.toml beside the catalogue]
    #[arg(long, value_name = "FILE")]
    fixtures: Vec<PathBuf>,
    /// How to report, and where: FORMAT or FORMAT=FILE; may be given several times [default: table]
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = TargetParser::<Format>::new())]
    format: Vec<Target<Format>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Junit,
}

impl Format {
    fn report(self, tried: &[Tried]) -> String {
        match self {
            Self::Table => report::table(tried),
            Self::Json => report::json(tried),
            Self::Junit => report::junit(tried),
        }
    }

    fn is_alone(self) -> bool {
        match self {
            Self::Json | Self::Junit => true,
            Self::Table => false,
        }
    }
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let table = Target { format: Format::Table, file: None };
    let targets = if flags.format.is_empty() { vec![table] } else { flags.format.clone() };
    target::check(&targets, Format::is_alone)?;
    let tests = tests(flags, &catalogue)?;
    let tried = stop::runtime()?.block_on(async {
        let mut tried = Vec::new();
        for (file, test) in tests {
            tried.push(play(&catalogue, file, test).await?);
        }
        Ok::<_, Failure>(tried)
    })?;
    for target in &targets {
        target.write(&target.format.report(&tried), output)?;
    }
    Ok(if tried.iter().all(Tried::passed) { Exit::Done } else { Exit::Found })
}

async fn play(catalogue: &Catalogue, file: String, test: Test) -> Result<Tried, Failure> {
    let alert = &catalogue.alerts[&test.alert];
    let steps = test.steps.iter().map(|step| (step.at, step.answer.clone()));
    let seen = rehearse(alert, steps).await.map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
    let played =
        test.steps.into_iter().zip(seen).map(|(step, seen)| Played::new(step, seen, &alert.timing.zone)).collect();
    Ok(Tried { file, name: test.name, alert: test.alert, line: test.line, steps: played })
}

/// The tests of the selected alerts, and the file of each.
fn tests(flags: &Flags, catalogue: &Catalogue) -> Result<Vec<(String, Test)>, Failure> {
    let files = if flags.fixtures.is_empty() { beside(catalogue)? } else { flags.fixtures.clone() };
    let mut tests = Vec::new();
    for path in &files {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("cannot read tests `{}`: {error}", path.display())))?;
        let read = fixture::read(path, &text, catalogue).map_err(LoadError::Broken)?;
        tests.extend(read.into_iter().map(|test| (path.display().to_string(), test)));
    }
    if tests.is_empty() {
        let hint = format!("write a file `*{SUFFIX}` beside the catalogue, or name one with --fixtures");
        return Err(Failure::usage("there is no test").hint(hint));
    }
    if flags.alerts.is_empty() {
        return Ok(tests);
    }
    let selected = select::alerts(catalogue, &flags.alerts)?;
    tests.retain(|(_, test)| selected.iter().any(|alert| alert.name == test.alert));
    match tests.is_empty() {
        true => Err(Failure::usage(format!("no test is about `{}`", flags.alerts.join("`, `")))),
        false => Ok(tests),
    }
}

/// The files of tests in the folder of the catalogue, by name.
fn beside(catalogue: &Catalogue) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("cannot read the folder `{}`: {error}", catalogue.folder.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&catalogue.folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        if name.to_string_lossy().ends_with(SUFFIX) {
            // As the reader would write it, without a leading `./`.
            let here = *catalogue.folder == *Path::new(".");
            files.push(if here { PathBuf::from(name) } else { catalogue.folder.join(name) });
        }
    }
    files.sort_unstable();
    Ok(files)
}
