//! The words of the errors of MySQL and MariaDB, and what kind of failure each is.

use mysql_async::{DriverError, Error, ServerError};

use crate::source::binding::Sent;
use crate::source::driver::Failure;
use crate::source::driver::READ_ONLY;
use crate::source::resolved::{Speaker, is_certificate};
use crate::source::{Cause, SourceError};

/// The server's code for a variable that it does not know.
pub(super) const UNKNOWN_VARIABLE: u16 = 1193;

const LOGIN: &str = "check the user, the `password` of the source and the hosts the user may come from";
const TIMEOUT: &str = "raise `timeout`, or make the statement cheaper";

/// Puts what the driver reports into words.
#[derive(Clone)]
pub(super) struct Speech {
    speaker: Speaker,
    place: String,
    /// What to do when the login is refused.
    login: String,
}

impl Speech {
    /// `remark` says why a password that was looked for was not found.
    pub(super) fn new(speaker: Speaker, place: String, remark: Option<&str>) -> Self {
        Self { speaker, place, login: remark.unwrap_or(LOGIN).to_owned() }
    }

    /// Why there is no connection.
    pub(super) fn connecting(&self, error: &Error) -> SourceError {
        if let Error::Server(refusal) = error {
            return self.database(refusal, None);
        }
        let place = &self.place;
        if is_certificate(error) {
            let words = words(error);
            let hint = match words.contains("not valid for name") {
                true => "name the host as the certificate does".to_owned(),
                false => format!("set `ca_file` to the authority that signed the certificate of {place}"),
            };
            return self.speaker.hinted(Cause::Refused, &words, Some(&hint));
        }
        if let Error::Driver(DriverError::NoClientSslFlagFromServer) = error {
            let hint = "only `ssl-mode=disabled` in the URL goes without";
            return self.speaker.hinted(Cause::Refused, &format!("{place} offers no TLS"), Some(hint));
        }
        if let Error::Driver(DriverError::CleartextPluginDisabled) = error {
            let problem = format!("{place} wants the password in the clear");
            let hint = "`enable_cleartext_plugin=true` in the URL sends it, off this machine under TLS only";
            return self.speaker.hinted(Cause::Refused, &problem, Some(hint));
        }
        let hint = format!("check that a server listens on {place}");
        let problem = format!("{place} cannot be reached: {}", words(error));
        self.speaker.hinted(Cause::Unreachable, &problem, Some(&hint))
    }

    /// What is wrong with a statement, or with the connection it was sent on.
    pub(super) fn answering(&self, error: &Error, sent: Option<&Sent<'_>>) -> Failure {
        match error {
            Error::Server(refusal) if is_last_word(refusal.code) => Failure::lost(self.lost(&text(refusal))),
            Error::Server(refusal) => Failure::usable(self.database(refusal, sent)),
            Error::Driver(_) | Error::Io(_) | Error::Other(_) | Error::Url(_) => {
                Failure::lost(self.lost(&words(error)))
            }
        }
    }

    fn lost(&self, words: &str) -> SourceError {
        let hint = format!("check the server at {}", self.place);
        self.speaker.hinted(Cause::Unreachable, &format!("the connection was lost: {words}"), Some(&hint))
    }

    fn database(&self, refusal: &ServerError, sent: Option<&Sent<'_>>) -> SourceError {
        let (cause, hint) = classify(refusal.code);
        let hint = if cause == Cause::Refused { Some(self.login.as_str()) } else { hint };
        let mut error = self.speaker.hinted(cause, &text(refusal), hint);
        error.offset = sent.and_then(|sent| offset(refusal, sent));
        error
    }
}

fn classify(code: u16) -> (Cause, Option<&'static str>) {
    match code {
        // Access denied, by database, password, plugin or host; the password has expired.
        1044 | 1045 | 1130 | 1251 | 1698 | 1862 => (Cause::Refused, None),
        1049 => (Cause::Settings, Some("check the database in the `url` of the source")),
        1040 | 1203 | 1226 => (Cause::Unreachable, Some("the server takes no more connections")),
        // MariaDB, MySQL.
        1969 | 3024 => (Cause::Timeout, Some(TIMEOUT)),
        1792 => (Cause::Statement, Some(READ_ONLY)),
        _ => (Cause::Statement, None),
    }
}

/// Whether the server closes the connection with this: shutdown, killed, idle for too long.
fn is_last_word(code: u16) -> bool {
    matches!(code, 1053 | 1077 | 1079 | 1927 | 4031)
}

fn text(refusal: &ServerError) -> String {
    format!("{} ({}, {})", refusal.message, refusal.code, refusal.state)
}

/// The driver wraps its errors twice; the inner words are enough.
fn words(error: &Error) -> String {
    let mut inner: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// Where in the statement a message points. The server names the rest of the text from there, up to 80 characters.
fn offset(refusal: &ServerError, sent: &Sent<'_>) -> Option<usize> {
    let quoted = |words: &str| words.split('\'').nth(1).map(str::to_owned);
    match refusal.code {
        1064 => {
            let (_, rest) = refusal.message.split_once("near '")?;
            let (near, line) = rest.rsplit_once("' at line ")?;
            let line_start = match line.parse::<usize>().ok()?.checked_sub(2) {
                None => 0,
                Some(newline) => sent.text.match_indices('\n').nth(newline)?.0 + 1,
            };
            let at = match sent.text.strip_suffix(near) {
                Some(before) => before.len(),
                None => line_start + sent.text[line_start..].find(near)?,
            };
            sent.original(at)
        }
        1054 => sent.original_of_word(&quoted(&refusal.message)?),
        1146 => sent.original_of_word(quoted(&refusal.message)?.rsplit('.').next()?),
        _ => None,
    }
}
