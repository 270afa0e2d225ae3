//! What the owners of a channel are told when it does not work, and when it does again. Pure.
//!
//! Each channel tells its own owners and nobody else, each of them once until it works again: that one of them does not
//! work either is told to the owners of that one. Two channels that own each other so tell of each other once.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::job::scheduled::fnv;
use crate::message::{Kind, Message, Severity, ascii};
use crate::name::Name;
use crate::render::moment;
use crate::store::{Condition, Outgoing};

/// How long such a message is worth delivering.
const WANTED: SignedDuration = SignedDuration::from_hours(24);

/// What was learned of a channel that has owners.
pub(super) struct Learned<'a> {
    pub(super) channel: &'a Name,
    pub(super) condition: &'a Condition,
    /// Since when it does not work, or did not.
    pub(super) since: Timestamp,
    /// How many messages wait for it.
    pub(super) waiting: u64,
    pub(super) now: Timestamp,
    pub(super) zone: &'a TimeZone,
}

impl Learned<'_> {
    /// What each of the owners may have to be told, nothing of passing circumstances. Whom they told before, the store
    /// knows.
    pub(super) fn news(&self, owners: &[Name]) -> Vec<Outgoing> {
        let Some(message) = self.message() else { return Vec::new() };
        let expires = self.now.checked_add(WANTED).unwrap_or(Timestamp::MAX);
        let outgoing = |owner: &Name| Outgoing {
            channel: owner.clone(),
            message: Message { id: self.id(owner, message.kind), ..message.clone() },
            expires,
        };
        owners.iter().map(outgoing).collect()
    }

    fn message(&self) -> Option<Message> {
        let since = ("since".to_owned(), self.moment(self.since));
        let (kind, summary, facts) = match self.condition {
            Condition::Troubled(trouble) if trouble.broken => {
                let step = format!("rowcall doctor {}", self.channel);
                let waiting = ("waiting".to_owned(), messages(self.waiting));
                let facts = vec![since, waiting, ("next step".to_owned(), step)];
                (Kind::ChannelDown, trouble.problem.clone(), facts)
            }
            Condition::Troubled(_) => return None,
            Condition::Works => {
                let facts = vec![since, ("until".to_owned(), self.moment(self.now))];
                (Kind::ChannelUp, "it works again; what waited for it goes out now".to_owned(), facts)
            }
        };
        Some(Message {
            thread: format!("channel-{}-{}", ascii(self.channel.as_str()), self.since.as_microsecond()),
            severity: Severity::Warning,
            facts,
            command: Some("rowcall outbox list".to_owned()),
            ..Message::new(kind, self.channel.as_str(), self.now, summary)
        })
    }

    /// The same for the same news to the same owner, and for nothing else.
    fn id(&self, owner: &Name, kind: Kind) -> String {
        let (channel, since) = (self.channel, self.since.as_microsecond());
        let hash = fnv(format!("{channel} {owner} {} {}", kind.word(), self.now.as_microsecond()).as_bytes());
        format!("channel-{}-{since:x}-{hash:016x}", ascii(channel.as_str()))
    }

    fn moment(&self, at: Timestamp) -> String {
        moment(at, self.zone)
    }
}

fn messages(count: u64) -> String {
    match count {
        1 => "1 message".to_owned(),
        n => format!("{n} messages"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::Learned;
    use crate::job::deliver::sample::second;
    use crate::name::Name;
    use crate::store::{Condition, Trouble};

    #[test]
    fn the_owners_are_told_of_what_lasts_and_of_its_end() {
        let name = |word: &str| Name::new(word).expect("a name");
        let troubled = |broken| {
            let trouble =
                Trouble { since: second(0), until: second(300), strikes: 1, broken, problem: "no such token".into() };
            Condition::Troubled(trouble)
        };
        let both = [name("mail"), name("pager")];
        let cases: [(Condition, &[Name], u64, &[&str]); 6] = [
            (troubled(true), &both[..1], 1, &["mail: CHANNEL DOWN ops: no such token; waiting 1 message"]),
            (
                troubled(true),
                &both,
                12,
                &[
                    "mail: CHANNEL DOWN ops: no such token; waiting 12 messages",
                    "pager: CHANNEL DOWN ops: no such token; waiting 12 messages",
                ],
            ),
            (troubled(true), &[], 1, &[]),
            (troubled(false), &both, 1, &[]),
            (
                Condition::Works,
                &both[1..],
                0,
                &[
                    "pager: CHANNEL UP ops: it works again; what waited for it goes out now; until 2026-11-20 12:01:00 UTC",
                ],
            ),
            (Condition::Works, &[], 0, &[]),
        ];
        for (condition, owners, waiting, expected) in cases {
            let learned = Learned {
                channel: &name("ops"),
                condition: &condition,
                since: second(0),
                waiting,
                now: second(60),
                zone: &TimeZone::UTC,
            };
            let news = learned.news(owners);
            let said: Vec<String> = news
                .iter()
                .map(|outgoing| {
                    let (label, fact) = &outgoing.message.facts[1];
                    format!("{}: {}; {label} {fact}", outgoing.channel, outgoing.message.headline())
                })
                .collect();
            assert_eq!(said, expected, "{condition:?}");
            let ids: std::collections::BTreeSet<&str> = news.iter().map(|it| it.message.id.as_str()).collect();
            assert_eq!(ids.len(), owners.len().min(news.len()), "each message has an id of its own");
            assert!(news.iter().all(|it| it.message.thread == format!("channel-ops-{}", second(0).as_microsecond())));
        }
    }
}
