//! Slack, by incoming webhook.
//!
//! The webhook's URL is the credential: it is revealed for one delivery at a time and shown to nobody. A webhook gives
//! nothing back that could be updated or answered later, so every message stands for itself.

use std::path::PathBuf;

use crate::secret::Secret;

#[cfg(feature = "slack")]
pub use webhook::Slack;

#[cfg(feature = "slack")]
mod answer;
#[cfg(feature = "slack")]
mod payload;
#[cfg(feature = "slack")]
mod webhook;

/// Where a Slack channel is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of an incoming webhook: `https://`, or `http://` to this machine only.
    pub webhook: Secret,
    /// Certificates in PEM that are trusted instead of the system's; relative to the folder of the catalogue.
    pub ca_file: Option<PathBuf>,
}
