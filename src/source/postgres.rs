//! PostgreSQL, and what speaks like it.
//!
//! A request takes two round trips: `begin read only` travels with the preparation, `rollback` with the execution, and the
//! first questions to a new session before them. Rows come in the binary format and are decoded here; parameters go as text and are converted by the server, which knows
//! their types.

use std::sync::Mutex;

use tokio::task::JoinHandle;
use tokio_postgres::{CancelToken, Client, Config};

use super::binding::Sent;
use super::door::Door;
use super::driver::{Driver, Failure};
use super::resolved::Resolved;
use super::sink::Sink;
use super::{Cause, Guard, Request, Settings, Source, SourceError, World};
use address::Address;
use refusal::Speech;
use run::Trouble;
use tls::Tls;

mod address;
mod asked;
mod compound;
mod conninfo;
mod decode;
mod form;
mod numeric;
mod parameter;
mod passfile;
mod refusal;
mod run;
mod styles;
mod surroundings;
mod tls;
mod zone;

/// Lets the server notice when we are gone. Servers before 14 and some systems cannot, and refuse it. All that is set for
/// a session: it does no harm to whoever gets the session from a pooler next.
const NOTICING: &str = "set client_connection_check_interval = '1s'";

/// The door of a source.
pub(super) fn open(settings: Settings, world: World) -> Box<dyn Source> {
    let (name, count) = (settings.name.clone(), settings.max_concurrent);
    Box::new(Door::new(name, Postgres { settings, world, address: Mutex::default() }, count))
}

/// How the line is to be guarded.
pub(super) async fn guard(settings: &Settings, world: &World) -> Result<Guard, SourceError> {
    let resolved = Resolved::of(settings, world).await?;
    let address = Address::read(&resolved, world, settings.ca_file.is_some())?;
    Ok(match address.trust() {
        tls::Trust::Name => Guard::Name,
        tls::Trust::Authority => Guard::Authority,
        tls::Trust::Encrypt | tls::Trust::None if address.is_near() => Guard::Near,
        tls::Trust::Encrypt => Guard::Encrypted,
        tls::Trust::None => Guard::Plain,
    })
}

struct Postgres {
    settings: Settings,
    world: World,
    address: Mutex<Option<String>>,
}

/// A connection, and the task that moves its bytes.
struct Session {
    client: Client,
    /// Ends with the connection; its result says why.
    mover: JoinHandle<Result<(), tokio_postgres::Error>>,
    tls: Tls,
    zone: zone::Zone,
    speech: Speech,
    styles: styles::Styles,
}

impl Driver for Postgres {
    type Session = Session;
    type Canceller = (CancelToken, Tls);

    async fn connect(&self) -> Result<Session, SourceError> {
        let resolved = Resolved::of(&self.settings, &self.world).await?;
        let address = Address::read(&resolved, &self.world, self.settings.ca_file.is_some())?;
        let speech = Speech::new(address.speaker().clone(), address.place(), address.remark());
        *self.address.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(address.place());
        let folder = &self.world.folder;
        let ca_file = self.settings.ca_file.as_ref().map(|file| folder.join(file));
        let ca_file = ca_file.or_else(|| address.ca_file(folder));
        let tls = Tls::new(address.trust(), ca_file.as_deref(), address.identity(folder))
            .map_err(|problem| address.speaker().error(Cause::Settings, &problem))?;
        reach(address.into_config(), tls, speech).await
    }

    fn address(&self) -> Option<String> {
        self.address.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn is_alive(&self, session: &Session) -> bool {
        !session.client.is_closed()
    }

    fn canceller(&self, session: &Session) -> (CancelToken, Tls) {
        (session.client.cancel_token(), session.tls.clone())
    }

    async fn run(&self, session: &mut Session, request: &Request, sink: &mut Sink) -> Result<(), Failure> {
        let sent = request.bound.sent(&request.label);
        match run::run(session, &sent, request.timeout, sink).await {
            Ok(()) => Ok(()),
            Err(trouble) => Err(session.failure(trouble, Some(&sent)).await),
        }
    }

    async fn ping(&self, session: &mut Session) -> Result<(), Failure> {
        match session.client.simple_query("select 1").await {
            Ok(_) => Ok(()),
            Err(error) => Err(session.failure(Trouble::Driver(error), None).await),
        }
    }

    async fn cancel(&self, (token, tls): &(CancelToken, Tls)) {
        // When the server cannot be reached for this, the connection is closed all the same.
        let _ = match tls {
            Tls::Plain => token.cancel_query(tokio_postgres::NoTls).await,
            Tls::Rustls(maker) => token.cancel_query(maker.clone()).await,
        };
    }

    fn cut(&self, session: Session) {
        session.mover.abort();
    }

    async fn close(&self, session: Session) {
        drop(session.client);
        // Lets the goodbye out; the caller limits the wait.
        let _ = session.mover.await;
    }
}

async fn reach(config: Config, tls: Tls, speech: Speech) -> Result<Session, SourceError> {
    let refused = |error| speech.connecting(&error);
    let (client, mover, zone) = match &tls {
        Tls::Plain => {
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(refused)?;
            let zone = zone::Zone::new(connection.parameter("TimeZone"));
            (client, tokio::spawn(connection), zone)
        }
        Tls::Rustls(maker) => {
            let (client, connection) = config.connect(maker.clone()).await.map_err(refused)?;
            let zone = zone::Zone::new(connection.parameter("TimeZone"));
            (client, tokio::spawn(connection), zone)
        }
    };
    Ok(Session { client, mover, tls, zone, speech, styles: styles::Styles::unknown() })
}

impl Session {
    /// Learns at the first call what a new session is like. What is sent after the first poll of this arrives after it. No
    /// startup options: poolers refuse them.
    async fn get_to_know(&self) -> Option<Vec<tokio_postgres::SimpleQueryMessage>> {
        let question = self.styles.question()?;
        let (answer, _) =
            tokio::join!(biased; self.client.simple_query(&question), self.client.batch_execute(NOTICING));
        // Without an answer every style is set in every transaction.
        answer.ok()
    }

    async fn failure(&mut self, trouble: Trouble, sent: Option<&Sent<'_>>) -> Failure {
        let error = match trouble {
            Trouble::Driver(error) => error,
            Trouble::Type { column, of } => {
                let problem = format!("column `{column}` has the type `{of}`, which cannot be shown");
                return Failure::usable(self.speech.value(&problem, Some(&cast(&column))));
            }
            Trouble::Value { column } => {
                // Rows may still be coming: cutting the line ends them.
                let problem = format!("column `{column}` holds a value that cannot be shown");
                return Failure::lost(self.speech.value(&problem, Some(&cast(&column))));
            }
        };
        if refusal::is_fatal(&error) {
            return Failure::lost(self.speech.lost(&error));
        }
        if !(error.is_closed() || self.client.is_closed()) {
            return Failure::usable(self.speech.answering(&error, sent));
        }
        // The mover knows the server's last words.
        let reason = match (&mut self.mover).await {
            Ok(Err(reason)) => reason,
            _ => error,
        };
        Failure::lost(self.speech.lost(&reason))
    }
}

fn cast(column: &str) -> String {
    format!("write `{column}::text` in the statement")
}
