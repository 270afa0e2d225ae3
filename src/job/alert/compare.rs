//! Two answers row by row: what one has and the other has not, and what differs.
//!
//! Exact, and across engines: numbers are equal when they are the same number, whatever their type and scale; a boolean
//! is 0 or 1, as engines without booleans have it; moments with an offset are equal when they are the same instant;
//! everything else when it prints the same. NULL is equal to NULL.

use std::collections::HashMap;

use bigdecimal::BigDecimal;

use crate::name::Name;
use crate::predicate::JudgeError;
use crate::table::{Row, Table};
use crate::value::Value;

/// An answer and the source that gave it.
type Side<'a> = (&'a Name, &'a Table);

/// One row for each key that differs: the key, `difference` (`only in x` or `differs`), and what each side has in the
/// columns that differ. Both answers begin with the columns of the key, and have the same columns after them.
pub(super) fn differences(key: &[String], here: Side<'_>, there: Side<'_>) -> Result<Table, JudgeError> {
    let (ours, theirs) = (by_key(key.len(), here)?, by_key(key.len(), there)?);
    let names: Vec<&str> = here.1.columns().iter().map(|column| column.name.as_str()).collect();
    let mut rows: Vec<Vec<Value<'_>>> = Vec::new();
    let mut note = |row: &Row<'_>, words: [Value<'static>; 3]| {
        let key = row.values().take(key.len()).map(Value::into_owned);
        rows.push(key.chain(words).collect());
    };
    for row in here.1.rows() {
        let Some(other) = theirs.get(&identity(&row, key.len())) else {
            note(&row, [text(format!("only in {}", here.0)), all(&names, &row, key.len()), Value::Null]);
            continue;
        };
        let differs = |index: &usize| canonical(&row.get(*index)) != canonical(&other.get(*index));
        let different: Vec<usize> = (key.len()..names.len()).filter(differs).collect();
        if !different.is_empty() {
            let words = [text("differs".into()), some(&names, &row, &different), some(&names, other, &different)];
            note(&row, words);
        }
    }
    for row in there.1.rows().filter(|row| !ours.contains_key(&identity(row, key.len()))) {
        note(&row, [text(format!("only in {}", there.0)), Value::Null, all(&names, &row, key.len())]);
    }
    let columns: Vec<&str> =
        names[..key.len()].iter().copied().chain(["difference", here.0.as_str(), there.0.as_str()]).collect();
    Ok(Table::of(&columns, &rows))
}

/// The rows by their key, which every row must have and none share.
fn by_key<'a>(width: usize, (source, table): Side<'a>) -> Result<HashMap<String, Row<'a>>, JudgeError> {
    let mut rows = HashMap::with_capacity(table.len());
    for (number, row) in table.rows().enumerate() {
        let number = number + 1;
        let broken = |problem: String| JudgeError {
            span: None,
            problem,
            hint: Some("name columns in `key` that tell the rows apart and are never NULL".into()),
        };
        if let Some(index) = (0..width).find(|index| row.get(*index).is_null()) {
            let column = &table.columns()[index].name;
            return Err(broken(format!("key column `{column}` is NULL in row {number} of source `{source}`")));
        }
        if rows.insert(identity(&row, width), row).is_some() {
            let key = some(&[], &row, &(0..width).collect::<Vec<_>>());
            return Err(broken(format!("key {key} comes twice in source `{source}`, again in row {number}")));
        }
    }
    Ok(rows)
}

fn identity(row: &Row<'_>, width: usize) -> String {
    let parts: Vec<Option<String>> = row.values().take(width).map(|value| canonical(&value)).collect();
    serde_json::to_string(&parts).expect("texts are JSON")
}

/// The same for equal values and for no others; none for NULL.
fn canonical(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(truth) => Some(format!("number {}", u8::from(*truth))),
        number if number.is_number() => Some(match number.to_string().parse::<BigDecimal>() {
            Ok(exact) => format!("number {}", exact.normalized()),
            Err(_) => format!("number {number}"),
        }),
        Value::Timestamp(at) if at.offset.is_some() => Some(format!("instant {}", at.micros)),
        other => Some(format!("text {other}")),
    }
}

/// `total = 5, status = NULL`; without names only the values.
fn some(names: &[&str], row: &Row<'_>, wanted: &[usize]) -> Value<'static> {
    let shown = |index: &usize| {
        let value = match row.get(*index) {
            Value::Null => "NULL".to_owned(),
            value => value.to_string(),
        };
        names.get(*index).map_or_else(|| value.clone(), |name| format!("{name} = {value}"))
    };
    text(wanted.iter().map(shown).collect::<Vec<_>>().join(", "))
}

fn all(names: &[&str], row: &Row<'_>, width: usize) -> Value<'static> {
    some(names, row, &(width..names.len()).collect::<Vec<_>>())
}

fn text(words: String) -> Value<'static> {
    Value::Text(words.into())
}

#[cfg(test)]
mod tests {
    use super::{canonical, differences};
    use crate::name::Name;
    use crate::table::Table;
    use crate::value::{Timestamp, Value};

    #[test]
    fn values_are_equal_across_engines_when_they_mean_the_same() {
        let text = |word: &'static str| Value::Text(word.into());
        let decimal = |digits: &'static str| Value::Decimal(digits.into());
        let equal = [
            (Value::Int(5), decimal("5.00")),
            (Value::UInt(5), Value::Float(5.0)),
            (Value::Bool(true), Value::Int(1)),
            (decimal("0.10"), decimal("0.1")),
            (Value::Null, Value::Null),
            (Value::Timestamp(Timestamp::new(7, Some(0))), Value::Timestamp(Timestamp::new(7, Some(3600)))),
        ];
        for (left, right) in equal {
            assert_eq!(canonical(&left), canonical(&right), "{left:?} {right:?}");
        }
        let different = [
            (Value::Int(5), text("5")),
            (Value::Null, text("")),
            (Value::Int(9_007_199_254_740_993), Value::Int(9_007_199_254_740_992)),
            (decimal("0.1"), decimal("0.10000000000000000001")),
            (text("a"), text("A")),
        ];
        for (left, right) in different {
            assert_ne!(canonical(&left), canonical(&right), "{left:?} {right:?}");
        }
    }

    #[test]
    fn each_key_that_differs_is_a_row() {
        let name = |word: &str| Name::new(word).unwrap();
        let row = |id: i64, total: Value<'static>| vec![Value::Int(id), total];
        let here = Table::of(&["id", "total"], &[row(1, Value::Int(1)), row(2, Value::Int(2)), row(3, Value::Null)]);
        let there = Table::of(&["ID", "TOTAL"], &[row(1, Value::Int(1)), row(2, Value::Int(3)), row(4, Value::Int(4))]);
        let (shop, lake) = (name("shop"), name("lake"));
        let found = differences(&["id".into()], (&shop, &here), (&lake, &there)).unwrap();
        let rows: Vec<String> =
            found.rows().map(|row| row.values().map(|value| value.to_string()).collect::<Vec<_>>().join("|")).collect();
        assert_eq!(
            rows,
            ["2|differs|total = 2|total = 3", "3|only in shop|total = NULL|", "4|only in lake||total = 4"]
        );
        let twice = Table::of(&["id", "total"], &[row(1, Value::Int(1)), row(1, Value::Int(2))]);
        let error = differences(&["id".into()], (&shop, &here), (&lake, &twice)).unwrap_err();
        assert_eq!(error.problem, "key 1 comes twice in source `lake`, again in row 2");
    }
}
