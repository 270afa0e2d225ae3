//! How the rows of a query are printed: in which format, how many, and where to.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::tz::TimeZone;

use super::super::failure::Failure;
use super::super::file::{WholeFile, unwritable, unwritten};
use super::super::output::Output;
use super::chart::{self, Asked};
use super::spinner::Spinner;
use crate::name::Name;
use crate::render::{Format, Options, Out, RenderError, Renderer, in_zone, renderer};
use crate::schedule;
use crate::source::Rows;
use crate::table::Batch;

/// How many rows a table on a terminal shows where nothing says otherwise.
const TERMINAL_ROWS: u64 = 200;
/// How wide a terminal is that does not say.
pub(super) const TERMINAL_COLUMNS: usize = 80;

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Flags {
    /// How to print the rows [default: by the suffix of -o, otherwise table]
    #[arg(long, value_name = "FORMAT", value_parser = format_words())]
    format: Option<String>,
    /// Draw the rows, such as 'line x=day y=total': on the terminal, or to an .svg or .png with -o
    #[arg(long, value_name = "CHART", conflicts_with_all = ["format", "null", "no_header", "wide", "csv_safe"])]
    chart: Option<String>,
    /// Write to this file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// At most this many rows; 0 is all [default: 200 for a table on a terminal, 200000 for a chart,
    /// otherwise all]
    #[arg(long, value_name = "ROWS")]
    limit: Option<u64>,
    /// What to print for NULL, except in JSON and Excel
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// Leave out the names of the columns
    #[arg(long)]
    no_header: bool,
    /// Do not clip a table to the width of the terminal
    #[arg(long)]
    wide: bool,
    /// Put ' before text that a spreadsheet would run, in CSV and TSV
    #[arg(long)]
    csv_safe: bool,
    /// Print times with time zone as the clocks of this zone show them
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    timezone: Option<TimeZone>,
}

fn format_words() -> clap::builder::PossibleValuesParser {
    Format::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>().into()
}

fn zone(name: &str) -> Result<TimeZone, String> {
    schedule::zone(name).map_err(|error| match error.hint {
        Some(hint) => format!("{}; {hint}", error.problem),
        None => error.problem,
    })
}

/// What rows become.
enum Form {
    Rows(Format),
    Chart(Box<Asked>),
}

/// What the flags ask for, with nothing left to find out.
pub(super) struct Printing {
    form: Form,
    options: Options,
    limit: Option<u64>,
    zone: Option<TimeZone>,
    file: Option<PathBuf>,
    /// Whether the reader of standard output may let it wait.
    stalls: bool,
    /// Whether a sign of life may be shown, and whether also while rows are written.
    spinner: (bool, bool),
}

impl Printing {
    /// Settles what the flags leave open; `name` is the saved query, `home` the zone of the catalogue.
    pub(super) fn new(flags: &Flags, name: Option<&Name>, home: &TimeZone, output: &Output) -> Result<Self, Failure> {
        // As everywhere, - is standard output.
        let file = flags.output.clone().filter(|path| path != Path::new("-"));
        let form = match &flags.chart {
            Some(words) => {
                let zone = flags.timezone.clone().unwrap_or_else(|| home.clone());
                Form::Chart(Box::new(Asked::new(words, file.as_deref(), output, zone)?))
            }
            None => Form::Rows(format(flags.format.as_deref(), file.as_deref())?),
        };
        let terminal = file.is_none() && output.is_terminal();
        if terminal && matches!(form, Form::Rows(format) if is_binary(format)) {
            return Err(Failure::usage("a workbook is no text for a terminal").hint("add -o FILE.xlsx"));
        }
        let width = (terminal && !flags.wide).then(|| output.columns().unwrap_or(TERMINAL_COLUMNS));
        let options = Options {
            null: flags.null.clone(),
            header: !flags.no_header,
            csv_safe: flags.csv_safe,
            width,
            title: name.map_or_else(|| Options::default().title, Name::to_string),
            clip: false,
        };
        let limit = match flags.limit {
            Some(0) => None,
            Some(rows) => Some(rows),
            None => match form {
                Form::Chart(_) => Some(chart::ROWS),
                Form::Rows(Format::Table) if terminal => Some(TERMINAL_ROWS),
                Form::Rows(_) => None,
            },
        };
        let spinner = (output.is_watched(), file.is_some() || output.is_file());
        let stalls = file.is_none() && output.may_stall();
        Ok(Self { form, options, limit, zone: flags.timezone.clone(), file, stalls, spinner })
    }

