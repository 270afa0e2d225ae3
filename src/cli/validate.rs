//! `rowcall validate`: the catalogue read and checked, and with `--online` every source and the state asked for a sign of life.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::{find, stop};
use crate::catalogue::{Catalogue, render_warning};
use crate::job::Doors;
use crate::source::World;
use crate::store::{self, StoreError};

/// How long a source may take for a sign of life.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Connect to every source and to the state as well
    #[arg(long)]
    online: bool,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let path = catalogue.path.display().to_string();
    if !catalogue.warnings.is_empty() {
        let text = std::fs::read_to_string(&catalogue.path).unwrap_or_default();
        for warning in &catalogue.warnings {
            output.say(&format!("{}\n\n", render_warning(warning, &path, &text, output.styled())));
        }
    }
    let count = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    writeln!(
        output,
        "{path}: {}, {}, {}, {}: no mistake",
        count(catalogue.sources.len(), "source", "sources"),
        count(catalogue.queries.len(), "query", "queries"),
        count(catalogue.alerts.len(), "alert", "alerts"),
        count(catalogue.channels.len(), "channel", "channels"),
    )?;
    if flags.online { stop::runtime()?.block_on(ping(&catalogue, output)) } else { Ok(Exit::Done) }
}

async fn ping(catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Failure> {
    let (sources, channels) = output.worlds(catalogue);
    let doors = Doors::new(catalogue, &sources, &channels);
    let mut exit = Exit::Done;
    for name in catalogue.sources.keys() {
        match doors.source(name).ping(PATIENCE).await {
            Ok(()) => writeln!(output, "source `{name}` answers")?,
            Err(error) => {
                let failure = Failure::from(error);
                exit = exit.merge(failure.exit);
                output.say(&failure.render(output.styled()));
            }
        }
    }
    doors.close().await;
    match state(catalogue, &sources).await {
        Ok(Some(words)) => writeln!(output, "{words}")?,
        Ok(None) => {}
        Err(error) => {
            let failure = Failure::from(error);
            exit = exit.merge(failure.exit);
            output.say(&failure.render(output.styled()));
        }
    }
    Ok(exit)
}

/// What there is to say of the state; nothing where none is kept.
async fn state(catalogue: &Catalogue, world: &World) -> Result<Option<&'static str>, StoreError> {
    if catalogue.state.store.is_fleeting() {
        return Ok(None);
    }
    let Some(store) = store::read(&catalogue.state.store, world).await? else {
        return Ok(Some("there is no state yet: the first `check --notify` or `schedule` makes it"));
    };
    store.close().await;
    Ok(Some("the state answers"))
}
