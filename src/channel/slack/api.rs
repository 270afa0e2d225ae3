//! What an answer of Slack's Web API means: a pure reading. Nearly everything comes with a status of 200; the word in
//! `error` says what it was.

use serde_json::Value;

use super::bot::Place;
use crate::channel::http::Answer;
use crate::channel::{DeliveryError, Retry, text};
use crate::message::one_line;

/// How much of Slack's remarks is shown, in characters.
const SHOWN: usize = 300;

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It was done; where the message is, if Slack said so.
    Posted(Option<Place>),
    /// Its blocks were refused with this word; another dress may pass.
    BlocksRefused(String),
    /// The message that it was to follow or to change cannot be followed or changed, by this word.
    ThreadGone(String),
    /// It was not done.
    Failed(DeliveryError),
}

impl Reading {
    /// Why a call that nothing else depends on was not done; none when it was.
    pub(super) fn problem(self) -> Option<String> {
        match self {
            Self::Posted(_) => None,
            Self::BlocksRefused(word) | Self::ThreadGone(word) => Some(format!("Slack answered `{word}`")),
            Self::Failed(error) => Some(error.problem),
        }
    }
}

/// Reads an answer: redirects first, then Slack's word, then the class of the status.
pub(super) fn read(answer: Answer<'_>) -> Reading {
    if (300..400).contains(&answer.status) {
        return failed(Retry::Broken, answer.redirect("Slack", "base_url"));
    }
    let body = answer.json().unwrap_or_default();
    if answer.status == 200 && body["ok"] == true {
        let text = |key: &str| body[key].as_str().map(str::to_owned);
        return Reading::Posted(text("channel").zip(text("ts")).map(|(channel, ts)| Place { channel, ts }));
    }
    match body["error"].as_str() {
        Some(word) => by_word(answer, word, &body),
        None => by_status(answer),
    }
}

fn by_word(answer: Answer<'_>, word: &str, body: &Value) -> Reading {
    let said = |hint: &str| format!("Slack answered `{}`{}{hint}", text::escaped(word), remarks(body));
    match word {
        "invalid_blocks"
        | "invalid_blocks_format"
        | "msg_blocks_too_long"
        | "invalid_attachments"
        | "invalid_arguments" => Reading::BlocksRefused(word.to_owned() + &remarks(body)),
        "cannot_reply_to_message"
        | "restricted_action_thread_locked"
        | "restricted_action_non_threadable_channel"
        | "restricted_action_thread_only_channel"
        | "message_not_found"
        | "thread_not_found"
        | "edit_window_closed"
        | "cant_update_message"
        | "is_inactive" => Reading::ThreadGone(word.to_owned()),
        "no_text"
        | "msg_too_long"
        | "too_many_attachments"
        | "attachment_payload_limit_exceeded"
        | "metadata_too_large"
        | "invalid_metadata_format"
        | "invalid_metadata_schema"
        | "markdown_text_conflict"
        | "invalid_json"
        | "json_not_object"
        | "file_not_found"
        | "file_uploads_disabled"
        | "file_type_not_allowed"
        | "file_upload_size_restricted"
        | "storage_limit_reached" => failed(Retry::Never, said("")),
        "ratelimited"
        | "rate_limited"
        | "message_limit_exceeded"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org"
        | "org_login_required" => failed(Retry::After(answer.wait()), said("")),
        // "Some aspect of the operation may have succeeded."
        "internal_error" | "fatal_error" => failed(Retry::Repeat, said("")),
        "not_in_channel" => failed(Retry::Broken, said("; invite the bot to the channel")),
        "missing_scope" => failed(Retry::Broken, said("; give the bot this scope and install it again")),
        "not_authed"
        | "invalid_auth"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "not_allowed_token_type"
        | "two_factor_setup_required" => failed(Retry::Broken, said("; check `token`")),
        "channel_not_found" | "is_archived" | "team_not_found" | "messages_tab_disabled" => {
            failed(Retry::Broken, said("; check `channel`"))
        }
        _ => failed(Retry::Broken, said("; check the bot and `channel`")),
    }
}

fn by_status(answer: Answer<'_>) -> Reading {
    match answer.status {
        200..300 => {
            let problem = answer.said("Slack") + ": is that Slack, or a proxy or a login page before it?";
            failed(Retry::After(None), problem)
        }
        407 => failed(Retry::Broken, answer.said("Slack") + "; the proxy wants a login"),
        408 | 429 | 500..600 => failed(Retry::After(answer.wait()), answer.said("Slack")),
        _ => failed(Retry::Broken, answer.said("Slack") + "; check `base_url`"),
    }
}

/// What Slack says beside the word: the scope that is needed, and what is wrong with which part of the message.
fn remarks(body: &Value) -> String {
    let mut said: Vec<&str> = body["needed"].as_str().into_iter().collect();
    let lists = [&body["errors"], &body["response_metadata"]["messages"]];
    said.extend(lists.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str));
    match said.as_slice() {
        [] => String::new(),
        said => format!(" ({})", one_line(&said.join("; ")).chars().take(SHOWN).collect::<String>()),
    }
}

