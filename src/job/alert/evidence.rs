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
    excerpt(table, judged.iter().filter(|judged| judged.verdict == Verdict::Firing), most)
}

/// At most `most` of the rows behind what was judged, in the order of the result; none when there is none.
pub(super) fn excerpt<'a>(table: &Table, judged: impl Iterator<Item = &'a Judged>, most: usize) -> Option<Excerpt> {
    let mut evidence: Vec<usize> = judged.flat_map(|judged| judged.evidence.iter().copied()).collect();
    evidence.sort_unstable();
    evidence.dedup();
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
