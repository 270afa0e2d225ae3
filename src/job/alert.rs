//! The journey of an alert: ask, judge, conclude.
//!
//! [`ask`] is the part that touches the world. What it found goes through [`conclude`], which is pure: from the
//! finding and from what is remembered to everything that is to be recorded and sent, as one outcome.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::Timestamp;

use super::Doors;
use crate::catalogue::{Alert, Given, OnError, OnSilence};
use crate::incident::{Health, HealthReason, Instance, News, Reason, State, Told, health_reason, reason, step};
use crate::message::{Kind, Severity};
use crate::name::Name;
use crate::predicate::{Context, JudgeError, Judgement, Verdict};
use crate::source::{Bound, Cause, Request, SourceError};
use crate::store::{Memory, Outcome, Outgoing, Remembered};
use crate::table::Table;
use crate::value::Value;

mod announce;
mod words;

/// At most this many rows are judged; a rule over a part of a result would be a rule over chance.
pub const MOST_ROWS: usize = 10_000;

/// What asking found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// When the question was put.
    pub started: Timestamp,
    /// When the answer was judged.
    pub ended: Timestamp,
    /// The rows of the answer, when there was one.
    pub rows: Option<u64>,
    /// The judgement and what it was passed on, or why there is none.
    pub answer: Result<(Judgement, Table), Trouble>,
}

/// Why an alert could not be judged.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The source gave no answer.
    Source(SourceError),
    /// The rule cannot be asked about this answer.
    Rule(JudgeError),
    /// The answer is too long to judge.
    TooManyRows,
}

impl Trouble {
    /// The next step, when we know it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Source(error) => error.hint.as_deref(),
            Self::Rule(error) => error.hint.as_deref(),
            Self::TooManyRows => Some("let the query count or filter, so that it gives only what matters"),
        }
    }

    /// Whether the catalogue or the environment is at fault, rather than the database.
    #[must_use]
    pub fn is_settings(&self) -> bool {
        matches!(self, Self::Source(SourceError { cause: Cause::Settings, .. }))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => write!(f, "{error}"),
            Self::Rule(error) => write!(f, "`when`: {error}"),
            Self::TooManyRows => write!(f, "the query gives more than {MOST_ROWS} rows"),
        }
    }
}

/// The one word for how an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing to tell.
    Ok,
    /// The rule holds, not yet long enough.
    Pending,
    /// The rule no longer holds, not yet long enough.
    Recovering,
    /// An incident is open.
    Firing,
    /// There was nothing to judge.
    NoData,
    /// It could not be judged.
    Error,
}

impl Standing {
    /// The word of the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => State::Ok.as_str(),
            Self::Pending => State::Pending.as_str(),
            Self::Recovering => State::Recovering.as_str(),
            Self::Firing => State::Firing.as_str(),
            Self::NoData => Health::NoData.as_str(),
            Self::Error => Health::Error.as_str(),
        }
    }

    fn of(health: Health, state: State) -> Self {
        match (health, state) {
            (Health::Error, _) => Self::Error,
            (Health::NoData, _) => Self::NoData,
            (Health::Healthy, State::Firing) => Self::Firing,
            (Health::Healthy, State::Recovering) => Self::Recovering,
            (Health::Healthy, State::Pending) => Self::Pending,
            (Health::Healthy, State::Ok) => Self::Ok,
        }
    }
}

/// How an alert stands, in a word and a sentence.
#[derive(Clone, Debug)]
pub struct Report {
    /// The alert.
    pub alert: Name,
    /// How loud it is.
    pub severity: Severity,
    /// How it stands.
    pub standing: Standing,
    /// Why.
    pub note: String,
    /// The next step, when it could not be judged.
    pub hint: Option<String>,
    /// Whether the catalogue or the environment is at fault when it could not be judged.
    pub settings_at_fault: bool,
    /// Whether the rule held for some instance, whatever `for` and health make of it.
    pub fires: bool,
}

/// Asks the source and judges the answer. `memory` serves `previous(..)`; `now` is when the question is put.
pub async fn ask(alert: &Alert, doors: &Doors, memory: &Memory, now: Timestamp) -> Finding {
    let clock = tokio::time::Instant::now();
    let answer = answer(alert, doors, memory, now).await;
    let elapsed = jiff::SignedDuration::try_from(clock.elapsed()).unwrap_or_default();
    let ended = now.checked_add(elapsed).unwrap_or(now);
    let rows = answer.as_ref().ok().map(|(_, table)| u64::try_from(table.len()).unwrap_or(u64::MAX));
    Finding { started: now, ended, rows, answer }
}

