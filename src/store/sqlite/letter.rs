//! Messages as people look at them: what became of each, and what they want to become of it.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Error, QueryBuilder, Row, Sqlite, SqliteConnection};

use super::shape::{instant, micros, name, unknown};
use crate::name::Name;
use crate::store::{Fate, Letter, Pick};

/// The columns of [`read`], of `outbox o`. Files and pictures stay where they are: nobody looks at them here.
pub(super) const COLUMNS: &str =
    "o.channel, o.seq, json_remove(o.message, '$.attachments', '$.sections'), o.created, o.expires, o.attempts,
    o.begun is not null or o.lost > 0, o.state, o.next_attempt, o.settled, o.problem, o.dropped_by";

pub(super) fn read(row: &SqliteRow) -> Result<Letter, Error> {
    let settled = || -> Result<Timestamp, Error> { instant(row.try_get(9)?) };
    let by: Option<String> = row.try_get(11)?;
    let fate = match (row.try_get(7)?, by) {
        ("waiting", _) => Fate::Waiting { next_attempt: instant(row.try_get(8)?)?, problem: row.try_get(10)? },
        ("delivered", _) => Fate::Delivered { at: settled()? },
        ("dead", Some(by)) => Fate::Dropped { at: settled()?, by },
        ("dead", None) => Fate::Dead { at: settled()?, problem: row.try_get::<Option<_>, _>(10)?.unwrap_or_default() },
        (other, _) => return Err(unknown(other)),
    };
    Ok(Letter {
        channel: name(row.try_get(0)?)?,
        seq: row.try_get(1)?,
        message: serde_json::from_str(row.try_get(2)?).map_err(|error| Error::Decode(error.into()))?,
        created: instant(row.try_get(3)?)?,
        expires: instant(row.try_get(4)?)?,
        attempts: row.try_get(5)?,
        may_repeat: row.try_get(6)?,
        fate,
    })
}

pub(super) async fn of_alert(connection: &mut SqliteConnection, alert: &Name) -> Result<Vec<Letter>, Error> {
    let sql = format!(
        "select {COLUMNS} from outbox o where o.alert = $1 and (o.state = 'waiting' or o.seq in
         (select max(seq) from outbox where alert = $1 group by channel)) order by o.seq"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(alert.as_str()).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn picked(connection: &mut SqliteConnection, pick: &Pick) -> Result<Vec<Letter>, Error> {
    let mut query = QueryBuilder::<Sqlite>::new(format!("select {COLUMNS} from outbox o where "));
    match (pick.waiting, pick.dead) {
        (true, true) => query.push("o.state in ('waiting', 'dead') and o.dropped_by is null"),
        (true, false) => query.push("o.state = 'waiting'"),
        (false, true) => query.push("o.state = 'dead' and o.dropped_by is null"),
        (false, false) => query.push("false"),
    };
    if let Some(channel) = &pick.channel {
        query.push(" and o.channel = ").push_bind(channel.as_str());
    }
    if !pick.ids.is_empty() {
        query.push(" and (");
        for (index, id) in pick.ids.iter().enumerate() {
            query.push(if index == 0 { "" } else { " or " });
            match id.parse::<i64>() {
                Ok(seq) => query.push("o.seq = ").push_bind(seq),
                Err(_) => query.push("o.id = ").push_bind(id),
            };
        }
        query.push(")");
    }
    query.push(" order by o.seq").build().fetch_all(connection).await?.iter().map(read).collect()
}

pub(super) async fn hasten(
    connection: &mut SqliteConnection,
    pick: &Pick,
    now: Timestamp,
) -> Result<Vec<Letter>, Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let letters = picked(&mut transaction, pick).await?;
    for letter in &letters {
        sqlx::query(
            "update outbox set state = 'waiting', settled = null, next_attempt = $2,
             expires = case state when 'dead' then max(expires, $2 + expires - created) else expires end
             where seq = $1",
        )
        .bind(letter.seq)
        .bind(micros(now))
        .execute(&mut *transaction)
        .await?;
        sqlx::query("update troubles set until = $2 where channel = $1 and until > $2")
            .bind(letter.channel.as_str())
            .bind(micros(now))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(letters)
}

pub(super) async fn discard(
    connection: &mut SqliteConnection,
    pick: &Pick,
    who: &str,
    now: Timestamp,
) -> Result<Vec<Letter>, Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let letters = picked(&mut transaction, pick).await?;
    for letter in &letters {
        sqlx::query("update outbox set state = 'dead', settled = $2, dropped_by = $3 where seq = $1")
            .bind(letter.seq)
            .bind(micros(now))
            .bind(who)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(letters)
}
