//! Tab-separated values: one line per row whatever the cells hold, as PostgreSQL's COPY and MySQL's LOAD DATA read them.
//!
//! NULL is `\N`, and tab, line feed, carriage return, NUL and backslash are written `\t`, `\n`, `\r`, `\0` and `\\`: as
//! `mariadb --batch` has it, but NULL is not the word.

use super::Options;
use super::separated::{Separated, is_formula};
use crate::value::Value;

/// Writes rows as they pass.
pub(super) struct TsvRenderer {
    null: String,
    header: bool,
    safe: bool,
    lines: String,
}

impl TsvRenderer {
    pub(super) fn new(options: &Options) -> Self {
        let null = options.null.clone().unwrap_or_else(|| "\\N".into());
        Self { null, header: options.header, safe: options.csv_safe, lines: String::new() }
    }
}

impl Separated for TsvRenderer {
    const SEPARATOR: char = '\t';

    fn has_header(&self) -> bool {
        self.header
    }

    fn lines(&mut self) -> &mut String {
        &mut self.lines
    }

    fn push(&mut self, value: &Value<'_>) {
        match value {
            Value::Null => self.lines.push_str(&self.null),
            Value::Text(text) => self.push_text(text),
            Value::Json(text) => push_escaped(&mut self.lines, text),
            Value::Array(_) | Value::Bytes(_) => push_escaped(&mut self.lines, &value.to_string()),
            plain => plain.push_to(&mut self.lines),
        }
    }

    fn push_text(&mut self, text: &str) {
        if self.safe && is_formula(text) {
            self.lines.push('\'');
        }
        push_escaped(&mut self.lines, text);
    }
}

fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b'\\' | 0)) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match special.as_bytes()[0] {
            b'\t' => "\\t",
            b'\n' => "\\n",
            b'\r' => "\\r",
            0 => "\\0",
            _ => "\\\\",
        });
        rest = &special[1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use crate::render::sample::{hostile, null_as, render, shown, without_header};
    use crate::render::{Format, Options};
    use crate::table::Table;
    use crate::value::Value;

    #[test]
    fn a_row_is_a_line_whatever_it_holds() {
        insta::assert_snapshot!(shown(&render(Format::Tsv, &hostile(), &Options::default())), @r#"
        id\tna|me\tna|me\t<b>\t
        1\ta,"b"\n\t\N\t0.10
        18446744073709551615\t\t{"k":\n 1}\tNaN
        \N\t\x1b[31m\u{9b}0m\u{202e}하나\t1970-01-01 00:00:00+00\t{1,NULL}
        -5\t=1+1\t-2\t\\N\t-7
        true\t\\.\t<a href=x>&amp;</a>\tsnake_case _x_ *y* `z`
        \\x00ff\tNULL\t👩‍👩‍👧‍👦 é\0\r\t1e-07
        "#);
        let table = Table::of(&["a\tb"], &[vec![Value::Null], vec![Value::Text("".into())]]);
        assert_eq!(render(Format::Tsv, &table, &null_as("NULL")), "a\\tb\nNULL\n\n");
        assert_eq!(render(Format::Tsv, &table, &without_header()), "\\N\n\n");
    }
}
