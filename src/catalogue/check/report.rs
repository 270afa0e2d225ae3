//! `[reports.x]`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use super::alert::{References, arguments, given, link};
use super::query::{self, ask};
use super::{Surroundings, description, references, retry_for, tags, timeout, timing, unknown};
use crate::catalogue::file::{Section, Written};
use crate::catalogue::problem::Problem;
use crate::catalogue::report::{Against, Attach, Content, Form, Measure, OnEmpty, Question, Report, Section as Part};
use crate::catalogue::text::Text;
use crate::catalogue::{Alert, Ask, Given};
use crate::name::Name;
use crate::page::{FigureSpec, Good, Prose};

mod picture;

const ON_EMPTY: [(&str, OnEmpty); 2] = [("send", OnEmpty::Send), ("skip", OnEmpty::Skip)];
const ATTACH: [(&str, Attach); 4] =
    [("csv", Attach::Csv), ("xlsx", Attach::Xlsx), ("html", Attach::Html), ("png", Attach::Png)];
/// How long a report is worth delivering where nothing says otherwise: who reads it later has the next one.
const DEFAULT_RETRY: Duration = Duration::from_secs(6 * 3600);
/// How many rows a table shows where nothing says otherwise.
const DEFAULT_ROWS: usize = 100;
/// The most rows of a section, and what a chart is drawn from.
const MOST_ROWS: usize = 10_000;
/// What a section is: exactly one of these.
const KINDS: [&str; 4] = ["query", "sql", "text", "alerts"];

/// What a report may refer to.
pub(super) struct Known<'a> {
    pub(super) entries: &'a References<'a>,
    pub(super) alerts: &'a BTreeMap<Name, Option<Box<Alert>>>,
}

pub(super) fn read(
    name: &Name,
    section: Section<'_, '_>,
    known: &Known<'_>,
    around: &Surroundings,
    warnings: &mut Vec<Problem>,
) -> Option<Report> {
    let title = section.text("title").map_or_else(|| name.to_string(), |text| text.value);
    let timing = timing::read(&section, around, warnings);
    let on_empty = section.one_of("on_empty", &ON_EMPTY).unwrap_or(OnEmpty::Send);
    let channels = known.entries.channels.keys();
    let notify = section.texts("notify").unwrap_or_else(|| around.notify.clone());
    let notify = references(&section, &notify, "channel", channels.clone());
    let owners = section.texts("owners").unwrap_or_default();
    let owners = references(&section, &owners, "channel", channels);
    let retry_for = retry_for(&section, around, DEFAULT_RETRY);
    let attach = section.some_of("attach", &ATTACH).unwrap_or_default();
    let link = section.text("link").map(|text| link(&section, text));
    let (description, tags) = (description(&section), tags(&section));
    let line = section.file().line(section.span.start);
    let shared = section.section("params").map(|params| params.all_written()).unwrap_or_default();
    let reader = Reader { known, around, shared: &shared, used: RefCell::default(), names: RefCell::default() };
    let parts = section.sections("sections");
    if parts.as_ref().is_none_or(Vec::is_empty) {
        let problem = Problem::new(section.span.clone(), format!("`{}` has no sections", section.title));
        section
            .report(problem.hint(format!("write [[{}.sections]] with a `query`, a `text` or `alerts`", section.title)));
    }
    let parts: Vec<Option<Part>> = parts.unwrap_or_default().into_iter().map(|part| reader.part(part)).collect();
    reader.finish(&section);
    section.finish();
    let sections = parts.into_iter().collect::<Option<Vec<Part>>>()?;
    let shown = shared.iter().filter_map(|(_, key, _)| Name::new(key).ok()).collect();
    Some(Report {
        name: name.clone(),
        title,
        description,
        sections,
        timing,
        on_empty,
        shown,
        notify,
        owners,
        retry_for,
        attach,
        link,
        tags,
        line,
    })
}

/// What is asked, and what its parameters are given.
type Asked = (Ask, Vec<(Name, Given)>);

/// Reads the sections of one report.
struct Reader<'a> {
    known: &'a Known<'a>,
    around: &'a Surroundings,
    /// What the report gives to the parameters of all its questions.
    shared: &'a [(Range<usize>, String, Written)],
    /// Which of these some question has, and the parameters that there are.
    used: RefCell<BTreeSet<String>>,
    names: RefCell<BTreeSet<String>>,
}

