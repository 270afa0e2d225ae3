//! `[channels.x]`.

use super::{description, secret};
use crate::catalogue::Channel;
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::text::Text;
use crate::channel::Settings;
use crate::channel::email::{self, Tls};
use crate::name::Name;

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
        Kind::Email => email(&section).map(Settings::Email),
        Kind::Webhook => webhook::read(&section).map(Settings::Webhook),
        Kind::Stdout => Some(Settings::Stdout),
    };
    let description = description(&section);
    let line = section.file().line(section.span.start);
    section.finish();
    Some(Channel { settings: settings?, description, line })
}

fn email(section: &Section<'_, '_>) -> Option<email::Settings> {
    let server = section.required("server", "where mail is handed in, such as \"smtp://user@mail.example.com:587\"");
    if let Some(text) = &server
        && !["smtp://", "smtps://", "${"].iter().any(|start| text.value.starts_with(start))
    {
        let problem = Problem::new(text.span.clone(), "`server` must begin with `smtp://` or `smtps://`");
        section.report(problem.hint("`smtp://` asks for STARTTLS, `smtps://` is TLS from the first byte"));
    }
    let server = server.and_then(|text| secret(section, "server", &text));
    let password = section.text("password").and_then(|text| secret(section, "password", &text));
    let from = section.required("from", "the sender, such as \"rowcall <bot@example.com>\"");
    if !section.has("to") {
        section.required("to", "a list of addresses");
    }
    let to = section.texts("to").unwrap_or_default();
    let cc = section.texts("cc").unwrap_or_default();
    for address in from.iter().chain(&to).chain(&cc) {
        check_address(section, address);
    }
    let tls = section.one_of("tls", &[("verified", Tls::Verified), ("none", Tls::None)]).unwrap_or(Tls::Verified);
    let ca_file = section.text("ca_file").map(|text| text.value.into());
    let values = |texts: Vec<Text>| texts.into_iter().map(|text| text.value).collect();
    Some(email::Settings { server: server?, password, from: from?.value, to: values(to), cc: values(cc), tls, ca_file })
}

fn check_address(section: &Section<'_, '_>, text: &Text) {
    if let Err(problem) = email::check_address(&text.value) {
        section.report(Problem::new(text.span.clone(), problem));
    }
}
