//! `Driver`: what each engine does for the door that all share.

use std::future::Future;

use super::sink::Sink;
use super::{Request, SourceError};

/// What to do when a session refuses to write.
pub(super) const READ_ONLY: &str = "sessions are read-only: write one statement that reads";

/// What an engine can do with a connection.
pub(super) trait Driver: Send + Sync + 'static {
    /// A connection with its settings made.
    type Session: Send + 'static;
    /// What it takes to cancel the statement of a session from elsewhere.
    type Canceller: Send + Sync + 'static;

    /// Resolves the secrets, connects and makes the settings of the session.
    fn connect(&self) -> impl Future<Output = Result<Self::Session, SourceError>> + Send;

    /// Where [`Driver::connect`] goes, for people; known once it was tried.
    fn address(&self) -> Option<String>;

    /// Whether an idle session can still be used, as far as this side knows.
    fn is_alive(&self, session: &Self::Session) -> bool;

    /// What cancels whatever the session runs next.
    fn canceller(&self, session: &Self::Session) -> Self::Canceller;

    /// Runs the statement and puts its columns and rows into the sink; leaves no transaction open.
    fn run(
        &self,
        session: &mut Self::Session,
        request: &Request,
        sink: &mut Sink,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Asks for a sign of life.
    fn ping(&self, session: &mut Self::Session) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Cancels the running statement in the database.
    fn cancel(&self, canceller: &Self::Canceller) -> impl Future<Output = ()> + Send;

    /// Cuts the line of a session that cannot be used and may not even be listening.
    fn cut(&self, session: Self::Session);

    /// Says goodbye.
    fn close(&self, session: Self::Session) -> impl Future<Output = ()> + Send;
}

/// Work that did not end well, and what is left of its connection.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: SourceError,
    pub(super) fate: Fate,
}

/// What is left of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It can serve the next request.
    Usable,
    /// It was lost: when it had been idle before, another may do better.
    Lost,
}

impl Failure {
    /// A failure that the connection survives.
    pub(super) fn usable(error: SourceError) -> Self {
        Self { error, fate: Fate::Usable }
    }

    /// The failure of a connection.
    pub(super) fn lost(error: SourceError) -> Self {
        Self { error, fate: Fate::Lost }
    }
}
