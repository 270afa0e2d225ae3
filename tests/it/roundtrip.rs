//! Whatever stands in a cell, a strict reader of the format gets it back.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use rowcall::render::{Format, Options, renderer};
use rowcall::table::Table;
use rowcall::value::Value;

/// A cell: none for NULL.
type Text = Option<String>;

fn render(format: Format, table: &Table) -> String {
    let (mut renderer, mut out) = (renderer(format, &Options::default()), Vec::new());
    renderer.begin(table.columns(), &mut out).expect("memory takes everything");
    for batch in table.batches() {
        renderer.rows(batch, &mut out).expect("memory takes everything");
    }
    renderer.end(&mut out).expect("memory takes everything");
    String::from_utf8(out).expect("text")
}

fn table(names: &[String], rows: &[Vec<Text>]) -> Table {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let value = |cell: &Text| cell.clone().map_or(Value::Null, |text| Value::Text(text.into()));
    let rows: Vec<Vec<Value<'_>>> = rows.iter().map(|row| row.iter().map(value).collect()).collect();
    Table::of(&names, &rows)
}

/// A CSV as RFC 4180 has it, with lines that end in a bare newline: quotes stand only around a whole field, where they
/// are doubled, and no bare field holds a quote, a comma or the end of a line. An empty bare field is NULL.
fn read(csv: &str) -> Result<Vec<Vec<Text>>, String> {
    let (mut rows, mut row, mut rest) = (Vec::new(), Vec::new(), csv);
    while !rest.is_empty() {
        let field = if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = read_quoted(quoted)?;
            rest = after;
            Some(text)
        } else {
            let end = rest.find([',', '\n', '\r', '"']).ok_or("the last line has no end")?;
            let text = &rest[..end];
            rest = &rest[end..];
            (!text.is_empty()).then(|| text.to_owned())
        };
        row.push(field);
        let mut after = rest.chars();
        match after.next() {
            Some(',') => {}
            Some('\n') => rows.push(std::mem::take(&mut row)),
            other => return Err(format!("{other:?} after a field")),
        }
        rest = after.as_str();
    }
    if row.is_empty() { Ok(rows) } else { Err("the last line has no end".into()) }
}

fn read_quoted(mut rest: &str) -> Result<(String, &str), String> {
    let mut text = String::new();
    loop {
        let (before, after) = rest.split_once('"').ok_or("a quote is not closed")?;
        text.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => rest = after,
            None => return Ok((text, after)),
        }
        text.push('"');
    }
}

/// Characters that some reader takes for something else, among all others.
fn text() -> impl Strategy<Value = String> {
    const ODD: [char; 32] = [
        '"', '\'', ',', ';', '\n', '\r', '\t', '\\', '.', 'N', ' ', '=', '+', '-', '@', '{', '}', '[', '<', '&', '|',
        '\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{feff}', '주', '\u{301}', '🦀',
    ];
    let character = prop_oneof![3 => prop::sample::select(ODD.as_slice()), 1 => any::<char>()];
    prop::collection::vec(character, 0..8).prop_map(|characters| characters.into_iter().collect())
}

fn cell() -> impl Strategy<Value = Text> {
    prop_oneof![1 => Just(None), 1 => Just(Some("\\.".to_owned())), 8 => text().prop_map(Some)]
}

fn tables() -> impl Strategy<Value = (Vec<String>, Vec<Vec<Text>>)> {
    (1..4_usize).prop_flat_map(|width| {
        let row = prop::collection::vec(cell(), width);
        (prop::collection::vec(text(), width), prop::collection::vec(row, 0..6))
    })
}

proptest! {
    #[test]
    fn cells_survive_csv((names, rows) in tables()) {
        let csv = render(Format::Csv, &table(&names, &rows));
        let mut expected = vec![names.into_iter().map(Some).collect()];
        expected.extend(rows);
        assert_eq!(read(&csv), Ok(expected), "{csv:?}");
    }

    #[test]
    fn cells_survive_json((names, rows) in tables()) {
        let json = render(Format::Json, &table(&names, &rows));
        let read: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&json).expect("is JSON");
        let cell = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let found: Vec<Vec<Text>> = read.iter().map(|row| row.values().map(cell).collect()).collect();
        assert_eq!(found, rows, "{json}");
        if let (Some(row), Some(name)) = (read.first(), names.first()) {
            assert_eq!(row.keys().next(), Some(name), "{json}");
        }
    }
}

#[test]
fn the_reader_is_strict() {
    for broken in ["a\"b\n", "\"a\"b\n", "\"a\n", "a\r\n", "a", "a,"] {
        assert!(read(broken).is_err(), "{broken:?}");
    }
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        read("a,,\"\"\n\"\"\"\n\"\n\n"),
        Ok(vec![vec![text("a"), None, text("")], vec![text("\"\n")], vec![None]])
    );
}
