//! `rowcall status`: what the loop last did, and what does not work, from what it keeps.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::failure::{Exit, Failure, visible_lines};
use super::output::Output;
use super::silence::length;
use super::stop;
use super::{find, history};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, SystemClock};
use crate::render::{listing, moment};
use crate::store::{self, Backlog, Beat, Pause, StoreError};

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Exit 1 when no loop gave a sign of life for this long, such as 5m; a loop gives one every 30 seconds
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    max_age: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON shape: these keys, and only ever more.
#[derive(serde::Serialize)]
struct Status {
    schema: u32,
    /// Whether a loop gave a sign of life, within `--max-age` where that is given.
    alive: bool,
    loops: Vec<Loop>,
    late: Vec<Late>,
    sources_down: Vec<Down>,
    channels: Vec<Channel>,
    paused: Vec<Paused>,
}

#[derive(serde::Serialize)]
struct Loop {
    node: String,
    pid: u32,
    version: String,
    started: Timestamp,
    last_sign: Timestamp,
    age_seconds: i64,
    jobs: u64,
    stopped: bool,
}

#[derive(serde::Serialize)]
struct Late {
    job: String,
    since: Timestamp,
}

#[derive(serde::Serialize)]
struct Down {
    source: String,
    since: Timestamp,
}

#[derive(serde::Serialize)]
struct Channel {
    channel: String,
    waiting: u64,
    dead: u64,
    oldest: Option<Timestamp>,
    problem: Option<String>,
}

#[derive(serde::Serialize)]
struct Paused {
    job: String,
    until: Option<Timestamp>,
    who: String,
    reason: Option<String>,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let now = SystemClock.now();
    let status = stop::runtime()?.block_on(ask(&catalogue, flags.max_age, now, output))?;
    if flags.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&status).expect("texts and instants are JSON"))?;
    } else {
        let rows = rows(&status, &catalogue);
        write!(output, "{}", listing(&["what", "name", "state"], &rows))?;
    }
    Ok(if flags.max_age.is_some() && !status.alive { Exit::Found } else { Exit::Done })
}

/// Asks the store, if there is one already.
async fn ask(
    catalogue: &Catalogue,
    max_age: Option<Duration>,
    now: Timestamp,
    output: &Output,
) -> Result<Status, StoreError> {
    let (sources, _) = output.worlds(catalogue);
    let Some(store) = store::read(&catalogue.state.store, &sources).await? else {
        return Ok(Status::of(max_age, now, Vec::new()));
    };
    let mut status = Status::of(max_age, now, store.beats().await?);
    status.late = store.late().await?.into_iter().map(|(job, since)| Late { job, since }).collect();
    let down = store.sources_down().await?;
    status.sources_down = down.into_iter().map(|(source, since)| Down { source: source.to_string(), since }).collect();
    status.channels = store.backlog().await?.into_iter().map(channel).collect();
    status.paused = store.pauses(now).await?.into_iter().map(paused).collect();
    store.close().await;
    Ok(status)
}

impl Status {
    fn of(max_age: Option<Duration>, now: Timestamp, beats: Vec<Beat>) -> Self {
        let within = |age: SignedDuration| {
            max_age.is_none_or(|longest| age <= SignedDuration::try_from(longest).unwrap_or(SignedDuration::MAX))
        };
        let alive = beats.iter().any(|beat| !beat.stopped && within(now.duration_since(beat.at)));
        let sign = |beat: Beat| Loop {
            age_seconds: now.duration_since(beat.at).as_secs(),
            node: beat.node,
            pid: beat.pid,
            version: beat.version,
            started: beat.started,
            last_sign: beat.at,
            jobs: beat.jobs,
            stopped: beat.stopped,
        };
        Self {
            schema: history::SCHEMA,
            alive,
            loops: beats.into_iter().map(sign).collect(),
            late: Vec::new(),
            sources_down: Vec::new(),
            channels: Vec::new(),
            paused: Vec::new(),
        }
    }
}

fn channel(backlog: Backlog) -> Channel {
    Channel {
        channel: backlog.channel.to_string(),
        waiting: backlog.waiting,
        dead: backlog.dead,
        oldest: backlog.oldest,
        problem: backlog.trouble.map(|trouble| trouble.problem),
    }
}

fn paused(pause: Pause) -> Paused {
    Paused { job: pause.job, until: pause.until, who: pause.who, reason: pause.reason }
}

/// A line for whatever there is to say.
fn rows(status: &Status, catalogue: &Catalogue) -> Vec<Vec<String>> {
    let at = |at| moment(at, &catalogue.zone);
    let row = |what: &str, name: &str, state: String| vec![what.to_owned(), name.to_owned(), visible_lines(&state)];
    let mut rows = Vec::new();
    if status.loops.is_empty() {
        rows.push(row("loop", "", "none was ever started on this state".to_owned()));
    }
    for it in &status.loops {
        let state = if it.stopped {
            format!("stopped at {}", at(it.last_sign))
        } else {
            format!("last sign of life {} s ago, {} jobs, since {}", it.age_seconds, it.jobs, at(it.started))
        };
        rows.push(row("loop", &format!("{} ({})", it.node, it.pid), state));
    }
    rows.extend(status.late.iter().map(|late| row("late", &late.job, format!("since its slot at {}", at(late.since)))));
    rows.extend(status.sources_down.iter().map(|it| row("source", &it.source, format!("down since {}", at(it.since)))));
    for it in &status.channels {
        let waiting = it.oldest.map(|oldest| format!("{} wait, the oldest since {}", it.waiting, at(oldest)));
        let dead = (it.dead > 0).then(|| format!("{} given up", it.dead));
        let problem = it.problem.as_ref().map(|problem| format!("does not work: {problem}"));
        let state: Vec<String> = [problem, waiting, dead].into_iter().flatten().collect();
        rows.push(row("channel", &it.channel, state.join("; ")));
    }
    for it in &status.paused {
        let until = it.until.map_or_else(|| "`rowcall resume`".to_owned(), at);
        let reason = it.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        rows.push(row("paused", &it.job, format!("until {until}, by {}{reason}", it.who)));
    }
    rows
}
