//! `rowcall list`: what the catalogue names, and what is silent.

use std::io::Write;
use std::path::Path;

use clap::{Args, ValueEnum};

use super::failure::{Exit, Failure};
use super::output::Output;
use super::{find, silence, stop};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, SystemClock};
use crate::render::{listing, moment};
use crate::store::Silence;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// One kind only
    #[arg(value_name = "KIND")]
    kind: Option<Kind>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Sources,
    Queries,
    Alerts,
    Reports,
    Channels,
    /// What `rowcall silence` holds back; these are in the state, not in the catalogue, and listed only when asked for
    Silences,
}

impl Kind {
    /// The word for one entry.
    fn singular(self) -> &'static str {
        match self {
            Self::Sources => "source",
            Self::Queries => "query",
            Self::Alerts => "alert",
            Self::Reports => "report",
            Self::Channels => "channel",
            Self::Silences => "silence",
        }
    }
}

/// One line of the list; the JSON shape has these keys and only gains more.
#[derive(serde::Serialize)]
struct Entry {
    kind: &'static str,
    name: String,
    detail: String,
    description: Option<String>,
    tags: Vec<String>,
    line: usize,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    if flags.kind == Some(Kind::Silences) {
        return silences(flags.json, &catalogue, output);
    }
    let kinds = Kind::value_variants().iter().filter(|kind| flags.kind.is_none_or(|wanted| wanted == **kind));
    let entries: Vec<Entry> = kinds.flat_map(|kind| entries(&catalogue, *kind)).collect();
    if flags.json {
        let text = serde_json::to_string_pretty(&entries).expect("texts and numbers are JSON");
        writeln!(output, "{text}")?;
    } else if !entries.is_empty() {
        let row = |entry: &Entry| {
            let description = entry.description.clone().unwrap_or_default();
            vec![entry.kind.to_owned(), entry.name.clone(), entry.detail.clone(), description]
        };
        let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
        write!(output, "{}", listing(&["kind", "name", "detail", "description"], &rows))?;
    }
    Ok(Exit::Done)
}

/// One silence; the JSON shape has these keys and only gains more. The key has one text for each column.
#[derive(serde::Serialize)]
struct Silent {
    alert: String,
    key: Option<Vec<String>>,
    since: jiff::Timestamp,
    until: jiff::Timestamp,
    who: String,
    reason: String,
}

fn silences(json: bool, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Failure> {
    let (sources, _) = output.worlds(catalogue);
    let silences = stop::runtime()?.block_on(async {
        let store = silence::open(catalogue, &sources).await?;
        let silences = store.silences(SystemClock.now()).await;
        store.close().await;
        silences.map_err(Failure::from)
    })?;
    let silent = |silence: Silence| Silent {
        alert: silence.alert.to_string(),
        key: silence.key.map(|key| serde_json::from_str(&key).unwrap_or_else(|_| vec![key])),
        since: silence.since,
        until: silence.until,
        who: silence.who,
        reason: silence.reason,
    };
    let silences: Vec<Silent> = silences.into_iter().map(silent).collect();
    if json {
        let text = serde_json::to_string_pretty(&silences).expect("texts and instants are JSON");
        writeln!(output, "{text}")?;
    } else if !silences.is_empty() {
        let row = |silent: &Silent| {
            let key = silent.key.as_ref().map_or_else(String::new, |key| key.join(", "));
            vec![
                silent.alert.clone(),
                key,
                moment(silent.until, &catalogue.zone),
                silent.who.clone(),
                silent.reason.clone(),
            ]
        };
        let rows: Vec<Vec<String>> = silences.iter().map(row).collect();
        write!(output, "{}", listing(&["alert", "key", "until", "who", "reason"], &rows))?;
    }
    Ok(Exit::Done)
}

fn entries(catalogue: &Catalogue, kind: Kind) -> Vec<Entry> {
    let entry = |name: String, detail: String, description: &Option<String>, tags: &[String], line: usize| Entry {
        kind: kind.singular(),
        name,
        detail,
        description: description.clone(),
        tags: tags.to_vec(),
        line,
    };
    match kind {
        Kind::Sources => {
            let sources = catalogue.sources.iter();
            sources
                .map(|(name, it)| {
                    entry(name.to_string(), it.settings.engine.to_string(), &it.description, &[], it.line)
                })
                .collect()
        }
        Kind::Queries => {
            let queries = catalogue.queries.values();
            queries
                .map(|it| {
                    entry(it.name.to_string(), format!("on {}", it.ask.source), &it.description, &it.tags, it.line)
                })
                .collect()
        }
        Kind::Alerts => {
            let alerts = catalogue.alerts.values();
            let detail = |alert: &crate::catalogue::Alert| match &alert.timing.schedule {
                Some(schedule) if !alert.timing.enabled => {
                    format!("{}, {}, not enabled", alert.severity, schedule.text())
                }
                Some(schedule) => format!("{}, {}", alert.severity, schedule.text()),
                None => format!("{}, by hand", alert.severity),
            };
            alerts.map(|it| entry(it.name.to_string(), detail(it), &it.description, &it.tags, it.line)).collect()
        }
        Kind::Reports => {
            let detail = |report: &crate::catalogue::Report| {
                let count = report.sections.len();
                let when = report.timing.schedule.as_ref().map_or("by hand", |schedule| schedule.text());
                format!("{count} section{}, {when}", if count == 1 { "" } else { "s" })
            };
            let reports = catalogue.reports.values();
            reports.map(|it| entry(it.name.to_string(), detail(it), &it.description, &it.tags, it.line)).collect()
        }
        Kind::Channels => {
            let channels = catalogue.channels.iter();
            channels
                .map(|(name, it)| entry(name.to_string(), it.settings.kind().to_owned(), &it.description, &[], it.line))
                .collect()
        }
        Kind::Silences => Vec::new(),
    }
}
