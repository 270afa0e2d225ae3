//! `rowcall pause` and `rowcall resume`: a job without runs for a while.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::silence::{length, open, until, who};
use super::{complete, find, select, stop};
use crate::clock::{Clock, SystemClock};
use crate::render::moment;
use crate::store::Pause;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The job
    #[arg(value_name = "JOB", add = ArgValueCandidates::new(complete::jobs))]
    job: String,
    /// How long, such as 2h or 3days [default: until `rowcall resume`]
    #[arg(long = "for", value_name = "LENGTH", value_parser = length)]
    length: Option<Duration>,
    /// Why; whoever reads `rowcall schedule --list` will want to know
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ResumeFlags {
    /// The job
    #[arg(value_name = "JOB", add = ArgValueCandidates::new(complete::jobs))]
    job: String,
}

/// Pauses a job. A loop that runs heeds it from the next slot on.
pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let job = select::job(&catalogue, &flags.job)?;
    let (sources, _) = output.worlds(&catalogue);
    let now = SystemClock.now();
    let ends = flags.length.map(|length| until(now, length)).transpose()?;
    stop::runtime()?.block_on(async {
        let store = open(&catalogue, &sources).await?;
        let (who, reason) = (who(&sources.environment), flags.reason.clone());
        store.pause(&Pause { job: job.id().to_string(), since: now, until: ends, who, reason }).await?;
        store.close().await;
        Ok::<_, Failure>(())
    })?;
    match ends {
        Some(ends) => writeln!(output, "{} is paused until {}", job.id(), moment(ends, &job.timing().zone))?,
        None => writeln!(output, "{} is paused until `rowcall resume {}`", job.id(), flags.job)?,
    }
    Ok(Exit::Done)
}

/// Ends the pause of a job.
pub(super) fn resume(flags: &ResumeFlags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let job = select::job(&catalogue, &flags.job)?;
    let (sources, _) = output.worlds(&catalogue);
    let ended = stop::runtime()?.block_on(async {
        let store = open(&catalogue, &sources).await?;
        let ended = store.resume(&job.id().to_string(), SystemClock.now()).await?;
        store.close().await;
        Ok::<_, Failure>(ended)
    })?;
    match (ended, job.timing().next_after(SystemClock.now())) {
        (false, _) => writeln!(output, "{} was not paused", job.id())?,
        (true, Some(next)) => {
            writeln!(output, "{} runs again, next at {}", job.id(), moment(next, &job.timing().zone))?;
        }
        (true, None) => writeln!(output, "{} is no longer paused", job.id())?,
    }
    Ok(Exit::Done)
}
