//! `rowcall state copy`: what is remembered moves from a file to PostgreSQL.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueHint};

use super::failure::{Exit, Failure};
use super::output::Output;
use super::{find, history, stop};
use crate::catalogue::{Catalogue, STATE_FILE};
use crate::clock::{Clock, SystemClock};
use crate::render::listing;
use crate::store::{self, Copied};

#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Copy everything that a SQLite file remembers into the PostgreSQL that [state] names
    Copy(Copy),
}

#[derive(Debug, Args)]
struct Copy {
    /// The file [default: .rowcall/state.db beside the catalogue]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    from: Option<PathBuf>,
    /// Only say what would be copied
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON shape: these keys, and only ever more.
#[derive(serde::Serialize)]
struct Report<'a> {
    schema: u32,
    copied: bool,
    tables: Vec<Table<'a>>,
}

#[derive(serde::Serialize)]
struct Table<'a> {
    table: &'a str,
    rows: u64,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    match &flags.action {
        Action::Copy(flags) => copy(flags, &catalogue, output),
    }
}

fn copy(flags: &Copy, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Failure> {
    if !catalogue.state.store.is_postgres() {
        return Err(Failure::usage("[state] names no PostgreSQL to copy to").hint(
            "write the `postgres://..` that is to keep the state as `url` in [state], then copy, then start the loops",
        ));
    }
    let file = flags.from.clone().unwrap_or_else(|| catalogue.folder.join(STATE_FILE));
    let (sources, _) = output.worlds(catalogue);
    let (to, now) = (&catalogue.state.store, SystemClock.now());
    let copied = stop::runtime()?.block_on(async {
        match flags.dry_run {
            true => store::rehearse_copy(&file, to, &sources, now).await,
            false => store::copy(&file, to, &sources, now).await,
        }
    })?;
    if flags.json {
        let tables = copied.iter().map(|Copied { table, rows }| Table { table, rows: *rows }).collect();
        let report = Report { schema: history::SCHEMA, copied: !flags.dry_run, tables };
        writeln!(output, "{}", serde_json::to_string_pretty(&report).expect("texts and numbers are JSON"))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = copied.iter().map(|it| vec![it.table.clone(), it.rows.to_string()]).collect();
    write!(output, "{}", listing(&["table", "rows"], &rows))?;
    output.flush()?;
    output.say(match flags.dry_run {
        true => "nothing was copied: this is what the file has, and there is room for it\n",
        false => "copied; the file is as it was: move it away, so that nobody goes on with it\n",
    });
    Ok(Exit::Done)
}