    /// Opens what the rows are written to, before anything is asked.
    pub(super) fn open(&self) -> Result<Page<'_>, Failure> {
        self.page(self.spinner.0)
    }

    /// The same without a sign of life, for one answer of many.
    pub(super) fn open_quietly(&self) -> Result<Page<'_>, Failure> {
        self.page(false)
    }

    fn page(&self, alive: bool) -> Result<Page<'_>, Failure> {
        let file = self.file.as_deref().map(|path| WholeFile::create(path).map_err(|error| unwritable(path, &error)));
        Ok(Page { printing: self, file: file.transpose()?, text: Vec::new(), spinner: Spinner::new(alive), rows: 0 })
    }

    /// Whether people read the rows on the screen, one table after the other.
    pub(super) fn is_table(&self) -> bool {
        self.file.is_none() && matches!(self.form, Form::Rows(Format::Table) | Form::Chart(_))
    }

    /// Whether the rows go to a file.
    pub(super) fn is_file(&self) -> bool {
        self.file.is_some()
    }

    fn renderer(&self) -> Box<dyn Renderer> {
        match &self.form {
            Form::Rows(format) => renderer(*format, &self.options),
            Form::Chart(chart) => chart.renderer(),
        }
    }

    fn failed(&self, error: RenderError) -> Failure {
        match (error, &self.file) {
            (RenderError::Limit { problem, hint }, _) => Failure::usage(problem).hint(hint),
            (RenderError::Write(error), None) => error.into(),
            (RenderError::Write(error), Some(path)) => unwritten(path, &error),
        }
    }
}

/// The flag wins over the suffix.
fn format(word: Option<&str>, file: Option<&Path>) -> Result<Format, Failure> {
    match (word, file) {
        (Some(word), _) => {
            let found = Format::ALL.iter().find(|(known, _)| *known == word);
            Ok(found.map(|(_, format)| *format).expect("clap knows the words"))
        }
        (None, Some(path)) => Format::of_file(path).ok_or_else(|| {
            let words: Vec<&str> = Format::ALL.iter().map(|(word, _)| *word).collect();
            Failure::usage(format!("the suffix of `{}` names no format", path.display()))
                .hint(format!("add --format with one of: {}", words.join(", ")))
        }),
        (None, None) => Ok(Format::Table),
    }
}

#[cfg(feature = "xlsx")]
fn is_binary(format: Format) -> bool {
    format == Format::Xlsx
}

#[cfg(not(feature = "xlsx"))]
fn is_binary(_: Format) -> bool {
    false
}

/// One result on its way out; dropped before its end it leaves no file.
pub(super) struct Page<'a> {
    printing: &'a Printing,
    file: Option<WholeFile>,
    /// What is written next to a reader who may let it wait.
    text: Vec<u8>,
    spinner: Spinner,
    rows: u64,
}

impl Page<'_> {
    /// Waits for `work`, with a sign of life.
    pub(super) async fn wait<T>(&mut self, output: &Output, work: impl Future<Output = T>) -> T {
        self.spinner.turn(self.rows, output, work).await
    }

    /// Takes the sign of life away.
    pub(super) fn quiet(&mut self, output: &Output) {
        self.spinner.erase(output, true);
    }

    /// Prints rows as they come, and stops early when nobody reads on or the limit is reached.
    /// `seen` looks at each batch that is printed.
    pub(super) async fn print(
        &mut self,
        rows: Rows,
        output: &mut Output,
        seen: &mut dyn FnMut(&Batch),
    ) -> Result<(), Failure> {
        let cut = self.pass(rows, output, seen).await?;
        if let Some(file) = self.file.take() {
            file.keep().map_err(|error| self.printing.failed(error.into()))?;
        }
        self.quiet(output);
        if let (true, Some(limit)) = (cut, self.printing.limit) {
            output.say(&format!("there are more than these {limit} rows; --limit 0 prints them all\n"));
        }
        Ok(())
    }

    /// Whether there were more rows than the limit.
    async fn pass(
        &mut self,
        mut rows: Rows,
        output: &mut Output,
        seen: &mut dyn FnMut(&Batch),
    ) -> Result<bool, Failure> {
        let printing = self.printing;
        let failed = |error| printing.failed(error);
        let mut renderer = printing.renderer();
        renderer.begin(rows.columns(), self.out(output)).map_err(failed)?;
        self.hand_over(output).await?;
        let mut left = printing.limit.unwrap_or(u64::MAX);
        let mut cut = false;
        while let Some(mut batch) = self.wait(output, rows.next()).await? {
            let room = usize::try_from(left).unwrap_or(usize::MAX);
            if batch.len() > room {
                batch.truncate(room);
                cut = true;
            }
            left -= batch.len() as u64;
            self.rows += batch.len() as u64;
            seen(&batch);
            if let Some(zone) = &printing.zone {
                in_zone(&mut batch, zone);
            }
            self.spinner.erase(output, !printing.spinner.1);
            renderer.rows(&batch, self.out(output)).map_err(failed)?;
            self.hand_over(output).await?;
            if cut || output.is_closed() {
                break;
            }
        }
        self.spinner.erase(output, !printing.spinner.1);
        renderer.end(self.out(output)).map_err(failed)?;
        self.hand_over(output).await?;
        output.settle().await?;
        Ok(cut)
    }

    /// Lets the reader have what was rendered. Waiting for him here, a signal is heard.
    async fn hand_over(&mut self, output: &mut Output) -> Result<(), Failure> {
        match self.text.is_empty() {
            true => Ok(()),
            false => Ok(output.pass(std::mem::take(&mut self.text)).await?),
        }
    }

    fn out<'a>(&'a mut self, output: &'a mut Output) -> &'a mut Out<'a> {
        match &mut self.file {
            Some(file) => file,
            None if self.printing.stalls => &mut self.text,
            None => output,
        }
    }
}
