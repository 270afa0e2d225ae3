//! The words of the outbox: what waits, who may send it, how sending went.
//!
//! Messages of one alert to one channel form a lane and go out oldest first. One sender at a time works on a channel,
//! in whichever process: it holds the [`Turn`]. It says which messages it begins to send before it sends them, and how
//! that ended afterwards, so that after a crash in between the next sender knows which of them may have arrived.

use std::fmt;

use jiff::Timestamp;

use crate::message::{Message, Receipt};
use crate::name::Name;

/// The right to send for one channel. Nobody else has it until this is dropped, or until its lease lapses because the
/// process that held it was stopped or cut off.
pub struct Turn {
    /// The channel.
    pub channel: Name,
    /// What was wrong with the channel when the turn was taken; none when it works.
    pub trouble: Option<Trouble>,
    /// Its number among those who had the turn; what an earlier one writes is refused.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "a lock of the operating system has no number"))]
    pub(super) fence: i64,
    /// Gives the turn back when dropped.
    pub(super) lease: Box<dyn Lease>,
}

impl Turn {
    /// Whether the turn is still ours. To be asked before each send: what is sent after its end may be sent twice.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.lease.stands()
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("channel", &self.channel).field("trouble", &self.trouble).finish_non_exhaustive()
    }
}

/// What keeps a turn ours.
pub(super) trait Lease: Send + Sync {
    /// Whether it does so still. A lock of the operating system always does; a lease on a server may lapse.
    fn stands(&self) -> bool {
        true
    }
}

/// How far a sender looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// At most so many messages; fewer when they are large.
    pub most: usize,
    /// Whether those that wait behind the oldest of their lane are wanted too.
    pub deep: bool,
}

/// What a sender has done and does next, written together.
#[derive(Clone, Debug, Default)]
pub struct Step<'a> {
    /// When the next attempts begin.
    pub at: Timestamp,
    /// How attempts ended, by the number of the message.
    pub ended: &'a [(i64, Settlement)],
    /// Of which messages an attempt begins now.
    pub begun: &'a [i64],
    /// What was learned of the channel itself, if anything.
    pub learned: Option<&'a Condition>,
    /// What the owners of the channel may have to be told of that. The store knows who was told, and tells nobody
    /// twice that it is down, and nobody that it is up who did not hear that it was down.
    pub owners: &'a [Outgoing],
}

/// How a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It works.
    Works,
    /// It does not.
    Troubled(Trouble),
}

/// Why a channel is tried with one message only, and not before a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When it began.
    pub since: Timestamp,
    /// Before this nothing is sent.
    pub until: Timestamp,
    /// How many rounds of attempts in a row failed.
    pub strikes: u32,
    /// Whether the channel itself is at fault (a bad token, an archived channel) rather than passing circumstances.
    pub broken: bool,
    /// What happened, in the other side's words where there are any.
    pub problem: String,
}

/// A message on its way to the outbox.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where it goes.
    pub channel: Name,
    /// What it says.
    pub message: Message,
    /// After this nobody wants it any more.
    pub expires: Timestamp,
}

/// A message of the outbox.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its place in the order of the outbox.
    pub seq: i64,
    /// Its lane within the channel: the alert, or `source` and the source, or `channel` and the channel.
    pub lane: String,
    /// What it says.
    pub message: Message,
    /// How often delivery was tried.
    pub attempts: u32,
    /// Whether it may have arrived: an attempt began of which nobody knows how it ended, or got no answer.
    pub may_repeat: bool,
    /// After this nobody wants it any more.
    pub expires: Timestamp,
    /// What the channel gave back for the first delivered message of the same thread.
    pub earlier: Option<Receipt>,
    /// What happened the last time, when it was tried.
    pub problem: Option<String>,
}

/// How an attempt to deliver ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was delivered.
    Delivered {
        /// When.
        at: Timestamp,
        /// What the channel gave back.
        receipt: Receipt,
    },
    /// It failed and is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// What happened.
        problem: String,
        /// Whether it may have arrived all the same.
        unsure: bool,
    },
    /// It was given up.
    Dead {
        /// When.
        at: Timestamp,
        /// Why.
        problem: String,
        /// Whether it may have arrived all the same.
        unsure: bool,
    },
    /// It was not sent after all, and waits as before.
    Untried,
}

/// What waits for a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The channel, which the catalogue may no longer have.
    pub channel: Name,
    /// How many messages wait.
    pub waiting: u64,
    /// How many were given up and not dropped yet.
    pub dead: u64,
    /// When the oldest of those that wait was decided.
    pub oldest: Option<Timestamp>,
    /// What is wrong with the channel; none when it works.
    pub trouble: Option<Trouble>,
}

/// Which messages of the outbox are meant.
#[derive(Clone, Debug, Default)]
pub struct Pick {
    /// Those with one of these ids, or numbers; any when empty.
    pub ids: Vec<String>,
    /// Those to this channel only.
    pub channel: Option<Name>,
    /// Those that wait.
    pub waiting: bool,
    /// Those that were given up.
    pub dead: bool,
}

/// A message as the outbox knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its place in the order of the outbox: what people call it by.
    pub seq: i64,
    /// Where it goes.
    pub channel: Name,
    /// What it says, without its sections and files.
    pub message: Message,
    /// When it was decided.
    pub created: Timestamp,
    /// After this nobody wants it any more.
    pub expires: Timestamp,
    /// How often delivery was tried.
    pub attempts: u32,
    /// Whether it may have arrived, or did, more than once.
    pub may_repeat: bool,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits.
    Waiting {
        /// For this.
        next_attempt: Timestamp,
        /// What happened the last time, when it was tried.
        problem: Option<String>,
    },
    /// It was delivered.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It was given up.
    Dead {
        /// When.
        at: Timestamp,
        /// Why.
        problem: String,
    },
    /// Someone took it out.
    Dropped {
        /// When.
        at: Timestamp,
        /// Who.
        by: String,
    },
}