impl Reader<'_> {
    fn part(&self, section: Section<'_, '_>) -> Option<Part> {
        let line = section.file().line(section.span.start);
        let written: Vec<&str> = KINDS.into_iter().filter(|key| section.has(key)).collect();
        let title = section.text("title").map(|text| text.value);
        let (content, called) = match written.as_slice() {
            ["query"] | ["sql"] => self.question(&section),
            ["text"] => (prose(&section), None),
            ["alerts"] => (self.alerts(&section), None),
            [] if section.has("source") => self.question(&section),
            _ => {
                let problem = match written.as_slice() {
                    [] => Problem::new(section.span.clone(), "this section shows nothing"),
                    [_, second, ..] => {
                        let title = format!("`{second}` stands beside `{}`", written[0]);
                        Problem::new(section.key_span(second), title)
                    }
                    [_] => unreachable!("each of them is read above"),
                };
                let hint = "a section has a `query`, a `source` and `sql`, a `text`, or `alerts`";
                section.report(problem.hint(hint));
                // What else it may have is not known.
                return None;
            }
        };
        section.finish();
        Some(Part { title: title.or(called), content: content?, line })
    }

    /// A question, and how it is called where its section has no title.
    fn question(&self, section: &Section<'_, '_>) -> (Option<Content>, Option<String>) {
        let limit = section.whole("limit", &(1..=MOST_ROWS));
        let form = self.form(section);
        let (asked, called) = match section.text("query") {
            Some(text) => self.saved(section, &text),
            None => (self.own(section), None),
        };
        let content = asked.zip(form).map(|((ask, given), form)| {
            let rows = if matches!(form, Form::Table { .. }) { DEFAULT_ROWS } else { MOST_ROWS };
            Content::Question(Box::new(Question { ask, given, limit: limit.unwrap_or(rows), form }))
        });
        (content, called)
    }

    fn own(&self, section: &Section<'_, '_>) -> Option<Asked> {
        let ask = ask(section, self.known.entries.sources, self.around)?;
        let given = self.arguments(section, &ask, Vec::new())?;
        Some((ask, given))
    }

    fn saved(&self, section: &Section<'_, '_>, text: &Text) -> (Option<Asked>, Option<String>) {
        if section.text("source").is_some() {
            let problem = Problem::new(section.key_span("source"), "`source` stands beside `query`");
            section.report(problem.hint("a section has a `query`, or a `source` and `sql`"));
        }
        let own = section.section("params");
        let timeout = timeout(section);
        let Some((name, query)) = self.known.entries.queries.iter().find(|(name, _)| name.as_str() == text.value)
        else {
            let queries = self.known.entries.queries.keys();
            section.report(unknown(text.span.clone(), "query", &text.value, queries));
            return (None, None);
        };
        let Some(query) = query else { return (None, None) };
        let called = query.description.clone().unwrap_or_else(|| name.to_string());
        let mut ask = query.ask.clone();
        ask.timeout = timeout.unwrap_or(ask.timeout);
        let own = own.map(|own| given(&own, &ask)).unwrap_or_default();
        let arguments = self.arguments(section, &ask, own);
        (arguments.map(|given| (ask, given)), Some(called))
    }

    /// What every parameter is given: by the section, else by the report, else its default.
    fn arguments(
        &self,
        section: &Section<'_, '_>,
        ask: &Ask,
        mut own: Vec<(Name, Option<Given>)>,
    ) -> Option<Vec<(Name, Given)>> {
        for (name, parameter) in &ask.parameters {
            self.names.borrow_mut().insert(name.to_string());
            let Some((_, key, written)) = self.shared.iter().find(|(_, key, _)| key == name.as_str()) else { continue };
            self.used.borrow_mut().insert(key.clone());
            if !own.iter().any(|(given, _)| given == name) {
                let given = query::given(section, &format!("parameter `{name}`"), parameter, written);
                own.push((name.clone(), given));
            }
        }
        arguments(section, ask, &own, "report")
    }

    /// Reports what the report gives to no parameter.
    fn finish(&self, section: &Section<'_, '_>) {
        let (used, names) = (self.used.borrow(), self.names.borrow());
        for (span, key, _) in self.shared.iter().filter(|(_, key, _)| !used.contains(key)) {
            let problem = Problem::new(span.clone(), format!("no query of this report has a parameter `{key}`"));
            section.report(problem.nearest(key, names.iter().map(String::as_str)));
        }
    }

    fn form(&self, section: &Section<'_, '_>) -> Option<Form> {
        let sparklines = section.texts("sparkline");
        if let Some(other) = ["value", "chart"].into_iter().find(|key| sparklines.is_some() && section.has(key)) {
            let problem = Problem::new(section.key_span("sparkline"), format!("`sparkline` stands beside `{other}`"));
            section.report(problem.hint("sparklines are drawn in the cells of a table"));
        }
        match (section.has("value"), section.has("chart")) {
            (true, true) => {
                let problem = Problem::new(section.key_span("chart"), "`chart` stands beside `value`");
                section.report(problem.hint("show the same query in two sections"));
                None
            }
            (true, false) => self.measure(section).map(|measure| Form::Value(Box::new(measure))),
            (false, true) => picture::read(section).map(|spec| Form::Chart(Box::new(spec))),
            (false, false) => {
                Some(Form::Table { sparklines: sparklines.into_iter().flatten().map(|text| text.value).collect() })
            }
        }
    }

    /// `value = "total"`, or `value = { column = "total", .. }`.
    fn measure(&self, section: &Section<'_, '_>) -> Option<Measure> {
        if !section.holds_table("value") {
            let column = Some(section.text("value")?.value);
            return Some(Measure { column, spec: FigureSpec::default(), against: Against::Previous });
        }
        let value = section.section("value")?;
        let column = value.text("column").map(|text| text.value);
        let spec = FigureSpec {
            unit: value.text("unit").map(|text| text.value),
            places: value.whole("places", &(0..=12)).and_then(|places| u32::try_from(places).ok()),
            good: value.one_of("good", &Good::ALL).unwrap_or_default(),
        };
        let against = self.against(&value);
        value.finish();
        Some(Measure { column, spec, against: against? })
    }

    /// `against = "previous"`, `"nothing"`, `{ column = ".." }` or `{ query = ".." }`.
    fn against(&self, value: &Section<'_, '_>) -> Option<Against> {
        if !value.has("against") {
            return Some(Against::Previous);
        }
        if !value.holds_table("against") {
            return match value.text("against")?.value.as_str() {
                "previous" => Some(Against::Previous),
                "nothing" => Some(Against::Nothing),
                other => {
                    let problem = Problem::new(value.value_span("against"), format!("`against` cannot be `{other}`"));
                    let hint = "write \"previous\", \"nothing\", { column = \"..\" } or { query = \"..\" }";
                    value.report(problem.hint(hint));
                    None
                }
            };
        }
        let other = value.section("against")?;
        let (column, query) = (other.text("column"), other.text("query"));
        let against = match (column, query) {
            (Some(column), None) => Some(Against::Column(column.value)),
            (None, Some(query)) => {
                let (asked, called) = self.saved(&other, &query);
                asked.map(|(ask, given)| Against::Question {
                    ask: Box::new(ask),
                    given,
                    called: called.unwrap_or_default(),
                })
            }
            (Some(_), Some(_)) | (None, None) => {
                let problem = Problem::new(other.span.clone(), "`against` names a column or a query");
                value.report(problem.hint("write { column = \"..\" } or { query = \"..\" }"));
                None
            }
        };
        other.finish();
        against
    }

    /// The alerts that the words name, each once, in the order of the words.
    fn alerts(&self, section: &Section<'_, '_>) -> Option<Content> {
        let mut names: Vec<Name> = Vec::new();
        for text in section.texts("alerts")? {
            let found = self.named(section, &text);
            let fresh: Vec<Name> = found.into_iter().filter(|name| !names.contains(name)).collect();
            names.extend(fresh);
        }
        Some(Content::Alerts(names))
    }

    fn named(&self, section: &Section<'_, '_>, text: &Text) -> Vec<Name> {
        let alerts = self.known.alerts;
        let Some(tag) = text.value.strip_prefix('@') else {
            let found: Vec<Name> =
                alerts.keys().filter(|name| text.value == "*" || name.as_str() == text.value).cloned().collect();
            if found.is_empty() {
                section.report(unknown(text.span.clone(), "alert", &text.value, alerts.keys()));
            }
            return found;
        };
        let has = |alert: &&Alert| alert.tags.iter().any(|own| own == tag);
        let found: Vec<Name> =
            alerts.values().flatten().map(Box::as_ref).filter(has).map(|alert| alert.name.clone()).collect();
        // The tags of an alert with mistakes are not known.
        if found.is_empty() && alerts.values().all(Option::is_some) {
            let mut tags: Vec<&str> =
                alerts.values().flatten().flat_map(|alert| &alert.tags).map(String::as_str).collect();
            tags.sort_unstable();
            tags.dedup();
            let problem = Problem::new(text.span.clone(), format!("no alert has the tag `{tag}`"));
            section.report(problem.nearest(tag, tags));
        }
        found
    }
}

fn prose(section: &Section<'_, '_>) -> Option<Content> {
    let text = section.text("text")?;
    match Prose::parse(&text.value) {
        Ok(prose) => Some(Content::Text(prose)),
        Err(errors) => {
            for error in errors {
                section.report(Problem::new(text.place(&error.span), error.problem).hint(error.hint));
            }
            None
        }
    }
}
