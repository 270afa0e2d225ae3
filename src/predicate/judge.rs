//! A table into instances: by row, by key, or as a whole.

use std::collections::HashMap;

use super::aggregate::aggregate;
use super::evaluate::Scope;
use super::expression::Reference;
use super::lookup::{key_position, position};
use super::operand::Operand;
use super::{Context, Instance, JudgeError, Judgement, Memory, Predicate, PredicateError, Verdict};
use crate::table::{Row, Table};
use crate::value::Value;

/// A row with its number, counted from 0.
type Numbered<'a> = (usize, Row<'a>);

/// One instance before it is judged: its key and its rows.
struct Group<'a> {
    key: String,
    labels: Vec<(String, String)>,
    rows: Vec<Numbered<'a>>,
}

pub(super) fn check_key(predicate: &Predicate, key: &[String]) -> Result<(), PredicateError> {
    let references = &predicate.parsed.references;
    if predicate.is_aggregate() {
        let in_key = |reference: &Reference| key.iter().any(|column| reference.names(column));
        return match references.iter().find(|reference| !reference.in_aggregate && !in_key(reference)) {
            None => Ok(()),
            Some(Reference { name, span, .. }) => {
                let problem =
                    format!("`{name}` must stand inside an aggregate, for the condition judges all rows at once");
                let hint = format!("write for example `max({name})`, or name `{name}` in `key`");
                Err(PredicateError::new(span.clone(), problem, Some(&hint)))
            }
        };
    }
    let row_bound = |reference: &&Reference| reference.in_previous && !reference.is_value();
    match references.iter().find(row_bound).filter(|_| key.is_empty()) {
        None => Ok(()),
        Some(Reference { name, span, .. }) => {
            let problem = format!("`previous` does not know which row of the last run `{name}` means");
            let hint = "add `key` to the alert, or write an aggregate such as `previous(sum(x))`";
            Err(PredicateError::new(span.clone(), problem, Some(hint)))
        }
    }
}

pub(super) fn judge(
    predicate: &Predicate,
    table: &Table,
    key: &[String],
    memory: &Memory,
    context: &Context<'_>,
) -> Result<Judgement, JudgeError> {
    check_key(predicate, key)?;
    let references = predicate.parsed.references.iter();
    let positions = references.map(|reference| position(table, reference)).collect::<Result<Vec<_>, _>>()?;
    let key_positions = key.iter().map(|name| key_position(table, name)).collect::<Result<Vec<_>, _>>()?;
    let rows: Vec<Numbered<'_>> = table.rows().enumerate().collect();
    if rows.is_empty() && !(predicate.is_aggregate() && key.is_empty()) {
        return Ok(Judgement { instances: Vec::new(), empty: true });
    }
    let columns = table.columns();
    let scope = Scope { predicate, context, columns, positions: &positions, row: None, aggregates: &[], previous: &[] };
    if key.is_empty() && !predicate.is_aggregate() {
        let instance = judge_rows(scope, &rows, memory)?;
        return Ok(Judgement { instances: vec![instance], empty: false });
    }
    let groups = match key.is_empty() {
        true => vec![Group { key: String::new(), labels: Vec::new(), rows }],
        false => groups(table, &key_positions, rows, predicate.is_aggregate())?,
    };
    let instances = groups.into_iter().map(|group| judge_group(scope, group, memory)).collect::<Result<_, _>>()?;
    Ok(Judgement { instances, empty: false })
}

/// The rows of each key, in the order in which keys first come.
fn groups<'a>(
    table: &Table,
    positions: &[usize],
    rows: Vec<Numbered<'a>>,
    shared: bool,
) -> Result<Vec<Group<'a>>, JudgeError> {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (number, row) in rows {
        let cells: Vec<Value<'_>> = positions.iter().map(|position| row.get(*position)).collect();
        let name = |index: usize| table.columns()[positions[index]].name.clone();
        if let Some(null) = cells.iter().position(Value::is_null) {
            let problem = format!("key column `{}` is NULL in row {}", name(null), number + 1);
            let hint = "leave such rows out in the SQL of the query, or take a key that is never NULL";
            return Err(JudgeError { span: None, problem, hint: Some(hint.into()) });
        }
        let texts: Vec<String> = cells.iter().map(Value::to_string).collect();
        let key = serde_json::to_string(&texts).expect("texts are JSON");
        match known.get(&key) {
            None => {
                known.insert(key.clone(), groups.len());
                let labels = texts.into_iter().enumerate().map(|(index, text)| (name(index), text)).collect();
                groups.push(Group { key, labels, rows: vec![(number, row)] });
            }
            Some(index) if shared => groups[*index].rows.push((number, row)),
            Some(index) => {
                let first = groups[*index].rows[0].0 + 1;
                let problem = format!("key {key} comes twice, in rows {first} and {}", number + 1);
                let hint = "name enough columns in `key` to tell the rows apart, or judge each key with an aggregate";
                return Err(JudgeError { span: None, problem, hint: Some(hint.into()) });
            }
        }
    }
    Ok(groups)
}

