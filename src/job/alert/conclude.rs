//! From a finding and from what is remembered to everything that is to be recorded and sent: pure.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::files::Files;
use super::hold::Holds;
use super::judged::{Judged, verdicts};
use super::paper::Newspaper;
use super::{Finding, Report, Standing, Trouble, announce, describe, is_same_rule};
use crate::catalogue::Alert;
use crate::incident::{HealthReason, Hold, Instance, Reason, Sighting, State, Told, Why, health_reason, reason, step};
use crate::message::{Kind, Message};
use crate::name::Name;
use crate::predicate::Verdict;
use crate::store::{AboutSource, Decision, Memory, Outcome, Outgoing, Remembered, Seen, Subject};
use crate::value::Value;

/// Of how many instances what was compared is kept.
const MOST_SEEN: usize = 20;

/// One instance after its step.
struct Stepped {
    judged: Judged,
    instance: Instance,
}

/// From a finding and from what is remembered to everything that is to be recorded and sent. `now` is the instant that
/// counts for `for` and `repeat`: the slot where there is one, so that a late second shifts nothing.
#[must_use]
pub fn conclude(alert: &Alert, memory: &Memory, finding: &Finding, now: Timestamp) -> (Outcome, Report) {
    let (health, judged) = verdicts(alert, memory, finding);
    let known: HashMap<&str, &Remembered> = memory.instances.iter().map(|known| (known.key.as_str(), known)).collect();
    let state_of = |judged: &Judged| known.get(judged.key.as_str()).map(|known| known.instance);
    let report_words = |standing| describe(alert, finding, &judged, standing);
    let stepped: Vec<Stepped> = judged
        .iter()
        .map(|judged| Stepped {
            instance: step(state_of(judged), judged.verdict, &alert.policy, now),
            judged: judged.clone(),
        })
        .collect();
    let state = stepped.iter().map(|stepped| stepped.instance.state).max().unwrap_or(State::Ok);
    let report = report_words(Standing::of(health, state));
    let mut outcome = Outcome {
        about: Subject::Alert(alert.name.clone()),
        started: finding.started,
        ended: finding.ended,
        health,
        rule: alert.when.text().to_owned(),
        state,
        rows: finding.rows,
        note: report.note.clone(),
        instances: Vec::new(),
        forgotten: Vec::new(),
        told: Vec::new(),
        told_health: Vec::new(),
        messages: Vec::new(),
        seen: seen(&stepped),
        decisions: Vec::new(),
        source: None,
    };
    let began = |stepped: &Stepped| stepped.instance.began.unwrap_or(now);
    let firing = stepped.iter().filter(|stepped| stepped.instance.state == State::Firing);
    let firing = firing.map(|stepped| (&stepped.judged, began(stepped))).collect();
    let voice = announce::Voice { alert, finding, now, memory, firing, files: Files::default() };
    // A hold counts by the time at which it would be told, which may be long after the slot.
    let holds = Holds::new(alert, memory, now.max(finding.ended));
    let owed = speak_of_incidents(&mut outcome, &voice, memory, &holds, &stepped);
    remember(&mut outcome, alert, &stepped, &known, is_same_rule(alert, memory), &owed);
    let sighting = finding.answer.as_ref().map_or_else(Trouble::sighting, |_| Some(Sighting::Up));
    speak_of_health(&mut outcome, &voice, memory, &report, sighting, &holds.of_health());
    outcome.source = sighting.map(|seen| speak_of_source(&voice, memory, seen));
    (outcome, report)
}

/// New and changed instances are written; one that is over and has nothing to remember is forgotten, unless someone is
/// still `owed` the news of its end. What was remembered stays while nothing new is learned, but never under another
/// rule.
fn remember(
    outcome: &mut Outcome,
    alert: &Alert,
    stepped: &[Stepped],
    known: &HashMap<&str, &Remembered>,
    same_rule: bool,
    owed: &HashSet<&str>,
) {
    for Stepped { judged, instance } in stepped {
        let before = known.get(judged.key.as_str()).copied();
        let kept = before.filter(|_| same_rule).map(|known| known.values.clone());
        let values = judged.remember.clone().or(kept).unwrap_or_default();
        let idle = !judged.key.is_empty() && values.is_empty();
        let is_owed = owed.contains(judged.key.as_str());
        if instance.state == State::Ok && (judged.is_gone(alert) || idle) && !is_owed {
            outcome.forgotten.extend(before.map(|known| known.key.clone()));
            continue;
        }
        let (key, labels, missed) = (judged.key.clone(), judged.labels.clone(), judged.missed);
        let after = Remembered { key, labels, instance: *instance, values, missed };
        if before != Some(&after) {
            outcome.instances.push(after);
        }
    }
}

