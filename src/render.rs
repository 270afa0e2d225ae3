//! Results for people and programs: a renderer takes the columns, then batches as they pass, and writes to what it is given.
//!
//! Every format is written as rows arrive; a table and an Excel file hold back what has one size whatever the number of
//! rows. Nothing is left out without a word: what a format cannot hold is an error that names the cell. Knows the words
//! and `table`.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::table::{Batch, Column, Table};

mod csv;
mod escape;
mod html;
mod json;
mod markdown;
#[cfg(test)]
mod sample;
mod separated;
mod table;
mod tsv;
mod vertical;
mod visible;
#[cfg(feature = "xlsx")]
mod xlsx;
mod zone;

pub use html::push_escaped;
pub use markdown::push_text as push_markdown;
pub use visible::visible;
#[cfg(feature = "xlsx")]
pub use xlsx::workbook;
pub use zone::in_zone;

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people.
    Table,
    /// A line for each cell.
    Vertical,
    /// Comma-separated values: NULL is an unquoted empty field, the empty string is `""`.
    Csv,
    /// Tab-separated values: NULL is `\N`, a row is a line whatever it holds.
    Tsv,
    /// An array of objects.
    Json,
    /// An object to a line.
    Jsonl,
    /// A table of GitHub's Markdown.
    Markdown,
    /// A page with a table.
    Html,
    /// An Excel workbook: bytes, not text.
    #[cfg(feature = "xlsx")]
    Xlsx,
}

impl Format {
    /// Every format with its word on the command line.
    pub const ALL: &[(&'static str, Self)] = &[
        ("table", Self::Table),
        ("vertical", Self::Vertical),
        ("csv", Self::Csv),
        ("tsv", Self::Tsv),
        ("json", Self::Json),
        ("jsonl", Self::Jsonl),
        ("markdown", Self::Markdown),
        ("html", Self::Html),
        #[cfg(feature = "xlsx")]
        ("xlsx", Self::Xlsx),
    ];

    /// The format that the suffix of a file name asks for.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "txt" => Some(Self::Table),
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "md" => Some(Self::Markdown),
            "html" => Some(Self::Html),
            #[cfg(feature = "xlsx")]
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }
}

/// What the reader asks of a format.
#[derive(Clone, Debug)]
pub struct Options {
    /// What stands for NULL; none is the format's own mark. JSON and Excel have a NULL of their own.
    pub null: Option<String>,
    /// Whether the names of the columns are written; vertical and JSON always do.
    pub header: bool,
    /// Whether CSV and TSV put a `'` before a text that a spreadsheet would run.
    pub csv_safe: bool,
    /// The columns of the terminal that a table is clipped to; none clips nothing.
    pub width: Option<usize>,
    /// The title of a page and of a sheet.
    pub title: String,
    /// Whether a text that is longer than a cell of Excel is cut, and says so in the cell; otherwise it is an error.
    pub clip: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { null: None, header: true, csv_safe: false, width: None, title: "rowcall".into(), clip: false }
    }
}

impl Options {
    /// NULL for people: not to be taken for the empty string, and safe to show.
    fn shown_null(&self) -> String {
        visible(self.null.as_deref().unwrap_or("NULL")).into_owned()
    }
}

/// Where a renderer writes to.
pub type Out<'a> = dyn Write + Send + 'a;

/// Why a result was not written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// The format cannot hold the result.
    #[error("{problem}")]
    Limit {
        /// What is too much, and how much the format takes.
        problem: String,
        /// What to do next.
        hint: String,
    },
}

/// Writes one result.
pub trait Renderer: Send {
    /// Called once, before any row.
    ///
    /// # Errors
    /// What writing failed with, and what the format cannot hold.
    fn begin(&mut self, columns: &Arc<[Column]>, out: &mut Out<'_>) -> Result<(), RenderError>;

    /// Called for each batch in order.
    ///
    /// # Errors
    /// As [`Renderer::begin`].
    fn rows(&mut self, batch: &Batch, out: &mut Out<'_>) -> Result<(), RenderError>;

    /// Called once, after the last row.
    ///
    /// # Errors
    /// As [`Renderer::begin`].
    fn end(&mut self, out: &mut Out<'_>) -> Result<(), RenderError>;
}

/// A renderer for one result.
#[must_use]
pub fn renderer(format: Format, options: &Options) -> Box<dyn Renderer> {
    match format {
        Format::Table => Box::new(table::TableRenderer::new(options)),
        Format::Vertical => Box::new(vertical::VerticalRenderer::new(options)),
        Format::Csv => Box::new(csv::CsvRenderer::new(options)),
        Format::Tsv => Box::new(tsv::TsvRenderer::new(options)),
        Format::Json => Box::new(json::JsonRenderer::new(json::Shape::Array)),
        Format::Jsonl => Box::new(json::JsonRenderer::new(json::Shape::Lines)),
        Format::Markdown => Box::new(markdown::MarkdownRenderer::new(options)),
        Format::Html => Box::new(html::HtmlRenderer::new(options)),
        #[cfg(feature = "xlsx")]
        Format::Xlsx => Box::new(xlsx::XlsxRenderer::new(options)),
    }
}

/// A whole result in one piece, for a file that travels: a text that a spreadsheet would run is made harmless, and one
/// that is too long for a cell is cut there, where it says so. Nobody stands by who could choose another format.
///
/// # Errors
/// What the format cannot hold.
pub fn file(format: Format, title: &str, columns: &Arc<[Column]>, batches: &[Batch]) -> Result<Vec<u8>, RenderError> {
    let options = Options { csv_safe: true, clip: true, title: title.to_owned(), ..Options::default() };
    written(format, &options, columns, batches)
}

/// A whole table in one piece.
///
/// # Errors
/// What the format cannot hold.
pub fn whole(format: Format, options: &Options, table: &Table) -> Result<Vec<u8>, RenderError> {
    written(format, options, table.columns(), table.batches())
}

fn written(
    format: Format,
    options: &Options,
    columns: &Arc<[Column]>,
    batches: &[Batch],
) -> Result<Vec<u8>, RenderError> {
    let (mut renderer, mut bytes) = (renderer(format, options), Vec::new());
    renderer.begin(columns, &mut bytes)?;
    batches.iter().try_for_each(|batch| renderer.rows(batch, &mut bytes))?;
    renderer.end(&mut bytes)?;
    Ok(bytes)
}

/// A moment for people, in a zone: `2026-11-20 21:00:00 KST`.
#[must_use]
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// Rows of words under a heading, aligned, without lines: how verbs list things.
#[must_use]
pub fn listing(heading: &[&str], rows: &[Vec<String>]) -> String {
    table::listing(heading, rows)
}

/// Writes the lines and keeps their memory for the next batch.
fn pass(lines: &mut String, out: &mut Out<'_>) -> Result<(), RenderError> {
    out.write_all(lines.as_bytes())?;
    lines.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Format;

    #[test]
    fn a_suffix_names_a_format() {
        for (file, format) in [
            ("a.csv", Some(Format::Csv)),
            ("b/c.TSV", Some(Format::Tsv)),
            ("a.b.json", Some(Format::Json)),
            ("a.ndjson", Some(Format::Jsonl)),
            ("a.jsonl", Some(Format::Jsonl)),
            ("a.md", Some(Format::Markdown)),
            ("a.html", Some(Format::Html)),
            ("a.txt", Some(Format::Table)),
            ("a.csv.gz", None),
            ("csv", None),
            (".csv", None),
        ] {
            assert_eq!(Format::of_file(Path::new(file)), format, "{file}");
        }
    }
}
