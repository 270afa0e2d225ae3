//! `[queries.x]`, and the source, SQL and parameters that an alert may have of its own.

use std::collections::BTreeMap;

use super::{Surroundings, description, tags, timeout, unknown};
use crate::catalogue::file::{Section, Written};
use crate::catalogue::problem::Problem;
use crate::catalogue::text::Text;
use crate::catalogue::{Ask, Given, Parameter, ParameterKind, Query, Source};
use crate::name::Name;
use crate::sql::Statement;

pub(super) type Sources<'a> = BTreeMap<Name, Option<&'a Source>>;

pub(super) fn read(
    name: &Name,
    section: Section<'_, '_>,
    sources: &Sources<'_>,
    around: &Surroundings,
) -> Option<Query> {
    let ask = ask(&section, sources, around);
    let (description, tags) = (description(&section), tags(&section));
    let line = section.file().line(section.span.start);
    section.finish();
    Some(Query { name: name.clone(), description, ask: ask?, tags, line })
}

/// `source`, `sql`, `params` and `timeout`.
pub(super) fn ask(section: &Section<'_, '_>, sources: &Sources<'_>, around: &Surroundings) -> Option<Ask> {
    let source_text = section.required("source", "the name of a [sources.x] table");
    let sql = section.required("sql", "the SELECT to run");
    let parameters = parameters(section);
    let timeout = timeout(section).unwrap_or(around.timeout);
    let (source, settings) = source(section, source_text?, sources)?;
    let sql = sql?;
    let statement = statement(section, &sql, settings?)?;
    let parameters = declared(section, &statement, &sql, parameters)?;
    Some(Ask { source, statement, parameters, timeout })
}

/// The source that a text names; without its settings when it has mistakes of its own.
pub(super) fn source<'a>(
    section: &Section<'_, '_>,
    text: Text,
    sources: &Sources<'a>,
) -> Option<(Name, Option<&'a Source>)> {
    let found = sources.iter().find(|(name, _)| name.as_str() == text.value);
    if found.is_none() {
        section.report(unknown(text.span, "source", &text.value, sources.keys()));
    }
    found.map(|(name, source)| (name.clone(), *source))
}

fn statement(section: &Section<'_, '_>, sql: &Text, source: &Source) -> Option<Statement> {
    let read = Statement::parse(&sql.value, source.settings.engine.dialect());
    let checked = read.and_then(|statement| statement.check_read().map(|()| statement));
    match checked {
        Ok(statement) => Some(statement),
        Err(error) => {
            section.report(Problem::new(sql.place(&error.span), error.problem));
            None
        }
    }
}

/// Every parameter of the statement with its declaration; one without a declaration, or a declaration without a use,
/// is a mistake.
fn declared(
    section: &Section<'_, '_>,
    statement: &Statement,
    sql: &Text,
    declarations: Vec<(Name, std::ops::Range<usize>, Parameter)>,
) -> Option<BTreeMap<Name, Parameter>> {
    let mut sound = true;
    for parameter in statement.parameters() {
        if !declarations.iter().any(|(name, ..)| *name == parameter.name) {
            let title = format!("parameter `:{}` is not declared", parameter.name);
            let problem = Problem::new(sql.place(&parameter.span), title);
            let near =
                crate::name::nearest(parameter.name.as_str(), declarations.iter().map(|(name, ..)| name.as_str()));
            section.report(problem.hint(match near {
                Some(near) => format!("did you mean `:{near}`?"),
                None => format!("add `params = {{ {} = {{ type = \"text\" }} }}`", parameter.name),
            }));
            sound = false;
        }
    }
    for (name, span, parameter) in &declarations {
        if let (true, Err(error)) = (parameter.is_list, statement.check_list(name)) {
            section.report(Problem::new(sql.place(&error.span), error.problem));
            sound = false;
        }
        if !statement.names().contains(&name) {
            section.report(Problem::new(span.clone(), format!("parameter `{name}` is not used by `sql`")));
            sound = false;
        }
    }
    sound.then(|| declarations.into_iter().map(|(name, _, parameter)| (name, parameter)).collect())
}

fn parameters(section: &Section<'_, '_>) -> Vec<(Name, std::ops::Range<usize>, Parameter)> {
    let mut declared = Vec::new();
    for (name, entry) in section.entries("params") {
        let (kind, is_list) = kind(&entry);
        let choices = entry.written("choices").map(|written| written.texts).unwrap_or_default();
        let mut parameter = Parameter { kind, is_list, ..Parameter::default() };
        for choice in &choices {
            if let Err(error) = parameter.term(&choice.value) {
                entry.report(Problem::new(choice.span.clone(), format!("choice of `{name}`: {error}")));
            }
        }
        parameter.choices = choices.into_iter().map(|choice| choice.value).collect();
        if let Some(default) = entry.written("default") {
            parameter.default = given(&entry, &format!("default of `{name}`"), &parameter, &default);
        }
        declared.push((name, entry.span.clone(), parameter));
        entry.finish();
    }
    declared
}

/// The type of a parameter, and whether it is a list of that type.
fn kind(entry: &Section<'_, '_>) -> (ParameterKind, bool) {
    let lists = std::iter::once(("list", None));
    let words: Vec<(&str, Option<ParameterKind>)> =
        ParameterKind::ALL.into_iter().map(|(word, kind)| (word, Some(kind))).chain(lists).collect();
    let named = entry.one_of("type", &words);
    let of = entry.one_of("of", &ParameterKind::ALL);
    if named != Some(None) && entry.has("of") {
        let problem = Problem::new(entry.key_span("of"), "`of` is the type of the values of a list");
        entry.report(problem.hint("write `type = \"list\"` beside it"));
    }
    match named {
        Some(None) => (of.unwrap_or_default(), true),
        Some(Some(kind)) => (kind, false),
        None => (ParameterKind::default(), false),
    }
}

/// Reads what is written for a parameter; every value that is none is a mistake of `what`.
pub(super) fn given(section: &Section<'_, '_>, what: &str, parameter: &Parameter, written: &Written) -> Option<Given> {
    if written.is_list && !parameter.is_list {
        let problem = Problem::new(written.span.clone(), format!("{what}: it takes one value, not an array"));
        section.report(problem.hint("a parameter that takes several is of `type = \"list\"`"));
        return None;
    }
    if let Err(error) = parameter.check_length(written.texts.len()) {
        section.report(Problem::new(written.span.clone(), format!("{what}: {error}")));
        return None;
    }
    let mut terms = Vec::new();
    for text in &written.texts {
        match parameter.term(&text.value) {
            Ok(term) => terms.push(term),
            Err(error) => section.report(Problem::new(text.span.clone(), format!("{what}: {error}"))),
        }
    }
    (terms.len() == written.texts.len()).then(|| Given::new(terms, parameter.is_list))
}
