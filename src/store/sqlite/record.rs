//! Everything that runs learned, in one transaction.
//!
//! Each statement is a hand-over to the driver's thread and back, which costs more than a row: whatever the runs have in
//! common goes into one statement for each table.

use std::borrow::Cow;

use jiff::Timestamp;
use sqlx::query_builder::Separated;
use sqlx::{Connection, Error, QueryBuilder, Row, Sqlite, SqliteConnection};

use super::shape::{micros, write_labels, write_values};
use crate::incident::{Sighting, Why, Words};
use crate::name::Name;
use crate::store::{AboutSource, Claim, Decision, Outcome, Outgoing};

/// At most this many rows of at most ten values go into one statement: SQLite binds 32,766 values.
const MOST_ROWS: usize = 3_000;

/// Gives for each run how many messages were put into the outbox.
pub(super) async fn outcomes(
    connection: &mut SqliteConnection,
    runs: &[(&Claim, &Outcome)],
) -> Result<Vec<usize>, Error> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut learned = Vec::with_capacity(runs.len());
    for (claim, outcome) in runs {
        let told = match &outcome.source {
            Some(about) => news_of_source(&mut transaction, outcome, about).await?,
            None => Vec::new(),
        };
        learned.push(Learned { claim, outcome, about_source: told });
    }
    let numbers = write_runs(&mut transaction, &learned).await?;
    write_alerts(&mut transaction, &learned).await?;
    write_instances(&mut transaction, &learned).await?;
    write_told(&mut transaction, &learned).await?;
    write_told_health(&mut transaction, &learned).await?;
    forget(&mut transaction, &learned).await?;
    enqueue(&mut transaction, &learned).await?;
    write_decisions(&mut transaction, &learned, &numbers).await?;
    transaction.commit().await?;
    Ok(learned.iter().map(|run| run.outcome.messages.len() + run.about_source.len()).collect())
}

/// A run and what it is the first to tell of its source.
struct Learned<'a> {
    claim: &'a Claim,
    outcome: &'a Outcome,
    about_source: Vec<&'a Outgoing>,
}

impl Learned<'_> {
    /// Why each channel was told something or nothing, of the source at the end.
    fn decisions(&self) -> impl Iterator<Item = Decision> {
        let seen = self.outcome.source.as_ref().map(|about| about.seen);
        let about_source = self.about_source.iter().zip(seen.into_iter().cycle()).map(|(outgoing, seen)| Decision {
            channel: outgoing.channel.clone(),
            key: None,
            why: Why::Source(seen),
            count: 1,
            message: Some(outgoing.message.id.clone()),
        });
        self.outcome.decisions.iter().cloned().chain(about_source)
    }
}

