//! Leases: which jobs and channels are this machine's, and for how long.
//!
//! A lease is a row with its owner and a number that grows with each owner. The owner prolongs all of its leases every
//! second by one statement on a line of its own; one that is missing in the answer is lost, and so are all when no answer
//! comes until a second before they end. Whatever is written for a lease checks owner and number in the same
//! transaction, so that whoever was stopped or cut off and does not know it yet writes nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_postgres::types::{ToSql, Type};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::engine::{Transaction, Trouble};
use super::link::Links;
use crate::clock::Stopwatch;
use crate::store::outbox::Lease;
use crate::store::shape::micros;
use crate::store::{Busy, StoreError};

/// How long a lease is good without being prolonged; the statements below say the same.
const LEASE: Duration = Duration::from_secs(5);
/// How often leases are prolonged.
const BEAT: Duration = Duration::from_secs(1);
/// How soon at the earliest somebody looks again who found a lease taken.
const SOON: Duration = Duration::from_millis(50);
/// How long before its end a lease counts as lost, for clocks do not run alike.
const MARGIN: Duration = Duration::from_secs(1);

/// Takes what is free, whose lease is over, or what this machine has without knowing it, for an answer was lost. What
/// somebody else has is not even locked, and the rest in one order: two machines that want the same do not wait for each
/// other in a circle.
const TAKE: &str = "insert into leases as l (what, owner, fence, until, slot)
     select w.what, $1, 1, clock_timestamp() + interval '5 s', w.slot from unnest($2, $3) as w(what, slot)
     where not exists (select 1 from leases h where h.what = w.what and h.owner <> $1 and h.until >= clock_timestamp())
     order by w.what
     on conflict (what) do update set owner = excluded.owner, fence = l.fence + 1, until = excluded.until,
     slot = excluded.slot where l.owner is null or l.owner = excluded.owner or l.until < clock_timestamp()
     returning what, fence";

const HOLDERS: &str = "select what, slot, cast(1000 * extract(epoch from until - clock_timestamp()) as bigint)
     from leases where what = any($1) and owner is not null";

const PROLONG: &str = "update leases l set until = clock_timestamp() + interval '5 s'
     from unnest($2, $3) as held(what, fence) where l.what = held.what and l.fence = held.fence and l.owner = $1
     returning l.what";

const FREE: &str = "update leases l set owner = null, until = null, slot = null
     from unnest($2, $3) as held(what, fence) where l.what = held.what and l.fence = held.fence and l.owner = $1";

const FINISH: &str = "update leases l set owner = null, until = null, slot = null, recorded = l.fence
     from unnest($2, $3) as held(what, fence) where l.what = held.what and l.fence = held.fence and l.owner = $1
     returning l.what";

const FINISHED: &str = "select l.what from leases l, unnest($1, $2) as held(what, fence)
     where l.what = held.what and l.recorded = held.fence";

const STANDS: &str = "select 1 from leases where what = $1 and owner = $2 and fence = $3 for no key update";

/// A lease as its owner knows it.
struct Held {
    /// None until the server has said.
    fence: Option<i64>,
    slot: Option<Timestamp>,
    renewed: Stopwatch,
    lost: CancellationToken,
    /// Whether what was learned is being written just now, which ends the lease or checks it.
    recording: bool,
    /// Whether that is done, and nothing is left to give back.
    finished: bool,
}

impl Held {
    fn stands(&self) -> bool {
        !self.lost.is_cancelled() && self.renewed.elapsed() < LEASE - MARGIN
    }
}

/// All leases of this process.
pub(super) struct Leases {
    me: String,
    heart: Links,
    held: Mutex<HashMap<String, Held>>,
    freed: mpsc::UnboundedSender<(String, i64)>,
}

/// The answer to who wants a lease.
pub(super) enum Taken {
    Ours(Grip),
    Theirs(Busy),
}

