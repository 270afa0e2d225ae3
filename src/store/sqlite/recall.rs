//! What is remembered of alerts and reports.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row, SqliteConnection};

use super::shape::{instant, micros, name, read_labels, read_values, unknown};
use crate::incident::{Health, Instance, News, State, Told};
use crate::name::Name;
use crate::store::{Memory, Remembered, Silence, Subject};

pub(super) async fn has_run(connection: &mut SqliteConnection, job: &str, slot: Timestamp) -> Result<bool, Error> {
    let row = sqlx::query("select exists (select 1 from runs where job = $1 and slot = $2)")
        .bind(job)
        .bind(micros(slot))
        .fetch_one(connection)
        .await?;
    row.try_get(0)
}

pub(super) async fn last_slot(connection: &mut SqliteConnection, job: &str) -> Result<Option<Timestamp>, Error> {
    let row =
        sqlx::query("select max(slot) from runs where job = $1 and slot is not null").bind(job).fetch_one(connection);
    row.await?.try_get::<Option<i64>, _>(0)?.map(instant).transpose()
}

/// Everything about some subjects and their sources in one question: the subject, or the source, stands first, and what
/// the row is about second. Each statement is a hand-over to the driver's thread and back, which costs more than what it
/// finds.
const MEMORY: &str = "
select alert, 'alert', health, rule, null, null, null, null, null from alerts
 where alert in (select value from json_each($1))
union all
select alert, 'instance', key, labels, state, since, began, vals, missed from instances
 where alert in (select value from json_each($1))
union all
select alert, 'told', channel, key, news, began, at, null, null from told
 where alert in (select value from json_each($1))
union all
select alert, 'told of health', channel, health, null, null, null, null, null from told_health
 where alert in (select value from json_each($1))
union all
select source, 'told of source', channel, at, null, null, null, null, null from told_source
 where source in (select value from json_each($2)) and news = 'down'
union all
select alert, 'silence', key, who, reason, since, until, null, null from silences
 where alert in (select value from json_each($1)) and ended is null
union all
select distinct alert, 'open', null, null, null, null, null, null, null from instances
 where alert in (select value from json_each($3)) and state in ('firing', 'recovering')";

/// Whose memory is wanted.
pub(super) struct Wanted<'a> {
    pub(super) about: Subject,
    /// The source it asks, when it asks one.
    pub(super) source: Option<&'a Name>,
    /// The alerts that may hold it back.
    pub(super) unless: &'a [Name],
}

/// What is remembered of some subjects, in their order.
pub(super) async fn memories(connection: &mut SqliteConnection, wanted: &[Wanted<'_>]) -> Result<Vec<Memory>, Error> {
    let subjects: HashMap<String, &Subject> =
        wanted.iter().map(|wanted| (wanted.about.key().to_string(), &wanted.about)).collect();
    let question = sqlx::query(MEMORY)
        .bind(array(subjects.keys().map(String::as_str)))
        .bind(array(wanted.iter().filter_map(|wanted| wanted.source).map(Name::as_str)))
        .bind(array(wanted.iter().flat_map(|wanted| wanted.unless).map(Name::as_str)));
    let mut found: HashMap<String, Memory> = HashMap::new();
    let mut down: HashMap<String, Vec<(Name, Timestamp)>> = HashMap::new();
    let mut open: HashSet<String> = HashSet::new();
    for row in question.fetch_all(&mut *connection).await? {
        let (about, word): (String, &str) = (row.try_get(0)?, row.try_get(1)?);
        match word {
            "told of source" => {
                down.entry(about).or_default().push((name(row.try_get(2)?)?, instant(row.try_get(3)?)?));
            }
            "open" => drop(open.insert(about)),
            word => {
                let subject = subjects.get(&about).ok_or_else(|| unknown(&about))?;
                learn(found.entry(about).or_default(), subject.name(), word, &row)?;
            }
        }
    }
    let memory = |wanted: &Wanted<'_>| {
        let mut memory = found.get(wanted.about.key().as_ref()).cloned().unwrap_or_default();
        memory.instances.sort_by(|one, other| one.key.cmp(&other.key));
        memory.silences.sort_by_key(|silence| silence.until);
        memory.source_down = wanted.source.and_then(|source| down.get(source.as_str())).cloned().unwrap_or_default();
        memory.open = wanted.unless.iter().filter(|alert| open.contains(alert.as_str())).cloned().collect();
        memory
    };
    Ok(wanted.iter().map(memory).collect())
}

/// Each once, as a JSON array.
fn array<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: BTreeSet<&str> = texts.collect();
    serde_json::to_string(&texts).expect("texts are JSON")
}

/// Reads a row that is about the subject called `subject`.
fn learn(memory: &mut Memory, subject: &Name, word: &str, row: &SqliteRow) -> Result<(), Error> {
    match word {
        "alert" => (memory.health, memory.rule) = (health(row.try_get(2)?)?, row.try_get(3)?),
        "instance" => memory.instances.push(instance(row)?),
        "told" => memory.told.push(told(row)?),
        "told of health" => memory.told_health.push((name(row.try_get(2)?)?, health(row.try_get(3)?)?)),
        "silence" => memory.silences.push(silence(subject, row)?),
        other => return Err(unknown(other)),
    }
    Ok(())
}

fn instance(row: &SqliteRow) -> Result<Remembered, Error> {
    let state: &str = row.try_get(4)?;
    Ok(Remembered {
        key: row.try_get(2)?,
        labels: read_labels(row.try_get(3)?)?,
        instance: Instance {
            state: State::of_word(state).ok_or_else(|| unknown(state))?,
            since: instant(row.try_get(5)?)?,
            began: row.try_get::<Option<i64>, _>(6)?.map(instant).transpose()?,
        },
        values: read_values(row.try_get(7)?)?,
        missed: row.try_get(8)?,
    })
}

fn told(row: &SqliteRow) -> Result<(Name, String, Told), Error> {
    let news: &str = row.try_get(4)?;
    let news = News::of_word(news).ok_or_else(|| unknown(news))?;
    let what = Told { news, began: instant(row.try_get(5)?)?, at: instant(row.try_get(6)?)? };
    Ok((name(row.try_get(2)?)?, row.try_get(3)?, what))
}

fn silence(alert: &Name, row: &SqliteRow) -> Result<Silence, Error> {
    Ok(Silence {
        alert: alert.clone(),
        key: row.try_get(2)?,
        since: instant(row.try_get(5)?)?,
        until: instant(row.try_get(6)?)?,
        who: row.try_get(3)?,
        reason: row.try_get(4)?,
    })
}

fn health(word: &str) -> Result<Health, Error> {
    Health::of_word(word).ok_or_else(|| unknown(word))
}
