//! Types that only the server can print: names of tables by their numbers, money, `hstore`, whatever an extension brings.
//!
//! The driver gives nothing but the binary format. So the rows are taken from a portal in small portions, and between two
//! portions the server is asked to print the values of such columns, which go back to it as they came: typed parameters,
//! one array for each column. The statement itself is never changed.

use std::borrow::Cow;
use std::error::Error;
use std::pin::pin;

use bytes::{BufMut, BytesMut};
use futures_util::TryStreamExt;
use tokio_postgres::types::{IsNull, Kind, Oid, ToSql, Type, to_sql_checked};
use tokio_postgres::{Portal, Row, Statement, Transaction};

use super::decode::{Decoder, Raw, Scratch, array, type_name};
use super::parameter::Parameter;
use super::run::Trouble;
use crate::source::binding::Sent;
use crate::source::sink::Sink;
use crate::table::Batch;
use crate::value::Value;

/// How many rows are held at once.
const PORTION: i32 = 200;

/// The type of arrays of a type, and whether its values can go both ways in the binary format.
const TWO_WAYS: &str = "select typarray, typsend <> 0 and typreceive <> 0 from pg_catalog.pg_type where oid = $1";
/// `format` uses the function that prints a type, which a cast to text need not do.
const PRINT: &str = "select pg_catalog.format('%s', ($1)[i]) \
                     from pg_catalog.generate_series(1, pg_catalog.array_length($1, 1)) as i order by i";

/// What the server says to a value that it cannot read: data exceptions, and what is not supported or does not exist.
const REFUSED: [&str; 3] = ["22", "0A", "42"];

/// How the cells of a column are read.
enum Reader {
    Own(Decoder),
    Asked(Printing),
    /// An array whose items the server prints.
    AskedItems(Printing),
}

/// The statement that prints values of a type.
struct Printing {
    statement: Statement,
    item: Oid,
}

/// Runs a prepared statement, some columns of which have no decoder.
pub(super) async fn run(
    transaction: &Transaction<'_>,
    statement: &Statement,
    sent: &Sent<'_>,
    scratch: &mut Scratch<'_>,
    sink: &mut Sink,
) -> Result<(), Trouble> {
    let mut readers = Vec::new();
    for column in statement.columns() {
        readers.push(Reader::of(transaction, column, sent.comment()).await?);
    }
    sink.begin(statement.columns().iter().map(super::run::column).collect());
    let portal = transaction.bind_raw(statement, sent.values.iter().map(|value| Parameter(value))).await?;
    let wanted = sink.discarding();
    while !wanted.is_cancelled() {
        let (rows, done) = portion(transaction, &portal).await?;
        push(transaction, &rows, &readers, scratch, sink.batch()).await?;
        sink.pass().await;
        if done {
            break;
        }
    }
    Ok(())
}

/// The next rows, and whether they were the last.
async fn portion(transaction: &Transaction<'_>, portal: &Portal) -> Result<(Vec<Row>, bool), Trouble> {
    let mut stream = pin!(transaction.query_portal_raw(portal, PORTION).await?);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    Ok((rows, stream.rows_affected().is_some()))
}

async fn push(
    transaction: &Transaction<'_>,
    rows: &[Row],
    readers: &[Reader],
    scratch: &mut Scratch<'_>,
    batch: &mut Batch,
) -> Result<(), Trouble> {
    let mut answers = Vec::new();
    for (index, reader) in readers.iter().enumerate() {
        answers.push(reader.ask(transaction, rows, index).await?.into_iter());
    }
    for row in rows {
        for (index, reader) in readers.iter().enumerate() {
            let Raw(bytes) = row.try_get(index)?;
            let answer = &mut answers[index];
            let mut printed = |_: &[u8]| answer.next().map(|text| Value::Text(text.into()));
            let value = match (reader, bytes) {
                (_, None) => Some(Value::Null),
                (Reader::Own(decoder), Some(bytes)) => decoder.value(bytes, scratch),
                (Reader::Asked(_), Some(bytes)) => printed(bytes),
                (Reader::AskedItems(_), Some(bytes)) => {
                    array(bytes, printed).map(|array| Value::Array(Cow::Owned(array)))
                }
            };
            let broken = || Trouble::Value { column: row.columns()[index].name().to_owned() };
            batch.push(&value.ok_or_else(broken)?);
        }
    }
    Ok(())
}

