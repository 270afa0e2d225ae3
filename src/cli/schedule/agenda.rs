//! `rowcall schedule --list`: when each job is due next.

use std::io::Write;

use jiff::Timestamp;

use crate::catalogue::Catalogue;
use crate::cli::failure::{Exit, Failure};
use crate::cli::find;
use crate::cli::output::Output;
use crate::job::Job;
use crate::name::Name;
use crate::render::listing;
use crate::store::Pause;

/// One due instant; the JSON shape has these keys and only gains more.
#[derive(serde::Serialize)]
struct Due {
    job: String,
    /// In UTC.
    at: Timestamp,
    /// On the wall clock of the job's zone, with its offset.
    local: String,
    /// When its run begins: later than it is due, as `splay` spreads jobs.
    starts: Timestamp,
    /// Whether it will have no run because the job is paused.
    paused: bool,
}

impl Due {
    /// What the line of a person says beside the instant.
    fn note(&self) -> Option<String> {
        let later = self.starts.duration_since(self.at);
        match (self.paused, later.is_zero()) {
            (true, _) => Some("paused: no run".to_owned()),
            (false, false) => Some(format!("begins {} later", humantime::format_duration(later.unsigned_abs()))),
            (false, true) => None,
        }
    }
}

/// Prints the next `count` due instants of each scheduled job, or of the one that is named, after `from`; `pauses` are
/// those that have not ended.
pub(super) fn print(
    (catalogue, pauses): (&Catalogue, &[Pause]),
    name: Option<&Name>,
    (count, from): (usize, Timestamp),
    json: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let jobs: Vec<Job<'_>> = match name {
        Some(name) => scheduled(catalogue, name)?,
        None => Job::scheduled(catalogue).collect(),
    };
    let mut agenda: Vec<Due> = jobs.into_iter().flat_map(|job| due(job, pauses, count, from)).collect();
    agenda.sort_by(|one, other| (one.at, &one.job).cmp(&(other.at, &other.job)));
    if json {
        let text = serde_json::to_string_pretty(&agenda).expect("texts are JSON");
        writeln!(output, "{text}")?;
    } else if agenda.iter().any(|due| due.note().is_some()) {
        let row = |due: Due| vec![due.local.clone(), due.job.clone(), due.note().unwrap_or_default()];
        write!(output, "{}", listing(&["due", "job", "note"], &agenda.into_iter().map(row).collect::<Vec<_>>()))?;
    } else {
        let rows: Vec<Vec<String>> = agenda.into_iter().map(|due| vec![due.local, due.job]).collect();
        write!(output, "{}", listing(&["due", "job"], &rows))?;
    }
    Ok(Exit::Done)
}

/// The jobs of this name whose schedule counts.
fn scheduled<'a>(catalogue: &'a Catalogue, name: &Name) -> Result<Vec<Job<'a>>, Failure> {
    let named = Job::named(catalogue, name);
    if named.is_empty() {
        let known: Vec<&Name> = Job::all(catalogue).map(Job::name).collect();
        return Err(find::unknown("job", name.as_str(), known.into_iter()));
    }
    let scheduled: Vec<Job<'_>> = named.iter().copied().filter(|job| job.timing().active().is_some()).collect();
    if !scheduled.is_empty() {
        return Ok(scheduled);
    }
    Err(if named.iter().any(|job| job.timing().schedule.is_some()) {
        Failure::usage(format!("the schedule of `{name}` does not count: `enabled` is false"))
            .hint("take `enabled = false` out of the catalogue")
    } else {
        Failure::usage(format!("`{name}` has no schedule: it is run by hand only"))
            .hint("give it a `schedule`, such as \"*/5 * * * *\"")
    })
}

fn due(job: Job<'_>, pauses: &[Pause], count: usize, from: Timestamp) -> Vec<Due> {
    let (timing, id) = (job.timing(), job.id().to_string());
    let Some(schedule) = timing.active() else { return Vec::new() };
    let local = |at: Timestamp| at.to_zoned(timing.zone.clone()).strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string();
    let pause = pauses.iter().find(|pause| pause.job == id);
    let due = |at: Timestamp| Due {
        job: id.clone(),
        at,
        local: local(at),
        starts: at.checked_add(job.delay()).unwrap_or(at),
        paused: pause.is_some_and(|pause| pause.until.is_none_or(|until| at < until)),
    };
    schedule.due_between(from, Timestamp::MAX).take(count).map(due).collect()
}
