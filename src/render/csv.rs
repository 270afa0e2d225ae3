//! CSV, byte for byte as PostgreSQL's own COPY writes it, booleans aside.

use super::Options;
use super::separated::{Separated, is_formula};
use crate::value::Value;

/// Writes rows as they pass.
pub(super) struct CsvRenderer {
    /// What stands for NULL, without quotes.
    null: String,
    header: bool,
    safe: bool,
    /// Whether the row has one cell only.
    alone: bool,
    lines: String,
}

impl CsvRenderer {
    pub(super) fn new(options: &Options) -> Self {
        let null = options.null.clone().unwrap_or_default();
        Self { null, header: options.header, safe: options.csv_safe, alone: false, lines: String::new() }
    }

    /// Quotes where a reader would otherwise take the text for something else; `\.` alone on a line ends a COPY.
    fn push_quoted(&mut self, text: &str, mark: &str) {
        let lines = &mut self.lines;
        let special = holds_special(text) || text == self.null || (self.alone && text == "\\.");
        if text.is_empty() || special {
            lines.push('"');
            lines.push_str(mark);
            let mut rest = text;
            while let Some(at) = rest.bytes().position(|byte| byte == b'"') {
                lines.push_str(&rest[..=at]);
                lines.push('"');
                rest = &rest[at + 1..];
            }
            lines.push_str(rest);
            lines.push('"');
        } else {
            lines.push_str(mark);
            lines.push_str(text);
        }
    }
}

impl Separated for CsvRenderer {
    const SEPARATOR: char = ',';

    fn has_header(&self) -> bool {
        self.header
    }

    fn set_width(&mut self, columns: usize) {
        self.alone = columns == 1;
    }

    fn lines(&mut self) -> &mut String {
        &mut self.lines
    }

    fn push(&mut self, value: &Value<'_>) {
        let start = self.lines.len();
        match value {
            Value::Null => self.lines.push_str(&self.null),
            Value::Text(text) => self.push_text(text),
            Value::Json(text) => self.push_quoted(text, ""),
            Value::Array(array) => self.push_quoted(&array.to_string(), ""),
            plain => {
                plain.push_to(&mut self.lines);
                // What reads like the mark for NULL is told apart by its quotes.
                if !self.null.is_empty() && self.lines[start..] == self.null {
                    self.lines.insert(start, '"');
                    self.lines.push('"');
                }
            }
        }
    }

    fn push_text(&mut self, text: &str) {
        let mark = if self.safe && is_formula(text) { "'" } else { "" };
        self.push_quoted(text, mark);
    }
}

/// Whether there is a comma, a quote or the end of a line. Sixteen bytes are looked at together.
fn holds_special(text: &str) -> bool {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    text.as_bytes().chunks(16).any(|chunk| chunk.iter().fold(false, |found, byte| found | special(byte)))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use crate::render::sample::{hostile, null_as, render, shown, without_header};
    use crate::render::{Format, Options};
    use crate::table::Table;
    use crate::value::Value;

    #[test]
    fn csv_is_exact_and_tells_null_from_the_empty_string() {
        insta::assert_snapshot!(shown(&render(Format::Csv, &hostile(), &Options::default())), @r#"
        id,na|me,na|me,<b>\t
        1,"a,""b""
        ",,0.10
        18446744073709551615,"","{""k"":
         1}",NaN
        ,\x1b[31m\u{9b}0m\u{202e}하나,1970-01-01 00:00:00+00,"{1,NULL}"
        -5,=1+1,-2\t\N,-7
        true,\.,<a href=x>&amp;</a>,snake_case _x_ *y* `z`
        \x00ff,NULL,"👩‍👩‍👧‍👦 é\x00\r",1e-07
        "#);
    }

    #[test]
    fn what_reads_like_null_is_quoted() {
        let table = Table::of(
            &["a", "b"],
            &[vec![Value::Null, Value::Int(0)], vec![Value::Text("0".into()), Value::Text("".into())]],
        );
        assert_eq!(render(Format::Csv, &table, &null_as("0")), "a,b\n0,\"0\"\n\"0\",\"\"\n");
    }

    #[test]
    fn a_lone_end_of_copy_is_quoted() {
        let table = Table::of(&["a"], &[vec![Value::Text("\\.".into())]]);
        assert_eq!(render(Format::Csv, &table, &without_header()), "\"\\.\"\n");
    }

    #[test]
    fn text_that_a_spreadsheet_would_run_gets_a_mark_and_numbers_do_not() {
        let cells = ["=HYPERLINK(\"http://x\",\"y\")", "@SUM(1)", "-2+3", "\t=1", "\r=1", "+", "a=1", ""];
        let mut rows: Vec<Vec<Value<'_>>> = cells.iter().map(|cell| vec![Value::Text((*cell).into())]).collect();
        rows.extend([vec![Value::Int(-5)], vec![Value::Decimal("-0.5".into())], vec![Value::Float(f64::NEG_INFINITY)]]);
        let table = Table::of(&["=a"], &rows);
        let options = Options { csv_safe: true, ..Options::default() };
        assert_eq!(
            render(Format::Csv, &table, &options),
            "'=a\n\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\n'@SUM(1)\n'-2+3\n'\t=1\n\"'\r=1\"\n'+\na=1\n\"\"\n\
             -5\n-0.5\n-Infinity\n"
        );
    }

    proptest! {
        /// A reader written from RFC 4180 alone, which tells quoted fields from bare ones.
        #[test]
        fn any_text_survives_the_way_there_and_back(cells in vec(option::of(any::<String>()), 2..8)) {
            let value = |cell: &Option<String>| cell.clone().map_or(Value::Null, |text| Value::Text(text.into()));
            let rows: Vec<_> = cells.iter().map(|cell| vec![value(cell), Value::Int(1)]).collect();
            let table = Table::of(&["x", "n"], &rows);
            prop_assert_eq!(read(&render(Format::Csv, &table, &without_header())), cells);
        }
    }

    /// The first field of each record; none where it is empty and bare.
    fn read(csv: &str) -> Vec<Option<String>> {
        let (mut records, mut rest) = (Vec::new(), csv);
        while !rest.is_empty() {
            let mut field = String::new();
            let quoted = rest.starts_with('"');
            if quoted {
                rest = &rest[1..];
                loop {
                    let at = rest.find('"').expect("a quote closes");
                    field.push_str(&rest[..at]);
                    rest = &rest[at + 1..];
                    let Some(more) = rest.strip_prefix('"') else { break };
                    field.push('"');
                    rest = more;
                }
            } else {
                let at = rest.find(',').expect("a second field");
                field.push_str(&rest[..at]);
                rest = &rest[at..];
            }
            rest = rest.strip_prefix(",1\n").expect("the second field ends the record");
            records.push((quoted || !field.is_empty()).then_some(field));
        }
        records
    }
}
