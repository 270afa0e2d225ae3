//! `[channels.x]`.

use super::{description, references};
use crate::catalogue::Channel;
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::channel::Settings;
use crate::name::Name;

mod email;
mod slack;
mod webhook;

#[derive(Clone, Copy)]
enum Kind {
    Slack,
    Email,
    Webhook,
    Stdout,
}

const KINDS: [(&str, Kind); 4] =
    [("slack", Kind::Slack), ("email", Kind::Email), ("webhook", Kind::Webhook), ("stdout", Kind::Stdout)];

/// `channels` are the names of all of them.
pub(super) fn read(name: &Name, section: Section<'_, '_>, channels: &[Name]) -> Option<Channel> {
    let kind = match section.has("type") {
        true => section.one_of("type", &KINDS),
        false => {
            section.required("type", "\"slack\", \"email\", \"webhook\" or \"stdout\"");
            None
        }
    }?;
    let settings = match kind {
        Kind::Slack => slack::read(&section).map(Settings::Slack),
        Kind::Email => email::read(&section).map(Settings::Email),
        Kind::Webhook => webhook::read(&section).map(Settings::Webhook),
        Kind::Stdout => Some(Settings::Stdout),
    };
    let owners = owners(name, &section, channels);
    let description = description(&section);
    let line = section.file().line(section.span.start);
    section.finish();
    Some(Channel { settings: settings?, owners, description, line })
}

/// Who is told when the channel does not work: it cannot say so itself.
fn owners(name: &Name, section: &Section<'_, '_>, channels: &[Name]) -> Vec<Name> {
    let texts = section.texts("owners").unwrap_or_default();
    for text in texts.iter().filter(|text| text.value == name.as_str()) {
        let problem = Problem::new(text.span.clone(), format!("`{name}` cannot say that it does not work itself"));
        section.report(problem.hint("name another channel, which works when this one does not"));
    }
    references(section, &texts, "channel", channels.iter())
}
