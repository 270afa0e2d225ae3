//! The body of a request.

use super::v1::Body;
use crate::message::Message;
use crate::message::template::{self, Medium};

/// The longest body that a template may make, in bytes.
const LONGEST: usize = 256 * 1024;

/// The content type of a body for which nobody named another.
pub(super) const JSON: &str = "application/json";

/// What is posted, and what to say of it when it is not what was wished.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) text: String,
    /// Whether the text is what the headers of the catalogue announce; otherwise it is JSON.
    pub(super) as_announced: bool,
    pub(super) note: Option<String>,
}

impl Posted {
    /// JSON of our own or of a preset.
    pub(super) fn json(value: &impl serde::Serialize) -> Self {
        let text = serde_json::to_string(value).expect("a message is JSON");
        Self { text, as_announced: false, note: None }
    }

    /// What the template makes of the message; the JSON of our own when it can make nothing.
    pub(super) fn templated(template: &str, content_type: Option<&str>, message: &Message) -> Self {
        let body = Body::new(message);
        match template::render(template, content_type.map_or(Medium::Json, Medium::of), LONGEST, &body) {
            Ok(text) => Self { text, as_announced: true, note: None },
            Err(problem) => {
                tracing::warn!(alert = message.alert, problem, "the body of a webhook could not be made");
                let note = format!("sent as JSON, since `body` cannot be used: {problem}");
                Self { note: Some(note), ..Self::json(&body) }
            }
        }
    }
}
