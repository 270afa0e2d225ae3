//! `[channels.x]`.

use super::description;
use crate::catalogue::Channel;
use crate::catalogue::file::Section;
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

pub(super) fn read(_: &Name, section: Section<'_, '_>) -> Option<Channel> {
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
    let description = description(&section);
    let line = section.file().line(section.span.start);
    section.finish();
    Some(Channel { settings: settings?, description, line })
}
