//! What is known of a report, in sentences.

use jiff::Timestamp;

use super::{Explanation, Told, told_by};
use crate::catalogue::Report;
use crate::incident::{Health, HealthReason, Posting, Why};
use crate::name::Name;
use crate::render::moment;
use crate::store::{Letter, Past};

/// Explains a report. `last` is its last run, `letters` what the outbox knows of it, `now` the time.
#[must_use]
pub fn explain_report(report: &Report, last: Option<&Past>, letters: &[Letter], now: Timestamp) -> Explanation {
    let (due, zone) = (report.timing.next_after(now), &report.timing.zone);
    let sentences = vec![
        built(report, last),
        match due {
            Some(due) => format!("It is due again at {}.", moment(due, zone)),
            None => format!("It has no schedule: it is sent by `rowcall report {} --send`.", report.name),
        },
    ];
    let mut channels: Vec<&Name> = report.notify.iter().collect();
    channels.extend(report.caretakers().iter().filter(|channel| !report.notify.contains(channel)));
    let told = |channel: &Name| {
        let mine = last.into_iter().flat_map(|last| &last.decisions).filter(|(it, _)| it.channel == *channel);
        let mut sentences: Vec<String> = mine.filter_map(|(it, _)| why(&it.why)).map(str::to_owned).collect();
        sentences.extend(letters.iter().filter(|letter| letter.channel == *channel).map(|it| told_by(it, zone)));
        let next = due.filter(|_| report.notify.contains(channel));
        sentences.push(match next {
            Some(next) => format!("It gets the next one at {}.", moment(next, zone)),
            None if report.notify.contains(channel) => "It gets the next one that is sent.".into(),
            None => "It is told when a part of the report fails, and when all of it works again.".into(),
        });
        Told { channel: channel.clone(), sentences, next }
    };
    Explanation { sentences, due, channels: channels.into_iter().map(told).collect() }
}

fn built(report: &Report, last: Option<&Past>) -> String {
    let Some(last) = last else { return "It has not been sent yet.".into() };
    let at = moment(last.slot.unwrap_or(last.started), &report.timing.zone);
    match last.health {
        Health::Healthy | Health::NoData => format!("It was last built at {at}: {}.", last.note),
        Health::Error => format!("It was last built at {at}, and not all of it: {}.", last.note),
    }
}

/// None for what goes without saying, and for what reports know nothing of.
fn why(why: &Why) -> Option<&'static str> {
    match why {
        Why::Report(posting) => Some(posted(*posting)),
        Why::Health(HealthReason::Broke) => Some("The last run told that parts of it fail."),
        Why::Health(HealthReason::Mended) => Some("The last run told that all of it works again."),
        Why::Health(HealthReason::StillBroken) => Some("Parts of it fail, as was told."),
        Why::Health(
            HealthReason::Fine | HealthReason::SourceDown | HealthReason::Silenced { .. } | HealthReason::Muted { .. },
        )
        | Why::Incident(_)
        | Why::Source(_) => None,
    }
}

pub(super) fn posted(posting: Posting) -> &'static str {
    match posting {
        Posting::Sent => "The last run sent it.",
        Posting::NothingToTell => {
            "The last run sent nothing: no section had anything to tell, and `on_empty` is \"skip\"."
        }
    }
}
