//! Many alerts at once: asked side by side, remembered together.
//!
//! Alerts of one source are never asked for more connections than it has, so that none waits in line until its deadline
//! and a slow source holds up no other. Equal questions are asked once. Outcomes are recorded many in one transaction,
//! for each transaction waits for the disk; messages are sent by nobody here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

use super::Doors;
use super::alert::{Finding, Report, conclude, judge_answer, report, sample};
use super::answers::Answers;
use crate::catalogue::{Alert, Catalogue};
use crate::message::Excerpt;
use crate::name::Name;
use crate::store::{Claim, Claimed, Memory, Outcome, Outgoing, Recall, Store, StoreError};

/// At most this many outcomes are recorded in one transaction.
const MOST_RECORDED: usize = 256;
/// How long an outcome waits for others to be recorded with it.
const PATIENCE: Duration = Duration::from_millis(200);
/// What another connection to a source costs, both ends together: as much as a hundred cheap questions.
const CONNECT: Duration = Duration::from_millis(20);
/// How often it is asked whether another one pays.
const LOOK: Duration = Duration::from_millis(5);
/// So many alerts are claimed and recalled together, ahead of their questions.
const RECALLED: usize = 64;

/// How an alert was found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// How it stands.
    pub report: Report,
    /// How many rows the query gave, when it answered.
    pub rows: Option<u64>,
    /// When the question was put.
    pub started: Timestamp,
    /// When the answer was judged.
    pub ended: Timestamp,
    /// Rows for which the rule holds, when they were asked for.
    pub sample: Option<Excerpt>,
}

/// How the run of one alert ended.
#[derive(Debug)]
pub enum Ended {
    /// It was judged; with a memory, these messages were decided.
    Judged(Box<Checked>, Vec<Outgoing>),
    /// Another run of the same alert is going on; this one did nothing.
    Busy,
    /// The store failed: nothing was recorded and nothing will be sent.
    Lost(StoreError),
}

/// What is remembered, and whether anything new is.
#[derive(Clone, Copy)]
pub enum Keeping<'a> {
    /// Only the present counts: `for` does not delay, nobody is told.
    Nothing,
    /// As if it were remembered: what is known is read, nothing is written. None means that nothing is known.
    Rehearsal(Option<&'a dyn Store>),
    /// Incidents and messages are recorded.
    Everything(&'a dyn Store),
}

/// Alerts to judge at once.
pub struct Batch<'a> {
    /// Which.
    pub alerts: &'a [&'a Alert],
    /// The catalogue they stand in.
    pub catalogue: &'a Catalogue,
    /// Its doors.
    pub doors: &'a Doors,
    /// At most this many questions at once.
    pub at_once: usize,
    /// At most this many rows of evidence for each.
    pub samples: usize,
    /// What time it is.
    pub now: fn() -> Timestamp,
}

/// An alert after its answer.
struct Learned {
    index: usize,
    ended: Ended,
    /// What is to be recorded.
    outcome: Option<(Claim, Outcome)>,
}

/// The questions of one source that may be open at once: one at first, more when that does not do.
struct Lane {
    alerts: Vec<usize>,
    most: usize,
    open: AtomicUsize,
    done: AtomicUsize,
    /// When the first answer was there: to connect is no part of the pace.
    first: OnceLock<Instant>,
    free: Semaphore,
}

/// A claim and what is remembered; none when another run goes on.
type Known = Result<Option<(Option<Claim>, Memory)>, StoreError>;

