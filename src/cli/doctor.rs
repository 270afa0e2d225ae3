//! `rowcall doctor`: whether everything that work depends on is there and safe.

use std::io::Write;
use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::{complete, find, stop};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, SystemClock};
use crate::job::Doors;
use crate::job::checkup::{Checkup, Fault, Finding, Grade};
use crate::name::Name;
use crate::render::visible;

/// The version of the JSON shape.
const SCHEMA: u32 = 1;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Sources and channels to look at [default: everything]
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(complete::doors))]
    names: Vec<String>,
    /// Send a test message to each channel that is named
    #[arg(long, requires = "names")]
    send_test: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Report<'a> {
    schema: u32,
    findings: Vec<Entry<'a>>,
}

/// A finding; the JSON shape has these keys and only gains more.
#[derive(serde::Serialize)]
struct Entry<'a> {
    grade: &'static str,
    kind: &'static str,
    name: Option<&'a str>,
    text: &'a str,
    next: Option<&'a str>,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let names = flags.names.iter().map(|word| named(&catalogue, word)).collect::<Result<Vec<_>, _>>()?;
    if flags.send_test && !names.iter().any(|name| catalogue.channels.contains_key(name)) {
        return Err(Failure::usage("no channel is named: a test message goes to channels only"));
    }
    stop::runtime()?.block_on(async {
        let mut stop = stop::Stop::listen()?;
        let (world, channels) = if flags.json { output.worlds_aside(&catalogue) } else { output.worlds(&catalogue) };
        let doors = Doors::new(&catalogue, &world, &channels);
        let checkup = Checkup {
            catalogue: &catalogue,
            doors: &doors,
            world: &world,
            names: &names,
            send_test: flags.send_test,
            now: || SystemClock.now(),
        };
        let done = tokio::select! {
            findings = checkup.findings() => tell(&findings, flags.json, output),
            exit = stop.signal() => Ok(exit),
        };
        doors.close().await;
        done
    })
}

/// The source or channel of this name, or both.
fn named(catalogue: &Catalogue, word: &str) -> Result<Name, Failure> {
    let mut known: Vec<&Name> = catalogue.sources.keys().chain(catalogue.channels.keys()).collect();
    known.dedup();
    let found = known.iter().find(|name| name.as_str() == word);
    found.map(|name| (*name).clone()).ok_or_else(|| find::unknown("source or channel", word, known.into_iter()))
}

fn tell(findings: &[Finding], json: bool, output: &mut Output) -> Result<Exit, Failure> {
    if json {
        let entry = |finding| {
            let Finding { about, grade, text, next, .. }: &Finding = finding;
            let name = about.name().map(Name::as_str);
            Entry { grade: grade.as_str(), kind: about.kind(), name, text, next: next.as_deref() }
        };
        let report = Report { schema: SCHEMA, findings: findings.iter().map(entry).collect() };
        let text = serde_json::to_string_pretty(&report).expect("findings are JSON");
        writeln!(output, "{text}")?;
    } else {
        let about: Vec<String> = findings.iter().map(|finding| finding.about.to_string()).collect();
        let width = about.iter().map(String::len).max().unwrap_or(0);
        for (finding, about) in findings.iter().zip(about) {
            writeln!(output, "{:<7}  {about:<width$}  {}", finding.grade.as_str(), visible(&finding.text))?;
            if let Some(next) = &finding.next {
                writeln!(output, "{:<7}  {:<width$}    next: {}", "", "", visible(next))?;
            }
        }
    }
    Ok(findings.iter().map(exit).fold(Exit::Done, Exit::merge))
}

fn exit(finding: &Finding) -> Exit {
    match (finding.grade, finding.fault) {
        (Grade::Ok | Grade::Warning, _) | (Grade::Problem, None) => Exit::Done,
        (Grade::Problem, Some(Fault::Settings)) => Exit::Usage,
        (Grade::Problem, Some(Fault::Database)) => Exit::NoVerdict,
        (Grade::Problem, Some(Fault::Channel)) => Exit::Undelivered,
    }
}
