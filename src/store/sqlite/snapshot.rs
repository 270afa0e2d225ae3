//! Everything a file holds, as it was at one moment, for somebody who copies it.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Row as _, SqliteConnection};

use super::{connect, migrate};
use crate::store::StoreError;
use crate::store::engine::Cell;
use crate::store::kept::copy::{Column, Shelf};
use crate::store::kept::timetable;

/// A loop that gave a sign of life within this may be at work.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// The tables and their columns: none of SQLite's own.
const SHELVES: &str = "select m.name, c.name, c.type, c.pk from sqlite_schema m, pragma_table_info(m.name) c
     where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\' order by m.name, c.cid";

/// A file that is read within one transaction.
pub(in crate::store) struct Snapshot {
    connection: SqliteConnection,
    place: String,
}

impl Snapshot {
    /// Opens a file for reading alone. Refuses one that a loop is at work on at `now`.
    pub(in crate::store) async fn open(file: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let place = file.display().to_string();
        let broken =
            |problem: String, hint: &str| StoreError { place: place.clone(), problem, hint: Some(hint.to_owned()) };
        if !file.exists() {
            return Err(broken("there is no such file".into(), "name the file with `--from`"));
        }
        let mut connection = connect(SqliteConnectOptions::new().filename(file).read_only(true), &place).await?;
        migrate::check(&mut connection, &place).await?;
        let failed = |error: sqlx::Error| StoreError { place: place.clone(), problem: error.to_string(), hint: None };
        sqlx::query("begin").execute(&mut connection).await.map_err(failed)?;
        let beats = timetable::beats(&mut connection).await.map_err(failed)?;
        if let Some(beat) = beats.iter().find(|beat| !beat.stopped && now.duration_since(beat.at) < FRESH) {
            let (node, pid, age) = (&beat.node, beat.pid, now.duration_since(beat.at).as_secs());
            return Err(broken(
                format!("a loop is at work on it: {node} ({pid}) gave a sign of life {age} s ago"),
                "stop `rowcall schedule` first; after one that was killed, wait for a minute",
            ));
        }
        Ok(Self { connection, place })
    }

    fn failed(&self, error: &sqlx::Error) -> StoreError {
        StoreError { place: self.place.clone(), problem: error.to_string(), hint: None }
    }

    /// Its tables.
    pub(in crate::store) async fn shelves(&mut self) -> Result<Vec<Shelf>, StoreError> {
        let rows = sqlx::query(SHELVES).fetch_all(&mut self.connection).await;
        let read = || {
            let mut shelves: Vec<Shelf> = Vec::new();
            for row in rows? {
                let (table, name, kind): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                let key = usize::try_from(row.try_get::<i64, _>(3)?).unwrap_or_default();
                let column = Column { name, is_number: kind.eq_ignore_ascii_case("integer"), key };
                match shelves.last_mut().filter(|shelf| shelf.name == table) {
                    Some(shelf) => shelf.columns.push(column),
                    None => shelves.push(Shelf { name: table, columns: vec![column] }),
                }
            }
            Ok(shelves)
        };
        read().map_err(|error: sqlx::Error| self.failed(&error))
    }

    /// What [`Shelf::page`] gives.
    pub(in crate::store) async fn page(
        &mut self,
        shelf: &Shelf,
        last: Option<&[Cell<'static>]>,
    ) -> Result<Vec<Vec<Cell<'static>>>, StoreError> {
        shelf.page(&mut self.connection, last).await.map_err(|error| self.failed(&error))
    }

    /// What [`Shelf::count`] gives.
    pub(in crate::store) async fn count(&mut self, shelf: &Shelf) -> Result<u64, StoreError> {
        shelf.count(&mut self.connection).await.map_err(|error| self.failed(&error))
    }
}
