//! The store on PostgreSQL: one for any number of machines, without a leader.
//!
//! A claim on a job and the turn of a channel are leases (see `lease`), everything else is the statements of `kept` in
//! short transactions. A machine holds three connections at most: two that work, and one that prolongs its leases
//! whatever the others wait for.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::engine::{Engine, Row};
use super::kept::{history, letter, outbox, prune, recall, record, silence};
use super::{
    Backlog, Claim, Claimed, Examination, Letter, Memory, Outcome, Past, Pick, Reach, Recall, Settings, Silence, Step,
    Store, StoreError, Subject, Turn, Waiting, Wanted,
};
use crate::name::Name;
use crate::source::World;
use engine::{Transaction, Trouble};
use lease::{Leases, Taken};
use link::Links;
use migrate::Shape;

mod copy;
mod engine;
mod lease;
mod link;
mod migrate;
mod timetable;

/// How many connections work; one more prolongs the leases.
const WORKING: usize = 2;

/// An open store.
pub(super) struct Postgres {
    links: Links,
    leases: Arc<Leases>,
    /// When this process last forgot what is old.
    pruned: Mutex<Option<Timestamp>>,
}

impl Postgres {
    pub(super) async fn open(settings: &Settings, world: &World) -> Result<Self, StoreError> {
        let store = Self::new(settings, world, false);
        migrate::migrate(&store.links, settings.schema.as_str()).await?;
        Ok(store)
    }

    /// The store as it is, to look at; none when there are no tables.
    pub(super) async fn read(settings: &Settings, world: &World) -> Result<Option<Self>, StoreError> {
        let store = Self::new(settings, world, true);
        let schema = settings.schema.as_str();
        match migrate::look(&store.links, schema).await? {
            Shape::None => Ok(None),
            Shape::Fits => Ok(Some(store)),
            Shape::Older => Err(migrate::older(&store.links, schema)),
            Shape::Newer(version) => Err(migrate::newer(&store.links, schema, version)),
        }
    }

    fn new(settings: &Settings, world: &World, read_only: bool) -> Self {
        let host = whoami::hostname().unwrap_or_else(|_| "unknown".into());
        // Two processes of one machine are two owners, also when one has the number of one that died.
        let me = format!("{host}/{}/{:016x}", std::process::id(), fastrand::u64(..));
        let links = |count| Links::new(settings, world, &host, count, read_only);
        Self { links: links(WORKING), leases: Leases::new(me, links(1)), pruned: Mutex::default() }
    }

