//! What is remembered of an alert.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row, SqliteConnection};

use super::shape::{instant, micros, name, read_labels, read_values, unknown};
use crate::incident::{Health, Instance, News, State, Told};
use crate::name::Name;
use crate::store::{Memory, Remembered, Silence, Subject};

pub(super) async fn has_run(connection: &mut SqliteConnection, job: &str, slot: Timestamp) -> Result<bool, Error> {
    let row = sqlx::query("select exists (select 1 from runs where job = $1 and slot = $2)")
        .bind(job)
        .bind(micros(slot))
        .fetch_one(connection)
        .await?;
    row.try_get(0)
}

pub(super) async fn last_slot(connection: &mut SqliteConnection, job: &str) -> Result<Option<Timestamp>, Error> {
    let row =
        sqlx::query("select max(slot) from runs where job = $1 and slot is not null").bind(job).fetch_one(connection);
    row.await?.try_get::<Option<i64>, _>(0)?.map(instant).transpose()
}

/// Everything about an alert and its source in one question: what each row is about stands first. Each statement is a
/// hand-over to the driver's thread and back, which costs more than what it finds.
const MEMORY: &str = "
select 'alert', health, rule, null, null, null, null, null from alerts where alert = $1
union all
select 'instance', key, labels, state, since, began, vals, missed from instances where alert = $1
union all
select 'told', channel, key, news, began, at, null, null from told where alert = $1
union all
select 'told of health', channel, health, null, null, null, null, null from told_health where alert = $1
union all
select 'told of source', channel, at, null, null, null, null, null from told_source
 where source = $2 and news = 'down'
union all
select 'silence', key, who, reason, since, until, null, null from silences where alert = $1 and ended is null";

/// What is remembered of a subject, and of the source it asks when it asks one.
pub(super) async fn memory(
    connection: &mut SqliteConnection,
    about: &Subject,
    source: Option<&Name>,
    unless: &[Name],
) -> Result<Memory, Error> {
    let question = sqlx::query(MEMORY).bind(about.key()).bind(source.map(Name::as_str));
    let mut memory = Memory::default();
    for row in question.fetch_all(&mut *connection).await? {
        match row.try_get(0)? {
            "alert" => (memory.health, memory.rule) = (health(row.try_get(1)?)?, row.try_get(2)?),
            "instance" => memory.instances.push(instance(&row)?),
            "told" => memory.told.push(told(&row)?),
            "told of health" => memory.told_health.push((name(row.try_get(1)?)?, health(row.try_get(2)?)?)),
            "told of source" => memory.source_down.push((name(row.try_get(1)?)?, instant(row.try_get(2)?)?)),
            "silence" => memory.silences.push(silence(about.name(), &row)?),
            other => return Err(unknown(other)),
        }
    }
    memory.instances.sort_by(|one, other| one.key.cmp(&other.key));
    memory.silences.sort_by_key(|silence| silence.until);
    memory.open = open(connection, unless).await?;
    Ok(memory)
}

fn instance(row: &SqliteRow) -> Result<Remembered, Error> {
    let state: &str = row.try_get(3)?;
    Ok(Remembered {
        key: row.try_get(1)?,
        labels: read_labels(row.try_get(2)?)?,
        instance: Instance {
            state: State::of_word(state).ok_or_else(|| unknown(state))?,
            since: instant(row.try_get(4)?)?,
            began: row.try_get::<Option<i64>, _>(5)?.map(instant).transpose()?,
        },
        values: read_values(row.try_get(6)?)?,
        missed: row.try_get(7)?,
    })
}

fn told(row: &SqliteRow) -> Result<(Name, String, Told), Error> {
    let news: &str = row.try_get(3)?;
    let news = News::of_word(news).ok_or_else(|| unknown(news))?;
    let what = Told { news, began: instant(row.try_get(4)?)?, at: instant(row.try_get(5)?)? };
    Ok((name(row.try_get(1)?)?, row.try_get(2)?, what))
}

fn silence(alert: &Name, row: &SqliteRow) -> Result<Silence, Error> {
    Ok(Silence {
        alert: alert.clone(),
        key: row.try_get(1)?,
        since: instant(row.try_get(4)?)?,
        until: instant(row.try_get(5)?)?,
        who: row.try_get(2)?,
        reason: row.try_get(3)?,
    })
}

/// Which of these alerts have an open incident.
async fn open(connection: &mut SqliteConnection, alerts: &[Name]) -> Result<Vec<Name>, Error> {
    let mut open = Vec::new();
    for alert in alerts {
        let sql = "select exists (select 1 from instances where alert = $1 and state in ('firing', 'recovering'))";
        let row = sqlx::query(sql).bind(alert.as_str()).fetch_one(&mut *connection).await?;
        if row.try_get(0)? {
            open.push(alert.clone());
        }
    }
    Ok(open)
}

fn health(word: &str) -> Result<Health, Error> {
    Health::of_word(word).ok_or_else(|| unknown(word))
}
