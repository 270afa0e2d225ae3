//! Answers a shell that asks what may come next; names come from the user's own catalogue.
//!
//! Never connects to a server and never complains: where there is no sound catalogue there are no names.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory;
use clap_complete::CompleteEnv;
use clap_complete::engine::CompletionCandidate;

use super::completions::VARIABLE;
use super::{Arguments, find, stop};
use crate::catalogue::Catalogue;
use crate::secret::Environment;
use crate::source::World;
use crate::store::{self, Letter, Pick};

/// Ends the process with an answer when a shell asks for one.
pub(super) fn answer() {
    CompleteEnv::with_factory(Arguments::command).var(VARIABLE).bin("rowcall").completer("rowcall").complete();
}

pub(super) fn queries() -> Vec<CompletionCandidate> {
    let described =
        |(name, query): (&crate::name::Name, &crate::catalogue::Query)| candidate(name.as_str(), &query.description);
    catalogue().map(|catalogue| catalogue.queries.iter().map(described).collect()).unwrap_or_default()
}

pub(super) fn sources() -> Vec<CompletionCandidate> {
    let described =
        |(name, source): (&crate::name::Name, &crate::catalogue::Source)| candidate(name.as_str(), &source.description);
    catalogue().map(|catalogue| catalogue.sources.iter().map(described).collect()).unwrap_or_default()
}

pub(super) fn channels() -> Vec<CompletionCandidate> {
    let described = |(name, channel): (&crate::name::Name, &crate::catalogue::Channel)| {
        candidate(name.as_str(), &channel.description)
    };
    catalogue().map(|catalogue| catalogue.channels.iter().map(described).collect()).unwrap_or_default()
}

/// The messages that wait or were given up, of a store that is a file.
pub(super) fn letters() -> Vec<CompletionCandidate> {
    let Some(catalogue) = catalogue().filter(|catalogue| !catalogue.state.store.is_postgres()) else {
        return Vec::new();
    };
    let found = stop::runtime().ok().and_then(|runtime| {
        runtime.block_on(async {
            let world = World { environment: Environment::of_process(), folder: Arc::clone(&catalogue.folder) };
            let store = store::read(&catalogue.state.store, &world).await.ok()??;
            store.outbox(&Pick { waiting: true, dead: true, ..Pick::default() }).await.ok()
        })
    });
    let candidate = |letter: Letter| {
        let what = format!("{} to {}", letter.message.headline(), letter.channel);
        CompletionCandidate::new(letter.seq.to_string()).help(Some(what.into()))
    };
    found.unwrap_or_default().into_iter().map(candidate).collect()
}

/// Sources, then channels.
pub(super) fn doors() -> Vec<CompletionCandidate> {
    sources().into_iter().chain(channels()).collect()
}

pub(super) fn alert_names() -> Vec<CompletionCandidate> {
    catalogue().map(|catalogue| names_of_alerts(&catalogue)).unwrap_or_default()
}

fn names_of_alerts(catalogue: &Catalogue) -> Vec<CompletionCandidate> {
    catalogue.alerts.iter().map(|(name, alert)| candidate(name.as_str(), &alert.description)).collect()
}

fn names_of_reports(catalogue: &Catalogue) -> Vec<CompletionCandidate> {
    catalogue.reports.values().map(|report| candidate(report.name.as_str(), &Some(report.title.clone()))).collect()
}

/// Whatever can have a schedule.
pub(super) fn jobs() -> Vec<CompletionCandidate> {
    let Some(catalogue) = catalogue() else { return Vec::new() };
    let mut candidates = names_of_alerts(&catalogue);
    candidates.extend(names_of_reports(&catalogue));
    candidates
}

/// Reports, and the tags they have.
pub(super) fn reports() -> Vec<CompletionCandidate> {
    let Some(catalogue) = catalogue() else { return Vec::new() };
    let reports = catalogue.reports.values();
    let mut candidates = names_of_reports(&catalogue);
    let mut tags: Vec<&String> = reports.flat_map(|report| &report.tags).collect();
    tags.sort_unstable();
    tags.dedup();
    candidates.extend(tags.into_iter().map(|tag| CompletionCandidate::new(format!("@{tag}"))));
    candidates
}

/// Alerts, and the tags they have.
pub(super) fn alerts() -> Vec<CompletionCandidate> {
    let Some(catalogue) = catalogue() else { return Vec::new() };
    let mut candidates = names_of_alerts(&catalogue);
    let mut tags: Vec<&String> = catalogue.alerts.values().flat_map(|alert| &alert.tags).collect();
    tags.sort_unstable();
    tags.dedup();
    candidates.extend(tags.into_iter().map(|tag| CompletionCandidate::new(format!("@{tag}"))));
    candidates
}

fn candidate(name: &str, description: &Option<String>) -> CompletionCandidate {
    CompletionCandidate::new(name).help(description.as_ref().map(|text| text.clone().into()))
}

/// The catalogue of the command line that is being completed.
fn catalogue() -> Option<Catalogue> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let config = config(&words).or_else(|| std::env::var_os("ROWCALL_CONFIG"));
    find::catalogue(config.as_deref().map(Path::new)).ok()
}

/// The value of `--config` among words that are not a command line yet.
fn config(words: &[OsString]) -> Option<OsString> {
    let flag = words.iter().position(|word| word == "--config");
    let joined = || words.iter().find_map(|word| word.to_str()?.strip_prefix("--config=").map(OsString::from));
    flag.and_then(|index| words.get(index + 1).cloned()).or_else(joined)
}
