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

/// One due instant; the JSON shape has these keys and only gains more.
#[derive(serde::Serialize)]
struct Due {
    job: String,
    /// In UTC.
    at: Timestamp,
    /// On the wall clock of the job's zone, with its offset.
    local: String,
}

/// Prints the next `count` due instants of each scheduled job, or of the one that is named, after `from`.
pub(super) fn print(
    catalogue: &Catalogue,
    name: Option<&Name>,
    count: usize,
    from: Timestamp,
    json: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let mut agenda: Vec<Due> = match name {
        Some(name) => {
            let named: Vec<Job<'_>> = Job::all(catalogue).filter(|job| job.name() == name).collect();
            if named.is_empty() {
                let known: Vec<&Name> = Job::all(catalogue).map(Job::name).collect();
                return Err(find::unknown("job", name.as_str(), known.into_iter()));
            }
            if named.iter().all(|job| job.timing().schedule.is_none()) {
                let failure = Failure::usage(format!("`{name}` has no schedule: it is run by hand only"));
                return Err(failure.hint("give it a `schedule`, such as \"*/5 * * * *\""));
            }
            named.into_iter().flat_map(|job| due(job, count, from)).collect()
        }
        None => Job::scheduled(catalogue).flat_map(|job| due(job, count, from)).collect(),
    };
    agenda.sort_by(|one, other| (one.at, &one.job).cmp(&(other.at, &other.job)));
    if json {
        let text = serde_json::to_string_pretty(&agenda).expect("texts are JSON");
        writeln!(output, "{text}")?;
    } else {
        let rows: Vec<Vec<String>> = agenda.into_iter().map(|due| vec![due.local, due.job]).collect();
        write!(output, "{}", listing(&["due", "job"], &rows))?;
    }
    Ok(Exit::Done)
}

fn due(job: Job<'_>, count: usize, from: Timestamp) -> Vec<Due> {
    let timing = job.timing();
    let Some(schedule) = &timing.schedule else { return Vec::new() };
    let local = |at: Timestamp| at.to_zoned(timing.zone.clone()).strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string();
    let due = |at| Due { job: job.id().to_string(), at, local: local(at) };
    schedule.due_between(from, Timestamp::MAX).take(count).map(due).collect()
}
