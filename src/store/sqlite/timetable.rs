//! The timetable on SQLite.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::Sqlite;
use crate::name::Name;
use crate::store::kept::timetable;
use crate::store::{Beat, Pause, Punctuality, Skip, Stand, StoreError, Timetable};

impl Timetable for Sqlite {
    fn stands<'a>(&'a self, jobs: &'a [String]) -> BoxFuture<'a, Result<Vec<Stand>, StoreError>> {
        Box::pin(self.ask(async |one| timetable::stands(one, jobs).await))
    }

    fn skip<'a>(&'a self, skips: &'a [Skip]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            match skips.is_empty() {
                true => Ok(()),
                false => self.write(async |one| timetable::skip(one, skips).await).await,
            }
        })
    }

    fn skips<'a>(
        &'a self,
        job: Option<&'a str>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Skip>, StoreError>> {
        Box::pin(self.ask(async move |one| timetable::skips(one, job, since, limit).await))
    }

    fn pause<'a>(&'a self, pause: &'a Pause) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(async |one| timetable::pause(one, pause).await))
    }

    fn resume<'a>(&'a self, job: &'a str, now: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.write(async move |one| timetable::resume(one, job, now).await))
    }

    fn pauses(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Pause>, StoreError>> {
        Box::pin(self.ask(async move |one| timetable::pauses(one, now).await))
    }

    fn punctual<'a>(&'a self, news: &'a Punctuality) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.write(async |one| timetable::punctual(one, news).await))
    }

    fn late(&self) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, StoreError>> {
        Box::pin(self.ask(async |one| timetable::late(one).await))
    }

    fn beat<'a>(&'a self, beat: &'a Beat) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.write(async |one| timetable::beat(one, beat).await))
    }

    fn beats(&self) -> BoxFuture<'_, Result<Vec<Beat>, StoreError>> {
        Box::pin(self.ask(async |one| timetable::beats(one).await))
    }

    fn sources_down(&self) -> BoxFuture<'_, Result<Vec<(Name, Timestamp)>, StoreError>> {
        Box::pin(self.ask(async |one| timetable::sources_down(one).await))
    }
}
