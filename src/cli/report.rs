//! `rowcall report`: reports, printed, written or sent.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use jiff::Timestamp;

use self::form::{Form, Place};
use super::failure::{Exit, Failure, visible_lines};
use super::output::Output;
use super::query::pair;
use super::{complete, find, select, stop};
use crate::catalogue::{Catalogue, Report};
use crate::clock::{Clock, SystemClock};
use crate::job::Doors;
use crate::job::report::{Built, build};
use crate::name::{Name, nearest};
use crate::source::World;
use crate::store::{self, Memory, Store};

mod form;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Reports, @tag for all reports with a tag, or a glob
    #[arg(value_name = "REPORT", required = true, add = ArgValueCandidates::new(complete::reports))]
    reports: Vec<String>,
    /// The value of a parameter, several with commas for a list; repeatable
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    param: Vec<(Name, String)>,
    /// How to print it [default: by the suffix of -o, otherwise text]
    #[arg(long, value_name = "FORMAT", value_parser = Form::words())]
    format: Option<String>,
    /// Write to this file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only this section, counted from 1
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    section: Option<u16>,
    /// Do not clip tables to the width of the terminal
    #[arg(long)]
    wide: bool,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let reports = select::reports(&catalogue, &flags.reports)?;
    let reports = asked_with(reports, &flags.param)?;
    let place = Place::new(flags, &reports, output)?;
    stop::runtime()?.block_on(async {
        let mut stop = stop::Stop::listen()?;
        let (sources, channels) = output.worlds(&catalogue);
        let doors = Doors::new(&catalogue, &sources, &channels);
        let press = Press { catalogue: &catalogue, doors: &doors, reports: &reports, now: SystemClock.now() };
        let done = tokio::select! {
            done = press.print(&place, &sources, output) => done,
            exit = stop.signal() => Ok(exit),
        };
        doors.close().await;
        done
    })
}

/// The reports with the parameters of the command line.
fn asked_with(reports: Vec<&Report>, given: &[(Name, String)]) -> Result<Vec<Report>, Failure> {
    let known: Vec<&Name> = reports.iter().flat_map(|report| report.parameters()).collect();
    if let Some((name, _)) = given.iter().find(|(name, _)| !known.contains(&name)) {
        let failure = Failure::usage(format!("no query of the report has a parameter `{name}`"));
        let mut words: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
        words.dedup();
        return Err(match nearest(name.as_str(), words.iter().copied()) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None if words.is_empty() => failure,
            None => failure.hint(format!("it has: {}", words.join(", "))),
        });
    }
    let with = |report: &Report| {
        let wrong = |(name, error)| Failure::usage(format!("parameter `{name}`: {error}"));
        if given.is_empty() { Ok(report.clone()) } else { report.clone().asked_with(given).map_err(wrong) }
    };
    reports.into_iter().map(with).collect()
}

/// Builds reports and lets them out.
struct Press<'a> {
    catalogue: &'a Catalogue,
    doors: &'a Doors,
    reports: &'a [Report],
    now: Timestamp,
}

impl Press<'_> {
    /// What is remembered is read and nothing is written.
    async fn print(&self, place: &Place<'_>, world: &World, output: &mut Output) -> Result<Exit, Failure> {
        let store = store::read(&self.catalogue.state.store, world).await?;
        let mut exit = Exit::Done;
        for (index, report) in self.reports.iter().enumerate() {
            let built = self.build(report, store.as_deref()).await?;
            if index > 0 {
                writeln!(output)?;
            }
            place.write(&built.page, output)?;
            exit = exit.merge(self.explain(report, &built, output));
        }
        if let Some(store) = store {
            store.close().await;
        }
        Ok(exit)
    }

    async fn build(&self, report: &Report, store: Option<&dyn Store>) -> Result<Built, Failure> {
        let memory = match store {
            Some(store) => store.recall_report(&report.name).await?,
            None => Memory::default(),
        };
        Ok(build(report, self.catalogue, self.doors, &memory, store, self.now).await?)
    }

    /// What failed, in full: where it stands in the catalogue, what happened, what to do next.
    fn explain(&self, report: &Report, built: &Built, output: &Output) -> Exit {
        for (number, trouble) in built.page.troubles() {
            let line = report.sections.get(number - 1).map_or(report.line, |section| section.line);
            let place = format!("{}:{line}", self.catalogue.path.display());
            let hint = trouble.hint.as_ref().map(|hint| format!("\n  next: {hint}")).unwrap_or_default();
            let problem = visible_lines(&trouble.problem);
            output.say(&format!("report `{}`, section {number} at {place}: {problem}{hint}\n", report.name));
        }
        match built.page.failed() {
            0 => Exit::Done,
            _ if built.settings_at_fault => Exit::Usage,
            _ => Exit::NoVerdict,
        }
    }
}