/// What was compared, the gravest instances first.
fn seen(stepped: &[Stepped]) -> Vec<Seen> {
    let mut gravest: Vec<&Stepped> = stepped.iter().filter(|stepped| !stepped.judged.values.is_empty()).collect();
    gravest.sort_by_key(|stepped| std::cmp::Reverse(stepped.instance.state));
    let text = |value: &Value<'_>| (!value.is_null()).then(|| value.to_string());
    let seen = |Stepped { judged, .. }: &Stepped| Seen {
        key: judged.labels.clone(),
        values: judged.values.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
    };
    gravest.into_iter().take(MOST_SEEN).map(seen).collect()
}

/// Asks for each channel why to speak of each instance, and composes one message for each kind of news. Gives the keys
/// of which some channel has still something to hear.
fn speak_of_incidents<'a>(
    outcome: &mut Outcome,
    voice: &announce::Voice<'_>,
    memory: &Memory,
    holds: &Holds<'_>,
    stepped: &'a [Stepped],
) -> HashSet<&'a str> {
    let told: HashMap<(&Name, &str), &Told> =
        memory.told.iter().map(|(channel, key, told)| ((channel, key.as_str()), told)).collect();
    let firing = stepped.iter().filter(|stepped| stepped.instance.state == State::Firing).count();
    let mut owed = HashSet::new();
    for channel in &voice.alert.notify {
        let mut paper = Newspaper::default();
        for Stepped { judged, instance } in stepped {
            let last = told.get(&(channel, judged.key.as_str())).copied();
            let hold = match (holds.of_key(&judged.key), judged.verdict) {
                (Hold::Free, Verdict::Unknown) => Hold::Unjudged,
                (hold, _) => hold,
            };
            let why = reason(instance, last, &voice.alert.policy, &hold, voice.now);
            if why.is_held() {
                owed.insert(judged.key.as_str());
            }
            let until = if instance.state == State::Ok { instance.since } else { voice.now };
            let began = instance.began.or(last.map(|last| last.began)).unwrap_or(voice.now);
            let goes_on = matches!(why, Reason::RepeatDue | Reason::Over);
            let thread = last.filter(|_| goes_on).map_or(voice.now, |last| last.thread);
            if let Some(news) = paper.take(why, announce::Item { judged, began, until, thread }, last) {
                let told = Told { news, began, at: voice.now, thread };
                outcome.told.push((channel.clone(), judged.key.clone(), told));
            }
        }
        let minutes = std::mem::take(&mut paper.minutes);
        let edition = paper.print(channel, voice, firing);
        outcome.decisions.extend(edition.decisions(channel, &minutes));
        outcome.messages.extend(edition.messages().map(|message| sent(channel, message, voice)));
    }
    owed
}

/// Asks for each caretaker why to speak of the alert's own health.
fn speak_of_health(
    outcome: &mut Outcome,
    voice: &announce::Voice<'_>,
    memory: &Memory,
    report: &Report,
    seen: Option<Sighting>,
    hold: &Hold,
) {
    for channel in voice.alert.caretakers() {
        let told = memory.told_health.iter().find(|(name, _)| name == channel).map(|(_, health)| *health);
        let why = health_reason(outcome.health, told, seen, hold);
        let mut decision =
            Decision { channel: channel.clone(), key: None, why: Why::Health(why), count: 1, message: None };
        let kind = match why {
            HealthReason::Broke => Kind::Unwell,
            HealthReason::Mended => Kind::Well,
            HealthReason::Fine => continue,
            HealthReason::StillBroken
            | HealthReason::SourceDown
            | HealthReason::Silenced { .. }
            | HealthReason::Muted { .. } => {
                outcome.decisions.push(decision);
                continue;
            }
        };
        outcome.told_health.push((channel.clone(), outcome.health));
        let message = voice.of_health(channel, kind, report);
        decision.message = Some(message.id.clone());
        outcome.decisions.push(decision);
        outcome.messages.push(sent(channel, message, voice));
    }
}

/// What the owners of the source may have to be told. The store knows who was told by another alert meanwhile, and
/// enqueues only what is news.
fn speak_of_source(voice: &announce::Voice<'_>, memory: &Memory, seen: Sighting) -> AboutSource {
    let messages = match seen {
        Sighting::Down => {
            let told = |channel: &&Name| memory.source_down.iter().any(|(name, _)| name == *channel);
            let news = voice.alert.source_owners.iter().filter(|channel| !told(channel));
            news.map(|channel| sent(channel, voice.of_source_down(channel), voice)).collect()
        }
        Sighting::Up => {
            let owed = memory.source_down.iter();
            owed.map(|(channel, since)| sent(channel, voice.of_source_up(channel, *since), voice)).collect()
        }
    };
    AboutSource { source: voice.alert.ask.source.clone(), seen, messages }
}

fn sent(channel: &Name, message: Message, voice: &announce::Voice<'_>) -> Outgoing {
    let wanted = SignedDuration::try_from(voice.alert.retry_for).unwrap_or(SignedDuration::MAX);
    // A slot may be run long after its time.
    let decided = voice.now.max(voice.finding.ended);
    Outgoing { channel: channel.clone(), message, expires: decided.checked_add(wanted).unwrap_or(Timestamp::MAX) }
}
