//! Runs of numbers in the cells of a table: lines of blocks where text is, small pictures where there is room.

use std::sync::Arc;

use crate::chart::{run, sparkline};
use crate::table::{Batch, Table};
use crate::value::Value;

/// How many characters a run of numbers takes.
const WIDE: usize = 16;

/// The table as text shows it: the runs of numbers in `columns` as blocks, everything else as it is.
#[must_use]
pub(super) fn written(table: &Arc<Table>, columns: &[usize]) -> Arc<Table> {
    if columns.is_empty() {
        return Arc::clone(table);
    }
    let mut batch = Batch::new(table.columns().len());
    for row in table.rows() {
        for (index, value) in row.values().enumerate() {
            match columns.contains(&index).then(|| run(&value)).flatten() {
                Some(numbers) => batch.push(&Value::Text(sparkline(&numbers, WIDE).into())),
                None => batch.push(&value),
            }
        }
    }
    Arc::new(Table::new(Arc::clone(table.columns()), vec![batch], table.is_cut()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::written;
    use crate::table::Table;
    use crate::value::Value;

    #[test]
    fn only_runs_of_the_named_columns_become_blocks() {
        let text = |text: &'static str| Value::Text(text.into());
        let rows = [vec![text("1,2"), text("1,2,3")], vec![text("3,4"), text("none")], vec![Value::Null, Value::Null]];
        let table = written(&Arc::new(Table::of(&["a", "trend"], &rows)), &[1]);
        let cells: Vec<String> = table.rows().flat_map(|row| row.values().map(|it| it.to_string())).collect();
        assert_eq!(
            cells,
            ["1,2", "▁▅█", "3,4", "none", "NULL", "NULL"].map(|it| if it == "NULL" {
                Value::Null.to_string()
            } else {
                it.to_owned()
            })
        );
    }
}
