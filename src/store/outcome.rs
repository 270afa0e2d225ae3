//! What a run learned, as it is written and as it is read back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Letter, Outgoing, Remembered, Subject};
use crate::incident::{Health, Sighting, State, Told, Why};
use crate::name::Name;

/// Everything a run of an alert or a report learned.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was judged or built.
    pub about: Subject,
    /// When the run began.
    pub started: Timestamp,
    /// When it was judged.
    pub ended: Timestamp,
    /// How the alert is.
    pub health: Health,
    /// The rule it was judged by.
    pub rule: String,
    /// The most severe state of its instances.
    pub state: State,
    /// How many rows the query gave, when it answered.
    pub rows: Option<u64>,
    /// The verdict or the trouble in words.
    pub note: String,
    /// New and changed instances.
    pub instances: Vec<Remembered>,
    /// Keys of instances that are no more.
    pub forgotten: Vec<String>,
    /// What channels are told of instances by the messages of this outcome.
    pub told: Vec<(Name, String, Told)>,
    /// What channels are told of the alert's health by the messages of this outcome.
    pub told_health: Vec<(Name, Health)>,
    /// What to send.
    pub messages: Vec<Outgoing>,
    /// What was compared, of the gravest instances.
    pub seen: Vec<Seen>,
    /// Why each channel was told something or nothing.
    pub decisions: Vec<Decision>,
    /// What the run saw of its source, when it saw anything.
    pub source: Option<AboutSource>,
}

/// What a rule looked at in one instance: names and texts, in a frozen shape.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its key for people: column and text; empty for an alert without key.
    pub key: Vec<(String, String)>,
    /// What was compared: a part of the rule and its value, none for NULL.
    pub values: Vec<(String, Option<String>)>,
}

/// Why a channel was told something or nothing by one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The channel.
    pub channel: Name,
    /// The canonical text of a key that was told of or is held back; none where all instances with the same reason are
    /// counted together.
    pub key: Option<String>,
    /// Why; of several instances the one with the earliest end.
    pub why: Why,
    /// How many instances.
    pub count: u64,
    /// The id of the message that told it.
    pub message: Option<String>,
}

/// Which runs are asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// About this only.
    pub about: Option<Subject>,
    /// With this health only.
    pub health: Option<Health>,
    /// With this state as the gravest only.
    pub state: Option<State>,
    /// Begun at or after this.
    pub since: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: u32,
}

/// A run as it is kept.
#[derive(Clone, Debug)]
pub struct Past {
    /// What was judged or built.
    pub about: Subject,
    /// The due instant; none for a run by hand.
    pub slot: Option<Timestamp>,
    /// When it began.
    pub started: Timestamp,
    /// When it was judged.
    pub ended: Timestamp,
    /// How the alert was.
    pub health: Health,
    /// The most severe state of its instances.
    pub state: State,
    /// How many rows the query gave, when it answered.
    pub rows: Option<u64>,
    /// The verdict or the trouble in words.
    pub note: String,
    /// What was compared.
    pub seen: Vec<Seen>,
    /// Why each channel was told something or nothing, and what became of what was told.
    pub decisions: Vec<(Decision, Option<Letter>)>,
}

/// What a run saw of its source, and what to send if no other run has told so: many alerts see the same outage. A
/// sighting counts against the last news only when its run began after that was seen.
#[derive(Clone, Debug)]
pub struct AboutSource {
    /// The source.
    pub source: Name,
    /// What was seen.
    pub seen: Sighting,
    /// One message for each channel that may have to be told.
    pub messages: Vec<Outgoing>,
}
