//! What is remembered of jobs beside what their runs learned.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Error, Row, SqliteConnection};

use super::Sqlite;
use super::record::{Posted, post};
use super::shape::{instant, micros, name, unknown};
use crate::name::Name;
use crate::store::{Beat, Pause, Punctuality, Queue, Skip, SkipReason, Stand, StoreError, Timetable};

/// Each job costs a few steps down an index, whatever its history.
const STANDS: &str = "
select (select max(slot) from (
          select max(slot) as slot from runs where job = j.value and slot is not null
          union all select max(slot) from skips where job = j.value)),
       (select slot from runs where job = j.value and slot is not null and health <> 'error' order by slot desc limit 1),
       (select slot from late where job = j.value)
from json_each($1) j order by j.key";

const SKIPS: &str = "
select job, slot, at, reason, count from (
  select * from skips where ($1 is null or job = $1) and ($2 is null or at >= $2) order by at desc, slot desc limit $3)
order by at, slot";

const PAUSE: &str = "
insert into pauses (job, since, until, who, reason) values ($1, $2, $3, $4, $5)
on conflict (job) do update set since = excluded.since, until = excluded.until, who = excluded.who,
reason = excluded.reason";

const BEAT: &str = "
insert into beats (node, pid, started, at, version, jobs, stopped) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (node) do update set pid = excluded.pid, started = excluded.started, at = excluded.at,
version = excluded.version, jobs = excluded.jobs, stopped = excluded.stopped";

const QUEUES: &str = "
select channel, count(*), min(created), sum(attempts > 0), max(problem) from outbox
where state = 'waiting' group by channel order by channel";

const SOURCES_DOWN: &str =
    "select source, min(at) from told_source where news = 'down' group by source order by source";

async fn stands(connection: &mut SqliteConnection, jobs: &[String]) -> Result<Vec<Stand>, Error> {
    let jobs = serde_json::to_string(jobs).expect("texts are JSON");
    let rows = sqlx::query(STANDS).bind(jobs).fetch_all(connection).await?;
    let at = |row: &SqliteRow, column: usize| row.try_get::<Option<i64>, _>(column)?.map(instant).transpose();
    rows.iter().map(|row| Ok(Stand { last: at(row, 0)?, succeeded: at(row, 1)?, late: at(row, 2)? })).collect()
}

async fn skip(connection: &mut SqliteConnection, skips: &[Skip]) -> Result<(), Error> {
    if skips.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for skip in skips {
        sqlx::query(
            "insert into skips (job, slot, at, reason, count) select $1, $2, $3, $4, $5
             where not exists (select 1 from runs where job = $1 and slot = $2) on conflict do nothing",
        )
        .bind(&skip.job)
        .bind(micros(skip.slot))
        .bind(micros(skip.at))
        .bind(skip.reason.as_str())
        .bind(i64::try_from(skip.count).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

async fn skips(
    connection: &mut SqliteConnection,
    job: Option<&str>,
    since: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<Skip>, Error> {
    let rows = sqlx::query(SKIPS).bind(job).bind(since.map(micros)).bind(limit).fetch_all(connection).await?;
    let read = |row: &SqliteRow| {
        let word: &str = row.try_get(3)?;
        Ok(Skip {
            job: row.try_get(0)?,
            slot: instant(row.try_get(1)?)?,
            at: instant(row.try_get(2)?)?,
            reason: SkipReason::of_word(word).ok_or_else(|| unknown(word))?,
            count: row.try_get::<i64, _>(4)?.unsigned_abs(),
        })
    };
    rows.iter().map(read).collect()
}

async fn pause(connection: &mut SqliteConnection, pause: &Pause) -> Result<(), Error> {
    sqlx::query(PAUSE)
        .bind(&pause.job)
        .bind(micros(pause.since))
        .bind(pause.until.map(micros))
        .bind(&pause.who)
        .bind(&pause.reason)
        .execute(connection)
        .await
        .map(drop)
}

async fn resume(connection: &mut SqliteConnection, job: &str, now: Timestamp) -> Result<bool, Error> {
    let ended: Option<Option<i64>> = sqlx::query_scalar("delete from pauses where job = $1 returning until")
        .bind(job)
        .fetch_optional(connection)
        .await?;
    Ok(ended.is_some_and(|until| until.is_none_or(|until| until > micros(now))))
}

async fn pauses(connection: &mut SqliteConnection, now: Timestamp) -> Result<Vec<Pause>, Error> {
    let sql = "select job, since, until, who, reason from pauses where until is null or until > $1 order by job";
    let rows = sqlx::query(sql).bind(micros(now)).fetch_all(connection).await?;
    let read = |row: &SqliteRow| {
        Ok(Pause {
            job: row.try_get(0)?,
            since: instant(row.try_get(1)?)?,
            until: row.try_get::<Option<i64>, _>(2)?.map(instant).transpose()?,
            who: row.try_get(3)?,
            reason: row.try_get(4)?,
        })
    };
    rows.iter().map(read).collect()
}

async fn punctual(connection: &mut SqliteConnection, news: &Punctuality) -> Result<bool, Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let sql = if news.late {
        "insert into late (job, slot, at) values ($1, $2, $3) on conflict do nothing"
    } else {
        "delete from late where job = $1"
    };
    let mut known = sqlx::query(sql).bind(&news.job);
    if news.late {
        known = known.bind(micros(news.slot)).bind(micros(news.at));
    }
    let fresh = known.execute(&mut *transaction).await?.rows_affected() > 0;
    if fresh {
        // No alert is called like this: names hold no blank.
        let lane = format!("deadline {}", news.job);
        let posted = |outgoing| Posted { lane: lane.clone(), created: news.at, due: news.at, outgoing };
        let rows: Vec<Posted<'_>> = news.messages.iter().map(posted).collect();
        post(&mut transaction, &rows).await?;
    }
    transaction.commit().await?;
    Ok(fresh)
}

async fn late(connection: &mut SqliteConnection) -> Result<Vec<(String, Timestamp)>, Error> {
    let rows = sqlx::query("select job, slot from late order by job").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, instant(row.try_get(1)?)?))).collect()
}

