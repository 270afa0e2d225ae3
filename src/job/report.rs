//! The journey of a report: ask, compose, conclude.
//!
//! [`build`] is the part that touches the world: every question of every section is asked side by side, equal ones once,
//! and all of them at one instant. A section that fails shows why in its place, and the page is built all the same. What
//! was built goes through [`conclude`], which is pure: to everything that is to be recorded and sent, as one outcome.

use jiff::Timestamp;

use super::Doors;
use crate::catalogue::report::{Content, Report};
use crate::catalogue::{Alert, Catalogue};
use crate::incident::State;
use crate::name::Name;
use crate::page::{self, AlertLine, Page};
use crate::store::{Memory, Remembered, Store, StoreError};

mod announce;
mod ask;
mod compose;
mod conclude;

pub use ask::Asked;
pub use conclude::conclude;

/// A report that was built, and what is to be remembered of it.
#[derive(Debug)]
pub struct Built {
    /// The page.
    pub page: Page,
    /// When the questions were put.
    pub started: Timestamp,
    /// When the page was ready.
    pub ended: Timestamp,
    /// How many rows all questions gave together.
    pub rows: u64,
    /// The values that the next run is held against.
    pub values: Vec<Remembered>,
    /// Whether the catalogue or the environment is at fault in some section.
    pub settings_at_fault: bool,
}

/// Builds the page of `report` as it is at `at`; `now` is when it is asked, which may be later. `memory` has the values of the
/// run before, `alerts` are its [`standings`].
pub async fn build(
    report: &Report,
    catalogue: &Catalogue,
    doors: &Doors,
    memory: &Memory,
    alerts: &[(Name, AlertLine)],
    (at, now): (Timestamp, Timestamp),
) -> Built {
    let mut asked = Asked::nothing();
    asked.ask(report, catalogue, doors, at).await;
    page(report, &asked, memory, alerts, (at, now))
}

/// The page of `report` from what was answered; the rest is as [`build`] takes it, and `now` is when asking began.
#[must_use]
pub fn page(
    report: &Report,
    asked: &Asked,
    memory: &Memory,
    alerts: &[(Name, AlertLine)],
    (at, now): (Timestamp, Timestamp),
) -> Built {
    let composed = compose::compose(report, asked, alerts, memory, at);
    let page = Page {
        name: report.name.to_string(),
        title: report.title.clone(),
        description: report.description.clone(),
        at,
        zone: report.timing.zone.clone(),
        facts: ask::facts(report, at),
        link: report.link.clone(),
        sections: composed.sections,
    };
    Built {
        page,
        started: now,
        ended: now.checked_add(asked.elapsed()).unwrap_or(now),
        rows: asked.rows(),
        values: composed.values,
        settings_at_fault: asked.settings_at_fault(),
    }
}

/// How the alerts that the report names stand, by name; without a store none was judged.
///
/// # Errors
/// The store failed.
pub async fn standings(
    report: &Report,
    catalogue: &Catalogue,
    store: Option<&dyn Store>,
) -> Result<Vec<(Name, AlertLine)>, StoreError> {
    let mut named: Vec<&Name> = Vec::new();
    for section in &report.sections {
        match &section.content {
            Content::Alerts(names) => named.extend(names),
            Content::Question(_) | Content::Text(_) => {}
        }
    }
    named.sort_unstable();
    named.dedup();
    let mut lines: Vec<(Name, AlertLine)> = Vec::with_capacity(named.len());
    for name in named {
        let Some(alert) = catalogue.alerts.get(name) else { continue };
        let memory = match store {
            Some(store) => store.recall(&alert.name, &alert.ask.source, &[]).await?,
            None => Memory::default(),
        };
        lines.push((alert.name.clone(), line(alert, &memory)));
    }
    Ok(lines)
}

/// An alert that was judged has a rule that it was judged by.
fn line(alert: &Alert, memory: &Memory) -> AlertLine {
    let instances = || memory.instances.iter().map(|known| known.instance);
    let gravest = instances().map(|instance| instance.state).max().unwrap_or(State::Ok);
    let those = || instances().filter(|instance| instance.state == gravest);
    let since = match gravest {
        // All is well since the last of them is.
        State::Ok => those().map(|instance| instance.since).max(),
        State::Pending | State::Recovering | State::Firing => {
            those().map(|instance| instance.began.unwrap_or(instance.since)).min()
        }
    };
    AlertLine {
        alert: alert.name.to_string(),
        description: alert.description.clone(),
        severity: alert.severity.as_str(),
        judged: (!memory.rule.is_empty()).then_some((memory.health, gravest)),
        since,
        firing: instances().filter(|instance| instance.state == State::Firing).count(),
    }
}

/// Why a section has nothing to show.
fn trouble(problem: impl Into<String>, hint: Option<String>) -> page::Trouble {
    page::Trouble { problem: problem.into(), hint }
}
