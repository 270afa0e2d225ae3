//! Everything a run learned, in one transaction.

use sqlx::{Connection, Error, SqliteConnection};

use super::shape::{micros, write_labels, write_values};
use crate::store::{Claim, Outcome, Outgoing};

pub(super) async fn outcome(connection: &mut SqliteConnection, claim: &Claim, outcome: &Outcome) -> Result<(), Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    run(&mut transaction, claim, outcome).await?;
    instances(&mut transaction, outcome).await?;
    told(&mut transaction, outcome).await?;
    forget(&mut transaction, outcome).await?;
    for outgoing in &outcome.messages {
        enqueue(&mut transaction, outcome, outgoing).await?;
    }
    transaction.commit().await
}

async fn run(connection: &mut SqliteConnection, claim: &Claim, outcome: &Outcome) -> Result<(), Error> {
    sqlx::query(
        "insert into runs (job, slot, started, ended, health, state, rows, note) values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&claim.job)
    .bind(claim.slot.map(micros))
    .bind(micros(outcome.started))
    .bind(micros(outcome.ended))
    .bind(outcome.health.as_str())
    .bind(outcome.state.as_str())
    .bind(outcome.rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX)))
    .bind(&outcome.note)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into alerts (alert, health, since, rule) values ($1, $2, $3, $4)
         on conflict (alert) do update set health = excluded.health, rule = excluded.rule,
         since = case when health = excluded.health then since else excluded.since end
         where health <> excluded.health or rule <> excluded.rule",
    )
    .bind(outcome.alert.as_str())
    .bind(outcome.health.as_str())
    .bind(micros(outcome.ended))
    .bind(&outcome.rule)
    .execute(connection)
    .await?;
    Ok(())
}

async fn instances(connection: &mut SqliteConnection, outcome: &Outcome) -> Result<(), Error> {
    for remembered in &outcome.instances {
        sqlx::query(
            "insert into instances (alert, key, labels, state, since, began, vals, missed)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (alert, key) do update set labels = excluded.labels, state = excluded.state,
             since = excluded.since, began = excluded.began, vals = excluded.vals, missed = excluded.missed",
        )
        .bind(outcome.alert.as_str())
        .bind(&remembered.key)
        .bind(write_labels(&remembered.labels))
        .bind(remembered.instance.state.as_str())
        .bind(micros(remembered.instance.since))
        .bind(remembered.instance.began.map(micros))
        .bind(write_values(&remembered.values))
        .bind(remembered.missed)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// After what was told: the last word about an instance that is no more was in this outcome.
async fn forget(connection: &mut SqliteConnection, outcome: &Outcome) -> Result<(), Error> {
    for key in &outcome.forgotten {
        for sql in
            ["delete from instances where alert = $1 and key = $2", "delete from told where alert = $1 and key = $2"]
        {
            sqlx::query(sql).bind(outcome.alert.as_str()).bind(key).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

async fn told(connection: &mut SqliteConnection, outcome: &Outcome) -> Result<(), Error> {
    for (channel, key, told) in &outcome.told {
        sqlx::query(
            "insert into told (alert, key, channel, news, began, at) values ($1, $2, $3, $4, $5, $6)
             on conflict (alert, key, channel) do update set news = excluded.news, began = excluded.began,
             at = excluded.at",
        )
        .bind(outcome.alert.as_str())
        .bind(key)
        .bind(channel.as_str())
        .bind(told.news.as_str())
        .bind(micros(told.began))
        .bind(micros(told.at))
        .execute(&mut *connection)
        .await?;
    }
    for (channel, health) in &outcome.told_health {
        sqlx::query(
            "insert into told_health (alert, channel, health, at) values ($1, $2, $3, $4)
             on conflict (alert, channel) do update set health = excluded.health, at = excluded.at",
        )
        .bind(outcome.alert.as_str())
        .bind(channel.as_str())
        .bind(health.as_str())
        .bind(micros(outcome.ended))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn enqueue(connection: &mut SqliteConnection, outcome: &Outcome, outgoing: &Outgoing) -> Result<(), Error> {
    let message = serde_json::to_string(&outgoing.message).expect("a message is JSON");
    sqlx::query(
        "insert into outbox (id, alert, channel, thread, message, created, expires, next_attempt)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&outgoing.message.id)
    .bind(outcome.alert.as_str())
    .bind(outgoing.channel.as_str())
    .bind(&outgoing.message.thread)
    .bind(message)
    .bind(micros(outcome.ended))
    .bind(micros(outgoing.expires))
    .bind(micros(outcome.started))
    .execute(connection)
    .await?;
    Ok(())
}
