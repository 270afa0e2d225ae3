//! One run of a job with memory: begin (claim, recall), work, record. Sending is the outbox's part.
//!
//! The parts stand apart because the loop records many outcomes in one transaction, each of which waits for the disk.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::alert::{self, Finding, Trouble, ask, conclude};
use super::report::{self, Built};
use super::scheduled::fnv;
use super::{Doors, Job, JobId};
use crate::catalogue::{Alert, Catalogue, Report};
use crate::clock::Clock;
use crate::name::Name;
use crate::page::AlertLine;
use crate::source::{Cause, SourceError};
use crate::store::{Busy, Claim, Claimed, Memory, Outcome, Recall, Store, StoreError};

/// The first wait before asking again; it doubles with each attempt.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait before asking again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How a run ended.
#[derive(Debug)]
pub enum Ran {
    /// An alert was judged and recorded; these many messages wait in the outbox.
    Judged {
        /// How the alert stands.
        report: alert::Report,
        /// How many messages were decided.
        messages: usize,
        /// How long the question took, judging included.
        took: Duration,
    },
    /// A report was built and recorded.
    Built {
        /// The page, and what failed on it.
        built: Box<Built>,
        /// How it was built, in a sentence.
        note: String,
        /// How many messages were decided.
        messages: usize,
        /// How long the questions took, composing included.
        took: Duration,
    },
    /// Another run of the same job is going on; this one did nothing.
    Busy(Busy),
    /// The claim was lost on the way: nothing was recorded, and another machine may have the slot.
    Lost,
    /// The slot has had its run; this one did nothing.
    Done,
}

/// How a run began.
#[derive(Debug)]
pub enum Begun {
    /// The job is ours.
    Ours(Box<Ours>),
    /// Another run of the same job is going on.
    Busy(Busy),
    /// The slot has had its run.
    Done,
}

/// A job that is ours, with what is remembered of it.
#[derive(Debug)]
pub struct Ours {
    claim: Claim,
    memory: Memory,
    /// How the alerts stand that a report tells of.
    alerts: Vec<(Name, AlertLine)>,
}

/// A run that has done its work and is to be recorded.
#[derive(Debug)]
pub struct Learned {
    /// The job.
    pub id: JobId,
    /// The due instant it ran for; none for a run by hand.
    pub slot: Option<Timestamp>,
    claim: Claim,
    outcome: Outcome,
    found: Found,
    took: Duration,
}

/// What a run found.
#[derive(Debug)]
enum Found {
    /// How an alert stands.
    Alert(alert::Report),
    /// A page.
    Page(Box<Built>),
}

/// Runs one job from its beginning to its record. `slot` is the due instant when a schedule asked for the run.
///
/// # Errors
/// The store failed: nothing was recorded and nothing will be sent.
pub async fn job(
    job: Job<'_>,
    doors: &Doors,
    store: &dyn Store,
    slot: Option<Timestamp>,
    clock: &dyn Clock,
) -> Result<Ran, StoreError> {
    let begun = begin(&[(job, slot)], store).await.pop().expect("one was begun");
    let ours = match begun? {
        Begun::Ours(ours) => *ours,
        Begun::Busy(busy) => return Ok(Ran::Busy(busy)),
        Begun::Done => return Ok(Ran::Done),
    };
    let Some(learned) = work(job, ours, doors, clock, &CancellationToken::new()).await else { return Ok(Ran::Lost) };
    record(store, vec![learned]).await.pop().expect("one was learned")
}

