//! Answers that several alerts ask for in the same words: asked once, judged by each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::Doors;
use super::alert::{Trouble, fetch};
use crate::catalogue::{Alert, Given};
use crate::name::Name;
use crate::source::Argument;
use crate::table::Table;
use crate::value::stored;

/// What a source said, or why it said nothing.
type Answer = Result<Arc<Table>, Trouble>;

/// The answers of one invocation. An answer is dropped when the last alert that asks for it has it.
#[derive(Debug)]
pub(super) struct Answers {
    shared: Mutex<HashMap<String, Shared>>,
    /// What words such as `today` mean: the same for all, so that equal questions stay equal.
    now: Timestamp,
}

#[derive(Debug)]
struct Shared {
    /// How many alerts have yet to take it.
    left: usize,
    answer: Arc<OnceCell<Answer>>,
}

impl Answers {
    /// For these alerts, each of which will ask once.
    pub(super) fn new(alerts: &[&Alert], now: Timestamp) -> Self {
        let mut counted: HashMap<String, Shared> = HashMap::new();
        for alert in alerts {
            let fresh = || Shared { left: 0, answer: Arc::default() };
            counted.entry(question(alert, now)).or_insert_with(fresh).left += 1;
        }
        counted.retain(|_, shared| shared.left > 1);
        Self { shared: Mutex::new(counted), now }
    }

    /// The answer to the alert's question: the one that another alert has asked for, or a new one.
    pub(super) async fn fetch(&self, alert: &Alert, doors: &Doors) -> Answer {
        match self.take(&question(alert, self.now)) {
            Some(shared) => shared.get_or_init(|| fetch(alert, doors, self.now)).await.clone(),
            None => fetch(alert, doors, self.now).await,
        }
    }

    fn take(&self, question: &str) -> Option<Arc<OnceCell<Answer>>> {
        let mut known = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = known.get_mut(question)?;
        shared.left -= 1;
        let answer = Arc::clone(&shared.answer);
        if shared.left == 0 {
            known.remove(question);
        }
        Some(answer)
    }
}

/// The same for the same source, statement, arguments and timeout, and for nothing else.
fn question(alert: &Alert, now: Timestamp) -> String {
    let argument = |(name, given): &(Name, Given)| {
        let values = match given.at(now, &alert.timing.zone) {
            Ok(Argument::One(value)) => vec![stored::write(&value)],
            Ok(Argument::List(values)) => values.iter().map(stored::write).collect(),
            // Each such alert learns for itself what is wrong.
            Err(_) => vec![format!("nothing for {}", alert.name)],
        };
        (name.to_string(), values)
    };
    let arguments: Vec<(String, Vec<String>)> = alert.given.iter().map(argument).collect();
    let asks = std::iter::once(&alert.ask).chain(&alert.against);
    let asks: Vec<_> =
        asks.map(|ask| (ask.source.as_str(), ask.statement.text(), ask.timeout.as_nanos().to_string())).collect();
    let key = alert.against.as_ref().map(|_| &alert.key);
    serde_json::to_string(&(asks, arguments, key)).expect("texts are JSON")
}
