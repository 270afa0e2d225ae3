//! How the rows of a query are printed: in which format, how many, and where to.

use clap::Args;

use super::super::failure::Failure;
use super::super::output::Output;
use crate::render::{Format, renderer};
use crate::source::Rows;

/// How many rows a table on a terminal shows where nothing says otherwise.
const TERMINAL_ROWS: u64 = 200;

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Flags {
    /// How to print the rows
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format_words())]
    format: String,
    /// At most this many rows; 0 is all [default: 200 for a table on a terminal, otherwise all]
    #[arg(long, value_name = "ROWS")]
    limit: Option<u64>,
}

fn format_words() -> clap::builder::PossibleValuesParser {
    Format::ALL.map(|(word, _)| word).into()
}

/// What the flags ask for.
pub(super) struct Printing {
    format: Format,
    limit: Option<u64>,
}

impl Printing {
    pub(super) fn new(flags: &Flags, output: &Output) -> Self {
        let found = Format::ALL.into_iter().find(|(word, _)| *word == flags.format);
        let format = found.map(|(_, format)| format).expect("clap knows the words");
        let limit = match flags.limit {
            Some(0) => None,
            Some(rows) => Some(rows),
            None => (format == Format::Table && output.is_terminal()).then_some(TERMINAL_ROWS),
        };
        Self { format, limit }
    }

    /// Prints rows as they come, and stops early when nobody reads on or the limit is reached.
    pub(super) async fn print(&self, mut rows: Rows, output: &mut Output) -> Result<(), Failure> {
        let mut renderer = renderer(self.format);
        renderer.begin(rows.columns(), output)?;
        let mut left = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut cut = false;
        while let Some(mut batch) = rows.next().await? {
            if batch.len() > left {
                batch.truncate(left);
                cut = true;
            }
            left -= batch.len();
            renderer.rows(&batch, output)?;
            if cut || output.is_closed() {
                break;
            }
        }
        renderer.end(output)?;
        if let (true, Some(limit)) = (cut, self.limit) {
            output.say(&format!("there are more than these {limit} rows; --limit 0 prints them all\n"));
        }
        Ok(())
    }
}