/// Takes jobs for one run each, with the due instants when a schedule asked for them: all of them in one transaction, and
/// what is remembered of alerts in another. Gives for each, in their order, how it began; an error where the store failed.
pub async fn begin(jobs: &[(Job<'_>, Option<Timestamp>)], store: &dyn Store) -> Vec<Result<Begun, StoreError>> {
    let names: Vec<String> = jobs.iter().map(|(job, _)| job.id().to_string()).collect();
    let wanted: Vec<(&str, Option<Timestamp>)> =
        names.iter().zip(jobs).map(|(name, (_, slot))| (name.as_str(), *slot)).collect();
    let claimed = match store.claim_all(&wanted).await {
        Ok(claimed) => claimed,
        Err(error) => return jobs.iter().map(|_| Err(error.clone())).collect(),
    };
    let mut alerts: Vec<&Alert> = Vec::new();
    for ((job, _), claimed) in jobs.iter().zip(&claimed) {
        if let (Job::Alert(alert), Claimed::Granted(_)) = (job, claimed) {
            alerts.push(alert);
        }
    }
    let mut memories = recall(&alerts, store).await;
    let mut begun = Vec::with_capacity(jobs.len());
    for ((job, _), claimed) in jobs.iter().zip(claimed) {
        begun.push(match (claimed, job) {
            (Claimed::Busy(busy), _) => Ok(Begun::Busy(busy)),
            (Claimed::Done, _) => Ok(Begun::Done),
            (Claimed::Granted(claim), Job::Alert(_)) => {
                let memory = memories.next().expect("each alert is remembered");
                memory.map(|memory| Begun::Ours(Box::new(Ours { claim, memory, alerts: Vec::new() })))
            }
            (Claimed::Granted(claim), Job::Report(report, catalogue)) => recall_report(report, catalogue, store)
                .await
                .map(|(memory, alerts)| Begun::Ours(Box::new(Ours { claim, memory, alerts }))),
        });
    }
    begun
}

/// What is remembered of each of these alerts, or for each that the store failed.
async fn recall(alerts: &[&Alert], store: &dyn Store) -> impl Iterator<Item = Result<Memory, StoreError>> + use<> {
    let wanted =
        alerts.iter().map(|alert| Recall { alert: &alert.name, source: &alert.ask.source, unless: &alert.unless });
    let wanted: Vec<Recall<'_>> = wanted.collect();
    let memories = match wanted.is_empty() {
        true => Ok(Vec::new()),
        false => store.recall_all(&wanted).await,
    };
    let memories: Vec<_> = match memories {
        Ok(memories) => memories.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error); alerts.len()],
    };
    memories.into_iter()
}

async fn recall_report(
    report: &Report,
    catalogue: &Catalogue,
    store: &dyn Store,
) -> Result<(Memory, Vec<(Name, AlertLine)>), StoreError> {
    Ok((store.recall_report(&report.name).await?, report::standings(report, catalogue, Some(store)).await?))
}

/// Does the work of a job that was begun. Asks again, as often as the job says, when a source cannot be reached, until `stop`.
/// Gives nothing when the claim is lost on the way.
pub async fn work(
    job: Job<'_>,
    ours: Ours,
    doors: &Doors,
    clock: &dyn Clock,
    stop: &CancellationToken,
) -> Option<Learned> {
    let Ours { claim, memory, alerts } = ours;
    match job {
        Job::Alert(alert) => {
            let begun = clock.now();
            let finding = tokio::select! {
                finding = ask_again(alert, doors, &memory, claim.slot, (clock, stop)) => finding,
                () = claim.lost() => return None,
            };
            let (outcome, report) = conclude(alert, &memory, &finding, claim.slot.unwrap_or(begun));
            let took = Duration::try_from(finding.ended.duration_since(finding.started)).unwrap_or_default();
            Some(Learned { id: job.id(), slot: claim.slot, claim, outcome, found: Found::Alert(report), took })
        }
        Job::Report(report, catalogue) => {
            let now = clock.now();
            // It speaks of its slot, however late it is built.
            let at = claim.slot.unwrap_or(now);
            let asked = async {
                let mut asked = report::Asked::nothing();
                let mut patience = Patience::of(job, claim.slot);
                loop {
                    asked.ask(report, catalogue, doors, at).await;
                    if !asked.is_unreachable() || !patience.waits(clock, stop).await {
                        return asked;
                    }
                }
            };
            let asked = tokio::select! {
                asked = asked => asked,
                () = claim.lost() => return None,
            };
            let built = report::page(report, &asked, &memory, &alerts, (at, now));
            let outcome = report::conclude(report, &memory, &built);
            let took = Duration::try_from(built.ended.duration_since(built.started)).unwrap_or_default();
            let found = Found::Page(Box::new(built));
            Some(Learned { id: job.id(), slot: claim.slot, claim, outcome, found, took })
        }
    }
}

