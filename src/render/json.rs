//! JSON: an object per row, in an array or one to a line; numbers with every digit, JSON columns nested.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::{Out, RenderError, Renderer, escape, pass};
use crate::table::{Batch, Column};
use crate::value::{Array, Dimension, Value};

/// Writes rows as they pass.
pub(super) struct JsonRenderer {
    shape: Shape,
    /// `"name":` for each column.
    keys: Vec<String>,
    begun: bool,
    text: String,
}

/// What stands around the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One array.
    Array,
    /// Nothing: each object is a line.
    Lines,
}

impl JsonRenderer {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, keys: Vec::new(), begun: false, text: String::new() }
    }

    /// What goes before an object.
    fn open(&mut self) {
        self.text.push_str(match (self.shape, self.begun) {
            (Shape::Lines, _) => "{",
            (Shape::Array, false) => "\n{",
            (Shape::Array, true) => ",\n{",
        });
        self.begun = true;
    }
}

impl Renderer for JsonRenderer {
    fn begin(&mut self, columns: &Arc<[Column]>, out: &mut Out<'_>) -> Result<(), RenderError> {
        let key = |name: &String| {
            let mut key = String::new();
            escape::push_quoted(&mut key, name);
            key + ":"
        };
        self.keys = unique(columns).iter().map(key).collect();
        if self.shape == Shape::Array {
            out.write_all(b"[")?;
        }
        Ok(())
    }

    fn rows(&mut self, batch: &Batch, out: &mut Out<'_>) -> Result<(), RenderError> {
        for row in batch.rows() {
            self.open();
            for (index, (key, value)) in self.keys.iter().zip(row.values()).enumerate() {
                if index > 0 {
                    self.text.push(',');
                }
                self.text.push_str(key);
                push(&mut self.text, &value);
            }
            self.text.push_str(if self.shape == Shape::Lines { "}\n" } else { "}" });
        }
        pass(&mut self.text, out)
    }

    fn end(&mut self, out: &mut Out<'_>) -> Result<(), RenderError> {
        match (self.shape, self.begun) {
            (Shape::Lines, _) => {}
            (Shape::Array, true) => out.write_all(b"\n]\n")?,
            (Shape::Array, false) => out.write_all(b"]\n")?,
        }
        Ok(())
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
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) => value.push_to(out),
        Value::Float(_) | Value::Real(_) | Value::Decimal(_) => push_number(out, value),
        Value::Json(text) => match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) => escape::push_document(out, raw.get()),
            Err(_) => escape::push_quoted(out, text),
        },
        Value::Array(array) => push_array(out, array),
        Value::Text(text) => escape::push_quoted(out, text),
        Value::Timestamp(timestamp) => {
            out.push('"');
            timestamp.push_rfc3339(out);
            out.push('"');
        }
        // Digits, letters and a backslash at the most: only bytes have the latter.
        Value::Bytes(_) => {
            out.push_str("\"\\");
            value.push_to(out);
            out.push('"');
        }
        Value::Date(_) | Value::Time(_) | Value::Interval(_) => {
            out.push('"');
            value.push_to(out);
            out.push('"');
        }
    }
}

/// NaN, the infinities and numbers with zeros before them are no JSON numbers: they are text.
fn push_number(out: &mut String, value: &Value<'_>) {
    let start = out.len();
    value.push_to(out);
    if !is_number(&out.as_bytes()[start..]) {
        out.insert(start, '"');
        out.push('"');
    }
}

fn is_number(bytes: &[u8]) -> bool {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let padded = digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    !padded && ends(digits.first()) && ends(digits.last())
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::value::RawValue;

    use crate::render::sample::{hostile, render};
    use crate::render::{Format, Options};
    use crate::table::Table;
    use crate::value::Value;

    #[test]
    fn json_is_exact_and_names_are_unique() {
        insta::assert_snapshot!(render(Format::Json, &hostile(), &Options::default()), @r#"
        [
        {"id":1,"na|me":"a,\"b\"\n","na|me_2":null,"<b>\t":0.10},
        {"id":18446744073709551615,"na|me":"","na|me_2":{"k":  1},"<b>\t":"NaN"},
        {"id":null,"na|me":"\u001b[31m\u009b0m\u202e하나","na|me_2":"1970-01-01T00:00:00Z","<b>\t":[1,null]},
        {"id":-5,"na|me":"=1+1","na|me_2":"-2\t\\N","<b>\t":-7},
        {"id":true,"na|me":"\\.","na|me_2":"<a href=x>&amp;</a>","<b>\t":"snake_case _x_ *y* `z`"},
        {"id":"\\x00ff","na|me":"NULL","na|me_2":"👩‍👩‍👧‍👦 é\u0000\r","<b>\t":1e-07}
        ]
        "#);
        assert_eq!(render(Format::Json, &Table::of(&["a"], &[]), &Options::default()), "[]\n");
    }

    #[test]
    fn json_lines_are_one_object_each() {
        let (lines, array) = (Format::Jsonl, Format::Json);
        let lines = render(lines, &hostile(), &Options::default());
        let array = render(array, &hostile(), &Options::default());
        let inner = array.trim_start_matches("[\n").trim_end_matches("\n]\n").replace("},\n{", "}\n{");
        assert_eq!(lines, inner + "\n");
        assert_eq!(render(Format::Jsonl, &Table::of(&["a"], &[]), &Options::default()), "");
    }

    #[test]
    fn what_is_no_number_of_json_is_text() {
        let cases = [
            ("0.10", "0.10"),
            ("-0", "-0"),
            ("0", "0"),
            ("007", "\"007\""),
            ("-00.5", "\"-00.5\""),
            ("NaN", "\"NaN\""),
            ("-Infinity", "\"-Infinity\""),
            ("5.", "\"5.\""),
            (".5", "\".5\""),
        ];
        for (decimal, json) in cases {
            let table = Table::of(&["n"], &[vec![Value::Decimal(decimal.into())]]);
            let line = render(Format::Jsonl, &table, &Options::default());
            assert_eq!(line, format!("{{\"n\":{json}}}\n"));
            assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok());
        }
    }

    proptest! {
        #[test]
        fn any_text_and_number_survives_the_way_there_and_back(
            name in any::<String>(), text in any::<String>(), int in any::<i64>(), float in -1e300..1e300_f64,
        ) {
            let cells = vec![Value::Text(text.clone().into()), Value::Int(int), Value::Float(float)];
            let table = Table::of(&[&name, "int of it", "float of it"], &[cells]);
            let json = render(Format::Json, &table, &Options::default());
            let read: Vec<HashMap<String, Box<RawValue>>> = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<String>(read[0][&name].get()).expect("a string"), text);
            prop_assert_eq!(read[0]["int of it"].get().parse(), Ok(int));
            prop_assert_eq!(read[0]["float of it"].get().parse(), Ok(float));
        }
    }
}
