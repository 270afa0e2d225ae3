//! `Engine`: a database that keeps state, as far as the statements of `kept` care.
//!
//! A transaction that somebody else began and ends is behind it. Texts and whole numbers are all that goes in and comes
//! out: what they mean is written once, in `kept`, for every engine.

use std::borrow::Cow;
use std::future::Future;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::shape;
use crate::name::Name;

/// A database inside a transaction.
pub(super) trait Engine: Send {
    /// A row of an answer.
    type Row: Row;
    /// Why a statement failed.
    type Error: From<Unreadable> + Send;

    /// What stands for the value of this number, which begins with 1 and grows by 1, in a statement that grows.
    fn mark(number: usize) -> Cow<'static, str>;

    /// Gives `$1` numbers for new runs.
    const RUN_NUMBERS: &'static str;

    /// The texts of a JSON array, as a list to look into.
    fn items(array: &str) -> String;

    /// A column of JSON, if that is easy without these keys of its object.
    fn without(column: &str, keys: &[&str]) -> String;

    /// Asks for rows.
    fn rows(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
    ) -> impl Future<Output = Result<Vec<Self::Row>, Self::Error>> + Send;

    /// Asks for rows, and leaves those that follow when the texts in them have come to so many bytes.
    fn rows_within(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
        bytes: usize,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Self::Error>> + Send;

    /// Changes rows and says how many.
    fn change(&mut self, sql: &str, cells: &[Cell<'_>]) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}

/// Something kept that this version cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreadable(pub(super) String);

impl Unreadable {
    /// A word that this version does not know.
    pub(super) fn word(word: &str) -> Self {
        Self(format!("the store has the unknown word `{word}`"))
    }
}

/// A value on its way into a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// A text, or NULL.
    Text(Option<Cow<'a, str>>),
    /// A whole number, or NULL.
    Number(Option<i64>),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'a> From<Cow<'a, str>> for Cell<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(Some(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text.map(Cow::from))
    }
}

impl<'a> From<&'a Name> for Cell<'a> {
    fn from(name: &'a Name) -> Self {
        name.as_str().into()
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<u32> for Cell<'_> {
    fn from(number: u32) -> Self {
        i64::from(number).into()
    }
}

impl From<u64> for Cell<'_> {
    fn from(number: u64) -> Self {
        i64::try_from(number).unwrap_or(i64::MAX).into()
    }
}

impl From<Option<u64>> for Cell<'_> {
    fn from(number: Option<u64>) -> Self {
        Self::Number(number.map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

impl From<Timestamp> for Cell<'_> {
    fn from(at: Timestamp) -> Self {
        shape::micros(at).into()
    }
}

impl From<Option<Timestamp>> for Cell<'_> {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Number(at.map(shape::micros))
    }
}

/// A row of an answer: columns by their place.
pub(super) trait Row: Send + Sync {
    /// A text, or NULL.
    fn text(&self, at: usize) -> Result<Option<&str>, Unreadable>;

    /// A whole number, a truth (1 or 0), or NULL.
    fn number(&self, at: usize) -> Result<Option<i64>, Unreadable>;

    /// How many columns there are.
    fn width(&self) -> usize;

    /// How many bytes of text it holds.
    fn weight(&self) -> usize {
        (0..self.width()).filter_map(|at| self.text(at).ok().flatten()).map(str::len).sum()
    }

    /// A text that is never NULL.
    fn word(&self, at: usize) -> Result<&str, Unreadable> {
        self.text(at)?.ok_or_else(|| null(at))
    }

    /// A number that is never NULL.
    fn integer(&self, at: usize) -> Result<i64, Unreadable> {
        self.number(at)?.ok_or_else(|| null(at))
    }

    /// How many.
    fn count(&self, at: usize) -> Result<u64, Unreadable> {
        self.integer(at).map(i64::unsigned_abs)
    }

    /// How many, where nobody counts far.
    fn few(&self, at: usize) -> Result<u32, Unreadable> {
        Ok(u32::try_from(self.count(at)?).unwrap_or(u32::MAX))
    }

    /// Whether.
    fn holds(&self, at: usize) -> Result<bool, Unreadable> {
        Ok(self.integer(at)? != 0)
    }

    /// An instant, or NULL.
    fn maybe_instant(&self, at: usize) -> Result<Option<Timestamp>, Unreadable> {
        self.number(at)?.map(shape::instant).transpose()
    }

    /// An instant.
    fn instant(&self, at: usize) -> Result<Timestamp, Unreadable> {
        shape::instant(self.integer(at)?)
    }

    /// A name of the catalogue.
    fn name(&self, at: usize) -> Result<Name, Unreadable> {
        shape::name(self.word(at)?)
    }

    /// A text or NULL that outlives the row.
    fn owned(&self, at: usize) -> Result<Option<String>, Unreadable> {
        Ok(self.text(at)?.map(str::to_owned))
    }

    /// JSON in a frozen shape.
    fn json<T: DeserializeOwned>(&self, at: usize) -> Result<T, Unreadable> {
        serde_json::from_str(self.word(at)?).map_err(|error| Unreadable(error.to_string()))
    }
}

fn null(at: usize) -> Unreadable {
    Unreadable(format!("the store has no value where there must be one (column {at})"))
}

/// A statement that grows.
pub(super) struct Statement<'a> {
    mark: fn(usize) -> Cow<'static, str>,
    sql: String,
    cells: Vec<Cell<'a>>,
}

impl<'a> Statement<'a> {
    pub(super) fn new<E: Engine>(sql: impl Into<String>) -> Self {
        Self { mark: E::mark, sql: sql.into(), cells: Vec::new() }
    }

