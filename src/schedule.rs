//! `Schedule`: the instants at which a job is due.
//!
//! A line of the catalogue and a zone enter: crontab(5) as cronie reads it, or `every 5m`. Instants leave, always later
//! than the one asked about; no clock is read here, so the same question has the same answer on every machine with the
//! same zone rules. Knows `name`.

use std::ops::Range;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use self::dialect::{Dialect, Lines};
use self::every::Every;
use self::line::Line;
pub use self::tzdata::{Origin, Release, ZoneRules, zone_rules};
use self::wall::Wall;
pub use self::zone::zone;

mod crontab;
mod dialect;
mod every;
mod field;
mod line;
#[cfg(test)]
mod nights;
mod tzdata;
mod wall;
mod warning;
mod zone;

/// Nothing is due before this: no wall clock is a day ahead of UTC, and none showed 1970 before.
const FIRST: Timestamp = Timestamp::constant(-86_400, 0);

/// When a job is due.
///
/// A crontab line means what crontab(5) means, in the zone of the job. A line whose minute and hour both begin with
/// something else than `*` names fixed times: one inside a spring gap is due once, right after the gap (a gap of three
/// hours or more, such as a country moving across the date line, swallows it), and one inside an autumn overlap is due
/// once, at the first pass. Any other line follows real time: due in both passes, not due in a gap. Crontab lines
/// are due from 1970 to 2100.
///
/// `every 5m` is due at each multiple of its length counted from 1970-01-01 00:00 UTC, whatever the zone: a restart
/// shifts nothing, and two machines agree.
#[derive(Clone, Debug)]
pub struct Schedule {
    text: String,
    beat: Beat,
    warnings: Vec<ScheduleWarning>,
}

#[derive(Clone, Debug)]
enum Beat {
    Every(Every),
    Wall(Wall),
}

/// Why a line is no schedule, or a name no zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ScheduleError {
    /// The bytes of the line that are wrong.
    pub span: Range<usize>,
    /// What is wrong with them: a lowercase fragment with the user's words in backticks.
    pub problem: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl ScheduleError {
    fn new(span: Range<usize>, problem: impl Into<String>) -> Self {
        Self { span, problem: problem.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// What a valid line means and its writer may not have meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleWarning {
    /// The bytes of the line it speaks of.
    pub span: Range<usize>,
    /// What the words mean.
    pub meaning: String,
    /// What to write if something else was meant.
    pub hint: String,
}

impl Schedule {
    /// Reads a line: five crontab fields, `@hourly` and its kin, or `every` and a length. `zone` is where the wall
    /// clock of a crontab line hangs.
    ///
    /// # Errors
    /// Names the wrong word and, where one is near, the right one. A line that would never be due is an error too.
    pub fn parse(line: &str, zone: &TimeZone) -> Result<Self, ScheduleError> {
        let text = line.trim();
        let start = line.len() - line.trim_start().len();
        let (beat, warnings) = match text.strip_prefix("every") {
            Some(rest) if rest.is_empty() || rest.starts_with([' ', '\t']) => {
                let every = Every::read(rest, start + "every".len())?;
                (Beat::Every(every), warning::of_every(every, start..start + text.len(), zone))
            }
            Some(_) | None => {
                let line = Line::read(text, start)?;
                let warnings = warning::of_line(&line);
                (Beat::Wall(Wall::new(&line, zone.clone())), warnings)
            }
        };
        Ok(Self { text: text.to_owned(), beat, warnings })
    }

    /// The line as it was written, without the blanks around it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first due instant later than `instant`; none when there is none before the end of 2100.
    #[must_use]
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        match &self.beat {
            Beat::Every(every) => every.next_after(instant),
            Beat::Wall(wall) => wall.next_after(instant),
        }
    }

    /// The last due instant not later than `instant`; none when there was none since 1970.
    #[must_use]
    pub fn last_until(&self, instant: Timestamp) -> Option<Timestamp> {
        // A schedule can only be followed forward, so the past is looked at in ever longer stretches.
        let stretches = std::iter::successors(Some(60_i64), |seconds| seconds.checked_mul(2));
        let starts = stretches.map_while(|seconds| instant.checked_sub(SignedDuration::from_secs(seconds)).ok());
        let starts = starts.take_while(|start| *start > FIRST).chain([FIRST]);
        starts.into_iter().find_map(|start| self.due_between(start, instant).last())
    }

    /// The due instants later than `after` and not later than `until`, in order. Lazy: a caller who wants at most so
    /// many takes at most so many.
    pub fn due_between(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(self.next_after(after), |due| self.next_after(*due)).take_while(move |due| *due <= until)
    }

    /// What the line means that its writer may not have meant.
    #[must_use]
    pub fn warnings(&self) -> &[ScheduleWarning] {
        &self.warnings
    }
}
