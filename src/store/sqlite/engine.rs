//! SQLite as an engine of the statements that all share.

use std::borrow::Cow;

use futures_util::TryStreamExt;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Error, Sqlite, SqliteConnection};

use crate::store::engine::{Cell, Engine, Row, Unreadable};

/// A statement with more values than this is hardly ever the same twice: it is not kept prepared.
const MOST_KEPT: usize = 16;

impl From<Unreadable> for Error {
    fn from(error: Unreadable) -> Self {
        Self::Decode(error.into())
    }
}

fn statement<'a>(sql: &str, cells: &'a [Cell<'_>]) -> Query<'a, Sqlite, SqliteArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(cells.len() <= MOST_KEPT);
    cells.iter().fold(query, |query, cell| match cell {
        Cell::Text(text) => query.bind(text.as_deref()),
        Cell::Number(number) => query.bind(*number),
    })
}

impl Engine for SqliteConnection {
    type Row = SqliteRow;
    type Error = Error;

    /// Nobody else writes in the same transaction.
    const RUN_NUMBERS: &'static str =
        "with recursive more(n) as (select 1 union all select n + 1 from more where n < $1)
         select (select coalesce(max(id), 0) from runs) + n from more";

    /// Without a number: SQLite looks for each that has one among all of them.
    fn mark(_: usize) -> Cow<'static, str> {
        "?".into()
    }

    fn items(array: &str) -> String {
        format!("(select value from json_each({array}))")
    }

    fn without(column: &str, keys: &[&str]) -> String {
        let paths: String = keys.iter().map(|key| format!(", '$.{key}'")).collect();
        format!("json_remove({column}{paths})")
    }

    async fn rows(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<Vec<SqliteRow>, Error> {
        statement(sql, cells).fetch_all(self).await
    }

    async fn rows_within(&mut self, sql: &str, cells: &[Cell<'_>], mut bytes: usize) -> Result<Vec<SqliteRow>, Error> {
        let query = statement(sql, cells);
        let (mut answer, mut rows) = (query.fetch(self), Vec::new());
        while bytes > 0
            && let Some(row) = answer.try_next().await?
        {
            bytes = bytes.saturating_sub(row.weight());
            rows.push(row);
        }
        Ok(rows)
    }

    async fn change(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Error> {
        Ok(statement(sql, cells).execute(self).await?.rows_affected())
    }
}

impl Row for SqliteRow {
    fn width(&self) -> usize {
        sqlx::Row::len(self)
    }

    fn text(&self, at: usize) -> Result<Option<&str>, Unreadable> {
        sqlx::Row::try_get(self, at).map_err(|error| Unreadable(error.to_string()))
    }

    fn number(&self, at: usize) -> Result<Option<i64>, Unreadable> {
        sqlx::Row::try_get(self, at).map_err(|error| Unreadable(error.to_string()))
    }
}