impl Batch<'_> {
    /// Begins to connect to the sources, as many as are asked at once: while they answer, the state may be opened.
    pub fn knock(&self) {
        let sources: BTreeSet<&Name> = self.alerts.iter().map(|alert| &alert.ask.source).collect();
        sources.into_iter().take(self.at_once).for_each(|source| self.doors.source(source).ahead());
    }

    /// Judges all of them; `seen` is called whenever one is done. The results stand in the order of the alerts.
    pub async fn judge(&self, keeping: Keeping<'_>, seen: impl Fn()) -> Vec<Ended> {
        let (learned, waiting) = mpsc::unbounded_channel();
        let (answers, free, lanes) =
            (Answers::new(self.alerts, (self.now)()), Semaphore::new(self.at_once.max(1)), self.lanes());
        let asked = lanes.iter().map(|lane| {
            let learn = |(index, known)| self.learn(index, known, keeping, (&answers, &free), lane);
            let recall = move |some| self.recall(some, keeping);
            // Few at first: while they are asked the next are claimed and recalled.
            let ahead = 2 * lane.most;
            let (first, rest) = lane.alerts.split_at(ahead.min(lane.alerts.len()));
            let known = stream::iter(std::iter::once(first).chain(rest.chunks(RECALLED))).then(recall);
            Box::pin(known.flat_map(stream::iter).map(learn).buffer_unordered(ahead))
        });
        let mut asked = stream::select_all(asked);
        let asking = async move {
            while let Some(one) = asked.next().await {
                seen();
                learned.send(one).unwrap_or_else(|_| unreachable!("the recorder outlives whoever asks"));
            }
        };
        let asking = async {
            tokio::select! {
                () = asking => {}
                () = widen(&lanes) => {}
            }
        };
        let ((), mut ended) = tokio::join!(asking, record(keeping, waiting));
        ended.sort_unstable_by_key(|(index, _)| *index);
        ended.into_iter().map(|(_, ended)| ended).collect()
    }

    /// The alerts by their source.
    fn lanes(&self) -> Vec<Lane> {
        let mut sources: BTreeMap<&Name, Vec<usize>> = BTreeMap::new();
        for (index, alert) in self.alerts.iter().enumerate() {
            sources.entry(&alert.ask.source).or_default().push(index);
        }
        let lane = |(source, alerts): (&Name, Vec<usize>)| {
            let most = self.catalogue.sources.get(source).map_or(1, |source| source.settings.max_concurrent);
            let (open, done) = (AtomicUsize::new(1), AtomicUsize::new(0));
            Lane {
                alerts,
                most: most.min(self.at_once).max(1),
                open,
                done,
                first: OnceLock::new(),
                free: Semaphore::new(1),
            }
        };
        sources.into_iter().map(lane).collect()
    }

    async fn learn(
        &self,
        index: usize,
        known: Known,
        keeping: Keeping<'_>,
        (answers, free): (&Answers, &Semaphore),
        lane: &Lane,
    ) -> Learned {
        let alert = self.alerts[index];
        let (claim, memory) = match known {
            Ok(Some(known)) => known,
            Ok(None) => return Learned { index, ended: Ended::Busy, outcome: None },
            Err(error) => return Learned { index, ended: Ended::Lost(error), outcome: None },
        };
        let _place = lane.free.acquire().await.expect("a lane is never closed");
        let _turn = free.acquire().await.expect("the turns are never closed");
        let now = (self.now)();
        let finding = judge_answer(alert, &memory, now, answers.fetch(alert, self.doors)).await;
        lane.first.get_or_init(Instant::now);
        lane.done.fetch_add(1, Ordering::Relaxed);
        let (report, outcome) = match keeping {
            Keeping::Nothing => (report(alert, &finding), None),
            Keeping::Rehearsal(_) | Keeping::Everything(_) => {
                let (outcome, report) = conclude(alert, &memory, &finding, now);
                (report, Some(outcome))
            }
        };
        let checked = Box::new(self.checked(alert, report, &finding));
        match (claim, outcome) {
            (Some(claim), Some(outcome)) => {
                Learned { index, ended: Ended::Judged(checked, Vec::new()), outcome: Some((claim, outcome)) }
            }
            (_, outcome) => {
                let messages = outcome.map(decided).unwrap_or_default();
                Learned { index, ended: Ended::Judged(checked, messages), outcome: None }
            }
        }
    }

    fn checked(&self, alert: &Alert, report: Report, finding: &Finding) -> Checked {
        let sample = (self.samples > 0).then(|| sample(alert, finding, self.samples)).flatten();
        Checked { report, rows: finding.rows, started: finding.started, ended: finding.ended, sample }
    }
}

/// What was decided to be said, about the source as well.
fn decided(outcome: Outcome) -> Vec<Outgoing> {
    let mut messages = outcome.messages;
    messages.extend(outcome.source.map(|about| about.messages).unwrap_or_default());
    messages
}

/// Lets one question more be open at a source, again and again, where that pays; never ends.
async fn widen(lanes: &[Lane]) {
    let begun = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        lanes.iter().for_each(|lane| lane.widen(lane.first.get().unwrap_or(&begun).elapsed()));
    }
}

impl Lane {
    fn widen(&self, elapsed: Duration) {
        let (open, done) = (self.open.load(Ordering::Relaxed), self.done.load(Ordering::Relaxed));
        if open < self.most && pays(done, self.alerts.len().saturating_sub(done), open, elapsed) {
            self.open.store(open + 1, Ordering::Relaxed);
            self.free.add_permits(1);
        }
    }
}

/// Whether one connection more than `open` saves more time than it costs, twice over: at best its share of what is left,
/// which the pace of what is done foretells. Without an answer yet, each that is open gets the time to give one.
fn pays(done: usize, left: usize, open: usize, elapsed: Duration) -> bool {
    if done == 0 {
        return left > open && elapsed > CONNECT * u32::try_from(open).unwrap_or(u32::MAX);
    }
    let expected = elapsed.as_secs_f64() * left as f64 / done as f64;
    expected / (open + 1) as f64 > 2.0 * CONNECT.as_secs_f64()
}

