//! `[alerts.x]`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::builtin;
use super::query::{self, Sources, ask};
use super::{Surroundings, description, references, retry_for, tags, template, timeout, timing, unknown};
use crate::catalogue::file::{Section, duration};
use crate::catalogue::problem::Problem;
use crate::catalogue::text::Text;
use crate::catalogue::{Alert, Ask, Attach, Channel, Given, OnError, OnSilence, Query};
use crate::incident::{Mute, MuteError, MutePart, Policy, Repeat};
use crate::message::Severity;
use crate::message::variables::NAMES;
use crate::name::Name;
use crate::predicate::{Predicate, PredicateError};

/// How often an open incident is told again where nothing says otherwise.
const DEFAULT_REPEAT: Repeat = Repeat::Every(Duration::from_secs(4 * 3600));

/// How long a message of an alert is worth delivering where nothing says otherwise.
const DEFAULT_RETRY: Duration = Duration::from_secs(24 * 3600);

/// How many instances of an alert may fire before they are told as one digest, where nothing says otherwise.
const DEFAULT_INSTANCES: usize = 100;
/// The most that can be written: no answer with more rows is judged.
const MOST_INSTANCES: usize = 10_000;

const ON_SILENCE: [(&str, OnSilence); 4] =
    [("ok", OnSilence::Ok), ("firing", OnSilence::Firing), ("no_data", OnSilence::NoData), ("keep", OnSilence::Keep)];
const ON_ERROR: [(&str, OnError); 2] = [("keep", OnError::Keep), ("firing", OnError::Firing)];

const ATTACH: [(&str, Attach); 2] = [("csv", Attach::Csv), ("xlsx", Attach::Xlsx)];

/// The entries an alert may refer to.
pub(super) struct References<'a> {
    pub(super) sources: &'a Sources<'a>,
    pub(super) queries: &'a BTreeMap<Name, Option<&'a Query>>,
    pub(super) channels: &'a BTreeMap<Name, Option<Channel>>,
}

pub(super) fn read(
    name: &Name,
    section: Section<'_, '_>,
    known: &References<'_>,
    around: &Surroundings,
    warnings: &mut Vec<Problem>,
) -> Option<Alert> {
    let check = section.one_of("check", &builtin::KINDS);
    let asked = match (section.has("check"), check) {
        (false, _) => asked(&section, known, around),
        (true, Some(kind)) => builtin::read(&section, kind, known.sources, around),
        (true, None) => None,
    };
    let when = match check {
        Some(kind) if !section.has("when") => builtin::rule(kind),
        _ if section.has("check") && check.is_none() => None,
        _ => when(&section),
    };
    let timing = timing::read(&section, around, warnings);
    let key: Vec<String> = section.texts("key").unwrap_or_default().into_iter().map(|text| text.value).collect();
    let missing_evals = section.whole("missing_evals", &(1..=1000)).unwrap_or(1);
    let max_instances = section.whole("max_instances", &(1..=MOST_INSTANCES)).unwrap_or(DEFAULT_INSTANCES);
    let policy = policy(&section);
    let mute = section.sections("mute").unwrap_or_default().into_iter().filter_map(mute).collect();
    let severity = section.one_of("severity", &Severity::ALL.map(|s| (s.as_str(), s))).unwrap_or_default();
    let on_empty = section.one_of("on_empty", &ON_SILENCE).unwrap_or(OnSilence::Ok);
    let on_null = section.one_of("on_null", &ON_SILENCE).unwrap_or(OnSilence::NoData);
    let on_error = section.one_of("on_error", &ON_ERROR).unwrap_or(OnError::Keep);
    let notify = section.texts("notify").unwrap_or_else(|| around.notify.clone());
    let notify = references(&section, &notify, "channel", known.channels.keys());
    let owners = section.texts("owners").unwrap_or_default();
    let owners = references(&section, &owners, "channel", known.channels.keys());
    let retry_for = retry_for(&section, around, DEFAULT_RETRY);
    let [title, body] = ["title", "body"].map(|key| own_words(&section, key));
    let attach = section.some_of("attach", &ATTACH).unwrap_or_default();
    let link = section.text("link").map(|text| link(&section, text));
    let (description, tags) = (description(&section), tags(&section));
    let line = section.file().line(section.span.start);
    let when = when.and_then(|(predicate, text)| check_key(&section, predicate, text.as_ref(), &key));
    if section.has("check") && check.is_none() {
        // Which keys it may have is not known.
        return None;
    }
    section.finish();
    let Asked { query, ask, given, against } = asked?;
    let source_owners = source_owners(known, &ask.source, if owners.is_empty() { &notify } else { &owners });
    Some(Alert {
        name: name.clone(),
        description,
        query,
        ask,
        given,
        against,
        when: when?,
        key,
        missing_evals: u32::try_from(missing_evals).expect("at most 1000"),
        max_instances,
        timing,
        policy,
        mute,
        unless: Vec::new(),
        severity,
        on_empty,
        on_null,
        on_error,
        notify,
        owners,
        source_owners,
        retry_for,
        title,
        body,
        attach,
        link,
        tags,
        line,
    })
}

