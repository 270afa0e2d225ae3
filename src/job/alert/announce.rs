//! Composes the messages of an alert from what was decided and from the evidence.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;

use super::files::{Files, command};
use super::judged::Judged;
use super::{Finding, Report, Trouble, evidence, words};
use crate::catalogue::Alert;
use crate::message::{Kind, Message, Severity, ascii, thread};
use crate::name::Name;
use crate::render::moment;
use crate::store::Memory;

/// How many rows of evidence a message carries.
const MOST_ROWS: usize = 20;

/// Everything the messages of one run share.
pub(super) struct Voice<'a> {
    pub(super) alert: &'a Alert,
    pub(super) finding: &'a Finding,
    pub(super) now: Timestamp,
    pub(super) memory: &'a Memory,
    /// Every instance that fires, and when its incident began.
    pub(super) firing: Vec<(&'a Judged, Timestamp)>,
    pub(super) files: Files,
}

/// An instance to speak of, and when its incident began and ended.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) judged: &'a Judged,
    pub(super) began: Timestamp,
    pub(super) until: Timestamp,
    /// When the channel was first told of it: now, when it is told now.
    pub(super) thread: Timestamp,
}

impl Voice<'_> {
    /// The thread of a message about these: where the channel was first told of them. What was told of in several
    /// messages is answered in the thread of the earliest.
    fn thread(&self, items: &[Item<'_>]) -> String {
        thread(&self.alert.name, items.iter().map(|item| item.thread).min().unwrap_or(self.now))
    }

    /// What a channel is told of incidents: one message for all instances with the same kind of news.
    pub(super) fn of_incidents(&self, channel: &Name, kind: Kind, items: &[Item<'_>]) -> Message {
        let judged: Vec<&Judged> = items.iter().map(|item| item.judged).collect();
        let began = items.iter().map(|item| item.began).min().unwrap_or(self.now);
        let table = self.finding.answer.as_ref().ok().map(|(_, table)| table.as_ref());
        let summary = if kind.is_good_news() {
            words::over(self.alert, self.finding, &judged)
        } else {
            words::firing_summary(self.alert, &judged, table)
        };
        let mut facts = vec![("since".to_owned(), self.moment(began))];
        if kind.is_good_news() {
            let until = items.iter().map(|item| item.until).max().unwrap_or(self.now);
            facts.push(("until".to_owned(), self.moment(until)));
        }
        facts.push(("severity".to_owned(), self.alert.severity.to_string()));
        if let [only] = judged.as_slice()
            && !only.values.is_empty()
            && (only.evidence.len() <= 1 && !kind.is_good_news())
        {
            facts.push(("value".to_owned(), words::values(&only.values)));
        }
        facts.push(("rule".to_owned(), self.alert.when.text().to_owned()));
        facts.extend(self.owners());
        let message = Message { facts, ..self.message(channel, kind, self.thread(items), summary) };
        let message = if kind.is_good_news() { message } else { self.with_rows(message, &judged) };
        self.in_own_words(message, items)
    }

    /// The message with the first of the rows behind it, and with all of them in files where the alert attaches any.
    fn with_rows(&self, message: Message, judged: &[&Judged]) -> Message {
        let Ok((_, table)) = &self.finding.answer else { return message };
        let rows = evidence::rows(judged.iter().copied());
        let excerpt = evidence::excerpt(table, &rows, MOST_ROWS);
        let hidden = excerpt.as_ref().is_some_and(|excerpt| excerpt.more > 0);
        let command = if hidden { Some(command(self.alert, rows.len())) } else { message.command.clone() };
        let files = self.files.of(self.alert, table, rows, self.now);
        let (attachments, remarks) = (files.attachments.clone(), files.remarks.clone());
        Message { excerpt, command, attachments, remarks, ..message }
    }

    /// Who cares for the alert, where the catalogue says so.
    fn owners(&self) -> Option<(String, String)> {
        let owners: Vec<&str> = self.alert.owners.iter().map(Name::as_str).collect();
        (!owners.is_empty()).then(|| ("owners".to_owned(), owners.join(", ")))
    }

    /// What a channel is told when more instances fire than anyone can read: how many, and the first few keys.
    pub(super) fn of_flood(&self, channel: &Name, items: &[Item<'_>], firing: usize, fresh: usize) -> Message {
        let kind = if fresh > 0 { Kind::Firing } else { Kind::Repeat };
        let judged: Vec<&Judged> = items.iter().map(|item| item.judged).collect();
        let began = items.iter().map(|item| item.began).min().unwrap_or(self.now);
        let mut facts = vec![
            ("since".to_owned(), self.moment(began)),
            ("severity".to_owned(), self.alert.severity.to_string()),
            ("digest".to_owned(), format!("more than {} instances fire (`max_instances`)", self.alert.max_instances)),
            ("rule".to_owned(), self.alert.when.text().to_owned()),
        ];
        facts.extend(self.owners());
        let summary = words::digest(self.alert, firing, fresh, &judged);
        // What began is told in a thread of its own, with everything that goes on beside it.
        let thread = if fresh > 0 { thread(&self.alert.name, self.now) } else { self.thread(items) };
        let message = Message { facts, ..self.message(channel, kind, thread, summary) };
        self.in_own_words(Message { excerpt: None, ..self.with_rows(message, &judged) }, items)
    }

    /// What a channel is told of the alert's own health.
    pub(super) fn of_health(&self, channel: &Name, kind: Kind, report: &Report) -> Message {
        let thread = format!("{}-health", ascii(self.alert.name.as_str()));
        let mut facts = vec![
            ("at".to_owned(), self.moment(self.now)),
            ("source".to_owned(), self.alert.ask.source.to_string()),
            ("now".to_owned(), report.standing.as_str().to_owned()),
        ];
        facts.extend(report.hint.iter().map(|hint| ("next step".to_owned(), hint.clone())));
        Message { facts, ..self.message(channel, kind, thread, report.note.clone()) }
    }

    /// What an owner of the source is told when it cannot be reached.
    pub(super) fn of_source_down(&self, channel: &Name) -> Message {
        let at = self.finding.ended;
        let error = match &self.finding.answer {
            Err(Trouble::Source(error)) => Some(error),
            Err(Trouble::Rule(_) | Trouble::TooManyRows) | Ok(_) => None,
        };
        let mut facts = vec![
            ("at".to_owned(), self.moment(at)),
            ("met by".to_owned(), format!("alert {}; the others on this source say nothing of it", self.alert.name)),
        ];
        facts.extend(error.and_then(|error| error.hint.clone()).map(|hint| ("next step".to_owned(), hint)));
        let summary = error.map_or_else(String::new, |error| error.problem.clone());
        Message { facts, ..self.source_message(channel, Kind::SourceDown, at, summary) }
    }

    /// What an owner of the source is told when it answers again; `since` is when it was told of.
    pub(super) fn of_source_up(&self, channel: &Name, since: Timestamp) -> Message {
        let facts = vec![
            ("since".to_owned(), self.moment(since)),
            ("until".to_owned(), self.moment(self.finding.ended)),
            ("met by".to_owned(), format!("alert {}", self.alert.name)),
        ];
        Message { facts, ..self.source_message(channel, Kind::SourceUp, since, "it answers again".to_owned()) }
    }

    fn source_message(&self, channel: &Name, kind: Kind, since: Timestamp, summary: String) -> Message {
        let source = &self.alert.ask.source;
        let thread = format!("source-{}-{}", ascii(source.as_str()), since.as_microsecond());
        Message {
            alert: source.to_string(),
            severity: Severity::Warning,
            description: None,
            link: None,
            command: Some("rowcall validate --online".to_owned()),
            ..self.message(channel, kind, thread, summary)
        }
    }

    fn message(&self, channel: &Name, kind: Kind, thread: String, summary: String) -> Message {
        Message {
            id: self.id(channel, kind),
            thread,
            severity: self.alert.severity,
            description: self.alert.description.clone(),
            link: self.alert.link.clone(),
            command: Some(format!("rowcall check {}", self.alert.name)),
            ..Message::new(kind, self.alert.name.as_str(), self.now, summary)
        }
    }

    /// The same for the same news to the same channel, and for nothing else.
    fn id(&self, channel: &Name, kind: Kind) -> String {
        let mut hasher = DefaultHasher::new();
        (self.alert.name.as_str(), channel.as_str(), kind.headword(), self.now.as_microsecond()).hash(&mut hasher);
        (self.finding.started.as_microsecond(), self.finding.ended.as_microsecond()).hash(&mut hasher);
        format!("{}-{:x}-{:016x}", ascii(self.alert.name.as_str()), self.now.as_microsecond(), hasher.finish())
    }

    /// A moment in the alert's zone: `2026-11-20 21:00:00 KST`.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        moment(at, &self.alert.timing.zone)
    }
}
