//! The sentences on how an alert stands: in a listing, in a log, at the head of a message.

use super::Finding;
use super::judged::Judged;
use crate::catalogue::Alert;
use crate::predicate::Verdict;
use crate::table::Table;
use crate::value::Value;

/// The longest value shown in a sentence, in characters.
const LONGEST_VALUE: usize = 60;
/// How many values or instances a sentence names before it says "and so many more".
const MOST_NAMED: usize = 3;

/// How things are now that an incident is over: `sku = A`, or what the rule sees.
pub(super) fn over(alert: &Alert, finding: &Finding, judged: &[&Judged]) -> String {
    match (judged, &finding.answer) {
        ([only], _) if only.labels.is_empty() && only.verdict == Verdict::Firing => {
            "it ended while news was held back, and began again".into()
        }
        ([only], _) if !only.labels.is_empty() => label(only),
        ([_], Ok((judgement, _))) if judgement.empty => "the query gave no row".into(),
        ([_], Ok((_, table))) => calm(alert, judged, table),
        ([_], Err(_)) => format!("no longer {}", alert.when.text()),
        (many, _) => instances(many),
    }
}

/// Why the alert stands as it stands.
pub(super) fn note(alert: &Alert, finding: &Finding, judged: &[Judged]) -> String {
    let (judgement, table) = match &finding.answer {
        Err(trouble) => return trouble.to_string(),
        Ok(answer) => answer,
    };
    if judgement.empty {
        return "the query gave no row".into();
    }
    let of = |verdict: Verdict| judged.iter().filter(move |judged| judged.verdict == verdict);
    let firing: Vec<&Judged> = of(Verdict::Firing).collect();
    let unknown: Vec<&Judged> = of(Verdict::Unknown).filter(|judged| judged.present).collect();
    if !firing.is_empty() {
        return firing_summary(alert, &firing, Some(table));
    }
    if !unknown.is_empty() {
        let unknown = match unknown.as_slice() {
            [only] if alert.key.is_empty() => values(&only.values),
            [only] => label(only),
            many => instances(many),
        };
        return format!("`{}` is NULL: {unknown}", alert.when.text());
    }
    let seen: Vec<&Judged> = judged.iter().filter(|judged| judged.present).collect();
    calm(alert, &seen, table)
}

/// What fires: `2 of 3 rows: on_hand < 5`, `errors = 73: errors > 50`, `id = 17: amount > 1000`.
pub(super) fn firing_summary(alert: &Alert, firing: &[&Judged], table: Option<&Table>) -> String {
    let rule = alert.when.text();
    match (table, firing) {
        (Some(table), [only]) if alert.key.is_empty() && table.len() > 1 && !alert.when.is_aggregate() => {
            format!("{} of {} rows: {rule}", only.evidence.len(), table.len())
        }
        (_, [only]) if alert.key.is_empty() => with_rule(&values(&only.values), rule),
        (_, [only]) => with_rule(&label(only), rule),
        (_, many) => format!("{}: {rule}", instances(many)),
    }
}

fn with_rule(what: &str, rule: &str) -> String {
    if what.is_empty() { rule.to_owned() } else { format!("{what}: {rule}") }
}

/// `sku = A-1` of an instance with a key.
pub(super) fn label(judged: &Judged) -> String {
    let pair = |(column, text): &(String, String)| format!("{column} = {}", clip(text));
    judged.labels.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// A flood in one line: `150 instances fire, 20 of them new (id = 1; id = 2; id = 3; and 17 more): amount > 1000`.
pub(super) fn digest(alert: &Alert, firing: usize, fresh: usize, told: &[&Judged]) -> String {
    let rule = alert.when.text();
    format!("{firing} instances fire, {fresh} of them new ({}): {rule}", named(told))
}

/// `3 instances (id = 1; id = 2; id = 3)`.
pub(super) fn instances(many: &[&Judged]) -> String {
    format!("{} instances ({})", many.len(), named(many))
}

/// `id = 1; id = 2; id = 3; and 17 more`.
fn named(many: &[&Judged]) -> String {
    let mut named: Vec<String> = many.iter().take(MOST_NAMED).map(|judged| label(judged)).collect();
    if many.len() > MOST_NAMED {
        named.push(format!("and {} more", many.len() - MOST_NAMED));
    }
    named.join("; ")
}

/// What was looked at when nothing fires.
fn calm(alert: &Alert, judged: &[&Judged], table: &Table) -> String {
    let rows = table.len();
    match judged {
        [only] if alert.key.is_empty() && (rows == 1 || alert.when.is_aggregate()) => values(&only.values),
        [_] if alert.key.is_empty() => format!("none of {rows} rows"),
        many => format!("none of {} instance{}", many.len(), if many.len() == 1 { "" } else { "s" }),
    }
}

/// `errors = 73, limit = 50`.
pub(super) fn values(values: &[(String, Value<'_>)]) -> String {
    let pair = |(text, value): &(String, Value<'_>)| format!("{text} = {}", shown(value));
    values.iter().take(MOST_NAMED).map(pair).collect::<Vec<_>>().join(", ")
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "NULL".into(),
        value => clip(&value.to_string()),
    }
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
