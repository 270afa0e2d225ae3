//! The front door: arguments in, words out, an exit code at the end.
//!
//! The only room that knows clap, prints, and hears signals. Each verb has a file: its flags, its one call, its words.

use std::io::Write;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use failure::Exit;

mod check;
mod complete;
mod completions;
mod doctor;
mod explain;
mod export;
mod failure;
mod file;
mod find;
mod history;
mod init;
mod instant;
mod junit;
mod list;
mod outbox;
mod output;
mod pause;
mod post;
mod progress;
mod query;
mod report;
mod run_job;
mod schedule;
mod select;
mod silence;
mod state;
mod status;
mod stop;
mod target;
mod test;
mod unsilence;
mod validate;
mod verdict;

use failure::Failure;
use output::Output;

/// Where the help lists the flags that every verb has.
const EVERYWHERE: &str = "Options of every command";

/// Asks databases questions and tells people the answers.
#[derive(Debug, Parser)]
#[command(name = "rowcall", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 done, 1 found, 2 usage or catalogue, 3 no verdict, 4 not delivered.")]
struct Arguments {
    /// The catalogue [default: rowcall.toml here, in a parent folder, or in the user's configuration folder]
    #[arg(long, global = true, value_name = "FILE", env = "ROWCALL_CONFIG", hide_env = true, help_heading = EVERYWHERE)]
    config: Option<PathBuf>,
    /// Whether to colour words on standard error, and charts
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = EVERYWHERE)]
    color: output::Color,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the rows of a saved query, of SQL given here, or of a file
    Query(query::Flags),
    /// Judge alerts once; exit 1 when one fires
    Check(check::Flags),
    /// Build reports, and print them, write them to a file or send them
    Report(report::Flags),
    /// Judge alerts on the rows of a file, without a database; exit 1 when one fails
    Test(test::Flags),
    /// Run jobs on their schedules until stopped
    Schedule(schedule::Flags),
    /// Run one job once, for an engine that keeps the time: systemd, Kubernetes, crontab
    RunJob(run_job::Flags),
    /// Write the schedule for an engine that keeps the time: a crontab, systemd units, Kubernetes manifests
    Export(export::Flags),
    /// List what the catalogue names, or what is silent
    List(list::Flags),
    /// Show past runs: what was found, who was told, and why not
    History(history::Flags),
    /// Say why an alert told what it told, and when it will next
    Explain(explain::Flags),
    /// Hold back the news of an alert for a while
    Silence(silence::Flags),
    /// End the silences of an alert
    Unsilence(unsilence::Flags),
    /// Let a job have no runs for a while
    Pause(pause::Flags),
    /// End the pause of a job
    Resume(pause::ResumeFlags),
    /// Show what waits to be sent or was given up, try it again, or drop it
    Outbox(outbox::Flags),
    /// Show whether a loop is alive, and what does not work
    Status(status::Flags),
    /// Move what is remembered from a SQLite file to PostgreSQL
    State(state::Flags),
    /// Read the catalogue and report every mistake in it
    Validate(validate::Flags),
    /// Look whether sources, channels and the state are there and safe
    Doctor(doctor::Flags),
    /// Write a catalogue to begin with
    Init(init::Flags),
    /// Print the completion script of a shell
    #[command(hide = true)]
    Completions(completions::Flags),
}

/// Runs one command line; the first argument is the program.
#[must_use]
pub fn run() -> Exit {
    // Whoever installed a provider before us chose the same one: there is one in the build.
    let _ = rustls::crypto::ring::default_provider().install_default();
    complete::answer();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let mut output = Output::new(arguments.color);
    let done = arguments.verb.execute(arguments.config.as_deref(), &mut output);
    let done = done.and_then(|exit| output.flush().map(|()| exit).map_err(Failure::from));
    match done {
        Ok(exit) => exit,
        Err(failure) => {
            output.say(&failure.render(output.styled()));
            failure.exit
        }
    }
}

impl Verb {
    fn execute(self, config: Option<&std::path::Path>, output: &mut Output) -> Result<Exit, Failure> {
        match self {
            Self::Query(flags) => query::execute(&flags, config, output),
            Self::Check(flags) => check::execute(&flags, config, output),
            Self::Report(flags) => report::execute(&flags, config, output),
            Self::Test(flags) => test::execute(&flags, config, output),
            Self::Schedule(flags) => schedule::execute(&flags, config, output),
            Self::RunJob(flags) => run_job::execute(&flags, config, output),
            Self::Export(flags) => export::execute(&flags, config, output),
            Self::List(flags) => list::execute(&flags, config, output),
            Self::History(flags) => history::execute(&flags, config, output),
            Self::Explain(flags) => explain::execute(&flags, config, output),
            Self::Silence(flags) => silence::execute(&flags, config, output),
            Self::Unsilence(flags) => unsilence::execute(&flags, config, output),
            Self::Pause(flags) => pause::execute(&flags, config, output),
            Self::Resume(flags) => pause::resume(&flags, config, output),
            Self::Outbox(flags) => outbox::execute(&flags, config, output),
            Self::Status(flags) => status::execute(&flags, config, output),
            Self::State(flags) => state::execute(&flags, config, output),
            Self::Validate(flags) => validate::execute(&flags, config, output),
            Self::Doctor(flags) => doctor::execute(&flags, config, output),
            Self::Init(flags) => init::execute(&flags, output),
            Self::Completions(flags) => completions::execute(&flags, output),
        }
    }
}

/// Help and version go to standard output and are no error; anything else is wrong usage.
fn refuse(error: &clap::Error) -> Exit {
    match error.print() {
        Ok(()) if !error.use_stderr() => Exit::Done,
        Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        _ => Exit::Usage,
    }
}