impl Batch<'_> {
    /// The claims of some alerts and what is remembered of them.
    async fn recall(&self, indexes: &[usize], keeping: Keeping<'_>) -> Vec<(usize, Known)> {
        let store = match keeping {
            Keeping::Nothing | Keeping::Rehearsal(None) => {
                return indexes.iter().map(|index| (*index, Ok(Some((None, Memory::default()))))).collect();
            }
            Keeping::Rehearsal(Some(store)) | Keeping::Everything(store) => store,
        };
        let (claimed, mut known) = match self.claim(indexes, keeping).await {
            Ok(found) => found,
            Err(error) => return indexes.iter().map(|index| (*index, Err(error.clone()))).collect(),
        };
        let wanted: Vec<Recall<'_>> = claimed.iter().map(|(index, _)| wanted(self.alerts[*index])).collect();
        match store.recall_all(&wanted).await {
            Ok(memories) => known.extend(
                claimed.into_iter().zip(memories).map(|((index, claim), memory)| (index, Ok(Some((claim, memory))))),
            ),
            Err(error) => known.extend(claimed.into_iter().map(|(index, _)| (index, Err(error.clone())))),
        }
        known
    }

    /// The claims, none in a rehearsal; and the alerts of which another run goes on.
    async fn claim(
        &self,
        indexes: &[usize],
        keeping: Keeping<'_>,
    ) -> Result<(Vec<(usize, Option<Claim>)>, Vec<(usize, Known)>), StoreError> {
        let Keeping::Everything(store) = keeping else {
            return Ok((indexes.iter().map(|index| (*index, None)).collect(), Vec::new()));
        };
        let jobs: Vec<String> = indexes.iter().map(|index| self.alerts[*index].job()).collect();
        let wanted: Vec<(&str, Option<Timestamp>)> = jobs.iter().map(|job| (job.as_str(), None)).collect();
        let (mut claimed, mut busy) = (Vec::with_capacity(indexes.len()), Vec::new());
        for (index, answer) in indexes.iter().zip(store.claim_all(&wanted).await?) {
            match answer {
                Claimed::Granted(claim) => claimed.push((*index, Some(claim))),
                Claimed::Busy(_) | Claimed::Done => busy.push((*index, Ok(None))),
            }
        }
        Ok((claimed, busy))
    }
}

fn wanted(alert: &Alert) -> Recall<'_> {
    Recall { alert: &alert.name, source: &alert.ask.source, unless: &alert.unless }
}

/// Records what comes, many in one transaction, and lets go of the claims.
async fn record(keeping: Keeping<'_>, mut learned: mpsc::UnboundedReceiver<Learned>) -> Vec<(usize, Ended)> {
    let mut ended = Vec::new();
    while let Some(first) = learned.recv().await {
        let mut batch = vec![first];
        let patience = Instant::now() + PATIENCE;
        while batch.len() < MOST_RECORDED {
            match timeout_at(patience, learned.recv()).await {
                Ok(Some(next)) => batch.push(next),
                Ok(None) | Err(_) => break,
            }
        }
        batch.sort_unstable_by_key(|learned| learned.index);
        match keeping {
            Keeping::Everything(store) => ended.extend(recorded(store, batch).await),
            Keeping::Nothing | Keeping::Rehearsal(_) => {
                ended.extend(batch.into_iter().map(|learned| (learned.index, learned.ended)));
            }
        }
    }
    ended
}

async fn recorded(store: &dyn Store, batch: Vec<Learned>) -> Vec<(usize, Ended)> {
    let runs: Vec<(&Claim, &Outcome)> =
        batch.iter().filter_map(|learned| learned.outcome.as_ref()).map(|(claim, outcome)| (claim, outcome)).collect();
    let together = store.record(&runs).await;
    let mut ended = Vec::with_capacity(batch.len());
    for Learned { index, ended: found, outcome } in batch {
        ended.push((
            index,
            match (found, outcome) {
                (Ended::Judged(checked, _), Some((claim, outcome))) => {
                    // One that cannot be recorded must not take the others with it.
                    let kept = match &together {
                        Ok(_) => Ok(()),
                        Err(_) => store.record(&[(&claim, &outcome)]).await.map(drop),
                    };
                    match kept {
                        Ok(()) => Ended::Judged(checked, decided(outcome)),
                        Err(error) => Ended::Lost(error),
                    }
                }
                (found, _) => found,
            },
        ));
    }
    ended
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::pays;

    #[test]
    fn a_connection_is_opened_where_it_pays() {
        let cases = [
            // Nothing has come back yet.
            (0, 3, 1, 20, false),
            (0, 3, 1, 25, true),
            (0, 3, 2, 25, false),
            (0, 3, 3, 99, false),
            // Many cheap ones.
            (40, 960, 1, 5, true),
            (80, 920, 2, 10, false),
            (150, 850, 1, 20, true),
            // Two do what is left in the time that opens a third.
            (450, 550, 2, 40, false),
            (90, 10, 1, 20, false),
            // Slow questions are worth it.
            (4, 96, 2, 40, true),
            (0, 0, 1, 20, false),
        ];
        for (done, left, open, elapsed, expected) in cases {
            assert_eq!(pays(done, left, open, Duration::from_millis(elapsed)), expected, "{done} {left} {open}");
        }
    }
}
