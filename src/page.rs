//! `Page`: a report that was built, and its forms.
//!
//! A title and sections enter, each with what it shows and the rows behind it; a page for browsers, a text for a terminal,
//! Markdown, JSON, CSV, a workbook or a picture leaves. Every form tells the same: what a form cannot show it says in words, and a
//! section that failed shows why in its place. Nothing in a page is loaded from elsewhere and nothing in a cell is obeyed.
//! Knows the words, `table`, `incident`, `chart` and `render`.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::chart::{self, ChartError, Kind, Spec, Theme};
use crate::render::moment;
use crate::table::Table;

pub use alerts::AlertLine;
pub use figure::{Change, Course, Figure, FigureSpec, Good, Mood};
pub use prose::{Prose, ProseError, is_followed};

mod alerts;
mod figure;
mod html;
mod json;
mod markdown;
mod prose;
mod sparks;
mod terminal;
#[cfg(feature = "xlsx")]
mod xlsx;

pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use terminal::terminal;
#[cfg(feature = "xlsx")]
pub use xlsx::xlsx;

/// How wide a mail is.
const MAIL: u32 = 584;

/// The longest name of a file, without its suffix, in bytes.
const LONGEST_NAME: usize = 120;

/// A report that was built.
#[derive(Clone, Debug)]
pub struct Page {
    /// The name of the report.
    pub name: String,
    /// What stands at the top.
    pub title: String,
    /// What the catalogue says of it.
    pub description: Option<String>,
    /// The instant it speaks of.
    pub at: Timestamp,
    /// The zone its times are told in.
    pub zone: TimeZone,
    /// What it was asked with: parameters and their values.
    pub facts: Vec<(String, String)>,
    /// Where to read more: an address of the catalogue.
    pub link: Option<String>,
    /// Its parts, from top to bottom.
    pub sections: Vec<Section>,
}

/// A part of a page.
#[derive(Clone, Debug)]
pub struct Section {
    /// What stands above it.
    pub title: Option<String>,
    /// What it shows.
    pub content: Content,
    /// The columns of its rows in which runs of numbers are drawn as small lines.
    pub sparklines: Vec<usize>,
}

/// What a section shows.
#[derive(Clone, Debug)]
pub enum Content {
    /// Rows.
    Table(Arc<Table>),
    /// One value, and the rows it was taken from.
    Value(Figure, Arc<Table>),
    /// A picture of rows, which can be drawn.
    Chart(Box<Spec>, Arc<Table>),
    /// Words of the catalogue.
    Text(Prose),
    /// How alerts stand.
    Alerts(Vec<AlertLine>),
    /// Why there is nothing to show.
    Trouble(Trouble),
}

/// Why a section has nothing to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What happened, in the database's own words where it said something. No secret.
    pub problem: String,
    /// What to do next, when we know.
    pub hint: Option<String>,
}

impl Page {
    /// When it speaks of: `2026-11-20 21:00:00 KST`.
    #[must_use]
    pub fn moment(&self) -> String {
        moment(self.at, &self.zone)
    }

    /// The same with one section only, counted from 1.
    ///
    /// # Panics
    /// When there is no such section.
    #[must_use]
    pub fn only(&self, number: usize) -> Self {
        Self { sections: vec![self.sections[number - 1].clone()], ..self.clone() }
    }

    /// The sections that failed, each with its number from 1.
    pub fn troubles(&self) -> impl Iterator<Item = (usize, &Trouble)> {
        self.sections.iter().enumerate().filter_map(|(index, section)| match &section.content {
            Content::Trouble(trouble) => Some((index + 1, trouble)),
            Content::Table(_) | Content::Value(..) | Content::Chart(..) | Content::Text(_) | Content::Alerts(_) => None,
        })
    }

    /// How many of its sections failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.troubles().count()
    }

    /// Whether no section has anything to tell: no rows, and no alert that is anything but well. Words do not count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let is_empty = |section: &Section| match &section.content {
            Content::Table(table) | Content::Value(_, table) | Content::Chart(_, table) => table.is_empty(),
            Content::Text(_) => true,
            Content::Alerts(alerts) => alerts.iter().all(AlertLine::is_well),
            Content::Trouble(_) => false,
        };
        self.sections.iter().all(is_empty)
    }
}

impl Page {
    /// A name for a file of one section, counted from 1: `weekly-2-late-orders.csv`.
    #[must_use]
    pub fn file_name(&self, number: usize, section: &Section, suffix: &str) -> String {
        let mut name = format!("{}-{number}", self.name);
        for word in section.title.iter().flat_map(|title| title.split(|c: char| !c.is_alphanumeric())) {
            // Systems count the bytes of a name, and this is one of its parts.
            if !word.is_empty() && name.len() + word.len() < LONGEST_NAME {
                name.push('-');
                name.push_str(&word.to_lowercase());
            }
        }
        format!("{name}.{suffix}")
    }
}

impl Section {
    /// The rows behind it, for files of data; none for words and for what failed.
    #[must_use]
    pub fn data(&self, zone: &TimeZone) -> Option<Arc<Table>> {
        match &self.content {
            Content::Table(table) | Content::Value(_, table) | Content::Chart(_, table) => Some(Arc::clone(table)),
            Content::Alerts(alerts) => Some(Arc::new(alerts::table(alerts, zone))),
            Content::Text(_) | Content::Trouble(_) => None,
        }
    }
}

impl Section {
    /// The rows of a table of it, as text shows them.
    #[must_use]
    pub fn written(&self, table: &Arc<Table>) -> Arc<Table> {
        sparks::written(table, &self.sparklines)
    }

    /// Its picture as PNG on white; none when it is no chart.
    #[must_use]
    pub fn chart(&self, zone: &TimeZone) -> Option<Result<Vec<u8>, ChartError>> {
        match &self.content {
            Content::Chart(spec, table) => Some(chart::png(table, spec, Theme::Light, zone)),
            Content::Table(_) | Content::Value(..) | Content::Text(_) | Content::Alerts(_) | Content::Trouble(_) => {
                None
            }
        }
    }

    /// The same for a message, which has less room: as wide as a mail, so that its letters can be read there.
    #[must_use]
    pub fn small_chart(&self, zone: &TimeZone) -> Option<Result<Vec<u8>, ChartError>> {
        match &self.content {
            Content::Chart(spec, table) => Some(chart::png_within(table, spec, Theme::Light, zone, MAIL)),
            Content::Table(_) | Content::Value(..) | Content::Text(_) | Content::Alerts(_) | Content::Trouble(_) => {
                None
            }
        }
    }

    /// What a chart shows, in one sentence for whoever does not see it.
    #[must_use]
    pub fn alternative(&self, spec: &Spec) -> String {
        let kind = Kind::ALL.iter().find(|(_, kind)| *kind == spec.kind).map_or("", |(word, _)| word);
        let mut words = match self.title.as_ref().or(spec.title.as_ref()) {
            Some(title) => format!("{title}: {kind} chart"),
            None => format!("{kind} chart"),
        };
        if !spec.y.is_empty() {
            words.push_str(&format!(" of {}", spec.y.join(", ")));
        }
        words.extend(spec.x.iter().map(|x| format!(" by {x}")));
        words
    }
}

/// What is said below rows of which there are more.
fn more(table: &Table) -> Option<String> {
    table.is_cut().then(|| format!("there are more than these {} rows", table.len()))
}
