//! The questions of a report, asked side by side under the limits of their sources, equal ones once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;

use super::trouble;
use crate::catalogue::report::{Against, Content, Form, Report};
use crate::catalogue::{Ask, Catalogue, Given};
use crate::job::Doors;
use crate::name::Name;
use crate::page::Trouble;
use crate::render::in_zone;
use crate::source::{Argument, Bound, Cause, Request, Rows, SourceError};
use crate::table::Table;
use crate::value::stored;

/// What a report asked and what was answered, by question.
pub struct Asked {
    answers: HashMap<String, Answer>,
    began: tokio::time::Instant,
}

/// What a source said, or why it said nothing.
type Answer = Result<Arc<Table>, Unanswered>;

/// Why there is no answer.
struct Unanswered {
    trouble: Trouble,
    cause: Cause,
}

/// A question of a report: what is asked, and how many rows are wanted.
struct Question<'a> {
    ask: &'a Ask,
    given: &'a [(Name, Given)],
    limit: usize,
}

impl Asked {
    /// Nothing was asked yet; from here on counts how long it takes.
    #[must_use]
    pub fn nothing() -> Self {
        Self { answers: HashMap::new(), began: tokio::time::Instant::now() }
    }

    /// Asks everything that the report asks and that no source that was reached has answered, side by side, and waits for
    /// all of it.
    pub async fn ask(&mut self, report: &Report, catalogue: &Catalogue, doors: &Doors, at: Timestamp) {
        self.answers.retain(|_, answer| !is_unreachable(answer));
        let answers = answers(report, &self.answers, catalogue, doors, at).await;
        self.answers.extend(answers);
    }

    /// Whether some question found no source to answer it: asking again may help.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.answers.values().any(is_unreachable)
    }

    /// The answer to a question, at most `limit` rows of it.
    pub(super) fn of(
        &self,
        ask: &Ask,
        given: &[(Name, Given)],
        limit: usize,
        at: Timestamp,
        zone: &TimeZone,
    ) -> Result<Arc<Table>, Trouble> {
        let answer = self.answers.get(&key(ask, given, at, zone)).expect("every question was asked");
        let table = answer.as_ref().map_err(|unanswered| unanswered.trouble.clone())?;
        Ok(if table.len() > limit { Arc::new(table.first(limit)) } else { Arc::clone(table) })
    }

    /// How many rows there are together.
    pub(super) fn rows(&self) -> u64 {
        self.answers.values().flatten().map(|table| table.len() as u64).sum()
    }

    /// Whether the catalogue or the environment is at fault somewhere.
    pub(super) fn settings_at_fault(&self) -> bool {
        self.answers.values().any(|answer| matches!(answer, Err(Unanswered { cause: Cause::Settings, .. })))
    }

    /// How long ago asking began.
    pub(super) fn elapsed(&self) -> SignedDuration {
        SignedDuration::try_from(self.began.elapsed()).unwrap_or_default()
    }
}

fn is_unreachable(answer: &Answer) -> bool {
    matches!(answer, Err(Unanswered { cause: Cause::Unreachable, .. }))
}

/// The answers to everything that a report asks and that is not `known`.
async fn answers(
    report: &Report,
    known: &HashMap<String, Answer>,
    catalogue: &Catalogue,
    doors: &Doors,
    at: Timestamp,
) -> Vec<(String, Answer)> {
    let zone = &report.timing.zone;
    let mut asked: HashMap<String, Question<'_>> = HashMap::new();
    for question in questions(report) {
        let key = key(question.ask, question.given, at, zone);
        if known.contains_key(&key) {
            continue;
        }
        let limit = question.limit;
        let same = asked.entry(key).or_insert(question);
        same.limit = same.limit.max(limit);
    }
    let mut places: BTreeMap<&Name, Semaphore> = BTreeMap::new();
    for question in asked.values() {
        let most = catalogue.sources.get(&question.ask.source).map_or(1, |source| source.settings.max_concurrent);
        places.entry(&question.ask.source).or_insert_with(|| Semaphore::new(most));
    }
    let label = format!("report {}", report.name);
    let mut answers = Vec::with_capacity(asked.len());
    for (key, question) in asked {
        let (places, label) = (&places[&question.ask.source], &label);
        answers.push(async move {
            // In line here and not at the source, where the deadline would run.
            let place = places.acquire().await.expect("the places are never closed");
            let answer = fetch(&question, doors, label, at, zone).await;
            drop(place);
            (key, answer)
        });
    }
    futures_util::future::join_all(answers).await
}

