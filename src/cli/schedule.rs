//! `rowcall schedule`: the loop in the foreground, or with `--list` what it would do.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::post::{self, Parting};
use super::{complete, find, instant, stop, verdict};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, SystemClock};
use crate::job::{Doors, Job};
use crate::name::Name;
use crate::scheduler::{AT_ONCE, once};
use crate::store::{self, Pause, Store, StoreError};

use self::foreground::Wishes;

mod agenda;
pub(crate) mod foreground;
mod listen;
mod log;
mod notify;
mod reload;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Run what is due since the last time and end, for a line of crontab; quiet when all is well
    #[arg(long, conflicts_with = "list")]
    once: bool,
    /// Only list when each job is due next, this many times [default: 5]
    #[arg(long, value_name = "TIMES", num_args = 0..=1, require_equals = true, default_missing_value = "5")]
    list: Option<usize>,
    /// List one job only
    #[arg(value_name = "JOB", requires = "list", add = ArgValueCandidates::new(complete::jobs))]
    job: Option<Name>,
    /// List what is due after this instant, such as 2026-11-20 or "2026-11-20 12:00" [default: now]
    #[arg(long, value_name = "INSTANT", requires = "list")]
    from: Option<String>,
    /// List as JSON
    #[arg(long, requires = "list")]
    json: bool,
    /// At most so many runs at once; each source has its own limit below that
    #[arg(short, long, value_name = "N", default_value_t = AT_ONCE, value_parser = at_least_one)]
    jobs: usize,
    /// Take up the catalogue whenever its file changes, as SIGHUP does
    #[arg(long, conflicts_with_all = ["list", "once"])]
    watch_config: bool,
    /// Answer /healthz, /readyz and /metrics there, such as 127.0.0.1:9090
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["list", "once"])]
    listen: Option<SocketAddr>,
    /// How the log is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: log::Format,
    /// What the log tells
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: log::Depth,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "must be a whole number from 1 on".into())
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    if let Some(count) = flags.list {
        let from = flags.from.as_ref().map(|text| instant::read(text, &catalogue.zone)).transpose()?;
        let from = from.unwrap_or_else(|| SystemClock.now());
        let pauses = stop::runtime()?.block_on(pauses(&catalogue, output));
        return agenda::print((&catalogue, &pauses), flags.job.as_ref(), (count, from), flags.json, output);
    }
    if Job::scheduled(&catalogue).next().is_none() {
        return Err(Failure::usage("nothing is scheduled").hint("give an alert a `schedule`, such as \"*/5 * * * *\""));
    }
    if flags.once {
        return stop::runtime()?.block_on(once(Arc::new(catalogue), flags.jobs, output));
    }
    log::begin(flags.log_format, flags.log_level, output.styled());
    let wishes = Wishes { at_once: flags.jobs, watch: flags.watch_config, listen: flags.listen };
    stop::runtime()?.block_on(foreground::run(Arc::new(catalogue), wishes, output))
}

/// The pauses that the store knows, where there is one.
async fn pauses(catalogue: &Catalogue, output: &Output) -> Vec<Pause> {
    let (sources, _) = output.worlds(catalogue);
    let known = async {
        let Some(store) = store::read(&catalogue.state.store, &sources).await? else {
            return Ok(Vec::new());
        };
        let pauses = store.pauses(SystemClock.now()).await;
        store.close().await;
        pauses
    };
    known.await.unwrap_or_else(|problem: StoreError| {
        output.say(&format!("warning: which jobs are paused is not known: {problem}\n"));
        Vec::new()
    })
}

/// One pass. That an alert fires is no failure here: whoever is to know was told.
async fn once(catalogue: Arc<Catalogue>, most: usize, output: &Output) -> Result<Exit, Failure> {
    let mut stop = stop::Stop::listen()?;
    let (sources, channels) = output.worlds(&catalogue);
    let doors = Arc::new(Doors::new(&catalogue, &sources, &channels));
    let store = store::open(&catalogue.state.store, &sources).await?;
    let store: Arc<dyn Store> = Arc::from(store);
    let plan = (Arc::clone(&catalogue), Arc::clone(&doors));
    let parting = Parting::default();
    let work = async {
        let pass = once::pass(plan, Arc::clone(&store), Arc::new(SystemClock), most).await;
        verdict::explain(pass.reports.iter(), &catalogue, output);
        let failed = verdict::failed(&pass.built, &catalogue, output);
        let sent = post::send(store.as_ref(), &doors, &parting, output).await?;
        match pass.lost {
            None => Ok(verdict::unjudged(&pass.reports).merge(failed).merge(sent)),
            Some(lost) => Err(lost.into()),
        }
    };
    let done = stop.part(&parting, work).await.unwrap_or_else(Ok);
    doors.close().await;
    store.close().await;
    done
}
