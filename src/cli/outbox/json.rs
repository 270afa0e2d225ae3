//! For programs. The shape is frozen: keys are only added, and a change of their meaning is a new number of `schema`.

use jiff::Timestamp;
use serde::Serialize;

use crate::store::{Backlog, Fate, Letter};

const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Outbox<'a> {
    schema: u32,
    messages: Vec<Message<'a>>,
    channels: Vec<Channel<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    number: i64,
    id: &'a str,
    channel: &'a str,
    about: &'a str,
    /// `firing`, `repeat`, `resolved`, `unwell`, `well`, `source-down`, `source-up`, `report` or `test`.
    kind: &'static str,
    severity: &'static str,
    headline: String,
    /// `waiting` or `dead`.
    state: &'static str,
    created: Timestamp,
    expires: Timestamp,
    attempts: u32,
    /// None for what was given up. A channel that does not work may be tried later.
    next_attempt: Option<Timestamp>,
    may_repeat: bool,
    problem: Option<&'a str>,
}

/// A channel for which something waits or that does not work.
#[derive(Serialize)]
struct Channel<'a> {
    name: &'a str,
    waiting: u64,
    dead: u64,
    oldest: Option<Timestamp>,
    trouble: Option<Failing<'a>>,
}

#[derive(Serialize)]
struct Failing<'a> {
    since: Timestamp,
    until: Timestamp,
    /// Whether the channel itself is at fault rather than passing circumstances.
    broken: bool,
    problem: &'a str,
}

pub(super) fn report(letters: &[Letter], backlog: &[Backlog]) -> String {
    let messages = letters.iter().map(message).collect();
    let outbox = Outbox { schema: SCHEMA, messages, channels: backlog.iter().map(channel).collect() };
    let mut text = serde_json::to_string_pretty(&outbox).expect("texts and instants are JSON");
    text.push('\n');
    text
}

fn message(letter: &Letter) -> Message<'_> {
    let (state, next_attempt, problem) = match &letter.fate {
        Fate::Waiting { next_attempt, problem } => ("waiting", Some(*next_attempt), problem.as_deref()),
        Fate::Delivered { .. } => ("delivered", None, None),
        Fate::Dead { problem, .. } => ("dead", None, Some(problem.as_str())),
        Fate::Dropped { .. } => ("dropped", None, None),
    };
    Message {
        number: letter.seq,
        id: &letter.message.id,
        channel: letter.channel.as_str(),
        about: &letter.message.alert,
        kind: letter.message.kind.word(),
        severity: letter.message.severity.as_str(),
        headline: letter.message.headline(),
        state,
        created: letter.created,
        expires: letter.expires,
        attempts: letter.attempts,
        next_attempt,
        may_repeat: letter.may_repeat,
        problem,
    }
}

fn channel(backlog: &Backlog) -> Channel<'_> {
    Channel {
        name: backlog.channel.as_str(),
        waiting: backlog.waiting,
        dead: backlog.dead,
        oldest: backlog.oldest,
        trouble: backlog.trouble.as_ref().map(|trouble| Failing {
            since: trouble.since,
            until: trouble.until,
            broken: trouble.broken,
            problem: &trouble.problem,
        }),
    }
}
