//! What Slack's answer to a message means: a pure reading of status, headers and body.

use crate::channel::http::Answer;
use crate::channel::{DeliveryError, Retry, text};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It is there.
    Delivered,
    /// Its blocks were refused with this word; its text alone may pass.
    BlocksRefused(String),
    /// It is not there.
    Failed(DeliveryError),
}

/// The answer of an incoming webhook.
pub(super) struct Said<'a>(pub(super) Answer<'a>);

impl Said<'_> {
    /// Reads the answer: redirects first, then Slack's word in the body, then the class of the status.
    pub(super) fn read(&self) -> Reading {
        if (300..400).contains(&self.0.status) {
            return failed(Retry::Broken, self.0.redirect("the webhook", "webhook"));
        }
        let word = self.word();
        match word.as_deref() {
            Some("invalid_blocks" | "invalid_blocks_format" | "msg_blocks_too_long" | "invalid_payload") => {
                Reading::BlocksRefused(word.unwrap_or_default())
            }
            Some(
                "no_text"
                | "msg_too_long"
                | "too_many_attachments"
                | "missing_text_or_fallback_or_attachments"
                | "user_not_found",
            ) => failed(Retry::Never, self.said("")),
            Some("action_prohibited" | "posting_to_general_channel_denied") => {
                failed(Retry::Broken, self.said("; an administrator of the workspace forbids it"))
            }
            Some("channel_not_found" | "channel_is_archived") => {
                failed(Retry::Broken, self.said("; choose another Slack channel for the webhook"))
            }
            Some("invalid_token" | "no_service" | "no_team" | "no_active_hooks" | "team_disabled") => {
                failed(Retry::Broken, self.said("; make a new incoming webhook and set `webhook` to it"))
            }
            Some("rate_limited" | "ratelimited" | "message_limit_exceeded" | "rollup_error") => {
                failed(Retry::After(self.0.wait()), self.said(""))
            }
            _ => self.by_status(),
        }
    }

    fn by_status(&self) -> Reading {
        match self.0.status {
            // Rocket.Chat answers with the object.
            200..300 if matches!(self.0.body.trim(), "" | "ok" | r#"{"success":true}"#) => Reading::Delivered,
            200..300 => {
                let problem =
                    format!("{}, not `ok`: is that Slack, or a proxy or a login page before it?", self.said(""));
                failed(Retry::After(None), problem)
            }
            407 => failed(Retry::Broken, self.said("; the proxy wants a login")),
            408 | 429 | 500..600 => failed(Retry::After(self.0.wait()), self.said("")),
            _ => failed(Retry::Broken, self.said("; check `webhook`")),
        }
    }

    /// The word of Slack in the body: the whole body, or `error` of a JSON object.
    fn word(&self) -> Option<String> {
        let body = self.0.body.trim();
        if body.starts_with('{') {
            let object: serde_json::Value = serde_json::from_str(body).ok()?;
            return Some(object.get("error")?.as_str()?.to_owned());
        }
        let is_word = !body.is_empty() && body.len() <= 64;
        (is_word && body.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then(|| body.to_owned())
    }

    fn said(&self, hint: &str) -> String {
        match self.word() {
            Some(word) => format!("Slack answered {} `{}`{hint}", self.0.status, text::escaped(&word)),
            None => self.0.said("Slack") + hint,
        }
    }
}

fn failed(retry: Retry, problem: String) -> Reading {
    Reading::Failed(DeliveryError { retry, problem })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Answer, Reading, Said};
    use crate::channel::Retry::{self, After, Broken, Never};

    fn retry(answer: Answer<'_>) -> Result<&'static str, Retry> {
        match Said(answer).read() {
            Reading::Delivered => Ok("delivered"),
            Reading::BlocksRefused(_) => Ok("blocks refused"),
            Reading::Failed(error) => Err(error.retry),
        }
    }

    #[test]
    fn every_answer_of_a_webhook_has_its_class() {
        let limited = r#"{"retry_after":1,"ok":false,"error":"rate_limited"}"#;
        let cases: &[(u16, &str, Result<&str, Retry>)] = &[
            (200, "ok", Ok("delivered")),
            (200, "ok\r\n", Ok("delivered")),
            (200, "", Ok("delivered")),
            (204, "", Ok("delivered")),
            (200, "<html>Sign in to the guest network</html>", Err(After(None))),
            (200, r#"{"ok":true}"#, Err(After(None))),
            (200, "OK", Err(After(None))),
            (301, "ok", Err(Broken)),
            (302, "", Err(Broken)),
            (400, "invalid_payload", Ok("blocks refused")),
            (400, "invalid_blocks", Ok("blocks refused")),
            (400, "invalid_blocks_format", Ok("blocks refused")),
            (400, "msg_blocks_too_long", Ok("blocks refused")),
            (400, "no_text", Err(Never)),
            (400, "too_many_attachments", Err(Never)),
            (400, "missing_text_or_fallback_or_attachments", Err(Never)),
            (400, "user_not_found", Err(Never)),
            (400, "never heard of", Err(Broken)),
            (400, "a_new_word", Err(Broken)),
            (403, "action_prohibited", Err(Broken)),
            (403, "posting_to_general_channel_denied", Err(Broken)),
            (403, "invalid_token", Err(Broken)),
            (404, "channel_not_found", Err(Broken)),
            (404, "no_service", Err(Broken)),
            (404, "no_team", Err(Broken)),
            (404, "no_active_hooks", Err(Broken)),
            (404, "<html>not found</html>", Err(Broken)),
            (407, "", Err(Broken)),
            (408, "", Err(After(None))),
            (410, "channel_is_archived", Err(Broken)),
            (413, "", Err(Broken)),
            (429, limited, Err(After(Some(Duration::from_secs(1))))),
            (429, "", Err(After(None))),
            (500, "rollup_error", Err(After(None))),
            (500, "", Err(After(None))),
            (500, "invalid_token", Err(Broken)),
            (502, "<html>bad gateway</html>", Err(After(None))),
            (503, "", Err(After(None))),
            (504, "", Err(After(None))),
        ];
        for (status, body, expected) in cases {
            let answer = Answer { status: *status, body, ..Answer::default() };
            assert_eq!(retry(answer), *expected, "{status} {body}");
        }
    }

    #[test]
    fn problems_read_well() {
        let problem = |answer: Answer<'_>| match Said(answer).read() {
            Reading::Failed(error) => error.problem,
            other => panic!("{other:?}"),
        };
        let archived = Answer { status: 410, body: "channel_is_archived", ..Answer::default() };
        assert_eq!(
            problem(archived),
            "Slack answered 410 `channel_is_archived`; choose another Slack channel for the webhook"
        );
        let page = "<html>\u{1b}[2J\r\nhello</html>".to_owned() + &"x".repeat(300);
        let shown = problem(Answer { status: 503, body: &page, ..Answer::default() });
        assert!(shown.starts_with("Slack answered 503 `<html> [2J hello</html>xxx"), "{shown}");
        assert!(shown.ends_with("x…`") && shown.len() < 300, "{shown}");
        let location = Some("https://login.example.net/path?secret=1");
        assert_eq!(
            problem(Answer { status: 302, location, ..Answer::default() }),
            "the webhook answered 302 and points to `login.example.net`, which is not followed; check `webhook`"
        );
    }
}
