//! Brings a file to the shape of this version. Migrations are numbered and only ever added.

use sqlx::{Connection, Row, SqliteConnection};

use crate::store::StoreError;

/// The shapes in order; the number of the last one is the version of a file.
const MIGRATIONS: [&str; 10] = [
    include_str!("001_alerts_and_outbox.sql"),
    include_str!("002_missing_keys.sql"),
    include_str!("003_sources.sql"),
    include_str!("004_silences.sql"),
    include_str!("005_decisions.sql"),
    include_str!("006_timetable.sql"),
    include_str!("007_attempts.sql"),
    include_str!("008_posted_reports.sql"),
    include_str!("009_threads.sql"),
    include_str!("010_channels.sql"),
];

/// Marks a file as ours: "rwcl".
const APPLICATION: i64 = 0x7277_636c;

pub(super) async fn migrate(connection: &mut SqliteConnection, place: &str) -> Result<(), StoreError> {
    let broken = |problem: String, hint: &str| StoreError {
        place: place.to_owned(),
        problem,
        hint: (!hint.is_empty()).then(|| hint.to_owned()),
    };
    let failed = |error: sqlx::Error| broken(error.to_string(), "");
    let newest = i64::try_from(MIGRATIONS.len()).expect("few migrations");
    if number(connection, "pragma user_version").await.map_err(failed)? == newest {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN EXCLUSIVE").await.map_err(failed)?;
    let version = number(&mut transaction, "pragma user_version").await.map_err(failed)?;
    let application = number(&mut transaction, "pragma application_id").await.map_err(failed)?;
    let tables = number(&mut transaction, "select count(*) from sqlite_schema").await.map_err(failed)?;
    if tables > 0 && application != APPLICATION {
        return Err(broken("the file is another program's database".into(), "name another file in [state]"));
    }
    if version > newest {
        let problem = format!("the file was written by a newer rowcall (version {version}, this one knows {newest})");
        return Err(broken(problem, "use that rowcall, or name another file in [state]"));
    }
    let done = usize::try_from(version).unwrap_or_default();
    for migration in &MIGRATIONS[done..] {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(failed)?;
    }
    let marks = format!("pragma application_id = {APPLICATION}; pragma user_version = {newest}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

/// Whether a file has the shape of this version, for who may not change it.
pub(super) async fn check(connection: &mut SqliteConnection, place: &str) -> Result<(), StoreError> {
    let broken = |problem: String, hint: Option<&str>| StoreError {
        place: place.to_owned(),
        problem,
        hint: hint.map(str::to_owned),
    };
    let failed = |error: sqlx::Error| match error.as_database_error().and_then(|cause| cause.code()) {
        Some(code) if code == super::NOT_A_DATABASE => {
            broken("the file is not a database".into(), Some("move it away, or name another file in [state]"))
        }
        _ => broken(error.to_string(), None),
    };
    let version = number(connection, "pragma user_version").await.map_err(failed)?;
    let application = number(connection, "pragma application_id").await.map_err(failed)?;
    if application != APPLICATION {
        return Err(broken("the file is another program's database".into(), Some("name another file in [state]")));
    }
    if usize::try_from(version) != Ok(MIGRATIONS.len()) {
        let problem = format!("the file has the shape of another rowcall (version {version})");
        return Err(broken(
            problem,
            Some(
                "an older file is brought up to date by whoever writes to it: `rowcall outbox list`, with the file in [state]",
            ),
        ));
    }
    Ok(())
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query(sql).fetch_one(connection).await?.try_get(0)
}
