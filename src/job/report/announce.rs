//! Composes the messages of a report: the report itself, and what its caretakers hear when a part of it fails.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;

use super::Built;
use crate::catalogue::report::{Attach, Report};
use crate::chart::{self, Screen, Size, Spec};
use crate::message::{Attachment, Bytes, Content, Excerpt, Kind, Message, Picture, Section, Severity, ascii};
use crate::name::Name;
use crate::page::{self, Page};
use crate::render::{Format, file};
use crate::table::Table;
use crate::value::Value;

/// How many rows of a section a message shows; the rest is in the files.
const MOST_ROWS: usize = 50;
/// How wide a chart of characters is, for whoever sees no pictures.
const COLUMNS: usize = 72;

/// Everything the messages of one run share.
pub(super) struct Voice<'a> {
    pub(super) report: &'a Report,
    pub(super) built: &'a Built,
    pub(super) at: Timestamp,
}

impl Voice<'_> {
    /// The report, for everyone who gets it: composed once, since a picture costs more than everything else.
    pub(super) fn messages(&self) -> Vec<(Name, Message)> {
        if self.report.notify.is_empty() {
            return Vec::new();
        }
        let page = &self.built.page;
        let pictures = pictures(page);
        let sections = page.sections.iter().zip(&pictures).enumerate();
        let (attachments, remarks) = self.attachments(&pictures);
        let message = Message {
            title: Some(page.title.clone()),
            description: page.description.clone(),
            facts: std::iter::once(("at".to_owned(), page.moment())).chain(page.facts.iter().cloned()).collect(),
            sections: sections.map(|(index, (part, png))| self.section(index + 1, part, png.as_ref())).collect(),
            attachments,
            remarks,
            link: page.link.clone(),
            command: Some(format!("rowcall report {}", self.report.name)),
            ..Message::new(Kind::Report, self.report.name.as_str(), self.at, String::new())
        };
        let thread = format!("report-{}-{}", ascii(self.report.name.as_str()), self.at.as_microsecond());
        let to = |channel: &Name| {
            let id = self.id(channel, Kind::Report);
            (channel.clone(), Message { id, thread: thread.clone(), ..message.clone() })
        };
        self.report.notify.iter().map(to).collect()
    }

    /// What a caretaker hears when a part of the report fails, and when all of it works again.
    pub(super) fn of_health(&self, channel: &Name, kind: Kind, note: &str) -> Message {
        let trouble = |(number, trouble): (usize, &page::Trouble)| {
            let hint = trouble.hint.as_ref().map(|hint| format!("; next: {hint}")).unwrap_or_default();
            (format!("section {number}"), format!("{}{hint}", trouble.problem))
        };
        let at = ("at".to_owned(), self.built.page.moment());
        Message {
            id: self.id(channel, kind),
            thread: format!("report-{}-health", ascii(self.report.name.as_str())),
            severity: Severity::Warning,
            facts: std::iter::once(at).chain(self.built.page.troubles().map(trouble)).collect(),
            link: self.report.link.clone(),
            command: Some(format!("rowcall report {}", self.report.name)),
            ..Message::new(kind, &format!("report {}", self.report.name), self.at, note.to_owned())
        }
    }

    /// The same for the same news to the same channel, and for nothing else.
    fn id(&self, channel: &Name, kind: Kind) -> String {
        let mut hasher = DefaultHasher::new();
        (self.report.name.as_str(), channel.as_str(), kind.word(), self.at.as_microsecond()).hash(&mut hasher);
        (self.built.started.as_microsecond(), self.built.ended.as_microsecond()).hash(&mut hasher);
        let name = ascii(self.report.name.as_str());
        format!("report-{name}-{:x}-{:016x}", self.at.as_microsecond(), hasher.finish())
    }

    fn section(&self, number: usize, part: &page::Section, png: Option<&Bytes>) -> Section {
        let page = &self.built.page;
        let (content, note) = match &part.content {
            page::Content::Table(table) => (Content::Table(excerpt(&part.written(table))), cut(table)),
            page::Content::Value(figure, _) => {
                let change = figure.change.as_ref().map(page::Change::text);
                (Content::Value { value: figure.value.clone(), change }, None)
            }
            page::Content::Chart(spec, table) => match png {
                Some(png) => (Content::Picture(picture(page, number, part, (spec, table, png))), None),
                None => (Content::Table(excerpt(table)), cut(table)),
            },
            page::Content::Text(prose) => (Content::Text(prose.plain().trim_end().to_owned()), None),
            page::Content::Alerts(_) => {
                let table = part.data(&page.zone).unwrap_or_else(|| Arc::new(Table::of(&[], &[])));
                (Content::Table(without_nulls(excerpt(&table))), None)
            }
            page::Content::Trouble(trouble) => (Content::Problem(trouble.problem.clone()), trouble.hint.clone()),
        };
        Section { heading: part.title.clone(), content, note }
    }

    /// The files that travel along, and why others could not be made; what is in them stays in the message.
    fn attachments(&self, pictures: &[Option<Bytes>]) -> (Vec<Attachment>, Vec<String>) {
        let page = &self.built.page;
        let (mut files, mut remarks) = (Vec::new(), Vec::new());
        for kind in &self.report.attach {
            match kind {
                Attach::Html => {
                    let bytes = page::html(page).into_bytes();
                    let name = format!("{}.html", page.name);
                    files.push(self.attachment(name, None, "text/html; charset=utf-8", bytes.into()));
                }
                Attach::Xlsx => match self.workbook() {
                    Ok(file) => files.push(file),
                    Err(problem) => remarks.push(format!("there is no xlsx file: {problem}")),
                },
                Attach::Csv => files.extend(self.each("csv", "text/csv; charset=utf-8", |_, part| {
                    let table = part.data(&page.zone)?;
                    file(Format::Csv, "", table.columns(), table.batches()).ok().map(Bytes::from)
                })),
                Attach::Png => files.extend(self.each("png", "image/png", |index, _| pictures[index].clone())),
            }
        }
        (files, remarks)
    }

    fn each(
        &self,
        suffix: &str,
        media_type: &str,
        content: impl Fn(usize, &page::Section) -> Option<Bytes>,
    ) -> Vec<Attachment> {
        let page = &self.built.page;
        let one = |(index, part): (usize, &page::Section)| {
            let name = page.file_name(index + 1, part, suffix);
            Some(self.attachment(name, Some(index + 1), media_type, content(index, part)?))
        };
        page.sections.iter().enumerate().filter_map(one).collect()
    }

    #[cfg(feature = "xlsx")]
    fn workbook(&self) -> Result<Attachment, String> {
        let bytes = page::xlsx(&self.built.page).map_err(|error| error.to_string())?;
        let media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        Ok(self.attachment(format!("{}.xlsx", self.built.page.name), None, media_type, bytes.into()))
    }

    #[cfg(not(feature = "xlsx"))]
    fn workbook(&self) -> Result<Attachment, String> {
        Err("this build of rowcall cannot write any".into())
    }

    /// A file, of one section or of all of them.
    fn attachment(&self, name: String, section: Option<usize>, media_type: &str, content: Bytes) -> Attachment {
        let section = section.map_or_else(String::new, |number| format!("--section {number} "));
        let command = Some(format!("rowcall report {} {section}-o {name}", self.report.name));
        Attachment { name, media_type: media_type.to_owned(), content, command }
    }
}

