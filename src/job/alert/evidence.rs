//! The rows that stand behind a verdict, as text for people.

use super::{Finding, Judged, verdicts};
use crate::catalogue::Alert;
use crate::message::Excerpt;
use crate::predicate::Verdict;
use crate::store::Memory;
use crate::table::Table;
use crate::value::Value;

/// At most `most` of the rows for which the rule holds now; none when no row does, or when an aggregate judges.
#[must_use]
pub fn sample(alert: &Alert, finding: &Finding, most: usize) -> Option<Excerpt> {
    let (_, table) = finding.answer.as_ref().ok()?;
    let (_, judged) = verdicts(alert, &Memory::default(), finding);
    excerpt(table, &rows(judged.iter().filter(|judged| judged.verdict == Verdict::Firing)), most)
}

/// The rows behind what was judged, in the order of the result.
pub(super) fn rows<'a>(judged: impl Iterator<Item = &'a Judged>) -> Vec<usize> {
    let mut rows: Vec<usize> = judged.flat_map(|judged| judged.evidence.iter().copied()).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// At most `most` of the rows behind what was judged; none when there is none.
pub(super) fn excerpt(table: &Table, evidence: &[usize], most: usize) -> Option<Excerpt> {
    if evidence.is_empty() {
        return None;
    }
    let wanted = |(index, _): &(usize, _)| evidence.binary_search(index).is_ok();
    let text = |value: Value<'_>| (!value.is_null()).then(|| value.to_string());
    let rows = table.rows().enumerate().filter(wanted).take(most);
    Some(Excerpt {
        columns: table.columns().iter().map(|column| column.name.clone()).collect(),
        rows: rows.map(|(_, row)| row.values().map(text).collect()).collect(),
        more: u64::try_from(evidence.len().saturating_sub(most)).unwrap_or(u64::MAX),
    })
}
