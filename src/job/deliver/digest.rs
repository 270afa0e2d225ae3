//! Many messages told in one, for a channel that takes only so many in a while.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::message::{Excerpt, Kind, Message, Severity, ascii, one_line};
use crate::name::Name;
use crate::store::Waiting;

/// How many of the messages are listed.
const MOST_LISTED: usize = 50;

/// One message for all of `waiting`, which stand in the order of the outbox: how many of each kind, then the gravest
/// first.
pub(super) fn compose(channel: &Name, waiting: &[Waiting], now: Timestamp) -> Message {
    let mut gravest: Vec<&Message> = waiting.iter().map(|waiting| &waiting.message).collect();
    gravest.sort_by_key(|message| (message.kind.is_good_news(), Reverse(message.severity)));
    let begins = gravest.iter().any(|message| message.kind == Kind::Firing);
    let bad = gravest.iter().filter(|message| !message.kind.is_good_news());
    let id = format!("digest-{}-{}", ascii(channel.as_str()), ends(waiting));
    let summary = format!("{} messages in one: {}", gravest.len(), counts(&gravest));
    Message {
        thread: id.clone(),
        id,
        severity: bad.map(|message| message.severity).max().unwrap_or(Severity::Info),
        excerpt: Some(excerpt(&gravest)),
        command: Some("rowcall history --since 1h".into()),
        remarks: vec!["more messages waited than this channel takes at once; none is left out".into()],
        ..Message::new(if begins { Kind::Digest } else { Kind::Roundup }, channel.as_str(), now, summary)
    }
}

/// The first and the last number: the same for the same messages.
fn ends(waiting: &[Waiting]) -> String {
    let number = |waiting: Option<&Waiting>| waiting.map_or(0, |waiting| waiting.seq);
    format!("{}-{}", number(waiting.first()), number(waiting.last()))
}

/// `12 FIRING (3 critical), 2 RESOLVED`, the gravest first.
fn counts(gravest: &[&Message]) -> String {
    let mut counts: Vec<(Kind, usize, usize)> = Vec::new();
    for message in gravest {
        let critical = usize::from(message.severity == Severity::Critical && !message.kind.is_good_news());
        match counts.iter_mut().find(|(kind, _, _)| *kind == message.kind) {
            Some((_, count, grave)) => (*count, *grave) = (*count + 1, *grave + critical),
            None => counts.push((message.kind, 1, critical)),
        }
    }
    let words = counts.into_iter().map(|(kind, count, grave)| match grave {
        0 => format!("{count} {}", kind.headword()),
        grave => format!("{count} {} ({grave} critical)", kind.headword()),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn excerpt(gravest: &[&Message]) -> Excerpt {
    let row = |message: &&Message| {
        let cells = [
            message.kind.headword().to_owned(),
            message.severity.to_string(),
            message.alert.clone(),
            one_line(message.title.as_ref().unwrap_or(&message.summary)),
        ];
        cells.map(Some).to_vec()
    };
    Excerpt {
        columns: ["news", "severity", "about", "summary"].map(str::to_owned).to_vec(),
        rows: gravest.iter().take(MOST_LISTED).map(row).collect(),
        more: gravest.len().saturating_sub(MOST_LISTED) as u64,
    }
}
