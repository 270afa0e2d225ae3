//! Where a conversation waits for the next mail of a burst: for half a minute at most, for nobody but who opened it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::conversation::Conversation;
use super::door::Login;
use super::server::{Scheme, Server};

/// How long a server is kept waiting.
const IDLE: Duration = Duration::from_secs(30);

/// Whose conversation it is: the same place, scheme, user and password.
#[derive(Clone)]
pub(super) struct Key {
    place: String,
    scheme: Scheme,
    login: Option<Login>,
}

impl Key {
    pub(super) fn new(server: &Server, login: Option<&Login>) -> Self {
        Self { place: server.to_string(), scheme: server.scheme, login: login.cloned() }
    }

    fn opens(&self, other: &Self) -> bool {
        let login =
            |key: &Self| key.login.as_ref().map(|login| (login.user.clone(), login.password.expose().to_owned()));
        self.place == other.place && self.scheme == other.scheme && login(self) == login(other)
    }
}

/// Room for one conversation.
#[derive(Default)]
pub(super) struct Parking(Arc<Mutex<Slot>>);

#[derive(Default)]
struct Slot {
    waiting: Option<(Key, Conversation)>,
    /// How often something was parked: who comes to end the wait must find what it was sent for.
    ticket: u64,
}

impl Parking {
    /// The conversation that waits, if it is for this key; one for another key is of no use any more and is ended.
    pub(super) fn take(&self, key: &Key) -> Option<Conversation> {
        let (owner, conversation) = lock(&self.0).waiting.take()?;
        if owner.opens(key) {
            return Some(conversation);
        }
        tokio::spawn(conversation.close());
        None
    }

    /// Lets a conversation wait. What waited until now is ended.
    pub(super) fn park(&self, key: Key, conversation: Conversation) {
        let (ticket, before) = {
            let mut slot = lock(&self.0);
            slot.ticket += 1;
            (slot.ticket, slot.waiting.replace((key, conversation)))
        };
        let slot = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            if let Some((_, conversation)) = before {
                conversation.close().await;
            }
            tokio::time::sleep(IDLE).await;
            if let Some(conversation) = overdue(&slot, ticket) {
                conversation.close().await;
            }
        });
    }
}

fn overdue(slot: &Weak<Mutex<Slot>>, ticket: u64) -> Option<Conversation> {
    let slot = slot.upgrade()?;
    let mut slot = lock(&slot);
    if slot.ticket == ticket { slot.waiting.take().map(|(_, conversation)| conversation) } else { None }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Key;
    use crate::channel::email::door::Login;
    use crate::channel::email::server::Server;
    use crate::secret::Revealed;

    #[test]
    fn a_conversation_is_for_who_opened_it() {
        let key = |url: &str, password: Option<&str>| {
            let login = password.map(|text| Login { user: "bot".into(), password: Revealed::new(text) });
            Key::new(&Server::parse(url).expect(url), login.as_ref())
        };
        let own = key("smtp://bot@h:25", Some("a"));
        assert!(own.opens(&key("smtp://bot@h:25", Some("a"))));
        for other in [
            key("smtp://bot@h:25", Some("b")),
            key("smtp://bot@h:25", None),
            key("smtp://bot@h:26", Some("a")),
            key("smtp://bot@i:25", Some("a")),
            key("smtps://bot@h:25", Some("a")),
        ] {
            assert!(!own.opens(&other) && !other.opens(&own));
        }
    }
}
