//! `Line`: a connection to PostgreSQL, made as psql makes it.
//!
//! The settings of a source enter, with what their surroundings add: `PG*` variables, service and password files, TLS and
//! its trust. Whoever holds the line speaks to the server by itself; why it ended is told here, without a secret. The
//! store on PostgreSQL takes the same way as a source, so that a server is named, believed and complained of alike.

use tokio::task::JoinHandle;
use tokio_postgres::{CancelToken, Client, Config, Error};

use super::address::Address;
use super::refusal::{self, Speech};
use super::tls::Tls;
use super::zone::Zone;
use crate::source::resolved::{Resolved, chain};
use crate::source::{Cause, Settings, SourceError, World};

/// Where a server is and how to get in: everything resolved, nothing connected.
pub(crate) struct Way {
    config: Config,
    tls: Tls,
    speech: Speech,
    place: String,
}

/// A connection, and the task that moves its bytes.
pub(crate) struct Line {
    pub(crate) client: Client,
    /// Ends with the connection; its result says why.
    mover: JoinHandle<Result<(), Error>>,
    tls: Tls,
    pub(super) zone: Zone,
    speech: Speech,
}

impl Way {
    /// Resolves the secrets and reads every file that the settings and their surroundings name.
    ///
    /// # Errors
    /// The settings cannot be used as they are.
    pub(crate) async fn of(settings: &Settings, world: &World) -> Result<Self, SourceError> {
        let resolved = Resolved::of(settings, world).await?;
        let address = Address::read(&resolved, world, settings.ca_file.is_some())?;
        let speech = Speech::new(address.speaker().clone(), address.place(), address.remark());
        let folder = &world.folder;
        let ca_file = settings.ca_file.as_ref().map(|file| folder.join(file));
        let ca_file = ca_file.or_else(|| address.ca_file(folder));
        let tls = Tls::new(address.trust(), ca_file.as_deref(), address.identity(folder))
            .map_err(|problem| address.speaker().error(Cause::Settings, &problem))?;
        Ok(Self { place: address.place(), config: address.into_config(), tls, speech })
    }

    /// Host and port, or the folder of the socket, of every server named.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// What the driver connects by.
    pub(crate) fn config(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Connects.
    ///
    /// # Errors
    /// The server cannot be reached, or does not let us in.
    pub(crate) async fn connect(&self) -> Result<Line, SourceError> {
        let refused = |error| self.speech.connecting(&error);
        let (client, mover, zone) = match &self.tls {
            Tls::Plain => {
                let (client, connection) = self.config.connect(tokio_postgres::NoTls).await.map_err(refused)?;
                let zone = Zone::new(connection.parameter("TimeZone"));
                (client, tokio::spawn(connection), zone)
            }
            Tls::Rustls(maker) => {
                let (client, connection) = self.config.connect(maker.clone()).await.map_err(refused)?;
                let zone = Zone::new(connection.parameter("TimeZone"));
                (client, tokio::spawn(connection), zone)
            }
        };
        Ok(Line { client, mover, tls: self.tls.clone(), zone, speech: self.speech.clone() })
    }
}

impl Line {
    /// Puts into words why the server did not do what it was asked, or why the line ended.
    pub(crate) async fn explain(&mut self, error: Error) -> SourceError {
        if refusal::is_fatal(&error) {
            return self.speech.lost(&error);
        }
        if !self.is_broken(&error) {
            return self.speech.answering(&error, None);
        }
        let reason = self.last_words(error).await;
        self.speech.lost(&reason)
    }

    /// Whether the line ended with this.
    pub(super) fn is_broken(&self, error: &Error) -> bool {
        error.is_closed() || self.client.is_closed()
    }

    /// The server's last words, which the mover knows; `error` when there were none.
    pub(super) async fn last_words(&mut self, error: Error) -> Error {
        match (&mut self.mover).await {
            Ok(Err(reason)) => reason,
            _ => error,
        }
    }

    /// Puts what the driver reports into words.
    pub(super) fn speech(&self) -> &Speech {
        &self.speech
    }

    /// What cancels whatever runs here.
    pub(super) fn canceller(&self) -> Canceller {
        Canceller { token: self.client.cancel_token(), tls: self.tls.clone() }
    }

    /// Cuts the line: nothing that was sent is waited for.
    pub(crate) fn cut(self) {
        self.mover.abort();
    }

    /// Says goodbye; the caller limits the wait.
    pub(crate) async fn close(self) {
        drop(self.client);
        let _ = self.mover.await;
    }
}

/// What the server said, or else why nothing came from it.
pub(crate) fn words(error: &Error) -> String {
    error.as_db_error().map_or_else(|| chain(error), refusal::text)
}

/// What cancels the statement of a line from elsewhere.
pub(super) struct Canceller {
    token: CancelToken,
    tls: Tls,
}

impl Canceller {
    pub(super) async fn cancel(&self) {
        // When the server cannot be reached for this, the connection is closed all the same.
        let _ = match &self.tls {
            Tls::Plain => self.token.cancel_query(tokio_postgres::NoTls).await,
            Tls::Rustls(maker) => self.token.cancel_query(maker.clone()).await,
        };
    }
}
