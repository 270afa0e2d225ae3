//! Where a SQLite database is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::source::resolved::Resolved;
use crate::source::url::decode;
use crate::source::{Cause, SourceError};

/// How long a writer's lock is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const MEMORY: &str = ":memory:";

/// A file, or memory.
#[derive(Debug)]
pub(super) enum Place {
    Memory,
    File(PathBuf),
}

impl Place {
    /// Whether a URL names a database in memory.
    pub(super) fn is_memory(url: &str) -> bool {
        path(url.split('?').next().unwrap_or(url)) == MEMORY
    }

    /// Reads the URL; a relative file is looked for in `folder`, and must be there.
    pub(super) fn read(resolved: &Resolved, folder: &Path) -> Result<Self, SourceError> {
        let settings = |problem: &str, hint| resolved.speaker().hinted(Cause::Settings, problem, Some(hint));
        if resolved.password().is_some() {
            return Err(settings("SQLite has no passwords", "remove `password`"));
        }
        let mut url = resolved.url();
        match url.take(&["mode"]).as_deref() {
            None | Some("ro") => {}
            Some(mode) => return Err(settings(&format!("`mode={mode}` is not `mode=ro`"), "files are only read")),
        }
        if let Some((key, _)) = url.pairs.first() {
            return Err(settings(&format!("`{key}` is not known in the URL"), "write `sqlite:file.db`"));
        }
        match path(url.base) {
            MEMORY => Ok(Self::Memory),
            "" => Err(settings("the URL names no file", "write `sqlite:file.db` or `sqlite::memory:`")),
            file => {
                let file = folder.join(decode(file));
                if file.is_file() {
                    return Ok(Self::File(file));
                }
                let problem = format!("there is no file `{}`", file.display());
                let hint = "a relative file is looked for beside the catalogue; none is created";
                Err(resolved.speaker().hinted(Cause::Unreachable, &problem, Some(hint)))
            }
        }
    }

    /// Opens it. A file is only read, and none is created.
    pub(super) fn connect(&self) -> rusqlite::Result<Connection> {
        // A connection never leaves its thread.
        let alone = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self {
            Self::Memory => Connection::open_in_memory_with_flags(OpenFlags::SQLITE_OPEN_READ_WRITE | alone),
            // With a folder before it, a name that begins with `file:` is no URI.
            Self::File(file) => {
                Connection::open_with_flags(Path::new(".").join(file), OpenFlags::SQLITE_OPEN_READ_ONLY | alone)
            }
        }?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(connection)
    }

    /// The file, for people.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Memory => MEMORY.to_owned(),
            Self::File(file) => file.display().to_string(),
        }
    }
}

/// What follows the scheme.
fn path(base: &str) -> &str {
    let rest = base.strip_prefix("sqlite:").unwrap_or(base);
    rest.strip_prefix("//").unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::{Place, path};

    #[test]
    fn urls_name_files_or_memory() {
        let cases = [
            ("sqlite:metrics.db", "metrics.db"),
            ("sqlite://metrics.db", "metrics.db"),
            ("sqlite:///srv/metrics.db", "/srv/metrics.db"),
            ("sqlite:/srv/metrics.db", "/srv/metrics.db"),
        ];
        for (url, file) in cases {
            assert_eq!(path(url), file);
        }
        for (url, memory) in [("sqlite::memory:", true), ("sqlite://:memory:?mode=ro", true), ("sqlite:memory", false)]
        {
            assert_eq!(Place::is_memory(url), memory, "{url}");
        }
    }
}
