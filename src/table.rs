//! `Column`, `Batch` and `Table`: the rows of a result.
//!
//! A door pushes values into a [`Batch`], which keeps all text of its rows in one buffer, so that a row costs no
//! allocation of its own. Presentation reads batches as they pass; judgement collects them into a [`Table`], which is
//! bounded and says when it was cut. Knows `value`.

use std::ops::Range;
use std::sync::Arc;

use crate::value::{Array, Date, Interval, Time, Timestamp, Value};

/// A column of a result: its name as the database gave it and the database's own word for its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name; may be empty, may occur twice.
    pub name: String,
    /// The type, such as `int8` or `varchar`; may be empty where the engine has none.
    pub type_name: String,
}

/// A run of rows, all of the same width.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    width: usize,
    cells: Vec<Cell>,
    text: String,
    bytes: Vec<u8>,
    arrays: Vec<Array>,
}

/// A cell without its text, which lies in the buffers of the batch.
#[derive(Clone, Debug)]
enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Decimal(Range<u32>),
    Float(f64),
    Real(f32),
    Text(Range<u32>),
    Bytes(Range<u32>),
    Date(Date),
    Time(Time),
    Timestamp(Timestamp),
    Interval(Interval),
    Json(Range<u32>),
    Array(u32),
}

impl Batch {
    /// An empty batch for rows of `width` cells.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Appends the next cell, in row-major order. A door pushes whole rows only.
    pub fn push(&mut self, value: &Value<'_>) {
        let cell = match value {
            Value::Null => Cell::Null,
            Value::Bool(b) => Cell::Bool(*b),
            Value::Int(i) => Cell::Int(*i),
            Value::UInt(u) => Cell::UInt(*u),
            Value::Decimal(text) => Cell::Decimal(self.keep(text)),
            Value::Float(number) => Cell::Float(*number),
            Value::Real(number) => Cell::Real(*number),
            Value::Text(text) => Cell::Text(self.keep(text)),
            Value::Bytes(bytes) => Cell::Bytes(keep_bytes(&mut self.bytes, bytes)),
            Value::Date(date) => Cell::Date(*date),
            Value::Time(time) => Cell::Time(*time),
            Value::Timestamp(timestamp) => Cell::Timestamp(*timestamp),
            Value::Interval(interval) => Cell::Interval(*interval),
            Value::Json(text) => Cell::Json(self.keep(text)),
            Value::Array(array) => {
                self.arrays.push(array.clone().into_owned());
                Cell::Array(index(self.arrays.len() - 1))
            }
        };
        self.cells.push(cell);
    }

    /// Appends [`Value::Int`], not made into a value first. So do the others: they are for doors with many cells.
    pub fn push_int(&mut self, number: i64) {
        self.cells.push(Cell::Int(number));
    }

    /// Appends [`Value::Float`].
    pub fn push_float(&mut self, number: f64) {
        self.cells.push(Cell::Float(number));
    }

    /// Appends [`Value::Decimal`].
    pub fn push_decimal(&mut self, text: &str) {
        let text = self.keep(text);
        self.cells.push(Cell::Decimal(text));
    }

    /// Appends [`Value::Text`].
    pub fn push_text(&mut self, text: &str) {
        let text = self.keep(text);
        self.cells.push(Cell::Text(text));
    }

    /// Appends [`Value::Timestamp`].
    pub fn push_timestamp(&mut self, timestamp: Timestamp) {
        self.cells.push(Cell::Timestamp(timestamp));
    }

    fn keep(&mut self, text: &str) -> Range<u32> {
        let start = index(self.text.len());
        self.text.push_str(text);
        start..index(self.text.len())
    }

    /// How many whole rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Roughly the memory held, in bytes: what a door watches to send a batch on.
    #[must_use]
    pub fn size(&self) -> usize {
        self.cells.len() * size_of::<Cell>()
            + self.text.len()
            + self.bytes.len()
            + self.arrays.len() * size_of::<Array>()
    }

    /// The row at `index`, counted from 0.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn row(&self, index: usize) -> Row<'_> {
        Row { batch: self, cells: &self.cells[index * self.width..(index + 1) * self.width] }
    }

    /// All rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|index| self.row(index))
    }

    /// Every timestamp, those in arrays too: presentation may choose the offset that it is printed at.
    pub fn timestamps_mut(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        let cells = self.cells.iter_mut().filter_map(|cell| match cell {
            Cell::Timestamp(timestamp) => Some(timestamp),
            _ => None,
        });
        let items = self.arrays.iter_mut().flat_map(|array| &mut array.items).filter_map(|item| match item {
            Value::Timestamp(timestamp) => Some(timestamp),
            _ => None,
        });
        cells.chain(items)
    }

    /// Keeps the first `rows` rows.
    pub fn truncate(&mut self, rows: usize) {
        self.cells.truncate(rows * self.width);
    }
}

