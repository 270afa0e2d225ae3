//! What is remembered of an alert between its runs.

use jiff::Timestamp;

use crate::incident::{Health, Instance, Told};
use crate::name::Name;
use crate::value::Value;

/// An alert whose memory is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Recall<'a> {
    /// The alert.
    pub alert: &'a Name,
    /// The source it asks.
    pub source: &'a Name,
    /// The alerts that may hold it back.
    pub unless: &'a [Name],
}

/// What is remembered of an alert, or of a report.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Its health after the last run.
    pub health: Health,
    /// The rule it was judged by, whose `previous(..)` the values of the instances are.
    pub rule: String,
    /// Every known instance; of a report the values that its next run is held against.
    pub instances: Vec<Remembered>,
    /// What each channel was last told of each instance: channel, key, news.
    pub told: Vec<(Name, String, Told)>,
    /// What each channel was last told of the alert's health.
    pub told_health: Vec<(Name, Health)>,
    /// The channels that were last told that its source is down, and when that was seen.
    pub source_down: Vec<(Name, Timestamp)>,
    /// Its silences that nobody ended, past ones included.
    pub silences: Vec<Silence>,
    /// Which of the alerts that may hold it back have an open incident.
    pub open: Vec<Name>,
}

/// A time in which news of an alert is held back because someone said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The alert.
    pub alert: Name,
    /// The canonical text of the one key it is for; none for the whole alert.
    pub key: Option<String>,
    /// When it began.
    pub since: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// Who said so.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// An instance as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// Which one: the canonical text of its key, empty for an alert without key.
    pub key: String,
    /// Its key for people: column and text.
    pub labels: Vec<(String, String)>,
    /// Where it stands.
    pub instance: Instance,
    /// The values of `previous(..)` for the next run.
    pub values: Vec<Value<'static>>,
    /// In how many answers in a row it was missing.
    pub missed: u32,
}
