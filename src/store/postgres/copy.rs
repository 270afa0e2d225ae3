//! Moving in from a SQLite file: everything it has, in one transaction.

use tokio::sync::Mutex;

use super::Postgres;
use super::engine::{Transaction, Trouble};
use crate::store::engine::{Engine, Row, Unreadable};
use crate::store::kept::copy::Shelf;
use crate::store::sqlite::Snapshot;
use crate::store::{Copied, StoreError};

/// What counts upwards goes on after what was copied.
const NUMBERS: [&str; 3] = [
    "select setval('run_numbers', max(id)) from runs having count(*) > 0",
    "select setval(pg_get_serial_sequence('outbox', 'seq'), max(seq)) from outbox having count(*) > 0",
    "select setval(pg_get_serial_sequence('silences', 'id'), max(id)) from silences having count(*) > 0",
];

impl Postgres {
    /// Copies all tables of a file. What is here must be empty, and nobody writes to it meanwhile.
    pub(in crate::store) async fn move_in(&self, snapshot: Snapshot) -> Result<Vec<Copied>, StoreError> {
        let snapshot = Mutex::new(snapshot);
        let snapshot = &snapshot;
        let work = |mut one: Transaction| async move {
            let mut snapshot = snapshot.lock().await;
            let shelves = snapshot.shelves().await.map_err(Trouble::Refused)?;
            let names = names(&shelves).join(", ");
            one.batch(&format!("lock table {names} in share row exclusive mode")).await?;
            self.must_be_empty(&mut one, &shelves).await?;
            let mut copied = Vec::with_capacity(shelves.len());
            for shelf in &shelves {
                let rows = self.shelve(&mut one, &mut snapshot, shelf).await?;
                copied.push(Copied { table: shelf.name.clone(), rows });
            }
            for number in NUMBERS {
                one.rows(number, &[]).await?;
            }
            Ok(copied)
        };
        // Not again and again: a second time would find what the first has left.
        self.links.once(&work).await.map_err(|trouble| self.links.failed(&trouble))
    }

    /// Refuses a store that somebody has used.
    pub(in crate::store) async fn has_room(&self, shelves: &[Shelf]) -> Result<(), StoreError> {
        self.links.work(|mut one| async move { self.must_be_empty(&mut one, shelves).await }).await
    }

    async fn must_be_empty(&self, one: &mut Transaction, shelves: &[Shelf]) -> Result<(), Trouble> {
        let question = |name: &str| format!("select '{name}' where exists (select 1 from {name})");
        let sql = names(shelves).into_iter().map(question).collect::<Vec<_>>().join(" union all ");
        let rows = one.rows(&sql, &[]).await?;
        let full = rows.iter().map(|row| Ok(format!("`{}`", row.word(0)?))).collect::<Result<Vec<_>, Unreadable>>()?;
        match full.is_empty() {
            true => Ok(()),
            false => Err(self.refused(
                format!("there are rows already in {}", full.join(", ")),
                "copy into a store that nobody has used: name another `schema` in [state]",
            )),
        }
    }

    /// Copies one table, page by page; gives how many rows it has.
    async fn shelve(&self, one: &mut Transaction, snapshot: &mut Snapshot, shelf: &Shelf) -> Result<u64, Trouble> {
        let mut put = 0;
        let mut last: Option<Vec<_>> = None;
        loop {
            let rows = snapshot.page(shelf, last.as_deref()).await.map_err(Trouble::Refused)?;
            let Some(end) = rows.last() else { break };
            put += shelf.put(one, &rows).await?;
            last = Some(end.clone());
        }
        let known = snapshot.count(shelf).await.map_err(Trouble::Refused)?;
        match put == known {
            true => Ok(put),
            false => Err(self.refused(
                format!("of {known} rows of `{}` {put} arrived: nothing was copied", shelf.name),
                "look for triggers and rules on the server",
            )),
        }
    }

    fn refused(&self, problem: String, hint: &str) -> Trouble {
        Trouble::Refused(StoreError { place: self.links.place(), problem, hint: Some(hint.to_owned()) })
    }
}

/// The tables that are copied, and the one that a file does not have.
fn names(shelves: &[Shelf]) -> Vec<&str> {
    shelves.iter().map(|shelf| shelf.name.as_str()).chain(["leases"]).collect()
}
