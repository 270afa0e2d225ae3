//! `rowcall history`: the runs that are kept.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::failure::{Exit, Failure};
use super::output::Output;
use super::silence::open;
use super::{complete, find, select, stop};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, SystemClock};
use crate::incident::{Health, State};
use crate::job::alert::Standing;
use crate::job::{Job, JobId};
use crate::name::Name;
use crate::render::{listing, moment};
use crate::store::{Decision, Fate, Letter, Past, Seen, Skip, Store, StoreError, Subject, Wanted};

/// The version of the JSON shape.
pub(super) const SCHEMA: u32 = 1;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// One alert or report only, by its name, or by its table where the two share a name
    #[arg(value_name = "JOB", add = ArgValueCandidates::new(complete::jobs))]
    job: Option<String>,
    /// Only runs that ended like this
    #[arg(long, value_name = "STATE", value_parser = ["ok", "pending", "recovering", "firing", "no_data", "error"])]
    state: Option<String>,
    /// Only runs of this last while, such as 7d or 12h
    #[arg(long, value_name = "LENGTH", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// At most this many, the newest
    #[arg(long, value_name = "RUNS", default_value_t = 100)]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct History {
    schema: u32,
    runs: Vec<Run>,
    skips: Vec<Skipped>,
}

/// A slot that had no run, or several up to it; the JSON shape has these keys and only gains more.
#[derive(serde::Serialize)]
struct Skipped {
    job: String,
    slot: Timestamp,
    at: Timestamp,
    reason: &'static str,
    count: u64,
}

/// A run; the JSON shape has these keys and only gains more.
#[derive(serde::Serialize)]
pub(super) struct Run {
    /// The name of the alert or report.
    alert: String,
    /// Its kind and name.
    job: String,
    slot: Option<Timestamp>,
    started: Timestamp,
    duration_ms: i64,
    state: &'static str,
    incidents: &'static str,
    health: &'static str,
    rows: Option<u64>,
    note: String,
    values: Vec<Values>,
    decisions: Vec<Decided>,
}

/// What was compared in one instance.
#[derive(serde::Serialize)]
struct Values {
    key: Vec<(String, String)>,
    values: Vec<(String, Option<String>)>,
}

/// Why a channel was told something or nothing.
#[derive(serde::Serialize)]
struct Decided {
    channel: String,
    about: &'static str,
    reason: &'static str,
    until: Option<Timestamp>,
    by: Option<String>,
    key: Option<Vec<String>>,
    instances: u64,
    message: Option<Delivery>,
}

/// What became of a message.
#[derive(serde::Serialize)]
struct Delivery {
    state: &'static str,
    at: Option<Timestamp>,
    attempts: u32,
    problem: Option<String>,
}

impl Run {
    pub(super) fn of(past: &Past) -> Self {
        let values = |seen: &Seen| Values { key: seen.key.clone(), values: seen.values.clone() };
        Self {
            alert: past.about.name().to_string(),
            job: past.about.job(),
            slot: past.slot,
            started: past.started,
            duration_ms: i64::try_from(past.ended.duration_since(past.started).as_millis()).unwrap_or(i64::MAX),
            state: standing(past).as_str(),
            incidents: past.state.as_str(),
            health: past.health.as_str(),
            rows: past.rows,
            note: past.note.clone(),
            values: past.seen.iter().map(values).collect(),
            decisions: past.decisions.iter().map(|(decision, letter)| decided(decision, letter.as_ref())).collect(),
        }
    }
}

fn standing(past: &Past) -> Standing {
    Standing::of(past.health, past.state)
}

fn decided(decision: &Decision, letter: Option<&Letter>) -> Decided {
    let words = decision.why.words();
    Decided {
        channel: decision.channel.to_string(),
        about: words.about,
        reason: words.word,
        until: words.until,
        by: words.by.map(|by| by.to_string()),
        key: decision.key.as_ref().map(|key| serde_json::from_str(key).unwrap_or_else(|_| vec![key.clone()])),
        instances: decision.count,
        message: letter.map(delivery),
    }
}

fn delivery(letter: &Letter) -> Delivery {
    let (state, at, problem) = match &letter.fate {
        Fate::Waiting { next_attempt, problem } => ("waiting", *next_attempt, problem.clone()),
        Fate::Delivered { at } => ("delivered", *at, None),
        Fate::Dead { at, problem } => ("dead", *at, Some(problem.clone())),
        Fate::Dropped { at, by } => ("dropped", *at, Some(format!("dropped by {by}"))),
    };
    Delivery { state, at: Some(at), attempts: letter.attempts, problem }
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let (subjects, wanted) = (subjects(flags.job.as_deref(), &catalogue)?, wanted(flags));
    let (sources, _) = output.worlds(&catalogue);
    let (runs, skips) = stop::runtime()?.block_on(async {
        let store = open(&catalogue, &sources).await?;
        let found = recall(store.as_ref(), subjects, &wanted, flags.state.is_none()).await;
        store.close().await;
        found.map_err(Failure::from)
    })?;
    let known = |word: &String| Job::all(&catalogue).any(|job| called(job, word));
    if let Some(word) = flags.job.as_ref().filter(|word| runs.is_empty() && skips.is_empty() && !known(word)) {
        return Err(select::unknown(&catalogue, word));
    }
    if flags.json {
        let history = History {
            schema: SCHEMA,
            runs: runs.iter().map(Run::of).collect(),
            skips: skips.iter().map(skipped).collect(),
        };
        writeln!(output, "{}", serde_json::to_string_pretty(&history).expect("texts and instants are JSON"))?;
    } else if !runs.is_empty() || !skips.is_empty() {
        let mut rows: Vec<(Timestamp, Vec<String>)> =
            runs.iter().map(|run| (run.started, row(run, &catalogue))).collect();
        rows.extend(skips.iter().map(|skip| (skip.slot, row_of_skip(skip, &catalogue))));
        rows.sort_by_key(|(at, _)| *at);
        let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
        write!(output, "{}", listing(&["at", "job", "state", "took", "rows", "why", "told"], &rows))?;
    }
    Ok(Exit::Done)
}