    async fn memories(&self, wanted: &[recall::Wanted<'_>]) -> Result<Vec<Memory>, StoreError> {
        self.links.work(|mut one| async move { recall::memories(&mut one, wanted).await }).await
    }

    /// Looks the tables over.
    pub(super) async fn examine(&self, schema: &str) -> Result<Examination, StoreError> {
        let work = |mut one: Transaction| async move {
            let sql = "select (select version from shape), cast(coalesce(sum(pg_total_relation_size(c.oid)), 0) as bigint)
                 from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind = 'r'";
            let rows = one.rows(sql, &[schema.into()]).await?;
            let row = rows.first().map(|row| Ok::<_, Trouble>((row.integer(0)?, row.count(1)?)));
            Ok(row.transpose()?.unwrap_or_default())
        };
        let (version, size) = self.links.work(work).await?;
        self.close().await;
        let place = format!("{}, schema {schema}", self.links.place());
        Ok(Examination { place, size, version, damage: Vec::new() })
    }

    fn grip(claim: &Claim) -> (&str, i64) {
        (claim.job.as_str(), claim.fence)
    }

    /// The lease of a turn to send.
    fn lane(channel: &Name) -> String {
        format!("channel {channel}")
    }
}

impl Store for Postgres {
    fn claim_all<'a>(
        &'a self,
        wanted: &'a [(&'a str, Option<Timestamp>)],
    ) -> BoxFuture<'a, Result<Vec<Claimed>, StoreError>> {
        Box::pin(async move {
            let taken = self.leases.take_all(&self.links, wanted).await?;
            let ours = |(taken, wanted): (&Taken, &(&'a str, _))| matches!(taken, Taken::Ours(_)).then_some(*wanted);
            let ours: Vec<(&str, Option<Timestamp>)> = taken.iter().zip(wanted).filter_map(ours).collect();
            // A question of its own: whoever had a job before may have recorded this very slot with its end.
            let ours = ours.as_slice();
            let done = match ours.iter().any(|(_, slot)| slot.is_some()) {
                true => self.links.work(|mut one| async move { recall::have_run(&mut one, ours).await }).await?,
                false => Vec::new(),
            };
            let mut done = done.into_iter();
            let claimed = |(taken, (job, slot)): (Taken, &(&str, Option<Timestamp>))| match taken {
                Taken::Theirs(busy) => Claimed::Busy(busy),
                Taken::Ours(_) if done.next() == Some(true) => Claimed::Done,
                Taken::Ours(grip) => {
                    let (fence, lost) = (grip.fence, grip.lost.clone());
                    Claimed::Granted(Claim { job: (*job).to_owned(), slot: *slot, fence, lost, _guard: Box::new(grip) })
                }
            };
            Ok(taken.into_iter().zip(wanted).map(claimed).collect())
        })
    }

    fn last_slot<'a>(&'a self, job: &'a str) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { recall::last_slot(&mut one, job).await }))
    }

    fn recall_all<'a>(&'a self, wanted: &'a [Recall<'a>]) -> BoxFuture<'a, Result<Vec<Memory>, StoreError>> {
        Box::pin(async move { self.memories(&wanted.iter().map(recall::Wanted::from).collect::<Vec<_>>()).await })
    }

    fn recall_report<'a>(&'a self, report: &'a Name) -> BoxFuture<'a, Result<Memory, StoreError>> {
        Box::pin(async move {
            let wanted = [recall::Wanted { about: Subject::Report(report.clone()), source: None, unless: &[] }];
            Ok(self.memories(&wanted).await?.into_iter().next().unwrap_or_default())
        })
    }

    fn record<'a>(&'a self, runs: &'a [(&'a Claim, &'a Outcome)]) -> BoxFuture<'a, Result<Vec<usize>, StoreError>> {
        Box::pin(async move {
            if runs.is_empty() {
                return Ok(Vec::new());
            }
            let held: Vec<(&str, i64)> = runs.iter().map(|(claim, _)| Self::grip(claim)).collect();
            let recording = self.leases.recording(held.iter().map(|(what, _)| (*what).to_owned()));
            // What a transaction gave whose end nobody heard of.
            let counted: Mutex<Vec<usize>> = Mutex::default();
            let counted = &counted;
            let held = &held;
            let work = |mut one: Transaction| async move {
                if self.leases.finish(&one, held).await? {
                    let counts = record::outcomes(&mut one, runs).await?;
                    counts.clone_into(&mut counted.lock().unwrap_or_else(PoisonError::into_inner));
                    return Ok(counts);
                }
                Ok(counted.lock().unwrap_or_else(PoisonError::into_inner).clone())
            };
            let counts = self.links.work(work).await?;
            recording.done();
            Ok(counts)
        })
    }

    fn turn<'a>(&'a self, channel: &'a Name) -> BoxFuture<'a, Result<Option<Turn>, StoreError>> {
        Box::pin(async move {
            let lane = Self::lane(channel);
            let Taken::Ours(grip) = self.leases.take(&self.links, &lane).await? else { return Ok(None) };
            let trouble = self.links.work(|mut one| async move { outbox::trouble(&mut one, channel).await }).await?;
            Ok(Some(Turn { channel: channel.clone(), trouble, fence: grip.fence, lease: Box::new(grip) }))
        })
    }

    fn due<'a>(
        &'a self,
        turn: &'a Turn,
        now: Timestamp,
        reach: Reach,
    ) -> BoxFuture<'a, Result<Vec<Waiting>, StoreError>> {
        let channel = &turn.channel;
        Box::pin(self.links.work(move |mut one| async move { outbox::due(&mut one, channel, now, reach).await }))
    }

    fn step<'a>(&'a self, turn: &'a Turn, step: &'a Step<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let lane = Self::lane(&turn.channel);
            let lane = lane.as_str();
            let work = |mut one: Transaction| async move {
                if self.leases.check(&one, lane, turn.fence).await? {
                    outbox::step(&mut one, &turn.channel, step).await?;
                    return Ok(true);
                }
                outbox::delivered(&mut one, step).await?;
                Ok(false)
            };
            match self.links.work(work).await? {
                true => Ok(()),
                false => Err(self.links.failed(&Trouble::Lost(lane.to_owned()))),
            }
        })
    }

    fn next_attempt<'a>(&'a self, channel: &'a Name) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { outbox::next_attempt(&mut one, channel).await }))
    }

    fn backlog(&self) -> BoxFuture<'_, Result<Vec<Backlog>, StoreError>> {
        Box::pin(self.links.work(|mut one| async move { outbox::backlog(&mut one).await }))
    }

    fn outbox<'a>(&'a self, pick: &'a Pick) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { letter::picked(&mut one, pick).await }))
    }

    fn hasten<'a>(&'a self, pick: &'a Pick, now: Timestamp) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { letter::hasten(&mut one, pick, now).await }))
    }

    fn discard<'a>(
        &'a self,
        pick: &'a Pick,
        who: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { letter::discard(&mut one, pick, who, now).await }))
    }

    fn silence<'a>(&'a self, silence: &'a Silence) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { silence::add(&mut one, silence).await }))
    }

    fn unsilence<'a>(
        &'a self,
        alert: &'a Name,
        key: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { silence::end(&mut one, alert, key, now).await }))
    }

    fn silences(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Silence>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { silence::lasting(&mut one, now).await }))
    }

    fn history<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Vec<Past>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { history::runs(&mut one, wanted).await }))
    }

    fn letters<'a>(&'a self, about: &'a Subject) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { letter::about(&mut one, about).await }))
    }

    fn prune(&self, before: Timestamp, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            if !prune::is_time(&mut self.pruned.lock().unwrap_or_else(PoisonError::into_inner), now) {
                return Ok(0);
            }
            let mut pruned = 0;
            for _ in 0..prune::MOST_BATCHES {
                let rows = self.links.work(|mut one| async move { prune::batch(&mut one, before).await }).await?;
                pruned += rows;
                if rows == 0 {
                    return Ok(pruned);
                }
            }
            // There is more: the next call goes on.
            *self.pruned.lock().unwrap_or_else(PoisonError::into_inner) = None;
            Ok(pruned)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.leases.close().await;
            self.links.close().await;
        })
    }
}
