//! A table with everything that a format may stumble over, and every format written to memory.

use std::borrow::Cow;

use super::{Format, Options, renderer, visible};
use crate::table::Table;
use crate::value::{Array, Dimension, Timestamp, Value};

pub(super) fn render(format: Format, table: &Table, options: &Options) -> String {
    let (mut renderer, mut out) = (renderer(format, options), Vec::new());
    renderer.begin(table.columns(), &mut out).expect("memory takes everything");
    for batch in table.batches() {
        renderer.rows(batch, &mut out).expect("memory takes everything");
    }
    renderer.end(&mut out).expect("memory takes everything");
    String::from_utf8(out).expect("text")
}

/// Names that repeat and hold marks, text of many scripts, everything that has its own way to be written.
pub(super) fn hostile() -> Table {
    let text = |text: &'static str| Value::Text(text.into());
    let array = Array { dimensions: vec![Dimension { length: 2, lower: 1 }], items: vec![Value::Int(1), Value::Null] };
    Table::of(
        &["id", "na|me", "na|me", "<b>\t"],
        &[
            vec![Value::Int(1), text("a,\"b\"\n"), Value::Null, Value::Decimal("0.10".into())],
            vec![Value::UInt(u64::MAX), text(""), Value::Json("{\"k\":\n 1}".into()), Value::Float(f64::NAN)],
            vec![
                Value::Null,
                text("\u{1b}[31m\u{9b}0m\u{202e}하나"),
                Value::Timestamp(Timestamp::new(0, Some(0))),
                Value::Array(Cow::Owned(array)),
            ],
            vec![Value::Int(-5), text("=1+1"), text("-2\t\\N"), Value::Decimal("-7".into())],
            vec![Value::Bool(true), text("\\."), text("<a href=x>&amp;</a>"), text("snake_case _x_ *y* `z`")],
            vec![Value::Bytes(vec![0, 255].into()), text("NULL"), text("👩‍👩‍👧‍👦 e\u{301}\0\r"), Value::Real(1e-7)],
        ],
    )
}

pub(super) fn null_as(text: &str) -> Options {
    Options { null: Some(text.into()), ..Options::default() }
}

pub(super) fn without_header() -> Options {
    Options { header: false, ..Options::default() }
}

/// What a file holds, its lines kept and everything else made visible.
pub(super) fn shown(file: &str) -> String {
    file.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}
