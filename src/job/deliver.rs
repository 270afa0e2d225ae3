//! From the outbox to the channels: the only place that tries again.
//!
//! Messages of one alert and channel go out oldest first; a failing one holds back its lane and nothing else. A channel
//! that does not work is tried with one message at a time, and its messages wait. Which messages an attempt begins for is
//! on disk before the first of them is sent, so that after a crash the next attempt says that it may be a repeat, as it
//! does after one that got no answer. What to do next and what an answer means is decided in `plan`, `judge` and `digest`, which are pure; time and
//! randomness are arguments. When a channel itself is at fault its owners are told on other channels: `owners`.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use self::judge::Answer;
use self::owners::Learned;
use self::plan::Plan;
use super::{Doors, JobId};
use crate::channel::{Channel, Manners, Retry};
use crate::message::{Kind, Message, Receipt};
use crate::name::Name;
use crate::store::{Condition, Outgoing, Settlement, Step, Store, StoreError, Trouble, Turn, Waiting};

pub mod digest;
mod judge;
mod owners;
mod plan;
#[cfg(test)]
mod sample;

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The message's place in the order of the outbox.
    pub seq: i64,
    /// Where it was to go.
    pub channel: Name,
    /// What it speaks of: the word for its kind, such as `alert`, and its name.
    pub about: (&'static str, String),
    /// Whether it was told together with others.
    pub together: bool,
    /// How it ended.
    pub settlement: Settlement,
}

/// What somebody who watches the sending hears of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// What became of a message.
    Delivery(&'a Delivery),
    /// The channel itself does not work, which it did before.
    Broke(&'a Name, &'a Trouble),
    /// The channel works again.
    Mended(&'a Name),
}

/// How the sending for a channel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Emptied {
    /// Nothing is due any more, or the channel is left alone for now. Something may wait for these channels now: they
    /// own this one, and it broke or works again.
    Done(Vec<Name>),
    /// Another sender works on this channel; nothing was done.
    Elsewhere,
}

/// Whoever sends what is due.
#[derive(Clone, Copy)]
pub struct Postman<'a> {
    /// Where the messages wait.
    pub store: &'a dyn Store,
    /// Where they go.
    pub doors: &'a Doors,
    /// What time it is.
    pub now: &'a (dyn Fn() -> Timestamp + Sync),
    /// A number in 0..1 for the jitter of waits.
    pub chance: fn() -> f64,
    /// Ends the sending early: what is on its way is waited for, nothing else is begun.
    pub enough: &'a CancellationToken,
    /// Hears what happens.
    pub hears: &'a (dyn Fn(News<'_>) + Sync),
}

impl Postman<'_> {
    /// Sends everything that is due for every channel, the channels side by side; gives those that are another's.
    ///
    /// # Errors
    /// The store failed; what was sent may then be sent again, and says so.
    pub async fn all(&self) -> Result<Vec<Name>, StoreError> {
        let one = async |name: &Name| (name.clone(), self.channel(name).await);
        // One that fails must not break off what the others have on their way.
        let mut elsewhere = BTreeSet::new();
        let mut next: BTreeSet<Name> = self.doors.channels().keys().cloned().collect();
        while !next.is_empty() {
            let each = futures_util::future::join_all(next.iter().map(one)).await;
            next = BTreeSet::new();
            for (name, emptied) in each {
                match emptied? {
                    Emptied::Done(owners) => next.extend(owners),
                    Emptied::Elsewhere => drop(elsewhere.insert(name)),
                }
            }
        }
        Ok(elsewhere.into_iter().collect())
    }

    /// Sends everything that is due for one channel.
    ///
    /// # Errors
    /// The store failed; what was sent may then be sent again, and says so.
    pub async fn channel(&self, name: &Name) -> Result<Emptied, StoreError> {
        let Some(door) = self.doors.channels().get(name) else { return Ok(Emptied::Done(Vec::new())) };
        if self.store.next_attempt(name).await?.is_none_or(|next| next > (self.now)()) {
            return Ok(Emptied::Done(Vec::new()));
        }
        let Some(turn) = self.store.turn(name).await? else { return Ok(Emptied::Elsewhere) };
        let (trouble, manners) = (turn.trouble.clone(), door.manners());
        let mut round = Round {
            postman: *self,
            door: door.as_ref(),
            turn,
            manners,
            trouble,
            ended: Vec::new(),
            learned: None,
            told: Vec::new(),
        };
        round.empty().await?;
        Ok(Emptied::Done(round.told))
    }
}

