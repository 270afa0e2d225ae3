//! Reasons in the words in which they are kept: a word, an instant and a name.

use jiff::Timestamp;

use super::{HealthReason, Reason, Sighting};
use crate::name::Name;

/// Why a channel was told something or nothing, whatever it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Of an instance.
    Incident(Reason),
    /// Of the alert's own health.
    Health(HealthReason),
    /// Of the source.
    Source(Sighting),
    /// Of a report.
    Report(Posting),
}

/// What became of a report that was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posting {
    /// It was sent.
    Sent,
    /// It had nothing to tell, and is not wanted then.
    NothingToTell,
}

/// A reason as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words<'a> {
    /// What it is about: `incident`, `health`, `source` or `report`.
    pub about: &'a str,
    /// The name of the reason: `repeat_not_due`.
    pub word: &'a str,
    /// When it ends, if it has an end that is known.
    pub until: Option<Timestamp>,
    /// The alert that holds back, if one does.
    pub by: Option<Name>,
}

impl Why {
    /// Whether the channel was told something.
    #[must_use]
    pub fn speaks(&self) -> bool {
        match self {
            Self::Incident(reason) => reason.speaks(),
            Self::Health(reason) => matches!(reason, HealthReason::Broke | HealthReason::Mended),
            Self::Source(Sighting::Down | Sighting::Up) => true,
            Self::Report(posting) => *posting == Posting::Sent,
        }
    }

    /// The reason in words.
    #[must_use]
    pub fn words(&self) -> Words<'static> {
        let plain = |about, word| Words { about, word, until: None, by: None };
        let lasting = |about, word, until: &Timestamp| Words { about, word, until: Some(*until), by: None };
        match self {
            Self::Incident(Reason::Began) => plain("incident", "began"),
            Self::Incident(Reason::BeganAgain) => plain("incident", "began_again"),
            Self::Incident(Reason::RepeatDue) => plain("incident", "repeat_due"),
            Self::Incident(Reason::Over) => plain("incident", "over"),
            Self::Incident(Reason::Quiet) => plain("incident", "quiet"),
            Self::Incident(Reason::Pending { until }) => lasting("incident", "pending", until),
            Self::Incident(Reason::RepeatNotDue { until }) => lasting("incident", "repeat_not_due", until),
            Self::Incident(Reason::RepeatNever) => plain("incident", "repeat_never"),
            Self::Incident(Reason::Recovering { until }) => lasting("incident", "recovering", until),
            Self::Incident(Reason::ResolvedOff) => plain("incident", "resolved_off"),
            Self::Incident(Reason::Unjudged) => plain("incident", "unjudged"),
            Self::Incident(Reason::Silenced { until }) => lasting("incident", "silenced", until),
            Self::Incident(Reason::Muted { until }) => lasting("incident", "muted", until),
            Self::Incident(Reason::Inhibited { by }) => {
                Words { by: Some(by.clone()), ..plain("incident", "inhibited") }
            }
            Self::Health(HealthReason::Broke) => plain("health", "broke"),
            Self::Health(HealthReason::Mended) => plain("health", "mended"),
            Self::Health(HealthReason::StillBroken) => plain("health", "still_broken"),
            Self::Health(HealthReason::SourceDown) => plain("health", "source_down"),
            Self::Health(HealthReason::Silenced { until }) => lasting("health", "silenced", until),
            Self::Health(HealthReason::Muted { until }) => lasting("health", "muted", until),
            Self::Health(HealthReason::Fine) => plain("health", "fine"),
            Self::Source(seen) => plain("source", seen.as_str()),
            Self::Report(Posting::Sent) => plain("report", "sent"),
            Self::Report(Posting::NothingToTell) => plain("report", "nothing_to_tell"),
        }
    }

    /// Reads [`Why::words`].
    #[must_use]
    pub fn of_words(words: &Words<'_>) -> Option<Self> {
        let until = words.until;
        Some(match (words.about, words.word) {
            ("incident", "began") => Self::Incident(Reason::Began),
            ("incident", "began_again") => Self::Incident(Reason::BeganAgain),
            ("incident", "repeat_due") => Self::Incident(Reason::RepeatDue),
            ("incident", "over") => Self::Incident(Reason::Over),
            ("incident", "quiet") => Self::Incident(Reason::Quiet),
            ("incident", "pending") => Self::Incident(Reason::Pending { until: until? }),
            ("incident", "repeat_not_due") => Self::Incident(Reason::RepeatNotDue { until: until? }),
            ("incident", "repeat_never") => Self::Incident(Reason::RepeatNever),
            ("incident", "recovering") => Self::Incident(Reason::Recovering { until: until? }),
            ("incident", "resolved_off") => Self::Incident(Reason::ResolvedOff),
            ("incident", "unjudged") => Self::Incident(Reason::Unjudged),
            ("incident", "silenced") => Self::Incident(Reason::Silenced { until: until? }),
            ("incident", "muted") => Self::Incident(Reason::Muted { until: until? }),
            ("incident", "inhibited") => Self::Incident(Reason::Inhibited { by: words.by.clone()? }),
            ("health", "broke") => Self::Health(HealthReason::Broke),
            ("health", "mended") => Self::Health(HealthReason::Mended),
            ("health", "still_broken") => Self::Health(HealthReason::StillBroken),
            ("health", "source_down") => Self::Health(HealthReason::SourceDown),
            ("health", "silenced") => Self::Health(HealthReason::Silenced { until: until? }),
            ("health", "muted") => Self::Health(HealthReason::Muted { until: until? }),
            ("health", "fine") => Self::Health(HealthReason::Fine),
            ("source", "down") => Self::Source(Sighting::Down),
            ("source", "up") => Self::Source(Sighting::Up),
            ("report", "sent") => Self::Report(Posting::Sent),
            ("report", "nothing_to_tell") => Self::Report(Posting::NothingToTell),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Posting, Why, Words};
    use crate::incident::{HealthReason, Reason, Sighting};
    use crate::name::Name;
    use jiff::Timestamp;

    #[test]
    fn every_reason_is_read_as_it_was_written() {
        let (until, by) = (Timestamp::UNIX_EPOCH, Name::new("network").expect("a name"));
        let incidents = [
            Reason::Began,
            Reason::BeganAgain,
            Reason::RepeatDue,
            Reason::Over,
            Reason::Quiet,
            Reason::Pending { until },
            Reason::RepeatNotDue { until },
            Reason::RepeatNever,
            Reason::Recovering { until },
            Reason::ResolvedOff,
            Reason::Unjudged,
            Reason::Silenced { until },
            Reason::Muted { until },
            Reason::Inhibited { by },
        ];
        let health = [
            HealthReason::Broke,
            HealthReason::Mended,
            HealthReason::StillBroken,
            HealthReason::SourceDown,
            HealthReason::Silenced { until },
            HealthReason::Muted { until },
            HealthReason::Fine,
        ];
        let all = incidents.map(Why::Incident).into_iter().chain(health.map(Why::Health));
        let all = all.chain([Sighting::Down, Sighting::Up].map(Why::Source));
        for why in all.chain([Posting::Sent, Posting::NothingToTell].map(Why::Report)) {
            assert_eq!(Why::of_words(&why.words()), Some(why));
        }
        let unknown = Words { about: "incident", word: "bored", until: None, by: None };
        assert_eq!(Why::of_words(&unknown), None);
    }
}
