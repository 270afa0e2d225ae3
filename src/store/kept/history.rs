//! What was: runs, why they told what to whom, and what became of it.

use super::letter::{self, columns};
use crate::incident::{Health, State, Why, Words};
use crate::store::engine::{Engine, Row, Unreadable};
use crate::store::{Decision, Letter, Past, Subject, Wanted};

pub(in crate::store) async fn runs<E: Engine>(engine: &mut E, wanted: &Wanted) -> Result<Vec<Past>, E::Error> {
    let sql = "select id, job, slot, started, ended, health, state, rows, note, seen from runs
         where ($1 is null or job = $1) and ($2 is null or health = $2)
         and ($3 is null or state = $3) and ($4 is null or started >= $4)
         order by started desc, id desc limit $5";
    let job = wanted.about.as_ref().map(Subject::job);
    let cells = [
        job.as_deref().into(),
        wanted.health.map(Health::as_str).into(),
        wanted.state.map(State::as_str).into(),
        wanted.since.into(),
        wanted.limit.into(),
    ];
    let rows = engine.rows(sql, &cells).await?;
    let mut runs = Vec::with_capacity(rows.len());
    for row in rows.iter().rev() {
        let decisions = decisions(engine, row.integer(0)?).await?;
        runs.push(Past { decisions, ..run(row)? });
    }
    Ok(runs)
}

fn run(row: &impl Row) -> Result<Past, Unreadable> {
    let (job, health, state) = (row.word(1)?, row.word(5)?, row.word(6)?);
    Ok(Past {
        about: Subject::of_job(job).ok_or_else(|| Unreadable::word(job))?,
        slot: row.maybe_instant(2)?,
        started: row.instant(3)?,
        ended: row.instant(4)?,
        health: Health::of_word(health).ok_or_else(|| Unreadable::word(health))?,
        state: State::of_word(state).ok_or_else(|| Unreadable::word(state))?,
        rows: row.number(7)?.map(i64::unsigned_abs),
        note: row.word(8)?.to_owned(),
        seen: row.json(9)?,
        decisions: Vec::new(),
    })
}

async fn decisions<E: Engine>(engine: &mut E, run: i64) -> Result<Vec<(Decision, Option<Letter>)>, E::Error> {
    let columns = columns::<E>();
    let sql = format!(
        "select {columns}, d.channel, d.key, d.about, d.reason, d.until, d.held_by, d.count, d.message
         from decisions d left join outbox o on o.id = d.message where d.run = $1 order by d.place"
    );
    Ok(engine.rows(&sql, &[run.into()]).await?.iter().map(decision).collect::<Result<_, _>>()?)
}

fn decision(row: &impl Row) -> Result<(Decision, Option<Letter>), Unreadable> {
    let words = Words {
        about: row.word(14)?,
        word: row.word(15)?,
        until: row.maybe_instant(16)?,
        by: row.text(17)?.map(super::super::shape::name).transpose()?,
    };
    let decision = Decision {
        channel: row.name(12)?,
        key: row.owned(13)?,
        why: Why::of_words(&words).ok_or_else(|| Unreadable::word(words.word))?,
        count: row.count(18)?,
        message: row.owned(19)?,
    };
    // The message may have been pruned meanwhile.
    let is_kept = row.text(0)?.is_some();
    Ok((decision, is_kept.then(|| letter::read(row)).transpose()?))
}
