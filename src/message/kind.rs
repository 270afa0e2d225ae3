//! What a message tells, and how loud.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// The alert can be judged again, or all of a report works again.
    Well,
    /// Parts of a report fail.
    Incomplete,
    /// A source cannot be reached, whatever is asked of it.
    SourceDown,
    /// The source answers again.
    SourceUp,
    /// A channel does not work, and what is for it waits.
    ChannelDown,
    /// The channel works again.
    ChannelUp,
    /// A job has not done its work by its deadline.
    Late,
    /// The job does its work again.
    OnTime,
    /// A report.
    Report,
    /// A trial of the channel, by hand.
    Test,
    /// Several messages in one, among them one of an incident that began.
    Digest,
    /// Several messages in one; no incident began.
    Roundup,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Firing,
        Self::Repeat,
        Self::Resolved,
        Self::Unwell,
        Self::Well,
        Self::Incomplete,
        Self::SourceDown,
        Self::SourceUp,
        Self::ChannelDown,
        Self::ChannelUp,
        Self::Late,
        Self::OnTime,
        Self::Report,
        Self::Test,
        Self::Digest,
        Self::Roundup,
    ];

    /// The word at the head of a message, in capitals; a report needs none.
    #[must_use]
    pub fn headword(self) -> &'static str {
        match self {
            Self::Firing => "FIRING",
            Self::Repeat => "STILL FIRING",
            Self::Resolved => "RESOLVED",
            Self::Unwell => "CANNOT JUDGE",
            Self::Well => "WORKS AGAIN",
            Self::Incomplete => "INCOMPLETE",
            Self::SourceDown => "SOURCE DOWN",
            Self::SourceUp => "SOURCE UP",
            Self::ChannelDown => "CHANNEL DOWN",
            Self::ChannelUp => "CHANNEL UP",
            Self::Late => "LATE",
            Self::OnTime => "RUNS AGAIN",
            Self::Report => "",
            Self::Test => "TEST",
            Self::Digest | Self::Roundup => "DIGEST",
        }
    }

    /// A word for filters and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Repeat => "repeat",
            Self::Resolved => "resolved",
            Self::Unwell => "unwell",
            Self::Well => "well",
            Self::Incomplete => "incomplete",
            Self::SourceDown => "source-down",
            Self::SourceUp => "source-up",
            Self::ChannelDown => "channel-down",
            Self::ChannelUp => "channel-up",
            Self::Late => "late",
            Self::OnTime => "on-time",
            Self::Report => "report",
            Self::Test => "test",
            Self::Digest => "digest",
            Self::Roundup => "roundup",
        }
    }

    /// Whether the message is good news.
    #[must_use]
    pub fn is_good_news(self) -> bool {
        matches!(self, Self::Resolved | Self::Well | Self::SourceUp | Self::ChannelUp | Self::OnTime)
    }

    /// Whether something is wrong.
    #[must_use]
    pub fn is_trouble(self) -> bool {
        match self {
            Self::Firing
            | Self::Repeat
            | Self::Unwell
            | Self::Incomplete
            | Self::SourceDown
            | Self::ChannelDown
            | Self::Late
            | Self::Digest => true,
            Self::Resolved
            | Self::Well
            | Self::SourceUp
            | Self::ChannelUp
            | Self::OnTime
            | Self::Report
            | Self::Test
            | Self::Roundup => false,
        }
    }

    /// How a door may colour a message of this kind and loudness.
    #[must_use]
    pub fn tone(self, severity: Severity) -> Tone {
        match self {
            Self::Firing | Self::Repeat | Self::Digest => Tone::Alarm(severity),
            Self::Unwell | Self::Incomplete | Self::SourceDown | Self::ChannelDown | Self::Late => Tone::Doubt,
            Self::Resolved | Self::Well | Self::SourceUp | Self::ChannelUp | Self::OnTime => Tone::Relief,
            Self::Report | Self::Test | Self::Roundup => Tone::Calm,
        }
    }
}

/// How a message looks: what its colour and its sign are chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something fires, this loud.
    Alarm(Severity),
    /// Nobody can say how things are.
    Doubt,
    /// Something is over.
    Relief,
    /// Nothing is the matter.
    Calm,
}
