//! `rowcall report`: reports, printed, written or sent.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use jiff::Timestamp;

use self::form::{Form, Place};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::post::{self, Parting};
use super::query::pair;
use super::{complete, find, select, stop, verdict};
use crate::catalogue::{Catalogue, Report};
use crate::channel::preview;
use crate::clock::{Clock, SystemClock};
use crate::job::report::{Built, build, conclude, standings};
use crate::job::run::{self, Ran};
use crate::job::{Doors, Job};
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
    /// Send it as the schedule does, and remember that
    #[arg(long, conflicts_with_all = ["format", "output", "section", "chart", "wide"])]
    send: bool,
    /// With --send: show what would be sent where; send nothing, remember nothing
    #[arg(long, requires = "send")]
    dry_run: bool,
    /// Draw charts with characters where no terminal is
    #[arg(long)]
    chart: bool,
    /// Do not clip tables to the width of the terminal
    #[arg(long)]
    wide: bool,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let reports = select::reports(&catalogue, &flags.reports)?;
    let reports = asked_with(reports, &flags.param)?;
    let place = Place::new(flags, &reports, output)?;
    let reports: Vec<Report> = match flags.section {
        Some(number) => reports.into_iter().map(|report| report.only(number.into())).collect(),
        None => reports,
    };
    stop::runtime()?.block_on(async {
        let mut stop = stop::Stop::listen()?;
        let (sources, channels) = output.worlds(&catalogue);
        let doors = Doors::new(&catalogue, &sources, &channels);
        let press = Press { catalogue: &catalogue, doors: &doors, reports: &reports, now: SystemClock.now() };
        let parting = Parting::default();
        let work = async {
            match (flags.send, flags.dry_run) {
                (true, false) => press.send(&sources, &parting, output).await,
                (true, true) => press.rehearse(&sources, output).await,
                (false, _) => press.print(&place, &sources, output).await,
            }
        };
        let done = stop.part(&parting, work).await.unwrap_or_else(Ok);
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
            exit = exit.merge(verdict::failed([&built], self.catalogue, output));
        }
        if let Some(store) = store {
            store.close().await;
        }
        Ok(exit)
    }

    async fn build(&self, report: &Report, store: Option<&dyn Store>) -> Result<Built, Failure> {
        let memory = self.memory(report, store).await?;
        let alerts = standings(report, self.catalogue, store).await?;
        Ok(build(report, self.catalogue, self.doors, &memory, &alerts, (self.now, self.now)).await)
    }

    async fn memory(&self, report: &Report, store: Option<&dyn Store>) -> Result<Memory, Failure> {
        match store {
            Some(store) => Ok(store.recall_report(&report.name).await?),
            None => Ok(Memory::default()),
        }
    }

    /// The same journey as the loop: recorded, then sent.
    async fn send(&self, world: &World, parting: &Parting, output: &mut Output) -> Result<Exit, Failure> {
        let state = &self.catalogue.state;
        let store = store::open(&state.store, world).await?;
        let mut exit = Exit::Done;
        for report in self.reports {
            let job = Job::Report(report, self.catalogue);
            match run::job(job, self.doors, store.as_ref(), None, &SystemClock).await? {
                Ran::Built { built, .. } => exit = exit.merge(verdict::failed([&*built], self.catalogue, output)),
                Ran::Judged { .. } => unreachable!("a report is built"),
                Ran::Busy(_) | Ran::Lost | Ran::Done => {
                    output.say(&format!("{} is being run by another rowcall; left to that one\n", job.id()));
                }
            }
        }
        store.prune(state.horizon(self.now), self.now).await?;
        let sent = post::send(store.as_ref(), self.doors, parting, output).await;
        store.close().await;
        Ok(exit.merge(sent?))
    }

    /// What would be sent, and where.
    async fn rehearse(&self, world: &World, output: &mut Output) -> Result<Exit, Failure> {
        let store = store::read(&self.catalogue.state.store, world).await?;
        let mut exit = Exit::Done;
        for report in self.reports {
            let built = self.build(report, store.as_deref()).await?;
            let memory = self.memory(report, store.as_deref()).await?;
            let messages = conclude(report, &memory, &built).messages;
            let plural = if messages.len() == 1 { "" } else { "s" };
            writeln!(output, "report `{}`: {} message{plural} would be sent", report.name, messages.len())?;
            for outgoing in messages {
                let files =
                    self.catalogue.channels.get(&outgoing.channel).is_some_and(|it| it.settings.carries_files());
                writeln!(output, "\nto channel `{}`:", outgoing.channel)?;
                output.write_all(preview(&outgoing.message, files).as_bytes())?;
            }
            exit = exit.merge(verdict::failed([&built], self.catalogue, output));
        }
        if let Some(store) = store {
            store.close().await;
        }
        Ok(exit)
    }
}
