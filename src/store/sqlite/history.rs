//! What was: runs, why they told what to whom, and what became of it.

use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row, SqliteConnection};

use super::letter::{self, COLUMNS};
use super::shape::{instant, micros, name, unknown};
use crate::incident::{Health, State, Why, Words};
use crate::store::{Decision, Letter, Past, Subject, Wanted};

pub(super) async fn runs(connection: &mut SqliteConnection, wanted: &Wanted) -> Result<Vec<Past>, Error> {
    let rows = sqlx::query(
        "select id, job, slot, started, ended, health, state, rows, note, seen from runs
         where ($1 is null or job = $1) and ($2 is null or health = $2)
         and ($3 is null or state = $3) and ($4 is null or started >= $4)
         order by started desc, id desc limit $5",
    )
    .bind(wanted.about.as_ref().map(Subject::job))
    .bind(wanted.health.map(Health::as_str))
    .bind(wanted.state.map(State::as_str))
    .bind(wanted.since.map(micros))
    .bind(wanted.limit)
    .fetch_all(&mut *connection)
    .await?;
    let mut runs = Vec::with_capacity(rows.len());
    for row in rows.iter().rev() {
        let decisions = decisions(connection, row.try_get(0)?).await?;
        runs.push(Past { decisions, ..run(row)? });
    }
    Ok(runs)
}

fn run(row: &SqliteRow) -> Result<Past, Error> {
    let (job, health, state): (&str, &str, &str) = (row.try_get(1)?, row.try_get(5)?, row.try_get(6)?);
    Ok(Past {
        about: Subject::of_job(job).ok_or_else(|| unknown(job))?,
        slot: row.try_get::<Option<i64>, _>(2)?.map(instant).transpose()?,
        started: instant(row.try_get(3)?)?,
        ended: instant(row.try_get(4)?)?,
        health: Health::of_word(health).ok_or_else(|| unknown(health))?,
        state: State::of_word(state).ok_or_else(|| unknown(state))?,
        rows: row.try_get::<Option<i64>, _>(7)?.map(i64::unsigned_abs),
        note: row.try_get(8)?,
        seen: serde_json::from_str(row.try_get(9)?).map_err(|error| Error::Decode(error.into()))?,
        decisions: Vec::new(),
    })
}

async fn decisions(connection: &mut SqliteConnection, run: i64) -> Result<Vec<(Decision, Option<Letter>)>, Error> {
    let sql = format!(
        "select {COLUMNS}, d.channel, d.key, d.about, d.reason, d.until, d.held_by, d.count, d.message
         from decisions d left join outbox o on o.id = d.message where d.run = $1 order by d.place"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(run).fetch_all(connection).await?;
    rows.iter().map(decision).collect()
}

fn decision(row: &SqliteRow) -> Result<(Decision, Option<Letter>), Error> {
    let by: Option<&str> = row.try_get(17)?;
    let words = Words {
        about: row.try_get(14)?,
        word: row.try_get(15)?,
        until: row.try_get::<Option<i64>, _>(16)?.map(instant).transpose()?,
        by: by.map(name).transpose()?,
    };
    let decision = Decision {
        channel: name(row.try_get(12)?)?,
        key: row.try_get(13)?,
        why: Why::of_words(&words).ok_or_else(|| unknown(words.word))?,
        count: row.try_get::<i64, _>(18)?.unsigned_abs(),
        message: row.try_get(19)?,
    };
    // The message may have been pruned meanwhile.
    let is_kept = row.try_get::<Option<&str>, _>(0)?.is_some();
    Ok((decision, is_kept.then(|| letter::read(row)).transpose()?))
}
