//! MySQL and MariaDB.
//!
//! Statements are always prepared: the binary protocol gives typed values and refuses a second statement. A connection
//! is never used again after its work was broken off, because this driver would give its next user the old answer.
//!
//! These servers notice that their client was killed only when they write to it, so that a statement which computes goes
//! on without it; the limit that every session sets ends it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Params, Statement};

use super::binding::Sent;
use super::door::Door;
use super::driver::{Driver, Failure};
use super::resolved::Resolved;
use super::sink::Sink;
use super::url::is_loopback;
use super::{Guard, Request, Settings, Source, SourceError, World};
use address::Address;
use refusal::{Speech, UNKNOWN_VARIABLE};

mod address;
mod cell;
mod options;
mod parameter;
mod refusal;

/// The server is asked for its clock at so many instants at once; a row has at most 4,096 columns.
const MOST_INSTANTS: usize = 1_000;

/// The door of a source.
pub(super) fn open(settings: Settings, world: World) -> Box<dyn Source> {
    let (name, count) = (settings.name.clone(), settings.max_concurrent);
    Box::new(Door::new(name, Mysql { settings, world, address: Mutex::default() }, count))
}

/// How the line is to be guarded.
pub(super) async fn guard(settings: &Settings, world: &World) -> Result<Guard, SourceError> {
    let resolved = Resolved::of(settings, world).await?;
    let ca_file = settings.ca_file.as_ref().map(|file| world.folder.join(file));
    let opts = Address::read(&resolved, world, ca_file.as_deref())?.into_opts();
    let near = opts.socket().is_some() || is_loopback(opts.ip_or_hostname());
    Ok(match opts.ssl_opts() {
        Some(tls) if !tls.accept_invalid_certs() => Guard::Name,
        _ if near => Guard::Near,
        Some(_) => Guard::Encrypted,
        None => Guard::Plain,
    })
}

struct Mysql {
    settings: Settings,
    world: World,
    address: Mutex<Option<String>>,
}

struct Session {
    conn: Conn,
    speech: Speech,
    limit: Limit,
}

/// How the server is told the limit of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// `max_statement_time` in seconds, as set last.
    Mariadb(Option<Duration>),
    /// `max_execution_time` in milliseconds, as set last.
    Mysql(Option<Duration>),
    /// The server knows neither; our own deadline remains.
    Unknown,
}

impl Driver for Mysql {
    type Session = Session;
    type Canceller = (Opts, u32);

    async fn connect(&self) -> Result<Session, SourceError> {
        let resolved = Resolved::of(&self.settings, &self.world).await?;
        let ca_file = self.settings.ca_file.as_ref().map(|file| self.world.folder.join(file));
        let address = Address::read(&resolved, &self.world, ca_file.as_deref())?;
        let speech = Speech::new(address.speaker().clone(), address.place(), address.remark());
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = Some(address.place());
        let conn = Conn::new(address.into_opts()).await.map_err(|error| speech.connecting(&error))?;
        let mut session = Session { conn, speech, limit: Limit::Unknown };
        session.set_up().await.map_err(|error| session.speech.connecting(&error))?;
        Ok(session)
    }

    fn address(&self) -> Option<String> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_alive(&self, session: &Session) -> bool {
        !session.conn.is_disconnected()
    }

    fn canceller(&self, session: &Session) -> (Opts, u32) {
        (session.conn.opts().clone(), session.conn.id())
    }

    async fn run(&self, session: &mut Session, request: &Request, sink: &mut Sink) -> Result<(), Failure> {
        let sent = request.bound.sent(&request.label);
        session.run(&sent, request.timeout, sink).await.map_err(|error| session.speech.answering(&error, Some(&sent)))
    }

    async fn ping(&self, session: &mut Session) -> Result<(), Failure> {
        session.conn.query_drop("select 1").await.map_err(|error| session.speech.answering(&error, None))
    }

    async fn cancel(&self, (opts, id): &(Opts, u32)) {
        // When the server cannot be reached for this, the connection is closed all the same.
        if let Ok(mut conn) = Conn::new(opts.clone()).await {
            let _ = conn.query_drop(format!("kill query {id}")).await;
            let _ = conn.disconnect().await;
        }
    }

    fn cut(&self, session: Session) {
        drop(session);
    }

