//! A job: whatever of a catalogue can have a schedule.
//!
//! The loop, `--once` and `--list` know no other notion, so a new kind of job is an arm here and in [`super::run`].

use std::fmt;

use crate::catalogue::{Alert, Catalogue, Timing};
use crate::name::Name;

/// An entry of the catalogue that can have a schedule.
#[derive(Clone, Copy, Debug)]
pub enum Job<'a> {
    /// An alert that is judged.
    Alert(&'a Alert),
}

/// Which job it is: its kind and its name. Shown as claims, history and databases know it, such as `alert low_stock`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobId {
    /// An alert.
    Alert(Name),
}

impl<'a> Job<'a> {
    /// Every job of a catalogue, those without a schedule too, by kind and name.
    pub fn all(catalogue: &'a Catalogue) -> impl Iterator<Item = Self> {
        catalogue.alerts.values().map(Self::Alert)
    }

    /// Every job of a catalogue that has a schedule.
    pub fn scheduled(catalogue: &'a Catalogue) -> impl Iterator<Item = Self> {
        Self::all(catalogue).filter(|job| job.timing().schedule.is_some())
    }

    /// The job a catalogue has under this id.
    #[must_use]
    pub fn find(catalogue: &'a Catalogue, id: &JobId) -> Option<Self> {
        match id {
            JobId::Alert(name) => catalogue.alerts.get(name).map(Self::Alert),
        }
    }

    /// Which job it is.
    #[must_use]
    pub fn id(self) -> JobId {
        match self {
            Self::Alert(alert) => JobId::Alert(alert.name.clone()),
        }
    }

    /// Its name, which a job of another kind may have as well.
    #[must_use]
    pub fn name(self) -> &'a Name {
        match self {
            Self::Alert(alert) => &alert.name,
        }
    }

    /// What it is for, in its writer's words.
    #[must_use]
    pub fn description(self) -> Option<&'a str> {
        match self {
            Self::Alert(alert) => alert.description.as_deref(),
        }
    }

    /// Words to select it by.
    #[must_use]
    pub fn tags(self) -> &'a [String] {
        match self {
            Self::Alert(alert) => &alert.tags,
        }
    }

    /// When it is run.
    #[must_use]
    pub fn timing(self) -> &'a Timing {
        match self {
            Self::Alert(alert) => &alert.timing,
        }
    }
}

impl JobId {
    /// Its table in the catalogue, such as `alerts.low_stock`: no other job has the same.
    #[must_use]
    pub fn table(&self) -> String {
        match self {
            Self::Alert(name) => format!("alerts.{name}"),
        }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(name) => write!(f, "alert {name}"),
        }
    }
}
