//! What is remembered of an alert.

use jiff::Timestamp;
use sqlx::{Error, Row, SqliteConnection};

use super::shape::{instant, micros, name, read_labels, read_values, unknown};
use super::silence;
use crate::incident::{Health, Instance, News, State, Told};
use crate::name::Name;
use crate::store::{Memory, Remembered};

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

pub(super) async fn memory(
    connection: &mut SqliteConnection,
    alert: &Name,
    source: &Name,
    unless: &[Name],
) -> Result<Memory, Error> {
    let row = sqlx::query("select health, rule from alerts where alert = $1")
        .bind(alert.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let (health, rule) = match row {
        Some(row) => (health(row.try_get(0)?)?, row.try_get(1)?),
        None => (Health::default(), String::new()),
    };
    Ok(Memory {
        health,
        rule,
        instances: instances(connection, alert).await?,
        told: told(connection, alert).await?,
        told_health: told_health(connection, alert).await?,
        source_down: source_down(connection, source).await?,
        silences: silence::of_alert(connection, alert).await?,
        open: open(connection, unless).await?,
    })
}

async fn instances(connection: &mut SqliteConnection, alert: &Name) -> Result<Vec<Remembered>, Error> {
    let rows = sqlx::query(
        "select key, labels, state, since, began, vals, missed from instances where alert = $1 order by key",
    )
    .bind(alert.as_str())
    .fetch_all(connection)
    .await?;
    let read = |row: sqlx::sqlite::SqliteRow| {
        let state: &str = row.try_get(2)?;
        Ok(Remembered {
            key: row.try_get(0)?,
            labels: read_labels(row.try_get(1)?)?,
            instance: Instance {
                state: State::of_word(state).ok_or_else(|| unknown(state))?,
                since: instant(row.try_get(3)?)?,
                began: row.try_get::<Option<i64>, _>(4)?.map(instant).transpose()?,
            },
            values: read_values(row.try_get(5)?)?,
            missed: row.try_get(6)?,
        })
    };
    rows.into_iter().map(read).collect()
}

async fn told(connection: &mut SqliteConnection, alert: &Name) -> Result<Vec<(Name, String, Told)>, Error> {
    let rows = sqlx::query("select channel, key, news, began, at from told where alert = $1")
        .bind(alert.as_str())
        .fetch_all(connection)
        .await?;
    let mut told = Vec::new();
    for row in rows {
        let news: &str = row.try_get(2)?;
        let news = News::of_word(news).ok_or_else(|| unknown(news))?;
        let what = Told { news, began: instant(row.try_get(3)?)?, at: instant(row.try_get(4)?)? };
        told.push((name(row.try_get(0)?)?, row.try_get(1)?, what));
    }
    Ok(told)
}

async fn told_health(connection: &mut SqliteConnection, alert: &Name) -> Result<Vec<(Name, Health)>, Error> {
    let rows = sqlx::query("select channel, health from told_health where alert = $1")
        .bind(alert.as_str())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| Ok((name(row.try_get(0)?)?, health(row.try_get(1)?)?))).collect()
}

async fn source_down(connection: &mut SqliteConnection, source: &Name) -> Result<Vec<(Name, Timestamp)>, Error> {
    let rows = sqlx::query("select channel, at from told_source where source = $1 and news = 'down'")
        .bind(source.as_str())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| Ok((name(row.try_get(0)?)?, instant(row.try_get(1)?)?))).collect()
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
