//! Messages waiting to be delivered.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row, SqliteConnection};

use super::shape::{instant, micros};
use crate::message::Receipt;
use crate::name::Name;
use crate::store::{Settlement, Waiting};

pub(super) async fn waiting(
    connection: &mut SqliteConnection,
    channel: &Name,
    now: Timestamp,
) -> Result<Vec<Waiting>, Error> {
    let rows = sqlx::query(
        "select o.seq, o.message, o.attempts, o.expires,
                (select f.receipt from outbox f where f.channel = o.channel and f.thread = o.thread
                 and f.state = 'delivered' order by f.seq limit 1)
         from outbox o
         where o.seq in (select min(seq) from outbox where state = 'waiting' and channel = $1 group by alert)
         and o.next_attempt <= $2
         order by o.seq",
    )
    .bind(channel.as_str())
    .bind(micros(now))
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<Waiting, Error> {
    let broken = |error: serde_json::Error| Error::Decode(error.into());
    let earlier: Option<&str> = row.try_get(4)?;
    Ok(Waiting {
        seq: row.try_get(0)?,
        message: serde_json::from_str(row.try_get(1)?).map_err(broken)?,
        attempts: row.try_get(2)?,
        expires: instant(row.try_get(3)?)?,
        earlier: earlier.map(serde_json::from_str::<Receipt>).transpose().map_err(broken)?,
    })
}

pub(super) async fn next_attempt(
    connection: &mut SqliteConnection,
    channel: &Name,
) -> Result<Option<Timestamp>, Error> {
    let row = sqlx::query(
        "select min(next_attempt) from outbox
         where seq in (select min(seq) from outbox where state = 'waiting' and channel = $1 group by alert)",
    )
    .bind(channel.as_str())
    .fetch_one(connection)
    .await?;
    row.try_get::<Option<i64>, _>(0)?.map(instant).transpose()
}

pub(super) async fn settle(connection: &mut SqliteConnection, seq: i64, settlement: &Settlement) -> Result<(), Error> {
    let query = match settlement {
        Settlement::Delivered { at, receipt } => sqlx::query(
            "update outbox set state = 'delivered', settled = $2, receipt = $3, attempts = attempts + 1, problem = null
             where seq = $1",
        )
        .bind(seq)
        .bind(micros(*at))
        .bind(serde_json::to_string(receipt).expect("a receipt is JSON")),
        Settlement::Again { at, problem } => {
            sqlx::query("update outbox set next_attempt = $2, problem = $3, attempts = attempts + 1 where seq = $1")
                .bind(seq)
                .bind(micros(*at))
                .bind(problem)
        }
        Settlement::Dead { at, problem } => sqlx::query(
            "update outbox set state = 'dead', settled = $2, problem = $3, attempts = attempts + 1 where seq = $1",
        )
        .bind(seq)
        .bind(micros(*at))
        .bind(problem),
    };
    query.execute(connection).await?;
    Ok(())
}
