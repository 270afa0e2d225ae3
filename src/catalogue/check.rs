//! From the file as written to a catalogue that holds together, or to every mistake in it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use toml::de::DeTable;

use super::file::{File, Section};
use super::problem::{Broken, Problem};
use super::text::Text;
use super::{Catalogue, STATE_FILE, State};
use crate::channel::heartbeat;
use crate::name::{Name, nearest};
use crate::schedule;
use crate::secret::Secret;
use crate::source::Engine;
use crate::store;

mod alert;
mod builtin;
mod channel;
mod inhibition;
mod query;
mod report;
mod source;
mod timing;

/// How long an answer may take where nothing says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long history is kept where nothing says otherwise.
const DEFAULT_KEEP: Duration = Duration::from_secs(90 * 24 * 3600);
/// The shortest time it can be kept.
const LEAST_KEEP: Duration = Duration::from_secs(24 * 3600);

/// How often the heartbeat beats where nothing says otherwise.
const DEFAULT_BEAT: Duration = Duration::from_secs(60);
/// The shortest time between two beats.
const LEAST_BEAT: Duration = Duration::from_secs(10);

/// What the entries of a catalogue are checked against.
struct Surroundings {
    zone: TimeZone,
    timeout: Duration,
    notify: Vec<Text>,
    /// How long messages are worth delivering, whatever they tell.
    retry_for: Option<Duration>,
}

pub(super) fn catalogue(path: &Path, text: &str) -> Result<Catalogue, Broken> {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let file = File::new(name, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        file.report(Problem::new(span, format!("not TOML: {}", error.message())));
    }
    // What follows a broken line is guesswork: its mistakes are reported alone.
    let checked = file.is_sound().then(|| read(&file, path, table.get_ref()));
    match (checked, file.problems()) {
        (Some(catalogue), problems) if problems.is_empty() => Ok(catalogue),
        (_, problems) => Err(Broken::new(path.to_owned(), text, problems)),
    }
}

fn read(file: &File<'_>, path: &Path, table: &DeTable<'_>) -> Catalogue {
    let top = Section::top(file, table);
    let zone = zone(&top).unwrap_or(TimeZone::UTC);
    let state = state(&top);
    let heartbeat = top.section("heartbeat").and_then(heartbeat);
    let mut around = Surroundings { zone, timeout: DEFAULT_TIMEOUT, notify: Vec::new(), retry_for: None };
    if let Some(defaults) = top.section("defaults") {
        around.timeout = timeout(&defaults).unwrap_or(DEFAULT_TIMEOUT);
        around.notify = defaults.texts("notify").unwrap_or_default();
        around.retry_for = span(&defaults, "retry_for");
        defaults.finish();
    }
    let mut warnings = Vec::new();
    let entries = top.entries("channels");
    let names: Vec<Name> = entries.iter().map(|(name, _)| name.clone()).collect();
    let channels = entries.into_iter().map(|(name, section)| (name.clone(), channel::read(&name, section, &names)));
    let channels: BTreeMap<Name, _> = channels.collect();
    let sources = collect(&top, "sources", |name, section| source::read(name, section, &channels, &around));
    let known_sources: BTreeMap<Name, _> = sources.iter().map(|(name, found)| (name.clone(), found.as_ref())).collect();
    let queries = collect(&top, "queries", |name, section| query::read(name, section, &known_sources, &around));
    let known_queries: BTreeMap<Name, _> = queries.iter().map(|(name, found)| (name.clone(), found.as_ref())).collect();
    let references = alert::References { sources: &known_sources, queries: &known_queries, channels: &channels };
    let mut inhibitions = inhibition::Inhibitions::default();
    let mut alerts = collect(&top, "alerts", |name, section| {
        inhibitions.read(name, &section);
        alert::read(name, section, &references, &around, &mut warnings).map(Box::new)
    });
    inhibitions.settle(&top, &mut alerts);
    let known = report::Known { entries: &references, alerts: &alerts };
    let reports = collect(&top, "reports", |name, section| report::read(name, section, &known, &around, &mut warnings));
    top.finish();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Catalogue {
        path: path.to_owned(),
        folder: folder.into(),
        zone: around.zone,
        state,
        heartbeat,
        sources: sound(sources),
        queries: sound(queries),
        alerts: sound(alerts),
        reports: sound(reports),
        channels: sound(channels),
        secrets: file.secrets(),
        warnings,
    }
}

/// Reads every entry of a kind; an entry with mistakes stays as a name, so that who refers to it is not called wrong.
fn collect<'f, 't, T>(
    top: &Section<'f, 't>,
    key: &'static str,
    mut read: impl FnMut(&Name, Section<'f, 't>) -> Option<T>,
) -> BTreeMap<Name, Option<T>> {
    top.entries(key).into_iter().map(|(name, section)| (name.clone(), read(&name, section))).collect()
}

fn sound<T>(entries: BTreeMap<Name, Option<T>>) -> BTreeMap<Name, T> {
    entries.into_iter().filter_map(|(name, entry)| Some((name, entry?))).collect()
}

/// The `timezone` of a section.
fn zone(section: &Section<'_, '_>) -> Option<TimeZone> {
    let text = section.text("timezone")?;
    match schedule::zone(&text.value) {
        Ok(zone) => Some(zone),
        Err(error) => {
            let mut problem = Problem::new(text.span, error.problem);
            problem.hint = error.hint;
            section.report(problem);
            None
        }
    }
}