async fn answer(alert: &Alert, doors: &Doors, memory: &Memory, now: Timestamp) -> Result<(Judgement, Table), Trouble> {
    let settings = |problem: String| Trouble::Source(SourceError::new(&alert.ask.source, Cause::Settings, problem));
    let argument = |(name, given): &(Name, Given)| given.at(now, &alert.zone).map(|argument| (name.clone(), argument));
    let arguments = alert.given.iter().map(argument).collect::<Result<Vec<_>, _>>();
    let arguments = arguments.map_err(|error| settings(error.to_string()))?;
    let bound = Bound::new(alert.ask.statement.clone(), arguments);
    let bound = bound.map_err(|error| settings(error.to_string()))?;
    let request = Request { bound, timeout: alert.ask.timeout, label: format!("alert {}", alert.name) };
    let rows = doors.source(&alert.ask.source).fetch(request).await.map_err(Trouble::Source)?;
    let table = rows.collect(MOST_ROWS).await.map_err(Trouble::Source)?;
    if table.is_cut() {
        return Err(Trouble::TooManyRows);
    }
    let context = Context { now, zone: &alert.zone };
    let judgement = alert.when.judge(&table, &alert.key, &previous(alert, memory), &context).map_err(Trouble::Rule)?;
    Ok((judgement, table))
}

/// What `previous(..)` gives: the values of the last run by the same rule.
fn previous(alert: &Alert, memory: &Memory) -> BTreeMap<String, Vec<Value<'static>>> {
    let same_rule = memory.rule == alert.when.text();
    let known = memory.instances.iter().filter(|_| same_rule);
    known.map(|known| (known.key.clone(), known.values.clone())).collect()
}

/// One instance after judgement.
#[derive(Clone, Debug)]
struct Judged {
    key: String,
    labels: Vec<(String, String)>,
    verdict: Verdict,
    /// What was compared, for people.
    values: Vec<(String, Value<'static>)>,
    /// Rows that are the evidence.
    evidence: Vec<usize>,
    /// What `previous(..)` gives next time; none when nothing new was learned.
    remember: Option<Vec<Value<'static>>>,
    /// Whether the instance is in the answer; one that is not is forgotten once it is over.
    present: bool,
}

impl Judged {
    fn unseen(known: &Remembered, verdict: Verdict) -> Self {
        Self {
            key: known.key.clone(),
            labels: known.labels.clone(),
            verdict,
            values: Vec::new(),
            evidence: Vec::new(),
            remember: None,
            present: false,
        }
    }

    /// The only instance of an alert without key, when the answer says nothing of it.
    fn single(verdict: Verdict) -> Self {
        Self {
            key: String::new(),
            labels: Vec::new(),
            verdict,
            values: Vec::new(),
            evidence: Vec::new(),
            remember: None,
            present: true,
        }
    }
}

/// What the finding means for the alert's health and for each instance, known ones that are not in the answer included.
fn verdicts(alert: &Alert, memory: &Memory, finding: &Finding) -> (Health, Vec<Judged>) {
    match &finding.answer {
        Err(_) => {
            let verdict = match alert.on_error {
                OnError::Keep => Verdict::Unknown,
                OnError::Firing => Verdict::Firing,
            };
            (Health::Error, without_answer(alert, memory, verdict))
        }
        Ok((judgement, _)) if judgement.empty => {
            let (health, verdict) = silence(alert.on_empty);
            (health, without_answer(alert, memory, verdict))
        }
        Ok((judgement, _)) => answered(alert, memory, judgement),
    }
}

/// Every known instance gets the same verdict; an alert without key has its one instance in any case, and so has an
/// alert that is to fire although nothing is known.
fn without_answer(alert: &Alert, memory: &Memory, verdict: Verdict) -> Vec<Judged> {
    let mut judged: Vec<Judged> = memory.instances.iter().map(|known| Judged::unseen(known, verdict)).collect();
    let nothing_known = judged.is_empty() && (alert.key.is_empty() || verdict == Verdict::Firing);
    if nothing_known {
        judged.push(Judged::single(verdict));
    }
    if alert.key.is_empty() {
        judged.iter_mut().for_each(|instance| instance.present = true);
    }
    judged
}

fn answered(alert: &Alert, memory: &Memory, judgement: &Judgement) -> (Health, Vec<Judged>) {
    let (null_health, null_verdict) = silence(alert.on_null);
    let mut health = Health::Healthy;
    let mut judged = Vec::with_capacity(judgement.instances.len());
    for instance in &judgement.instances {
        let verdict = match instance.verdict {
            Verdict::Unknown => {
                health = if null_health == Health::NoData { null_health } else { health };
                null_verdict
            }
            known => known,
        };
        judged.push(Judged {
            key: instance.key.clone(),
            labels: instance.labels.clone(),
            verdict,
            values: instance.values.clone(),
            evidence: instance.evidence.clone(),
            remember: Some(instance.remember.clone()),
            present: true,
        });
    }
    let present: std::collections::HashSet<&str> = judgement.instances.iter().map(|i| i.key.as_str()).collect();
    let gone = memory.instances.iter().filter(|known| !present.contains(known.key.as_str()));
    judged.extend(gone.map(|known| Judged::unseen(known, Verdict::Ok)));
    (health, judged)
}

fn silence(choice: OnSilence) -> (Health, Verdict) {
    match choice {
        OnSilence::Ok => (Health::Healthy, Verdict::Ok),
        OnSilence::Firing => (Health::Healthy, Verdict::Firing),
        OnSilence::NoData => (Health::NoData, Verdict::Unknown),
        OnSilence::Keep => (Health::Healthy, Verdict::Unknown),
    }
}

/// How an alert stands when only the present counts: no memory, `for` does not delay.
#[must_use]
pub fn report(alert: &Alert, finding: &Finding) -> Report {
    let (health, judged) = verdicts(alert, &Memory::default(), finding);
    let fires = judged.iter().any(|instance| instance.verdict == Verdict::Firing);
    let state = if fires { State::Firing } else { State::Ok };
    describe(alert, finding, &judged, Standing::of(health, state))
}

fn describe(alert: &Alert, finding: &Finding, judged: &[Judged], standing: Standing) -> Report {
    let trouble = finding.answer.as_ref().err();
    Report {
        alert: alert.name.clone(),
        severity: alert.severity,
        standing,
        note: words::note(alert, finding, judged),
        hint: trouble.and_then(Trouble::hint).map(str::to_owned),
        settings_at_fault: trouble.is_some_and(Trouble::is_settings),
        fires: judged.iter().any(|instance| instance.verdict == Verdict::Firing),
    }
}

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
        alert: alert.name.clone(),
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
    };
    remember(&mut outcome, &stepped, &known);
    let voice = announce::Voice { alert, finding, now };
    speak_of_incidents(&mut outcome, &voice, memory, &stepped);
    speak_of_health(&mut outcome, &voice, memory, &report);
    (outcome, report)
}