fn keep_bytes(buffer: &mut Vec<u8>, bytes: &[u8]) -> Range<u32> {
    let start = index(buffer.len());
    buffer.extend_from_slice(bytes);
    start..index(buffer.len())
}

/// An offset into a buffer of a batch. Doors send a batch on long before four gigabytes.
fn index(offset: usize) -> u32 {
    u32::try_from(offset).expect("a batch stays below four gigabytes")
}

fn slice(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// One row of a [`Batch`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    batch: &'a Batch,
    cells: &'a [Cell],
}

impl<'a> Row<'a> {
    /// The value in the column at `index`.
    ///
    /// # Panics
    /// When there is no such column.
    #[must_use]
    pub fn get(&self, index: usize) -> Value<'a> {
        let text = |range| &self.batch.text[slice(range)];
        match &self.cells[index] {
            Cell::Null => Value::Null,
            Cell::Bool(b) => Value::Bool(*b),
            Cell::Int(i) => Value::Int(*i),
            Cell::UInt(u) => Value::UInt(*u),
            Cell::Decimal(range) => Value::Decimal(text(range).into()),
            Cell::Float(number) => Value::Float(*number),
            Cell::Real(number) => Value::Real(*number),
            Cell::Text(range) => Value::Text(text(range).into()),
            Cell::Bytes(range) => Value::Bytes((&self.batch.bytes[slice(range)]).into()),
            Cell::Date(date) => Value::Date(*date),
            Cell::Time(time) => Value::Time(*time),
            Cell::Timestamp(timestamp) => Value::Timestamp(*timestamp),
            Cell::Interval(interval) => Value::Interval(*interval),
            Cell::Json(range) => Value::Json(text(range).into()),
            Cell::Array(index) => Value::Array(std::borrow::Cow::Borrowed(&self.batch.arrays[*index as usize])),
        }
    }

    /// The values from left to right.
    pub fn values(&self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'a> {
        let row = *self;
        (0..row.cells.len()).map(move |index| row.get(index))
    }
}

/// A result collected under a bound.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Arc<[Column]>,
    batches: Vec<Batch>,
    cut: bool,
}

impl Table {
    /// A table of `batches`; `cut` says that the database had more rows than were taken.
    #[must_use]
    pub fn new(columns: Arc<[Column]>, batches: Vec<Batch>, cut: bool) -> Self {
        Self { columns, batches, cut }
    }

    /// A table of rows given one by one: for tests and for fixtures.
    #[must_use]
    pub fn of(names: &[&str], rows: &[Vec<Value<'_>>]) -> Self {
        let column = |name: &&str| Column { name: (*name).to_owned(), type_name: String::new() };
        let mut batch = Batch::new(names.len());
        rows.iter().flatten().for_each(|value| batch.push(value));
        Self::new(names.iter().map(column).collect(), vec![batch], false)
    }

    /// The columns from left to right.
    #[must_use]
    pub fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// The position of the column called `name`: exactly, or the only one that differs in case.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        exact.or_else(|| {
            let mut like =
                self.columns.iter().enumerate().filter(|(_, c)| c.name.to_lowercase() == name.to_lowercase());
            match (like.next(), like.next()) {
                (Some((index, _)), None) => Some(index),
                _ => None,
            }
        })
    }

    /// The batches in order.
    #[must_use]
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// All rows in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.batches.iter().flat_map(Batch::rows)
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches.iter().map(Batch::len).sum()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `rows` rows; it says that there are more when there are.
    #[must_use]
    pub fn first(&self, rows: usize) -> Self {
        let (mut batches, mut left) = (Vec::new(), rows);
        for batch in &self.batches {
            let mut batch = batch.clone();
            batch.truncate(left);
            left -= batch.len();
            batches.push(batch);
        }
        Self { columns: Arc::clone(&self.columns), batches, cut: self.cut || self.len() > rows }
    }

    /// Whether the database had more rows than were taken.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::value::Value;

    #[test]
    fn rows_come_back_as_they_went_in() {
        let rows = vec![
            vec![Value::Int(1), Value::Text("하나".into()), Value::Bytes(vec![0, 1].into())],
            vec![Value::Null, Value::Text("".into()), Value::Decimal("0.10".into())],
        ];
        let table = Table::of(&["id", "name", "Raw"], &rows);
        let read: Vec<Vec<Value<'_>>> = table.rows().map(|row| row.values().collect()).collect();
        assert_eq!(read, rows);
        assert_eq!((table.len(), table.is_empty(), table.is_cut()), (2, false, false));
        assert_eq!((table.position("raw"), table.position("none")), (Some(2), None));
    }
}
