//! JSON: an array with one object per row, numbers with every digit, JSON columns nested.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::Renderer;
use crate::table::{Batch, Column};
use crate::value::{Array, Dimension, Value};

/// Writes rows as they pass.
#[derive(Default)]
pub(super) struct JsonRenderer {
    /// `"name":` for each column.
    keys: Vec<String>,
    begun: bool,
}

impl Renderer for JsonRenderer {
    fn begin(&mut self, columns: &Arc<[Column]>, out: &mut dyn Write) -> io::Result<()> {
        self.keys = unique(columns).iter().map(|name| format!("{}:", quoted(name))).collect();
        out.write_all(b"[")
    }

    fn rows(&mut self, batch: &Batch, out: &mut dyn Write) -> io::Result<()> {
        let mut text = String::new();
        for row in batch.rows() {
            text.push_str(if self.begun { ",\n{" } else { "\n{" });
            self.begun = true;
            for (index, (key, value)) in self.keys.iter().zip(row.values()).enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(key);
                push(&mut text, &value);
            }
            text.push('}');
        }
        out.write_all(text.as_bytes())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.begun { b"\n]\n" } else { b"]\n" })
    }
}

/// The names of the columns; the second `name` becomes `name_2`.
fn unique(columns: &[Column]) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut names = Vec::with_capacity(columns.len());
    for column in columns {
        let mut name = column.name.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{}_{number}", column.name);
            number += 1;
        }
        names.push(name);
    }
    names
}

fn push(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) => out.push_str(&value.to_string()),
        Value::Float(_) | Value::Real(_) | Value::Decimal(_) => {
            let text = value.to_string();
            // NaN and the infinities are no JSON numbers.
            if text.ends_with(|c: char| c.is_ascii_digit()) {
                out.push_str(&text);
            } else {
                out.push_str(&quoted(&text));
            }
        }
        Value::Timestamp(timestamp) => out.push_str(&quoted(&timestamp.to_rfc3339())),
        Value::Json(text) => match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) => out.push_str(raw.get()),
            Err(_) => out.push_str(&quoted(text)),
        },
        Value::Array(array) => push_array(out, array),
        Value::Text(text) => out.push_str(&quoted(text)),
        Value::Bytes(_) | Value::Date(_) | Value::Time(_) | Value::Interval(_) => {
            out.push_str(&quoted(&value.to_string()));
        }
    }
}

fn push_array(out: &mut String, array: &Array) {
    if array.dimensions.is_empty() { out.push_str("[]") } else { push_level(out, &array.dimensions, &array.items) }
}

fn push_level(out: &mut String, dimensions: &[Dimension], items: &[Value<'_>]) {
    let (outer, inner) = dimensions.split_first().expect("called with a dimension left");
    let each = (items.len() / outer.length.max(1)).max(1);
    out.push('[');
    for (index, chunk) in items.chunks(each).enumerate() {
        if index > 0 {
            out.push(',');
        }
        if inner.is_empty() { push(out, &chunk[0]) } else { push_level(out, inner, chunk) }
    }
    out.push(']');
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}
