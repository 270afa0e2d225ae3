//! `[channels.x]` of the type `email`.

use crate::catalogue::check::secret;
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::text::Text;
use crate::channel::email::{self, Auth, MAX_ATTACHMENT, MOST_RECIPIENTS, SUBJECT_PREFIX, Settings, Tls};

/// The most that may be written: no server takes a larger mail.
const LARGEST: usize = 100_000_000;

const AUTH: [(&str, Auth); 3] = [("plain", Auth::Plain), ("login", Auth::Login), ("xoauth2", Auth::Xoauth2)];

pub(super) fn read(section: &Section<'_, '_>) -> Option<Settings> {
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
    let [to, cc, bcc] = ["to", "cc", "bcc"].map(|key| section.texts(key).unwrap_or_default());
    let reply_to = section.text("reply_to");
    for address in from.iter().chain(&to).chain(&cc).chain(&bcc).chain(&reply_to) {
        check_address(section, address);
    }
    let all = to.len() + cc.len() + bcc.len();
    if all > MOST_RECIPIENTS {
        let title = format!("a mail to {all} addresses: no server has to take more than {MOST_RECIPIENTS}");
        let problem = Problem::new(section.key_span("to"), title);
        section.report(problem.hint("write to a list, or make a second channel"));
    }
    let subject_prefix = section.text("subject_prefix").map_or(SUBJECT_PREFIX.to_owned(), |text| text.value);
    let auth = section.one_of("auth", &AUTH);
    let tls = section.one_of("tls", &[("verified", Tls::Verified), ("none", Tls::None)]).unwrap_or(Tls::Verified);
    let ca_file = section.text("ca_file").map(|text| text.value.into());
    let max_attachment = section.size("max_attachment", &(0..=LARGEST)).unwrap_or(MAX_ATTACHMENT);
    let [to, cc, bcc] = [to, cc, bcc].map(|texts| texts.into_iter().map(|text| text.value).collect());
    let reply_to = reply_to.map(|text| text.value);
    let (server, from) = (server?, from?.value);
    Some(Settings { server, password, from, to, cc, bcc, reply_to, subject_prefix, auth, tls, ca_file, max_attachment })
}

fn check_address(section: &Section<'_, '_>, text: &Text) {
    if let Err(problem) = email::check_address(&text.value) {
        section.report(Problem::new(text.span.clone(), problem));
    }
}