/// Writes `rows` by as few statements as there can be: `head`, the values that `bind` binds for each row, `tail`.
async fn write<T>(
    connection: &mut SqliteConnection,
    (head, tail): (&str, &str),
    rows: &[T],
    bind: impl Fn(&mut Separated<'_, Sqlite, &'static str>, &T),
) -> Result<(), Error> {
    for rows in rows.chunks(MOST_ROWS) {
        let mut statement = QueryBuilder::new(format!("{head} "));
        statement.push_values(rows, |mut values, row| bind(&mut values, row));
        statement.push(format_args!(" {tail}"));
        statement.build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

/// What `of` gives of each outcome, beside the key of what it is about.
fn each<'a, T, I: Iterator<Item = T>>(
    learned: &[Learned<'a>],
    of: impl Fn(&'a Outcome) -> I,
) -> Vec<(Cow<'a, str>, T)> {
    learned.iter().flat_map(|run| of(run.outcome).map(|item| (run.outcome.about.key(), item))).collect()
}

/// Notes for each channel what it has not been told of the source; gives the messages that tell it.
async fn news_of_source<'a>(
    connection: &mut SqliteConnection,
    outcome: &Outcome,
    about: &'a AboutSource,
) -> Result<Vec<&'a Outgoing>, Error> {
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
    let mut news = Vec::new();
    for outgoing in &about.messages {
        let told = sqlx::query(sql)
            .bind(about.source.as_str())
            .bind(outgoing.channel.as_str())
            .bind(micros(outcome.ended))
            .bind(micros(outcome.started))
            .execute(&mut *connection)
            .await?;
        if told.rows_affected() > 0 {
            news.push(outgoing);
        }
    }
    Ok(news)
}

/// Gives the numbers of the runs.
async fn write_runs(connection: &mut SqliteConnection, learned: &[Learned<'_>]) -> Result<Vec<i64>, Error> {
    // Nobody else writes in this transaction.
    let last = sqlx::query("select coalesce(max(id), 0) from runs").fetch_one(&mut *connection).await?;
    let last: i64 = last.try_get(0)?;
    let rows: Vec<(i64, &Learned<'_>)> = (last + 1..).zip(learned).collect();
    let head = "insert into runs (id, job, slot, started, ended, health, state, rows, note, seen)";
    write(connection, (head, ""), &rows, |values, (number, Learned { claim, outcome, .. })| {
        let seen = serde_json::to_string(&outcome.seen).expect("texts are JSON");
        values
            .push_bind(*number)
            .push_bind(claim.job.as_str())
            .push_bind(claim.slot.map(micros))
            .push_bind(micros(outcome.started))
            .push_bind(micros(outcome.ended))
            .push_bind(outcome.health.as_str())
            .push_bind(outcome.state.as_str())
            .push_bind(outcome.rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX)))
            .push_bind(outcome.note.as_str())
            .push_bind(seen);
    })
    .await?;
    Ok(rows.into_iter().map(|(number, _)| number).collect())
}

async fn write_alerts(connection: &mut SqliteConnection, learned: &[Learned<'_>]) -> Result<(), Error> {
    let head = "insert into alerts (alert, health, since, rule)";
    let tail = "on conflict (alert) do update set health = excluded.health, rule = excluded.rule,
         since = case when health = excluded.health then since else excluded.since end
         where health <> excluded.health or rule <> excluded.rule";
    write(connection, (head, tail), learned, |values, Learned { outcome, .. }| {
        values
            .push_bind(outcome.about.key())
            .push_bind(outcome.health.as_str())
            .push_bind(micros(outcome.ended))
            .push_bind(outcome.rule.as_str());
    })
    .await
}

async fn write_instances(connection: &mut SqliteConnection, learned: &[Learned<'_>]) -> Result<(), Error> {
    let rows = each(learned, |outcome| outcome.instances.iter());
    let head = "insert into instances (alert, key, labels, state, since, began, vals, missed)";
    let tail = "on conflict (alert, key) do update set labels = excluded.labels, state = excluded.state,
         since = excluded.since, began = excluded.began, vals = excluded.vals, missed = excluded.missed";
    write(connection, (head, tail), &rows, |values, (alert, remembered)| {
        values
            .push_bind(alert.clone())
            .push_bind(remembered.key.as_str())
            .push_bind(write_labels(&remembered.labels))
            .push_bind(remembered.instance.state.as_str())
            .push_bind(micros(remembered.instance.since))
            .push_bind(remembered.instance.began.map(micros))
            .push_bind(write_values(&remembered.values))
            .push_bind(remembered.missed);
    })
    .await
}

async fn write_told(connection: &mut SqliteConnection, learned: &[Learned<'_>]) -> Result<(), Error> {
    let rows = each(learned, |outcome| outcome.told.iter());
    let head = "insert into told (alert, key, channel, news, began, at)";
    let tail = "on conflict (alert, key, channel) do update set news = excluded.news, began = excluded.began,
         at = excluded.at";
    write(connection, (head, tail), &rows, |values, (alert, (channel, key, told))| {
        values
            .push_bind(alert.clone())
            .push_bind(key.as_str())
            .push_bind(channel.as_str())
            .push_bind(told.news.as_str())
            .push_bind(micros(told.began))
            .push_bind(micros(told.at));
    })
    .await
}

async fn write_told_health(connection: &mut SqliteConnection, learned: &[Learned<'_>]) -> Result<(), Error> {
    let rows = each(learned, |outcome| outcome.told_health.iter().map(|told| (told, micros(outcome.ended))));
    let head = "insert into told_health (alert, channel, health, at)";
    let tail = "on conflict (alert, channel) do update set health = excluded.health, at = excluded.at";
    write(connection, (head, tail), &rows, |values, (alert, ((channel, health), at))| {
        values.push_bind(alert.clone()).push_bind(channel.as_str()).push_bind(health.as_str()).push_bind(*at);
    })
    .await
}

/// After what was told: the last word about an instance that is no more was in this outcome.
async fn forget(connection: &mut SqliteConnection, learned: &[Learned<'_>]) -> Result<(), Error> {
    let rows = each(learned, |outcome| outcome.forgotten.iter());
    for table in ["instances", "told"] {
        let head = format!("delete from {table} where (alert, key) in (");
        write(connection, (&head, ")"), &rows, |values, (alert, key)| {
            values.push_bind(alert.clone()).push_bind(key.as_str());
        })
        .await?;
    }
    Ok(())
}

async fn enqueue(connection: &mut SqliteConnection, learned: &[Learned<'_>]) -> Result<(), Error> {
    let mut rows = Vec::new();
    for Learned { outcome, about_source, .. } in learned {
        let posted = |lane: &str, outgoing| Posted {
            lane: lane.to_owned(),
            created: outcome.ended,
            due: outcome.started,
            outgoing,
        };
        rows.extend(outcome.messages.iter().map(|outgoing| posted(&outcome.about.key(), outgoing)));
        // No alert is called like this: names hold no blank.
        let lane = outcome.source.as_ref().map(|about| format!("source {}", about.source)).unwrap_or_default();
        rows.extend(about_source.iter().map(|outgoing| posted(&lane, outgoing)));
    }
    post(connection, &rows).await
}

/// A message at the end of its lane.
pub(super) struct Posted<'a> {
    pub(super) lane: String,
    /// When it was decided.
    pub(super) created: Timestamp,
    /// From when on it may be sent.
    pub(super) due: Timestamp,
    pub(super) outgoing: &'a Outgoing,
}

/// Puts messages into the outbox.
pub(super) async fn post(connection: &mut SqliteConnection, rows: &[Posted<'_>]) -> Result<(), Error> {
    let head = "insert into outbox (id, alert, channel, thread, message, created, expires, next_attempt)";
    write(connection, (head, ""), rows, |values, Posted { lane, created, due, outgoing }| {
        let message = serde_json::to_string(&outgoing.message).expect("a message is JSON");
        values
            .push_bind(outgoing.message.id.as_str())
            .push_bind(lane.as_str())
            .push_bind(outgoing.channel.as_str())
            .push_bind(outgoing.message.thread.as_str())
            .push_bind(message)
            .push_bind(micros(*created))
            .push_bind(micros(outgoing.expires))
            .push_bind(micros(*due));
    })
    .await
}

/// `numbers` are those of the runs.
async fn write_decisions(
    connection: &mut SqliteConnection,
    learned: &[Learned<'_>],
    numbers: &[i64],
) -> Result<(), Error> {
    let of_run = |(run, number): (&Learned<'_>, &i64)| {
        let number = *number;
        (0_i64..).zip(run.decisions()).map(move |(place, decision)| (number, place, decision)).collect::<Vec<_>>()
    };
    let rows: Vec<(i64, i64, Decision)> = learned.iter().zip(numbers).flat_map(of_run).collect();
    let head = "insert into decisions (run, place, channel, key, about, reason, until, held_by, count, message)";
    write(connection, (head, ""), &rows, |values, (run, place, decision)| {
        let Words { about, word, until, by } = decision.why.words();
        values
            .push_bind(*run)
            .push_bind(*place)
            .push_bind(decision.channel.as_str())
            .push_bind(decision.key.as_deref())
            .push_bind(about)
            .push_bind(word)
            .push_bind(until.map(micros))
            .push_bind(by.as_ref().map(Name::as_str))
            .push_bind(i64::try_from(decision.count).unwrap_or(i64::MAX))
            .push_bind(decision.message.as_deref());
    })
    .await
}