/// Who is told of trouble with the source: its own owners, or else those who care for the alert.
fn source_owners(known: &References<'_>, source: &Name, caretakers: &[Name]) -> Vec<Name> {
    let owners = known.sources.get(source).copied().flatten().map(|source| source.owners.as_slice());
    owners.filter(|owners| !owners.is_empty()).unwrap_or(caretakers).to_vec()
}

/// What an alert asks: a saved query, a source and SQL in place, or a built-in check.
pub(super) struct Asked {
    pub(super) query: Option<Name>,
    pub(super) ask: Ask,
    pub(super) given: Vec<(Name, Given)>,
    pub(super) against: Option<Ask>,
}

fn asked(section: &Section<'_, '_>, known: &References<'_>, around: &Surroundings) -> Option<Asked> {
    let Some(text) = section.text("query") else {
        let ask = ask(section, known.sources, around)?;
        let given = arguments(section, &ask, &[], "alert")?;
        return Some(Asked { query: None, ask, given, against: None });
    };
    for other in ["source", "sql"] {
        if section.text(other).is_some() {
            let title = format!("`{other}` stands beside `query`");
            section.report(
                Problem::new(section.key_span(other), title).hint("an alert has a `query`, or a `source` and `sql`"),
            );
        }
    }
    let own = section.section("params");
    let timeout = timeout(section);
    let found = known.queries.iter().find(|(name, _)| name.as_str() == text.value);
    let Some((name, query)) = found else {
        section.report(unknown(text.span, "query", &text.value, known.queries.keys()));
        return None;
    };
    let query = (*query)?;
    let mut ask = query.ask.clone();
    ask.timeout = timeout.unwrap_or(ask.timeout);
    let own = own.map(|own| given(&own, &ask)).unwrap_or_default();
    let given = arguments(section, &ask, &own, "alert")?;
    Some(Asked { query: Some(name.clone()), ask, given, against: None })
}

/// What an alert or a section of a report gives to the parameters of its query; none where that is a mistake.
pub(super) fn given(section: &Section<'_, '_>, ask: &Ask) -> Vec<(Name, Option<Given>)> {
    let mut given = Vec::new();
    for (span, key, written) in section.all_written() {
        let Some((name, parameter)) = ask.parameters.iter().find(|(name, _)| name.as_str() == key) else {
            let problem = Problem::new(span, format!("the query has no parameter `{key}`"));
            section.report(problem.nearest(&key, ask.parameters.keys().map(Name::as_str)));
            continue;
        };
        let read = query::given(section, &format!("parameter `{name}`"), parameter, &written);
        given.push((name.clone(), read));
    }
    given
}

