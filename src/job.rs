//! Jobs: one journey from a question to an answer that was told.
//!
//! By hand, from crontab and by the loop take the same journey: ask the source, judge, step every instance, decide for
//! each channel, record all of it in one transaction, and only then send. Decisions are pure ([`alert::conclude`]);
//! retry lives in [`deliver`] alone. Knows every room to its left; holds no clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::catalogue::Catalogue;
use crate::channel::{self, Channel};
use crate::name::Name;
use crate::source::{self, Source};

pub mod alert;
mod answers;
pub mod batch;
pub mod checkup;
pub mod deadline;
pub mod deliver;
pub mod explain;
pub mod rehearse;
pub mod report;
pub mod run;
mod scheduled;

pub use scheduled::{Job, JobId};

/// Every door a catalogue names, opened when first used.
pub struct Doors {
    sources: BTreeMap<Name, Arc<dyn Source>>,
    channels: BTreeMap<Name, Arc<dyn Channel>>,
    owners: BTreeMap<Name, Vec<Name>>,
    zone: TimeZone,
}

impl Doors {
    /// The doors of a catalogue. Nothing is connected to and no secret resolved here.
    #[must_use]
    pub fn new(catalogue: &Catalogue, sources: &source::World, channels: &channel::World) -> Self {
        let source = |(name, entry): (&Name, &crate::catalogue::Source)| {
            (name.clone(), Arc::from(source::open(&entry.settings, sources)))
        };
        let channel = |(name, entry): (&Name, &crate::catalogue::Channel)| {
            (name.clone(), Arc::from(channel::open(&entry.settings, channels)))
        };
        Self {
            sources: catalogue.sources.iter().map(source).collect(),
            channels: catalogue.channels.iter().map(channel).collect(),
            owners: catalogue.channels.iter().map(|(name, entry)| (name.clone(), entry.owners.clone())).collect(),
            zone: catalogue.zone.clone(),
        }
    }

    /// The door of a source of the catalogue.
    ///
    /// # Panics
    /// When the catalogue these doors were made for has no such source.
    #[must_use]
    pub fn source(&self, name: &Name) -> &Arc<dyn Source> {
        self.sources.get(name).expect("the catalogue is checked: every named source exists")
    }

    /// The channels by name.
    #[must_use]
    pub fn channels(&self) -> &BTreeMap<Name, Arc<dyn Channel>> {
        &self.channels
    }

    /// The channels that are told when this one does not work.
    #[must_use]
    pub fn owners(&self, channel: &Name) -> &[Name] {
        self.owners.get(channel).map_or(&[], Vec::as_slice)
    }

    /// The zone in which what is said of the doors themselves names its times.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Cancels what was broken off and closes every connection.
    pub async fn close(&self) {
        futures_util::future::join_all(self.sources.values().map(|source| source.close())).await;
    }
}
