//! `rowcall list`: what the catalogue names.

use std::io::Write;
use std::path::Path;

use clap::{Args, ValueEnum};

use super::failure::{Exit, Failure};
use super::find;
use super::output::Output;
use crate::catalogue::Catalogue;
use crate::render::listing;

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
    Channels,
}

impl Kind {
    /// The word for one entry.
    fn singular(self) -> &'static str {
        match self {
            Self::Sources => "source",
            Self::Queries => "query",
            Self::Alerts => "alert",
            Self::Channels => "channel",
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
            let detail = |alert: &crate::catalogue::Alert| match &alert.schedule {
                Some(schedule) => format!("{}, {}", alert.severity, schedule.text()),
                None => format!("{}, by hand", alert.severity),
            };
            alerts.map(|it| entry(it.name.to_string(), detail(it), &it.description, &it.tags, it.line)).collect()
        }
        Kind::Channels => {
            let channels = catalogue.channels.iter();
            channels
                .map(|(name, it)| entry(name.to_string(), it.settings.kind().to_owned(), &it.description, &[], it.line))
                .collect()
        }
    }
}