/// What every parameter is given: by `whose` entry it is, or else its default.
pub(super) fn arguments(
    section: &Section<'_, '_>,
    ask: &Ask,
    own: &[(Name, Option<Given>)],
    whose: &str,
) -> Option<Vec<(Name, Given)>> {
    let mut arguments = Vec::new();
    for (name, parameter) in &ask.parameters {
        let own = own.iter().find(|(given, _)| given == name).map(|(_, given)| given);
        match (own, &parameter.default) {
            (Some(Some(given)), _) | (None, Some(given)) => arguments.push((name.clone(), given.clone())),
            (Some(None), _) => {}
            (None, None) => {
                let problem = Problem::new(section.span.clone(), format!("parameter `{name}` has no value here"));
                section.report(
                    problem.hint(format!("give it a `default`, or write `params = {{ {name} = .. }}` in the {whose}")),
                );
            }
        }
    }
    (arguments.len() == ask.parameters.len()).then_some(arguments)
}

fn when(section: &Section<'_, '_>) -> Option<(Predicate, Option<Text>)> {
    let text = section.required("when", "the rule, such as \"amount > 1000\"")?;
    match Predicate::parse(&text.value) {
        Ok(predicate) => Some((predicate, Some(text))),
        Err(error) => {
            misread(section, &text, error);
            None
        }
    }
}

fn check_key(
    section: &Section<'_, '_>,
    predicate: Predicate,
    text: Option<&Text>,
    key: &[String],
) -> Option<Predicate> {
    match (predicate.check_key(key), text) {
        (Ok(()), _) => Some(predicate),
        // The rule of a built-in check has neither aggregate nor `previous`: every key suits it.
        (Err(_), None) => None,
        (Err(error), Some(text)) => {
            misread(section, text, error);
            None
        }
    }
}

fn misread(section: &Section<'_, '_>, text: &Text, error: PredicateError) {
    let mut problem = Problem::new(text.place(&error.span), format!("`when`: {}", error.problem));
    problem.hint = error.hint;
    section.report(problem);
}

fn policy(section: &Section<'_, '_>) -> Policy {
    Policy {
        hold: section.duration("for").unwrap_or_default(),
        keep_firing: section.duration("keep_firing_for").unwrap_or_default(),
        repeat: section.text("repeat").map_or(DEFAULT_REPEAT, |text| repeat(section, text)),
        tell_resolved: section.boolean("resolved").unwrap_or(true),
    }
}

/// One window of `mute`.
fn mute(section: Section<'_, '_>) -> Option<Mute> {
    let [days, from, to] = ["days", "from", "to"].map(|key| section.text(key));
    let value = |text: &Option<Text>| text.as_ref().map(|text| text.value.clone());
    let read = Mute::parse(value(&days).as_deref(), value(&from).as_deref(), value(&to).as_deref());
    let mute = match read {
        Ok(mute) => Some(mute),
        Err(MuteError { part, problem }) => {
            let (key, text) = match part {
                MutePart::Days => ("days", days),
                MutePart::From => ("from", from),
                MutePart::To => ("to", to),
            };
            let title = if text.is_some() { format!("`{key}` {problem}") } else { format!("this `mute` {problem}") };
            let span = text.map_or_else(|| section.span.clone(), |text| text.span);
            section.report(
                Problem::new(span, title)
                    .hint("write for example { days = \"sat,sun\" }, or { from = \"22:00\", to = \"07:00\" }"),
            );
            None
        }
    };
    section.finish();
    mute
}

fn repeat(section: &Section<'_, '_>, text: Text) -> Repeat {
    match text.value.as_str() {
        "never" => Repeat::Never,
        length => duration(length).map(Repeat::Every).unwrap_or_else(|problem| {
            let problem = Problem::new(text.span, format!("`repeat` {problem}"));
            section.report(problem.hint("write it like \"30m\" or \"4h\", or \"never\""));
            DEFAULT_REPEAT
        }),
    }
}

/// A template of the alert's messages.
fn own_words(section: &Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = section.text(key)?;
    template(section, key, &text, &NAMES);
    Some(text.value)
}

pub(super) fn link(section: &Section<'_, '_>, text: Text) -> String {
    if !["https://", "http://", "mailto:"].iter().any(|scheme| text.value.starts_with(scheme)) {
        let problem = Problem::new(text.span, "`link` must begin with `https://`, `http://` or `mailto:`");
        section.report(problem);
    }
    text.value
}
