//! `Message`: what a channel is asked to say.
//!
//! Composed once from a reason and its evidence, kept in the outbox in this shape, and dressed by each channel in its own
//! markup. Every text in it is plain: a door escapes for its medium. It has words (a title, a summary or a text of the
//! user's own, labelled lines), rows, sections one below the other, and files; a door that cannot show a part of it, such
//! as a picture or a file, says so in words, so that every door tells everything. Knows `name` and no more.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::Name;

pub use attachment::{Attachment, Bytes, size};
pub use kind::{Kind, Severity, Tone};
pub use line::{ascii, is_invisible, one_line};
pub use section::{Content, Excerpt, Picture, Section};

mod attachment;
mod kind;
mod line;
mod section;
pub mod template;
pub mod variables;

/// A message of a channel, in the frozen shape of the outbox: a field may be added, with a default. Every text is plain
/// and may come from a row, except where a field says that it is ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The same for every attempt to deliver it; letters, digits and dashes.
    pub id: String,
    /// The alert it speaks of, or the source, or the channel, or the report.
    pub alert: String,
    /// The same for all messages of one incident; letters, digits and dashes.
    pub thread: String,
    /// Which threads are over with this message, where it tells of an end; the one that it is in, where nothing is said.
    /// Instances that were told of together may end one after the other, and others together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Vec<String>>,
    /// What it tells.
    pub kind: Kind,
    /// How loud.
    pub severity: Severity,
    /// When it was decided.
    pub at: Timestamp,
    /// What stands after the headword instead of the name and the summary: a title of the user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// One line that says it all, without the headword: `2 of 3 rows: on_hand < 5`. May be empty beside a title.
    pub summary: String,
    /// What the catalogue says of the alert, if anything.
    pub description: Option<String>,
    /// Labelled lines: `("since", "2026-11-20 12:00 UTC")`.
    pub facts: Vec<(String, String)>,
    /// A text of the user's own in place of summary, description and facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The evidence.
    pub excerpt: Option<Excerpt>,
    /// What follows: the parts of a report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Where to read more: an address of the catalogue, never of a row.
    pub link: Option<String>,
    /// A command that shows more; ours.
    pub command: Option<String>,
    /// What is to be said of the message itself, at its foot, such as that a template could not be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// What a message says in words below its head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words<'a> {
    /// One line.
    pub summary: Option<&'a str>,
    /// Lines.
    pub text: Option<&'a str>,
    /// Labelled lines.
    pub facts: &'a [(String, String)],
}

impl Message {
    /// A message without anything beside its summary; everything else is to be added.
    #[must_use]
    pub fn new(kind: Kind, about: &str, at: Timestamp, summary: String) -> Self {
        Self {
            id: String::new(),
            alert: about.to_owned(),
            thread: String::new(),
            over: None,
            kind,
            severity: Severity::Info,
            at,
            title: None,
            summary,
            description: None,
            facts: Vec::new(),
            body: None,
            excerpt: None,
            sections: Vec::new(),
            attachments: Vec::new(),
            link: None,
            command: None,
            remarks: Vec::new(),
        }
    }

    /// The title, or else the name of what it speaks of; one line without control characters.
    #[must_use]
    pub fn name(&self) -> String {
        one_line(self.title.as_ref().unwrap_or(&self.alert))
    }

    /// What stands large: `FIRING low_stock`, or the headword and the title; one line without control characters.
    #[must_use]
    pub fn head(&self) -> String {
        one_line(&format!("{} {}", self.kind.headword(), self.name()))
    }

    /// `FIRING late_orders: 2 of 3 rows: amount > 1000`, or the headword and the title; one line without control
    /// characters.
    #[must_use]
    pub fn headline(&self) -> String {
        match &self.title {
            Some(_) => self.head(),
            None => one_line(&format!("{}: {}", self.head(), self.summary)),
        }
    }

    /// What it says in words below its head: its body, or else summary, description and facts.
    #[must_use]
    pub fn words(&self) -> Words<'_> {
        match &self.body {
            Some(body) => Words { text: Some(body), ..Words::default() },
            None => Words {
                summary: Some(self.summary.as_str()).filter(|summary| !summary.is_empty()),
                text: self.description.as_deref(),
                facts: &self.facts,
            },
        }
    }

    /// The threads that are over with it: none, unless it is good news.
    #[must_use]
    pub fn ended(&self) -> Vec<&str> {
        match &self.over {
            _ if !self.kind.is_good_news() => Vec::new(),
            Some(threads) => threads.iter().map(String::as_str).collect(),
            None => vec![&self.thread],
        }
    }

    /// Its colour and sign.
    #[must_use]
    pub fn tone(&self) -> Tone {
        self.kind.tone(self.severity)
    }

    /// The pictures in its sections.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.sections.iter().filter_map(|section| match &section.content {
            Content::Picture(picture) => Some(picture),
            Content::Text(_) | Content::Value { .. } | Content::Table(_) | Content::Problem(_) => None,
        })
    }

    /// The message as it is sent. One that may be a repeat says so in its first remark.
    #[must_use]
    pub fn sent(&self, may_repeat: bool) -> Cow<'_, Self> {
        if !may_repeat {
            return Cow::Borrowed(self);
        }
        let mut message = self.clone();
        message.remarks.insert(0, MAY_REPEAT.into());
        Cow::Owned(message)
    }
}

/// What a message says of itself that may have arrived before.
pub const MAY_REPEAT: &str = "may be a repeat: an earlier attempt to send this may have arrived";

/// What a channel gave back for a delivered message: whatever it needs to update or answer it later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The channel's own words, such as a message id.
    pub reference: Option<String>,
    /// Whether it is of a message in which others were told too: it can be answered, but it is nobody's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub digest: bool,
}

/// The identifier of the thread of an alert whose first message was decided at `told`.
#[must_use]
pub fn thread(alert: &Name, told: Timestamp) -> String {
    format!("{}-{}", ascii(alert.as_str()), told.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::{Kind, Message};

    #[test]
    fn a_message_of_an_older_version_is_read() {
        let old = r#"{"id":"1","alert":"low_stock","thread":"t","kind":"firing","severity":"warning",
            "at":"2026-11-20T12:00:00Z","summary":"on_hand < 5","description":null,"facts":[["since","now"]],
            "excerpt":{"columns":["a"],"rows":[["1"],[null]],"more":0},"link":null,"command":null}"#;
        let message: Message = serde_json::from_str(old).unwrap();
        assert_eq!(message.headline(), "FIRING low_stock: on_hand < 5");
        let written = serde_json::to_string(&message).unwrap();
        assert!(!written.contains("attachments") && !written.contains("sections"), "{written}");
    }

    #[test]
    fn a_title_stands_for_name_and_summary() {
        let message = Message::new(Kind::Firing, "late", jiff::Timestamp::UNIX_EPOCH, "a > 1".into());
        assert_eq!((message.head(), message.headline()), ("FIRING late".into(), "FIRING late: a > 1".into()));
        let message = Message { title: Some("late:\n 3 orders".into()), ..message };
        assert_eq!((message.head(), message.headline()), ("FIRING late: 3 orders".into(), message.head()));
        let report = Message { kind: Kind::Report, title: Some("Weekly KPIs".into()), ..message };
        assert_eq!(report.headline(), "Weekly KPIs");
    }
}
