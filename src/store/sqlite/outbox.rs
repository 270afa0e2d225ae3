//! Messages waiting to be delivered, and how delivering them went.

use futures_util::TryStreamExt;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Error, Row, SqliteConnection};

use super::shape::{instant, micros, name};
use crate::message::Receipt;
use crate::name::Name;
use crate::store::{Backlog, Condition, Reach, Settlement, Step, Trouble, Waiting};

/// No more messages are read at once when they have come to so many bytes: some carry files.
const MOST_BYTES: usize = 4 << 20;

/// The oldest waiting message of each lane of a channel.
const HEADS: &str = "select min(seq) from outbox where state = 'waiting' and channel = $1 group by alert";

pub(super) async fn due(
    connection: &mut SqliteConnection,
    channel: &Name,
    now: Timestamp,
    reach: Reach,
) -> Result<Vec<Waiting>, Error> {
    let among = match reach.deep {
        false => format!("o.seq in ({HEADS}) and o.next_attempt <= $2"),
        true => format!(
            "o.state = 'waiting' and o.channel = $1
             and o.alert in (select alert from outbox where seq in ({HEADS}) and next_attempt <= $2)"
        ),
    };
    let sql = format!(
        "select o.seq, o.alert, o.message, o.attempts, o.begun is not null or o.lost > 0, o.expires,
                (select f.receipt from outbox f where f.channel = o.channel and f.thread = o.thread
                 and f.state = 'delivered' order by f.seq limit 1)
         from outbox o where {among} order by o.seq limit $3"
    );
    let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(channel.as_str())
        .bind(micros(now))
        .bind(i64::try_from(reach.most).unwrap_or(i64::MAX))
        .fetch(connection);
    let (mut due, mut room) = (Vec::new(), MOST_BYTES);
    while room > 0
        && let Some(row) = rows.try_next().await?
    {
        room = room.saturating_sub(row.try_get::<&str, _>(2)?.len());
        due.push(read(&row)?);
    }
    Ok(due)
}

fn read(row: &SqliteRow) -> Result<Waiting, Error> {
    let broken = |error: serde_json::Error| Error::Decode(error.into());
    let earlier: Option<&str> = row.try_get(6)?;
    Ok(Waiting {
        seq: row.try_get(0)?,
        lane: row.try_get(1)?,
        message: serde_json::from_str(row.try_get(2)?).map_err(broken)?,
        attempts: row.try_get(3)?,
        may_repeat: row.try_get(4)?,
        expires: instant(row.try_get(5)?)?,
        earlier: earlier.map(serde_json::from_str::<Receipt>).transpose().map_err(broken)?,
    })
}

