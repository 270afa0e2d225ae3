//! `[sources.x]`.

use std::collections::BTreeMap;

use super::{Surroundings, description, references, secret};
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::{Channel, Source};
use crate::name::Name;
use crate::source::{Engine, Settings};

/// How many connections a source may have at once where nothing says otherwise.
const DEFAULT_CONCURRENT: usize = 4;

pub(super) fn read(
    name: &Name,
    section: Section<'_, '_>,
    channels: &BTreeMap<Name, Option<Channel>>,
    around: &Surroundings,
) -> Option<Source> {
    let text = section.required("url", "where the database is, such as \"postgres://user@host/database\"");
    let named = section.one_of("type", &Engine::ALL.map(|engine| (engine.as_str(), engine)));
    let url = text.as_ref().and_then(|text| secret(&section, "url", text));
    let password = section.text("password").and_then(|text| secret(&section, "password", &text));
    let ca_file = section.text("ca_file").map(|text| text.value.into());
    let max_concurrent = section.whole("max_concurrent", &(1..=1000)).unwrap_or(DEFAULT_CONCURRENT);
    let setup = section.text("setup");
    let owners = match section.texts("owners") {
        Some(owners) => references(&section, &owners, "channel", channels.keys()),
        // A wrong name among the defaults is told where an alert uses it.
        None => around
            .notify
            .iter()
            .filter_map(|text| Some(channels.get_key_value(text.value.as_str())?.0.clone()))
            .collect(),
    };
    let engine = named.or_else(|| url.as_ref().and_then(|url| Engine::of_url(url.literal_prefix())));
    if let (Some(text), Some(_), None) = (&text, &url, engine) {
        let problem = Problem::new(text.span.clone(), "cannot see which database this is");
        section
            .report(problem.hint("begin it with `postgres://`, `mysql://` or `sqlite:`, or add `type = \"postgres\"`"));
    }
    if let (Some(setup), Some(url)) = (&setup, &text)
        && url.value != "sqlite::memory:"
    {
        section.report(Problem::new(setup.span.clone(), "`setup` is for `sqlite::memory:` only"));
    }
    let description = description(&section);
    let line = section.file().line(section.span.start);
    section.finish();
    let settings = Settings {
        name: name.clone(),
        engine: engine?,
        url: url?,
        password,
        ca_file,
        max_concurrent,
        setup: setup.map(|text| text.value),
    };
    Some(Source { settings, owners, description, line })
}
