//! What can be learned of a source from inside: for `doctor`, not for work.
//!
//! Everything is asked by ordinary read-only statements, through the door that work goes through.

use std::time::{Duration, Instant};

use super::{Bound, Cause, Engine, Request, Settings, Source, SourceError, World};
use crate::sql::Statement;
use crate::table::Table;

/// How a source is.
#[derive(Clone, Debug, Default)]
pub struct Vitals {
    /// The server and its version: `PostgreSQL 15.20`.
    pub server: String,
    /// Who we are there, where there are users.
    pub user: Option<String>,
    /// The version of TLS of our connection, when the server says that there is any.
    pub tls: Option<String>,
    /// Whether the session itself says that it writes nothing; none when it cannot be asked.
    pub read_only: Option<bool>,
    /// Whether the user may do anything.
    pub powerful: bool,
    /// The zone of the session.
    pub zone: Option<String>,
    /// Its clock, in milliseconds since 1970, and when that was, seen from the first question on.
    pub clock: Option<(i64, Duration)>,
    /// How long connecting took together with a first answer.
    pub connecting: Duration,
    /// How long one more question took.
    pub answering: Duration,
}

/// How the line to a source is guarded, as its settings want it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It does not leave this machine.
    Near,
    /// The server must show a certificate for its name.
    Name,
    /// It must show a certificate that a trusted authority signed, for whatever name.
    Authority,
    /// It is encrypted, whoever is at its other end.
    Encrypted,
    /// It is in plain text.
    Plain,
}

/// How the line is to be guarded; resolves the secrets of the source and connects to nothing.
///
/// # Errors
/// A secret cannot be resolved, or the URL cannot be read.
pub async fn guard(settings: &Settings, world: &World) -> Result<Guard, SourceError> {
    #[cfg(not(any(feature = "postgres", feature = "mysql")))]
    let _ = world;
    match settings.engine {
        #[cfg(feature = "postgres")]
        Engine::Postgres => super::postgres::guard(settings, world).await,
        #[cfg(feature = "mysql")]
        Engine::Mysql => super::mysql::guard(settings, world).await,
        #[cfg(not(feature = "postgres"))]
        Engine::Postgres => Ok(Guard::Near),
        #[cfg(not(feature = "mysql"))]
        Engine::Mysql => Ok(Guard::Near),
        Engine::Sqlite => Ok(Guard::Near),
    }
}

/// Asks a source how it is, each question within `patience`.
///
/// # Errors
/// It does not answer, or does not know what it is asked.
pub async fn examine(settings: &Settings, source: &dyn Source, patience: Duration) -> Result<Vitals, SourceError> {
    let begun = Instant::now();
    source.ping(patience).await?;
    let connecting = begun.elapsed();
    let asked = Instant::now();
    source.ping(patience).await?;
    let answering = asked.elapsed();
    let patient = Asker { settings, source, patience };
    let vitals = match settings.engine {
        Engine::Postgres => patient.postgres().await?,
        Engine::Mysql => patient.mysql().await?,
        Engine::Sqlite => {
            let version = patient.ask("select sqlite_version()").await?;
            Vitals { server: format!("SQLite {}", text(&version, 0, 0).unwrap_or_default()), ..Vitals::default() }
        }
    };
    let clock = vitals.clock.map(|(clock, _)| (clock, begun.elapsed()));
    Ok(Vitals { connecting, answering, clock, ..vitals })
}

struct Asker<'a> {
    settings: &'a Settings,
    source: &'a dyn Source,
    patience: Duration,
}

impl Asker<'_> {
    async fn ask(&self, sql: &str) -> Result<Table, SourceError> {
        let ours = |problem: String| SourceError::new(&self.settings.name, Cause::Settings, problem);
        let statement =
            Statement::parse(sql, self.settings.engine.dialect()).map_err(|error| ours(error.to_string()))?;
        let bound = Bound::new(statement, Vec::<(crate::name::Name, super::Argument)>::new())
            .map_err(|error| ours(error.to_string()))?;
        let request = Request { bound, timeout: self.patience, label: "doctor".into() };
        self.source.fetch(request).await?.collect(100).await
    }

    async fn postgres(&self) -> Result<Vitals, SourceError> {
        let asked = self
            .ask(
                "select current_setting('server_version'), current_user::text, \
                 current_setting('transaction_read_only'), current_setting('is_superuser'), \
                 current_setting('TimeZone'), \
                 (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl), \
                 floor(extract(epoch from clock_timestamp()) * 1000)::bigint::text",
            )
            .await?;
        let text = |column| text(&asked, 0, column);
        Ok(Vitals {
            server: format!("PostgreSQL {}", text(0).unwrap_or_default()),
            user: text(1),
            read_only: text(2).map(|on| on == "on"),
            powerful: text(3).is_some_and(|on| on == "on"),
            zone: text(4),
            tls: text(5),
            clock: clock(text(6)),
            ..Vitals::default()
        })
    }

    async fn mysql(&self) -> Result<Vitals, SourceError> {
        let asked = self
            .ask(
                "select version(), current_user(), @@session.time_zone, @@global.system_time_zone, \
                 cast(floor(unix_timestamp(now(3)) * 1000) as char)",
            )
            .await?;
        let text_of = |column| text(&asked, 0, column);
        let version = text_of(0).unwrap_or_default();
        let server = match version.split_once("-MariaDB") {
            Some((version, _)) => format!("MariaDB {version}"),
            None => format!("MySQL {version}"),
        };
        let read_only =
            self.ask("show session variables where variable_name in ('transaction_read_only', 'tx_read_only')");
        let read_only = text(&read_only.await?, 0, 1).map(|on| on == "ON" || on == "1");
        let tls = text(&self.ask("show session status like 'Ssl_version'").await?, 0, 1);
        Ok(Vitals {
            server,
            user: text_of(1),
            read_only,
            tls: tls.filter(|tls| !tls.is_empty()),
            zone: match text_of(2) {
                Some(zone) if zone == "SYSTEM" => text_of(3),
                zone => zone,
            },
            clock: clock(text_of(4)),
            ..Vitals::default()
        })
    }
}

fn text(table: &Table, row: usize, column: usize) -> Option<String> {
    let row = table.rows().nth(row)?;
    let value = row.values().nth(column)?;
    (!value.is_null()).then(|| value.to_string())
}

fn clock(text: Option<String>) -> Option<(i64, Duration)> {
    Some((text?.parse().ok()?, Duration::ZERO))
}
