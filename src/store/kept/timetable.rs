//! What is remembered of jobs beside what their runs learned.

use jiff::Timestamp;

use super::record::{Posted, post};
use crate::name::Name;
use crate::store::engine::{Cell, Engine, MOST_ROWS, Row, Statement, Unreadable};
use crate::store::{Beat, Pause, Punctuality, Skip, SkipReason, Stand};

/// Each job costs a few steps down an index, whatever its history.
const STANDS: [&str; 2] = [
    "with j(place, job) as (values",
    ")
select (select max(slot) from (
          select max(slot) as slot from runs where job = j.job and slot is not null
          union all select max(slot) from skips where job = j.job) seen),
       (select slot from runs where job = j.job and slot is not null and health <> 'error' order by slot desc limit 1),
       (select slot from late where job = j.job)
from j order by j.place",
];

const SKIPS: &str = "
select job, slot, at, reason, count from (
  select * from skips where ($1 is null or job = $1) and ($2 is null or at >= $2) order by at desc, slot desc limit $3)
  newest order by at, slot";

const SKIP: &str = "
insert into skips (job, slot, at, reason, count) select $1, $2, $3, $4, $5
where not exists (select 1 from runs where job = $1 and slot = $2) on conflict do nothing";

const PAUSE: &str = "
insert into pauses (job, since, until, who, reason) values ($1, $2, $3, $4, $5)
on conflict (job) do update set since = excluded.since, until = excluded.until, who = excluded.who,
reason = excluded.reason";

const BEAT: &str = "
insert into beats (node, pid, started, at, version, jobs, stopped) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (node) do update set pid = excluded.pid, started = excluded.started, at = excluded.at,
version = excluded.version, jobs = excluded.jobs, stopped = excluded.stopped";

const SOURCES_DOWN: &str =
    "select source, min(at) from told_source where news = 'down' group by source order by source";

pub(in crate::store) async fn stands<E: Engine>(engine: &mut E, jobs: &[String]) -> Result<Vec<Stand>, E::Error> {
    let places: Vec<(i64, &String)> = (0..).zip(jobs).collect();
    let mut stands = Vec::with_capacity(jobs.len());
    for places in places.chunks(MOST_ROWS) {
        let mut statement = Statement::new::<E>(STANDS[0]);
        statement.bind_rows(places.iter().map(|(place, job)| [Cell::from(*place), (*job).into()]));
        statement.push(STANDS[1]);
        for row in statement.rows(engine).await? {
            let (last, succeeded) = (row.maybe_instant(0)?, row.maybe_instant(1)?);
            stands.push(Stand { last, succeeded, late: row.maybe_instant(2)? });
        }
    }
    Ok(stands)
}

pub(in crate::store) async fn skip<E: Engine>(engine: &mut E, skips: &[Skip]) -> Result<(), E::Error> {
    for Skip { job, slot, at, reason, count } in skips {
        let cells = [job.into(), (*slot).into(), (*at).into(), reason.as_str().into(), (*count).into()];
        engine.change(SKIP, &cells).await?;
    }
    Ok(())
}

