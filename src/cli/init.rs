//! `rowcall init`: a catalogue to begin with.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Args;

use super::failure::{Exit, Failure};
use super::output::Output;
use crate::catalogue::FILE_NAME;

/// What is written.
const STARTER: &str = include_str!("init/starter.toml");

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The file to write
    #[arg(value_name = "FILE", default_value = FILE_NAME)]
    path: PathBuf,
}

pub(super) fn execute(flags: &Flags, output: &mut Output) -> Result<Exit, Failure> {
    let path = flags.path.display();
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&flags.path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::usage(format!("`{path}` exists and is left as it is"))
                .hint("name another file: rowcall init FILE"),
            _ => Failure::usage(format!("cannot write `{path}`: {error}")),
        })?;
    file.write_all(STARTER.as_bytes()).map_err(|error| Failure::usage(format!("cannot write `{path}`: {error}")))?;
    writeln!(output, "wrote {path}; try `rowcall check --notify`")?;
    Ok(Exit::Done)
}