fn state(top: &Section<'_, '_>) -> State {
    let url = Secret::parse(&format!("sqlite:{STATE_FILE}"), "the default").expect("the default has no reference");
    let mut store = store::Settings::at(url);
    let Some(section) = top.section("state") else { return State { store, keep: DEFAULT_KEEP } };
    let keep = section.duration("keep").unwrap_or(DEFAULT_KEEP);
    if keep < LEAST_KEEP {
        let problem = Problem::new(section.key_span("keep"), "`keep` must be a day or more");
        section.report(problem.hint("a slot that was forgotten could be run again"));
    }
    let text = section.text("url");
    let engine = text.as_ref().map_or(Some(Engine::Sqlite), |text| Engine::of_url(&text.value));
    match (engine, &text) {
        (Some(Engine::Mysql) | None, Some(text)) => {
            let problem = Problem::new(text.span.clone(), "state is kept in a SQLite file or in PostgreSQL");
            section.report(problem.hint("write `sqlite:PATH`, `sqlite::memory:` to keep nothing, or `postgres://..`"));
        }
        (Some(Engine::Sqlite), _) => {
            for key in ["password", "ca_file", "schema"] {
                if section.text(key).is_some() {
                    let problem = Problem::new(section.key_span(key), format!("`{key}` is for a `postgres://..` url"));
                    section.report(problem.hint("leave it out: a SQLite file needs none"));
                }
            }
        }
        (Some(Engine::Mysql | Engine::Postgres) | None, _) => {
            store.password = section.text("password").and_then(|text| secret(&section, "password", &text));
            store.ca_file = section.text("ca_file").map(|text| text.value.into());
            if let Some(schema) = section.text("schema") {
                match Name::new(&schema.value) {
                    Ok(name) => store.schema = name,
                    Err(error) => section.report(Problem::new(schema.span, error.to_string())),
                }
            }
        }
    }
    if let Some(url) = text.and_then(|text| secret(&section, "url", &text)) {
        store.url = url;
    }
    section.finish();
    State { store, keep }
}

/// `[heartbeat]`.
fn heartbeat(section: Section<'_, '_>) -> Option<heartbeat::Settings> {
    let text = section.required("url", "the address to ask again and again, such as \"${HEARTBEAT_URL}\"");
    let every = section.duration("every").unwrap_or(DEFAULT_BEAT);
    if every < LEAST_BEAT {
        let problem = Problem::new(section.key_span("every"), "`every` must be ten seconds or more");
        section.report(problem.hint("whoever listens waits for minutes before they call"));
    }
    let url = text.and_then(|text| secret(&section, "url", &text));
    section.finish();
    Some(heartbeat::Settings { url: url?, every })
}

fn timeout(section: &Section<'_, '_>) -> Option<Duration> {
    span(section, "timeout")
}

/// How long the messages of an entry are worth delivering.
fn retry_for(section: &Section<'_, '_>, around: &Surroundings, otherwise: Duration) -> Duration {
    span(section, "retry_for").or(around.retry_for).unwrap_or(otherwise)
}

/// A length of time that is longer than nothing.
fn span(section: &Section<'_, '_>, key: &'static str) -> Option<Duration> {
    let length = section.duration(key)?;
    if length.is_zero() {
        section.report(Problem::new(section.key_span(key), format!("`{key}` must be longer than nothing")));
    }
    Some(length)
}

/// A text that may name secrets.
fn secret(section: &Section<'_, '_>, key: &str, text: &Text) -> Option<Secret> {
    let file = section.file();
    let place = format!("`{}.{key}` at {}:{}", section.title, file.name, file.line(text.span.start));
    match Secret::parse(&text.value, &place) {
        Ok(secret) => {
            file.note(&secret);
            Some(secret)
        }
        Err(error) => {
            let span = text.place(&(error.offset..error.offset + 2));
            section.report(Problem::new(span, error.problem));
            None
        }
    }
}

/// Names of entries of `kind` that must exist.
fn references<'a>(
    section: &Section<'_, '_>,
    texts: &[Text],
    kind: &str,
    known: impl Iterator<Item = &'a Name> + Clone,
) -> Vec<Name> {
    let mut names = Vec::new();
    for text in texts {
        match known.clone().find(|name| name.as_str() == text.value) {
            Some(name) if names.contains(name) => {
                section.report(Problem::new(text.span.clone(), format!("{kind} `{name}` is named twice")));
            }
            Some(name) => names.push(name.clone()),
            None => section.report(unknown(text.span.clone(), kind, &text.value, known.clone())),
        }
    }
    names
}

/// A reference to an entry that is not there.
pub(super) fn unknown<'a>(
    span: Range<usize>,
    kind: &str,
    word: &str,
    known: impl Iterator<Item = &'a Name>,
) -> Problem {
    let problem = Problem::new(span, format!("no {kind} is called `{word}`"));
    let known: Vec<&str> = known.map(Name::as_str).collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint(format!("write a [{kind}s.{word}] table")),
    }
}

/// Notes the first mistake in a template that may use the names in `known`.
fn template(section: &Section<'_, '_>, key: &str, text: &Text, known: &[&str]) {
    if let Err(error) = crate::message::template::check(&text.value, known) {
        let problem = Problem::new(text.place(&error.span), format!("`{key}`: {}", error.problem));
        section.report(match &error.unknown {
            Some(name) => problem.nearest(name, known.iter().copied()),
            None => problem,
        });
    }
}

fn description(section: &Section<'_, '_>) -> Option<String> {
    section.text("description").map(|text| text.value)
}

fn tags(section: &Section<'_, '_>) -> Vec<String> {
    section.texts("tags").unwrap_or_default().into_iter().map(|text| text.value).collect()
}
