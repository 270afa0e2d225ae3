//! The rows of a statement, on the thread of its connection.

use rusqlite::types::Value;
use rusqlite::{Connection, Statement};

use super::cell;
use crate::source::sink::is_full;
use crate::table::{Batch, Column};

/// What is handed over on the way.
#[derive(Debug)]
pub(super) enum Piece {
    /// The columns; first, once.
    Columns(Vec<Column>),
    /// Some rows.
    Rows(Batch),
}

/// Runs a statement and passes on its columns and rows, until `pass` says that nobody wants more.
pub(super) fn read(
    connection: &Connection,
    text: &str,
    values: Vec<Value>,
    pass: impl Fn(Piece) -> bool,
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare(text)?;
    for (index, value) in values.into_iter().enumerate() {
        statement.raw_bind_parameter(index + 1, value)?;
    }
    let width = statement.column_count();
    if !pass(Piece::Columns(columns(&statement))) {
        return Ok(());
    }
    let mut rows = statement.raw_query();
    let mut batch = Batch::new(width);
    while let Some(row) = rows.next()? {
        for index in 0..width {
            batch.push(&cell::value(row.get_ref(index)?));
        }
        if is_full(&batch) && !pass(Piece::Rows(std::mem::replace(&mut batch, Batch::new(width)))) {
            return Ok(());
        }
    }
    pass(Piece::Rows(batch));
    Ok(())
}

fn columns(statement: &Statement<'_>) -> Vec<Column> {
    let column = |column: rusqlite::Column<'_>| Column {
        name: column.name().to_owned(),
        type_name: type_name(column.decl_type().unwrap_or_default()).to_owned(),
    };
    statement.columns().into_iter().map(column).collect()
}

/// One word for the many that a table may declare. What is computed has none, and neither has what SQLite itself does
/// not understand.
fn type_name(declared: &str) -> &'static str {
    let declared = declared.to_ascii_lowercase();
    let holds = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    match declared.as_str() {
        "boolean" | "bool" => "boolean",
        "date" => "date",
        "time" => "time",
        "datetime" | "timestamp" => "datetime",
        _ if holds(&["int"]) => "integer",
        _ if holds(&["char", "clob", "text"]) => "text",
        _ if holds(&["blob"]) => "blob",
        _ if holds(&["real", "floa", "doub"]) => "real",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::type_name;

    #[test]
    fn declared_types_have_one_word_each() {
        let cases = [
            ("INT", "integer"),
            ("unsigned big int", "integer"),
            ("VARCHAR(20)", "text"),
            ("double precision", "real"),
            ("Blob", "blob"),
            ("timestamp", "datetime"),
            ("bool", "boolean"),
            ("decimal(10,2)", ""),
            ("", ""),
        ];
        for (declared, word) in cases {
            assert_eq!(type_name(declared), word, "{declared}");
        }
    }
}