/// New and changed instances are written; one that is over and has nothing to remember is forgotten.
fn remember(outcome: &mut Outcome, stepped: &[Stepped], known: &HashMap<&str, &Remembered>) {
    for Stepped { judged, instance } in stepped {
        let before = known.get(judged.key.as_str()).copied();
        let values = judged.remember.clone().or_else(|| before.map(|known| known.values.clone())).unwrap_or_default();
        let idle = !judged.key.is_empty() && values.is_empty();
        if instance.state == State::Ok && (!judged.present || idle) {
            outcome.forgotten.extend(before.map(|known| known.key.clone()));
            continue;
        }
        let after = Remembered { key: judged.key.clone(), labels: judged.labels.clone(), instance: *instance, values };
        if before != Some(&after) {
            outcome.instances.push(after);
        }
    }
}

/// Asks for each channel why to speak of each instance, and composes one message for each kind of news.
fn speak_of_incidents(outcome: &mut Outcome, voice: &announce::Voice<'_>, memory: &Memory, stepped: &[Stepped]) {
    let told: HashMap<(&Name, &str), &Told> =
        memory.told.iter().map(|(channel, key, told)| ((channel, key.as_str()), told)).collect();
    for channel in &voice.alert.notify {
        let mut news: BTreeMap<u8, (Kind, Vec<announce::Item<'_>>)> = BTreeMap::new();
        for Stepped { judged, instance } in stepped.iter().filter(|stepped| stepped.judged.verdict != Verdict::Unknown)
        {
            let last = told.get(&(channel, judged.key.as_str())).copied();
            let (order, kind, what) = match reason(instance, last, &voice.alert.policy, voice.now) {
                Reason::Began => (0, Kind::Firing, News::Firing),
                Reason::RepeatDue => (1, Kind::Repeat, News::Firing),
                Reason::Over => (2, Kind::Resolved, News::Resolved),
                Reason::Quiet
                | Reason::Pending { .. }
                | Reason::RepeatNotDue { .. }
                | Reason::RepeatNever
                | Reason::Recovering { .. }
                | Reason::ResolvedOff => continue,
            };
            let began = instance.began.or(last.map(|last| last.began)).unwrap_or(voice.now);
            outcome.told.push((channel.clone(), judged.key.clone(), Told { news: what, began, at: voice.now }));
            news.entry(order).or_insert((kind, Vec::new())).1.push(announce::Item { judged, began });
        }
        for (kind, items) in news.into_values() {
            outcome.messages.push(sent(channel, voice.of_incidents(channel, kind, &items), voice.now));
        }
    }
}

/// Asks for each caretaker why to speak of the alert's own health.
fn speak_of_health(outcome: &mut Outcome, voice: &announce::Voice<'_>, memory: &Memory, report: &Report) {
    for channel in voice.alert.caretakers() {
        let told = memory.told_health.iter().find(|(name, _)| name == channel).map(|(_, health)| *health);
        let kind = match health_reason(outcome.health, told) {
            HealthReason::Broke => Kind::Unwell,
            HealthReason::Mended => Kind::Well,
            HealthReason::StillBroken | HealthReason::Fine => continue,
        };
        outcome.told_health.push((channel.clone(), outcome.health));
        outcome.messages.push(sent(channel, voice.of_health(channel, kind, report), voice.now));
    }
}

/// How long a message of an alert is worth delivering.
const WANTED: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

fn sent(channel: &Name, message: crate::message::Message, now: Timestamp) -> Outgoing {
    Outgoing { channel: channel.clone(), message, expires: now.checked_add(WANTED).unwrap_or(Timestamp::MAX) }
}