/// Records what runs learned, in one transaction; gives for each how it ended. One that cannot be recorded does not take
/// the others with it.
pub async fn record(store: &dyn Store, learned: Vec<Learned>) -> Vec<Result<Ran, StoreError>> {
    let runs: Vec<(&Claim, &Outcome)> = learned.iter().map(|learned| (&learned.claim, &learned.outcome)).collect();
    let counts: Vec<Result<usize, StoreError>> = match store.record(&runs).await {
        Ok(counts) => counts.into_iter().map(Ok).collect(),
        Err(error) if runs.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut counts = Vec::with_capacity(runs.len());
            for run in runs {
                counts.push(store.record(&[run]).await.map(|counts| counts.iter().sum()));
            }
            counts
        }
    };
    let ran = |(learned, messages): (Learned, Result<usize, StoreError>)| match messages {
        Ok(messages) => Ok(match learned.found {
            Found::Alert(report) => Ran::Judged { report, messages, took: learned.took },
            Found::Page(built) => Ran::Built { built, note: learned.outcome.note, messages, took: learned.took },
        }),
        Err(_) if learned.claim.is_lost() => Ok(Ran::Lost),
        Err(error) => Err(error),
    };
    learned.into_iter().zip(counts).map(ran).collect()
}

async fn ask_again(
    alert: &Alert,
    doors: &Doors,
    memory: &Memory,
    slot: Option<Timestamp>,
    (clock, stop): (&dyn Clock, &CancellationToken),
) -> Finding {
    let mut patience = Patience::of(Job::Alert(alert), slot);
    loop {
        let finding = ask(alert, doors, memory, clock.now()).await;
        if !is_unreachable(&finding) || !patience.waits(clock, stop).await {
            return finding;
        }
    }
}

/// How often a run asks again while a source cannot be reached: at most `retries` times, and not beyond the next slot.
struct Patience {
    id: JobId,
    attempt: u32,
    retries: u32,
    until: Timestamp,
}

impl Patience {
    fn of(job: Job<'_>, slot: Option<Timestamp>) -> Self {
        let timing = job.timing();
        let until = slot.and_then(|slot| timing.next_after(slot)).unwrap_or(Timestamp::MAX);
        Self { id: job.id(), attempt: 0, retries: timing.retries, until }
    }

    /// Waits until it is time to ask again; false, without a wait or in the middle of it, when nobody is to ask again.
    async fn waits(&mut self, clock: &dyn Clock, stop: &CancellationToken) -> bool {
        let wait = SignedDuration::try_from(backoff(&self.id, self.attempt)).unwrap_or_default();
        let again = clock.now().checked_add(wait).unwrap_or(Timestamp::MAX);
        if self.attempt == self.retries || again >= self.until {
            return false;
        }
        self.attempt += 1;
        stop.run_until_cancelled(clock.sleep_until(again)).await.is_some()
    }
}

fn is_unreachable(finding: &Finding) -> bool {
    match &finding.answer {
        Err(Trouble::Source(SourceError { cause, .. })) => match cause {
            Cause::Unreachable => true,
            Cause::Settings | Cause::Refused | Cause::Statement | Cause::Timeout | Cause::Value => false,
        },
        Err(Trouble::Rule(_) | Trouble::TooManyRows) | Ok(_) => false,
    }
}

/// How long a job waits before it asks again: twice as long each time, between a half and the whole of it, and always the
/// same for the same job, so that jobs that met the same outage do not come back together.
fn backoff(id: &JobId, attempt: u32) -> Duration {
    let whole = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST_WAIT);
    let part = fnv(format!("{id} {attempt}").as_bytes()) % 1000;
    whole / 2 + whole.mul_f64(part as f64 / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::backoff;
    use crate::job::JobId;
    use crate::name::Name;
    use std::time::Duration;

    #[test]
    fn waits_double_to_a_ceiling_and_are_the_same_each_time() {
        let id = |word: &str| JobId::Alert(Name::new(word).expect("a name"));
        for (attempt, ceiling) in [(0, 1), (1, 2), (4, 16), (9, 60), (40, 60)] {
            let wait = backoff(&id("low"), attempt);
            assert!(wait >= Duration::from_secs(ceiling) / 2 && wait <= Duration::from_secs(ceiling), "{wait:?}");
            assert_eq!(wait, backoff(&id("low"), attempt));
        }
        assert_ne!(backoff(&id("low"), 1), backoff(&id("high"), 1), "jobs do not come back together");
    }
}
