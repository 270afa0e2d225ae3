//! The log of the loop: one line for each event on standard error.

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// An object for each line
    Json,
}

/// Down to which level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Depth {
    /// What is lost
    Error,
    /// What somebody should look at
    Warn,
    /// Every run and every message
    Info,
    /// Whatever is known
    Debug,
}

impl Depth {
    fn level(self) -> Level {
        match self {
            Self::Error => Level::ERROR,
            Self::Warn => Level::WARN,
            Self::Info => Level::INFO,
            Self::Debug => Level::DEBUG,
        }
    }
}

/// Begins to write.
pub(super) fn begin(format: Format, depth: Depth, styled: bool) {
    // What drivers and HTTP say of themselves may hold what nobody may see.
    let own = tracing_subscriber::filter::Targets::new().with_target("rowcall", depth.level());
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    // Only a test that runs two loops in one process finds one installed.
    let _ = match format {
        Format::Text => tracing::subscriber::set_global_default(
            tracing_subscriber::registry().with(lines.with_ansi(styled).with_filter(own)),
        ),
        Format::Json => tracing::subscriber::set_global_default(
            tracing_subscriber::registry().with(lines.json().flatten_event(true).with_filter(own)),
        ),
    };
}
