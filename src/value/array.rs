//! Arrays: the items in order, the dimensions beside them, printed as an array literal of PostgreSQL.

use super::Value;
use std::fmt;

/// The extent of an array in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// How many items.
    pub length: usize,
    /// The index of the first item; 1 unless someone chose otherwise.
    pub lower: i32,
}

/// An array of any dimension: items in row-major order, as many as the product of the lengths.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Outermost first; empty for an empty array.
    pub dimensions: Vec<Dimension>,
    /// The items.
    pub items: Vec<Value<'static>>,
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dimensions.iter().any(|dimension| dimension.lower != 1) {
            for Dimension { length, lower } in &self.dimensions {
                let upper = i64::from(*lower) + i64::try_from(*length).unwrap_or(i64::MAX) - 1;
                write!(f, "[{lower}:{upper}]")?;
            }
            f.write_str("=")?;
        }
        if self.dimensions.is_empty() { f.write_str("{}") } else { write_level(f, &self.dimensions, &self.items) }
    }
}

fn write_level(f: &mut fmt::Formatter<'_>, dimensions: &[Dimension], items: &[Value<'_>]) -> fmt::Result {
    let (outer, inner) = dimensions.split_first().expect("called with a dimension left");
    f.write_str("{")?;
    let each = items.len() / outer.length.max(1);
    for (index, chunk) in items.chunks(each.max(1)).enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        if inner.is_empty() { write_item(f, &chunk[0])? } else { write_level(f, inner, chunk)? }
    }
    f.write_str("}")
}

fn write_item(f: &mut fmt::Formatter<'_>, item: &Value<'_>) -> fmt::Result {
    match item {
        Value::Null => return f.write_str("NULL"),
        Value::Bool(b) => return f.write_str(if *b { "t" } else { "f" }),
        _ => {}
    }
    let text = item.to_string();
    let special = |c: char| matches!(c, '"' | '\\' | '{' | '}' | ',') || c.is_ascii_whitespace() || c == '\u{b}';
    if !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(special) {
        return f.write_str(&text);
    }
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::{Array, Dimension};
    use crate::value::Value;

    fn dimension(length: usize) -> Dimension {
        Dimension { length, lower: 1 }
    }

    #[test]
    fn arrays_print_as_literals() {
        let text = |s: &'static str| Value::Text(s.into());
        let cases = [
            (vec![], vec![], "{}"),
            (vec![dimension(3)], vec![Value::Int(1), Value::Null, Value::Int(3)], "{1,NULL,3}"),
            (
                vec![dimension(4)],
                vec![text("a b"), text(""), text("null"), text("q\"\\")],
                r#"{"a b","","null","q\"\\"}"#,
            ),
            (vec![dimension(2), dimension(2)], (1..=4).map(Value::Int).collect(), "{{1,2},{3,4}}"),
            (vec![Dimension { length: 2, lower: 0 }], vec![Value::Bool(true), Value::Bool(false)], "[0:1]={t,f}"),
        ];
        for (dimensions, items, expected) in cases {
            assert_eq!(Array { dimensions, items }.to_string(), expected);
        }
    }
}
