//! Title and body of a message in the words of the catalogue.

use jiff::Timestamp;
use serde_json::{Map, Value as Cell};

use super::announce::{Item, Voice};
use super::judged::Judged;
use super::{evidence, is_same_rule, words};
use crate::message::template::{self, Medium};
use crate::message::variables::{Incident, Instance, Subject, Variables};
use crate::message::{Kind, Message, one_line};
use crate::name::Name;
use crate::value::Value;

/// At most this many rows are there for a template.
const MOST_ROWS: usize = 100;

/// What a template may make, in bytes.
const LONGEST: usize = 16 * 1024;

/// The longest text of a cell, in characters: one that is huge must not cost the message its words.
const CELL: usize = 1000;

/// The longest title that is shown, in characters.
const SHOWN: usize = 200;

impl Voice<'_> {
    /// The message with the title and the body of the alert, where it has any. One that cannot be used leaves the
    /// built-in words, and the message says so.
    pub(super) fn in_own_words(&self, message: Message, items: &[Item<'_>]) -> Message {
        let (title, body) = (&self.alert.title, &self.alert.body);
        if title.is_none() && body.is_none() {
            return message;
        }
        let summary = message.summary.clone();
        let variables = self.variables(message.kind, &summary, items);
        let mut message = message;
        let title = title.as_ref().map(|text| made(text, &variables).map(|title| clipped(&title)));
        let body = body.as_ref().map(|text| made(text, &variables));
        message.title = self.usable("title", title, &mut message.remarks);
        message.body = self.usable("body", body, &mut message.remarks);
        message
    }

    fn usable(&self, key: &str, made: Option<Result<String, String>>, remarks: &mut Vec<String>) -> Option<String> {
        match made? {
            Ok(text) => Some(text),
            Err(problem) => {
                tracing::warn!(alert = %self.alert.name, key, problem, "a template could not be used");
                remarks.push(format!("the template `{key}` could not be used: {problem}"));
                None
            }
        }
    }

    fn variables<'a>(&'a self, kind: Kind, summary: &'a str, items: &[Item<'_>]) -> Variables<'a> {
        let told: Vec<Instance> = items.iter().map(|item| self.instance(item.judged, item.began)).collect();
        let judged: Vec<&Judged> = items.iter().map(|item| item.judged).collect();
        let first = judged.first();
        let (rows, more) = self.rows(if kind.is_good_news() { &[] } else { &judged });
        Variables {
            alert: self.subject(),
            incident: Incident {
                kind: kind.word(),
                since: self.moment(items.iter().map(|item| item.began).min().unwrap_or(self.now)),
                until: match kind.is_good_news() {
                    true => self.moment(items.iter().map(|item| item.until).max().unwrap_or(self.now)),
                    false => String::new(),
                },
            },
            firing: self.firing.iter().map(|(judged, began)| self.instance(judged, *began)).collect(),
            resolved: if kind.is_good_news() { told.clone() } else { Vec::new() },
            told,
            rows,
            more,
            value: first.and_then(|judged| judged.values.first()).map_or(Cell::Null, |(_, value)| cell(value)),
            previous: first.map_or(Cell::Null, |judged| self.previous(&judged.key)),
            slot: self.moment(self.now),
            link: self.alert.link.as_deref().unwrap_or_default(),
            explain: format!("rowcall explain {}", self.alert.name),
            summary,
        }
    }

    fn subject(&self) -> Subject<'_> {
        let alert = self.alert;
        Subject {
            name: alert.name.as_str(),
            description: alert.description.as_deref().unwrap_or_default(),
            severity: alert.severity.as_str(),
            rule: alert.when.text(),
            query: alert.query.as_ref().map_or("", Name::as_str),
            source: alert.ask.source.as_str(),
            owners: alert.owners.iter().map(Name::as_str).collect(),
            tags: alert.tags.iter().map(String::as_str).collect(),
        }
    }

    fn instance(&self, judged: &Judged, began: Timestamp) -> Instance {
        Instance {
            key: judged.labels.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect(),
            label: words::label(judged),
            since: self.moment(began),
            values: judged.values.iter().map(|(name, value)| (name.clone(), cell(value))).collect(),
            rows: judged.evidence.len(),
        }
    }

    /// The first rows behind the news, and how many more there are.
    fn rows(&self, judged: &[&Judged]) -> (Vec<Map<String, Cell>>, u64) {
        let Ok((_, table)) = &self.finding.answer else { return (Vec::new(), 0) };
        let evidence = evidence::rows(judged.iter().copied());
        let wanted = table.rows().enumerate().filter(|(index, _)| evidence.binary_search(index).is_ok());
        let named = |(_, row): (usize, crate::table::Row<'_>)| {
            let names = table.columns().iter().map(|column| column.name.clone());
            names.zip(row.values().map(|value| cell(&value))).collect()
        };
        let hidden = evidence.len().saturating_sub(MOST_ROWS);
        (wanted.take(MOST_ROWS).map(named).collect(), u64::try_from(hidden).unwrap_or(u64::MAX))
    }

    /// What `previous(..)` stood for.
    fn previous(&self, key: &str) -> Cell {
        let known =
            self.memory.instances.iter().find(|known| known.key == key && is_same_rule(self.alert, self.memory));
        known.and_then(|known| known.values.first()).map_or(Cell::Null, cell)
    }
}

fn made(text: &str, variables: &Variables<'_>) -> Result<String, String> {
    let made = template::render(text, Medium::Text, LONGEST, variables)?;
    match made.trim() {
        "" => Err("it makes no text".into()),
        made => Ok(made.to_owned()),
    }
}

/// A title in one line that a list of mails can show.
fn clipped(title: &str) -> String {
    cut(one_line(title), SHOWN)
}

/// At most so many characters and a `…`.
fn cut(text: String, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A value as a template sees it: what counts exactly is a number, everything else its text.
fn cell(value: &Value<'_>) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(i) => (*i).into(),
        Value::UInt(u) => (*u).into(),
        Value::Float(number) => (*number).into(),
        // As it is printed: a single 0.1 is not 0.10000000149011612.
        Value::Real(number) => number.to_string().parse::<f64>().map_or(Cell::Null, Cell::from),
        Value::Decimal(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Timestamp(_)
        | Value::Interval(_)
        | Value::Json(_)
        | Value::Array(_) => cut(value.to_string(), CELL).into(),
    }
}
