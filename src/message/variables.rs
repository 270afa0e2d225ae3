//! What `title` and `body` of an alert may name.

use serde::Serialize;
use serde_json::{Map, Value};

/// Every name that a template of an alert may use, with the parts of those that have parts; the documentation is that
/// of [`Variables`].
pub const NAMES: [&str; 22] = [
    "alert.name",
    "alert.description",
    "alert.severity",
    "alert.rule",
    "alert.query",
    "alert.source",
    "alert.owners",
    "alert.tags",
    "incident.kind",
    "incident.since",
    "incident.until",
    "firing",
    "told",
    "resolved",
    "rows",
    "more",
    "value",
    "previous",
    "slot",
    "link",
    "explain",
    "summary",
];

/// The values. Texts and times are as the built-in message would show them, empty where there is none; NULL of a
/// database is none and shown as `NULL`, and a decimal is its text with every digit. A cell of more than 1,000 characters
/// is cut with `…`.
#[derive(Debug, Serialize)]
pub struct Variables<'a> {
    /// What the catalogue says of the alert.
    pub alert: Subject<'a>,
    /// What is told.
    pub incident: Incident<'a>,
    /// Every instance that fires now, told of by this message or not.
    pub firing: Vec<Instance>,
    /// Those that this message tells of.
    pub told: Vec<Instance>,
    /// Those that this message tells to be over.
    pub resolved: Vec<Instance>,
    /// The first of the rows for which the rule holds, each by the names of its columns; at most 100.
    pub rows: Vec<Map<String, Value>>,
    /// How many more such rows there are.
    pub more: u64,
    /// The first value that the rule compared in the first instance that is told of.
    pub value: Value,
    /// The value that `previous(..)` stands for there; none when the rule has none or this is its first run.
    pub previous: Value,
    /// The due instant, or when a run by hand began: `2026-11-20 21:00:00 KST`.
    pub slot: String,
    /// The `link` of the alert.
    pub link: &'a str,
    /// The command that explains why it was told.
    pub explain: String,
    /// What the built-in message says in one line.
    pub summary: &'a str,
}

/// What the catalogue says of an alert.
#[derive(Debug, Serialize)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its description.
    pub description: &'a str,
    /// `info`, `warning` or `critical`.
    pub severity: &'a str,
    /// The rule: `when`.
    pub rule: &'a str,
    /// The saved query it judges.
    pub query: &'a str,
    /// The source it asks.
    pub source: &'a str,
    /// The channels that care for it.
    pub owners: Vec<&'a str>,
    /// Its tags.
    pub tags: Vec<&'a str>,
}

/// What is told.
#[derive(Debug, Serialize)]
pub struct Incident<'a> {
    /// `firing`, `repeat` or `resolved`.
    pub kind: &'a str,
    /// When the earliest of what is told began.
    pub since: String,
    /// When it was over, in a message that says so.
    pub until: String,
}

/// One instance.
#[derive(Clone, Debug, Serialize)]
pub struct Instance {
    /// Its key by the names of the columns; empty for an alert without key.
    pub key: Map<String, Value>,
    /// The same in words: `id = 17`.
    pub label: String,
    /// When its incident began.
    pub since: String,
    /// What the rule compared, by its text in the rule.
    pub values: Map<String, Value>,
    /// How many rows stand behind it.
    pub rows: usize,
}

#[cfg(test)]
mod tests {
    use super::{Incident, NAMES, Subject, Variables};

    #[test]
    fn every_name_is_there_and_no_other() {
        let alert = Subject {
            name: "",
            description: "",
            severity: "",
            rule: "",
            query: "",
            source: "",
            owners: vec![],
            tags: vec![],
        };
        let variables = Variables {
            alert,
            incident: Incident { kind: "", since: String::new(), until: String::new() },
            firing: vec![],
            told: vec![],
            resolved: vec![],
            rows: vec![],
            more: 0,
            value: ().into(),
            previous: ().into(),
            slot: String::new(),
            link: "",
            explain: String::new(),
            summary: "",
        };
        let value = serde_json::to_value(variables).unwrap();
        let names = value.as_object().unwrap().iter().flat_map(|(name, value)| match value.as_object() {
            Some(parts) => parts.keys().map(|part| format!("{name}.{part}")).collect(),
            None => vec![name.clone()],
        });
        assert_eq!(names.collect::<Vec<_>>(), NAMES);
    }
}