impl Reader {
    async fn of(
        transaction: &Transaction<'_>,
        column: &tokio_postgres::Column,
        comment: &str,
    ) -> Result<Self, Trouble> {
        let of = column.type_();
        if let Some(decoder) = Decoder::of(of) {
            return Ok(Self::Own(decoder));
        }
        let printing = match of.kind() {
            Kind::Array(item) => Printing::of(transaction, item, comment).await?.map(Self::AskedItems),
            _ => Printing::of(transaction, of, comment).await?.map(Self::Asked),
        };
        printing.ok_or_else(|| Trouble::Type { column: column.name().to_owned(), of: type_name(of) })
    }

    /// The server's words for every value of a column that is not NULL.
    async fn ask(&self, transaction: &Transaction<'_>, rows: &[Row], index: usize) -> Result<Vec<String>, Trouble> {
        let (Self::Asked(printing) | Self::AskedItems(printing)) = self else { return Ok(Vec::new()) };
        let broken = || Trouble::Value { column: rows[0].columns()[index].name().to_owned() };
        let mut cells: Vec<Vec<u8>> = Vec::new();
        for row in rows {
            let Raw(bytes) = row.try_get(index)?;
            match (self, bytes) {
                (_, None) => {}
                (Self::AskedItems(_), Some(bytes)) => {
                    let keep = |item: &[u8]| {
                        cells.push(item.to_vec());
                        Some(Value::Null)
                    };
                    array(bytes, keep).ok_or_else(broken)?;
                }
                (_, Some(bytes)) => cells.push(bytes.to_vec()),
            }
        }
        // Some types do not take back what they gave.
        let refused =
            |error: &tokio_postgres::Error| error.code().is_some_and(|code| REFUSED.contains(&&code.code()[..2]));
        printing.print(transaction, cells).await.map_err(|error| if refused(&error) { broken() } else { error.into() })
    }
}

impl Printing {
    /// None for a type whose values the server does not give or take.
    async fn of(transaction: &Transaction<'_>, of: &Type, comment: &str) -> Result<Option<Self>, Trouble> {
        let known = transaction.query_typed(&format!("{comment}{TWO_WAYS}"), &[(&of.oid(), Type::OID)]).await?;
        let Some(known) = known.first() else { return Ok(None) };
        let (array, two_ways): (Oid, bool) = (known.try_get(0)?, known.try_get(1)?);
        if array == 0 || !two_ways {
            return Ok(None);
        }
        let array = Type::new(format!("{}[]", of.name()), array, Kind::Array(of.clone()), of.schema().to_owned());
        let statement = transaction.prepare_typed(&format!("{comment}{PRINT}"), &[array]).await?;
        Ok(Some(Self { statement, item: of.oid() }))
    }

    async fn print(
        &self,
        transaction: &Transaction<'_>,
        cells: Vec<Vec<u8>>,
    ) -> Result<Vec<String>, tokio_postgres::Error> {
        if cells.is_empty() {
            return Ok(Vec::new());
        }
        let items = Items { of: self.item, cells };
        let rows = transaction.query_raw(&self.statement, [&items]).await?;
        let texts = rows.and_then(async |row| row.try_get::<_, String>(0));
        texts.try_collect().await
    }
}

/// Values on their way back, as an array of one dimension.
#[derive(Debug)]
struct Items {
    of: Oid,
    cells: Vec<Vec<u8>>,
}

impl ToSql for Items {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        // One dimension, no NULL; then its length and its lower bound.
        out.put_i32(1);
        out.put_i32(0);
        out.put_u32(self.of);
        out.put_i32(i32::try_from(self.cells.len())?);
        out.put_i32(1);
        for cell in &self.cells {
            out.put_i32(i32::try_from(cell.len())?);
            out.put_slice(cell);
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
