//! From a file to a server.

use std::path::Path;

use jiff::Timestamp;

use super::{Copied, Settings, StoreError};
use crate::source::World;

#[cfg(feature = "postgres")]
pub(super) async fn copy(file: &Path, to: &Settings, world: &World, now: Timestamp) -> Result<Vec<Copied>, StoreError> {
    let snapshot = super::sqlite::Snapshot::open(file, now).await?;
    let store = super::postgres::Postgres::open(to, world).await?;
    let copied = store.move_in(snapshot).await;
    super::Store::close(&store).await;
    copied
}

#[cfg(feature = "postgres")]
pub(super) async fn rehearse(
    file: &Path,
    to: &Settings,
    world: &World,
    now: Timestamp,
) -> Result<Vec<Copied>, StoreError> {
    let mut snapshot = super::sqlite::Snapshot::open(file, now).await?;
    let shelves = snapshot.shelves().await?;
    if let Some(store) = super::postgres::Postgres::read(to, world).await? {
        let room = store.has_room(&shelves).await;
        super::Store::close(&store).await;
        room?;
    }
    let mut copied = Vec::with_capacity(shelves.len());
    for shelf in &shelves {
        copied.push(Copied { table: shelf.name.clone(), rows: snapshot.count(shelf).await? });
    }
    Ok(copied)
}

#[cfg(not(feature = "postgres"))]
pub(super) async fn copy(_: &Path, to: &Settings, world: &World, _: Timestamp) -> Result<Vec<Copied>, StoreError> {
    super::postgres(to, world).await.map(|_| Vec::new())
}

#[cfg(not(feature = "postgres"))]
pub(super) async fn rehearse(_: &Path, to: &Settings, world: &World, _: Timestamp) -> Result<Vec<Copied>, StoreError> {
    super::postgres(to, world).await.map(|_| Vec::new())
}
