//! What a run is about, and under which words it is kept.

use std::borrow::Cow;
use std::fmt;

use crate::name::Name;

/// What a run is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An alert was judged.
    Alert(Name),
    /// A report was built.
    Report(Name),
}

impl Subject {
    /// Its name in the catalogue.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::Alert(name) | Self::Report(name) => name,
        }
    }

    /// The word for its kind: `alert`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Alert(_) => "alert",
            Self::Report(_) => "report",
        }
    }

    /// The job of its runs: `alert late_orders`.
    #[must_use]
    pub fn job(&self) -> String {
        format!("{} {}", self.kind(), self.name())
    }

    /// The subject of the runs of a job; none for a job that this version does not know.
    #[must_use]
    pub fn of_job(job: &str) -> Option<Self> {
        let (kind, name) = job.split_once(' ')?;
        let name = Name::new(name).ok()?;
        match kind {
            "alert" => Some(Self::Alert(name)),
            "report" => Some(Self::Report(name)),
            _ => None,
        }
    }

    /// What its memory and its lane of the outbox are kept under: an alert by its name alone, anything else by its job.
    /// No alert is called like a job: names hold no blank.
    #[must_use]
    pub fn key(&self) -> Cow<'_, str> {
        match self {
            Self::Alert(name) => Cow::Borrowed(name.as_str()),
            Self::Report(_) => Cow::Owned(self.job()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind(), self.name())
    }
}
