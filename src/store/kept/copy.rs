//! Copying all that one engine keeps into another that keeps nothing, table by table.

use crate::store::engine::{Cell, Engine, Row, Statement};

/// At most so many values go into one statement.
const MOST_VALUES: usize = 30_000;
/// At most so many bytes of text are read at once: some messages carry files.
const MOST_BYTES: usize = 4 << 20;

/// A table as both engines have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Shelf {
    pub(in crate::store) name: String,
    /// Its columns.
    pub(in crate::store) columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Column {
    pub(in crate::store) name: String,
    /// Whether it holds whole numbers rather than texts.
    pub(in crate::store) is_number: bool,
    /// Its place in the primary key, from 1; 0 when it is not part of it.
    pub(in crate::store) key: usize,
}

impl Shelf {
    fn names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The places of the columns of the primary key, in its order.
    fn key(&self) -> Vec<usize> {
        let mut key: Vec<usize> = (0..self.columns.len()).filter(|at| self.columns[*at].key > 0).collect();
        key.sort_by_key(|at| self.columns[*at].key);
        key
    }

    /// Gives how many rows there are.
    pub(in crate::store) async fn count<E: Engine>(&self, engine: &mut E) -> Result<u64, E::Error> {
        let rows = engine.rows(&format!("select count(*) from {}", self.name), &[]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.count(0))?)
    }

    /// The rows that follow `last` in the order of the primary key: some, or none when that was the last one.
    pub(in crate::store) async fn page<E: Engine>(
        &self,
        engine: &mut E,
        last: Option<&[Cell<'static>]>,
    ) -> Result<Vec<Vec<Cell<'static>>>, E::Error> {
        let key = self.key();
        let names = key.iter().map(|at| self.columns[*at].name.as_str()).collect::<Vec<_>>().join(", ");
        let mut sql = format!("select {} from {}", self.names(), self.name);
        let after: Vec<Cell<'_>> = last.iter().flat_map(|last| key.iter().map(|at| last[*at].clone())).collect();
        if !after.is_empty() {
            let marks: Vec<String> = (1..=after.len()).map(|number| format!("${number}")).collect();
            sql.push_str(&format!(" where ({names}) > ({})", marks.join(", ")));
        }
        sql.push_str(&format!(" order by {names} limit {}", MOST_VALUES / self.columns.len().max(1)));
        let rows = engine.rows_within(&sql, &after, MOST_BYTES).await?;
        let cell = |row: &E::Row, at: usize| match self.columns[at].is_number {
            true => Ok(Cell::Number(row.number(at)?)),
            false => Ok(Cell::Text(row.owned(at)?.map(Into::into))),
        };
        let cells = |row: &E::Row| (0..self.columns.len()).map(|at| cell(row, at)).collect::<Result<Vec<_>, _>>();
        Ok(rows.iter().map(cells).collect::<Result<_, crate::store::engine::Unreadable>>()?)
    }

    /// Writes rows; gives how many.
    pub(in crate::store) async fn put<E: Engine>(
        &self,
        engine: &mut E,
        rows: &[Vec<Cell<'static>>],
    ) -> Result<u64, E::Error> {
        let mut statement = Statement::new::<E>(format!("insert into {} ({}) values", self.name, self.names()));
        statement.bind_rows(rows.iter().map(|row| row.iter().cloned()));
        statement.change(engine).await
    }
}
