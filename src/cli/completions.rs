//! `rowcall completions`: the script that a shell sources.

use std::io::Write;

use clap::Args;
use clap_complete::env::Shells;

use super::failure::{Exit, Failure};
use super::output::Output;

/// The variable by which a shell asks for completions.
pub(super) const VARIABLE: &str = "COMPLETE";

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

pub(super) fn execute(flags: &Flags, output: &mut Output) -> Result<Exit, Failure> {
    let shells = Shells::builtins();
    let shell = shells.completer(&flags.shell).expect("clap knows the words");
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "rowcall", "rowcall", "rowcall", &mut script)?;
    output.write_all(&script)?;
    Ok(Exit::Done)
}
