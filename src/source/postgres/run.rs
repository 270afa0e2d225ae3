//! One statement of PostgreSQL, from its preparation to its last row.

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::{RowStream, Statement};

use super::Session;
use super::asked;
use super::decode::{Decoder, Raw, Scratch, type_name};
use super::parameter::Parameter;
use crate::source::binding::Sent;
use crate::source::sink::Sink;
use crate::table::Column;

/// Why a statement gave no rows, before it is put into words.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The driver or the database.
    Driver(tokio_postgres::Error),
    /// A column of a type that cannot be shown.
    Type {
        /// The column.
        column: String,
        /// Its type.
        of: String,
    },
    /// A column that holds a value which cannot be shown.
    Value {
        /// The column.
        column: String,
    },
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

/// Runs a statement in a read-only transaction that is rolled back.
pub(super) async fn run(
    session: &mut Session,
    sent: &Sent<'_>,
    timeout: Duration,
    sink: &mut Sink,
) -> Result<(), Trouble> {
    drop(session.spent.take());
    let client = &session.line.client;
    let limit = format!("set local statement_timeout = {}{}", milliseconds(timeout), session.styles.local());
    let begin = format!("begin read only; {limit}");
    // Polled in this order, they go out together; the server answers them one after the other.
    let (known, begun, prepared) =
        tokio::join!(biased; session.get_to_know(), client.batch_execute(&begin), client.prepare(&sent.text));
    if let Some(answer) = known {
        session.styles.learn(&answer);
    }
    let statement = match begun.and(prepared) {
        Ok(statement) => statement,
        Err(error) => {
            // The first trouble is the one to tell; a connection that cannot roll back is seen to be closed.
            let _ = client.batch_execute("rollback").await;
            return Err(error.into());
        }
    };
    let mut scratch = Scratch::new(&session.line.zone);
    let Some(decoders) = decoders(&statement) else {
        client.batch_execute("rollback").await?;
        let transaction = session.line.client.build_transaction().read_only(true).start().await?;
        transaction.batch_execute(&limit).await?;
        asked::run(&transaction, &statement, sent, &mut scratch, sink).await?;
        return Ok(transaction.rollback().await?);
    };
    sink.begin(statement.columns().iter().map(column).collect());
    let parameters = sent.values.iter().map(|value| Parameter(value));
    let reading = async {
        let rows = client.query_raw(&statement, parameters).await?;
        read(rows, &decoders, &mut scratch, sink).await
    };
    let rolling_back = async { client.batch_execute("rollback").await.map_err(Trouble::from) };
    // The rollback is on its way when the first row comes; it waits in the server until the last row is out, and takes
    // effect also when its answer is no longer awaited.
    tokio::try_join!(biased; reading, rolling_back)?;
    session.spent = Some(statement);
    Ok(())
}

/// Zero would mean no limit.
fn milliseconds(timeout: Duration) -> i32 {
    i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX).max(1)
}

/// The column by the server's names.
pub(super) fn column(column: &tokio_postgres::Column) -> Column {
    Column { name: column.name().to_owned(), type_name: type_name(column.type_()) }
}

/// None when the server must print some column.
fn decoders(statement: &Statement) -> Option<Vec<Decoder>> {
    statement.columns().iter().map(|column| Decoder::of(column.type_())).collect()
}

async fn read(
    rows: RowStream,
    decoders: &[Decoder],
    scratch: &mut Scratch<'_>,
    sink: &mut Sink,
) -> Result<(), Trouble> {
    let mut rows = pin!(rows);
    while let Some(row) = rows.try_next().await? {
        for (index, decoder) in decoders.iter().enumerate() {
            let Raw(bytes) = row.try_get(index)?;
            let broken = || Trouble::Value { column: row.columns()[index].name().to_owned() };
            decoder.push(bytes, scratch, sink.batch()).ok_or_else(broken)?;
        }
        if sink.is_full() {
            sink.pass().await;
        }
    }
    sink.pass().await;
    Ok(())
}
