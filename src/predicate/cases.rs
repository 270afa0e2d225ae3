//! Cases of the language as a whole: what is refused at load, what is true, and what is an error on a row.

use jiff::tz::TimeZone;
use proptest::prelude::{ProptestConfig, any, prop, proptest};

use super::{Context, JudgeError, Judgement, Memory, Predicate, Verdict};
use crate::table::Table;
use crate::value::{Array, Date, Interval, Time, Timestamp, Value};

use Verdict::{Firing, Ok as Fine, Unknown};

/// Friday, 2026-11-20 12:00 in Seoul.
const NOW: &str = "2026-11-20T03:00:00Z";

pub(super) fn judge(when: &str, table: &Table, key: &[&str], memory: &Memory) -> Result<Judgement, JudgeError> {
    let zone = TimeZone::get("Asia/Seoul").expect("a zone");
    let context = Context { now: NOW.parse().expect("an instant"), zone: &zone };
    let key: Vec<String> = key.iter().map(|column| (*column).to_owned()).collect();
    let predicate = Predicate::parse(when).unwrap_or_else(|error| panic!("{when}: {error}"));
    predicate.judge(table, &key, memory, &context)
}

fn text(text: &str) -> Value<'static> {
    Value::Text(text.to_owned().into())
}

fn decimal(text: &'static str) -> Value<'static> {
    Value::Decimal(text.into())
}

fn day(year: i32, month: u32, day: u32) -> Value<'static> {
    Value::Date(Date::from_civil(year, month, day).expect("a date"))
}

fn timestamp(text: &str, offset: Option<i32>) -> Value<'static> {
    let micros = format!("{text}Z").parse::<jiff::Timestamp>().expect("an instant").as_microsecond();
    Value::Timestamp(Timestamp::new(micros, offset))
}

