//! `Message`: what a channel is asked to say.
//!
//! Composed once from a reason and its evidence, kept in the outbox in this shape, and dressed by each channel in its own
//! markup. Every text in it is plain: a door escapes for its medium. Knows `name`, `value` and `table`.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::Name;

/// How loud an alert is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look today.
    #[default]
    Warning,
    /// Worth waking someone.
    Critical,
}

impl Severity {
    /// Every severity, quietest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The word of the catalogue.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An incident began.
    Firing,
    /// An incident still goes on.
    Repeat,
    /// An incident is over.
    Resolved,
    /// The alert itself cannot be judged.
    Unwell,
    /// The alert can be judged again.
    Well,
    /// A source cannot be reached, whatever is asked of it.
    SourceDown,
    /// The source answers again.
    SourceUp,
}

impl Kind {
    /// The word at the head of a message, in capitals.
    #[must_use]
    pub fn headword(self) -> &'static str {
        match self {
            Self::Firing => "FIRING",
            Self::Repeat => "STILL FIRING",
            Self::Resolved => "RESOLVED",
            Self::Unwell => "CANNOT JUDGE",
            Self::Well => "WORKS AGAIN",
            Self::SourceDown => "SOURCE DOWN",
            Self::SourceUp => "SOURCE UP",
        }
    }

    /// Whether the message is good news.
    #[must_use]
    pub fn is_good_news(self) -> bool {
        matches!(self, Self::Resolved | Self::Well | Self::SourceUp)
    }
}

/// The first rows of a result as text, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows of as many cells; NULL is `None`.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many more rows there are.
    pub more: u64,
}

/// A message of a channel, in the frozen shape of the outbox. Every text is plain and may come from a row, except where
/// a field says that it is ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The same for every attempt to deliver it; letters, digits and dashes.
    pub id: String,
    /// The alert it speaks of, or the source.
    pub alert: String,
    /// The same for all messages of one incident; letters, digits and dashes.
    pub thread: String,
    /// What it tells.
    pub kind: Kind,
    /// How loud.
    pub severity: Severity,
    /// When it was decided.
    pub at: Timestamp,
    /// One line that says it all, without the headword: `2 of 3 rows: on_hand < 5`.
    pub summary: String,
    /// What the catalogue says of the alert, if anything.
    pub description: Option<String>,
    /// Labelled lines: `("since", "2026-11-20 12:00 UTC")`.
    pub facts: Vec<(String, String)>,
    /// The evidence.
    pub excerpt: Option<Excerpt>,
    /// Where to read more: an address of the catalogue, never of a row.
    pub link: Option<String>,
    /// A command that shows more; ours.
    pub command: Option<String>,
}

impl Message {
    /// `FIRING late_orders: 2 of 3 rows: amount > 1000`, on one line without control characters.
    #[must_use]
    pub fn headline(&self) -> String {
        one_line(&format!("{} {}: {}", self.kind.headword(), self.alert, self.summary))
    }
}

/// What a channel gave back for a delivered message: whatever it needs to update or answer it later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The channel's own words, such as a message id.
    pub reference: Option<String>,
}

/// `text` with every control, line-separating and direction-changing character replaced by a space, runs of spaces
/// collapsed: what a subject or a headline may carry.
#[must_use]
pub fn one_line(text: &str) -> String {
    let harmless = |c: char| if c.is_control() || is_invisible(c) { ' ' } else { c };
    let mut line = String::with_capacity(text.len());
    for word in text.chars().map(harmless).collect::<String>().split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Characters that draw nothing but change what is drawn: line and paragraph separators and direction controls.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The identifier of the thread of an incident that began at `began`.
#[must_use]
pub fn thread(alert: &Name, began: Timestamp) -> String {
    format!("{}-{}", ascii(alert.as_str()), began.as_microsecond())
}

/// `text` in letters, digits and dashes of ASCII.
#[must_use]
pub fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_headline_carries_no_control_character() {
        assert_eq!(one_line("x\r\nBcc: evil@example.net\u{202e}\t y"), "x Bcc: evil@example.net y");
    }
}
