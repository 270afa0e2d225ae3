//! Signals: the first asks for an end, the second takes it.

use tokio_util::sync::CancellationToken;

use super::failure::{Exit, Failure};
use super::post::Parting;

/// Listens for Ctrl-C and SIGTERM.
pub(super) struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    /// Begins to listen; from here on a signal no longer kills.
    pub(super) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error: std::io::Error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}"));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    /// Ends with the next signal and says which it was.
    pub(super) async fn signal(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }

    /// Runs `work`; a signal ends it at once. While it sends, the first asks it to end and waits for what is on its way,
    /// the second ends it.
    pub(super) async fn part<T>(&mut self, parting: &Parting, work: impl Future<Output = T>) -> Result<T, Exit> {
        tokio::pin!(work);
        let exit = tokio::select! {
            done = &mut work => return Ok(done),
            exit = self.signal() => exit,
        };
        if parting.is_sending() {
            parting.enough.cancel();
            tokio::select! {
                _ = &mut work => {}
                _ = self.signal() => {}
            }
        }
        Err(exit)
    }

    /// Runs `work`; the first signal cancels `token` and waits for it to end by itself, the second ends at once.
    pub(super) async fn guard<T>(
        mut self,
        token: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> Result<T, Exit> {
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => return Ok(done),
            _ = self.signal() => token.cancel(),
        }
        tokio::select! {
            done = &mut work => Ok(done),
            exit = self.signal() => Err(exit),
        }
    }
}

/// A runtime of one thread: what a verb that runs once needs.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Bug, format!("cannot start: {error}")))
}
