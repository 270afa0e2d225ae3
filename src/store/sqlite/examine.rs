//! A look at the file of a store as a whole.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Row};

use super::{MEMORY, connect, migrate, path};
use crate::store::{Examination, StoreError};

/// Looks the file over; none when there is none.
pub(in crate::store) async fn examine(url: &str, folder: &Path) -> Result<Option<Examination>, StoreError> {
    let place = path(url);
    let file = folder.join(place);
    if place == MEMORY || !file.exists() {
        return Ok(None);
    }
    let mut connection = connect(SqliteConnectOptions::new().filename(&file).read_only(true), place).await?;
    migrate::check(&mut connection, place).await?;
    let failed = |error: sqlx::Error| StoreError { place: place.to_owned(), problem: error.to_string(), hint: None };
    let row = sqlx::query("select user_version from pragma_user_version").fetch_one(&mut connection);
    let version = row.await.and_then(|row| row.try_get(0)).map_err(failed)?;
    let found = sqlx::query("pragma quick_check(5)").fetch_all(&mut connection).await.map_err(failed)?;
    let found = found.iter().map(|row| row.try_get::<String, _>(0)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let damage = found.into_iter().filter(|line| line != "ok").collect();
    connection.close().await.map_err(failed)?;
    let size = std::fs::metadata(&file).map_or(0, |file| file.len());
    Ok(Some(Examination { place: place.to_owned(), size, version, damage }))
}