/// Keeps a lease; gives it back when dropped.
pub(super) struct Grip {
    leases: Arc<Leases>,
    what: String,
    pub(super) fence: i64,
    pub(super) lost: CancellationToken,
}

impl Lease for Grip {
    fn stands(&self) -> bool {
        self.leases.all().get(&self.what).is_some_and(|held| held.fence == Some(self.fence) && held.stands())
    }
}

impl Drop for Grip {
    fn drop(&mut self) {
        let held = self.leases.all().remove(&self.what);
        if held.is_some_and(|held| !held.finished) {
            // Without a heart nobody prolongs the lease either.
            let _ = self.leases.freed.send((std::mem::take(&mut self.what), self.fence));
        }
    }
}

/// Places among the leases until the server has answered.
struct Reserved<'a> {
    leases: &'a Leases,
    what: Vec<(&'a str, Option<Timestamp>)>,
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let mut all = self.leases.all();
        for (what, _) in &self.what {
            if all.get(*what).is_some_and(|held| held.fence.is_none()) {
                all.remove(*what);
            }
        }
    }
}

/// What the server said of leases: the numbers of those that are ours, and who has others.
#[derive(Default)]
struct Answer {
    ours: HashMap<String, i64>,
    theirs: HashMap<String, Busy>,
}