/// An alert that was never judged is so since no time: nobody wants to read of NULL.
fn without_nulls(mut excerpt: Excerpt) -> Excerpt {
    for cell in excerpt.rows.iter_mut().flatten() {
        cell.get_or_insert_default();
    }
    excerpt
}

/// The first rows as text.
fn excerpt(table: &Table) -> Excerpt {
    let text = |value: Value<'_>| (!value.is_null()).then(|| value.to_string());
    Excerpt {
        columns: table.columns().iter().map(|column| column.name.clone()).collect(),
        rows: table.rows().take(MOST_ROWS).map(|row| row.values().map(text).collect()).collect(),
        more: table.len().saturating_sub(MOST_ROWS) as u64,
    }
}

fn cut(table: &Table) -> Option<String> {
    table.is_cut().then(|| format!("there are more than these {} rows", table.len()))
}

/// The charts of a page by section, each drawn once: a picture costs more than everything else.
fn pictures(page: &Page) -> Vec<Option<Bytes>> {
    page.sections.iter().map(|part| part.small_chart(&page.zone)?.ok().map(Bytes::from)).collect()
}

fn picture(page: &Page, number: usize, part: &page::Section, (spec, table, png): (&Spec, &Table, &Bytes)) -> Picture {
    // Lying bars are as high as there are bars.
    let Size { width, height } = Size::of_png(png.as_slice()).unwrap_or(Size::DEFAULT);
    let screen = Screen { columns: COLUMNS, coloured: false };
    Picture {
        id: format!("{}-{number}", ascii(&page.name)),
        alt: part.alternative(spec),
        width,
        height,
        png: png.clone(),
        text: chart::terminal(table, spec, &page.zone, screen).ok(),
    }
}
