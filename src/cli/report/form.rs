//! What a report looks like, and where it goes.

use std::io::Write;
use std::path::Path;

use super::Flags;
use crate::catalogue::Report;
use crate::chart::{ChartError, Screen};
use crate::cli::failure::Failure;
use crate::cli::file::{WholeFile, unwritable, unwritten};
use crate::cli::output::Output;
use crate::page::{self, Page};
use crate::render::{Format, Options, RenderError, whole};

/// How wide a terminal is that does not say.
const TERMINAL_COLUMNS: usize = 80;

/// What a report looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Markdown,
    Html,
    Json,
    Csv,
    Png,
    #[cfg(feature = "xlsx")]
    Xlsx,
}

impl Form {
    const ALL: &[(&'static str, Self)] = &[
        ("text", Self::Text),
        ("markdown", Self::Markdown),
        ("html", Self::Html),
        ("json", Self::Json),
        ("csv", Self::Csv),
        ("png", Self::Png),
        #[cfg(feature = "xlsx")]
        ("xlsx", Self::Xlsx),
    ];

    pub(super) fn words() -> clap::builder::PossibleValuesParser {
        Self::ALL.iter().map(|(word, _)| *word).collect::<Vec<_>>().into()
    }

    /// The form that the suffix of a file name asks for.
    fn of_file(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "txt" => Some(Self::Text),
            "md" => Some(Self::Markdown),
            "html" => Some(Self::Html),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "png" => Some(Self::Png),
            #[cfg(feature = "xlsx")]
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }

    /// The flag wins over the suffix.
    fn of(word: Option<&str>, file: Option<&Path>) -> Result<Self, Failure> {
        match (word, file) {
            (Some(word), _) => {
                let found = Self::ALL.iter().find(|(known, _)| *known == word);
                Ok(found.map(|(_, form)| *form).expect("clap knows the words"))
            }
            (None, Some(path)) => Self::of_file(path).ok_or_else(|| {
                let words: Vec<&str> = Self::ALL.iter().map(|(word, _)| *word).collect();
                Failure::usage(format!("the suffix of `{}` names no form of a report", path.display()))
                    .hint(format!("add --format with one of: {}", words.join(", ")))
            }),
            (None, None) => Ok(Self::Text),
        }
    }

    /// Whether several reports make sense one after the other.
    fn is_running_text(self) -> bool {
        match self {
            Self::Text | Self::Markdown => true,
            Self::Html | Self::Json | Self::Csv | Self::Png => false,
            #[cfg(feature = "xlsx")]
            Self::Xlsx => false,
        }
    }

    /// Whether a terminal shows nothing but noise.
    fn is_binary(self) -> bool {
        match self {
            Self::Text | Self::Markdown | Self::Html | Self::Json | Self::Csv => false,
            Self::Png => true,
            #[cfg(feature = "xlsx")]
            Self::Xlsx => true,
        }
    }
}

/// Where reports go, and what they look like there.
pub(super) struct Place<'a> {
    form: Form,
    file: Option<&'a Path>,
    /// The one section that is wanted, counted from 1.
    section: Option<usize>,
    width: Option<usize>,
    /// What charts are drawn on.
    screen: Option<Screen>,
}

impl<'a> Place<'a> {
    /// Settles what the flags leave open; what cannot be written is told before anything is asked.
    pub(super) fn new(flags: &'a Flags, reports: &[Report], output: &Output) -> Result<Self, Failure> {
        // As everywhere, - is standard output.
        let file = flags.output.as_deref().filter(|path| *path != Path::new("-"));
        let form = Form::of(flags.format.as_deref(), file)?;
        let terminal = file.is_none() && output.is_terminal();
        if terminal && form.is_binary() {
            return Err(Failure::usage("this is no text for a terminal").hint("add -o FILE"));
        }
        if reports.len() > 1 && (file.is_some() || !form.is_running_text()) {
            let failure = Failure::usage(format!("{} reports do not fit into one file", reports.len()));
            return Err(failure.hint("write one after the other, each with an -o of its own"));
        }
        let section = flags.section.map(usize::from);
        if let (Some(number), Some(report)) = (section, reports.iter().find(|it| Some(it.sections.len()) < section)) {
            let has = report.sections.len();
            let failure = Failure::usage(format!("report `{}` has no section {number}", report.name));
            return Err(failure.hint(format!("it has {has}")));
        }
        if let Some(path) = file {
            WholeFile::create(path).map_err(|error| unwritable(path, &error))?;
        }
        let width = (terminal && !flags.wide).then(|| output.columns().unwrap_or(TERMINAL_COLUMNS));
        let columns = output.columns().unwrap_or(TERMINAL_COLUMNS);
        let coloured = terminal && output.paints();
        let screen = (terminal || flags.chart).then_some(Screen { columns, coloured });
        Ok(Self { form, file, section, width, screen })
    }

    /// Lets one report out.
    pub(super) fn write(&self, page: &Page, output: &mut Output) -> Result<(), Failure> {
        let only = self.section.map(|number| page.only(number));
        let bytes = self.bytes(only.as_ref().unwrap_or(page))?;
        let Some(path) = self.file else {
            output.write_all(&bytes)?;
            return Ok(output.flush()?);
        };
        let mut file = WholeFile::create(path).map_err(|error| unwritable(path, &error))?;
        let written = file.write_all(&bytes).and_then(|()| file.keep());
        written.map_err(|error| unwritten(path, &error))
    }

    fn bytes(&self, page: &Page) -> Result<Vec<u8>, Failure> {
        match self.form {
            Form::Text => Ok(page::terminal(page, self.width, self.screen).into_bytes()),
            Form::Markdown => Ok(page::markdown(page).into_bytes()),
            Form::Html => Ok(page::html(page).into_bytes()),
            Form::Json => Ok(page::json(page).into_bytes()),
            Form::Csv => csv(page),
            Form::Png => png(page),
            #[cfg(feature = "xlsx")]
            Form::Xlsx => page::xlsx(page).map_err(refused),
        }
    }
}

/// The rows of the only section that has any.
fn csv(page: &Page) -> Result<Vec<u8>, Failure> {
    let tables: Vec<_> = page.sections.iter().filter_map(|section| section.data(&page.zone)).collect();
    match tables.as_slice() {
        [table] => whole(Format::Csv, &Options::default(), table).map_err(refused),
        [] => Err(Failure::usage("a CSV file holds rows, and here are none").hint("write .html or .txt")),
        tables => {
            let failure = Failure::usage(format!("a CSV file holds one table, and here are {}", tables.len()));
            Err(failure.hint("name one with --section, or write .xlsx"))
        }
    }
}

/// The only chart.
fn png(page: &Page) -> Result<Vec<u8>, Failure> {
    let charts: Vec<_> = page.sections.iter().filter_map(|section| section.chart(&page.zone)).collect();
    match charts.len() {
        1 => {
            let refused = |error: ChartError| {
                let (problem, hint) = (error.to_string(), error.hint());
                hint.into_iter().fold(Failure::usage(problem), Failure::hint)
            };
            charts.into_iter().next().expect("there is one").map_err(refused)
        }
        0 => Err(Failure::usage("a PNG file holds a chart, and here is none").hint("write .html")),
        many => {
            let failure = Failure::usage(format!("a PNG file holds one chart, and here are {many}"));
            Err(failure.hint("name one with --section, or write .html"))
        }
    }
}

fn refused(error: RenderError) -> Failure {
    match error {
        RenderError::Limit { problem, hint } => Failure::usage(problem).hint(hint),
        RenderError::Write(error) => error.into(),
    }
}