/// All rows as the one instance of an alert without key: firing when any row is.
fn judge_rows<'a>(scope: Scope<'a>, rows: &[Numbered<'a>], memory: &'a Memory) -> Result<Instance, JudgeError> {
    let parsed = &scope.predicate.parsed;
    if let (Some((_, span)), false) = (parsed.previous.first(), rows.len() == 1) {
        let problem = format!("`previous` needs one row to look back at, and the result has {}", rows.len());
        let hint = Some("add `key` to the alert, or write an aggregate such as `previous(sum(x))`".into());
        return Err(JudgeError { span: Some(span.clone()), problem, hint });
    }
    let previous = remembered(scope, memory, "");
    let (mut evidence, mut verdict) = (Vec::new(), Verdict::Ok);
    for (number, row) in rows {
        match (Scope { row: Some((*number, *row)), previous: &previous, ..scope }).verdict()? {
            Verdict::Firing => {
                evidence.push(*number);
                verdict = Verdict::Firing;
            }
            Verdict::Unknown if verdict == Verdict::Ok => verdict = Verdict::Unknown,
            Verdict::Unknown | Verdict::Ok => {}
        }
    }
    let shown = rows[evidence.first().copied().unwrap_or(0)];
    let here = Scope { row: Some(shown), previous: &previous, ..scope };
    Ok(Instance {
        key: String::new(),
        labels: Vec::new(),
        verdict,
        evidence,
        values: values(here),
        remember: remember(here)?,
    })
}

/// One key, or all rows at once under an aggregate.
fn judge_group<'a>(scope: Scope<'a>, group: Group<'a>, memory: &'a Memory) -> Result<Instance, JudgeError> {
    let parsed = &scope.predicate.parsed;
    let calls = parsed.aggregates.iter().map(|call| aggregate(scope, call, &group.rows));
    let aggregates = calls.collect::<Result<Vec<_>, _>>()?;
    let previous = remembered(scope, memory, &group.key);
    let here = Scope { row: group.rows.first().copied(), aggregates: &aggregates, previous: &previous, ..scope };
    let evidence =
        if aggregates.is_empty() { group.rows.iter().map(|(number, _)| *number).collect() } else { Vec::new() };
    Ok(Instance {
        key: group.key,
        labels: group.labels,
        verdict: here.verdict()?,
        evidence,
        values: values(here),
        remember: remember(here)?,
    })
}

/// What the instance remembers of its last run; NULL for what it does not.
fn remembered<'a>(scope: Scope<'a>, memory: &'a Memory, key: &str) -> Vec<Operand<'a>> {
    let values = memory.get(key).map_or(&[][..], Vec::as_slice);
    let count = scope.predicate.remembers();
    (0..count).map(|index| values.get(index).map_or(Operand::Null, |value| Operand::of(value.clone()))).collect()
}

