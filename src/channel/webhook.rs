//! Any receiver of HTTP requests.
//!
//! Without a preset the body is the message as JSON in a frozen shape, or what the user's template makes of it; it may be
//! signed as Standard Webhooks has it. A preset speaks to one service in its own shape and reads its own answers.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::secret::Secret;

#[cfg(feature = "webhook")]
pub use door::Webhook;

#[cfg(feature = "webhook")]
mod body;
#[cfg(feature = "webhook")]
mod discord;
#[cfg(feature = "webhook")]
mod door;
#[cfg(feature = "webhook")]
mod markup;
#[cfg(feature = "webhook")]
mod pagerduty;
#[cfg(feature = "webhook")]
mod reading;
#[cfg(feature = "webhook")]
mod signature;
#[cfg(feature = "webhook")]
mod teams;
#[cfg(feature = "webhook")]
mod telegram;
#[cfg(feature = "webhook")]
mod v1;

/// Where requests go, and in which shape.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address, a secret as a whole: `https://`, or `http://` to this machine or by `allow_http`. None for the
    /// address of the service that the preset is for.
    pub url: Option<Secret>,
    /// Whether plain HTTP may leave this machine.
    pub allow_http: bool,
    /// Headers beside our own; their values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// What the request says.
    pub form: Form,
    /// Certificates in PEM that are trusted instead of the system's; relative to the folder of the catalogue.
    pub ca_file: Option<PathBuf>,
}

impl Settings {
    /// What of them is secret, by the key of the catalogue.
    #[must_use]
    pub fn secrets(&self) -> Vec<(&'static str, &Secret)> {
        let named = |name: &str| name.eq_ignore_ascii_case("content-type");
        let headers = self.headers.iter().filter(|(name, _)| !named(name)).map(|(_, secret)| ("headers", secret));
        let own = match &self.form {
            Form::Own(own) => own.secret.as_ref().map(|secret| ("secret", secret)),
            Form::PagerDuty { routing_key } => Some(("routing_key", routing_key)),
            Form::Teams | Form::Discord | Form::Telegram { .. } => None,
        };
        self.url.iter().map(|url| ("url", url)).chain(headers).chain(own).collect()
    }
}

/// What a request says.
#[derive(Clone, Debug)]
pub enum Form {
    /// The message to a receiver of the user's own.
    Own(Own),
    /// An adaptive card for a workflow of Microsoft Teams.
    Teams,
    /// A message for a webhook of Discord.
    Discord,
    /// An event for `PagerDuty`.
    PagerDuty {
        /// The integration key of the service.
        routing_key: Secret,
    },
    /// A message by a bot of Telegram, whose address is `https://api.telegram.org/bot<token>/sendMessage`.
    Telegram {
        /// The chat: its number, or `@name` of a public channel.
        chat: String,
    },
}

/// How a message reaches a receiver of the user's own.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// The method.
    pub method: Method,
    /// A template of the body, instead of the JSON of our own.
    pub body: Option<String>,
    /// `whsec_` and the key of the signature in base64.
    pub secret: Option<Secret>,
    /// The codes that mean that the message arrived; none named means 200 to 299.
    pub success: Vec<RangeInclusive<u16>>,
}

/// Methods that carry a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// POST.
    #[default]
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
}

/// Names that a template may use: those of the JSON body.
pub const VARIABLES: [&str; 22] = [
    "schema",
    "id",
    "thread",
    "kind",
    "firing",
    "alert",
    "severity",
    "at",
    "headline",
    "title",
    "summary",
    "description",
    "body",
    "facts",
    "columns",
    "rows",
    "more",
    "sections",
    "attachments",
    "link",
    "command",
    "remarks",
];

/// Checks the name of a header that the catalogue adds.
///
/// # Errors
/// Says why it cannot be added.
pub fn check_header(name: &str) -> Result<(), String> {
    const OURS: [&str; 6] = ["host", "content-length", "transfer-encoding", "connection", "user-agent", "expect"];
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)) {
        return Err(format!("`{}` is no name of a header", name.escape_debug()));
    }
    if OURS.contains(&lower.as_str()) || lower.starts_with("webhook-") {
        return Err(format!("the header `{name}` is written by rowcall itself"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_header;

    #[test]
    fn headers_of_our_own_stay_ours() {
        for good in ["Authorization", "X-Api-Key", "content-type", "Title"] {
            assert_eq!(check_header(good), Ok(()), "{good}");
        }
        for bad in ["", "a b", "x:y", "x\r\nBcc", "Host", "Content-Length", "webhook-signature", "é"] {
            check_header(bad).expect_err(bad);
        }
    }
}
