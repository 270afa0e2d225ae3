//! A store for loops whose runs do not matter: it remembers which slots were claimed, and nothing else.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rowcall::name::Name;
use rowcall::store::{
    Backlog, Beat, Claim, Claimed, Letter, Memory, Outcome, Past, Pause, Pick, Punctuality, Reach, Recall, Silence,
    Skip, Stand, Step, Store, StoreError, Subject, Timetable, Turn, Waiting, Wanted,
};

/// A store that answers each claim of a slot with "it has had its run", and remembers who asked.
#[derive(Default)]
pub(super) struct Ledger(Mutex<BTreeMap<String, Vec<Timestamp>>>);

impl Ledger {
    /// The slots that were claimed, by job.
    pub(super) fn claimed(&self) -> BTreeMap<String, Vec<Timestamp>> {
        self.0.lock().expect("whole").clone()
    }
}

fn nothing<'a, T: Default + Send + 'a>() -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(async { Ok(T::default()) })
}

impl Store for Ledger {
    fn claim_all<'a>(
        &'a self,
        wanted: &'a [(&'a str, Option<Timestamp>)],
    ) -> BoxFuture<'a, Result<Vec<Claimed>, StoreError>> {
        let mut claimed = self.0.lock().expect("whole");
        for (job, slot) in wanted {
            claimed.entry((*job).to_owned()).or_default().push(slot.expect("the loop runs slots"));
        }
        Box::pin(async { Ok(wanted.iter().map(|_| Claimed::Done).collect()) })
    }

    fn last_slot<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        nothing()
    }

    fn recall_all<'a>(&'a self, wanted: &'a [Recall<'a>]) -> BoxFuture<'a, Result<Vec<Memory>, StoreError>> {
        Box::pin(async { Ok(wanted.iter().map(|_| Memory::default()).collect()) })
    }

    fn recall_report<'a>(&'a self, _: &'a Name) -> BoxFuture<'a, Result<Memory, StoreError>> {
        nothing()
    }

    fn record<'a>(&'a self, _: &'a [(&'a Claim, &'a Outcome)]) -> BoxFuture<'a, Result<Vec<usize>, StoreError>> {
        nothing()
    }

    fn turn<'a>(&'a self, _: &'a Name) -> BoxFuture<'a, Result<Option<Turn>, StoreError>> {
        nothing()
    }

    fn due<'a>(&'a self, _: &'a Turn, _: Timestamp, _: Reach) -> BoxFuture<'a, Result<Vec<Waiting>, StoreError>> {
        nothing()
    }

    fn step<'a>(&'a self, _: &'a Turn, _: &'a Step<'a>) -> BoxFuture<'a, Result<(), StoreError>> {
        nothing()
    }

    fn next_attempt<'a>(&'a self, _: &'a Name) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        nothing()
    }

    fn backlog(&self) -> BoxFuture<'_, Result<Vec<Backlog>, StoreError>> {
        nothing()
    }

    fn outbox<'a>(&'a self, _: &'a Pick) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        nothing()
    }

    fn hasten<'a>(&'a self, _: &'a Pick, _: Timestamp) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        nothing()
    }

    fn discard<'a>(&'a self, _: &'a Pick, _: &'a str, _: Timestamp) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        nothing()
    }

    fn silence<'a>(&'a self, _: &'a Silence) -> BoxFuture<'a, Result<(), StoreError>> {
        nothing()
    }

    fn unsilence<'a>(
        &'a self,
        _: &'a Name,
        _: Option<&'a str>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<u64, StoreError>> {
        nothing()
    }

    fn silences(&self, _: Timestamp) -> BoxFuture<'_, Result<Vec<Silence>, StoreError>> {
        nothing()
    }

    fn history<'a>(&'a self, _: &'a Wanted) -> BoxFuture<'a, Result<Vec<Past>, StoreError>> {
        nothing()
    }

    fn letters<'a>(&'a self, _: &'a Subject) -> BoxFuture<'a, Result<Vec<Letter>, StoreError>> {
        nothing()
    }

    fn prune(&self, _: Timestamp, _: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        nothing()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Timetable for Ledger {
    fn stands<'a>(&'a self, jobs: &'a [String]) -> BoxFuture<'a, Result<Vec<Stand>, StoreError>> {
        Box::pin(async { Ok(vec![Stand::default(); jobs.len()]) })
    }

    fn skip<'a>(&'a self, _: &'a [Skip]) -> BoxFuture<'a, Result<(), StoreError>> {
        nothing()
    }

    fn skips<'a>(
        &'a self,
        _: Option<&'a str>,
        _: Option<Timestamp>,
        _: u32,
    ) -> BoxFuture<'a, Result<Vec<Skip>, StoreError>> {
        nothing()
    }

    fn pause<'a>(&'a self, _: &'a Pause) -> BoxFuture<'a, Result<(), StoreError>> {
        nothing()
    }

    fn resume<'a>(&'a self, _: &'a str, _: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        nothing()
    }

    fn pauses(&self, _: Timestamp) -> BoxFuture<'_, Result<Vec<Pause>, StoreError>> {
        nothing()
    }

    fn punctual<'a>(&'a self, _: &'a Punctuality) -> BoxFuture<'a, Result<bool, StoreError>> {
        nothing()
    }

    fn late(&self) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, StoreError>> {
        nothing()
    }

    fn beat<'a>(&'a self, _: &'a Beat) -> BoxFuture<'a, Result<(), StoreError>> {
        nothing()
    }

    fn beats(&self) -> BoxFuture<'_, Result<Vec<Beat>, StoreError>> {
        nothing()
    }

    fn sources_down(&self) -> BoxFuture<'_, Result<Vec<(Name, Timestamp)>, StoreError>> {
        nothing()
    }
}
