//! One column of a table, read as what a chart needs.

use super::error::ChartError;
use super::measure::plain;
use super::moment::{self, Moment};
use super::number;
use super::spec::Kind;
use crate::name::nearest;
use crate::table::Table;
use crate::value::Value;

/// A column of a table that is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column<'a> {
    table: &'a Table,
    index: usize,
}

impl<'a> Column<'a> {
    /// The column of a name.
    pub(super) fn named(table: &'a Table, name: &str) -> Result<Self, ChartError> {
        let index = table.position(name).ok_or_else(|| {
            let known: Vec<String> = table.columns().iter().map(|column| column.name.clone()).collect();
            let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            ChartError::NoColumn { column: name.to_owned(), near, known }
        })?;
        Ok(Self { table, index })
    }

    pub(super) fn all(table: &'a Table) -> impl Iterator<Item = Self> {
        (0..table.columns().len()).map(move |index| Self { table, index })
    }

    pub(super) fn index(&self) -> usize {
        self.index
    }

    pub(super) fn name(&self) -> &'a str {
        &self.table.columns()[self.index].name
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    fn values(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let index = self.index;
        self.table.rows().map(move |row| row.get(index))
    }

    /// Whether every value is a number, and one is there.
    pub(super) fn is_numbers(&self) -> bool {
        let mut there = self.values().filter(|value| !value.is_null()).peekable();
        there.peek().is_some() && there.all(|value| value.is_number())
    }

    /// The numbers, a gap where there is none.
    pub(super) fn numbers(&self, kind: Kind) -> Result<Vec<Option<f64>>, ChartError> {
        let mut earlier = false;
        let number = |(row, value): (usize, Value<'_>)| match number::read(&value) {
            Some(number) => {
                earlier = true;
                Ok(number)
            }
            None if value.is_null() => Ok(None),
            None => {
                let place = if earlier { format!(" in row {}", row + 1) } else { String::new() };
                let is = format!("{}{place}", value.kind());
                Err(ChartError::Wrong { column: self.name().to_owned(), is, kind: kind.a(), needs: "numbers" })
            }
        };
        self.values().enumerate().map(number).collect()
    }

    /// As [`Column::numbers`] for a column that is known to hold numbers.
    pub(super) fn numbers_or_gaps(&self) -> impl Iterator<Item = Option<f64>> + use<'a> {
        self.values().map(|value| number::read(&value).flatten())
    }

    /// The points in time, if every value is one and one is there.
    pub(super) fn moments(&self) -> Option<Vec<Option<Moment>>> {
        let read = |value: Value<'_>| if value.is_null() { Some(None) } else { moment::read(&value) };
        let moments: Vec<Option<Moment>> = self.values().map(read).collect::<Option<_>>()?;
        moments.iter().any(Option::is_some).then_some(moments)
    }

    /// The values as words that are safe to show.
    pub(super) fn words(&self) -> Vec<String> {
        let word = |value: Value<'_>| if value.is_null() { "NULL".into() } else { plain(&value.to_string()) };
        self.values().map(word).collect()
    }
}