pub(super) async fn next_attempt(
    connection: &mut SqliteConnection,
    channel: &Name,
) -> Result<Option<Timestamp>, Error> {
    let sql = format!(
        "select max(min(next_attempt), coalesce((select until from troubles where channel = $1), 0))
         from outbox where seq in ({HEADS})"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(channel.as_str()).fetch_one(connection).await?;
    row.try_get::<Option<i64>, _>(0)?.map(instant).transpose()
}

pub(super) async fn step(connection: &mut SqliteConnection, channel: &Name, step: &Step<'_>) -> Result<(), Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    settle(&mut transaction, step.ended).await?;
    if !step.begun.is_empty() {
        sqlx::query(BEGIN)
            .bind(serde_json::to_string(step.begun).expect("numbers are JSON"))
            .bind(micros(step.at))
            .execute(&mut *transaction)
            .await?;
    }
    match step.learned {
        None => {}
        Some(Condition::Works) => forget_trouble(&mut transaction, channel).await?,
        Some(Condition::Troubled(trouble)) => keep_trouble(&mut transaction, channel, trouble).await?,
    }
    transaction.commit().await
}

/// An attempt that began before and never ended was one, too.
const BEGIN: &str = "update outbox set
     attempts = attempts + (begun is not null), lost = lost + (begun is not null), begun = $2
     where seq in (select value from json_each($1))";

/// One statement for each way to end: each is a hand-over to the driver's thread and back. `$1` are rows of a number, an
/// instant and a text.
const DELIVERED: &str = "update outbox set state = 'delivered', settled = e.at, receipt = e.words,
     attempts = attempts + 1, problem = null, begun = null, dropped_by = null from ENDED where outbox.seq = e.seq";
const AGAIN: &str = "update outbox set next_attempt = e.at, problem = e.words, attempts = attempts + 1, begun = null
     from ENDED where outbox.seq = e.seq and state = 'waiting'";
const DEAD: &str = "update outbox set state = 'dead', settled = e.at, problem = e.words,
     attempts = attempts + (begun is not null), begun = null from ENDED where outbox.seq = e.seq and state = 'waiting'";
const UNTRIED: &str = "update outbox set begun = null from ENDED where outbox.seq = e.seq";
/// What stands for `ENDED`.
const ENDED: &str = "(select value ->> 0 as seq, value ->> 1 as at, value ->> 2 as words from json_each($1)) e";

async fn settle(connection: &mut SqliteConnection, ended: &[(i64, Settlement)]) -> Result<(), Error> {
    let (mut delivered, mut again, mut dead, mut untried) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (seq, settlement) in ended {
        let (rows, at, words) = match settlement {
            Settlement::Delivered { at, receipt } => {
                (&mut delivered, Some(*at), Some(serde_json::to_string(receipt).expect("a receipt is JSON")))
            }
            Settlement::Again { at, problem } => (&mut again, Some(*at), Some(problem.clone())),
            Settlement::Dead { at, problem } => (&mut dead, Some(*at), Some(problem.clone())),
            Settlement::Untried => (&mut untried, None, None),
        };
        rows.push((*seq, at.map(micros), words));
    }
    for (sql, rows) in [(DELIVERED, delivered), (AGAIN, again), (DEAD, dead), (UNTRIED, untried)] {
        if !rows.is_empty() {
            let rows = serde_json::to_string(&rows).expect("numbers and texts are JSON");
            sqlx::query(sqlx::AssertSqlSafe(sql.replace("ENDED", ENDED))).bind(rows).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

pub(super) async fn trouble(connection: &mut SqliteConnection, channel: &Name) -> Result<Option<Trouble>, Error> {
    let sql = "select since, until, strikes, broken, problem from troubles where channel = $1";
    let row = sqlx::query(sql).bind(channel.as_str()).fetch_optional(connection).await?;
    row.map(|row| read_trouble(&row, 0)).transpose()
}

/// Reads a trouble from its column `since` on.
fn read_trouble(row: &SqliteRow, first: usize) -> Result<Trouble, Error> {
    Ok(Trouble {
        since: instant(row.try_get(first)?)?,
        until: instant(row.try_get(first + 1)?)?,
        strikes: row.try_get(first + 2)?,
        broken: row.try_get(first + 3)?,
        problem: row.try_get(first + 4)?,
    })
}

const BACKLOG: &str = "
select c.channel, sum(c.waiting), sum(c.dead), min(c.oldest), t.since, t.until, t.strikes, t.broken, t.problem
from (select channel, 1 as waiting, 0 as dead, created as oldest from outbox where state = 'waiting'
      union all select channel, 0, 1, null from outbox where state = 'dead' and dropped_by is null
      union all select channel, 0, 0, null from troubles) c
left join troubles t on t.channel = c.channel group by c.channel order by c.channel";

pub(super) async fn backlog(connection: &mut SqliteConnection) -> Result<Vec<Backlog>, Error> {
    let read = |row: &SqliteRow| -> Result<Backlog, Error> {
        let troubled = row.try_get::<Option<i64>, _>(4)?.is_some();
        Ok(Backlog {
            channel: name(row.try_get(0)?)?,
            waiting: row.try_get::<i64, _>(1)?.unsigned_abs(),
            dead: row.try_get::<i64, _>(2)?.unsigned_abs(),
            oldest: row.try_get::<Option<i64>, _>(3)?.map(instant).transpose()?,
            trouble: troubled.then(|| read_trouble(row, 4)).transpose()?,
        })
    };
    sqlx::query(BACKLOG).fetch_all(connection).await?.iter().map(read).collect()
}

async fn forget_trouble(connection: &mut SqliteConnection, channel: &Name) -> Result<(), Error> {
    sqlx::query("delete from troubles where channel = $1").bind(channel.as_str()).execute(connection).await?;
    Ok(())
}

async fn keep_trouble(connection: &mut SqliteConnection, channel: &Name, trouble: &Trouble) -> Result<(), Error> {
    sqlx::query(
        "insert into troubles (channel, since, until, strikes, broken, problem) values ($1, $2, $3, $4, $5, $6)
         on conflict (channel) do update set since = excluded.since, until = excluded.until,
         strikes = excluded.strikes, broken = excluded.broken, problem = excluded.problem",
    )
    .bind(channel.as_str())
    .bind(micros(trouble.since))
    .bind(micros(trouble.until))
    .bind(trouble.strikes)
    .bind(trouble.broken)
    .bind(&trouble.problem)
    .execute(connection)
    .await?;
    Ok(())
}
