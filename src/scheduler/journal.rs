//! What the log says of runs.

use tracing::{info, warn};

use crate::job::alert::Standing;
use crate::job::run::Ran;
use crate::message::one_line;

/// What a line of the log was about.
pub(super) struct Logged {
    pub(super) messages: usize,
    /// Whether the job could do its work.
    pub(super) is_sound: bool,
}

/// One line for a run; text from the database cannot begin another.
pub(super) fn log(ran: &Ran) -> Logged {
    match ran {
        Ran::Judged { report, messages, .. } => {
            let (alert, standing, note) = (&report.alert, report.standing.as_str(), one_line(&report.note));
            match report.standing {
                Standing::Error | Standing::NoData => warn!("alert {alert}: {standing}: {note}"),
                Standing::Ok | Standing::Pending | Standing::Recovering | Standing::Firing => {
                    info!("alert {alert}: {standing}: {note}");
                }
            }
            Logged { messages: *messages, is_sound: report.standing != Standing::Error }
        }
        Ran::Built { built, note, messages, .. } => {
            let (report, note, is_sound) = (&built.page.name, one_line(note), built.page.failed() == 0);
            if is_sound {
                info!("report {report}: {note}");
            } else {
                warn!("report {report}: {note}");
            }
            Logged { messages: *messages, is_sound }
        }
        Ran::Busy(_) | Ran::Lost | Ran::Done => Logged { messages: 0, is_sound: true },
    }
}
