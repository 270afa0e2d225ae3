//! What the owners of a job are told when it is late, and when it does its work again. Pure.

use jiff::{SignedDuration, Timestamp};

use super::Job;
use super::scheduled::fnv;
use crate::message::{Kind, Message, Severity, ascii};
use crate::name::Name;
use crate::render::moment;
use crate::store::{Outgoing, Punctuality};

/// How long such a message is worth delivering.
const WANTED: SignedDuration = SignedDuration::from_hours(24);

/// No run of `job` has done its work for `slot` or for a later one, and its deadline has passed.
#[must_use]
pub fn late(job: Job<'_>, slot: Timestamp, succeeded: Option<Timestamp>, now: Timestamp) -> Punctuality {
    let at = |at| moment(at, &job.timing().zone);
    let deadline = job.timing().deadline.unwrap_or_default();
    let summary = format!("nothing came of its slot at {} within {}", at(slot), humantime::format_duration(deadline));
    let last = succeeded.map_or_else(|| "none is known".to_owned(), at);
    let facts = vec![("slot".to_owned(), at(slot)), ("last success".to_owned(), last)];
    news(job, Kind::Late, slot, now, |message| Message { facts: facts.clone(), summary: summary.clone(), ..message })
}

/// A run of `job`, which was late since the slot `since`, has done its work for `slot`.
#[must_use]
pub fn on_time(job: Job<'_>, since: Timestamp, slot: Timestamp, now: Timestamp) -> Punctuality {
    let at = |at| moment(at, &job.timing().zone);
    let summary = format!("its run for {} did its work; it was late since {}", at(slot), at(since));
    news(job, Kind::OnTime, since, now, |message| Message { summary: summary.clone(), ..message })
}

fn news(job: Job<'_>, kind: Kind, since: Timestamp, now: Timestamp, dress: impl Fn(Message) -> Message) -> Punctuality {
    let id = job.id();
    let plain = |channel: &Name| {
        let hash = fnv(format!("{id} {channel} {} {}", kind.word(), now.as_microsecond()).as_bytes());
        Message {
            id: format!("{}-{:x}-{hash:016x}", ascii(&id.to_string()), since.as_microsecond()),
            thread: format!("{}-late-{}", ascii(&id.to_string()), since.as_microsecond()),
            severity: Severity::Warning,
            command: Some(format!("rowcall history {}", job.name())),
            ..Message::new(kind, job.name().as_str(), now, String::new())
        }
    };
    let expires = now.checked_add(WANTED).unwrap_or(Timestamp::MAX);
    let outgoing = |channel: &Name| Outgoing { channel: channel.clone(), message: dress(plain(channel)), expires };
    Punctuality {
        job: id.to_string(),
        late: kind == Kind::Late,
        slot: since,
        at: now,
        messages: job.caretakers().iter().map(outgoing).collect(),
    }
}
