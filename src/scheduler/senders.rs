//! A task for each channel of one catalogue.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::runs::Runner;
use super::sender::Sender;
use crate::job::Doors;

/// The tasks that empty the outbox.
#[derive(Default)]
pub(super) struct Senders {
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Ends the sending early.
    enough: CancellationToken,
}

impl Senders {
    /// Starts a task for each channel once those `before` have ended: two for one channel could send a message twice.
    pub(super) fn start(doors: &Arc<Doors>, runner: &Runner, posted: &Arc<Notify>, before: Option<&Self>) -> Self {
        let senders = Self::default();
        let before = before.map(|before| {
            before.stop.cancel();
            before.tasks.close();
            before.tasks.clone()
        });
        for channel in doors.channels().keys() {
            let sender = Sender {
                channel: channel.clone(),
                doors: Arc::clone(doors),
                store: Arc::clone(&runner.store),
                clock: Arc::clone(&runner.clock),
                posted: Arc::clone(posted),
                enough: senders.enough.clone(),
            };
            let (before, stop) = (before.clone(), senders.stop.clone());
            senders.tasks.spawn(async move {
                if let Some(before) = before {
                    before.wait().await;
                }
                sender.run(stop).await;
            });
        }
        senders
    }

    /// Ends them after what is due now.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends them after what is on its way.
    pub(super) fn hurry(&self) {
        self.enough.cancel();
    }
}
