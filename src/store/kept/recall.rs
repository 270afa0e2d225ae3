//! What is remembered of alerts and reports.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use crate::incident::{Health, Instance, News, State, Told};
use crate::name::Name;
use crate::store::engine::{Cell, Engine, MOST_ROWS, Row, Statement, Unreadable};
use crate::store::shape::{read_labels, read_values};
use crate::store::{Memory, Recall, Remembered, Silence, Subject};

/// Each slot costs a few steps down an index.
const HAVE_RUN: [&str; 2] = [
    "with w(place, job, slot) as (values",
    ") select place from w where exists (select 1 from runs r where r.job = w.job and r.slot = w.slot)",
];

/// Which of these slots of jobs have had their run, in their order; where no slot is meant, none has.
pub(in crate::store) async fn have_run<E: Engine>(
    engine: &mut E,
    wanted: &[(&str, Option<Timestamp>)],
) -> Result<Vec<bool>, E::Error> {
    let mut have = vec![false; wanted.len()];
    let slots = (0..).zip(wanted).filter_map(|(place, (job, slot))| Some((place, *job, (*slot)?)));
    let slots: Vec<(i64, &str, Timestamp)> = slots.collect();
    for slots in slots.chunks(MOST_ROWS) {
        let mut statement = Statement::new::<E>(HAVE_RUN[0]);
        statement.bind_rows(slots.iter().map(|(place, job, slot)| [Cell::from(*place), (*job).into(), (*slot).into()]));
        statement.push(HAVE_RUN[1]);
        for row in statement.rows(engine).await? {
            let place = usize::try_from(row.count(0)?).unwrap_or(usize::MAX);
            *have.get_mut(place).ok_or_else(|| Unreadable::word("place"))? = true;
        }
    }
    Ok(have)
}

pub(in crate::store) async fn last_slot<E: Engine>(engine: &mut E, job: &str) -> Result<Option<Timestamp>, E::Error> {
    let sql = "select max(slot) from runs where job = $1 and slot is not null";
    match engine.rows(sql, &[job.into()]).await?.first() {
        Some(row) => Ok(row.maybe_instant(0)?),
        None => Ok(None),
    }
}

/// Everything about some subjects and their sources in one question: the subject, or the source, stands first, and what
/// the row is about second. Each statement is a way to the engine and back, which costs more than what it finds.
fn question<E: Engine>() -> String {
    let [subjects, sources, holding] = ["$1", "$2", "$3"].map(E::items);
    format!(
        "
select alert, 'alert', health, rule, null, null, null, null, null from alerts where alert in {subjects}
union all
select alert, 'instance', key, labels, state, since, began, vals, missed from instances where alert in {subjects}
union all
select alert, 'told', channel, key, news, began, at, null, thread from told where alert in {subjects}
union all
select alert, 'told of health', channel, health, null, null, null, null, null from told_health
 where alert in {subjects}
union all
select source, 'told of source', channel, null, null, at, null, null, null from told_source
 where source in {sources} and news = 'down'
union all
select alert, 'silence', key, who, reason, since, until, null, null from silences
 where alert in {subjects} and ended is null
union all
select distinct alert, 'open', {text}, {text}, {text}, {number}, {number}, {text}, {number} from instances
 where alert in {holding} and state in ('firing', 'recovering')",
        text = "cast(null as text)",
        number = "cast(null as bigint)"
    )
}

/// Whose memory is wanted.
pub(in crate::store) struct Wanted<'a> {
    pub(in crate::store) about: Subject,
    /// The source it asks, when it asks one.
    pub(in crate::store) source: Option<&'a Name>,
    /// The alerts that may hold it back.
    pub(in crate::store) unless: &'a [Name],
}

impl<'a> From<&Recall<'a>> for Wanted<'a> {
    fn from(wanted: &Recall<'a>) -> Self {
        Self { about: Subject::Alert(wanted.alert.clone()), source: Some(wanted.source), unless: wanted.unless }
    }
}

