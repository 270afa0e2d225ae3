//! A look at everything that work depends on, without doing any: sources, channels, the state, zones, secrets.
//!
//! Each thing found is one [`Finding`]: what is fine, what might bite, what does not work and what to do about it. Nobody
//! is told anything, except by a trial that someone asks for.

use std::fmt;
use std::path::Path;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::Doors;
use crate::catalogue::Catalogue;
use crate::name::Name;
use crate::source;

mod channels;
mod house;
mod sources;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It works, but not as well or as safely as it might.
    Warning,
    /// It does not work.
    Problem,
}

impl Grade {
    /// The word of the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The file.
    Catalogue,
    /// The rules of time zones.
    Zones,
    /// Where incidents and the outbox are kept.
    State,
    /// A source.
    Source(Name),
    /// A channel.
    Channel(Name),
}

impl About {
    /// The word for its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Zones => "zones",
            Self::State => "state",
            Self::Source(_) => "source",
            Self::Channel(_) => "channel",
        }
    }

    /// Its name, where there are several of its kind.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::Catalogue | Self::Zones | Self::State => None,
            Self::Source(name) | Self::Channel(name) => Some(name),
        }
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {name}", self.kind()),
            None => f.write_str(self.kind()),
        }
    }
}

/// Where the fault of a problem lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// In the catalogue or the environment.
    Settings,
    /// In a database: a source, or the state.
    Database,
    /// In a channel.
    Channel,
}

/// One thing that was found. Carries no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub about: About,
    /// How grave it is.
    pub grade: Grade,
    /// Where the fault lies, when it is a problem.
    pub fault: Option<Fault>,
    /// What was found, in one line.
    pub text: String,
    /// What to do next.
    pub next: Option<String>,
}

impl Finding {
    fn ok(about: &About, text: impl Into<String>) -> Self {
        Self { about: about.clone(), grade: Grade::Ok, fault: None, text: text.into(), next: None }
    }

    fn warning(about: &About, text: impl Into<String>) -> Self {
        Self { grade: Grade::Warning, ..Self::ok(about, text) }
    }

    fn problem(about: &About, fault: Fault, text: impl Into<String>) -> Self {
        Self { grade: Grade::Problem, fault: Some(fault), ..Self::ok(about, text) }
    }

    fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }
}

/// What is to be looked at.
pub struct Checkup<'a> {
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// Its doors.
    pub doors: &'a Doors,
    /// What they need of the world.
    pub world: &'a source::World,
    /// The sources and channels that are meant; everything when none is named.
    pub names: &'a [Name],
    /// Whether the channels that are named get a message.
    pub send_test: bool,
    /// What time it is.
    pub now: fn() -> Timestamp,
}

impl Checkup<'_> {
    /// Looks at all of it side by side; the findings stand in the order of the catalogue.
    pub async fn findings(&self) -> Vec<Finding> {
        let house = async {
            match self.names.is_empty() {
                true => house::findings(self).await,
                false => Vec::new(),
            }
        };
        let sources = self.catalogue.sources.iter().filter(|(name, _)| self.means(name));
        let sources = join_all(sources.map(|(name, entry)| sources::findings(self, name, entry)));
        let channels = self.catalogue.channels.iter().filter(|(name, _)| self.means(name));
        let channels = join_all(channels.map(|(name, entry)| channels::findings(self, name, entry)));
        let (house, sources, channels) = tokio::join!(house, sources, channels);
        [house].into_iter().chain(sources).chain(channels).flatten().collect()
    }

    fn means(&self, name: &Name) -> bool {
        self.names.is_empty() || self.names.contains(name)
    }

    /// Whether all secrets can be read; none of them is shown.
    async fn secrets(&self, about: &About, secrets: &[(&'static str, &crate::secret::Secret)]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (key, secret) in secrets {
            if let Err(error) = secret.reveal(&self.world.environment, &self.world.folder).await {
                findings.push(Finding::problem(about, Fault::Settings, format!("`{key}` cannot be read: {error}")));
            }
        }
        let literal: Vec<&str> =
            secrets.iter().filter(|(_, secret)| secret.is_literal()).map(|(key, _)| *key).collect();
        if !literal.is_empty() && is_read_by_others(&self.catalogue.path) {
            let text = format!("`{}` stands in a file that others on this machine can read", literal.join("`, `"));
            let path = self.catalogue.path.display();
            let next = format!("write `${{VARIABLE}}` or `${{file:PATH}}` instead, or `chmod 600 {path}`");
            findings.push(Finding::warning(about, text).next(next));
        }
        findings
    }
}

/// Whether someone beside its owner can read a file.
#[cfg(unix)]
fn is_read_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn is_read_by_others(_: &Path) -> bool {
    false
}
