//! The timetable on PostgreSQL.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::Postgres;
use crate::name::Name;
use crate::store::kept::timetable;
use crate::store::{Beat, Pause, Punctuality, Skip, Stand, StoreError, Timetable};

impl Timetable for Postgres {
    fn stands<'a>(&'a self, jobs: &'a [String]) -> BoxFuture<'a, Result<Vec<Stand>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::stands(&mut one, jobs).await }))
    }

    fn skip<'a>(&'a self, skips: &'a [Skip]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            match skips.is_empty() {
                true => Ok(()),
                false => self.links.work(move |mut one| async move { timetable::skip(&mut one, skips).await }).await,
            }
        })
    }

    fn skips<'a>(
        &'a self,
        job: Option<&'a str>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Skip>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::skips(&mut one, job, since, limit).await }))
    }

    fn pause<'a>(&'a self, pause: &'a Pause) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::pause(&mut one, pause).await }))
    }

    fn resume<'a>(&'a self, job: &'a str, now: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::resume(&mut one, job, now).await }))
    }

    fn pauses(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Pause>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::pauses(&mut one, now).await }))
    }

    fn punctual<'a>(&'a self, news: &'a Punctuality) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::punctual(&mut one, news).await }))
    }

    fn late(&self) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::late(&mut one).await }))
    }

    fn beat<'a>(&'a self, beat: &'a Beat) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::beat(&mut one, beat).await }))
    }

    fn beats(&self) -> BoxFuture<'_, Result<Vec<Beat>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::beats(&mut one).await }))
    }

    fn sources_down(&self) -> BoxFuture<'_, Result<Vec<(Name, Timestamp)>, StoreError>> {
        Box::pin(self.links.work(move |mut one| async move { timetable::sources_down(&mut one).await }))
    }
}