/// A row with a value of every kind.
fn row() -> Table {
    let cells = [
        ("n", Value::Null),
        ("yes", Value::Bool(true)),
        ("i", Value::Int(7)),
        ("big", Value::Int(9_007_199_254_740_993)),
        ("u", Value::UInt(u64::MAX)),
        ("d", decimal("1234.50")),
        ("nan", decimal("NaN")),
        ("inf", decimal("Infinity")),
        ("f", Value::Float(0.7)),
        ("r", Value::Real(0.7)),
        ("fnan", Value::Float(f64::NAN)),
        ("fbig", Value::Float(9_007_199_254_740_992.0)),
        ("status", text("paid")),
        ("digits", text("10")),
        ("iso", text("2026-11-18 09:00:00")),
        ("b", Value::Bytes(vec![1, 2].into())),
        ("date", day(2026, 11, 20)),
        ("at", timestamp("2026-11-20T09:30:00", None)),
        ("atz", timestamp("2026-11-20T00:30:00", Some(0))),
        ("t", Value::Time(Time::new(9 * 3_600_000_000, None))),
        ("lag", Value::Interval(Interval { months: 0, days: 1, micros: 3_600_000_000 })),
        ("j", Value::Json("{}".into())),
        ("tags", Value::Array(std::borrow::Cow::Owned(Array { dimensions: vec![], items: vec![] }))),
        ("Mixed Case", Value::Int(1)),
        ("twin", Value::Int(1)),
        ("twin", Value::Int(2)),
    ];
    let (names, values): (Vec<&str>, Vec<Value<'_>>) = cells.into_iter().unzip();
    Table::of(&names, &[values])
}

fn verdict(when: &str) -> Verdict {
    let judgement = judge(when, &row(), &[], &Memory::new()).unwrap_or_else(|error| panic!("{when}: {error}"));
    judgement.instances[0].verdict
}

#[test]
fn true_conditions_are_true_and_their_contraries_false() {
    let cases = [
        "i = 7",
        "I = 7",
        "\"i\" = 7",
        "\"Mixed Case\" = 1",
        "i <> 8 and i != 8 and i < 8 and i <= 7 and i > 6 and i >= 7",
        "big > fbig",
        "big = 9007199254740993",
        "u > 18446744073709551614",
        "u + 1 = 18446744073709551616",
        "d = 1234.5 and d > 1234 and d < 1234.51",
        "d * 2 = 2469",
        "inf > 1e300 and -inf < -1e300 and inf = inf",
        "f = 0.7 and f >= 0.7 and r >= 0.7 and f = r",
        "f < 1 and f > 0",
        "i / 2 = 3.5",
        "i % 4 = 3 and -i % 4 = -3",
        "1 + 2 * 3 = 7 and (1 + 2) * 3 = 9 and 10 - 4 - 3 = 3",
        "- i = -7 and - -i = 7 and +i = 7",
        "not i = 8",
        "i = 8 or i = 7 and yes",
        "yes",
        "yes = true and yes is true and yes is not false",
        "n is null and i is not null and nan is null and fnan is null",
        "(n = 1) is not true and (n = 1) is not false",
        "i between 7 and 7 and i not between 8 and 9",
        "i in (1, 7) and i not in (1, 2) and i in (7, null)",
        "status in ('open', 'paid') and status = 'paid' and status <> 'Paid'",
        "status like 'p%' and status not like 'P%' and status like '__id'",
        "lower('AB') = 'ab' and upper(status) = 'PAID' and length(status) = 4 and length('주문') = 2",
        "abs(-i) = 7 and abs(-1.5) = 1.5",
        "coalesce(n, nan, 3) = 3 and coalesce(n) is null",
        "n is distinct from 1 and n is not distinct from null and i is not distinct from 7.0",
        "'it''s' = 'it''s'",
        "'a' < 'b' and 'Z' < 'a' and '가' < '나'",
        "date = date '2026-11-20' and date > date '2026-11-19'",
        "date = '2026-11-20' and date < '2026-11-20 00:00:01'",
        "date = timestamp '2026-11-20' and date < at",
        "at = atz and at = timestamp '2026-11-20 00:30:00Z' and atz = '2026-11-20T09:30:00+09:00'",
        "iso = timestamp '2026-11-18 09:00' and iso < date and iso < now()",
        "age(iso) = interval '2 days 3 hours' and age(iso) > interval '2 days'",
        "age(date) = interval '12 hours' and age(at) = interval '02:30' and age(atz) = age(at)",
        "age(date '2026-11-18') between interval '2 days' and '3 days'",
        "now() - at = interval '02:30' and now() > at",
        "now() = timestamp '2026-11-20 12:00+09' and now() = timestamp '2026-11-20 12:00'",
        "date + interval '1 day' = date '2026-11-21' and date - interval '1 month' = date '2026-10-20'",
        "date + 3 = date '2026-11-23' and date - 3 = '2026-11-17' and date - date '2026-11-10' = 10",
        "at - interval 90 minute = timestamp '2026-11-20 08:00' and interval '90' minute = interval '01:30'",
        "lag = interval '25 hours' and lag > interval '1 day' and lag < '2 days' and -lag < lag",
        "lag + lag = interval '50 hours' and lag * 2 = 2 * lag and lag - lag = interval '0 days'",
        "interval '1 month' = interval '30 days' and interval '1 year' > interval '359 days'",
        "t = '09:00' and t < interval '10 hours'",
        "b = b and length(b) = 2",
        "tags is not null and j is not null",
        "date '2026-01-31' + interval '1 month' = '2026-02-28'",
        "1e3 = 1000 and .5 = 0.5 and 1. = 1",
        "NOT (I = 8) AND Status LIKE 'p%' -- a comment\n",
        "1 = 1 or i = 'x'",
        "not (1 = 2 and i = 'x')",
        "170141183460469231731687303715884105727 + 1 = 170141183460469231731687303715884105728",
        "0.1 + 0.2 = 0.3",
        "1 / 3 * 3 < 1 and 1 / 4 * 4 = 1",
    ];
    for when in cases {
        assert_eq!(verdict(when), Firing, "{when}");
        assert_eq!(verdict(&format!("not ({when})")), Fine, "{when}");
    }
}

#[test]
fn null_is_neither_true_nor_false() {
    let unknown = [
        "n = 1",
        "n = n",
        "nan > 1",
        "fnan = fnan",
        "not n = 1",
        "n",
        "n + 1 > 0",
        "- n > 0",
        "n and true",
        "n or false",
        "i in (1, n)",
        "i not in (1, null)",
        "n in (1)",
        "n between 1 and 2",
        "i between n and 9",
        "n like 'a'",
        "lower(n) = 'a'",
        "age(n) > interval '1 day'",
        "null",
        "inf - inf = 0",
        "nan = 'text'",
    ];
    for when in unknown {
        assert_eq!(verdict(when), Unknown, "{when}");
    }
    for when in ["n = 1 and i = 8", "i = 8 and n = 1", "i between n and 1", "(n = 1) is true", "i is null"] {
        assert_eq!(verdict(when), Fine, "{when}");
    }
    for when in ["n = 1 or i = 7", "i = 7 or n = 1", "i not between n and 1"] {
        assert_eq!(verdict(when), Firing, "{when}");
    }
}

#[test]
fn the_truth_tables_are_those_of_sql() {
    let words = [("true", Some(true)), ("false", Some(false)), ("null", None)];
    let shown = |truth: Option<bool>| truth.map_or(Unknown, |truth| if truth { Firing } else { Fine });
    for (a, x) in words {
        assert_eq!(verdict(&format!("not {a}")), shown(x.map(|x| !x)));
        for (b, y) in words {
            let and = if x == Some(false) || y == Some(false) { Some(false) } else { x.and(y) };
            let or = if x == Some(true) || y == Some(true) { Some(true) } else { x.and(y) };
            assert_eq!(verdict(&format!("{a} and {b}")), shown(and), "{a} and {b}");
            assert_eq!(verdict(&format!("{a} or {b}")), shown(or), "{a} or {b}");
            assert_eq!(verdict(&format!("{a} is distinct from {b}")), shown(Some(x != y)), "{a} {b}");
        }
    }
}

#[test]
fn what_is_outside_the_language_is_pointed_at() {
    let cases = [
        ("", "", "is empty", ""),
        ("amount >", "", "ends too early", ""),
        ("(amount > 1", "", "`)` is missing before the end of the condition", ""),
        ("amount > 1)", ")", "`)` is not expected here", ""),
        ("amount", "", "", ""),
        ("amount + 1", "amount + 1", "is a number, where something true or false is needed", "compare it"),
        ("status = 'a' or 'b'", "'b'", "is a text, where", ""),
        ("not 3", "3", "is a number", ""),
        ("now()", "now()", "is a timestamp", ""),
        ("amount == 1", "=", "`=` is not expected", "one `=`"),
        ("1 < x < 5", "<", "cannot be chained", "between"),
        ("a = 1 && b = 2", "&", "`&` is not expected", "`and`"),
        ("!a", "!", "a value is missing before `!`", "`not`"),
        ("amount > 1;", ";", "`;` is not expected", ""),
        ("amount::int > 1", "::", "`::` is not expected", "cast in the SQL"),
        ("a || b = 'x'", "||", "`||` is not expected", ""),
        ("o.amount > 1", ".", "`.` is not expected", "name the column alone"),
        ("`amount` > 1", "`", "a value is missing before", "\"name\""),
        ("amount > :limit", ":limit", "is a parameter", ""),
        ("amount > {{ limit }}", "{{", "a value is missing before", "templates"),
        ("sume(x) > 1", "sume", "no function `sume`", "did you mean `sum`?"),
        ("extract(day from x) = 1", "extract", "no function `extract`", "coalesce, abs"),
        ("case when a then b end", "case", "`case` is not understood", "SQL of the query"),
        ("cast(a as int) = 1", "cast", "`cast` is not understood", ""),
        ("a > current_date", "current_date", "`current_date` is not understood", "now()"),
        ("a = E'x'", "E'x'", "is not understood", "single quotes"),
        ("a = $$x$$", "$$x$$", "is not understood", ""),
        ("a = 'x", "'", "this string is not closed", ""),
        ("a = 10k", "10k", "`10k` is not a number", ""),
        ("a = 0x1F", "0x1F", "is not a number", ""),
        ("a > date '2026-02-30'", "'2026-02-30'", "is no date", "2026-11-20"),
        ("a > timestamp 'noon'", "'noon'", "is no timestamp", ""),
        ("a > interval '2 moons'", "'2 moons'", "is no length of time", "2 days 3 hours"),
        ("a is 3", "3", "`is` cannot be followed by `3`", "is null"),
        ("a is distinct 3", "3", "`from` is missing", ""),
        ("a between 1 or 2", "or", "`and` is missing", ""),
        ("a in ()", ")", "a value is missing before `)`", ""),
        ("a ilike 'x'", "ilike", "`ilike` is not expected", "lower(x)"),
        ("(a, b) = (1, 2)", ",", "rows of several values", ""),
        ("sum(max(x)) > 1", "max", "inside another aggregate", ""),
        ("sum(distinct x) > 1", "distinct", "in `count` only", ""),
        ("count() > 1", "count()", "takes one column", "count(*)"),
        ("sum(*) > 1", "sum(*", "takes one column", ""),
        ("now(1) > a", "now(1)", "takes no argument", ""),
        ("age(a, b) > interval '1 day'", "age(a, b)", "takes one argument", ""),
        ("coalesce() = 1", "coalesce()", "at least one", ""),
        ("previous(previous(x)) > 1", "previous", "inside `previous`", ""),
        ("sum(previous(x)) > 1", "previous", "inside an aggregate", ""),
        ("and", "and", "a value is missing before `and`", "\"name\""),
    ];
    for (when, at, problem, hint) in cases {
        match Predicate::parse(when) {
            Ok(_) => assert_eq!(problem, "", "{when}"),
            Err(error) => {
                assert_eq!(when.get(error.span.clone()), Some(at), "{when}: {error}");
                assert!(!problem.is_empty() && error.problem.contains(problem), "{when}: {error}");
                assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{when}: {:?}", error.hint);
            }
        }
    }
}

#[test]
fn columns_called_like_words_of_the_language_are_columns() {
    let predicate =
        Predicate::parse("date > timestamp and count = 1 and \"in\" = interval and value > 2").expect("reads");
    let columns: Vec<&str> = predicate.columns().into_iter().map(|(name, _)| name).collect();
    assert_eq!(columns, ["date", "timestamp", "count", "in", "interval"]);
    assert_eq!(predicate.columns()[3].1, 35..39);
}

#[test]
fn what_a_row_does_not_allow_names_the_column_the_value_and_the_row() {
    let cases = [
        (
            "status > 3",
            "status > 3",
            "column `status` holds the text `paid`, which cannot be compared with the integer `3` (in `status > 3`, row 1)",
        ),
        (
            "3 < status",
            "3 < status",
            "column `status` holds the text `paid`, which cannot be compared with the integer `3`",
        ),
        ("digits = 10", "digits = 10", "column `digits` holds the text `10`, which cannot"),
        (
            "i = 'seven'",
            "i = 'seven'",
            "column `i` holds the integer `7`, which cannot be compared with the text `seven`",
        ),
        (
            "d > status",
            "d > status",
            "column `d` holds the decimal `1234.50` and column `status` holds the text `paid`, which cannot be compared (in",
        ),
        ("lower(status) > 1", "lower(status) > 1", "`lower(status)` gives the text `paid`, which"),
        ("i = true", "i = true", "cannot be compared with the boolean `true`"),
        ("i and yes", "i", "column `i` holds the integer `7`, where true or false is needed"),
        ("j = '{}'", "j = '{}'", "column `j` holds the json `{}`, which"),
        ("date > 5", "date > 5", "column `date` holds the date `2026-11-20`, which"),
        ("status > date", "status > date", "column `date` holds the date `2026-11-20`, which cannot be compared"),
        ("lag > 5", "lag > 5", "column `lag` holds the interval `1 day 01:00:00`"),
        ("i in (1, 'x')", "i in (1, 'x')", "column `i` holds"),
        ("i like '7'", "i like '7'", "column `i` holds the integer `7`, where a text is needed"),
        ("abs(status) > 1", "abs(status)", "column `status` holds the text `paid`, where a number is needed"),
        ("length(i) > 1", "length(i)", "where a text is needed"),
        ("age(status) > interval '1 day'", "age(status)", "column `status` holds the text `paid`, which is no date"),
        ("age(i) > interval '1 day'", "age(i)", "column `i` holds the integer `7`, which is no date"),
        ("i + status > 1", "i + status", "there is no arithmetic between them"),
        ("- status = 1", "- status", "where a number is needed"),
        ("1 / (i - 7) > 1", "1 / (i - 7)", "`(i - 7)` is zero, and there is no division by zero"),
        ("i % 0 = 1", "i % 0", "`0` is zero"),
        ("date + interval '170000000 years' > date", "date + interval '170000000 years'", "out of range"),
        ("now() - at > 5", "now() - at > 5", "`now() - at` gives the interval `02:30:00`, which"),
        (
            "date - (-170141183460469231731687303715884105727 - 1) > date",
            "date - (-170141183460469231731687303715884105727 - 1)",
            "out of range",
        ),
        ("amount > 1", "amount", "the result has no column `amount`; it has `n`, `yes`, `i`"),
        ("twin = 1", "twin", "`twin` is the name of several columns"),
        ("value = 1", "value", "`value` names the only column of a result, and this one has `n`"),
        ("\"I\" = 1", "\"I\"", "the result has no column `I`"),
    ];
    for (when, at, problem) in cases {
        let error = judge(when, &row(), &[], &Memory::new()).expect_err(when);
        assert_eq!(error.span.clone().map(|span| &when[span]), Some(at), "{when}: {error}");
        assert!(error.problem.contains(problem), "{when}: {error}");
    }
    for when in ["iso > interval '1 day'", "interval '1 day' < date", "at > interval '1 day'"] {
        let error = judge(when, &row(), &[], &Memory::new()).expect_err(when);
        assert_eq!(error.hint.as_deref(), Some("how long ago a moment was is `age(..)` of it"), "{when}");
    }
    let near = judge("statsu = 'a'", &row(), &[], &Memory::new()).expect_err("near");
    assert_eq!(near.hint.as_deref(), Some("did you mean `status`?"));
    let long = Table::of(&["note"], &[vec![text("a\n")], vec![text(&"x".repeat(100))]]);
    let error = judge("note = 'b' or note > 1", &long, &[], &Memory::new()).expect_err("text").problem;
    assert!(error.contains(r"the text `a\n`") && error.contains("row 1"), "{error}");
    let error = judge("note = 'a\n' or note > 1", &long, &[], &Memory::new()).expect_err("text").problem;
    assert!(error.contains(&format!("`{}..`", "x".repeat(60))) && error.contains("row 2"), "{error}");
}

#[test]
fn names_that_differ_in_case_only_are_told_apart_by_quotes() {
    let table = Table::of(&["Amount", "AMOUNT"], &[vec![Value::Int(1), Value::Int(2)]]);
    let verdict = |when: &str| judge(when, &table, &[], &Memory::new()).map(|judgement| judgement.instances[0].verdict);
    assert_eq!(verdict("\"Amount\" = 1 and \"AMOUNT\" = 2 and Amount = 1"), Ok(Firing));
    assert!(verdict("amount = 1").expect_err("two").problem.contains("several columns"));
}

#[test]
fn nesting_is_bounded_and_chains_are_not() {
    for deep in ["(".repeat(100_000), "not ".repeat(100_000), "- ".repeat(100_000), "abs(".repeat(100_000)] {
        let error = Predicate::parse(&format!("{deep}1")).expect_err("deep");
        assert!(error.problem.contains("200 levels"), "{error}");
    }
    let sum = format!("1{} > 0", " + 1".repeat(10_000));
    assert!(Predicate::parse(&sum).expect_err("deep").problem.contains("200 levels"));
    for operator in ["and", "or"] {
        let chain = vec!["i = 7"; 10_000].join(&format!(" {operator} "));
        assert_eq!(verdict(&chain), Firing);
    }
    let list = format!("i in ({}7)", "1, ".repeat(10_000));
    assert_eq!(verdict(&list), Firing);
    assert_eq!(verdict(&format!("{}i{} = 7", "(".repeat(190), ")".repeat(190))), Firing);
    assert_eq!(verdict(&format!("i{} > 0", " + i".repeat(190))), Firing);
    assert_eq!(verdict(&format!("{} i = 7", "not ".repeat(190))), Firing);
}

const PARTS: &[&str] = &[
    "i",
    "status",
    "value",
    "7",
    "'a'",
    "null",
    "true",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "<>",
    "<",
    ">=",
    "and",
    "or",
    "not",
    "is",
    "in",
    "between",
    "like",
    "distinct",
    "from",
    "sum(",
    "count(*)",
    "previous(",
    "age(",
    "now()",
    "date '2026-01-01'",
    "interval '1 day'",
    "coalesce(",
    "at",
    "lag",
    "n",
    "d",
    "f",
    "\"x",
    "'",
    ":",
    ";",
    "first(",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_read_or_refused_inside_itself(text in any::<String>()) {
        if let Err(error) = Predicate::parse(&text) {
            assert!(text.get(error.span).is_some());
        }
    }

    #[test]
    fn any_condition_is_judged_or_refused(parts in prop::collection::vec(prop::sample::select(PARTS), 1..12)) {
        let when = parts.join(" ");
        let zone = TimeZone::UTC;
        let context = Context { now: NOW.parse().expect("an instant"), zone: &zone };
        match Predicate::parse(&when) {
            Err(error) => assert!(when.get(error.span).is_some()),
            Ok(predicate) => {
                for key in [vec![], vec!["i".to_owned()]] {
                    if let Err(error) = predicate.judge(&row(), &key, &Memory::new(), &context) {
                        assert!(error.span.is_none_or(|span| when.get(span).is_some()));
                    }
                }
            }
        }
    }
}
