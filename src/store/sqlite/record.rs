//! Everything that runs learned, in one transaction.

use sqlx::{Connection, Error, SqliteConnection};

use super::shape::{micros, write_labels, write_values};
use crate::incident::{Sighting, Why, Words};
use crate::name::Name;
use crate::store::{AboutSource, Claim, Decision, Outcome, Outgoing};

/// Gives for each run how many messages were put into the outbox.
pub(super) async fn outcomes(
    connection: &mut SqliteConnection,
    runs: &[(&Claim, &Outcome)],
) -> Result<Vec<usize>, Error> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut enqueued = Vec::with_capacity(runs.len());
    for (claim, learned) in runs {
        enqueued.push(outcome(&mut transaction, claim, learned).await?);
    }
    transaction.commit().await?;
    Ok(enqueued)
}

/// Enqueues for each channel what it has not been told of the source; gives what was decided by that.
async fn source(
    connection: &mut SqliteConnection,
    outcome: &Outcome,
    about: &AboutSource,
) -> Result<Vec<Decision>, Error> {
    let sql = match about.seen {
        Sighting::Down => {
            "insert into told_source (source, channel, news, at) values ($1, $2, 'down', $3)
             on conflict (source, channel) do update set news = excluded.news, at = excluded.at
             where news = 'up' and at <= $4"
        }
        Sighting::Up => {
            "update told_source set news = 'up', at = $3
             where source = $1 and channel = $2 and news = 'down' and at <= $4"
        }
    };
    // No alert is called like this: names hold no blank.
    let lane = format!("source {}", about.source);
    let mut decisions = Vec::new();
    for outgoing in &about.messages {
        let told = sqlx::query(sql)
            .bind(about.source.as_str())
            .bind(outgoing.channel.as_str())
            .bind(micros(outcome.ended))
            .bind(micros(outcome.started))
            .execute(&mut *connection)
            .await?;
        if told.rows_affected() > 0 {
            enqueue(connection, outcome, &lane, outgoing).await?;
            decisions.push(Decision {
                channel: outgoing.channel.clone(),
                key: None,
                why: Why::Source(about.seen),
                count: 1,
                message: Some(outgoing.message.id.clone()),
            });
        }
    }
    Ok(decisions)
}

async fn outcome(connection: &mut SqliteConnection, claim: &Claim, outcome: &Outcome) -> Result<usize, Error> {
    let run = run(connection, claim, outcome).await?;
    instances(connection, outcome).await?;
    told(connection, outcome).await?;
    forget(connection, outcome).await?;
    for outgoing in &outcome.messages {
        enqueue(connection, outcome, outcome.alert.as_str(), outgoing).await?;
    }
    let about_source = match &outcome.source {
        Some(about) => source(connection, outcome, about).await?,
        None => Vec::new(),
    };
    decisions(connection, run, outcome.decisions.iter().chain(&about_source)).await?;
    Ok(outcome.messages.len() + about_source.len())
}

/// Gives the number of the run.
async fn run(connection: &mut SqliteConnection, claim: &Claim, outcome: &Outcome) -> Result<i64, Error> {
    let seen = serde_json::to_string(&outcome.seen).expect("texts are JSON");
    let run = sqlx::query(
        "insert into runs (job, slot, started, ended, health, state, rows, note, seen)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&claim.job)
    .bind(claim.slot.map(micros))
    .bind(micros(outcome.started))
    .bind(micros(outcome.ended))
    .bind(outcome.health.as_str())
    .bind(outcome.state.as_str())
    .bind(outcome.rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX)))
    .bind(&outcome.note)
    .bind(seen)
    .execute(&mut *connection)
    .await?
    .last_insert_rowid();
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
    Ok(run)
}

async fn decisions<'a>(
    connection: &mut SqliteConnection,
    run: i64,
    decisions: impl Iterator<Item = &'a Decision>,
) -> Result<(), Error> {
    for (place, decision) in (0_i64..).zip(decisions) {
        let Words { about, word, until, by } = decision.why.words();
        sqlx::query(
            "insert into decisions (run, place, channel, key, about, reason, until, held_by, count, message)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(run)
        .bind(place)
        .bind(decision.channel.as_str())
        .bind(&decision.key)
        .bind(about)
        .bind(word)
        .bind(until.map(micros))
        .bind(by.as_ref().map(Name::as_str))
        .bind(i64::try_from(decision.count).unwrap_or(i64::MAX))
        .bind(&decision.message)
        .execute(&mut *connection)
        .await?;
    }
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

async fn enqueue(
    connection: &mut SqliteConnection,
    outcome: &Outcome,
    lane: &str,
    outgoing: &Outgoing,
) -> Result<(), Error> {
    let message = serde_json::to_string(&outgoing.message).expect("a message is JSON");
    sqlx::query(
        "insert into outbox (id, alert, channel, thread, message, created, expires, next_attempt)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&outgoing.message.id)
    .bind(lane)
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