fn failed(retry: Retry, problem: String) -> Reading {
    Reading::Failed(DeliveryError { retry, problem })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Reading, read};
    use crate::channel::Retry::{self, After, Broken, Never, Repeat};
    use crate::channel::http::Answer;

    fn class(answer: Answer<'_>) -> Result<&'static str, Retry> {
        match read(answer) {
            Reading::Posted(Some(_)) => Ok("posted"),
            Reading::Posted(None) => Ok("posted somewhere"),
            Reading::BlocksRefused(_) => Ok("blocks refused"),
            Reading::ThreadGone(_) => Ok("thread gone"),
            Reading::Failed(error) => Err(error.retry),
        }
    }

    #[test]
    fn every_word_of_slack_has_its_class() {
        let classes: [(Result<&str, Retry>, &[&str]); 6] = [
            (Err(Repeat), &["internal_error", "fatal_error"]),
            (
                Err(After(None)),
                &[
                    "ratelimited",
                    "rate_limited",
                    "message_limit_exceeded",
                    "service_unavailable",
                    "request_timeout",
                    "team_added_to_org",
                    "org_login_required",
                ],
            ),
            (
                Err(Broken),
                &[
                    "channel_not_found",
                    "not_in_channel",
                    "is_archived",
                    "team_not_found",
                    "restricted_action",
                    "restricted_action_read_only_channel",
                    "ekm_access_denied",
                    "no_permission",
                    "access_denied",
                    "messages_tab_disabled",
                    "not_authed",
                    "invalid_auth",
                    "account_inactive",
                    "token_revoked",
                    "token_expired",
                    "missing_scope",
                    "not_allowed_token_type",
                    "two_factor_setup_required",
                    "a_word_of_next_year",
                ],
            ),
            (
                Err(Never),
                &[
                    "no_text",
                    "msg_too_long",
                    "too_many_attachments",
                    "attachment_payload_limit_exceeded",
                    "metadata_too_large",
                    "markdown_text_conflict",
                    "invalid_json",
                    "file_not_found",
                    "file_uploads_disabled",
                    "file_type_not_allowed",
                    "file_upload_size_restricted",
                    "storage_limit_reached",
                ],
            ),
            (
                Ok("blocks refused"),
                &["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_arguments"],
            ),
            (
                Ok("thread gone"),
                &[
                    "cannot_reply_to_message",
                    "restricted_action_thread_locked",
                    "restricted_action_non_threadable_channel",
                    "message_not_found",
                ],
            ),
        ];
        for (expected, words) in classes {
            for word in words {
                let body = format!(r#"{{"ok":false,"error":"{word}"}}"#);
                for status in [200, 400, 500] {
                    assert_eq!(class(Answer { status, body: &body, ..Answer::default() }), expected, "{status} {word}");
                }
            }
        }
    }

    #[test]
    fn every_other_answer_has_its_class() {
        let limited = r#"{"ok":false,"error":"ratelimited","retry_after":30}"#;
        let cases: [(u16, &str, Result<&str, Retry>); 14] = [
            (200, r#"{"ok":true,"channel":"C1","ts":"1.2"}"#, Ok("posted")),
            (200, r#"{"ok":true}"#, Ok("posted somewhere")),
            (200, r#"{"ok":true,"chan"#, Err(After(None))),
            (200, "ok", Err(After(None))),
            (200, "", Err(After(None))),
            (200, "<html>Sign in</html>", Err(After(None))),
            (302, "", Err(Broken)),
            (404, "<html>", Err(Broken)),
            (407, "", Err(Broken)),
            (408, "", Err(After(None))),
            (429, limited, Err(After(Some(Duration::from_secs(30))))),
            (429, "", Err(After(None))),
            (502, "<html>", Err(After(None))),
            (503, "", Err(After(None))),
        ];
        for (status, body, expected) in cases {
            assert_eq!(class(Answer { status, body, ..Answer::default() }), expected, "{status} {body}");
        }
    }

    #[test]
    fn problems_say_what_slack_says() {
        let problem = |body: &str| match read(Answer { status: 200, body, ..Answer::default() }) {
            Reading::Failed(error) => error.problem,
            Reading::BlocksRefused(word) => word,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            problem(r#"{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"files:read"}"#),
            "Slack answered `missing_scope` (chat:write); give the bot this scope and install it again"
        );
        let refused = r#"{"ok":false,"error":"invalid_blocks","errors":["must be less than 3001 characters [json-pointer:/blocks/0/text/text]"]}"#;
        assert_eq!(
            problem(refused),
            "invalid_blocks (must be less than 3001 characters [json-pointer:/blocks/0/text/text])"
        );
    }
}
