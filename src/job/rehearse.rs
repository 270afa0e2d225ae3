//! Alerts judged on given answers at given moments: no database, no clock, nobody told.
//!
//! The same way as a run with memory: recall, judge, conclude, record; what is recorded stays in memory and is gone at
//! the end.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::alert::{Trouble, conclude, find};
use crate::catalogue::Alert;
use crate::incident::{Health, State};
use crate::secret::{Environment, Secret};
use crate::source::{Cause, SourceError, World};
use crate::store::{self, Claimed, Store, StoreError};
use crate::table::Table;

/// How an alert stands after a step, and what was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// The most severe state of its instances.
    pub state: State,
    /// Every instance that is remembered: the texts of its key with `, ` between them, and its state.
    pub states: Vec<(String, State)>,
    /// Whether it can be judged.
    pub health: Health,
    /// Why, in a sentence.
    pub why: String,
    /// The headlines of the messages, each once however many channels hear it.
    pub messages: Vec<String>,
}

/// Plays one evaluation after the other: when, and what the query gives or fails with.
///
/// # Errors
/// The memory failed, which is a fault of rowcall.
pub async fn rehearse(
    alert: &Alert,
    steps: impl IntoIterator<Item = (Timestamp, Result<Table, String>)>,
) -> Result<Vec<Played>, StoreError> {
    let place = Secret::parse("sqlite::memory:", "a rehearsal").expect("it names no secret");
    let world = World { environment: Environment::default(), folder: Path::new(".").into() };
    let store = store::open(&store::Settings::at(place), &world).await?;
    let mut played = Vec::new();
    for (at, answer) in steps {
        let trouble = |words| Trouble::Source(SourceError::new(&alert.ask.source, Cause::Statement, words));
        played.push(play(alert, store.as_ref(), at, answer.map(Arc::new).map_err(trouble)).await?);
    }
    store.close().await;
    Ok(played)
}

async fn play(
    alert: &Alert,
    store: &dyn Store,
    at: Timestamp,
    answer: Result<Arc<Table>, Trouble>,
) -> Result<Played, StoreError> {
    let Claimed::Granted(claim) = store.claim(&alert.job(), None).await? else {
        unreachable!("nobody else knows this store");
    };
    let memory = store.recall(&alert.name, &alert.ask.source, &alert.unless).await?;
    let finding = find(alert, &memory, at, answer);
    let (outcome, report) = conclude(alert, &memory, &finding, at);
    store.record(&[(&claim, &outcome)]).await?;
    let known = store.recall(&alert.name, &alert.ask.source, &alert.unless).await?.instances;
    let states = known.iter().map(|known| {
        let texts: Vec<&str> = known.labels.iter().map(|(_, text)| text.as_str()).collect();
        (texts.join(", "), known.instance.state)
    });
    let mut messages: Vec<String> = Vec::new();
    for headline in outcome.messages.iter().map(|outgoing| outgoing.message.headline()) {
        if !messages.contains(&headline) {
            messages.push(headline);
        }
    }
    Ok(Played { state: outcome.state, states: states.collect(), health: outcome.health, why: report.note, messages })
}
