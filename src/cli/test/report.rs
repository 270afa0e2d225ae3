//! Tests told to people, programs and build servers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::result::{self, Played, Tried};
use crate::cli::failure::visible_lines;
use crate::cli::junit::{Case, Fate, Suite, document};
use crate::render::listing;

pub(super) fn table(tried: &[Tried]) -> String {
    let row = |test: &Tried| {
        let result = if test.passed() { "passed" } else { "failed" };
        vec![test.name.clone(), test.alert.to_string(), test.steps.len().to_string(), result.to_owned()]
    };
    let rows: Vec<Vec<String>> = tried.iter().map(row).collect();
    let mut text = listing(&["test", "alert", "steps", "result"], &rows);
    tried.iter().filter(|test| !test.passed()).for_each(|test| text.push_str(&format!("\n{}", story(test))));
    text
}

/// Every step that did not go as expected: where it is written, and the difference.
fn story(test: &Tried) -> String {
    let mut text = String::new();
    for (number, step) in test.steps.iter().enumerate().filter(|(_, step)| !step.mismatches.is_empty()) {
        let Played { at, line, seen, mismatches } = step;
        let number = number + 1;
        text.push_str(&format!("{}:{line}: {}, step {number} at {at}\n", test.file, visible_lines(&test.name)));
        for mismatch in mismatches {
            text.push_str(&format!("  {} (- expected, + got)\n", visible_lines(&mismatch.what)));
            mismatch.diff().iter().for_each(|line| text.push_str(&format!("    {}\n", visible_lines(line))));
        }
        text.push_str(&format!("  because: {}\n", visible_lines(&seen.why)));
    }
    text
}

pub(super) fn junit(tried: &[Tried]) -> String {
    let case = |test: &Tried| {
        let fate = match test.steps.iter().position(|step| !step.mismatches.is_empty()) {
            None => Fate::Passed,
            Some(first) => {
                let step = &test.steps[first];
                let what: Vec<&str> = step.mismatches.iter().map(|mismatch| mismatch.what.as_str()).collect();
                let sentence = format!("step {} at {}: {}", first + 1, step.at, what.join(", "));
                Fate::Failed("mismatch".into(), sentence, story(test))
            }
        };
        let place = (test.file.clone(), test.line);
        Case { name: format!("{}: {}", test.alert, test.name), place, seconds: 0.0, fate, output: String::new() }
    };
    document(&Suite { name: "rowcall test".into(), cases: tried.iter().map(case).collect() })
}

/// The shape is frozen: keys are only added, and a change of their meaning is a new number of `schema`.
#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    tests: Vec<Test<'a>>,
}

#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    alert: &'a str,
    file: &'a str,
    line: usize,
    passed: bool,
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    at: &'a str,
    line: usize,
    state: &'static str,
    states: BTreeMap<&'a str, &'static str>,
    health: &'static str,
    why: &'a str,
    messages: &'a [String],
    mismatches: Vec<Mismatch<'a>>,
}

#[derive(Serialize)]
struct Mismatch<'a> {
    what: &'a str,
    expected: &'a [String],
    got: &'a [String],
}

pub(super) fn json(tried: &[Tried]) -> String {
    let report = Report { schema: 1, tests: tried.iter().map(test).collect() };
    let mut text = serde_json::to_string_pretty(&report).expect("texts and numbers are JSON");
    text.push('\n');
    text
}

fn test(tried: &Tried) -> Test<'_> {
    let Tried { file, name, alert, line, steps } = tried;
    let steps = steps.iter().map(step).collect();
    Test { name, alert: alert.as_str(), file, line: *line, passed: tried.passed(), steps }
}

fn step(step: &Played) -> Step<'_> {
    let seen = &step.seen;
    Step {
        at: &step.at,
        line: step.line,
        state: seen.state.as_str(),
        states: seen.states.iter().map(|(key, state)| (key.as_str(), state.as_str())).collect(),
        health: seen.health.as_str(),
        why: &seen.why,
        messages: &seen.messages,
        mismatches: step.mismatches.iter().map(mismatch).collect(),
    }
}

fn mismatch(found: &result::Mismatch) -> Mismatch<'_> {
    Mismatch { what: &found.what, expected: &found.expected, got: &found.got }
}