pub(in crate::store) async fn skips<E: Engine>(
    engine: &mut E,
    job: Option<&str>,
    since: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<Skip>, E::Error> {
    let rows = engine.rows(SKIPS, &[job.into(), since.into(), limit.into()]).await?;
    Ok(rows.iter().map(read_skip).collect::<Result<_, _>>()?)
}

fn read_skip(row: &impl Row) -> Result<Skip, Unreadable> {
    let word = row.word(3)?;
    Ok(Skip {
        job: row.word(0)?.to_owned(),
        slot: row.instant(1)?,
        at: row.instant(2)?,
        reason: SkipReason::of_word(word).ok_or_else(|| Unreadable::word(word))?,
        count: row.count(4)?,
    })
}

pub(in crate::store) async fn pause<E: Engine>(engine: &mut E, pause: &Pause) -> Result<(), E::Error> {
    let Pause { job, since, until, who, reason } = pause;
    let cells = [job.into(), (*since).into(), (*until).into(), who.into(), reason.as_deref().into()];
    engine.change(PAUSE, &cells).await.map(drop)
}

pub(in crate::store) async fn resume<E: Engine>(engine: &mut E, job: &str, now: Timestamp) -> Result<bool, E::Error> {
    let ended = engine.rows("delete from pauses where job = $1 returning until", &[job.into()]).await?;
    match ended.first() {
        Some(row) => Ok(row.maybe_instant(0)?.is_none_or(|until| until > now)),
        None => Ok(false),
    }
}

pub(in crate::store) async fn pauses<E: Engine>(engine: &mut E, now: Timestamp) -> Result<Vec<Pause>, E::Error> {
    let sql = "select job, since, until, who, reason from pauses where until is null or until > $1 order by job";
    Ok(engine.rows(sql, &[now.into()]).await?.iter().map(read_pause).collect::<Result<_, _>>()?)
}

fn read_pause(row: &impl Row) -> Result<Pause, Unreadable> {
    Ok(Pause {
        job: row.word(0)?.to_owned(),
        since: row.instant(1)?,
        until: row.maybe_instant(2)?,
        who: row.word(3)?.to_owned(),
        reason: row.owned(4)?,
    })
}

pub(in crate::store) async fn punctual<E: Engine>(engine: &mut E, news: &Punctuality) -> Result<bool, E::Error> {
    let known = match news.late {
        true => {
            let sql = "insert into late (job, slot, at) values ($1, $2, $3) on conflict do nothing";
            engine.change(sql, &[(&news.job).into(), news.slot.into(), news.at.into()]).await?
        }
        false => engine.change("delete from late where job = $1", &[(&news.job).into()]).await?,
    };
    if known > 0 {
        // No alert is called like this: names hold no blank.
        let lane = format!("deadline {}", news.job);
        let posted = |outgoing| Posted { lane: lane.clone(), created: news.at, due: news.at, outgoing };
        let rows: Vec<Posted<'_>> = news.messages.iter().map(posted).collect();
        post(engine, &rows).await?;
    }
    Ok(known > 0)
}

pub(in crate::store) async fn late<E: Engine>(engine: &mut E) -> Result<Vec<(String, Timestamp)>, E::Error> {
    let read = |row: &E::Row| Ok((row.word(0)?.to_owned(), row.instant(1)?));
    let rows = engine.rows("select job, slot from late order by job", &[]).await?;
    Ok(rows.iter().map(read).collect::<Result<_, Unreadable>>()?)
}

pub(in crate::store) async fn beat<E: Engine>(engine: &mut E, beat: &Beat) -> Result<(), E::Error> {
    let Beat { node, pid, started, at, version, jobs, stopped } = beat;
    let stopped = i64::from(*stopped);
    let cells =
        [node.into(), (*pid).into(), (*started).into(), (*at).into(), version.into(), (*jobs).into(), stopped.into()];
    engine.change(BEAT, &cells).await.map(drop)
}

pub(in crate::store) async fn beats<E: Engine>(engine: &mut E) -> Result<Vec<Beat>, E::Error> {
    let sql = "select node, pid, started, at, version, jobs, stopped from beats order by node";
    Ok(engine.rows(sql, &[]).await?.iter().map(read_beat).collect::<Result<_, _>>()?)
}

fn read_beat(row: &impl Row) -> Result<Beat, Unreadable> {
    Ok(Beat {
        node: row.word(0)?.to_owned(),
        pid: row.few(1)?,
        started: row.instant(2)?,
        at: row.instant(3)?,
        version: row.word(4)?.to_owned(),
        jobs: row.count(5)?,
        stopped: row.holds(6)?,
    })
}

pub(in crate::store) async fn sources_down<E: Engine>(engine: &mut E) -> Result<Vec<(Name, Timestamp)>, E::Error> {
    let read = |row: &E::Row| Ok((row.name(0)?, row.instant(1)?));
    Ok(engine.rows(SOURCES_DOWN, &[]).await?.iter().map(read).collect::<Result<_, Unreadable>>()?)
}
