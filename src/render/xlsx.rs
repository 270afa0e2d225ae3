//! An Excel workbook: of one result a sheet, of a report a sheet for each table.
//!
//! Rows wait in a temporary file of their own and not in memory. What Excel's doubles hold exactly is typed: integers to
//! 2^53, decimals of 15 digits, dates and times from March 1900 on; everything else is text with every digit. Text is
//! never a formula. NULL and the empty string are both empty cells. A time with time zone is typed on its own clock and
//! its format shows the offset.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use unicode_width::UnicodeWidthStr;

use super::{Options, Out, RenderError, Renderer};
use crate::table::{Batch, Column, Row, Table};
use typed::{Typed, typed};

mod typed;

/// How many rows and columns a sheet has, and how many UTF-16 units a cell takes.
const ROWS: u32 = 1_048_576;
const COLUMNS: usize = 16_384;
const UNITS: usize = 32_767;
/// A column is made as wide as its first cells, but not wider than this many characters.
const WIDEST: usize = 60;
/// The longest name of a sheet, in UTF-16 units.
const LONGEST_NAME: usize = 31;
/// How many rows the widths are measured on.
const MEASURED: u32 = 1_000;

/// Writes rows to a temporary file, and the workbook at the end.
pub(super) struct XlsxRenderer {
    workbook: Workbook,
    header: bool,
    clip: bool,
    title: String,
    /// The names of the sheets so far, in lower case: Excel takes no two that differ in case only.
    sheets: Vec<String>,
    names: Vec<String>,
    widths: Vec<usize>,
    /// The formats that were needed so far, by their text.
    formats: Vec<(String, Format)>,
    next: u32,
}

impl XlsxRenderer {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            workbook: Workbook::new(),
            header: options.header,
            clip: options.clip,
            title: options.title.clone(),
            sheets: Vec::new(),
            names: Vec::new(),
            widths: Vec::new(),
            formats: Vec::new(),
            next: 0,
        }
    }

    fn heading(&mut self) -> Result<(), RenderError> {
        let bold = Format::new().set_bold();
        let sheet = sheet(&mut self.workbook)?;
        for (index, name) in self.names.iter().enumerate() {
            let name = held(name, self.clip, 0, name)?;
            sheet.write_string_with_format(0, place(index), name, &bold).map_err(failed)?;
        }
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        self.next = 1;
        Ok(())
    }

    /// Makes the columns of the sheet as wide as what they hold.
    fn widen(&mut self) -> Result<(), RenderError> {
        let sheet = sheet(&mut self.workbook)?;
        for (index, width) in self.widths.iter().enumerate() {
            let width = u32::try_from(width.min(&WIDEST) + 2).expect("a small number");
            sheet.set_column_width(place(index), width).map_err(failed)?;
        }
        Ok(())
    }

    fn row(&mut self, row: Row<'_>) -> Result<(), RenderError> {
        if self.next == ROWS {
            let rows = ROWS - u32::from(self.header);
            return Err(limit(format!("an Excel sheet takes {rows} rows, and there are more")));
        }
        let sheet = sheet(&mut self.workbook)?;
        for (index, value) in row.values().enumerate() {
            let (at, column) = (self.next, place(index));
            let cell = typed(&value);
            if at <= MEASURED {
                self.widths[index] = self.widths[index].max(cell.width());
            }
            match cell {
                Typed::Empty => continue,
                Typed::Bool(b) => sheet.write_boolean(at, column, b),
                Typed::Number(number, format) if format.is_empty() => sheet.write_number(at, column, number),
                Typed::Number(number, format) => {
                    sheet.write_number_with_format(at, column, number, kept(&mut self.formats, &format))
                }
                Typed::Text(text) => {
                    let row = u64::from(at) + u64::from(!self.header);
                    sheet.write_string(at, column, held(&text, self.clip, row, &self.names[index])?)
                }
            }
            .map_err(failed)?;
        }
        self.next += 1;
        Ok(())
    }
}

impl Renderer for XlsxRenderer {
    fn begin(&mut self, columns: &Arc<[Column]>, _: &mut Out<'_>) -> Result<(), RenderError> {
        if columns.len() > COLUMNS {
            let problem = format!("an Excel sheet takes {COLUMNS} columns, and there are {}", columns.len());
            return Err(limit(problem));
        }
        self.names = columns.iter().map(|column| column.name.clone()).collect();
        self.widths = self.names.iter().map(|name| name.width()).collect();
        let sheet = self.workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        sheet.set_name(named(&self.title, &mut self.sheets)).map_err(failed)?;
        self.next = 0;
        if self.header { self.heading() } else { Ok(()) }
    }

