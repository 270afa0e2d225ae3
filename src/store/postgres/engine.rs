//! PostgreSQL as an engine of the statements that all share, and what can go wrong with one.

use std::borrow::Cow;
use std::error::Error as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::TryStreamExt;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Error, Row as Answer};

use crate::source::postgres::line::Line;
use crate::source::{Cause, SourceError};
use crate::store::StoreError;
use crate::store::engine::{Cell, Engine, Row, Unreadable};

/// How long an answer may take: longer than the server lets a statement run, so that a line which is still acknowledged
/// but brings nothing is given up.
const DEADLINE: Duration = Duration::from_secs(15);

/// What passes: a failed serialization, a deadlock, a server that stops, starts or fails over, too many connections.
const PASSING: [&str; 9] = ["40001", "40P01", "55P03", "57P01", "57P02", "57P03", "57P05", "25006", "53300"];

/// Why work on the store failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The driver or the server.
    Driver(Error),
    /// No connection.
    Connecting(SourceError),
    /// No answer in time.
    Late,
    /// Something kept cannot be read.
    Unreadable(Unreadable),
    /// A lease is no longer ours.
    Lost(String),
    /// What was asked for is not to be done here.
    Refused(StoreError),
}

impl Trouble {
    /// Whether the same work may well succeed a little later.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Driver(error) => match error.code() {
                Some(code) => PASSING.contains(&code.code()) || code.code().starts_with("08"),
                // What the server did not say, the line did.
                None => error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>()),
            },
            Self::Connecting(error) => error.cause == Cause::Unreachable,
            Self::Late => true,
            Self::Unreadable(_) | Self::Lost(_) | Self::Refused(_) => false,
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<Unreadable> for Trouble {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(error)
    }
}

/// A transaction: what it begins with travels with its first statement.
#[derive(Clone)]
pub(super) struct Transaction {
    line: Arc<Line>,
    begin: Arc<Mutex<Option<String>>>,
}

impl Transaction {
    pub(super) fn new(line: Line, begin: String) -> Self {
        Self { line: Arc::new(line), begin: Arc::new(Mutex::new(Some(begin))) }
    }

    /// Runs a statement whose values have types of PostgreSQL.
    pub(super) async fn ask(&self, sql: &str, values: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Answer>, Trouble> {
        self.first(self.line.client.query_typed(sql, values)).await
    }

    /// Runs several statements that take no values.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Trouble> {
        self.first(self.line.client.batch_execute(sql)).await
    }

    async fn first<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Trouble> {
        let begin = self.begin.lock().unwrap_or_else(PoisonError::into_inner).take();
        let answer = async {
            let Some(begin) = begin else { return asked.await };
            // Polled in this order, the two go out together; the server answers them one after the other.
            let (begun, answer) = tokio::join!(biased; self.line.client.batch_execute(&begin), asked);
            begun.and(answer)
        };
        Ok(tokio::time::timeout(DEADLINE, answer).await.map_err(|_| Trouble::Late)??)
    }

    /// The line, when the work is over; none while somebody holds on to it.
    pub(super) fn into_line(self) -> Option<Line> {
        Arc::into_inner(self.line)
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Text(None) | Self::Number(None) => Ok(IsNull::Yes),
            Self::Number(Some(number)) => number.to_sql(kind, out),
            // No text of PostgreSQL holds the character zero.
            Self::Text(Some(text)) if text.contains('\0') => text.replace('\0', "\u{fffd}").to_sql(kind, out),
            Self::Text(Some(text)) => text.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TEXT || *kind == Type::INT8
    }

    to_sql_checked!();
}

fn typed<'a>(cells: &'a [Cell<'_>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    let kind = |cell: &Cell<'_>| match cell {
        Cell::Text(_) => Type::TEXT,
        Cell::Number(_) => Type::INT8,
    };
    cells.iter().map(|cell| (cell as &(dyn ToSql + Sync), kind(cell))).collect()
}

impl Engine for Transaction {
    type Row = Answer;
    type Error = Trouble;

    const RUN_NUMBERS: &'static str = "select nextval('run_numbers') from generate_series(1, $1)";

    fn mark(number: usize) -> Cow<'static, str> {
        format!("${number}").into()
    }

    fn items(array: &str) -> String {
        format!("(select json_array_elements_text(cast({array} as json)))")
    }

    /// It would have to become `jsonb`, which cannot hold every text.
    fn without(column: &str, _: &[&str]) -> String {
        column.to_owned()
    }

    async fn rows(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<Vec<Answer>, Trouble> {
        self.ask(sql, &typed(cells)).await
    }

    async fn rows_within(&mut self, sql: &str, cells: &[Cell<'_>], mut bytes: usize) -> Result<Vec<Answer>, Trouble> {
        let typed = typed(cells);
        let answer = async {
            let mut answer = pin!(self.line.client.query_typed_raw(sql, typed).await?);
            let mut rows = Vec::new();
            while bytes > 0
                && let Some(row) = answer.try_next().await?
            {
                bytes = bytes.saturating_sub(row.weight());
                rows.push(row);
            }
            Ok(rows)
        };
        self.first(answer).await
    }

    async fn change(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Trouble> {
        self.first(self.line.client.execute_typed(sql, &typed(cells))).await
    }
}

impl Row for Answer {
    fn width(&self) -> usize {
        self.len()
    }

    fn text(&self, at: usize) -> Result<Option<&str>, Unreadable> {
        self.try_get(at).map_err(|error| unreadable(&error))
    }

    fn number(&self, at: usize) -> Result<Option<i64>, Unreadable> {
        let number = match self.columns().get(at).map(|column| column.type_()) {
            Some(&Type::BOOL) => self.try_get::<_, Option<bool>>(at).map(|truth| truth.map(i64::from)),
            Some(&Type::INT4) => self.try_get::<_, Option<i32>>(at).map(|number| number.map(i64::from)),
            _ => self.try_get(at),
        };
        number.map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &Error) -> Unreadable {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    Unreadable(format!("{error}{cause}"))
}
