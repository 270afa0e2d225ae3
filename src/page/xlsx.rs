//! A page as a workbook: a sheet for each section that has rows behind it.

use std::sync::Arc;

use super::Page;
use crate::render::{RenderError, workbook};
use crate::table::Table;
use crate::value::Value;

/// The whole workbook.
///
/// # Errors
/// What Excel cannot hold.
pub fn xlsx(page: &Page) -> Result<Vec<u8>, RenderError> {
    let mut sheets: Vec<(String, Arc<Table>)> = Vec::new();
    for (index, section) in page.sections.iter().enumerate() {
        let title = section.title.clone().unwrap_or_else(|| format!("{} {}", page.name, index + 1));
        sheets.extend(section.data(&page.zone).map(|table| (title, table)));
    }
    for (number, trouble) in page.troubles() {
        // What failed is not left out without a word.
        let cell = Value::Text(trouble.problem.clone().into());
        sheets.push((format!("failed {number}"), Arc::new(Table::of(&["this part failed"], &[vec![cell]]))));
    }
    if sheets.is_empty() {
        sheets.push((page.title.clone(), Arc::new(Table::of(&[], &[]))));
    }
    workbook(&sheets)
}
