//! The news of one run for one channel: who is in it, what is printed, and why for each.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::announce::{Item, Voice};
use crate::incident::{News, Reason, Told, Why, Words};
use crate::message::{Kind, Message, thread};
use crate::name::Name;
use crate::store::Decision;

/// How many keys are kept for each run and channel with their own reason.
const MOST_KEYS: usize = 100;

/// The news of one run for one channel.
#[derive(Default)]
pub(super) struct Newspaper<'a> {
    /// Every instance and why it is or is not in the paper.
    pub(super) minutes: Vec<(&'a str, Reason)>,
    over: Vec<Item<'a>>,
    began: Vec<Item<'a>>,
    again: Vec<Item<'a>>,
    /// The threads in which the channel knows something to fire when it has read the paper.
    open: BTreeSet<Timestamp>,
}

impl<'a> Newspaper<'a> {
    /// Puts an instance on the page where it belongs, and gives what the channel has then been told of it.
    pub(super) fn take(&mut self, why: Reason, item: Item<'a>, last: Option<&Told>) -> Option<News> {
        let key = item.judged.key.as_str();
        match &why {
            Reason::BeganAgain => self.minutes.extend([(key, Reason::Over), (key, Reason::Began)]),
            other => self.minutes.push((key, other.clone())),
        }
        let (page, news) = match why {
            Reason::Began => (&mut self.began, News::Firing),
            Reason::BeganAgain => {
                self.over.extend(last.map(|last| Item { began: last.began, thread: last.thread, ..item }));
                (&mut self.began, News::Firing)
            }
            Reason::RepeatDue => (&mut self.again, News::Firing),
            Reason::Over => (&mut self.over, News::Resolved),
            Reason::Quiet
            | Reason::Pending { .. }
            | Reason::RepeatNotDue { .. }
            | Reason::RepeatNever
            | Reason::Recovering { .. }
            | Reason::ResolvedOff
            | Reason::Unjudged
            | Reason::Silenced { .. }
            | Reason::Muted { .. }
            | Reason::Inhibited { .. } => {
                self.open.extend(last.filter(|last| last.news == News::Firing).map(|last| last.thread));
                return None;
            }
        };
        page.push(item);
        if news == News::Firing {
            self.open.insert(item.thread);
        }
        Some(news)
    }

    /// The threads of what is over in which nothing goes on.
    fn ended(&self, alert: &Name) -> Vec<String> {
        let ended: BTreeSet<Timestamp> = self.over.iter().map(|item| item.thread).collect();
        ended.difference(&self.open).map(|told| thread(alert, *told)).collect()
    }

    /// One message for each kind of news; a flood of `firing` instances is one digest.
    pub(super) fn print(self, channel: &Name, voice: &Voice<'_>, firing: usize) -> Edition {
        let ended = self.ended(&voice.alert.name);
        let Self { over, mut began, again, .. } = self;
        let page = |kind, items: &[Item<'_>]| (!items.is_empty()).then(|| voice.of_incidents(channel, kind, items));
        let over = page(Kind::Resolved, &over).map(|message| Message { over: Some(ended), ..message });
        if firing > voice.alert.max_instances && !(began.is_empty() && again.is_empty()) {
            let fresh = began.len();
            began.extend(again);
            return Edition { over, began: Some(voice.of_flood(channel, &began, firing, fresh)), again: None };
        }
        Edition { over, began: page(Kind::Firing, &began), again: page(Kind::Repeat, &again) }
    }
}

/// The messages of one run for one channel.
pub(super) struct Edition {
    over: Option<Message>,
    /// What began; in a flood what goes on as well.
    began: Option<Message>,
    again: Option<Message>,
}

impl Edition {
    /// First what is over: whoever reads the last message only must not take what fires for over.
    pub(super) fn messages(self) -> impl Iterator<Item = Message> {
        [self.over, self.began, self.again].into_iter().flatten()
    }

    /// The id of the message that tells what has this reason.
    fn id(&self, why: &Reason) -> Option<&String> {
        let message = match why {
            Reason::Over => self.over.as_ref(),
            Reason::Began => self.began.as_ref(),
            Reason::RepeatDue => self.again.as_ref().or(self.began.as_ref()),
            Reason::BeganAgain
            | Reason::Quiet
            | Reason::Pending { .. }
            | Reason::RepeatNotDue { .. }
            | Reason::RepeatNever
            | Reason::Recovering { .. }
            | Reason::ResolvedOff
            | Reason::Unjudged
            | Reason::Silenced { .. }
            | Reason::Muted { .. }
            | Reason::Inhibited { .. } => None,
        };
        message.map(|message| &message.id)
    }

    /// All instances with the same reason together; then the keys that were told of or are held back, as far as anyone
    /// may want to read them.
    pub(super) fn decisions(&self, channel: &Name, minutes: &[(&str, Reason)]) -> Vec<Decision> {
        let decision = |key: Option<&str>, why: &Reason| Decision {
            channel: channel.clone(),
            key: key.map(str::to_owned),
            why: Why::Incident(why.clone()),
            count: 1,
            message: self.id(why).cloned(),
        };
        let apart = |why: &Why| Words { until: None, ..why.words() };
        let mut together: Vec<Decision> = Vec::new();
        for new in minutes.iter().map(|(_, why)| decision(None, why)) {
            match together.iter_mut().find(|known| apart(&known.why) == apart(&new.why)) {
                None => together.push(new),
                Some(known) => {
                    known.count += 1;
                    if new.why.words().until < known.why.words().until {
                        known.why = new.why;
                    }
                }
            }
        }
        let keyed = minutes.iter().filter(|(key, why)| !key.is_empty() && (why.speaks() || why.is_held()));
        together.extend(keyed.take(MOST_KEYS).map(|(key, why)| decision(Some(key), why)));
        together
    }
}