    async fn close(&self, session: Session) {
        // The server notices the end of the line when the goodbye does not arrive.
        let _ = session.conn.disconnect().await;
    }
}

impl Session {
    /// Makes the session read-only and learns which limit the server knows.
    async fn set_up(&mut self) -> mysql_async::Result<()> {
        self.conn.query_drop("set session transaction read only; set autocommit = 1").await?;
        let version: Option<String> = self.conn.query_first("select version()").await?;
        let mariadb = version.is_some_and(|version| version.to_lowercase().contains("mariadb"));
        self.limit = if mariadb { Limit::Mariadb(None) } else { Limit::Mysql(None) };
        Ok(())
    }

    /// Runs a statement in a read-only transaction that is rolled back.
    async fn run(&mut self, sent: &Sent<'_>, timeout: Duration, sink: &mut Sink) -> mysql_async::Result<()> {
        self.set_limit(timeout).await?;
        self.conn.query_drop("start transaction read only").await?;
        let outcome = self.execute(sent, sink).await;
        let rolled_back = self.conn.query_drop("rollback").await;
        outcome.and(rolled_back)
    }

    async fn execute(&mut self, sent: &Sent<'_>, sink: &mut Sink) -> mysql_async::Result<()> {
        let statement = self.conn.prep(sent.text.as_str()).await?;
        let read = self.read(&statement, sent, sink).await;
        let closed = self.conn.close(statement).await;
        read.and(closed)
    }

    async fn read(&mut self, statement: &Statement, sent: &Sent<'_>, sink: &mut Sink) -> mysql_async::Result<()> {
        let parameters = self.parameters(sent).await?;
        let mut rows = self.conn.exec_iter(statement, Params::Positional(parameters)).await?;
        // Those of the preparation do not know yet what the parameters are.
        sink.begin(rows.columns_ref().iter().map(cell::column).collect());
        let decoders: Vec<cell::Decoder> = rows.columns_ref().iter().map(cell::Decoder::of).collect();
        while let Some(row) = rows.next().await? {
            cell::push(&row, &decoders, sink.batch());
            if sink.is_full() {
                sink.pass().await;
            }
        }
        sink.pass().await;
        Ok(())
    }

    /// The values to bind. MySQL compares moments by the clock of the session, and only the server knows its zone.
    async fn parameters(&mut self, sent: &Sent<'_>) -> mysql_async::Result<Vec<mysql_async::Value>> {
        let mut bound: Vec<mysql_async::Value> = sent.values.iter().map(|value| parameter::value(value)).collect();
        let instants: Vec<usize> =
            (0..bound.len()).filter(|index| parameter::is_instant(sent.values[*index])).collect();
        for some in instants.chunks(MOST_INSTANTS) {
            let sql = format!("{}{}", sent.comment(), parameter::clock(some.len()));
            let asked = some.iter().map(|index| parameter::whole_second(&bound[*index])).collect();
            let answer: Option<mysql_async::Row> = self.conn.exec_first(sql, Params::Positional(asked)).await?;
            for (index, clock) in some.iter().zip(answer.into_iter().flat_map(mysql_async::Row::unwrap)) {
                bound[*index] = parameter::shown_by(&clock, &bound[*index]);
            }
        }
        Ok(bound)
    }

    /// Sets the limit on the server when it is another than the last time.
    async fn set_limit(&mut self, timeout: Duration) -> mysql_async::Result<()> {
        let (setting, set) = match self.limit {
            Limit::Mariadb(last) if last != Some(timeout) => {
                (format!("set max_statement_time = {}", timeout.as_secs_f64()), Limit::Mariadb(Some(timeout)))
            }
            Limit::Mysql(last) if last != Some(timeout) => {
                // Zero would mean no limit.
                let milliseconds = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1);
                (format!("set max_execution_time = {milliseconds}"), Limit::Mysql(Some(timeout)))
            }
            Limit::Mariadb(_) | Limit::Mysql(_) | Limit::Unknown => return Ok(()),
        };
        match self.conn.query_drop(setting).await {
            Ok(()) => self.limit = set,
            Err(mysql_async::Error::Server(refusal)) if refusal.code == UNKNOWN_VARIABLE => self.limit = Limit::Unknown,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