/// What is remembered of some subjects, in their order.
pub(in crate::store) async fn memories<E: Engine>(
    engine: &mut E,
    wanted: &[Wanted<'_>],
) -> Result<Vec<Memory>, E::Error> {
    let cells = [
        array(wanted.iter().map(|wanted| wanted.about.key())).into(),
        array(wanted.iter().filter_map(|wanted| wanted.source).map(|source| source.as_str().into())).into(),
        array(wanted.iter().flat_map(|wanted| wanted.unless).map(|alert| alert.as_str().into())).into(),
    ];
    let rows = engine.rows(&question::<E>(), &cells).await?;
    Ok(sort_out(wanted, &rows)?)
}

fn sort_out(wanted: &[Wanted<'_>], rows: &[impl Row]) -> Result<Vec<Memory>, Unreadable> {
    let subjects: HashMap<String, &Subject> =
        wanted.iter().map(|wanted| (wanted.about.key().to_string(), &wanted.about)).collect();
    let mut found: HashMap<&str, Memory> = HashMap::new();
    let mut down: HashMap<&str, Vec<(Name, Timestamp)>> = HashMap::new();
    let mut open: HashSet<&str> = HashSet::new();
    for row in rows {
        let about = row.word(0)?;
        match row.word(1)? {
            "told of source" => down.entry(about).or_default().push((row.name(2)?, row.instant(5)?)),
            "open" => drop(open.insert(about)),
            word => {
                let subject = subjects.get(about).ok_or_else(|| Unreadable::word(about))?;
                learn(found.entry(about).or_default(), subject.name(), word, row)?;
            }
        }
    }
    let memory = |wanted: &Wanted<'_>| {
        let mut memory = found.get(wanted.about.key().as_ref()).cloned().unwrap_or_default();
        memory.instances.sort_by(|one, other| one.key.cmp(&other.key));
        memory.told.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        memory.told_health.sort_by(|one, other| one.0.cmp(&other.0));
        memory.silences.sort_by_key(|silence| silence.until);
        memory.source_down = wanted.source.and_then(|source| down.get(source.as_str())).cloned().unwrap_or_default();
        memory.source_down.sort();
        memory.open = wanted.unless.iter().filter(|alert| open.contains(alert.as_str())).cloned().collect();
        memory
    };
    Ok(wanted.iter().map(memory).collect())
}

/// Each once, as a JSON array.
fn array<'a>(texts: impl Iterator<Item = Cow<'a, str>>) -> String {
    let texts: BTreeSet<Cow<'a, str>> = texts.collect();
    serde_json::to_string(&texts).expect("texts are JSON")
}

/// Reads a row that is about the subject called `subject`.
fn learn(memory: &mut Memory, subject: &Name, word: &str, row: &impl Row) -> Result<(), Unreadable> {
    match word {
        "alert" => (memory.health, memory.rule) = (health(row.word(2)?)?, row.word(3)?.to_owned()),
        "instance" => memory.instances.push(instance(row)?),
        "told" => memory.told.push(told(row)?),
        "told of health" => memory.told_health.push((row.name(2)?, health(row.word(3)?)?)),
        "silence" => memory.silences.push(silence(subject, row)?),
        other => return Err(Unreadable::word(other)),
    }
    Ok(())
}

fn instance(row: &impl Row) -> Result<Remembered, Unreadable> {
    let state = row.word(4)?;
    Ok(Remembered {
        key: row.word(2)?.to_owned(),
        labels: read_labels(row.word(3)?)?,
        instance: Instance {
            state: State::of_word(state).ok_or_else(|| Unreadable::word(state))?,
            since: row.instant(5)?,
            began: row.maybe_instant(6)?,
        },
        values: read_values(row.word(7)?)?,
        missed: row.few(8)?,
    })
}

fn told(row: &impl Row) -> Result<(Name, String, Told), Unreadable> {
    let news = row.word(4)?;
    let news = News::of_word(news).ok_or_else(|| Unreadable::word(news))?;
    let began = row.instant(5)?;
    // What was told by an older version is in a thread that is named after its beginning.
    let what = Told { news, began, at: row.instant(6)?, thread: row.maybe_instant(8)?.unwrap_or(began) };
    Ok((row.name(2)?, row.word(3)?.to_owned(), what))
}

fn silence(alert: &Name, row: &impl Row) -> Result<Silence, Unreadable> {
    Ok(Silence {
        alert: alert.clone(),
        key: row.owned(2)?,
        since: row.instant(5)?,
        until: row.instant(6)?,
        who: row.word(3)?.to_owned(),
        reason: row.word(4)?.to_owned(),
    })
}

fn health(word: &str) -> Result<Health, Unreadable> {
    Health::of_word(word).ok_or_else(|| Unreadable::word(word))
}
