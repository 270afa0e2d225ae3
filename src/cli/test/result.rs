//! What a test expected beside what it got.

use jiff::tz::TimeZone;

use crate::catalogue::fixture::{Expected, Step};
use crate::incident::State;
use crate::job::rehearse;
use crate::name::Name;

/// A test after its last step.
pub(super) struct Tried {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) alert: Name,
    pub(super) line: usize,
    pub(super) steps: Vec<Played>,
}

/// A step after it was played.
pub(super) struct Played {
    /// When, in the zone of the alert.
    pub(super) at: String,
    pub(super) line: usize,
    pub(super) seen: rehearse::Played,
    pub(super) mismatches: Vec<Mismatch>,
}

/// Something that is not as it was expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// The key of the step.
    pub(super) what: String,
    pub(super) expected: Vec<String>,
    pub(super) got: Vec<String>,
}

impl Tried {
    pub(super) fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.mismatches.is_empty())
    }
}

impl Played {
    pub(super) fn new(step: Step, seen: rehearse::Played, zone: &TimeZone) -> Self {
        let at = step.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
        Self { at, line: step.line, mismatches: mismatches(&step.expected, &seen), seen }
    }
}

fn mismatches(expected: &Expected, seen: &rehearse::Played) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let mut compare = |what: &str, expected: Option<&str>, got: &str| {
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            let (expected, got) = (vec![expected.to_owned()], vec![got.to_owned()]);
            found.push(Mismatch { what: what.to_owned(), expected, got });
        }
    };
    compare("state", expected.state.map(State::as_str), seen.state.as_str());
    for (key, state) in &expected.states {
        // What is not remembered is over.
        let got = seen.states.iter().find(|(known, _)| known == key).map_or(State::Ok, |(_, state)| *state);
        compare(&format!("states.{key}"), Some(state.as_str()), got.as_str());
    }
    compare("health", expected.health.map(|health| health.as_str()), seen.health.as_str());
    if let Some(headlines) = &expected.messages {
        let same = headlines.len() == seen.messages.len() && headlines.iter().zip(&seen.messages).all(is_like);
        if !same {
            let (expected, got) = (headlines.clone(), seen.messages.clone());
            found.push(Mismatch { what: "messages".into(), expected, got });
        }
    }
    found
}

/// Whether a headline is the expected one, or begins with it where that ends with `…`.
fn is_like((expected, got): (&String, &String)) -> bool {
    match expected.strip_suffix('…') {
        Some(beginning) => got.starts_with(beginning),
        None => expected == got,
    }
}

impl Mismatch {
    /// One line each: `-` for what was expected and did not come, `+` for what came and was not expected.
    pub(super) fn diff(&self) -> Vec<String> {
        let mut left: Vec<&String> = self.got.iter().collect();
        let mut lines = Vec::new();
        for expected in &self.expected {
            match left.iter().position(|got| is_like((expected, *got))) {
                Some(at) => lines.push(format!("  {}", left.remove(at))),
                None => lines.push(format!("- {expected}")),
            }
        }
        lines.extend(left.iter().map(|got| format!("+ {got}")));
        lines
    }
}
