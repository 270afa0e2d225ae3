//! Words and exit codes for what was judged and what was sent, shared by the verbs that do both.

use super::failure::{Exit, visible_lines};
use super::output::Output;
use crate::catalogue::Catalogue;
use crate::job::alert::{Report, Standing};
use crate::job::deliver::Delivery;
use crate::job::report::Built;
use crate::name::Name;
use crate::store::{Backlog, Settlement};

/// What could not be judged, in full: where it stands in the catalogue, what happened, what to do next.
pub(super) fn explain<'a>(reports: impl Iterator<Item = &'a Report>, catalogue: &Catalogue, output: &Output) {
    for report in reports.filter(|report| report.standing == Standing::Error) {
        let line = catalogue.alerts.get(&report.alert).map_or(0, |alert| alert.line);
        let place = format!("{}:{line}", catalogue.path.display());
        let hint = report.hint.as_ref().map(|hint| format!("\n  next: {hint}")).unwrap_or_default();
        output.say(&format!("alert `{}` at {place}: {}{hint}\n", report.alert, visible_lines(&report.note)));
    }
}

/// The exit code of what could not be judged.
pub(super) fn unjudged(reports: &[Report]) -> Exit {
    let of = |report: &Report| match report.standing {
        Standing::Error if report.settings_at_fault => Exit::Usage,
        Standing::Error | Standing::NoData => Exit::NoVerdict,
        Standing::Firing | Standing::Recovering | Standing::Pending | Standing::Ok => Exit::Done,
    };
    reports.iter().map(of).fold(Exit::Done, Exit::merge)
}

/// What failed of reports, in full: where it stands in the catalogue, what happened, what to do next; and the exit code
/// of that.
pub(super) fn failed<'a>(built: impl IntoIterator<Item = &'a Built>, catalogue: &Catalogue, output: &Output) -> Exit {
    let mut exit = Exit::Done;
    for built in built {
        let report = catalogue.reports.get(built.page.name.as_str());
        for (number, trouble) in built.page.troubles() {
            let line = report.and_then(|report| report.sections.get(number - 1)).map_or(0, |section| section.line);
            let place = format!("{}:{line}", catalogue.path.display());
            let hint = trouble.hint.as_ref().map(|hint| format!("\n  next: {hint}")).unwrap_or_default();
            let problem = visible_lines(&trouble.problem);
            output.say(&format!("report `{}`, section {number} at {place}: {problem}{hint}\n", built.page.name));
            exit = exit.merge(if built.settings_at_fault { Exit::Usage } else { Exit::NoVerdict });
        }
    }
    exit
}

/// Says what was tried and not delivered, and the exit code of that.
pub(super) fn undelivered(failed: &[Delivery], output: &Output) -> Exit {
    let mut exit = Exit::Done;
    for Delivery { channel, about: (kind, name), settlement, .. } in failed {
        let (problem, next) = match settlement {
            Settlement::Delivered { .. } | Settlement::Untried => continue,
            Settlement::Again { problem, .. } => (problem, "it waits and goes out with the next run"),
            Settlement::Dead { problem, .. } => (problem, "it will not be sent again"),
        };
        let problem = visible_lines(problem);
        output.say(&format!("not delivered: {kind} `{name}` to channel `{channel}`: {problem}\n  next: {next}\n"));
        exit = Exit::Undelivered;
    }
    exit
}

/// Says what waits beside what was tried and `failed`, and the exit code of that.
pub(super) fn left(backlog: &Backlog, failed: &[Delivery], elsewhere: &[Name], output: &Output) -> Exit {
    let Backlog { channel, waiting, trouble, .. } = backlog;
    let mut said: Vec<i64> = failed
        .iter()
        .filter(|delivery| delivery.channel == *channel && matches!(delivery.settlement, Settlement::Again { .. }))
        .map(|delivery| delivery.seq)
        .collect();
    said.sort_unstable();
    said.dedup();
    let rest = waiting.saturating_sub(said.len() as u64);
    if rest == 0 {
        return Exit::Done;
    }
    let messages = if rest == 1 { "1 message waits".to_owned() } else { format!("{rest} messages wait") };
    let why = match trouble {
        _ if elsewhere.contains(channel) => ", to which another rowcall is sending".to_owned(),
        Some(trouble) => format!(", which does not work: {}", visible_lines(&trouble.problem)),
        None => String::new(),
    };
    output.say(&format!(
        "not delivered: {messages} for channel `{channel}`{why}\n  next: `rowcall outbox list` shows what waits; it goes out with a later run\n"
    ));
    Exit::Undelivered
}
