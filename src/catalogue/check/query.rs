//! `[queries.x]`, and the source, SQL and parameters that an alert may have of its own.

use std::collections::BTreeMap;

use super::{Surroundings, description, tags, timeout, unknown};
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::text::Text;
use crate::catalogue::{Ask, Parameter, ParameterKind, Query, Source};
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
    let source_text = source_text?;
    let found = sources.iter().find(|(name, _)| name.as_str() == source_text.value);
    let Some((source, settings)) = found else {
        section.report(unknown(source_text.span, "source", &source_text.value, sources.keys()));
        return None;
    };
    let sql = sql?;
    let statement = statement(section, &sql, settings.as_ref()?)?;
    let parameters = declared(section, &statement, &sql, parameters)?;
    Some(Ask { source: source.clone(), statement, parameters, timeout })
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
    for (name, span, _) in &declarations {
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
        let kind = entry.one_of("type", &ParameterKind::ALL).unwrap_or_default();
        let choices = entry.texts("choices").unwrap_or_default();
        let mut parameter = Parameter { kind, choices: Vec::new(), default: None };
        for choice in &choices {
            if let Err(error) = parameter.read(&choice.value) {
                entry.report(Problem::new(choice.span.clone(), format!("choice of `{name}`: {error}")));
            }
        }
        parameter.choices = choices.into_iter().map(|choice| choice.value).collect();
        if let Some(default) = entry.scalar("default") {
            match parameter.read(&default.value) {
                Ok(value) => parameter.default = Some(value),
                Err(error) => entry.report(Problem::new(default.span, format!("default of `{name}`: {error}"))),
            }
        }
        declared.push((name, entry.span.clone(), parameter));
        entry.finish();
    }
    declared
}
