//! PostgreSQL, and what speaks like it.
//!
//! A request takes two round trips: `begin read only` travels with the preparation, `rollback` with the execution, and the
//! first questions to a new session before them. Rows come in the binary format and are decoded here; parameters go as text and are converted by the server, which knows
//! their types.

use std::sync::Mutex;

use super::binding::Sent;
use super::door::Door;
use super::driver::{Driver, Failure};
use super::resolved::Resolved;
use super::sink::Sink;
use super::{Guard, Request, Settings, Source, SourceError, World};
use address::Address;
use line::{Canceller, Line, Way};
use run::Trouble;

mod address;
mod asked;
mod compound;
mod conninfo;
mod decode;
mod form;
pub(crate) mod line;
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

/// A line, and what its session is like.
struct Session {
    line: Line,
    styles: styles::Styles,
    /// The statement that was run last. Dropped, it is closed in the server: a message that travels with the next ones.
    spent: Option<tokio_postgres::Statement>,
}

impl Driver for Postgres {
    type Session = Session;
    type Canceller = Canceller;

    async fn connect(&self) -> Result<Session, SourceError> {
        let way = Way::of(&self.settings, &self.world).await?;
        *self.address.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(way.place().to_owned());
        Ok(Session { line: way.connect().await?, styles: styles::Styles::unknown(), spent: None })
    }

    fn address(&self) -> Option<String> {
        self.address.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn is_alive(&self, session: &Session) -> bool {
        !session.line.client.is_closed()
    }

    fn canceller(&self, session: &Session) -> Canceller {
        session.line.canceller()
    }

    async fn run(&self, session: &mut Session, request: &Request, sink: &mut Sink) -> Result<(), Failure> {
        let sent = request.bound.sent(&request.label);
        match run::run(session, &sent, request.timeout, sink).await {
            Ok(()) => Ok(()),
            Err(trouble) => Err(session.failure(trouble, Some(&sent)).await),
        }
    }

    async fn ping(&self, session: &mut Session) -> Result<(), Failure> {
        match session.line.client.simple_query("select 1").await {
            Ok(_) => Ok(()),
            Err(error) => Err(session.failure(Trouble::Driver(error), None).await),
        }
    }

    async fn cancel(&self, canceller: &Canceller) {
        canceller.cancel().await;
    }

    fn cut(&self, session: Session) {
        session.line.cut();
    }

    async fn close(&self, session: Session) {
        drop(session.spent);
        session.line.close().await;
    }
}

impl Session {
    /// Learns at the first call what a new session is like. What is sent after the first poll of this arrives after it. No
    /// startup options: poolers refuse them.
    async fn get_to_know(&self) -> Option<Vec<tokio_postgres::SimpleQueryMessage>> {
        let question = self.styles.question()?;
        let client = &self.line.client;
        let (answer, _) = tokio::join!(biased; client.simple_query(&question), client.batch_execute(NOTICING));
        // Without an answer every style is set in every transaction.
        answer.ok()
    }

    async fn failure(&mut self, trouble: Trouble, sent: Option<&Sent<'_>>) -> Failure {
        let speech = self.line.speech();
        let error = match trouble {
            Trouble::Driver(error) => error,
            Trouble::Type { column, of } => {
                let problem = format!("column `{column}` has the type `{of}`, which cannot be shown");
                return Failure::usable(speech.value(&problem, Some(&cast(&column))));
            }
            Trouble::Value { column } => {
                // Rows may still be coming: cutting the line ends them.
                let problem = format!("column `{column}` holds a value that cannot be shown");
                return Failure::lost(speech.value(&problem, Some(&cast(&column))));
            }
        };
        if refusal::is_fatal(&error) {
            return Failure::lost(speech.lost(&error));
        }
        if !self.line.is_broken(&error) {
            return Failure::usable(speech.answering(&error, sent));
        }
        let reason = self.line.last_words(error).await;
        Failure::lost(self.line.speech().lost(&reason))
    }
}

fn cast(column: &str) -> String {
    format!("write `{column}::text` in the statement")
}