/// What the runs may be about that `word` names: all of it without a word. A job that is no longer in the catalogue may
/// have a past, and what kind of job it was nobody knows any more.
fn subjects(word: Option<&str>, catalogue: &Catalogue) -> Result<Vec<Option<Subject>>, Failure> {
    let Some(word) = word else { return Ok(vec![None]) };
    let named: Vec<Job<'_>> = Job::all(catalogue).filter(|job| called(*job, word)).collect();
    if let [job] = named[..] {
        return Ok(vec![Some(job.subject())]);
    }
    if named.len() > 1 {
        return Err(select::ambiguous(word, &named));
    }
    let unknown = |_| select::unknown(catalogue, word);
    Ok(match word.split_once('.') {
        Some(("alerts", name)) => vec![Some(Subject::Alert(Name::new(name).map_err(unknown)?))],
        Some(("reports", name)) => vec![Some(Subject::Report(Name::new(name).map_err(unknown)?))],
        _ => {
            let name = Name::new(word).map_err(unknown)?;
            vec![Some(Subject::Alert(name.clone())), Some(Subject::Report(name))]
        }
    })
}

fn called(job: Job<'_>, word: &str) -> bool {
    job.name().as_str() == word || job.id().table() == word
}

/// The runs and the skipped slots of the first of `subjects` that has any.
async fn recall(
    store: &dyn Store,
    subjects: Vec<Option<Subject>>,
    wanted: &Wanted,
    with_skips: bool,
) -> Result<(Vec<Past>, Vec<Skip>), StoreError> {
    for about in subjects {
        let job = about.as_ref().map(Subject::job);
        let runs = store.history(&Wanted { about, ..wanted.clone() }).await?;
        let skips = match with_skips {
            true => store.skips(job.as_deref(), wanted.since, wanted.limit).await?,
            false => Vec::new(),
        };
        if !runs.is_empty() || !skips.is_empty() {
            return Ok((runs, skips));
        }
    }
    Ok((Vec::new(), Vec::new()))
}

fn wanted(flags: &Flags) -> Wanted {
    let state = flags.state.as_deref();
    let health = state.map(|word| Health::of_word(word).unwrap_or(Health::Healthy));
    let since = flags.since.and_then(|length| SignedDuration::try_from(length).ok());
    Wanted {
        about: None,
        health,
        state: state.and_then(State::of_word),
        since: since.map(|length| SystemClock.now().checked_sub(length).unwrap_or(Timestamp::MIN)),
        limit: flags.limit,
    }
}

fn row(past: &Past, catalogue: &Catalogue) -> Vec<String> {
    let job = past.about.job();
    let took = past.ended.duration_since(past.started).as_millis();
    vec![
        moment(past.started, zone(&job, catalogue)),
        short(&job),
        standing(past).as_str().to_owned(),
        format!("{took} ms"),
        past.rows.map_or_else(String::new, |rows| rows.to_string()),
        past.note.lines().next().unwrap_or_default().to_owned(),
        told(past),
    ]
}

fn skipped(skip: &Skip) -> Skipped {
    Skipped { job: skip.job.clone(), slot: skip.slot, at: skip.at, reason: skip.reason.as_str(), count: skip.count }
}

fn row_of_skip(skip: &Skip, catalogue: &Catalogue) -> Vec<String> {
    let count = if skip.count > 1 { format!("{} slots: ", skip.count) } else { String::new() };
    let (at, why) = (moment(skip.slot, zone(&skip.job, catalogue)), format!("{count}{}", skip.reason));
    vec![at, short(&skip.job), "skipped".to_owned(), String::new(), String::new(), why, String::new()]
}

/// The zone of a job, or of the catalogue that no longer has it.
fn zone<'a>(job: &str, catalogue: &'a Catalogue) -> &'a TimeZone {
    let job = JobId::read(job).and_then(|id| Job::find(catalogue, &id));
    job.map_or(&catalogue.zone, |job| &job.timing().zone)
}

/// An alert by its name alone: most runs are of alerts.
fn short(job: &str) -> String {
    job.strip_prefix("alert ").unwrap_or(job).to_owned()
}

/// `ops: began (delivered), mail: silenced`.
fn told(past: &Past) -> String {
    let together = past.decisions.iter().filter(|(decision, _)| decision.key.is_none());
    let one = |(decision, letter): &(Decision, Option<Letter>)| {
        let count = if decision.count == 1 { String::new() } else { format!("{} ", decision.count) };
        let fate = letter.as_ref().map_or_else(String::new, |letter| format!(" ({})", delivery(letter).state));
        format!("{}: {count}{}{fate}", decision.channel, decision.why.words().word)
    };
    together.map(one).collect::<Vec<_>>().join(", ")
}
