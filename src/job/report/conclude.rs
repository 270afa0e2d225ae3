//! From a page and from what is remembered to everything that is to be recorded and sent: pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Built;
use super::announce::Voice;
use crate::catalogue::report::{OnEmpty, Report};
use crate::incident::{Health, HealthReason, Hold, Posting, State, Why, health_reason};
use crate::message::{Kind, Message};
use crate::name::Name;
use crate::store::{Decision, Memory, Outcome, Outgoing, Subject};

/// How a report was built, in a sentence.
fn note(report: &Report, built: &Built) -> String {
    let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let sections = plural(built.page.sections.len() as u64, "section");
    match built.page.troubles().next() {
        Some((number, trouble)) => {
            let failed = built.page.failed();
            let first = trouble.problem.lines().next().unwrap_or_default();
            format!("{failed} of {sections} failed; section {number}: {first}")
        }
        None if is_skipped(report, built) => format!("nothing to tell: {sections}, no rows; not sent"),
        None => format!("{sections}, {}", plural(built.rows, "row")),
    }
}

/// Whether nobody gets it because it has nothing to tell.
fn is_skipped(report: &Report, built: &Built) -> bool {
    report.on_empty == OnEmpty::Skip && built.page.is_empty()
}

/// Everything that is to be recorded of a report and sent.
#[must_use]
pub fn conclude(report: &Report, memory: &Memory, built: &Built) -> Outcome {
    let health = if built.page.failed() > 0 { Health::Error } else { Health::Healthy };
    let mut outcome = Outcome {
        about: Subject::Report(report.name.clone()),
        started: built.started,
        ended: built.ended,
        health,
        rule: String::new(),
        state: State::Ok,
        rows: Some(built.rows),
        note: note(report, built),
        instances: built.values.clone(),
        forgotten: Vec::new(),
        told: Vec::new(),
        told_health: Vec::new(),
        messages: Vec::new(),
        seen: Vec::new(),
        decisions: Vec::new(),
        source: None,
    };
    let voice = Voice { report, built, at: built.page.at };
    if is_skipped(report, built) {
        let untold = |channel: &Name| posted(channel, Posting::NothingToTell, None);
        outcome.decisions.extend(report.notify.iter().map(untold));
    } else {
        for (channel, message) in voice.messages() {
            outcome.decisions.push(posted(&channel, Posting::Sent, Some(message.id.clone())));
            outcome.messages.push(sent(&channel, message, report.retry_for, built.ended));
        }
    }
    speak_of_health(&mut outcome, &voice, memory);
    outcome
}

fn posted(channel: &Name, posting: Posting, message: Option<String>) -> Decision {
    Decision { channel: channel.clone(), key: None, why: Why::Report(posting), count: 1, message }
}

/// The caretakers are told once that a part of it fails, and once that all of it works again.
fn speak_of_health(outcome: &mut Outcome, voice: &Voice<'_>, memory: &Memory) {
    for channel in voice.report.caretakers() {
        let told = memory.told_health.iter().find(|(name, _)| name == channel).map(|(_, health)| *health);
        let why = health_reason(outcome.health, told, None, &Hold::Free);
        let kind = match why {
            HealthReason::Broke => Some(Kind::Incomplete),
            HealthReason::Mended => Some(Kind::Well),
            HealthReason::Fine => continue,
            HealthReason::StillBroken
            | HealthReason::SourceDown
            | HealthReason::Silenced { .. }
            | HealthReason::Muted { .. } => None,
        };
        let message = kind.map(|kind| voice.of_health(channel, kind, &outcome.note));
        let id = message.as_ref().map(|message| message.id.clone());
        if let Some(message) = message {
            outcome.told_health.push((channel.clone(), outcome.health));
            outcome.messages.push(sent(channel, message, voice.report.retry_for, outcome.ended));
        }
        let why = Why::Health(why);
        outcome.decisions.push(Decision { channel: channel.clone(), key: None, why, count: 1, message: id });
    }
}

fn sent(channel: &Name, message: Message, retry_for: Duration, now: Timestamp) -> Outgoing {
    let wanted = SignedDuration::try_from(retry_for).unwrap_or(SignedDuration::MAX);
    Outgoing { channel: channel.clone(), message, expires: now.checked_add(wanted).unwrap_or(Timestamp::MAX) }
}
