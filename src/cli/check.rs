//! `rowcall check`: alerts judged once.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCandidates;

use self::account::{Account, Line};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::post::{self, Parting};
use super::progress::Progress;
use super::target::{self, Target, TargetParser};
use super::{complete, find, select, stop, verdict};
use crate::catalogue::Alert;
use crate::clock::{Clock, SystemClock};
use crate::job::Doors;
use crate::job::batch::{Batch, Ended, Keeping};
use crate::message::Severity;
use crate::source::World;
use crate::store::{self, Fate, Letter, Outgoing, Pick, Store};

mod account;
mod github;
mod json;
mod junit;
mod markdown;
mod table;

#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Alerts, @tag for all alerts with a tag, or a glob such as 'orders_*' [default: all]
    #[arg(value_name = "ALERT", add = ArgValueCandidates::new(complete::alerts))]
    alerts: Vec<String>,
    /// Keep state and send messages, as the schedule does
    #[arg(long)]
    notify: bool,
    /// With --notify: show what would be sent; keep nothing, send nothing
    #[arg(long, requires = "notify")]
    dry_run: bool,
    /// Exit 1 only for alerts of this severity or above
    #[arg(long, value_name = "SEVERITY", default_value = "warning", value_parser = ["info", "warning", "critical", "never"])]
    fail_on: String,
    /// How to report, and where: FORMAT or FORMAT=FILE; may be given several times [default: table]
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = TargetParser::<Format>::new())]
    format: Vec<Target<Format>>,
    /// Show at most this many of the rows that make an alert fire
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    samples: u16,
    /// How many alerts are judged at once; each source has its own limit below that
    #[arg(short, long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    jobs: u16,
}

/// How an account is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Junit,
    Github,
    Markdown,
}

impl Format {
    fn report(self, account: &Account<'_>) -> String {
        match self {
            Self::Table => table::report(account),
            Self::Json => json::report(account),
            Self::Junit => junit::report(account),
            Self::Github => github::report(account),
            Self::Markdown => markdown::report(account),
        }
    }

    /// Whether nothing else may stand on standard output.
    fn is_alone(self) -> bool {
        match self {
            Self::Json | Self::Junit | Self::Markdown => true,
            Self::Table | Self::Github => false,
        }
    }
}

/// What the flags ask for, as far as judging need not know it.
struct Wishes {
    targets: Vec<Target<Format>>,
    threshold: Option<Severity>,
    dry_run: bool,
}

pub(super) fn execute(flags: &Flags, config: Option<&Path>, output: &mut Output) -> Result<Exit, Failure> {
    let catalogue = find::catalogue(config)?;
    let selected = select::alerts(&catalogue, &flags.alerts)?;
    let table = Target { format: Format::Table, file: None };
    let targets = if flags.format.is_empty() { vec![table] } else { flags.format.clone() };
    target::check(&targets, Format::is_alone)?;
    let threshold = Severity::ALL.into_iter().find(|severity| severity.as_str() == flags.fail_on);
    let aside = targets.iter().any(|target| target.file.is_none() && target.format.is_alone());
    let wishes = Wishes { targets, threshold, dry_run: flags.dry_run };
    stop::runtime()?.block_on(async {
        let mut stop = stop::Stop::listen()?;
        let (sources, channels) = if aside { output.worlds_aside(&catalogue) } else { output.worlds(&catalogue) };
        let doors = Doors::new(&catalogue, &sources, &channels);
        let batch = Batch {
            alerts: &selected,
            catalogue: &catalogue,
            doors: &doors,
            at_once: flags.jobs.into(),
            samples: flags.samples.into(),
            now: || SystemClock.now(),
        };
        let parting = Parting::default();
        let work = async {
            match flags.notify {
                true => notify(&batch, &sources, &wishes, &parting, output).await,
                false => judge(&batch, Keeping::Nothing, &wishes, Vec::new(), output).await.map(|(exit, _)| exit),
            }
        };
        let done = stop.part(&parting, work).await.unwrap_or_else(Ok);
        doors.close().await;
        done
    })
}

