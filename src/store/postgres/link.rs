//! The lines of one machine to its store, and patience: work is one short transaction, and begun again when the server
//! goes away under it.
//!
//! Nothing that matters is kept in a session, so that a pooler may hand each transaction to another one: the schema and
//! the limits are set for the transaction alone, statements have no names.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tokio_postgres::config::TargetSessionAttrs;
use tracing::{info, warn};

use super::engine::{Transaction, Trouble};
use crate::source::postgres::line::{Line, Way};
use crate::source::{Engine, World};
use crate::store::{Settings, StoreError};

/// How we call ourselves in `pg_stat_activity`, before the name of the machine.
const APPLICATION: &str = "rowcall";
/// What is written is on disk before it counts, also where the server would let it wait.
const DURABLE: &str = "; select set_config('synchronous_commit', 'on', true) where \
                       current_setting('synchronous_commit') = 'off'";
/// How long a connection may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long work is tried again when the server is away.
const PATIENCE: Duration = Duration::from_secs(60);
/// The first wait before trying again; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Connections to the store, opened when first used.
pub(super) struct Links {
    settings: crate::source::Settings,
    world: World,
    begin: String,
    host: String,
    place: Mutex<String>,
    free: Semaphore,
    idle: Mutex<Vec<Line>>,
    /// Whether somebody was told that the store does not answer.
    troubled: AtomicBool,
}

impl Links {
    /// At most `count` connections.
    pub(super) fn new(settings: &Settings, world: &World, host: &str, count: usize, read_only: bool) -> Self {
        let name = crate::name::Name::new("state").expect("a name");
        let access = if read_only { "read only" } else { "read write" };
        Self {
            settings: crate::source::Settings {
                name,
                engine: Engine::Postgres,
                url: settings.url.clone(),
                password: settings.password.clone(),
                ca_file: settings.ca_file.clone(),
                max_concurrent: count,
                setup: None,
            },
            world: world.clone(),
            begin: format!(
                "begin isolation level read committed {access}; set local search_path to \"{}\"; \
                 set local statement_timeout = '10s'; set local lock_timeout = '5s'; \
                 set local idle_in_transaction_session_timeout = '10s'{}",
                settings.schema,
                if read_only { "" } else { DURABLE }
            ),
            host: host.to_owned(),
            place: Mutex::new("***".into()),
            free: Semaphore::new(count),
            idle: Mutex::default(),
            troubled: AtomicBool::new(false),
        }
    }

    /// Works inside one transaction; again and again while the server is away, for a minute at most.
    pub(super) async fn work<T, W>(&self, work: impl Fn(Transaction) -> W + Send + Sync) -> Result<T, StoreError>
    where
        T: Send,
        W: Future<Output = Result<T, Trouble>> + Send,
    {
        let (patience, mut wait) = (Instant::now() + PATIENCE, FIRST_WAIT);
        loop {
            let trouble = match self.once(&work).await {
                Ok(done) => {
                    self.answers();
                    return Ok(done);
                }
                Err(trouble) => trouble,
            };
            if !trouble.passes() || Instant::now() > patience {
                return Err(self.failed(&trouble));
            }
            if !self.troubled.swap(true, Ordering::Relaxed) {
                warn!("{}; trying again", self.failed(&trouble));
            }
            sleep(wait.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    fn answers(&self) {
        if self.troubled.swap(false, Ordering::Relaxed) {
            info!("state store `{}` answers again", self.place());
        }
    }

    /// Works inside one transaction, once.
    pub(super) async fn once<T, W>(&self, work: &(impl Fn(Transaction) -> W + Send + Sync)) -> Result<T, Trouble>
    where
        T: Send,
        W: Future<Output = Result<T, Trouble>> + Send,
    {
        let _place = self.free.acquire().await.expect("the lines are never closed");
        let transaction = Transaction::new(self.line().await?, self.begin.clone());
        let done = async {
            let done = work(transaction.clone()).await?;
            transaction.batch("commit").await.map(|()| done)
        };
        let done = done.await;
        let rolled_back = match &done {
            Ok(_) => Ok(()),
            Err(Trouble::Late) => Err(Trouble::Late),
            Err(_) => transaction.batch("rollback").await,
        };
        let Some(mut line) = transaction.into_line() else { return done };
        if rolled_back.is_ok() && !line.client.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            return done;
        }
        match done {
            // The last words of the server say why the line ended.
            Err(Trouble::Driver(error)) if error.is_closed() => Err(Trouble::Connecting(line.explain(error).await)),
            done => {
                line.cut();
                done
            }
        }
    }

    async fn line(&self) -> Result<Line, Trouble> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(line) if line.client.is_closed() => {}
                Some(line) => return Ok(line),
                None => return self.connect().await,
            }
        }
    }

    async fn connect(&self) -> Result<Line, Trouble> {
        let connecting = async {
            let mut way = Way::of(&self.settings, &self.world).await?;
            way.place().clone_into(&mut self.place.lock().unwrap_or_else(PoisonError::into_inner));
            let config = way.config();
            if config.get_application_name() == Some(APPLICATION) {
                config.application_name(format!("{APPLICATION}/{}", self.host));
            }
            // Of several servers the one that takes writes, before and after a failover.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
            way.connect().await
        };
        let connected = tokio::time::timeout(CONNECTING, connecting).await.map_err(|_| Trouble::Late)?;
        connected.map_err(Trouble::Connecting)
    }

    /// Where the store is, for people; known once it was tried.
    pub(super) fn place(&self) -> String {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn failed(&self, trouble: &Trouble) -> StoreError {
        let (problem, hint) = match trouble {
            Trouble::Connecting(error) => (error.problem.clone(), error.hint.clone()),
            Trouble::Driver(error) => (crate::source::postgres::line::words(error), None),
            Trouble::Late => ("no answer in time".into(), None),
            Trouble::Unreadable(unreadable) => (unreadable.to_string(), None),
            Trouble::Refused(error) => return error.clone(),
            Trouble::Lost(what) => (format!("the claim on {what} was lost: another machine may have it"), None),
        };
        StoreError { place: self.place(), problem, hint }
    }

    /// Says goodbye to the server.
    pub(super) async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for line in idle {
            let _ = tokio::time::timeout(FIRST_WAIT, line.close()).await;
        }
    }
}
