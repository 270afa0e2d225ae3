//! Brings a schema to the shape of this version. Migrations are numbered and only ever added.
//!
//! Two versions of rowcall work on one schema while machines are brought up to date one after the other: a migration first
//! only adds what the older version does not miss, and says the oldest shape whose rowcall still works; what that one
//! needed goes with a later migration.

use crate::store::StoreError;
use crate::store::engine::{Engine, Row};

use super::engine::{Transaction, Trouble};
use super::link::Links;

/// A step from one shape to the next.
struct Migration {
    sql: &'static str,
    /// The oldest shape whose rowcall can work with the new one.
    works_from: i64,
}

/// The shapes in order; the number of the last one is the version of a schema.
const MIGRATIONS: [Migration; 4] = [
    Migration { sql: include_str!("001_state.sql"), works_from: 1 },
    Migration { sql: include_str!("002_posted_reports.sql"), works_from: 1 },
    Migration { sql: include_str!("003_threads.sql"), works_from: 1 },
    Migration { sql: include_str!("004_channels.sql"), works_from: 1 },
];

/// Whoever migrates holds this; a number that nobody else has a reason to choose.
const LOCK: &str = "select pg_advisory_xact_lock(7311436541)";

/// What a schema is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// There are no tables of ours.
    None,
    /// Older than this version.
    Older,
    /// What this version knows, or can work with.
    Fits,
    /// Too new for this version.
    Newer(i64),
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).expect("few migrations")
}

fn judge(version: i64, works_from: i64) -> Shape {
    match version {
        version if version < newest() => Shape::Older,
        version if works_from > newest() => Shape::Newer(version),
        _ => Shape::Fits,
    }
}

/// Looked for in the catalogue's tables: a name that was missing before this backend waited for the lock may be remembered
/// as missing.
const SCHEMA: &str = "select 1 from pg_catalog.pg_namespace where nspname = $1";
const SHAPE: &str = "select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = 'shape'";

async fn version(transaction: &mut Transaction, schema: &str) -> Result<Option<(i64, i64)>, Trouble> {
    if transaction.rows(SHAPE, &[schema.into()]).await?.is_empty() {
        return Ok(None);
    }
    let rows = transaction.rows("select version, works_from from shape", &[]).await?;
    let row = rows.first().map(|row| Ok::<_, Trouble>((row.integer(0)?, row.integer(1)?)));
    row.transpose()
}

/// What the schema is, for who may not change it.
pub(super) async fn look(links: &Links, schema: &str) -> Result<Shape, StoreError> {
    let version = links.work(|mut transaction| async move { version(&mut transaction, schema).await });
    Ok(version.await?.map_or(Shape::None, |(version, works_from)| judge(version, works_from)))
}

/// Makes the schema and its tables, or brings them up to date.
pub(super) async fn migrate(links: &Links, schema: &str) -> Result<(), StoreError> {
    match look(links, schema).await? {
        Shape::Fits => return Ok(()),
        Shape::Newer(version) => return Err(newer(links, schema, version)),
        Shape::None | Shape::Older => {}
    }
    let shape = links.work(|mut transaction| async move { build(&mut transaction, schema).await }).await?;
    match shape {
        Shape::Newer(version) => Err(newer(links, schema, version)),
        Shape::None | Shape::Older | Shape::Fits => Ok(()),
    }
}

/// Under the lock, for two machines may start at once.
async fn build(transaction: &mut Transaction, schema: &str) -> Result<Shape, Trouble> {
    transaction.batch(LOCK).await?;
    let found = version(transaction, schema).await?;
    let shape = found.map_or(Shape::None, |(version, works_from)| judge(version, works_from));
    if matches!(shape, Shape::Fits | Shape::Newer(_)) {
        return Ok(shape);
    }
    // Who may not create a schema may have been given one.
    if transaction.rows(SCHEMA, &[schema.into()]).await?.is_empty() {
        transaction.batch(&format!("create schema \"{schema}\"")).await?;
    }
    let done = usize::try_from(found.map_or(0, |(version, _)| version)).unwrap_or_default();
    for migration in &MIGRATIONS[done..] {
        transaction.batch(migration.sql).await?;
    }
    let works_from = MIGRATIONS[MIGRATIONS.len() - 1].works_from;
    transaction.batch("delete from shape").await?;
    let sql = "insert into shape (version, works_from) values ($1, $2)";
    transaction.change(sql, &[newest().into(), works_from.into()]).await?;
    Ok(Shape::Fits)
}

pub(super) fn newer(links: &Links, schema: &str, version: i64) -> StoreError {
    StoreError {
        place: links.place(),
        problem: format!(
            "schema `{schema}` was written by a newer rowcall (version {version}, this one knows {})",
            newest()
        ),
        hint: Some("use that rowcall, or name another `schema` in [state]".into()),
    }
}

/// The words for a schema that may not be changed here and does not fit.
pub(super) fn older(links: &Links, schema: &str) -> StoreError {
    StoreError {
        place: links.place(),
        problem: format!("schema `{schema}` has the shape of an older rowcall"),
        hint: Some("run once without --dry-run, which brings it up to date".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Shape, judge, newest};

    #[test]
    fn a_newer_schema_is_used_when_it_says_that_it_can_be() {
        let newest = newest();
        let cases = [
            (newest - 1, 1, Shape::Older),
            (newest, 1, Shape::Fits),
            (newest + 1, newest, Shape::Fits),
            (newest + 1, newest + 1, Shape::Newer(newest + 1)),
        ];
        for (version, works_from, expected) in cases {
            assert_eq!(judge(version, works_from), expected, "{version} {works_from}");
        }
    }
}
