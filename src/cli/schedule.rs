//! `rowcall schedule`: the loop in the foreground.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::{find, stop};
use crate::catalogue::Catalogue;
use crate::clock::SystemClock;
use crate::job::Doors;
use crate::scheduler::{Ended, Scheduler};
use crate::store::{self, Store};

#[derive(Debug, Args)]
pub(super) struct Flags {}

pub(super) fn execute(_: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    if catalogue.alerts.values().all(|alert| alert.schedule.is_none()) {
        return Err(Failure::usage("nothing is scheduled").hint("give an alert a `schedule`, such as \"*/5 * * * *\""));
    }
    log(output.styled());
    stop::runtime()?.block_on(run(Arc::new(catalogue), output))
}

async fn run(catalogue: Arc<Catalogue>, output: &Output) -> Result<Exit, Failure> {
    let stop = stop::Stop::listen()?;
    let (sources, channels) = output.worlds(&catalogue);
    let doors = Arc::new(Doors::new(&catalogue, &sources, &channels));
    let store = store::open(&catalogue.state.url, &sources.environment, &catalogue.folder).await?;
    let store: Arc<dyn Store> = Arc::from(store);
    let scheduler = Scheduler::new(catalogue, Arc::clone(&doors), Arc::clone(&store), Arc::new(SystemClock));
    let token = CancellationToken::new();
    let work = async {
        let ended = scheduler.run(&token).await;
        doors.close().await;
        store.close().await;
        match ended {
            Ended::Clean => Exit::Done,
            Ended::BrokenOff => Exit::Terminated,
        }
    };
    Ok(stop.guard(&token, work).await.unwrap_or_else(|exit| exit))
}

/// The log of the loop: one line per event on standard error.
fn log(styled: bool) {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(styled)
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .finish();
    // Only a test that runs two loops in one process finds one installed.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
