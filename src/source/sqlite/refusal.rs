//! The words of SQLite's errors, and what kind of failure each is.

use rusqlite::Error;

use super::place::Place;
use super::thread::Gone;
use crate::source::binding::Sent;
use crate::source::driver::Failure;
use crate::source::driver::READ_ONLY;
use crate::source::resolved::Speaker;
use crate::source::{Cause, SourceError};

const LOCKED: &str = "another program holds the database; try again, or let it use the WAL journal";
const NO_DATABASE: &str = "check that the file is a SQLite database that may be read";

/// What goes wrong with a connection.
#[derive(Debug)]
pub(super) enum Mishap {
    /// SQLite says no.
    Refused(Error),
    /// There is nobody who could say anything.
    Gone(Gone),
}

impl From<Error> for Mishap {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Gone> for Mishap {
    fn from(gone: Gone) -> Self {
        Self::Gone(gone)
    }
}

/// Why a database cannot be opened.
pub(super) fn opening(speaker: &Speaker, place: &Place, error: &Error) -> SourceError {
    let problem = format!("`{}` cannot be opened: {}", place.shown(), words(error));
    speaker.hinted(Cause::Unreachable, &problem, Some(NO_DATABASE))
}

/// Why a database in memory cannot be filled.
pub(super) fn setup(speaker: &Speaker, error: &Error) -> SourceError {
    let problem = format!("`setup` failed: {}", words(error));
    speaker.hinted(Cause::Settings, &problem, Some("correct the SQL of `setup`"))
}

/// Why there is no thread that works for a connection.
pub(super) fn gone(speaker: &Speaker, gone: &Gone) -> SourceError {
    let problem = match gone {
        Gone::Unstarted(error) => format!("no thread can be started: {error}"),
        Gone::Ended => "the thread of the connection ended".to_owned(),
    };
    speaker.error(Cause::Unreachable, &problem)
}

/// What is wrong with a statement.
pub(super) fn answering(speaker: &Speaker, mishap: &Mishap, sent: Option<&Sent<'_>>) -> Failure {
    let error = match mishap {
        Mishap::Refused(error) => error,
        Mishap::Gone(how) => return Failure::lost(gone(speaker, how)),
    };
    let (cause, hint) = match code(error) {
        // SQLITE_BUSY, SQLITE_LOCKED.
        Some(5 | 6) => (Cause::Unreachable, Some(LOCKED)),
        // SQLITE_READONLY, SQLITE_AUTH.
        Some(8 | 23) => (Cause::Statement, Some(READ_ONLY)),
        // SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_CANTOPEN, SQLITE_NOTADB.
        Some(10 | 11 | 14 | 26) => (Cause::Unreachable, Some(NO_DATABASE)),
        Some(_) => (Cause::Statement, None),
        None => (Cause::Unreachable, None),
    };
    let words = words(error);
    let mut told = speaker.hinted(cause, &words, hint);
    told.offset = sent.and_then(|sent| match error {
        Error::SqlInputError { offset, .. } => sent.original(usize::try_from(*offset).ok()?),
        _ => sent.original_of_word(pointed_at(&words)?),
    });
    Failure::usable(told)
}

/// The primary code: the lower byte of the extended one.
fn code(error: &Error) -> Option<i32> {
    let (Error::SqliteFailure(error, _) | Error::SqlInputError { error, .. }) = error else { return None };
    Some(error.extended_code & 0xFF)
}

fn words(error: &Error) -> String {
    match error {
        Error::SqliteFailure(_, Some(message)) | Error::SqlInputError { msg: message, .. } => message.clone(),
        error => error.to_string(),
    }
}

/// The word of the statement that a message names; SQLite tells no position.
fn pointed_at(words: &str) -> Option<&str> {
    if let Some((_, rest)) = words.split_once("near \"") {
        return rest.split_once("\": ").map(|(word, _)| word);
    }
    if let Some((_, rest)) = words.split_once("unrecognized token: \"") {
        return rest.strip_suffix('"');
    }
    words.strip_prefix("no such ")?.split_once(": ").map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::pointed_at;

    #[test]
    fn messages_name_the_word_they_mean() {
        let cases = [
            ("near \"fro\": syntax error", Some("fro")),
            ("unrecognized token: \"@\"", Some("@")),
            ("no such table: nope", Some("nope")),
            ("no such column: t.nope", Some("t.nope")),
            ("incomplete input", None),
        ];
        for (words, word) in cases {
            assert_eq!(pointed_at(words), word, "{words}");
        }
    }
}
