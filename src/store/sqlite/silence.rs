//! Silences: who holds back what, until when and why.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row, SqliteConnection};

use super::shape::{instant, micros, name};
use crate::name::Name;
use crate::store::Silence;

pub(super) async fn add(connection: &mut SqliteConnection, silence: &Silence) -> Result<(), Error> {
    sqlx::query("insert into silences (alert, key, since, until, who, reason) values ($1, $2, $3, $4, $5, $6)")
        .bind(silence.alert.as_str())
        .bind(&silence.key)
        .bind(micros(silence.since))
        .bind(micros(silence.until))
        .bind(&silence.who)
        .bind(&silence.reason)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn end(
    connection: &mut SqliteConnection,
    alert: &Name,
    key: Option<&str>,
    now: Timestamp,
) -> Result<u64, Error> {
    let ended = sqlx::query(
        "update silences set ended = $3
         where alert = $1 and ($2 is null or key = $2) and ended is null and until > $3",
    )
    .bind(alert.as_str())
    .bind(key)
    .bind(micros(now))
    .execute(connection)
    .await?;
    Ok(ended.rows_affected())
}

pub(super) async fn lasting(connection: &mut SqliteConnection, now: Timestamp) -> Result<Vec<Silence>, Error> {
    let rows = sqlx::query(
        "select alert, key, since, until, who, reason from silences where ended is null and until > $1
         order by alert, key, until",
    )
    .bind(micros(now))
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<Silence, Error> {
    Ok(Silence {
        alert: name(row.try_get(0)?)?,
        key: row.try_get(1)?,
        since: instant(row.try_get(2)?)?,
        until: instant(row.try_get(3)?)?,
        who: row.try_get(4)?,
        reason: row.try_get(5)?,
    })
}
