//! From answers to the sections of a page: pure.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;

use super::Asked;
use super::trouble;
use crate::catalogue::report::{Against, Content, Form, Measure, Question, Report};
use crate::chart::{self, Theme};
use crate::incident::{Instance, State};
use crate::name::{Name, nearest};
use crate::page::{self, AlertLine, Figure, Section, Trouble};
use crate::render::moment;
use crate::store::{Memory, Remembered};
use crate::table::Table;
use crate::value::Value;

/// The sections, and what is to be remembered.
pub(super) struct Composed {
    pub(super) sections: Vec<Section>,
    pub(super) values: Vec<Remembered>,
}

pub(super) fn compose(
    report: &Report,
    answers: &Asked,
    alerts: &[(Name, AlertLine)],
    memory: &Memory,
    at: Timestamp,
) -> Composed {
    let mut composer = Composer { report, answers, memory, at, values: Vec::new() };
    let sections = report.sections.iter().map(|section| {
        let content = match &section.content {
            Content::Text(prose) => page::Content::Text(prose.clone()),
            Content::Alerts(names) => {
                let line = |name: &Name| alerts.iter().find(|(known, _)| known == name).map(|(_, line)| line.clone());
                page::Content::Alerts(names.iter().filter_map(line).collect())
            }
            Content::Question(question) => composer.answered(question).unwrap_or_else(page::Content::Trouble),
        };
        let (content, sparklines) = match sparklines(&section.content, &content) {
            Ok(columns) => (content, columns),
            Err(trouble) => (page::Content::Trouble(trouble), Vec::new()),
        };
        Section { title: section.title.clone(), content, sparklines }
    });
    let sections = sections.collect();
    Composed { sections, values: composer.values }
}

struct Composer<'a> {
    report: &'a Report,
    answers: &'a Asked,
    memory: &'a Memory,
    at: Timestamp,
    values: Vec<Remembered>,
}

impl Composer<'_> {
    fn answered(&mut self, question: &Question) -> Result<page::Content, Trouble> {
        let zone = &self.report.timing.zone;
        let table = self.answers.of(&question.ask, &question.given, question.limit, self.at, zone)?;
        match &question.form {
            Form::Table { .. } => Ok(page::Content::Table(table)),
            Form::Chart(spec) => {
                if table.is_cut() {
                    let problem = format!("the query gives more than {} rows", question.limit);
                    return Err(trouble(
                        problem,
                        Some("let the query group, so that a picture shows all of it".into()),
                    ));
                }
                // Whether it can be drawn is known here, where it can still be told.
                chart::svg(&table, spec, Theme::Light, zone)
                    .map_err(|error| trouble(error.to_string(), error.hint()))?;
                Ok(page::Content::Chart(spec.clone(), table))
            }
            Form::Value(measure) => {
                let figure = self.figure(question, measure, &table)?;
                Ok(page::Content::Value(figure, table))
            }
        }
    }

    fn figure(&mut self, question: &Question, measure: &Measure, table: &Arc<Table>) -> Result<Figure, Trouble> {
        let zone = &self.report.timing.zone;
        let value = first(table, measure.column.as_deref())?;
        let figure = |before: Option<(&Value<'_>, &str)>| Figure::of(&value, &measure.spec, before);
        match &measure.against {
            Against::Nothing => Ok(figure(None)),
            Against::Column(column) => {
                let other = first(table, Some(column))?;
                Ok(figure(Some((&other, column))))
            }
            Against::Question { ask, given, called } => {
                let other = self.answers.of(ask, given, 1, self.at, zone)?;
                // The column of the same name, or the only one.
                let same = measure.column.as_deref().filter(|column| other.position(column).is_some());
                let other = first(&other, same)?;
                Ok(figure(Some((&other, called))))
            }
            Against::Previous => {
                let key = key(question, measure);
                let known = self.memory.instances.iter().find(|known| known.key == key);
                let before = known.and_then(|known| Some((known.values.first()?, moment(known.instance.since, zone))));
                let figure = figure(before.as_ref().map(|(value, when)| (*value, when.as_str())));
                let instance = Instance { state: State::Ok, since: self.at, began: None };
                let values = vec![value.into_owned()];
                if !self.values.iter().any(|known| known.key == key) {
                    self.values.push(Remembered { key, labels: Vec::new(), instance, values, missed: 0 });
                }
                Ok(figure)
            }
        }
    }
}

/// Where the columns of a table are whose runs of numbers are drawn.
fn sparklines(asked: &Content, shown: &page::Content) -> Result<Vec<usize>, Trouble> {
    let (Content::Question(question), page::Content::Table(table)) = (asked, shown) else { return Ok(Vec::new()) };
    match &question.form {
        Form::Table { sparklines } => {
            sparklines.iter().map(|column| table.position(column).ok_or_else(|| no_column(table, column))).collect()
        }
        Form::Value(_) | Form::Chart(_) => Ok(Vec::new()),
    }
}

fn no_column(table: &Table, column: &str) -> Trouble {
    let names = || table.columns().iter().map(|column| column.name.as_str());
    let hint = match nearest(column, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has: {}", names().collect::<Vec<_>>().join(", ")),
    };
    trouble(format!("the result has no column `{column}`"), Some(hint))
}

/// The value of the first row; NULL when there is no row.
fn first<'a>(table: &'a Table, column: Option<&str>) -> Result<Value<'a>, Trouble> {
    let index = match column {
        Some(column) => table.position(column).ok_or_else(|| no_column(table, column))?,
        None if table.columns().len() == 1 => 0,
        None => {
            let problem = format!("the result has {} columns, and one value is shown", table.columns().len());
            return Err(trouble(problem, Some("name one with `column`".into())));
        }
    };
    Ok(table.rows().next().map_or(Value::Null, |row| row.get(index)))
}

/// Under what a value is remembered: the same as long as the same is asked, wherever in the report.
fn key(question: &Question, measure: &Measure) -> String {
    let mut hasher = DefaultHasher::new();
    (question.ask.source.as_str(), question.ask.statement.text(), &measure.column).hash(&mut hasher);
    for (name, given) in &question.given {
        (name.as_str(), given.words()).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}
