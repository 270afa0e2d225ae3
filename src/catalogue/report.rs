//! `[reports.x]`, checked.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::chart;
use crate::name::Name;
use crate::page::{FigureSpec, Prose};

use super::{Ask, Given, ParameterError, Timing};

/// A `[reports.x]` table.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its name.
    pub name: Name,
    /// What stands at the top.
    pub title: String,
    /// For people.
    pub description: Option<String>,
    /// Its parts, from top to bottom; at least one.
    pub sections: Vec<Section>,
    /// When the loop builds and sends it, and the zone its times are read and told in.
    pub timing: Timing,
    /// Whether it is sent when it has nothing to tell.
    pub on_empty: OnEmpty,
    /// The parameters that the report itself gives something to, which its head tells.
    pub shown: Vec<Name>,
    /// Who gets it.
    pub notify: Vec<Name>,
    /// Who is told when a part of it fails; nobody here means `notify`.
    pub owners: Vec<Name>,
    /// How long its messages are worth delivering.
    pub retry_for: Duration,
    /// The files that travel with it.
    pub attach: Vec<Attach>,
    /// Where to read more.
    pub link: Option<String>,
    /// Words to select it by.
    pub tags: Vec<String>,
    /// The line of the file it begins at, from 1.
    pub line: usize,
}

impl Report {
    /// Every parameter of its questions.
    #[must_use]
    pub fn parameters(&self) -> BTreeSet<&Name> {
        self.questions().flat_map(|(ask, _)| ask.parameters.keys()).collect()
    }

    fn questions(&self) -> impl Iterator<Item = (&Ask, &[(Name, Given)])> {
        self.sections
            .iter()
            .flat_map(|section| match &section.content {
                Content::Question(question) => {
                    let own = (&question.ask, question.given.as_slice());
                    let other = match &question.form {
                        Form::Value(measure) => match &measure.against {
                            Against::Question { ask, given, .. } => Some((&**ask, given.as_slice())),
                            Against::Previous | Against::Nothing | Against::Column(_) => None,
                        },
                        Form::Table { .. } | Form::Chart(_) => None,
                    };
                    [Some(own), other]
                }
                Content::Text(_) | Content::Alerts(_) => [None, None],
            })
            .flatten()
    }

    /// The same report asked with other values for its parameters, each given as texts by name. Its values are then held
    /// against nothing of the run before, which was asked otherwise.
    ///
    /// # Errors
    /// The name of a parameter, and why a text is no value of it.
    pub fn asked_with(mut self, texts: &[(Name, String)]) -> Result<Self, (Name, ParameterError)> {
        for section in &mut self.sections {
            let Content::Question(question) = &mut section.content else { continue };
            let changed = replace(&question.ask, &mut question.given, texts)?;
            if let Form::Value(measure) = &mut question.form {
                match &mut measure.against {
                    Against::Question { ask, given, .. } => {
                        replace(ask, given, texts)?;
                    }
                    Against::Previous if changed => measure.against = Against::Nothing,
                    Against::Previous | Against::Nothing | Against::Column(_) => {}
                }
            }
        }
        for (name, _) in texts {
            if !self.shown.contains(name) {
                self.shown.push(name.clone());
            }
        }
        Ok(self)
    }

    /// The same report asked for one of its sections, counted from 1: what the others ask is not asked, and they say nothing.
    #[must_use]
    pub fn only(mut self, number: usize) -> Self {
        for (index, section) in self.sections.iter_mut().enumerate() {
            if index + 1 != number {
                section.content = Content::Text(Prose::default());
            }
        }
        self
    }

    /// The sources it asks, one for each question.
    pub fn sources(&self) -> impl Iterator<Item = &Name> {
        self.questions().map(|(ask, _)| &ask.source)
    }

    /// The channels that are told of trouble with the report itself.
    #[must_use]
    pub fn caretakers(&self) -> &[Name] {
        if self.owners.is_empty() { &self.notify } else { &self.owners }
    }
}

/// Whether any parameter of the question is given something else than before.
fn replace(ask: &Ask, given: &mut [(Name, Given)], texts: &[(Name, String)]) -> Result<bool, (Name, ParameterError)> {
    let mut changed = false;
    for (name, given) in given {
        let own: Vec<&str> = texts.iter().filter(|(text, _)| text == name).map(|(_, text)| text.as_str()).collect();
        let Some(parameter) = ask.parameters.get(&*name).filter(|_| !own.is_empty()) else { continue };
        *given = parameter.read(&own).map_err(|error| (name.clone(), error))?;
        changed = true;
    }
    Ok(changed)
}

/// What becomes of a report that has nothing to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnEmpty {
    /// It is sent.
    Send,
    /// Nobody gets it.
    Skip,
}

/// A file that travels with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// The rows of each section, a file for each.
    Csv,
    /// A workbook with a sheet for each section.
    Xlsx,
    /// The page.
    Html,
    /// Each chart, a file for each.
    Png,
}

/// A `[[reports.x.sections]]` table.
#[derive(Clone, Debug)]
pub struct Section {
    /// What stands above it.
    pub title: Option<String>,
    /// What it shows.
    pub content: Content,
    /// The line of the file it begins at, from 1.
    pub line: usize,
}

/// What a section shows.
#[derive(Clone, Debug)]
pub enum Content {
    /// The answer to a question.
    Question(Box<Question>),
    /// Words.
    Text(Prose),
    /// How alerts stand.
    Alerts(Vec<Name>),
}

/// A question of a section, and how its answer is shown.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it asks.
    pub ask: Ask,
    /// What its parameters are given.
    pub given: Vec<(Name, Given)>,
    /// At most this many rows.
    pub limit: usize,
    /// How the answer is shown.
    pub form: Form,
}

/// How an answer is shown.
#[derive(Clone, Debug)]
pub enum Form {
    /// As rows, and the columns whose runs of numbers are drawn as small lines.
    Table {
        /// Names of columns.
        sparklines: Vec<String>,
    },
    /// As one value.
    Value(Box<Measure>),
    /// As a picture.
    Chart(Box<chart::Spec>),
}

/// Which value of an answer is shown, and what it is held against.
#[derive(Clone, Debug)]
pub struct Measure {
    /// The column; none is the only one.
    pub column: Option<String>,
    /// How it is written.
    pub spec: FigureSpec,
    /// What it is held against.
    pub against: Against,
}

/// What a value is held against.
#[derive(Clone, Debug)]
pub enum Against {
    /// The value of the run before.
    Previous,
    /// Nothing.
    Nothing,
    /// Another column of the same row.
    Column(String),
    /// The first row of another question, in the column of the same name or its only one; and what to call it.
    Question {
        /// What it asks.
        ask: Box<Ask>,
        /// What its parameters are given.
        given: Vec<(Name, Given)>,
        /// How it is called: its description, or its name.
        called: String,
    },
}