async fn beat(connection: &mut SqliteConnection, beat: &Beat) -> Result<(), Error> {
    sqlx::query(BEAT)
        .bind(&beat.node)
        .bind(beat.pid)
        .bind(micros(beat.started))
        .bind(micros(beat.at))
        .bind(&beat.version)
        .bind(i64::try_from(beat.jobs).unwrap_or(i64::MAX))
        .bind(beat.stopped)
        .execute(connection)
        .await
        .map(drop)
}

async fn beats(connection: &mut SqliteConnection) -> Result<Vec<Beat>, Error> {
    let sql = "select node, pid, started, at, version, jobs, stopped from beats order by node";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let read = |row: &SqliteRow| {
        Ok(Beat {
            node: row.try_get(0)?,
            pid: row.try_get(1)?,
            started: instant(row.try_get(2)?)?,
            at: instant(row.try_get(3)?)?,
            version: row.try_get(4)?,
            jobs: row.try_get::<i64, _>(5)?.unsigned_abs(),
            stopped: row.try_get(6)?,
        })
    };
    rows.iter().map(read).collect()
}

async fn queues(connection: &mut SqliteConnection) -> Result<Vec<Queue>, Error> {
    let rows = sqlx::query(QUEUES).fetch_all(connection).await?;
    let read = |row: &SqliteRow| {
        Ok(Queue {
            channel: name(row.try_get(0)?)?,
            waiting: row.try_get::<i64, _>(1)?.unsigned_abs(),
            oldest: instant(row.try_get(2)?)?,
            failing: row.try_get::<i64, _>(3)?.unsigned_abs(),
            problem: row.try_get(4)?,
        })
    };
    rows.iter().map(read).collect()
}

async fn sources_down(connection: &mut SqliteConnection) -> Result<Vec<(Name, Timestamp)>, Error> {
    let rows = sqlx::query(SOURCES_DOWN).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((name(row.try_get(0)?)?, instant(row.try_get(1)?)?))).collect()
}

impl Sqlite {
    /// One statement or transaction on the connection.
    async fn with<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection.lock().await;
        work(&mut connection).await.map_err(|error| self.failed(&error))
    }
}

impl Timetable for Sqlite {
    fn stands<'a>(&'a self, jobs: &'a [String]) -> BoxFuture<'a, Result<Vec<Stand>, StoreError>> {
        Box::pin(self.with(async |connection| stands(connection, jobs).await))
    }

    fn skip<'a>(&'a self, slots: &'a [Skip]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.with(async |connection| skip(connection, slots).await))
    }

    fn skips<'a>(
        &'a self,
        job: Option<&'a str>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Skip>, StoreError>> {
        Box::pin(self.with(async move |connection| skips(connection, job, since, limit).await))
    }

    fn pause<'a>(&'a self, wanted: &'a Pause) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.with(async |connection| pause(connection, wanted).await))
    }

    fn resume<'a>(&'a self, job: &'a str, now: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.with(async move |connection| resume(connection, job, now).await))
    }

    fn pauses(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<Pause>, StoreError>> {
        Box::pin(self.with(async move |connection| pauses(connection, now).await))
    }

    fn punctual<'a>(&'a self, news: &'a Punctuality) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.with(async |connection| punctual(connection, news).await))
    }

    fn late(&self) -> BoxFuture<'_, Result<Vec<(String, Timestamp)>, StoreError>> {
        Box::pin(self.with(async |connection| late(connection).await))
    }

    fn beat<'a>(&'a self, word: &'a Beat) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.with(async |connection| beat(connection, word).await))
    }

    fn beats(&self) -> BoxFuture<'_, Result<Vec<Beat>, StoreError>> {
        Box::pin(self.with(async |connection| beats(connection).await))
    }

    fn queues(&self) -> BoxFuture<'_, Result<Vec<Queue>, StoreError>> {
        Box::pin(self.with(async |connection| queues(connection).await))
    }

    fn sources_down(&self) -> BoxFuture<'_, Result<Vec<(Name, Timestamp)>, StoreError>> {
        Box::pin(self.with(async |connection| sources_down(connection).await))
    }
}
