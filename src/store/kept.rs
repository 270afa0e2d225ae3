//! What every engine keeps, in statements that every engine understands.
//!
//! Whoever calls has begun a transaction and ends it. Columns in an `on conflict` name their table and truths are never
//! added up, as PostgreSQL wants it; times are microseconds and JSON is text, as SQLite does.

#[cfg(feature = "postgres")]
pub(super) mod copy;
pub(super) mod history;
pub(super) mod letter;
pub(super) mod outbox;
pub(super) mod prune;
pub(super) mod recall;
pub(super) mod record;
pub(super) mod silence;
pub(super) mod timetable;
