//! `[channels.x]` of the type `slack`.

use crate::catalogue::check::secret;
use crate::catalogue::file::Section;
use crate::catalogue::problem::Problem;
use crate::catalogue::text::Text;
use crate::channel::slack::{Compatible, Mention, Settings, Way};

const COMPATIBLE: [(&str, Compatible); 3] =
    [("mattermost", Compatible::Mattermost), ("rocketchat", Compatible::RocketChat), ("discord", Compatible::Discord)];

/// Everything a Slack channel may say of its way.
struct Written {
    webhook: Option<Text>,
    compatible: Option<Compatible>,
    token: Option<Text>,
    channel: Option<Text>,
    base_url: Option<Text>,
    update: bool,
}

pub(super) fn read(section: &Section<'_, '_>) -> Option<Settings> {
    let mention = mention(section);
    let ca_file = section.text("ca_file").map(|text| text.value.into());
    let written = Written {
        webhook: section.text("webhook"),
        compatible: section.one_of("compatible", &COMPATIBLE),
        token: section.text("token"),
        channel: section.text("channel"),
        base_url: section.text("base_url"),
        update: section.boolean("update").unwrap_or(false),
    };
    let way = match (section.has("webhook"), section.has("token")) {
        (true, true) => {
            let problem = Problem::new(section.key_span("token"), "`token` stands beside `webhook`");
            section
                .report(problem.hint("a webhook posts to its own channel, a bot to `channel`; remove one of the two"));
            None
        }
        (false, true) => bot(section, written),
        (_, false) => webhook(section, written),
    };
    Some(Settings { way: way?, mention, ca_file })
}

/// Keys that have a meaning only beside another one.
fn foreign(section: &Section<'_, '_>, keys: &[&str], of: &str) {
    for key in keys.iter().filter(|key| section.has(key)) {
        section.report(Problem::new(section.key_span(key), format!("`{key}` is for a channel with a `{of}`")));
    }
}

fn webhook(section: &Section<'_, '_>, written: Written) -> Option<Way> {
    foreign(section, &["channel", "base_url", "update"], "token");
    if written.compatible.is_some() && section.has("mention") {
        let problem = Problem::new(section.key_span("mention"), "`mention` stands beside `compatible`");
        section.report(problem.hint("only Slack itself knows these ids"));
    }
    if !section.has("webhook") {
        let meaning = "the address of an incoming webhook, such as \"${SLACK_WEBHOOK}\"; a bot has a `token` instead";
        section.required("webhook", meaning);
    }
    let url = secret(section, "webhook", &written.webhook?)?;
    Some(Way::Webhook { url, compatible: written.compatible })
}

fn bot(section: &Section<'_, '_>, written: Written) -> Option<Way> {
    foreign(section, &["compatible"], "webhook");
    if !section.has("channel") {
        section.required("channel", "the id of the channel, such as \"C0123456789\"");
    }
    let near = ["https://", "http://localhost", "http://127.", "http://[::1]"];
    if let Some(text) = written.base_url.as_ref().filter(|text| !near.iter().any(|near| text.value.starts_with(near))) {
        let problem = Problem::new(text.span.clone(), "`base_url` must begin with `https://`");
        section.report(problem.hint("the token goes there"));
    }
    let token = secret(section, "token", &written.token?)?;
    let base_url = written.base_url.map(|text| text.value);
    Some(Way::Bot { token, channel: written.channel?.value, base_url, update: written.update })
}

fn mention(section: &Section<'_, '_>) -> Vec<Mention> {
    let mut mentions = Vec::new();
    for text in section.texts("mention").unwrap_or_default() {
        match Mention::parse(&text.value) {
            Ok(mention) => mentions.push(mention),
            Err(problem) => section.report(Problem::new(text.span, problem).hint(
                "write the id of a person (U..) or of a group (S..) as Slack shows it, or `here`, `channel`, `everyone`",
            )),
        }
    }
    mentions
}
