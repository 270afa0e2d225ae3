//! What keeps back the news of an alert at an instant: silences first, for they are someone's word, then the hours of the
//! catalogue, then other alerts.

use jiff::Timestamp;

use crate::catalogue::Alert;
use crate::incident::{Hold, muted_until};
use crate::store::Memory;

/// The holds on one alert.
pub(super) struct Holds<'a> {
    memory: &'a Memory,
    at: Timestamp,
    muted: Option<Timestamp>,
}

impl<'a> Holds<'a> {
    pub(super) fn new(alert: &Alert, memory: &'a Memory, at: Timestamp) -> Self {
        Self { memory, at, muted: muted_until(&alert.mute, at, &alert.timing.zone) }
    }

    /// What holds back the news of one instance.
    pub(super) fn of_key(&self, key: &str) -> Hold {
        match (self.lasting(Some(key)), self.memory.open.first()) {
            (Hold::Free, Some(by)) => Hold::Inhibited { by: by.clone() },
            (hold, _) => hold,
        }
    }

    /// What holds back the news of the alert's own health.
    pub(super) fn of_health(&self) -> Hold {
        self.lasting(None)
    }

    fn lasting(&self, key: Option<&str>) -> Hold {
        let mine = self.memory.silences.iter().filter(|silence| {
            let lasts = silence.since <= self.at && self.at < silence.until;
            lasts && (silence.key.is_none() || silence.key.as_deref() == key)
        });
        match (mine.map(|silence| silence.until).max(), self.muted) {
            (Some(until), _) => Hold::Silenced { until },
            (None, Some(until)) => Hold::Muted { until },
            (None, None) => Hold::Free,
        }
    }
}
