//! `check = ".."` in `[alerts.x]`: questions that need no SQL of the user's own.
//!
//! The words of the catalogue become one statement in the dialect of its source, which then goes the way of every other.
//! Names are quoted as that dialect quotes them, values are bound. The columns that the rule reads stand first, so that
//! no column of the table can hide them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::alert::Asked;
use super::query::{Sources, source};
use super::{Surroundings, timeout};
use crate::catalogue::cell::cell;
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::text::Text;
use crate::catalogue::{Ask, Given, Parameter};
use crate::name::Name;
use crate::predicate::Predicate;
use crate::sql::{Dialect, Statement};
use crate::value::Value;

/// The most rows that a check lists; how many there are in all is a column of each.
const MOST_LISTED: usize = 100;

/// What a check looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Freshness,
    RowCount,
    Missing,
    Duplicate,
    Invalid,
    Reference,
    Compare,
}

pub(super) const KINDS: [(&str, Kind); 7] = [
    ("freshness", Kind::Freshness),
    ("row_count", Kind::RowCount),
    ("missing", Kind::Missing),
    ("duplicate", Kind::Duplicate),
    ("invalid", Kind::Invalid),
    ("reference", Kind::Reference),
    ("compare", Kind::Compare),
];

/// The rule where the alert has none.
pub(super) fn rule(kind: Kind) -> Option<(Predicate, Option<Text>)> {
    let text = match kind {
        Kind::Freshness => "age(newest) > interval '1 day'",
        Kind::RowCount => "rows = 0",
        Kind::Missing => "missing > 0",
        Kind::Duplicate => "copies > 1",
        Kind::Invalid => "invalid > 0",
        Kind::Reference => "orphans > 0",
        Kind::Compare => "difference is not null",
    };
    Some((Predicate::parse(text).expect("our own rule is one"), None))
}

