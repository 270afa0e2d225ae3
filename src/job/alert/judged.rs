//! What a finding means for the alert's health and for each of its instances.

use std::collections::HashSet;

use super::Finding;
use crate::catalogue::{Alert, OnError, OnSilence};
use crate::incident::Health;
use crate::predicate::{Judgement, Verdict};
use crate::store::{Memory, Remembered};
use crate::value::Value;

/// One instance after judgement.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) key: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) verdict: Verdict,
    /// What was compared, for people.
    pub(super) values: Vec<(String, Value<'static>)>,
    /// Rows that are the evidence.
    pub(super) evidence: Vec<usize>,
    /// What `previous(..)` gives next time; none when nothing new was learned.
    pub(super) remember: Option<Vec<Value<'static>>>,
    /// Whether the instance is in the answer.
    pub(super) present: bool,
    /// In how many answers in a row it was not.
    pub(super) missed: u32,
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
            missed: known.missed,
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
            missed: 0,
        }
    }

    /// A known instance that an answer says nothing of: over once `missing_evals` answers in a row were like that.
    fn missing(alert: &Alert, known: &Remembered) -> Self {
        let missed = known.missed.saturating_add(1);
        let verdict = if missed >= alert.missing_evals { Verdict::Ok } else { Verdict::Unknown };
        Self { missed, ..Self::unseen(known, verdict) }
    }

    /// Whether the instance is no more: its key vanished, and for long enough.
    pub(super) fn is_gone(&self, alert: &Alert) -> bool {
        !self.present && self.missed >= alert.missing_evals
    }
}

/// What the finding means for the alert's health and for each instance, known ones that are not in the answer included.
pub(super) fn verdicts(alert: &Alert, memory: &Memory, finding: &Finding) -> (Health, Vec<Judged>) {
    match &finding.answer {
        Err(_) => {
            let verdict = match alert.on_error {
                OnError::Keep => Verdict::Unknown,
                OnError::Firing => Verdict::Firing,
            };
            (Health::Error, without_answer(alert, memory, verdict))
        }
        Ok((judgement, _)) if judgement.empty && !is_all_missing(alert) => {
            let (health, verdict) = silence(alert.on_empty);
            (health, without_answer(alert, memory, verdict))
        }
        Ok((judgement, _)) => answered(alert, memory, judgement),
    }
}

/// Whether an answer without a row is an answer in which every key is missing.
fn is_all_missing(alert: &Alert) -> bool {
    !alert.key.is_empty() && alert.on_empty == OnSilence::Ok
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
            missed: 0,
        });
    }
    let present: HashSet<&str> = judgement.instances.iter().map(|i| i.key.as_str()).collect();
    let gone = memory.instances.iter().filter(|known| !present.contains(known.key.as_str()));
    judged.extend(gone.map(|known| Judged::missing(alert, known)));
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
