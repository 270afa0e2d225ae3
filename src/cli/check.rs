//! `rowcall check`: alerts judged once.

use std::io::Write;
use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use futures_util::StreamExt;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::{complete, find, report, stop};
use crate::catalogue::{Alert, Catalogue};
use crate::clock::{Clock, SystemClock};
use crate::job::Doors;
use crate::job::alert::{self, Report};
use crate::job::deliver;
use crate::job::run::{self, Ran};
use crate::message::Severity;
use crate::render::listing;
use crate::secret::Environment;
use crate::store::{self, Memory, Store};

/// How many alerts are judged at once; each source has its own limit below that.
const AT_ONCE: usize = 16;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Alerts, or @tag for all alerts with a tag [default: all]
    #[arg(value_name = "ALERT", add = ArgValueCandidates::new(complete::alerts))]
    alerts: Vec<String>,
    /// Keep state and send messages, as the schedule does
    #[arg(long)]
    notify: bool,
    /// Exit 1 only for alerts of this severity or above
    #[arg(long, value_name = "SEVERITY", default_value = "warning", value_parser = ["info", "warning", "critical", "never"])]
    fail_on: String,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let selected = select(&catalogue, &flags.alerts)?;
    let threshold = Severity::ALL.into_iter().find(|severity| severity.as_str() == flags.fail_on);
    stop::runtime()?.block_on(async {
        let mut stop = stop::Stop::listen()?;
        let (sources, channels) = output.worlds(&catalogue);
        let doors = Doors::new(&catalogue, &sources, &channels);
        let work = async {
            if flags.notify {
                notify(&catalogue, &selected, &doors, &sources.environment, threshold, output).await
            } else {
                judge(&catalogue, &selected, &doors, threshold, output).await
            }
        };
        let done = tokio::select! {
            done = work => done,
            exit = stop.signal() => Ok(exit),
        };
        doors.close().await;
        done
    })
}

/// The alerts that the words name; all when there is no word.
fn select<'a>(catalogue: &'a Catalogue, words: &[String]) -> Result<Vec<&'a Alert>, Failure> {
    let mut selected: Vec<&Alert> = Vec::new();
    for word in words {
        let found: Vec<&Alert> = match word.strip_prefix('@') {
            Some(tag) => catalogue.alerts.values().filter(|alert| alert.tags.iter().any(|own| own == tag)).collect(),
            None => catalogue.alerts.get(word.as_str()).into_iter().collect(),
        };
        match (found.is_empty(), word.strip_prefix('@')) {
            (true, Some(tag)) => return Err(Failure::usage(format!("no alert has the tag `{tag}`"))),
            (true, None) => return Err(find::unknown("alert", word, catalogue.alerts.keys())),
            (false, _) => selected.extend(found),
        }
    }
    if words.is_empty() {
        selected.extend(catalogue.alerts.values());
    }
    let mut seen = std::collections::HashSet::new();
    selected.retain(|alert| seen.insert(&alert.name));
    if selected.is_empty() {
        return Err(Failure::usage("the catalogue has no alert").hint("write an [alerts.NAME] table"));
    }
    Ok(selected)
}

/// Judges the present and nothing else: no store, no state, no message.
async fn judge(
    catalogue: &Catalogue,
    selected: &[&Alert],
    doors: &Doors,
    threshold: Option<Severity>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let one = async |alert: &&Alert| {
        let finding = alert::ask(alert, doors, &Memory::default(), SystemClock.now()).await;
        alert::report(alert, &finding)
    };
    let reports: Vec<Report> = futures_util::stream::iter(selected).map(one).buffered(AT_ONCE).collect().await;
    print(&reports, output)?;
    report::explain(&reports, catalogue, output);
    Ok(report::judged(&reports, threshold))
}

/// The same journey as the loop: state, incidents, messages.
async fn notify(
    catalogue: &Catalogue,
    selected: &[&Alert],
    doors: &Doors,
    environment: &Environment,
    threshold: Option<Severity>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let store = store::open(&catalogue.state.url, environment, &catalogue.folder).await?;
    let done = tell(catalogue, selected, doors, store.as_ref(), threshold, output).await;
    store.close().await;
    done
}

async fn tell(
    catalogue: &Catalogue,
    selected: &[&Alert],
    doors: &Doors,
    store: &dyn Store,
    threshold: Option<Severity>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let one =
        async |alert: &&Alert| (alert.name.clone(), run::alert(alert, doors, store, None, SystemClock.now()).await);
    let runs: Vec<_> = futures_util::stream::iter(selected).map(one).buffered(AT_ONCE).collect().await;
    let (mut reports, mut decided, mut exit) = (Vec::new(), 0, Exit::Done);
    for (name, ran) in runs {
        match ran {
            Ok(Ran::Judged { report, messages }) => {
                reports.push(report);
                decided += messages;
            }
            Ok(Ran::Busy | Ran::Done) => {
                output.say(&format!("alert `{name}` is being judged by another rowcall; left to that one\n"));
            }
            Err(error) => {
                output.say(&Failure::from(error).render(output.styled()));
                exit = exit.merge(Exit::NoVerdict);
            }
        }
    }
    print(&reports, output)?;
    report::explain(&reports, catalogue, output);
    if decided > 0 {
        writeln!(output)?;
    }
    let deliveries = deliver::all(store, doors, SystemClock.now(), fastrand::f64).await?;
    let exit = exit.merge(report::undelivered(&deliveries, output));
    Ok(exit.merge(report::judged(&reports, threshold)))
}

fn print(reports: &[Report], output: &mut Output) -> Result<(), Failure> {
    let row = |report: &Report| {
        let state = report.standing.as_str().to_owned();
        let note = report.note.lines().next().unwrap_or_default().to_owned();
        vec![report.alert.to_string(), state, report.severity.to_string(), note]
    };
    let rows: Vec<Vec<String>> = reports.iter().map(row).collect();
    if !rows.is_empty() {
        write!(output, "{}", listing(&["alert", "state", "severity", "why"], &rows))?;
        output.flush()?;
    }
    Ok(())
}