fn remember(scope: Scope<'_>) -> Result<Vec<Value<'static>>, JudgeError> {
    let expressions = scope.predicate.parsed.previous.iter();
    expressions.map(|(expression, _)| Ok(scope.evaluate(expression)?.into_value().into_owned())).collect()
}

/// What was compared: aggregates, or the columns of the row at hand; then what was remembered.
fn values(scope: Scope<'_>) -> Vec<(String, Value<'static>)> {
    let parsed = &scope.predicate.parsed;
    let mut values: Vec<(String, Value<'static>)> = Vec::new();
    let text = |span: &std::ops::Range<usize>| scope.predicate.text[span.clone()].to_owned();
    for (call, operand) in parsed.aggregates.iter().zip(scope.aggregates) {
        values.push((text(&call.span), operand.clone().into_value().into_owned()));
    }
    if parsed.aggregates.is_empty() {
        for (index, reference) in parsed.references.iter().enumerate() {
            if !values.iter().any(|(name, _)| reference.names(name)) {
                values.push((reference.name.clone(), scope.cell(index).into_owned()));
            }
        }
    }
    for ((_, span), operand) in parsed.previous.iter().zip(scope.previous) {
        values.push((text(span), operand.clone().into_value().into_owned()));
    }
    values
}

#[cfg(test)]
mod tests {
    use crate::predicate::cases::judge;
    use crate::predicate::{Instance, Memory, Predicate, Verdict};
    use crate::table::Table;
    use crate::value::{Interval, Value};

    use Verdict::{Firing, Ok as Fine, Unknown};

    fn text(text: &str) -> Value<'static> {
        Value::Text(text.to_owned().into())
    }

    fn decimal(text: &'static str) -> Value<'static> {
        Value::Decimal(text.into())
    }

    /// Orders: id, country, amount.
    fn orders() -> Table {
        let rows = [
            vec![Value::Int(17), text("KR"), decimal("1500.50")],
            vec![Value::Int(18), text("US"), decimal("20")],
            vec![Value::Int(19), text("KR"), Value::Null],
            vec![Value::Int(20), text("US"), decimal("2000")],
        ];
        Table::of(&["id", "country", "amount"], &rows)
    }

    fn instances(when: &str, table: &Table, key: &[&str]) -> Vec<Instance> {
        judge(when, table, key, &Memory::new()).unwrap_or_else(|error| panic!("{when}: {error}")).instances
    }

    fn named(values: &[(&str, Value<'static>)]) -> Vec<(String, Value<'static>)> {
        values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn without_a_key_any_true_row_fires() {
        let cases: [(&str, Verdict, &[usize]); 4] = [
            ("amount > 1000", Firing, &[0, 3]),
            ("amount > 5000", Unknown, &[]),
            ("id > 5000", Fine, &[]),
            ("country = 'US' and amount < 1000", Firing, &[1]),
        ];
        for (when, verdict, evidence) in cases {
            let [one] = &instances(when, &orders(), &[])[..] else { panic!("{when}") };
            assert_eq!((one.key.as_str(), one.verdict, &one.evidence[..]), ("", verdict, evidence), "{when}");
        }
        let [one] = &instances("amount < 1000 and AMOUNT < 900", &orders(), &[])[..] else { panic!("one") };
        assert_eq!(one.values, named(&[("amount", decimal("20"))]));
    }

    #[test]
    fn with_a_key_every_row_is_an_instance() {
        let all = instances("amount > 1000", &orders(), &["ID", "country"]);
        let keys: Vec<_> = all.iter().map(|one| (one.key.as_str(), one.verdict, one.evidence.as_slice())).collect();
        let expected: [(&str, Verdict, &[usize]); 4] = [
            (r#"["17","KR"]"#, Firing, &[0]),
            (r#"["18","US"]"#, Fine, &[1]),
            (r#"["19","KR"]"#, Unknown, &[2]),
            (r#"["20","US"]"#, Firing, &[3]),
        ];
        assert_eq!(keys, expected);
        assert_eq!(all[0].labels, [("id".to_owned(), "17".to_owned()), ("country".to_owned(), "KR".to_owned())]);
        assert_eq!(all[0].values, named(&[("amount", decimal("1500.50"))]));
    }

    #[test]
    fn a_key_that_does_not_tell_rows_apart_is_an_error() {
        let fails = |key: &[&str]| judge("amount > 1", &orders(), key, &Memory::new()).expect_err("a key").problem;
        assert_eq!(fails(&["country"]), r#"key ["KR"] comes twice, in rows 1 and 3"#);
        assert_eq!(fails(&["amount"]), "key column `amount` is NULL in row 3");
        assert!(fails(&["ids"]).contains("has no column `ids`; it has `id`, `country`, `amount`"));
        let one = Table::of(&["n"], &[vec![Value::Int(1)]]);
        let error = judge("n > 1", &one, &["value"], &Memory::new()).expect_err("no such key").problem;
        assert_eq!(error, "the result has no key column `value`");
    }

    #[test]
    fn an_aggregate_judges_all_rows_at_once() {
        let cases = [
            ("count(*) = 4 and count(amount) = 3 and count(distinct country) = 2", Firing),
            ("sum(amount) = 3520.50 and avg(amount) = 1173.5 and min(amount) = 20 and max(amount) = 2000", Firing),
            ("min(country) = 'KR' and max(country) = 'US'", Firing),
            ("first(id) = 17 and last(id) = 20 and first(amount) = 1500.5", Firing),
            ("sum(amount * 2) = 2 * sum(amount)", Firing),
            ("avg(id) = 18.5", Firing),
            ("count(*) > 4", Fine),
            ("sum(amount) > null", Unknown),
        ];
        for (when, verdict) in cases {
            let [one] = &instances(when, &orders(), &[])[..] else { panic!("{when}") };
            assert_eq!((one.verdict, one.evidence.len()), (verdict, 0), "{when}");
        }
        let [one] = &instances("sum(amount) > 1 and sum( AMOUNT ) > avg(id)", &orders(), &[])[..] else {
            panic!("one")
        };
        assert_eq!(one.values, named(&[("sum(amount)", decimal("3520.50")), ("avg(id)", decimal("18.5"))]));
    }

    #[test]
    fn an_aggregate_without_a_key_judges_no_row_too() {
        let none = Table::of(&["amount"], &[]);
        let cases = [
            ("count(*) = 0", Firing),
            ("count(amount) = 0 and count(distinct amount) = 0", Firing),
            ("sum(amount) > 0", Unknown),
            ("coalesce(sum(amount), 0) > 0", Fine),
            ("avg(amount) is null and min(amount) is null and first(amount) is null and last(amount) is null", Firing),
        ];
        for (when, verdict) in cases {
            let judgement = judge(when, &none, &[], &Memory::new()).expect(when);
            assert_eq!((judgement.empty, judgement.instances[0].verdict), (false, verdict), "{when}");
        }
        for (when, key) in [("amount > 1", &[][..]), ("amount > 1", &["amount"]), ("count(*) > 1", &["amount"])] {
            let judgement = judge(when, &none, key, &Memory::new()).expect(when);
            assert_eq!((judgement.empty, judgement.instances.len()), (true, 0), "{when}");
        }
    }

    #[test]
    fn an_aggregate_with_a_key_judges_the_rows_of_each_key() {
        let all = instances("sum(amount) > 1800 and country <> 'XX' and count(*) = 2", &orders(), &["country"]);
        let keys: Vec<_> = all.iter().map(|one| (one.key.as_str(), one.verdict)).collect();
        assert_eq!(keys, [(r#"["KR"]"#, Fine), (r#"["US"]"#, Firing)]);
        assert_eq!(all[1].values, named(&[("sum(amount)", decimal("2020")), ("count(*)", Value::Int(2))]));
    }

    #[test]
    fn aggregates_are_exact_and_leave_null_and_nan_out() {
        let rows = [
            vec![Value::UInt(u64::MAX), Value::Float(0.1), decimal("NaN"), Value::Int(1), interval(1)],
            vec![Value::UInt(u64::MAX), Value::Float(0.2), decimal("1.0"), decimal("1.00"), Value::Null],
            vec![Value::Int(1), Value::Float(f64::NAN), decimal("2"), Value::Float(1.0), interval(4)],
        ];
        let table = Table::of(&["u", "f", "d", "same", "lag"], &rows);
        let cases = [
            "sum(u) = 36893488147419103231",
            "sum(f) = 0.30000000000000004 and count(f) = 2",
            "count(d) = 2 and sum(d) = 3 and avg(d) = 1.5",
            "count(distinct same) = 1 and count(distinct u) = 2",
            "sum(lag) = interval '5 days' and avg(lag) = interval '2 days 12 hours'",
            "max(lag) = interval '4 days' and max(lag) > min(lag)",
        ];
        for when in cases {
            assert_eq!(instances(when, &table, &[])[0].verdict, Firing, "{when}");
        }
        assert_eq!(instances("sum(f) > 0", &table, &[])[0].values, named(&[("sum(f)", Value::Float(0.1 + 0.2))]));
    }

    fn interval(days: i32) -> Value<'static> {
        Value::Interval(Interval { months: 0, days, micros: 0 })
    }

    #[test]
    fn what_an_aggregate_cannot_take_names_the_row() {
        let table = Table::of(&["x"], &[vec![Value::Int(1)], vec![text("a")]]);
        let cases = [
            ("sum(x) > 1", "column `x` holds the text `a`, where a number is needed (in `sum(x)`, row 2)"),
            (
                "max(x) > 1",
                "column `x` holds the text `a`, which cannot be compared with the integer `1` of another row (in `max(x)`, row 2)",
            ),
            ("count(1 / (x - 1)) > 1", "`(x - 1)` is zero, and there is no division by zero (in `1 / (x - 1)`, row 1)"),
        ];
        for (when, problem) in cases {
            assert_eq!(judge(when, &table, &[], &Memory::new()).expect_err(when).problem, problem);
        }
    }

    #[test]
    fn a_column_beside_an_aggregate_must_be_in_the_key() {
        let fails = |when: &str, key: &[&str]| {
            let key: Vec<String> = key.iter().map(|column| (*column).to_owned()).collect();
            Predicate::parse(when)
                .expect(when)
                .check_key(&key)
                .err()
                .map(|error| (when[error.span].to_owned(), error.problem))
        };
        let (at, problem) = fails("sum(x) > y", &[]).expect("an error");
        assert_eq!((at.as_str(), problem.contains("`y` must stand inside an aggregate")), ("y", true));
        assert_eq!(fails("sum(x) > y", &["Y"]), None);
        assert!(fails("sum(x) > previous(x)", &[]).is_some() && fails("x > avg(x)", &["id"]).is_some());
        let (at, problem) = fails("x > previous(x)", &[]).expect("an error");
        assert_eq!((at.as_str(), problem.contains("which row")), ("x", true));
        assert_eq!(fails("x > previous(x)", &["id"]), None);
        assert_eq!(fails("value > previous(value)", &[]), None);
        assert!(judge("sum(amount) > id", &orders(), &[], &Memory::new()).is_err());
    }

    #[test]
    fn previous_is_what_the_last_run_remembered() {
        let when = "sum(amount) < 0.8 * previous(sum(amount))";
        let predicate = Predicate::parse(when).expect("reads");
        assert_eq!((predicate.remembers(), predicate.is_aggregate()), (1, true));
        let run = |last: Option<Value<'static>>| {
            let memory: Memory = last.into_iter().map(|value| (String::new(), vec![value])).collect();
            judge(when, &orders(), &[], &memory).expect("judged").instances.remove(0)
        };
        assert_eq!(run(None).verdict, Unknown);
        assert_eq!(run(None).remember, [decimal("3520.50")]);
        assert_eq!(run(Some(decimal("4400.626"))).verdict, Firing);
        assert_eq!(run(Some(decimal("4400.625"))).verdict, Fine);
        assert_eq!(run(Some(Value::Int(3520))).verdict, Fine);
        let values = named(&[("sum(amount)", decimal("3520.50")), ("previous(sum(amount))", Value::Int(3520))]);
        assert_eq!(run(Some(Value::Int(3520))).values, values);
    }

    #[test]
    fn each_key_remembers_for_itself() {
        let memory: Memory = [(r#"["17"]"#, 1000), (r#"["20"]"#, 3000)]
            .into_iter()
            .map(|(key, last)| (key.to_owned(), vec![Value::Int(last), Value::Null]))
            .collect();
        let when = "amount > previous(amount) or id = previous( country ) and previous(AMOUNT) is null";
        let judgement = judge(when, &orders(), &["id"], &memory);
        assert_eq!(Predicate::parse(when).expect("reads").remembers(), 2);
        let verdicts: Vec<_> =
            judgement.expect("judged").instances.into_iter().map(|one| (one.verdict, one.remember)).collect();
        let expected = [
            (Firing, vec![decimal("1500.50"), text("KR")]),
            (Unknown, vec![decimal("20"), text("US")]),
            (Unknown, vec![Value::Null, text("KR")]),
            (Fine, vec![decimal("2000"), text("US")]),
        ];
        assert_eq!(verdicts, expected);
    }

    #[test]
    fn value_is_the_only_column() {
        let one = Table::of(&["errors"], &[vec![Value::Int(51)]]);
        let [instance] = &instances("value > 50 and VALUE < 60", &one, &[])[..] else { panic!("one") };
        assert_eq!((instance.verdict, &instance.values), (Firing, &named(&[("value", Value::Int(51))])));
        let memory: Memory = [(String::new(), vec![Value::Int(50)])].into();
        let judged = judge("value > previous(value)", &one, &[], &memory).expect("judged");
        assert_eq!((judged.instances[0].verdict, &judged.instances[0].remember[..]), (Firing, &[Value::Int(51)][..]));
        assert!(judge("\"value\" > 1", &one, &[], &Memory::new()).is_err());
        let real = Table::of(&["value", "other"], &[vec![Value::Int(1), Value::Int(2)]]);
        assert_eq!(instances("value = 1 and sum(value) = 1", &real, &["value"])[0].verdict, Firing);
        let two = Table::of(&["n"], &[vec![Value::Int(1)], vec![Value::Int(2)]]);
        let error = judge("value > previous(value)", &two, &[], &Memory::new()).expect_err("two rows");
        assert_eq!(error.problem, "`previous` needs one row to look back at, and the result has 2");
    }

    #[test]
    fn ten_thousand_rows_are_judged_one_by_one() {
        let rows: Vec<Vec<Value<'_>>> = (0..10_000).map(|n| vec![Value::Int(n), decimal("999.99")]).collect();
        let table = Table::of(&["n", "amount"], &rows);
        assert_eq!(instances("n >= 9990 and amount > 999.98", &table, &[])[0].evidence.len(), 10);
        assert_eq!(instances("n >= 9990", &table, &["n"]).len(), 10_000);
    }
}
