//! Everything that runs learned.
//!
//! Each statement is a way to the engine and back, which costs more than a row: whatever the runs have in common goes
//! into one statement for each table.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::incident::{Sighting, Told, Why, Words};
use crate::store::engine::{Cell, Engine, Row, change_each};
use crate::store::shape::{write_labels, write_values};
use crate::store::{AboutSource, Claim, Decision, Outcome, Outgoing};

/// Gives for each run how many messages were put into the outbox.
pub(in crate::store) async fn outcomes<E: Engine>(
    engine: &mut E,
    runs: &[(&Claim, &Outcome)],
) -> Result<Vec<usize>, E::Error> {
    let mut learned = Vec::with_capacity(runs.len());
    for (claim, outcome) in runs {
        let told = match &outcome.source {
            Some(about) => news_of_source(engine, outcome, about).await?,
            None => Vec::new(),
        };
        learned.push(Learned { claim, outcome, about_source: told });
    }
    let numbers = write_runs(engine, &learned).await?;
    write_alerts(engine, &learned).await?;
    write_instances(engine, &learned).await?;
    write_told(engine, &learned).await?;
    write_told_health(engine, &learned).await?;
    forget(engine, &learned).await?;
    enqueue(engine, &learned).await?;
    write_decisions(engine, &learned, &numbers).await?;
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

/// What `of` gives of each outcome, beside the key of what it is about.
fn each<'a, T, I: Iterator<Item = T>>(
    learned: &[Learned<'a>],
    of: impl Fn(&'a Outcome) -> I,
) -> Vec<(Cow<'a, str>, T)> {
    learned.iter().flat_map(|run| of(run.outcome).map(|item| (run.outcome.about.key(), item))).collect()
}

/// Notes for each channel what it has not been told of the source; gives the messages that tell it.
async fn news_of_source<'a, E: Engine>(
    engine: &mut E,
    outcome: &Outcome,
    about: &'a AboutSource,
) -> Result<Vec<&'a Outgoing>, E::Error> {
    let sql = match about.seen {
        Sighting::Down => {
            "insert into told_source (source, channel, news, at) values ($1, $2, 'down', $3)
             on conflict (source, channel) do update set news = excluded.news, at = excluded.at
             where told_source.news = 'up' and told_source.at <= $4"
        }
        Sighting::Up => {
            "update told_source set news = 'up', at = $3
             where source = $1 and channel = $2 and news = 'down' and at <= $4"
        }
    };
    let mut news = Vec::new();
    for outgoing in &about.messages {
        let cells = [(&about.source).into(), (&outgoing.channel).into(), outcome.ended.into(), outcome.started.into()];
        if engine.change(sql, &cells).await? > 0 {
            news.push(outgoing);
        }
    }
    Ok(news)
}

