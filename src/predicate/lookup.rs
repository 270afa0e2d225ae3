//! The columns of a result that a condition and a key mean.

use super::JudgeError;
use super::expression::Reference;
use crate::name::nearest;
use crate::table::Table;

/// Where the column of a reference is.
pub(super) fn position(table: &Table, reference: &Reference) -> Result<usize, JudgeError> {
    let Reference { name, span, quoted, .. } = reference;
    let columns = table.columns();
    let count = columns.iter().filter(|column| column.name == *name).count();
    let like = columns.iter().filter(|column| reference.names(&column.name)).count();
    let failed = |problem: String, hint: Option<String>| JudgeError { span: Some(span.clone()), problem, hint };
    match table.position(name).filter(|_| count == 1 || (!quoted && count == 0)) {
        Some(position) => Ok(position),
        None if count > 1 || (!quoted && like > 1) => {
            let problem = format!("`{name}` is the name of several columns of the result");
            Err(failed(problem, Some("give each column its own alias in the SQL of the query".into())))
        }
        None if reference.is_value() && columns.len() == 1 => Ok(0),
        None if reference.is_value() => {
            let problem = format!("`value` names the only column of a result, and this one has {}", listed(table));
            Err(failed(problem, Some("name the column to judge".into())))
        }
        None => {
            let near = nearest(name, columns.iter().map(|column| column.name.as_str()));
            let problem = format!("the result has no column `{name}`; it has {}", listed(table));
            Err(failed(problem, near.map(|near| format!("did you mean `{near}`?"))))
        }
    }
}

/// Where a key column is.
pub(super) fn key_position(table: &Table, name: &str) -> Result<usize, JudgeError> {
    let reference =
        Reference { name: name.to_owned(), span: 0..0, quoted: false, in_aggregate: false, in_previous: false };
    // The bare word `value` means the only column in a condition, never in a key.
    let alone = reference.is_value() && table.position(name).is_none();
    match position(table, &reference) {
        Ok(position) if !alone => Ok(position),
        Ok(_) => Err(JudgeError { span: None, problem: format!("the result has no key column `{name}`"), hint: None }),
        Err(error) => Err(JudgeError { span: None, problem: format!("`key`: {}", error.problem), ..error }),
    }
}

/// The columns of a table, for an error.
fn listed(table: &Table) -> String {
    const MOST: usize = 20;
    let names: Vec<String> = table.columns().iter().take(MOST).map(|column| format!("`{}`", column.name)).collect();
    match (names.len(), table.columns().len() - names.len()) {
        (0, _) => "no column at all".into(),
        (_, 0) => names.join(", "),
        (_, more) => format!("{} and {more} more", names.join(", ")),
    }
}