    fn rows(&mut self, batch: &Batch, _: &mut Out<'_>) -> Result<(), RenderError> {
        batch.rows().try_for_each(|row| self.row(row))
    }

    fn end(&mut self, out: &mut Out<'_>) -> Result<(), RenderError> {
        self.widen()?;
        self.workbook.save_to_writer(out).map_err(failed)
    }
}

/// A workbook with a sheet for each table, in this order, under its title as far as Excel takes it. A text that is too
/// long for a cell is cut there, where it says so.
///
/// # Errors
/// What Excel cannot hold.
pub fn workbook(sheets: &[(String, Arc<Table>)]) -> Result<Vec<u8>, RenderError> {
    let (mut renderer, mut out) = (XlsxRenderer::new(&Options { clip: true, ..Options::default() }), Vec::new());
    for (title, table) in sheets {
        renderer.title.clone_from(title);
        renderer.begin(table.columns(), &mut out)?;
        table.batches().iter().try_for_each(|batch| renderer.rows(batch, &mut out))?;
        renderer.widen()?;
    }
    renderer.workbook.save_to_writer(&mut out).map_err(failed)?;
    Ok(out)
}

/// The sheet that was added last.
fn sheet(workbook: &mut Workbook) -> Result<&mut Worksheet, RenderError> {
    let last = workbook.worksheets().len().saturating_sub(1);
    workbook.worksheet_from_index(last).map_err(failed)
}

/// A name for a sheet as Excel takes it: 31 characters, none of its marks, no other sheet's.
fn named(title: &str, taken: &mut Vec<String>) -> String {
    let safe = |c: char| if c.is_control() || "[]:*?/\\".contains(c) { ' ' } else { c };
    let title: String = title.chars().map(safe).collect();
    let title = Some(title.trim().trim_matches('\'').trim()).filter(|title| !title.is_empty()).unwrap_or("Sheet");
    let cut = |room: usize| {
        let mut units = 0;
        let fits = |c: &char| {
            units += c.len_utf16();
            units <= room
        };
        title.chars().take_while(fits).collect::<String>().trim_end().to_owned()
    };
    let mut name = cut(LONGEST_NAME);
    for number in 2.. {
        if !taken.contains(&name.to_lowercase()) && !name.eq_ignore_ascii_case("history") {
            break;
        }
        name = format!("{} {number}", cut(LONGEST_NAME - 1 - number.to_string().len()));
    }
    taken.push(name.to_lowercase());
    name
}

fn place(index: usize) -> u16 {
    u16::try_from(index).expect("the columns were counted")
}

/// The format of this text, made once.
fn kept<'a>(formats: &'a mut Vec<(String, Format)>, text: &str) -> &'a Format {
    let at = formats.iter().position(|(known, _)| known == text).unwrap_or_else(|| {
        formats.push((text.to_owned(), Format::new().set_num_format(text)));
        formats.len() - 1
    });
    &formats[at].1
}

/// What a cell holds of a text: all of it, or as much as there is room for and a mark that it was cut. Where nothing is
/// to be cut it is an error; `row` counts from 1, and 0 is the heading.
fn held<'a>(text: &'a str, clip: bool, row: u64, column: &str) -> Result<Cow<'a, str>, RenderError> {
    if text.len() <= UNITS || text.encode_utf16().count() <= UNITS {
        return Ok(text.into());
    }
    if clip {
        return Ok(clipped(text).into());
    }
    let cell = if row == 0 { "the name of a column".into() } else { format!("row {row} of column `{column}`") };
    Err(limit(format!("{cell} has more than the {UNITS} characters that a cell of Excel takes")))
}

fn clipped(text: &str) -> String {
    let mark = format!("… [cut here: Excel takes no more of these {} characters in a cell]", text.chars().count());
    let mut left = UNITS - mark.encode_utf16().count();
    let fits = |c: &char| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    text.chars().take_while(fits).chain(mark.chars()).collect()
}

fn limit(problem: String) -> RenderError {
    RenderError::Limit { problem, hint: "write it as csv, which has no such limit".into() }
}