    /// Adds words.
    pub(super) fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// Adds a value.
    pub(super) fn bind(&mut self, cell: impl Into<Cell<'a>>) {
        self.cells.push(cell.into());
        self.sql.push_str(&(self.mark)(self.cells.len()));
    }

    /// Adds a row of values in parentheses.
    fn bind_row(&mut self, row: impl IntoIterator<Item = Cell<'a>>) {
        for (index, cell) in row.into_iter().enumerate() {
            self.push(if index == 0 { "(" } else { ", " });
            self.bind(cell);
        }
        self.push(")");
    }

    /// Adds rows of values.
    pub(super) fn bind_rows(&mut self, rows: impl IntoIterator<Item = impl IntoIterator<Item = Cell<'a>>>) {
        for (index, row) in rows.into_iter().enumerate() {
            self.push(if index == 0 { " " } else { ", " });
            self.bind_row(row);
        }
        self.push(" ");
    }

    pub(super) async fn change<E: Engine>(&self, engine: &mut E) -> Result<u64, E::Error> {
        engine.change(&self.sql, &self.cells).await
    }

    pub(super) async fn rows<E: Engine>(&self, engine: &mut E) -> Result<Vec<E::Row>, E::Error> {
        engine.rows(&self.sql, &self.cells).await
    }
}

/// At most this many rows of at most ten values go into one statement: SQLite takes 32,766 values, PostgreSQL 65,535.
pub(super) const MOST_ROWS: usize = 3_000;

/// Runs `head`, a list of rows of values and `tail` by as few statements as there can be; gives how many rows changed.
pub(super) async fn change_each<'a, E: Engine, T, const N: usize>(
    engine: &mut E,
    (head, tail): (&str, &str),
    items: &'a [T],
    row: impl Fn(&'a T) -> [Cell<'a>; N],
) -> Result<u64, E::Error> {
    let mut changed = 0;
    for items in items.chunks(MOST_ROWS) {
        let mut statement = Statement::new::<E>(head);
        statement.bind_rows(items.iter().map(&row));
        statement.push(tail);
        changed += statement.change(engine).await?;
    }
    Ok(changed)
}
