//! The journey of an alert: ask, judge, conclude.
//!
//! [`ask`] is the part that touches the world. What it found goes through [`conclude`], which is pure: from the
//! finding and from what is remembered to everything that is to be recorded and sent, as one outcome.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::Doors;
use crate::catalogue::{Alert, Ask, Given};
use crate::incident::{Health, Sighting, State};
use crate::message::Severity;
use crate::name::Name;
use crate::predicate::{Context, JudgeError, Judgement, Verdict};
use crate::source::{Bound, Cause, Request, SourceError};
use crate::store::Memory;
use crate::table::Table;
use crate::value::Value;

pub use conclude::conclude;
use judged::{Judged, verdicts};

mod announce;
mod compare;
mod conclude;
mod evidence;
mod files;
mod hold;
mod judged;
pub mod next;
mod own;
mod paper;
mod words;

pub use evidence::sample;

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
    pub answer: Result<(Judgement, Arc<Table>), Trouble>,
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

    /// What this tells of the source: nothing when it was not asked or gave no answer in time.
    #[must_use]
    pub fn sighting(&self) -> Option<Sighting> {
        match self {
            Self::Source(error) => match error.cause {
                Cause::Unreachable | Cause::Refused => Some(Sighting::Down),
                Cause::Statement | Cause::Value => Some(Sighting::Up),
                Cause::Settings | Cause::Timeout => None,
            },
            Self::Rule(_) | Self::TooManyRows => Some(Sighting::Up),
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

    /// The one word for a health and the gravest state.
    #[must_use]
    pub fn of(health: Health, state: State) -> Self {
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
    judge_answer(alert, memory, now, fetch(alert, doors, now)).await
}

/// Waits for the answer and judges it; `now` is when the question is put.
pub(super) async fn judge_answer(
    alert: &Alert,
    memory: &Memory,
    now: Timestamp,
    answer: impl Future<Output = Result<Arc<Table>, Trouble>>,
) -> Finding {
    let clock = tokio::time::Instant::now();
    let answer = answer.await;
    let judged = find(alert, memory, now, answer);
    let elapsed = jiff::SignedDuration::try_from(clock.elapsed()).unwrap_or_default();
    Finding { ended: now.checked_add(elapsed).unwrap_or(now), ..judged }
}

/// Judges an answer at the instant `now`, without asking anybody.
#[must_use]
pub fn find(alert: &Alert, memory: &Memory, now: Timestamp, answer: Result<Arc<Table>, Trouble>) -> Finding {
    let context = Context { now, zone: &alert.timing.zone };
    let judged = answer.and_then(|table| {
        let judgement = alert.when.judge(&table, &alert.key, &previous(alert, memory), &context);
        judgement.map(|judgement| (judgement, table)).map_err(Trouble::Rule)
    });
    let rows = judged.as_ref().ok().map(|(_, table)| u64::try_from(table.len()).unwrap_or(u64::MAX));
    Finding { started: now, ended: now, rows, answer: judged }
}

/// Asks the source, or both sources of a comparison; the whole answer, or why there is none. `now` is what words such
/// as `today` mean.
pub(super) async fn fetch(alert: &Alert, doors: &Doors, now: Timestamp) -> Result<Arc<Table>, Trouble> {
    let here = whole(alert, &alert.ask, &alert.given, doors, now);
    let Some(against) = &alert.against else { return here.await.map(Arc::new) };
    let (here, there) = tokio::try_join!(here, whole(alert, against, &[], doors, now))?;
    compare::differences(&alert.key, (&alert.ask.source, &here), (&against.source, &there))
        .map(Arc::new)
        .map_err(Trouble::Rule)
}

async fn whole(
    alert: &Alert,
    ask: &Ask,
    given: &[(Name, Given)],
    doors: &Doors,
    now: Timestamp,
) -> Result<Table, Trouble> {
    let settings = |problem: String| Trouble::Source(SourceError::new(&ask.source, Cause::Settings, problem));
    let argument =
        |(name, given): &(Name, Given)| given.at(now, &alert.timing.zone).map(|argument| (name.clone(), argument));
    let arguments = given.iter().map(argument).collect::<Result<Vec<_>, _>>();
    let bound = Bound::new(ask.statement.clone(), arguments.map_err(|error| settings(error.to_string()))?);
    let bound = bound.map_err(|error| settings(error.to_string()))?;
    let request = Request { bound, timeout: ask.timeout, label: alert.job() };
    let rows = doors.source(&ask.source).fetch(request).await.map_err(Trouble::Source)?;
    let table = rows.collect(MOST_ROWS).await.map_err(Trouble::Source)?;
    if table.is_cut() { Err(Trouble::TooManyRows) } else { Ok(table) }
}

/// What `previous(..)` gives: the values of the last run by the same rule.
fn previous(alert: &Alert, memory: &Memory) -> BTreeMap<String, Vec<Value<'static>>> {
    let known = memory.instances.iter().filter(|_| is_same_rule(alert, memory));
    known.map(|known| (known.key.clone(), known.values.clone())).collect()
}

/// Whether the values that are remembered are values of the rule as it stands now.
fn is_same_rule(alert: &Alert, memory: &Memory) -> bool {
    memory.rule == alert.when.text()
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