fn failed(error: XlsxError) -> RenderError {
    RenderError::Write(match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{ROWS, UNITS, XlsxRenderer, clipped, named};
    use crate::render::{Options, RenderError, Renderer};
    use crate::table::Table;
    use crate::value::{Timestamp, Value};

    fn write(table: &Table, options: &Options) -> Result<Vec<u8>, RenderError> {
        let (mut renderer, mut out) = (XlsxRenderer::new(options), Vec::new());
        renderer.begin(table.columns(), &mut out)?;
        table.batches().iter().try_for_each(|batch| renderer.rows(batch, &mut out))?;
        renderer.end(&mut out)?;
        Ok(out)
    }

    /// The XML of the sheet.
    fn sheet(file: Vec<u8>) -> String {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file)).expect("a zip file");
        let mut text = String::new();
        archive.by_name("xl/worksheets/sheet1.xml").expect("a sheet").read_to_string(&mut text).expect("text");
        let (_, data) = text.split_once("<sheetData>").expect("rows");
        data.split_once("</sheetData>").expect("rows").0.replace("<row", "\n<row")
    }

    #[test]
    fn numbers_are_typed_and_text_is_never_a_formula() {
        let table = Table::of(
            &["n", "s", "at"],
            &[
                vec![
                    Value::Decimal("0.10".into()),
                    Value::Text("=1+1".into()),
                    Value::Timestamp(Timestamp::new(1_750_000_000_500_000, Some(32_400))),
                ],
                vec![Value::Int(1 << 60), Value::Text("\u{1b}<b>&".into()), Value::Null],
            ],
        );
        insta::assert_snapshot!(sheet(write(&table, &Options::default()).expect("written")), @r#"
        <row r="1"><c r="A1" s="1" t="inlineStr"><is><t>n</t></is></c><c r="B1" s="1" t="inlineStr"><is><t>s</t></is></c><c r="C1" s="1" t="inlineStr"><is><t>at</t></is></c></row>
        <row r="2"><c r="A2" s="2"><v>0.1</v></c><c r="B2" t="inlineStr"><is><t>=1+1</t></is></c><c r="C2" s="3"><v>45824.00463541667</v></c></row>
        <row r="3"><c r="A3" t="inlineStr"><is><t>1152921504606846976</t></is></c><c r="B3" t="inlineStr"><is><t>_x001B_&lt;b&gt;&amp;</t></is></c></row>
        "#);
    }

    #[test]
    fn every_sheet_has_a_name_of_its_own_that_excel_takes() {
        let mut taken = Vec::new();
        let long = "늦은 주문과 그 밖의 모든 것에 대한 아주 긴 제목이 여기에 있다";
        let titles = ["Revenue", "revenue", "a/b: [c]?", "'quoted'", "", "", "History", long, long];
        let names: Vec<String> = titles.iter().map(|title| named(title, &mut taken)).collect();
        assert_eq!(
            names,
            [
                "Revenue",
                "revenue 2",
                "a b   c",
                "quoted",
                "Sheet",
                "Sheet 2",
                "History 2",
                "늦은 주문과 그 밖의 모든 것에 대한 아주 긴 제목이 여",
                "늦은 주문과 그 밖의 모든 것에 대한 아주 긴 제목이 2",
            ]
        );
        assert!(names.iter().all(|name| name.encode_utf16().count() <= 31));
    }

    #[test]
    fn a_text_too_long_for_a_cell_says_so_where_nobody_can_choose_another_format() {
        for text in ["x".repeat(32_768), "가😀".repeat(40_000)] {
            let cut = clipped(&text);
            assert!((UNITS - 1..=UNITS).contains(&cut.encode_utf16().count()));
            let said =
                format!("… [cut here: Excel takes no more of these {} characters in a cell]", text.chars().count());
            assert!(cut.ends_with(&said) && text.starts_with(cut.strip_suffix(&said).expect("the mark")));
            let table = Table::of(&["a", &text], &[vec![Value::Int(1), Value::Text(text.clone().into())]]);
            let options = Options { clip: true, ..Options::default() };
            let sheet = sheet(write(&table, &options).expect("written"));
            assert_eq!(sheet.matches("… [cut here: ").count(), 2, "the heading and the cell");
        }
        let whole = "x".repeat(UNITS);
        let table = Table::of(&["a"], &[vec![Value::Text(whole.clone().into())]]);
        let options = Options { clip: true, ..Options::default() };
        assert!(sheet(write(&table, &options).expect("written")).contains(&whole));
    }

    #[test]
    fn what_does_not_fit_is_an_error_that_names_the_cell() {
        let long = Table::of(&["note"], &[vec![Value::Null], vec![Value::Text("x".repeat(32_768).into())]]);
        let problem = write(&long, &Options::default()).expect_err("too long").to_string();
        assert_eq!(problem, "row 2 of column `note` has more than the 32767 characters that a cell of Excel takes");
        let many = vec![vec![Value::Null]; ROWS as usize];
        let problem = write(&Table::of(&["n"], &many), &Options::default()).expect_err("too many").to_string();
        assert_eq!(problem, "an Excel sheet takes 1048575 rows, and there are more");
        assert!(write(&Table::of(&["n"], &many), &Options { header: false, ..Options::default() }).is_ok());
    }
}
