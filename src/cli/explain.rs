//! `rowcall explain`: why an alert or a report told what it told, and when it will next.

use std::io::Write;
use std::path::Path;

use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use jiff::Timestamp;

use super::failure::{Exit, Failure, visible_lines};
use super::history::{Run, SCHEMA};
use super::output::Output;
use super::silence::open;
use super::{complete, find, select, stop};
use crate::clock::{Clock, SystemClock};
use crate::job::Job;
use crate::job::explain::{Explanation, explain, explain_report, of_schedule};
use crate::name::Name;
use crate::store::{Past, Store, StoreError, Wanted};

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The alert or report, by its name, or by its table where the two share a name
    #[arg(value_name = "JOB", add = ArgValueCandidates::new(complete::jobs))]
    job: String,
    /// What one channel was told, and no other
    #[arg(long, value_name = "CHANNEL", add = ArgValueCandidates::new(complete::channels))]
    channel: Option<Name>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The JSON shape: these keys, and only ever more.
#[derive(serde::Serialize)]
struct Explained {
    schema: u32,
    /// Its name.
    alert: String,
    /// Its kind and name.
    job: String,
    sentences: Vec<String>,
    due: Option<Timestamp>,
    last_run: Option<Run>,
    channels: Vec<Channel>,
}

#[derive(serde::Serialize)]
struct Channel {
    channel: String,
    sentences: Vec<String>,
    next: Option<Timestamp>,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let job = select::job(&catalogue, &flags.job)?;
    let (sources, _) = output.worlds(&catalogue);
    if let Some(channel) = &flags.channel {
        let told: Vec<&Name> = job.notify().iter().chain(job.caretakers()).collect();
        if !told.contains(&channel) {
            return Err(find::unknown(
                &format!("channel of this {}", job.id().kind()),
                channel.as_str(),
                told.into_iter(),
            ));
        }
    }
    let (last, mut explanation) = stop::runtime()?.block_on(async {
        let store = open(&catalogue, &sources).await?;
        let known = recollect(store.as_ref(), job).await;
        store.close().await;
        known.map_err(Failure::from)
    })?;
    explanation.channels.retain(|told| flags.channel.as_ref().is_none_or(|wanted| *wanted == told.channel));
    if flags.json {
        let explained = Explained {
            schema: SCHEMA,
            alert: job.name().to_string(),
            job: job.id().to_string(),
            sentences: explanation.sentences,
            due: explanation.due,
            last_run: last.as_ref().map(Run::of),
            channels: explanation
                .channels
                .into_iter()
                .map(|it| Channel { channel: it.channel.to_string(), sentences: it.sentences, next: it.next })
                .collect(),
        };
        writeln!(output, "{}", serde_json::to_string_pretty(&explained).expect("texts and instants are JSON"))?;
        return Ok(Exit::Done);
    }
    writeln!(output, "{}", job.name())?;
    print(&explanation.sentences, output)?;
    for told in &explanation.channels {
        writeln!(output, "\n{}", told.channel)?;
        print(&told.sentences, output)?;
    }
    Ok(Exit::Done)
}

async fn recollect(store: &dyn Store, job: Job<'_>) -> Result<(Option<Past>, Explanation), StoreError> {
    let about = job.subject();
    let wanted = Wanted { about: Some(about.clone()), limit: 1, ..Wanted::default() };
    let last = store.history(&wanted).await?.pop();
    let letters = store.letters(&about).await?;
    let now = SystemClock.now();
    let mut explanation = match job {
        Job::Alert(alert) => {
            let memory = store.recall(&alert.name, &alert.ask.source, &alert.unless).await?;
            explain(alert, &memory, last.as_ref(), &letters, now)
        }
        Job::Report(report, _) => explain_report(report, last.as_ref(), &letters, now),
    };
    let id = job.id().to_string();
    let pause = store.pauses(now).await?.into_iter().find(|pause| pause.job == id);
    let skip = store.skips(Some(&id), None, 1).await?.pop();
    let slot = last.as_ref().map(|last| last.slot.unwrap_or(last.started));
    explanation.sentences.extend(of_schedule(job, pause.as_ref(), skip.as_ref(), slot));
    Ok((last, explanation))
}

fn print(sentences: &[String], output: &mut Output) -> std::io::Result<()> {
    sentences.iter().try_for_each(|sentence| writeln!(output, "  {}", visible_lines(sentence)))
}
