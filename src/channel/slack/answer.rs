//! What Slack's answer to a message means: a pure reading of status, headers and body.

use std::time::Duration;

use jiff::fmt::rfc2822;

use crate::channel::{DeliveryError, Retry, text};
use crate::message::one_line;

/// The longest wait that is believed, and the shortest.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// How much of a body that nobody expected is shown, in characters.
const SHOWN: usize = 200;

/// An HTTP answer as far as it matters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a str,
    pub(super) retry_after: Option<&'a str>,
    /// The `Date` of the answer: what a `Retry-After` with a date counts from.
    pub(super) date: Option<&'a str>,
    pub(super) location: Option<&'a str>,
}

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

impl Answer<'_> {
    /// Reads the answer: redirects first, then Slack's word in the body, then the class of the status.
    pub(super) fn read(&self) -> Reading {
        if (300..400).contains(&self.status) {
            return failed(Retry::Broken, self.redirect());
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
                failed(Retry::After(self.wait()), self.said(""))
            }
            _ => self.by_status(),
        }
    }

    fn by_status(&self) -> Reading {
        match self.status {
            200..300 if matches!(self.body.trim(), "" | "ok") => Reading::Delivered,
            200..300 => {
                let problem =
                    format!("{}, not `ok`: is that Slack, or a proxy or a login page before it?", self.said(""));
                failed(Retry::After(None), problem)
            }
            407 => failed(Retry::Broken, self.said("; the proxy wants a login")),
            408 | 429 | 500..600 => failed(Retry::After(self.wait()), self.said("")),
            _ => failed(Retry::Broken, self.said("; check `webhook`")),
        }
    }

    /// The word of Slack in the body: the whole body, or `error` of a JSON object.
    fn word(&self) -> Option<String> {
        let body = self.body.trim();
        if body.starts_with('{') {
            let object: serde_json::Value = serde_json::from_str(body).ok()?;
            return Some(object.get("error")?.as_str()?.to_owned());
        }
        let is_word = !body.is_empty() && body.len() <= 64;
        (is_word && body.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then(|| body.to_owned())
    }

    fn said(&self, hint: &str) -> String {
        let line = one_line(self.body);
        let body: String = line.chars().take(SHOWN).collect();
        match (self.word(), body.as_str()) {
            (Some(word), _) => format!("Slack answered {} `{}`{hint}", self.status, text::escaped(&word)),
            (None, "") => format!("Slack answered {} and nothing else{hint}", self.status),
            (None, body) if body.len() < line.len() => format!("Slack answered {} `{body}…`{hint}", self.status),
            (None, body) => format!("Slack answered {} `{body}`{hint}", self.status),
        }
    }

    fn redirect(&self) -> String {
        let url = self.location.and_then(|location| reqwest::Url::parse(location).ok());
        let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or("another path of the same host");
        format!("the webhook answered {} and points to `{host}`, which is not followed; check `webhook`", self.status)
    }

    /// How long Slack asks to wait: whole seconds, or a date; nothing when it cannot be read.
    fn wait(&self) -> Option<Duration> {
        let asked = self.retry_after?.trim();
        let wait = match asked.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => {
                let until = rfc2822::parse(asked).ok()?;
                let now = rfc2822::parse(self.date?.trim()).ok()?;
                Duration::try_from(now.duration_until(&until)).unwrap_or_default()
            }
        };
        Some(wait.clamp(SHORTEST_WAIT, LONGEST_WAIT))
    }
}

fn failed(retry: Retry, problem: String) -> Reading {
    Reading::Failed(DeliveryError { retry, problem })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Answer, Reading};
    use crate::channel::Retry::{self, After, Broken, Never};

    fn retry(answer: &Answer<'_>) -> Result<&'static str, Retry> {
        match answer.read() {
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
            (429, limited, Err(After(None))),
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
            assert_eq!(retry(&answer), *expected, "{status} {body}");
        }
    }

    #[test]
    fn a_wait_is_believed_within_reason() {
        let seconds = |n| Some(Duration::from_secs(n));
        let date = "Fri, 20 Nov 2026 12:00:00 GMT";
        let cases = [
            ("30", Some(date), seconds(30)),
            (" 30 ", None, seconds(30)),
            ("0", None, seconds(1)),
            ("86400", None, seconds(3600)),
            ("99999999999999999999999", None, None),
            ("-5", None, None),
            ("soon", Some(date), None),
            ("", None, None),
            ("Fri, 20 Nov 2026 12:01:30 GMT", Some(date), seconds(90)),
            ("Fri, 20 Nov 2026 11:00:00 GMT", Some(date), seconds(1)),
            ("Fri, 20 Nov 2026 12:01:30 GMT", None, None),
        ];
        for (retry_after, date, expected) in cases {
            let answer = Answer { status: 429, retry_after: Some(retry_after), date, ..Answer::default() };
            assert_eq!(retry(&answer), Err(After(expected)), "{retry_after}");
        }
    }

    #[test]
    fn problems_read_well() {
        let problem = |answer: Answer<'_>| match answer.read() {
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