/// Gives the numbers of the runs.
async fn write_runs<E: Engine>(engine: &mut E, learned: &[Learned<'_>]) -> Result<Vec<i64>, E::Error> {
    let mut numbers = Vec::with_capacity(learned.len());
    for row in engine.rows(E::RUN_NUMBERS, &[Cell::from(learned.len() as u64)]).await? {
        numbers.push(row.integer(0)?);
    }
    let rows: Vec<(i64, &Learned<'_>)> = numbers.iter().copied().zip(learned).collect();
    let head = "insert into runs (id, job, slot, started, ended, health, state, rows, note, seen) values";
    change_each(engine, (head, ""), &rows, |(number, Learned { claim, outcome, .. })| {
        [
            (*number).into(),
            (&claim.job).into(),
            claim.slot.into(),
            outcome.started.into(),
            outcome.ended.into(),
            outcome.health.as_str().into(),
            outcome.state.as_str().into(),
            outcome.rows.into(),
            (&outcome.note).into(),
            serde_json::to_string(&outcome.seen).expect("texts are JSON").into(),
        ]
    })
    .await?;
    Ok(numbers)
}

async fn write_alerts<E: Engine>(engine: &mut E, learned: &[Learned<'_>]) -> Result<(), E::Error> {
    let head = "insert into alerts (alert, health, since, rule) values";
    let tail = "on conflict (alert) do update set health = excluded.health, rule = excluded.rule,
         since = case when alerts.health = excluded.health then alerts.since else excluded.since end
         where alerts.health <> excluded.health or alerts.rule <> excluded.rule";
    change_each(engine, (head, tail), learned, |Learned { outcome, .. }| {
        [outcome.about.key().into(), outcome.health.as_str().into(), outcome.ended.into(), (&outcome.rule).into()]
    })
    .await
    .map(drop)
}

async fn write_instances<E: Engine>(engine: &mut E, learned: &[Learned<'_>]) -> Result<(), E::Error> {
    let rows = each(learned, |outcome| outcome.instances.iter());
    let head = "insert into instances (alert, key, labels, state, since, began, vals, missed) values";
    let tail = "on conflict (alert, key) do update set labels = excluded.labels, state = excluded.state,
         since = excluded.since, began = excluded.began, vals = excluded.vals, missed = excluded.missed";
    change_each(engine, (head, tail), &rows, |(alert, remembered)| {
        [
            alert.clone().into(),
            (&remembered.key).into(),
            write_labels(&remembered.labels).into(),
            remembered.instance.state.as_str().into(),
            remembered.instance.since.into(),
            remembered.instance.began.into(),
            write_values(&remembered.values).into(),
            remembered.missed.into(),
        ]
    })
    .await
    .map(drop)
}

async fn write_told<E: Engine>(engine: &mut E, learned: &[Learned<'_>]) -> Result<(), E::Error> {
    let rows = each(learned, |outcome| outcome.told.iter());
    let head = "insert into told (alert, key, channel, news, began, at, thread) values";
    let tail = "on conflict (alert, key, channel) do update set news = excluded.news, began = excluded.began,
         at = excluded.at, thread = excluded.thread";
    change_each(engine, (head, tail), &rows, |(alert, (channel, key, told))| {
        let Told { news, began, at, thread } = told;
        let news = news.as_str().into();
        [alert.clone().into(), key.into(), channel.into(), news, (*began).into(), (*at).into(), (*thread).into()]
    })
    .await
    .map(drop)
}

async fn write_told_health<E: Engine>(engine: &mut E, learned: &[Learned<'_>]) -> Result<(), E::Error> {
    let rows = each(learned, |outcome| outcome.told_health.iter().map(|told| (told, outcome.ended)));
    let head = "insert into told_health (alert, channel, health, at) values";
    let tail = "on conflict (alert, channel) do update set health = excluded.health, at = excluded.at";
    change_each(engine, (head, tail), &rows, |(alert, ((channel, health), at))| {
        [alert.clone().into(), channel.into(), health.as_str().into(), (*at).into()]
    })
    .await
    .map(drop)
}

/// After what was told: the last word about an instance that is no more was in this outcome.
async fn forget<E: Engine>(engine: &mut E, learned: &[Learned<'_>]) -> Result<(), E::Error> {
    let rows = each(learned, |outcome| outcome.forgotten.iter());
    for head in
        ["delete from instances where (alert, key) in (values", "delete from told where (alert, key) in (values"]
    {
        change_each(engine, (head, ")"), &rows, |(alert, key)| [alert.clone().into(), (*key).into()]).await?;
    }
    Ok(())
}

async fn enqueue<E: Engine>(engine: &mut E, learned: &[Learned<'_>]) -> Result<(), E::Error> {
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
    post(engine, &rows).await
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
pub(super) async fn post<E: Engine>(engine: &mut E, rows: &[Posted<'_>]) -> Result<(), E::Error> {
    let head = "insert into outbox (id, alert, channel, thread, message, created, expires, next_attempt) values";
    change_each(engine, (head, ""), rows, |Posted { lane, created, due, outgoing }| {
        [
            (&outgoing.message.id).into(),
            lane.into(),
            (&outgoing.channel).into(),
            (&outgoing.message.thread).into(),
            serde_json::to_string(&outgoing.message).expect("a message is JSON").into(),
            (*created).into(),
            outgoing.expires.into(),
            (*due).into(),
        ]
    })
    .await
    .map(drop)
}

/// `numbers` are those of the runs.
async fn write_decisions<E: Engine>(engine: &mut E, learned: &[Learned<'_>], numbers: &[i64]) -> Result<(), E::Error> {
    let of_run = |(run, number): (&Learned<'_>, &i64)| {
        let number = *number;
        (0_i64..).zip(run.decisions()).map(move |(place, decision)| (number, place, decision)).collect::<Vec<_>>()
    };
    let rows: Vec<(i64, i64, Decision)> = learned.iter().zip(numbers).flat_map(of_run).collect();
    let head = "insert into decisions (run, place, channel, key, about, reason, until, held_by, count, message) values";
    change_each(engine, (head, ""), &rows, |(run, place, decision)| {
        let Words { about, word, until, by } = decision.why.words();
        [
            (*run).into(),
            (*place).into(),
            (&decision.channel).into(),
            decision.key.as_deref().into(),
            about.into(),
            word.into(),
            until.into(),
            by.map_or(Cell::Text(None), |by| by.to_string().into()),
            decision.count.into(),
            decision.message.as_deref().into(),
        ]
    })
    .await
    .map(drop)
}
