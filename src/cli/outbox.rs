//! `rowcall outbox`: what waits to be sent or was given up, and what is to become of it.

use std::io::Write;
use std::path::Path;

use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCandidates;
use jiff::Timestamp;

use super::failure::{Exit, Failure};
use super::output::Output;
use super::silence::{open, who};
use super::{complete, find, stop};
use crate::catalogue::Catalogue;
use crate::clock::{Clock, SystemClock};
use crate::name::Name;
use crate::secret::Environment;
use crate::store::{Letter, Pick, Store};

mod json;
mod table;

#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what waits and what was given up, with the problem in the other side's words
    List(List),
    /// Make messages due now, also what was given up, and let their channels be tried
    Retry(Retry),
    /// Take messages out: they are never sent, and history says who did it
    Drop(Drop),
}

#[derive(Debug, Args)]
struct List {
    /// Those to this channel only
    #[arg(long, value_name = "CHANNEL", add = ArgValueCandidates::new(complete::channels))]
    channel: Option<String>,
    /// Only what was given up
    #[arg(long)]
    dead: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = true, args = ["ids", "channel", "all"])]
struct Retry {
    /// Messages, by the number that the list shows or by their id
    #[arg(value_name = "ID", add = ArgValueCandidates::new(complete::letters))]
    ids: Vec<String>,
    /// Those to this channel
    #[arg(long, value_name = "CHANNEL", conflicts_with = "ids", add = ArgValueCandidates::new(complete::channels))]
    channel: Option<String>,
    /// All of them
    #[arg(long, conflicts_with_all = ["ids", "channel"])]
    all: bool,
}

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = true, args = ["ids", "channel", "dead"])]
struct Drop {
    /// Messages, by the number that the list shows or by their id
    #[arg(value_name = "ID", add = ArgValueCandidates::new(complete::letters))]
    ids: Vec<String>,
    /// Those to this channel
    #[arg(long, value_name = "CHANNEL", conflicts_with = "ids", add = ArgValueCandidates::new(complete::channels))]
    channel: Option<String>,
    /// Only what was given up
    #[arg(long, conflicts_with = "ids")]
    dead: bool,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let (sources, _) = output.worlds(&catalogue);
    let environment = &sources.environment;
    stop::runtime()?.block_on(async {
        let store = open(&catalogue, &sources).await?;
        let done = match &flags.action {
            Action::List(flags) => list(flags, &catalogue, store.as_ref(), output).await,
            Action::Retry(flags) => retry(flags, store.as_ref(), output).await,
            Action::Drop(flags) => discard(flags, environment, store.as_ref(), output).await,
        };
        store.close().await;
        done
    })
}

/// Everything that waits or was given up, to one channel or to all.
fn pick(ids: &[String], channel: Option<&str>, dead: bool) -> Result<Pick, Failure> {
    let channel = channel.map(|word| {
        // A channel that is no longer in the catalogue may have messages.
        Name::new(word).map_err(|_| Failure::usage(format!("`{word}` is no name of a channel")))
    });
    Ok(Pick { ids: ids.to_vec(), channel: channel.transpose()?, waiting: !dead, dead: true })
}

async fn list(flags: &List, catalogue: &Catalogue, store: &dyn Store, output: &mut Output) -> Result<Exit, Failure> {
    let pick = pick(&[], flags.channel.as_deref(), flags.dead)?;
    let letters = store.outbox(&pick).await?;
    let mut backlog = store.backlog().await?;
    backlog.retain(|backlog| pick.channel.as_ref().is_none_or(|channel| *channel == backlog.channel));
    let known = |channel: &Name| catalogue.channels.contains_key(channel);
    if let Some(channel) = pick.channel.as_ref().filter(|channel| letters.is_empty() && !known(channel)) {
        return Err(find::unknown("channel", channel.as_str(), catalogue.channels.keys()));
    }
    let shown = if flags.json {
        json::report(&letters, &backlog)
    } else {
        table::report(&letters, &backlog, catalogue, SystemClock.now())
    };
    write!(output, "{shown}")?;
    Ok(Exit::Done)
}

async fn retry(flags: &Retry, store: &dyn Store, output: &mut Output) -> Result<Exit, Failure> {
    let pick = pick(&flags.ids, flags.channel.as_deref(), false)?;
    let letters = store.outbox(&pick).await?;
    all_found(&flags.ids, &letters)?;
    let letters = store.hasten(&pick, SystemClock.now()).await?;
    match letters.len() {
        0 => writeln!(output, "nothing waits and nothing was given up")?,
        1 => writeln!(output, "1 message is due now; a running schedule sends it, or the next run")?,
        many => writeln!(output, "{many} messages are due now; a running schedule sends them, or the next run")?,
    }
    Ok(Exit::Done)
}

async fn discard(
    flags: &Drop,
    environment: &Environment,
    store: &dyn Store,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let pick = pick(&flags.ids, flags.channel.as_deref(), flags.dead)?;
    let letters = store.outbox(&pick).await?;
    all_found(&flags.ids, &letters)?;
    for letter in store.discard(&pick, &who(environment), SystemClock.now()).await? {
        writeln!(output, "dropped {}, to channel `{}`: {}", letter.seq, letter.channel, letter.message.headline())?;
    }
    if letters.is_empty() {
        writeln!(output, "nothing waits and nothing was given up")?;
    }
    Ok(Exit::Done)
}

/// Nothing is done unless every message that is named is there.
fn all_found(ids: &[String], letters: &[Letter]) -> Result<(), Failure> {
    let is = |letter: &Letter, id: &str| letter.message.id == *id || letter.seq.to_string() == *id;
    match ids.iter().find(|id| !letters.iter().any(|letter| is(letter, id))) {
        None => Ok(()),
        Some(id) => Err(Failure::usage(format!("no message `{id}` waits or was given up"))
            .hint("`rowcall outbox list` shows those that do")),
    }
}

/// How long ago, in the largest unit that fits.
fn age(since: Timestamp, now: Timestamp) -> String {
    match now.duration_since(since).as_mins() {
        ..1 => "<1m".to_owned(),
        minutes @ 1..60 => format!("{minutes}m"),
        minutes @ 60..2880 => format!("{}h", minutes / 60),
        minutes => format!("{}d", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::age;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let cases =
            [(-5, "<1m"), (59, "<1m"), (60, "1m"), (3599, "59m"), (3600, "1h"), (172_799, "47h"), (172_800, "2d")];
        for (seconds, expected) in cases {
            assert_eq!(age(now - SignedDuration::from_secs(seconds), now), expected, "{seconds}");
        }
    }
}
