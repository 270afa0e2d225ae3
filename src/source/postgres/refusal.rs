//! The words of PostgreSQL's errors, and what kind of failure each is.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition, Severity, SqlState};

use crate::source::binding::Sent;
use crate::source::driver::READ_ONLY;
use crate::source::resolved::{Speaker, chain, is_certificate};
use crate::source::{Cause, SourceError};

const PASSWORD: &str = "set `password` beside `url`, or write it into ~/.pgpass";
const LOGIN: &str = "check the user, the `password` beside `url` and the server's pg_hba.conf";

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
        if let Some(refusal) = error.as_db_error() {
            return self.database(refusal, None);
        }
        let words = chain(error);
        let place = &self.place;
        if is_certificate(error) {
            let hint = match words.contains("not valid for name") {
                true => "name the host as the certificate does, or write `sslmode=verify-ca` into the URL".to_owned(),
                false => format!("set `ca_file` to the authority that signed the certificate of {place}"),
            };
            return self.speaker.hinted(Cause::Refused, &words, Some(&hint));
        }
        if words.contains("server does not support TLS") {
            let hint = format!("{place} offers no TLS; only `sslmode=disable` in the URL goes without");
            return self.speaker.hinted(Cause::Refused, &words, Some(&hint));
        }
        if words.contains("password missing") {
            let hint = if self.login == LOGIN { PASSWORD } else { &self.login };
            return self.speaker.hinted(Cause::Refused, &words, Some(hint));
        }
        let hint = format!("check that a server listens on {place}");
        self.speaker.hinted(Cause::Unreachable, &format!("{place} cannot be reached: {words}"), Some(&hint))
    }

    /// Why a connection ended.
    pub(super) fn lost(&self, error: &Error) -> SourceError {
        let words = error.as_db_error().map_or_else(|| chain(error), text);
        let hint = format!("check the server at {}", self.place);
        self.speaker.hinted(Cause::Unreachable, &format!("the connection was lost: {words}"), Some(&hint))
    }

    /// What is wrong with a statement that was sent.
    pub(super) fn answering(&self, error: &Error, sent: Option<&Sent<'_>>) -> SourceError {
        match error.as_db_error() {
            Some(refusal) => self.database(refusal, sent),
            None => self.speaker.error(Cause::Statement, &chain(error)),
        }
    }

    /// A value or type that cannot be shown.
    pub(super) fn value(&self, problem: &str, hint: Option<&str>) -> SourceError {
        self.speaker.hinted(Cause::Value, problem, hint)
    }

    fn database(&self, refusal: &DbError, sent: Option<&Sent<'_>>) -> SourceError {
        let cause = cause(refusal);
        let own = match cause {
            Cause::Refused => Some(self.login.as_str()),
            Cause::Timeout => Some("raise `timeout`, or make the statement cheaper"),
            Cause::Statement if *refusal.code() == SqlState::READ_ONLY_SQL_TRANSACTION => Some(READ_ONLY),
            Cause::Settings | Cause::Unreachable | Cause::Statement | Cause::Value => None,
        };
        let mut error = self.speaker.hinted(cause, &text(refusal), own.or(refusal.hint()));
        let position = match refusal.position() {
            Some(ErrorPosition::Original(position)) => usize::try_from(*position).ok(),
            Some(ErrorPosition::Internal { .. }) | None => None,
        };
        error.offset = position.and_then(|position| sent?.original_of_character(position));
        error
    }
}

/// Whether the server ended the connection with these words.
pub(super) fn is_fatal(error: &Error) -> bool {
    let severity = error.as_db_error().and_then(DbError::parsed_severity);
    matches!(severity, Some(Severity::Fatal | Severity::Panic))
}

pub(super) fn text(refusal: &DbError) -> String {
    let detail = refusal.detail().map_or_else(String::new, |detail| format!("; {detail}"));
    format!("{}{detail} ({})", refusal.message(), refusal.code().code())
}

fn cause(refusal: &DbError) -> Cause {
    match refusal.code().code() {
        "57014" if !refusal.message().contains("user request") => Cause::Timeout,
        "57P01" | "57P02" | "57P03" | "57P05" | "53300" => Cause::Unreachable,
        code => match &code[..2] {
            "28" => Cause::Refused,
            "08" => Cause::Unreachable,
            "3D" => Cause::Settings,
            _ => Cause::Statement,
        },
    }
}