/// What the report was asked with, for its head: what it gives to the parameters of its questions.
pub(super) fn facts(report: &Report, at: Timestamp) -> Vec<(String, String)> {
    let shown = |name: &Name| {
        let mut given = questions(report).flat_map(|question| question.given).filter(|(given, _)| given == name);
        let text = match given.next()?.1.at(at, &report.timing.zone).ok()? {
            Argument::One(value) => value.to_string(),
            Argument::List(values) => values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        Some((name.to_string(), text))
    };
    report.shown.iter().filter_map(shown).collect()
}

fn questions(report: &Report) -> impl Iterator<Item = Question<'_>> {
    report
        .sections
        .iter()
        .flat_map(|section| match &section.content {
            Content::Question(question) => {
                let own = Question { ask: &question.ask, given: &question.given, limit: question.limit };
                let other = match &question.form {
                    Form::Value(measure) => match &measure.against {
                        Against::Question { ask, given, .. } => Some(Question { ask, given, limit: 1 }),
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

/// The same for the same source, statement, arguments and timeout, and for nothing else.
fn key(ask: &Ask, given: &[(Name, Given)], at: Timestamp, zone: &TimeZone) -> String {
    let argument = |(name, given): &(Name, Given)| {
        let values = match given.at(at, zone) {
            Ok(Argument::One(value)) => vec![stored::write(&value)],
            Ok(Argument::List(values)) => values.iter().map(stored::write).collect(),
            Err(error) => vec![error.to_string()],
        };
        (name.to_string(), values)
    };
    let arguments: Vec<(String, Vec<String>)> = given.iter().map(argument).collect();
    let timeout = ask.timeout.as_nanos().to_string();
    serde_json::to_string(&(ask.source.as_str(), ask.statement.text(), timeout, arguments)).expect("texts are JSON")
}

async fn fetch(question: &Question<'_>, doors: &Doors, label: &str, at: Timestamp, zone: &TimeZone) -> Answer {
    let Question { ask, given, limit } = question;
    let settings = |problem: String| Unanswered { trouble: trouble(problem, None), cause: Cause::Settings };
    let argument = |(name, given): &(Name, Given)| given.at(at, zone).map(|argument| (name.clone(), argument));
    let arguments = given.iter().map(argument).collect::<Result<Vec<_>, _>>();
    let arguments = arguments.map_err(|error| settings(error.to_string()))?;
    let bound = Bound::new(ask.statement.clone(), arguments).map_err(|error| settings(error.to_string()))?;
    let request = Request { bound, timeout: ask.timeout, label: label.to_owned() };
    let failed =
        |error: SourceError| Unanswered { trouble: trouble(error.to_string(), error.hint), cause: error.cause };
    let rows = doors.source(&ask.source).fetch(request).await.map_err(failed)?;
    collect(rows, *limit, zone).await.map(Arc::new).map_err(failed)
}

/// At most `limit` rows, times with time zone on the clocks of `zone`.
async fn collect(mut rows: Rows, limit: usize, zone: &TimeZone) -> Result<Table, SourceError> {
    let columns = Arc::clone(rows.columns());
    let (mut batches, mut left, mut cut) = (Vec::new(), limit, false);
    while let Some(mut batch) = rows.next().await? {
        cut = batch.len() > left;
        batch.truncate(left);
        in_zone(&mut batch, zone);
        left -= batch.len();
        batches.push(batch);
        if cut {
            break;
        }
    }
    Ok(Table::new(columns, batches, cut))
}
