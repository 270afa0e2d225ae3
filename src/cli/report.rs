//! Words and exit codes for what was judged and what was sent, shared by the verbs that do both.

use super::failure::{Exit, visible_lines};
use super::output::Output;
use crate::catalogue::Catalogue;
use crate::job::alert::{Report, Standing};
use crate::job::deliver::Delivery;
use crate::message::Severity;
use crate::store::Settlement;

/// What could not be judged, in full: where it stands in the catalogue, what happened, what to do next.
pub(super) fn explain(reports: &[Report], catalogue: &Catalogue, output: &Output) {
    for report in reports.iter().filter(|report| report.standing == Standing::Error) {
        let line = catalogue.alerts.get(&report.alert).map_or(0, |alert| alert.line);
        let place = format!("{}:{line}", catalogue.path.display());
        let hint = report.hint.as_ref().map(|hint| format!("\n  next: {hint}")).unwrap_or_default();
        output.say(&format!("alert `{}` at {place}: {}{hint}\n", report.alert, visible_lines(&report.note)));
    }
}

/// The exit code of what was judged. An alert counts as found when it fires now, or when its incident is open.
pub(super) fn judged(reports: &[Report], threshold: Option<Severity>) -> Exit {
    let of = |report: &Report| match report.standing {
        Standing::Error if report.settings_at_fault => Exit::Usage,
        Standing::Error | Standing::NoData => Exit::NoVerdict,
        Standing::Firing if threshold.is_some_and(|threshold| report.severity >= threshold) => Exit::Found,
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