/// The work on one channel, as long as it is ours.
struct Round<'a> {
    postman: Postman<'a>,
    door: &'a dyn Channel,
    turn: Turn,
    manners: Manners,
    trouble: Option<Trouble>,
    /// How attempts ended, as far as it is not written yet.
    ended: Vec<(i64, Settlement)>,
    /// What was learned of the channel and since when it does not work, or did not, as far as it is not written yet.
    learned: Option<(Condition, Timestamp)>,
    /// The owners of the channel that may have been told of it.
    told: Vec<Name>,
}

impl Round<'_> {
    async fn empty(&mut self) -> Result<(), StoreError> {
        while self.goes_on() {
            let now = (self.postman.now)();
            let due = self.postman.store.due(&self.turn, now, plan::reach(self.manners)).await?;
            match plan::plan(due, self.manners, self.trouble.as_ref(), now) {
                Plan::Rest => return Ok(()),
                Plan::GiveUp(stale) => self.give_up(&stale, now),
                Plan::Probe(waiting) => self.send(&[*waiting]).await?,
                Plan::Together(all) => self.send_together(&all).await?,
                Plan::Each(each) => self.send_each(&each).await?,
            }
            self.write(&[]).await?;
        }
        Ok(())
    }

    fn goes_on(&self) -> bool {
        !self.postman.enough.is_cancelled() && self.turn.stands()
    }

    fn give_up(&mut self, stale: &[Waiting], now: Timestamp) {
        for waiting in stale {
            let why = waiting.problem.as_ref().map(|problem| format!("; the last time: {problem}"));
            let problem = format!("nobody wants it any more: it waited too long{}", why.unwrap_or_default());
            self.end(waiting, false, Settlement::Dead { at: now, problem, unsure: false });
        }
    }

    /// Sends a few at a time, until one fails.
    async fn send_each(&mut self, each: &[Waiting]) -> Result<(), StoreError> {
        for few in each.chunks(self.manners.begun.max(1)) {
            self.send(few).await?;
            if self.trouble.is_some() || !self.goes_on() {
                break;
            }
        }
        Ok(())
    }

    /// Sends messages of different lanes: what was sent before is written together with the beginning of these.
    async fn send(&mut self, few: &[Waiting]) -> Result<(), StoreError> {
        let begun: Vec<i64> = few.iter().map(|waiting| waiting.seq).collect();
        self.write(&begun).await?;
        let halted = AtomicBool::new(false);
        let mut attempts = Vec::with_capacity(few.len());
        for waiting in few {
            attempts.push(self.attempt(waiting, &halted));
        }
        let answers: Vec<(&Waiting, Option<Answer>)> =
            stream::iter(attempts).buffer_unordered(self.manners.abreast.max(1)).collect().await;
        let now = (self.postman.now)();
        let known: Vec<&Answer> = answers.iter().filter_map(|(_, answer)| answer.as_ref()).collect();
        self.learn(&known, now);
        for (waiting, answer) in &answers {
            let settlement = answer
                .as_ref()
                .map_or(Settlement::Untried, |answer| judge::settle(answer, waiting, now, (self.postman.chance)()));
            self.end(waiting, false, settlement);
        }
        Ok(())
    }

    /// Sends one message; no answer when another failed meanwhile or the sending is to end.
    async fn attempt<'a>(&self, waiting: &'a Waiting, halted: &AtomicBool) -> (&'a Waiting, Option<Answer>) {
        if halted.load(Ordering::Relaxed) || !self.goes_on() {
            return (waiting, None);
        }
        let message = waiting.message.sent(waiting.may_repeat);
        let answer = self.door.deliver(&message, waiting.earlier.as_ref()).await;
        let failed = answer.as_ref().is_err_and(|error| error.retry != Retry::Never);
        halted.fetch_or(failed, Ordering::Relaxed);
        (waiting, Some(answer))
    }

    /// Tells all of these in one message.
    async fn send_together(&mut self, all: &[Waiting]) -> Result<(), StoreError> {
        let digest = digest::compose(&self.turn.channel, all, self.manners.carries_files, (self.postman.now)());
        let begun: Vec<i64> = all.iter().map(|waiting| waiting.seq).collect();
        self.write(&begun).await?;
        let may_repeat = all.iter().any(|waiting| waiting.may_repeat);
        let answer = self.door.deliver(&digest.sent(may_repeat), None).await;
        let now = (self.postman.now)();
        self.learn(&[&answer], now);
        let refused = answer.as_ref().is_err_and(|error| error.retry == Retry::Never);
        if refused {
            // What cannot be told together is told one by one.
            self.manners.patience = None;
        }
        let answer = answer.map(|receipt| Receipt { digest: true, ..receipt });
        let chance = (self.postman.chance)();
        for waiting in all {
            let settlement = match refused {
                true => Settlement::Untried,
                false => judge::settle(&answer, waiting, now, chance),
            };
            self.end(waiting, true, settlement);
        }
        Ok(())
    }

    fn learn(&mut self, answers: &[&Answer], now: Timestamp) {
        let Some(learned) = judge::learn(answers, self.trouble.as_ref(), now, (self.postman.chance)()) else { return };
        let was_broken = self.trouble.as_ref().is_some_and(|trouble| trouble.broken);
        let since = self.trouble.as_ref().map_or(now, |trouble| trouble.since);
        let (channel, hears) = (&self.turn.channel, self.postman.hears);
        self.trouble = match &learned {
            Condition::Works => {
                if was_broken {
                    hears(News::Mended(channel));
                }
                None
            }
            Condition::Troubled(trouble) => {
                if trouble.broken && !was_broken {
                    hears(News::Broke(channel, trouble));
                }
                Some(trouble.clone())
            }
        };
        self.learned = Some((learned, since));
    }

    /// Keeps how an attempt ended until it is written.
    fn end(&mut self, waiting: &Waiting, together: bool, settlement: Settlement) {
        let (channel, about) = (self.turn.channel.clone(), about(&waiting.message));
        (self.postman.hears)(News::Delivery(&Delivery {
            seq: waiting.seq,
            channel,
            about,
            together,
            settlement: settlement.clone(),
        }));
        self.ended.push((waiting.seq, settlement));
    }

    /// Writes what ended and what begins.
    async fn write(&mut self, begun: &[i64]) -> Result<(), StoreError> {
        if self.ended.is_empty() && begun.is_empty() {
            return Ok(());
        }
        let at = (self.postman.now)();
        let owners = self.news(at).await?;
        let learned = self.learned.as_ref().map(|(condition, _)| condition);
        let step = Step { at, ended: &self.ended, begun, learned, owners: &owners };
        self.postman.store.step(&self.turn, &step).await?;
        self.told.extend(owners.into_iter().map(|outgoing| outgoing.channel));
        self.ended.clear();
        self.learned = None;
        Ok(())
    }

    /// What the owners of the channel may have to be told of what was learned.
    async fn news(&self, now: Timestamp) -> Result<Vec<Outgoing>, StoreError> {
        let (channel, doors) = (&self.turn.channel, self.postman.doors);
        let Some((condition, since)) = &self.learned else { return Ok(Vec::new()) };
        if doors.owners(channel).is_empty() {
            return Ok(Vec::new());
        }
        let backlog = self.postman.store.backlog().await?;
        let waiting = backlog.iter().find(|backlog| backlog.channel == *channel).map_or(0, |backlog| backlog.waiting);
        let learned = Learned { channel, condition, since: *since, waiting, now, zone: doors.zone() };
        Ok(learned.news(doors.owners(channel)))
    }
}

fn about(message: &Message) -> (&'static str, String) {
    let name = message.alert.clone();
    match message.kind {
        Kind::Report => ("report", name),
        Kind::SourceDown | Kind::SourceUp => ("source", name),
        Kind::ChannelDown | Kind::ChannelUp => ("channel", name),
        Kind::Digest | Kind::Roundup => ("digest", name),
        Kind::Test => ("trial", name),
        Kind::Incomplete
        | Kind::Late
        | Kind::OnTime
        | Kind::Well
        | Kind::Unwell
        | Kind::Firing
        | Kind::Repeat
        | Kind::Resolved => match JobId::read(&name) {
            // What is said of the health of a report names its job.
            Some(job) => (job.kind(), job.name().to_string()),
            None => ("alert", name),
        },
    }
}
