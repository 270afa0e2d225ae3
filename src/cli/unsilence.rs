//! `rowcall unsilence`: silences ended before their time.

use std::io::Write;
use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::silence::{alert, key, open};
use super::{complete, find, stop};
use crate::clock::{Clock, SystemClock};

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The alert
    #[arg(value_name = "ALERT", add = ArgValueCandidates::new(complete::alert_names))]
    alert: String,
    /// One key of it [default: the whole alert and every key of it]
    #[arg(value_name = "KEY")]
    key: Option<String>,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let alert = alert(&catalogue, &flags.alert)?;
    let key = flags.key.as_deref().map(|word| key(alert, word)).transpose()?;
    let (sources, _) = output.worlds(&catalogue);
    let ended = stop::runtime()?.block_on(async {
        let store = open(&catalogue, &sources).await?;
        let done = store.unsilence(&alert.name, key.as_deref(), SystemClock.now()).await;
        store.close().await;
        done.map_err(Failure::from)
    })?;
    match ended {
        0 => writeln!(output, "alert `{}` was not silent", alert.name)?,
        1 => writeln!(output, "alert `{}`: 1 silence ended", alert.name)?,
        many => writeln!(output, "alert `{}`: {many} silences ended", alert.name)?,
    }
    Ok(Exit::Done)
}
