//! For people.

use jiff::Timestamp;

use super::age;
use crate::catalogue::Catalogue;
use crate::cli::failure::visible_lines;
use crate::message::Kind;
use crate::name::Name;
use crate::render::{listing, moment};
use crate::store::{Backlog, Fate, Letter, Trouble};

const HEADING: [&str; 8] = ["id", "channel", "about", "news", "age", "tried", "next", "problem"];

/// A line for each message, then a sentence for each channel that does not work; nothing when there is nothing.
pub(super) fn report(letters: &[Letter], backlog: &[Backlog], catalogue: &Catalogue, now: Timestamp) -> String {
    let trouble = |channel: &Name| {
        backlog.iter().find(|backlog| backlog.channel == *channel).and_then(|backlog| backlog.trouble.as_ref())
    };
    let mut text = String::new();
    if !letters.is_empty() {
        let rows: Vec<Vec<String>> =
            letters.iter().map(|letter| row(letter, trouble(&letter.channel), catalogue, now)).collect();
        text = listing(&HEADING, &rows);
    }
    for Backlog { channel, waiting, trouble, .. } in backlog {
        let Some(trouble) = trouble.as_ref().filter(|trouble| trouble.broken) else { continue };
        let (since, until) = (moment(trouble.since, &catalogue.zone), moment(trouble.until, &catalogue.zone));
        let waits = if *waiting == 1 { "1 message waits".to_owned() } else { format!("{waiting} messages wait") };
        text.push_str(&format!(
            "\nchannel `{channel}` does not work since {since}: {}\n  {waits}; one is tried at {until}\n  \
             next: mend it, then `rowcall outbox retry --channel {channel}`\n",
            visible_lines(&trouble.problem),
        ));
    }
    text
}

fn row(letter: &Letter, trouble: Option<&Trouble>, catalogue: &Catalogue, now: Timestamp) -> Vec<String> {
    let known = catalogue.channels.contains_key(&letter.channel);
    let (next, problem) = match &letter.fate {
        Fate::Waiting { .. } if !known => ("never".to_owned(), Some("the catalogue has no such channel".to_owned())),
        Fate::Waiting { next_attempt, problem } => {
            let next = trouble.map_or(*next_attempt, |trouble| trouble.until.max(*next_attempt));
            let next = if next <= now { "now".to_owned() } else { moment(next, &catalogue.zone) };
            (next, problem.clone())
        }
        Fate::Dead { problem, .. } => ("given up".to_owned(), Some(problem.clone())),
        Fate::Delivered { .. } => ("delivered".to_owned(), None),
        Fate::Dropped { by, .. } => ("dropped".to_owned(), Some(format!("dropped by {by}"))),
    };
    let repeat = if letter.may_repeat { " (may be a repeat)" } else { "" };
    let problem = problem.map_or_else(String::new, |problem| visible_lines(&problem).replace('\n', " "));
    vec![
        letter.seq.to_string(),
        letter.channel.to_string(),
        letter.message.alert.clone(),
        news(letter.message.kind).to_owned() + repeat,
        age(letter.created, now),
        letter.attempts.to_string(),
        next,
        problem,
    ]
}

fn news(kind: Kind) -> &'static str {
    match kind.headword() {
        "" => "REPORT",
        headword => headword,
    }
}