/// Judges and reports; gives the exit code and the messages to send, `earlier` ones first.
async fn judge(
    batch: &Batch<'_>,
    keeping: Keeping<'_>,
    wishes: &Wishes,
    earlier: Vec<Outgoing>,
    output: &mut Output,
) -> Result<(Exit, Vec<Outgoing>), Failure> {
    let progress = Progress::new(batch.alerts.len());
    let ended = batch.judge(keeping, || progress.step()).await;
    drop(progress);
    let (lines, messages, exit) = sort_out(batch.alerts, ended, wishes.threshold, output);
    let messages = earlier.into_iter().chain(messages).collect();
    let account = Account { catalogue: batch.catalogue, lines, messages, dry_run: wishes.dry_run };
    for target in &wishes.targets {
        target.write(&target.format.report(&account), output)?;
    }
    verdict::explain(account.lines.iter().map(|line| &line.checked.report), batch.catalogue, output);
    Ok((exit.merge(account.exit()), account.messages))
}

/// What was judged, in the order of the selection; what was not is said.
fn sort_out<'a>(
    alerts: &[&'a Alert],
    ended: Vec<Ended>,
    threshold: Option<Severity>,
    output: &Output,
) -> (Vec<Line<'a>>, Vec<Outgoing>, Exit) {
    let (mut lines, mut messages, mut exit) = (Vec::new(), Vec::new(), Exit::Done);
    for (alert, ended) in alerts.iter().zip(ended) {
        match ended {
            Ended::Judged(checked, decided) => {
                lines.push(Line::new(alert, *checked, threshold));
                messages.extend(decided);
            }
            Ended::Busy => {
                output.say(&format!("alert `{}` is being judged by another rowcall; left to that one\n", alert.name));
            }
            Ended::Lost(error) => {
                output.say(&Failure::from(error).render(output.styled()));
                exit = exit.merge(Exit::NoVerdict);
            }
        }
    }
    (lines, messages, exit)
}

/// The same journey as the loop: state, incidents, messages.
async fn notify(
    batch: &Batch<'_>,
    world: &World,
    wishes: &Wishes,
    parting: &Parting,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let settings = &batch.catalogue.state.store;
    if wishes.dry_run {
        let store = store::read(settings, world).await?;
        let earlier = earlier(batch, store.as_deref()).await?;
        let (exit, _) = judge(batch, Keeping::Rehearsal(store.as_deref()), wishes, earlier, output).await?;
        return Ok(exit);
    }
    batch.knock();
    let store = store::open(settings, world).await?;
    let done = tell(batch, store.as_ref(), wishes, parting, output).await;
    store.close().await;
    done
}

/// The messages of earlier runs that would go out first: the oldest of each alert and channel.
async fn earlier(batch: &Batch<'_>, store: Option<&dyn Store>) -> Result<Vec<Outgoing>, Failure> {
    let Some(store) = store else { return Ok(Vec::new()) };
    let now = (batch.now)();
    let mut lanes = BTreeSet::new();
    let mut letters = store.outbox(&Pick { waiting: true, ..Pick::default() }).await?;
    letters.retain(|Letter { channel, message, fate, .. }| {
        let due = matches!(fate, Fate::Waiting { next_attempt, .. } if *next_attempt <= now);
        let first = lanes.insert((channel.clone(), message.alert.clone()));
        first && due && batch.catalogue.channels.contains_key(channel)
    });
    let outgoing = |Letter { channel, message, expires, .. }| Outgoing { channel, message, expires };
    Ok(letters.into_iter().map(outgoing).collect())
}

async fn tell(
    batch: &Batch<'_>,
    store: &dyn Store,
    wishes: &Wishes,
    parting: &Parting,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let (exit, decided) = judge(batch, Keeping::Everything(store), wishes, Vec::new(), output).await?;
    let listed = wishes.targets.iter().any(|target| target.file.is_none() && !target.format.is_alone());
    if listed && !decided.is_empty() {
        writeln!(output)?;
    }
    drop(decided);
    store.prune(batch.catalogue.state.horizon((batch.now)()), (batch.now)()).await?;
    Ok(exit.merge(post::send(store, batch.doors, parting, output).await?))
}
