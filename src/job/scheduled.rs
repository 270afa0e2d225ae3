//! A job: whatever of a catalogue can have a schedule.
//!
//! The loop, `--once` and `--list` know no other notion, so a new kind of job is an arm here and in [`super::run`].

use std::fmt;

use jiff::SignedDuration;

use crate::catalogue::{Alert, Catalogue, Report, Timing};
use crate::name::Name;
use crate::store::Subject;

/// An entry of the catalogue that can have a schedule.
#[derive(Clone, Copy, Debug)]
pub enum Job<'a> {
    /// An alert that is judged.
    Alert(&'a Alert),
    /// A report that is built and sent, and the catalogue whose sources and alerts it asks after.
    Report(&'a Report, &'a Catalogue),
}

/// Which job it is: its kind and its name. Shown as claims, history and databases know it, such as `alert low_stock`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobId {
    /// An alert.
    Alert(Name),
    /// A report.
    Report(Name),
}

impl<'a> Job<'a> {
    /// Every job of a catalogue, those without a schedule too, by kind and name.
    pub fn all(catalogue: &'a Catalogue) -> impl Iterator<Item = Self> {
        let reports = catalogue.reports.values().map(|report| Self::Report(report, catalogue));
        catalogue.alerts.values().map(|alert| Self::Alert(alert)).chain(reports)
    }

    /// Every job of a catalogue that has a schedule, and whose schedule counts.
    pub fn scheduled(catalogue: &'a Catalogue) -> impl Iterator<Item = Self> {
        Self::all(catalogue).filter(|job| job.timing().active().is_some())
    }

    /// Every job of a catalogue that is called like this: jobs of different kinds may share a name.
    pub fn named(catalogue: &'a Catalogue, name: &Name) -> Vec<Self> {
        Self::all(catalogue).filter(|job| job.name() == name).collect()
    }

    /// The job a catalogue has under this id.
    #[must_use]
    pub fn find(catalogue: &'a Catalogue, id: &JobId) -> Option<Self> {
        match id {
            JobId::Alert(name) => catalogue.alerts.get(name).map(|alert| Self::Alert(alert)),
            JobId::Report(name) => catalogue.reports.get(name).map(|report| Self::Report(report, catalogue)),
        }
    }

    /// Which job it is.
    #[must_use]
    pub fn id(self) -> JobId {
        match self {
            Self::Alert(alert) => JobId::Alert(alert.name.clone()),
            Self::Report(report, _) => JobId::Report(report.name.clone()),
        }
    }

    /// Its name, which a job of another kind may have as well.
    #[must_use]
    pub fn name(self) -> &'a Name {
        match self {
            Self::Alert(alert) => &alert.name,
            Self::Report(report, _) => &report.name,
        }
    }

    /// What it is for, in its writer's words.
    #[must_use]
    pub fn description(self) -> Option<&'a str> {
        match self {
            Self::Alert(alert) => alert.description.as_deref(),
            Self::Report(report, _) => report.description.as_deref(),
        }
    }

    /// Words to select it by.
    #[must_use]
    pub fn tags(self) -> &'a [String] {
        match self {
            Self::Alert(alert) => &alert.tags,
            Self::Report(report, _) => &report.tags,
        }
    }

    /// The source that its runs wait for: no more of them go on at once than that source may have connections.
    #[must_use]
    pub fn source(self) -> &'a Name {
        match self {
            Self::Alert(alert) => &alert.ask.source,
            // It asks several, each under its own limit; one that asks none waits for nobody.
            Self::Report(report, _) => report.sources().next().unwrap_or(&report.name),
        }
    }

    /// The channels that are told what it finds.
    #[must_use]
    pub fn notify(self) -> &'a [Name] {
        match self {
            Self::Alert(alert) => &alert.notify,
            Self::Report(report, _) => &report.notify,
        }
    }

    /// What its runs are about.
    #[must_use]
    pub fn subject(self) -> Subject {
        match self {
            Self::Alert(alert) => Subject::Alert(alert.name.clone()),
            Self::Report(report, _) => Subject::Report(report.name.clone()),
        }
    }

    /// The channels that are told when it does not work.
    #[must_use]
    pub fn caretakers(self) -> &'a [Name] {
        match self {
            Self::Alert(alert) => alert.caretakers(),
            Self::Report(report, _) => report.caretakers(),
        }
    }

    /// How much later than its slots its runs begin: a part of `splay` that depends on its name alone, so that it is the
    /// same in every process, on every machine and after every restart.
    #[must_use]
    pub fn delay(self) -> SignedDuration {
        let splay = u64::try_from(self.timing().splay.as_millis()).unwrap_or(u64::MAX);
        let part = if splay == 0 { 0 } else { fnv(self.id().to_string().as_bytes()) % splay };
        SignedDuration::from_millis(i64::try_from(part).unwrap_or(i64::MAX))
    }

    /// When it is run.
    #[must_use]
    pub fn timing(self) -> &'a Timing {
        match self {
            Self::Alert(alert) => &alert.timing,
            Self::Report(report, _) => &report.timing,
        }
    }
}

impl JobId {
    /// Its table in the catalogue, such as `alerts.low_stock`: no other job has the same.
    #[must_use]
    pub fn table(&self) -> String {
        match self {
            Self::Alert(name) => format!("alerts.{name}"),
            Self::Report(name) => format!("reports.{name}"),
        }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(name) => write!(f, "alert {name}"),
            Self::Report(name) => write!(f, "report {name}"),
        }
    }
}

impl JobId {
    /// The job that is shown as `text`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text.split_once(' ')? {
            ("alert", name) => Name::new(name).ok().map(Self::Alert),
            ("report", name) => Name::new(name).ok().map(Self::Report),
            _ => None,
        }
    }

    /// Its name, which a job of another kind may have as well.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::Alert(name) | Self::Report(name) => name,
        }
    }

    /// Its kind, in the word of the catalogue.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Alert(_) => "alert",
            Self::Report(_) => "report",
        }
    }
}

/// FNV-1a: a hash that is the same in every version, as that of the standard library is not.
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::fnv;

    #[test]
    fn the_hash_that_spreads_jobs_never_changes() {
        for (text, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(fnv(text.as_bytes()), hash, "{text}");
        }
    }
}