type Bound = Vec<(Name, Value<'static>)>;

/// `source`, `table`, and what the kind of check asks for.
pub(super) fn read(
    section: &Section<'_, '_>,
    kind: Kind,
    sources: &Sources<'_>,
    around: &Surroundings,
) -> Option<Asked> {
    for other in ["query", "sql", "params"] {
        if section.has(other) {
            let title = format!("`{other}` stands beside `check`");
            let problem = Problem::new(section.key_span(other), title);
            section.report(problem.hint("a built-in check asks its own question; write `table` and what it looks at"));
        }
    }
    // Told above; not to be told again as unknown.
    let _ = (section.text("query"), section.text("sql"), section.section("params"));
    let named = section.required("source", "the name of a [sources.x] table");
    let table = section.required("table", "the table to look at, such as \"orders\" or \"shop.orders\"");
    let columns = columns(section, kind);
    let timeout = timeout(section).unwrap_or(around.timeout);
    let valid = (kind == Kind::Invalid).then(|| valid(section));
    let target = (kind == Kind::Reference)
        .then(|| section.required("references", "a column of another table, such as \"customers.id\""));
    let other = (kind == Kind::Compare).then(|| other(section, sources));
    let (source, settings) = source(section, named?, sources)?;
    let dialect = settings?.settings.engine.dialect();
    if let Some(other) = other {
        let (there, there_dialect, there_table) = other?;
        let (table, columns) = (table?, [key(section)?, columns?].concat());
        let there_table = there_table.unwrap_or_else(|| table.clone());
        let values = Bound::new();
        let ask = plain(source, select(section, &table, &columns, dialect)?, dialect, timeout);
        let against = plain(there, select(section, &there_table, &columns, there_dialect)?, there_dialect, timeout);
        return Some(Asked { query: None, ask, given: given(values), against: Some(against) });
    }
    let quote = |text: &Text| quoted(section, text, dialect);
    let (table, columns) = (quote(&table?)?, columns?.iter().map(quote).collect::<Option<Vec<String>>>()?);
    let (sql, values) = match kind {
        Kind::Freshness => (freshness(&table, &columns[0], dialect), Bound::new()),
        Kind::RowCount => (format!("select count(*) as {} from {table}", own("rows", dialect)), Bound::new()),
        Kind::Missing => (missing(&table, &columns, dialect), Bound::new()),
        Kind::Duplicate => (duplicate(&table, &columns, dialect), Bound::new()),
        Kind::Invalid => {
            let (condition, values) = valid??;
            (listed("invalid", &table, &columns[0], &format!("{} {condition}", columns[0]), dialect), values)
        }
        Kind::Reference => {
            let (other, column) = place(section, &target??, dialect)?;
            let found = format!("select 1 from {other} known where known.{column} = checked.{}", columns[0]);
            let condition = format!("{} is not null and not exists ({found})", columns[0]);
            (listed("orphans", &format!("{table} checked"), &columns[0], &condition, dialect), Bound::new())
        }
        Kind::Compare => unreachable!("it has been read above"),
    };
    let mut ask = plain(source, sql, dialect, timeout);
    ask.parameters = values.iter().map(|(name, _)| (name.clone(), Parameter::default())).collect();
    Some(Asked { query: None, ask, given: given(values), against: None })
}

fn given(values: Bound) -> Vec<(Name, Given)> {
    values.into_iter().map(|(name, value)| (name, Given::value(value))).collect()
}

/// A question in our own words.
fn plain(source: Name, sql: String, dialect: Dialect, timeout: Duration) -> Ask {
    let statement = Statement::parse(&sql, dialect).expect("our own statement is one");
    Ask { source, statement, parameters: BTreeMap::new(), timeout }
}

/// `with`: the other source of a comparison, and its table where that is called otherwise.
fn other(section: &Section<'_, '_>, sources: &Sources<'_>) -> Option<(Name, Dialect, Option<Text>)> {
    let Some(with) = section.section("with") else {
        if !section.has("with") {
            let problem = Problem::new(section.span.clone(), "it is not said what to compare with");
            section.report(problem.hint("write `with = { source = \"warehouse\", table = \"raw.orders\" }`"));
        }
        return None;
    };
    let (named, table) = (with.required("source", "the name of a [sources.x] table"), with.text("table"));
    let found = named.and_then(|named| source(&with, named, sources));
    with.finish();
    let (source, settings) = found?;
    Some((source, settings?.settings.engine.dialect(), table))
}

/// `key`: here also what tells the rows apart.
fn key(section: &Section<'_, '_>) -> Option<Vec<Text>> {
    let key = section.texts("key").filter(|key| !key.is_empty());
    if key.is_none() {
        let problem = Problem::new(section.span.clone(), format!("`{}` has no `key`", section.title));
        section.report(problem.hint("write the columns that tell one row from another: `key = [\"id\"]`"));
    }
    key
}

fn select(section: &Section<'_, '_>, table: &Text, columns: &[Text], dialect: Dialect) -> Option<String> {
    let columns = columns.iter().map(|column| quoted(section, column, dialect)).collect::<Option<Vec<String>>>()?;
    Some(format!("select {} from {}", columns.join(", "), quoted(section, table, dialect)?))
}

/// `column`, or `columns` where a check can look at several together; none for a check of the whole table.
fn columns(section: &Section<'_, '_>, kind: Kind) -> Option<Vec<Text>> {
    match kind {
        Kind::RowCount => Some(Vec::new()),
        Kind::Freshness | Kind::Invalid | Kind::Reference => {
            section.required("column", "the column to look at").map(|column| vec![column])
        }
        Kind::Missing | Kind::Duplicate | Kind::Compare => match (section.text("column"), section.texts("columns")) {
            (Some(column), None) => Some(vec![column]),
            (None, Some(columns)) if !columns.is_empty() => Some(columns),
            (column, columns) => {
                let title = match (column, columns) {
                    (Some(_), Some(_)) => "`column` stands beside `columns`".into(),
                    _ => format!("`{}` has no `column`", section.title),
                };
                let problem = Problem::new(section.span.clone(), title);
                section.report(problem.hint("write `column = \"id\"`, or `columns = [\"country\", \"number\"]`"));
                None
            }
        },
    }
}

/// `in`, `like` or `between`: what a value must be, as the condition that it is not.
fn valid(section: &Section<'_, '_>) -> Option<(String, Bound)> {
    let (choices, like, between) = (section.values("in"), section.text("like"), section.values("between"));
    let bind = |items: &[toml::Spanned<toml::de::DeValue<'_>>]| {
        let values = items.iter().enumerate().map(|(index, item)| match cell(item.get_ref()) {
            Ok(value) => Some((name(&format!("value_{}", index + 1)), value)),
            Err(problem) => {
                section.report(Problem::new(item.span(), format!("each value {problem}")));
                None
            }
        });
        values.collect::<Option<Bound>>()
    };
    match (choices, like, between) {
        (Some(items), None, None) if !items.is_empty() => {
            let values = bind(items)?;
            let names: Vec<String> = values.iter().map(|(name, _)| format!(":{name}")).collect();
            Some((format!("not in ({})", names.join(", ")), values))
        }
        (None, Some(pattern), None) => {
            Some(("not like :value_1".into(), vec![(name("value_1"), Value::Text(pattern.value.into()))]))
        }
        (None, None, Some(items)) if items.len() == 2 => {
            Some(("not between :value_1 and :value_2".into(), bind(items)?))
        }
        _ => {
            let problem = Problem::new(section.span.clone(), "it is not said which values are valid");
            let hint = "write one of `in = [\"KR\", \"JP\"]`, `like = \"%@%\"` and `between = [0, 100]`";
            section.report(problem.hint(hint));
            None
        }
    }
}

fn name(word: &str) -> Name {
    Name::new(word).expect("our own names are names")
}

fn freshness(table: &str, column: &str, dialect: Dialect) -> String {
    format!("select max({column}) as {} from {table}", own("newest", dialect))
}

fn missing(table: &str, columns: &[String], dialect: Dialect) -> String {
    let nulls: Vec<String> = columns.iter().map(|column| format!("{column} is null")).collect();
    let (missing, rows) = (own("missing", dialect), own("rows", dialect));
    format!("select count(case when {} then 1 end) as {missing}, count(*) as {rows} from {table}", nulls.join(" or "))
}

/// A key that holds a NULL is no key, and no duplicate either.
fn duplicate(table: &str, columns: &[String], dialect: Dialect) -> String {
    let present: Vec<String> = columns.iter().map(|column| format!("{column} is not null")).collect();
    let (copies, duplicates) = (own("copies", dialect), own("duplicates", dialect));
    let (columns, present) = (columns.join(", "), present.join(" and "));
    format!(
        "select count(*) as {copies}, count(*) over () as {duplicates}, {columns} from {table} where {present} \
         group by {columns} having count(*) > 1 order by 1 desc, 3 limit {MOST_LISTED}"
    )
}

/// The values for which a condition holds, the most frequent first: how many rows have the value, how many there are in
/// all, and the value.
fn listed(what: &str, table: &str, column: &str, condition: &str, dialect: Dialect) -> String {
    let (what, total) = (own(what, dialect), own("total", dialect));
    format!(
        "select count(*) as {what}, sum(count(*)) over () as {total}, {column} from {table} where {condition} \
         group by {column} order by 1 desc, 3 limit {MOST_LISTED}"
    )
}

/// `customers.id` as a table and a column of it.
fn place(section: &Section<'_, '_>, text: &Text, dialect: Dialect) -> Option<(String, String)> {
    quoted(section, text, dialect)?;
    let Some((table, column)) = text.value.rsplit_once('.') else {
        let problem = Problem::new(text.span.clone(), "`references` must name a table and a column of it");
        section.report(problem.hint("write it like \"customers.id\""));
        return None;
    };
    Some((path(table, dialect), own(column, dialect)))
}

/// A name of the database, its parts between points quoted.
fn quoted(section: &Section<'_, '_>, text: &Text, dialect: Dialect) -> Option<String> {
    if text.value.split('.').any(|part| part.trim().is_empty() || part.contains(char::is_control)) {
        section.report(Problem::new(text.span.clone(), format!("`{}` names nothing of a database", text.value)));
        return None;
    }
    Some(path(&text.value, dialect))
}

fn path(name: &str, dialect: Dialect) -> String {
    name.split('.').map(|part| own(part, dialect)).collect::<Vec<_>>().join(".")
}

/// A name in the quotes of its dialect. SQLite takes a word in double quotes for a text when no column is called so, but
/// never one in backticks.
fn own(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        Dialect::Mysql | Dialect::Sqlite => format!("`{}`", name.replace('`', "``")),
    }
}