impl Leases {
    /// Leases of the owner `me`, prolonged over the line of `heart`.
    pub(super) fn new(me: String, heart: Links) -> Arc<Self> {
        let (freed, released) = mpsc::unbounded_channel();
        let leases = Arc::new(Self { me, heart, held: Mutex::default(), freed });
        tokio::spawn(beat(Arc::downgrade(&leases), released));
        leases
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a lease, as [`Leases::take_all`] does.
    pub(super) async fn take(self: &Arc<Self>, links: &Links, what: &str) -> Result<Taken, StoreError> {
        Ok(self.take_all(links, &[(what, None)]).await?.pop().expect("one was wanted"))
    }

    /// Takes leases, each for a slot if there is one; those that can be had, in one transaction.
    pub(super) async fn take_all(
        self: &Arc<Self>,
        links: &Links,
        wanted: &[(&str, Option<Timestamp>)],
    ) -> Result<Vec<Taken>, StoreError> {
        let mut busy: HashMap<&str, Busy> = HashMap::new();
        let reserved = self.reserve(wanted, &mut busy);
        let (asked, answer) = match reserved.what.is_empty() {
            true => (Stopwatch::start(), Answer::default()),
            false => links.work(|transaction| self.ask(transaction, &reserved.what)).await?,
        };
        let mut all = self.all();
        let taken = |(what, slot): &(&str, Option<Timestamp>)| match (busy.get(what), answer.ours.get(*what)) {
            (Some(busy), _) => Taken::Theirs(*busy),
            (None, None) => {
                // Free by now: worth another look very soon.
                let soon = Busy { slot: *slot, lease: Some(SOON) };
                Taken::Theirs(answer.theirs.get(*what).copied().unwrap_or(soon))
            }
            (None, Some(fence)) => {
                let held = all.get_mut(*what).expect("a place is kept until the answer is there");
                (held.fence, held.renewed) = (Some(*fence), asked);
                let (what, lost) = ((*what).to_owned(), held.lost.clone());
                Taken::Ours(Grip { leases: Arc::clone(self), what, fence: *fence, lost })
            }
        };
        Ok(wanted.iter().map(taken).collect())
    }

    /// Keeps a place for each lease that this machine does not have; those it has are `busy`.
    fn reserve<'a>(
        &'a self,
        wanted: &[(&'a str, Option<Timestamp>)],
        busy: &mut HashMap<&'a str, Busy>,
    ) -> Reserved<'a> {
        let mut reserved = Reserved { leases: self, what: Vec::with_capacity(wanted.len()) };
        let mut all = self.all();
        for (what, slot) in wanted {
            if let Some(held) = all.get(*what) {
                busy.insert(what, Busy { slot: held.slot, lease: None });
                continue;
            }
            let (renewed, lost) = (Stopwatch::start(), CancellationToken::new());
            let held = Held { fence: None, slot: *slot, renewed, lost, recording: false, finished: false };
            all.insert((*what).to_owned(), held);
            reserved.what.push((what, *slot));
        }
        reserved
    }

    async fn ask(
        &self,
        transaction: Transaction,
        wanted: &[(&str, Option<Timestamp>)],
    ) -> Result<(Stopwatch, Answer), Trouble> {
        let asked = Stopwatch::start();
        let (what, slots): (Vec<&str>, Vec<Option<i64>>) =
            wanted.iter().map(|(what, slot)| (*what, slot.map(micros))).unzip();
        let (texts, numbers) = (Type::TEXT_ARRAY, Type::INT8_ARRAY);
        let values: [Value<'_>; 3] = [(&self.me, Type::TEXT), (&what, texts.clone()), (&slots, numbers)];
        let mut answer = Answer::default();
        for row in transaction.ask(TAKE, &values).await? {
            answer.ours.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let others: Vec<&str> = what.into_iter().filter(|what| !answer.ours.contains_key(*what)).collect();
        if others.is_empty() {
            return Ok((asked, answer));
        }
        for row in transaction.ask(HOLDERS, &[(&others, texts)]).await? {
            let (slot, left): (Option<i64>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
            let slot = slot.map(crate::store::shape::instant).transpose()?;
            let lease = Duration::from_millis(left.unwrap_or_default().max(0).unsigned_abs()).max(SOON);
            answer.theirs.insert(row.try_get(0)?, Busy { slot, lease: Some(lease) });
        }
        Ok((asked, answer))
    }

    /// Whether a lease is still ours, which nobody can change before the transaction ends.
    pub(super) async fn check(&self, transaction: &Transaction, what: &str, fence: i64) -> Result<bool, Trouble> {
        let values: [Value<'_>; 3] = [(&what, Type::TEXT), (&self.me, Type::TEXT), (&fence, Type::INT8)];
        Ok(!transaction.ask(STANDS, &values).await?.is_empty())
    }

    /// Ends leases with the transaction that writes what was learned; false when an earlier transaction, whose answer
    /// was lost, has done so. Fails unless all are ours.
    pub(super) async fn finish(&self, transaction: &Transaction, held: &[(&str, i64)]) -> Result<bool, Trouble> {
        let (what, fences): (Vec<&str>, Vec<i64>) = held.iter().copied().unzip();
        let (texts, numbers) = (Type::TEXT_ARRAY, Type::INT8_ARRAY);
        let values: [Value<'_>; 3] = [(&self.me, Type::TEXT), (&what, texts.clone()), (&fences, numbers.clone())];
        let ended = names(&transaction.ask(FINISH, &values).await?)?;
        let missing: Vec<&str> = what.iter().copied().filter(|what| !ended.iter().any(|ended| ended == what)).collect();
        if missing.is_empty() {
            return Ok(true);
        }
        let recorded = names(&transaction.ask(FINISHED, &[(&what, texts), (&fences, numbers)]).await?)?;
        if ended.is_empty() && what.iter().all(|what| recorded.iter().any(|recorded| recorded == what)) {
            return Ok(false);
        }
        let all = self.all();
        for held in missing.iter().filter_map(|what| all.get(*what)) {
            held.lost.cancel();
        }
        Err(Trouble::Lost(missing.join(", ")))
    }

    /// Marks leases whose end is being written, which no beat must touch meanwhile: two transactions of ours would wait
    /// for each other.
    pub(super) fn recording(self: &Arc<Self>, what: impl IntoIterator<Item = String>) -> Recording {
        let what: Vec<String> = what.into_iter().collect();
        self.set_recording(&what, true);
        Recording(Arc::clone(self), what)
    }

    fn set_recording(&self, what: &[String], recording: bool) {
        let mut all = self.all();
        for what in what {
            if let Some(held) = all.get_mut(what) {
                held.recording = recording;
            }
        }
    }

    /// Prolongs every lease; what is not in the answer is lost.
    async fn prolong(&self) {
        let due = |held: &Held| held.fence.filter(|_| !held.recording && !held.finished && !held.lost.is_cancelled());
        let held: Vec<(String, i64)> =
            self.all().iter().filter_map(|(what, held)| Some((what.clone(), due(held)?))).collect();
        if held.is_empty() {
            return;
        }
        let asked = Stopwatch::start();
        let work = |transaction: Transaction| {
            let (what, fences) = unzip(&held);
            async move {
                let values: [Value<'_>; 3] =
                    [(&self.me, Type::TEXT), (&what, Type::TEXT_ARRAY), (&fences, Type::INT8_ARRAY)];
                names(&transaction.ask(PROLONG, &values).await?)
            }
        };
        let answer = timeout(2 * BEAT, self.heart.once(&work)).await.unwrap_or(Err(Trouble::Late));
        let mut all = self.all();
        for (what, fence) in &held {
            let Some(known) = all.get_mut(what).filter(|known| known.fence == Some(*fence) && !known.recording) else {
                continue;
            };
            match &answer {
                Ok(prolonged) if prolonged.contains(what) => known.renewed = asked,
                Ok(_) => known.lost.cancel(),
                Err(_) if !known.stands() => {
                    warn!("the claim on {what} is given up: the state store does not answer");
                    known.lost.cancel();
                }
                Err(_) => {}
            }
        }
    }

    /// Gives leases back; those that cannot be given back end by themselves.
    async fn free(&self, freed: &[(String, i64)]) {
        let work = |transaction: Transaction| {
            let (what, fences) = unzip(freed);
            async move {
                let values: [Value<'_>; 3] =
                    [(&self.me, Type::TEXT), (&what, Type::TEXT_ARRAY), (&fences, Type::INT8_ARRAY)];
                transaction.ask(FREE, &values).await.map(drop)
            }
        };
        let _ = timeout(2 * BEAT, self.heart.once(&work)).await;
    }

    /// Gives everything back.
    pub(super) async fn close(&self) {
        let work = |transaction: Transaction| async move {
            let sql = "update leases set owner = null, until = null, slot = null where owner = $1";
            transaction.ask(sql, &[(&self.me, Type::TEXT)]).await.map(drop)
        };
        let _ = timeout(2 * BEAT, self.heart.once(&work)).await;
        self.heart.close().await;
    }
}

/// Leases that are being ended.
pub(super) struct Recording(Arc<Leases>, Vec<String>);

impl Recording {
    /// What was learned is written, and the leases have ended with it.
    pub(super) fn done(self) {
        let mut all = self.0.all();
        for what in &self.1 {
            if let Some(held) = all.get_mut(what) {
                held.finished = true;
            }
        }
        drop(all);
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.0.set_recording(&self.1, false);
    }
}

/// A value and its type.
type Value<'a> = (&'a (dyn ToSql + Sync), Type);

fn unzip(held: &[(String, i64)]) -> (Vec<&str>, Vec<i64>) {
    held.iter().map(|(what, fence)| (what.as_str(), *fence)).unzip()
}

fn names(rows: &[tokio_postgres::Row]) -> Result<Vec<String>, Trouble> {
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Prolongs what is held and gives back what is not, for as long as the store is open.
async fn beat(leases: Weak<Leases>, mut freed: mpsc::UnboundedReceiver<(String, i64)>) {
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut back = Vec::new();
    loop {
        tokio::select! {
            count = freed.recv_many(&mut back, 1_000) => {
                let Some(leases) = leases.upgrade().filter(|_| count > 0) else { return };
                leases.free(&back).await;
                back.clear();
            }
            _ = beats.tick() => {
                let Some(leases) = leases.upgrade() else { return };
                leases.prolong().await;
            }
        }
    }
}
