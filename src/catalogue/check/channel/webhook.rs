//! `[channels.x]` of the type `webhook`.

use crate::catalogue::check::{secret, template};
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::text::Text;
use crate::channel::webhook::{Form, Method, Own, Settings, VARIABLES, check_header};
use crate::secret::Secret;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Preset {
    Teams,
    Discord,
    PagerDuty,
    Telegram,
}

const PRESETS: [(&str, Preset); 4] = [
    ("teams", Preset::Teams),
    ("discord", Preset::Discord),
    ("pagerduty", Preset::PagerDuty),
    ("telegram", Preset::Telegram),
];

const METHODS: [(&str, Method); 3] = [("POST", Method::Post), ("PUT", Method::Put), ("PATCH", Method::Patch)];

/// Keys that shape a request of the user's own.
const OWN: [&str; 4] = ["method", "body", "secret", "success"];

pub(super) fn read(section: &Section<'_, '_>) -> Option<Settings> {
    let preset = section.one_of("preset", &PRESETS);
    let allow_http = section.boolean("allow_http").unwrap_or(false);
    let url = url(section, preset, allow_http);
    let headers = headers(section);
    let ca_file = section.text("ca_file").map(|text| text.value.into());
    let shape = Shape { own: own(section), routing_key: section.text("routing_key"), chat: section.scalar("chat") };
    if section.has("preset") && preset.is_none() {
        return None;
    }
    let form = form(section, preset, shape);
    Some(Settings { url: url?, allow_http, headers, form: form?, ca_file })
}

/// The address; the outer `None` when it is missing or wrong.
fn url(section: &Section<'_, '_>, preset: Option<Preset>, allow_http: bool) -> Option<Option<Secret>> {
    let text = match preset {
        Some(Preset::PagerDuty) if !section.has("url") => return Some(None),
        Some(Preset::Telegram) => {
            section.required("url", "\"https://api.telegram.org/bot${TELEGRAM_TOKEN}/sendMessage\"")
        }
        _ => section.required("url", "the address to post to, such as \"${WEBHOOK_URL}\""),
    }?;
    let starts = |start: &str| text.value.starts_with(start);
    if !["https://", "http://", "${"].into_iter().any(starts) {
        section.report(Problem::new(text.span.clone(), "`url` must begin with `https://`"));
    }
    let near = ["http://localhost", "http://127.", "http://[::1]", "http://${"].into_iter().any(starts);
    if starts("http://") && !near && !allow_http {
        let problem = Problem::new(text.span.clone(), "`url` is not encrypted");
        section
            .report(problem.hint("begin it with `https://`, or write `allow_http = true` if the network is trusted"));
    }
    secret(section, "url", &text).map(Some)
}

fn headers(section: &Section<'_, '_>) -> Vec<(String, Secret)> {
    let Some(table) = section.section("headers") else { return Vec::new() };
    let mut headers = Vec::new();
    for (span, name, text) in table.scalars() {
        if let Err(problem) = check_header(&name) {
            section.report(Problem::new(span, problem));
        }
        headers.extend(secret(&table, &name, &text).map(|secret| (name, secret)));
    }
    headers
}

/// Everything that shapes a request, whatever the preset.
struct Shape {
    own: Own,
    routing_key: Option<Text>,
    chat: Option<Text>,
}

fn form(section: &Section<'_, '_>, preset: Option<Preset>, shape: Shape) -> Option<Form> {
    let Shape { own, routing_key, chat } = shape;
    let foreign = [("routing_key", Preset::PagerDuty, "pagerduty"), ("chat", Preset::Telegram, "telegram")];
    for (key, only, word) in foreign {
        if section.has(key) && preset != Some(only) {
            let problem = Problem::new(section.key_span(key), format!("`{key}` is for `preset = \"{word}\"`"));
            section.report(problem);
        }
    }
    let Some(preset) = preset else { return Some(Form::Own(own)) };
    for key in OWN.into_iter().filter(|key| section.has(key)) {
        let problem = Problem::new(section.key_span(key), format!("`{key}` stands beside `preset`"));
        section.report(problem.hint("a preset knows what it sends and what is answered; remove one of the two"));
    }
    match preset {
        Preset::Teams => Some(Form::Teams),
        Preset::Discord => Some(Form::Discord),
        Preset::PagerDuty => {
            let meaning = "the integration key of the service, such as \"${PAGERDUTY_KEY}\"";
            let text = if section.has("routing_key") { routing_key } else { section.required("routing_key", meaning) }?;
            Some(Form::PagerDuty { routing_key: secret(section, "routing_key", &text)? })
        }
        Preset::Telegram => {
            let text = if section.has("chat") {
                chat
            } else {
                section.required("chat", "the number of the chat, or \"@name\"")
            }?;
            Some(Form::Telegram { chat: text.value })
        }
    }
}

fn own(section: &Section<'_, '_>) -> Own {
    let body = section.text("body");
    body.iter().for_each(|text| template(section, "body", text, &VARIABLES));
    let success = section.wholes("success", &(100..=599)).unwrap_or_default();
    let success = success.into_iter().filter_map(|code| u16::try_from(code).ok()).map(|code| code..=code);
    Own {
        method: section.one_of("method", &METHODS).unwrap_or_default(),
        body: body.map(|text| text.value),
        secret: section.text("secret").and_then(|text| secret(section, "secret", &text)),
        success: success.collect(),
    }
}
