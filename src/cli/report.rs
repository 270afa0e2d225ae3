//! Words and exit codes for what was judged and what was sent, shared by the verbs that do both.

use super::failure::{Exit, visible_lines};
use super::output::Output;
use crate::catalogue::Catalogue;
use crate::job::alert::{Report, Standing};
use crate::job::deliver::Delivery;
use crate::store::Settlement;

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

/// Says what was not delivered, and the exit code of that.
pub(super) fn undelivered(deliveries: &[Delivery], output: &Output) -> Exit {
    let mut exit = Exit::Done;
    for Delivery { channel, alert, settlement } in deliveries {
        let (problem, next) = match settlement {
            Settlement::Delivered { .. } => continue,
            Settlement::Again { problem, .. } => (problem, "it waits and goes out with the next run"),
            Settlement::Dead { problem, .. } => (problem, "it will not be sent again"),
        };
        let problem = visible_lines(problem);
        output.say(&format!("not delivered: alert `{alert}` to channel `{channel}`: {problem}\n  next: {next}\n"));
        exit = Exit::Undelivered;
    }
    exit
}
