//! The keys that say when a job is run: one reader for every kind of job.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::{Surroundings, zone};
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::timing::{Missed, Overlap, Timing};
use crate::schedule::Schedule;

/// How long a slot that nobody ran is worth running where nothing says otherwise.
const DEFAULT_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// The most that a run may ask again.
const MOST_RETRIES: usize = 10;
/// The longest splay: more would be another schedule.
const MOST_SPLAY: Duration = Duration::from_secs(3600);

const OVERLAP: [(&str, Overlap); 2] = [("skip", Overlap::Skip), ("queue", Overlap::Queue)];
const MISSED: [(&str, Missed); 3] = [("latest", Missed::Latest), ("skip", Missed::Skip), ("all", Missed::All)];

/// Reads what `section` says of the time of its job; what is allowed but likely not meant goes to `warnings`.
pub(super) fn read(section: &Section<'_, '_>, around: &Surroundings, warnings: &mut Vec<Problem>) -> Timing {
    let zone = zone(section).unwrap_or_else(|| around.zone.clone());
    let splay = section.duration("splay").unwrap_or_default();
    if splay > MOST_SPLAY {
        let problem = Problem::new(section.key_span("splay"), "`splay` must be an hour or less");
        section.report(problem.hint("it spreads jobs that are due at once; give the job another `schedule` instead"));
    }
    let deadline = section.duration("deadline");
    if deadline.is_some_and(|length| length.is_zero()) {
        section.report(Problem::new(section.key_span("deadline"), "`deadline` must be longer than nothing"));
    }
    let retries = section.whole("retries", &(0..=MOST_RETRIES)).unwrap_or_default();
    Timing {
        schedule: schedule(section, &zone, warnings),
        enabled: section.boolean("enabled").unwrap_or(true),
        missed: section.one_of("missed", &MISSED).unwrap_or(Missed::Latest),
        missed_window: section.duration("missed_window").unwrap_or(DEFAULT_WINDOW),
        overlap: section.one_of("overlap", &OVERLAP).unwrap_or(Overlap::Skip),
        splay,
        retries: u32::try_from(retries).expect("at most ten"),
        deadline,
        zone,
    }
}

fn schedule(section: &Section<'_, '_>, zone: &TimeZone, warnings: &mut Vec<Problem>) -> Option<Schedule> {
    let text = section.text("schedule")?;
    match Schedule::parse(&text.value, zone) {
        Ok(schedule) => {
            warnings.extend(schedule.warnings().iter().map(|warning| {
                Problem::new(text.place(&warning.span), warning.meaning.clone()).hint(warning.hint.clone())
            }));
            Some(schedule)
        }
        Err(error) => {
            let mut problem = Problem::new(text.place(&error.span), format!("`schedule`: {}", error.problem));
            problem.hint = error.hint;
            section.report(problem);
            None
        }
    }
}
