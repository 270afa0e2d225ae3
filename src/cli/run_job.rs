//! `rowcall run-job`: one run of one job, for an engine that keeps the time.

use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use jiff::{SignedDuration, Timestamp};

use super::failure::{Exit, Failure, visible_lines};
use super::output::Output;
use super::post::{self, Parting};
use super::{complete, find, instant, select, stop, verdict};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, SystemClock};
use crate::job::alert::Standing;
use crate::job::run::{self, Ran};
use crate::job::{Doors, Job};
use crate::message::Severity;
use crate::store::{self, Store};

/// How far the clock of an engine may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The job, by its name, or by its table where two kinds share a name
    #[arg(value_name = "JOB", add = ArgValueCandidates::new(complete::jobs))]
    job: String,
    /// The due instant it runs for, such as "2026-11-20 12:00" in the zone of the job; run once whoever asks [default: the
    /// latest one of its schedule, or none]
    #[arg(long, value_name = "INSTANT")]
    slot: Option<String>,
    /// Exit 1 when an alert of this severity or above fires
    #[arg(long, value_name = "SEVERITY", default_value = "never", value_parser = ["info", "warning", "critical", "never"])]
    fail_on: String,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let job = select::job(&catalogue, &flags.job)?;
    let now = SystemClock.now();
    let slot = match &flags.slot {
        Some(text) => Some(slot(text, job, now)?),
        None => job.timing().active().and_then(|schedule| schedule.last_until(now)),
    };
    let threshold = Severity::ALL.into_iter().find(|severity| severity.as_str() == flags.fail_on);
    stop::runtime()?.block_on(async {
        let mut stop = stop::Stop::listen()?;
        let (sources, channels) = output.worlds(&catalogue);
        let doors = Doors::new(&catalogue, &sources, &channels);
        let store = store::open(&catalogue.state.store, &sources).await?;
        let parting = Parting::default();
        let work = async {
            if is_paused(job, store.as_ref(), output).await? {
                return Ok(Exit::Done);
            }
            let ran = run::job(job, &doors, store.as_ref(), slot, &SystemClock).await?;
            let Some(exit) = told(job, &ran, threshold, &catalogue, output) else { return Ok(Exit::Done) };
            let now = SystemClock.now();
            store.prune(catalogue.state.horizon(now), now).await?;
            Ok(exit.merge(post::send(store.as_ref(), &doors, &parting, output).await?))
        };
        let done = stop.part(&parting, work).await.unwrap_or_else(Ok);
        doors.close().await;
        store.close().await;
        done
    })
}

/// The instant that an engine names.
fn slot(text: &str, job: Job<'_>, now: Timestamp) -> Result<Timestamp, Failure> {
    let slot = instant::read(text, &job.timing().zone)?;
    if now.duration_until(slot) > AHEAD {
        let failure = Failure::usage(format!("the slot {slot} has not come yet: it is {now}"));
        return Err(failure.hint("name the instant for which the job runs, not the next one"));
    }
    Ok(slot)
}

/// Whether someone said that the job does not run; then the slot is kept as one without a run.
async fn is_paused(job: Job<'_>, store: &dyn Store, output: &Output) -> Result<bool, Failure> {
    let (id, now) = (job.id().to_string(), SystemClock.now());
    let Some(pause) = store.pauses(now).await?.into_iter().find(|pause| pause.job == id) else { return Ok(false) };
    let reason = pause.reason.map(|reason| format!(": {}", visible_lines(&reason))).unwrap_or_default();
    output.say(&format!("{id} is paused{reason}\n"));
    Ok(true)
}

/// Says what there is to say of a run, and gives its exit code: none when somebody else runs the job, who will also send.
/// A slot that has had its run is no news.
fn told(job: Job<'_>, ran: &Ran, threshold: Option<Severity>, catalogue: &Catalogue, output: &Output) -> Option<Exit> {
    match ran {
        Ran::Judged { report, .. } => {
            verdict::explain(std::iter::once(report), catalogue, output);
            let loud = threshold.is_some_and(|threshold| report.severity >= threshold);
            let found = if loud && report.standing == Standing::Firing { Exit::Found } else { Exit::Done };
            Some(found.merge(verdict::unjudged(std::slice::from_ref(report))))
        }
        Ran::Built { built, .. } => Some(verdict::failed([&**built], catalogue, output)),
        Ran::Done => Some(Exit::Done),
        Ran::Busy(_) => {
            output.say(&format!("{} is being run by another rowcall; left to that one\n", job.id()));
            None
        }
        Ran::Lost => {
            output.say(&format!("{} was taken over by another rowcall; left to that one\n", job.id()));
            None
        }
    }
}
