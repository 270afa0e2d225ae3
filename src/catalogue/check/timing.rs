//! The keys that say when a job is run: one reader for every kind of job.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::{Surroundings, zone};
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::timing::{Missed, Timing};
use crate::schedule::Schedule;

/// How long a slot that nobody ran is worth running where nothing says otherwise.
const DEFAULT_WINDOW: Duration = Duration::from_secs(24 * 3600);

const MISSED: [(&str, Missed); 3] = [("latest", Missed::Latest), ("skip", Missed::Skip), ("all", Missed::All)];

/// Reads what `section` says of the time of its job; what is allowed but likely not meant goes to `warnings`.
pub(super) fn read(section: &Section<'_, '_>, around: &Surroundings, warnings: &mut Vec<Problem>) -> Timing {
    let zone = zone(section).unwrap_or_else(|| around.zone.clone());
    Timing {
        schedule: schedule(section, &zone, warnings),
        missed: section.one_of("missed", &MISSED).unwrap_or(Missed::Latest),
        missed_window: section.duration("missed_window").unwrap_or(DEFAULT_WINDOW),
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
