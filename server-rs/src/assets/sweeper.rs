//! Removes what crashes and refusals leave behind: staged files without an upload, objects of deleted assets.
//!
//! An object goes before its row is forgotten, so a sweep that ends anywhere is simply repeated.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use worldloom_client::{AssetObject, AssetStatus};

use super::{AssetRegistry, variants};
use crate::metrics::Metrics;
use crate::node_client::CallError;
use crate::objects::{ObjectKey, ObjectStore, StoreError};

/// Rows asked for at a time.
const BATCH: usize = 100;
/// Most rows that the module lists at a time.
const LISTED_MAX: usize = 500;

/// Why a sweep ended early, or left something behind. The next one begins anew.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The module could not be asked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The store could not be cleaned.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What one sweep removed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Staged files without an upload.
    pub staged_files: usize,
    /// Objects of deleted assets.
    pub objects: usize,
}

/// When the sweeper runs: at the start, every `interval`, and when something has been deleted.
pub struct Schedule {
    /// Time between two sweeps.
    pub interval: Duration,
    /// Age from which a staged file counts as left behind.
    pub staging_lifetime: Duration,
    /// Told when an asset is deleted, so that its bytes do not wait for the next round.
    pub deleted: Arc<Notify>,
}

/// Sweeps for ever.
pub async fn run<R: AssetRegistry>(registry: R, store: ObjectStore, metrics: Metrics, schedule: Schedule) {
    let mut due = tokio::time::interval(schedule.interval);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = schedule.deleted.notified() => {}
        }
        match sweep(&registry, &store, schedule.staging_lifetime).await {
            Ok(swept) => report(&metrics, &swept),
            Err(error) => tracing::warn!(%error, "A sweep of the object store was not finished; the next one goes on"),
        }
    }
}

fn report(metrics: &Metrics, swept: &Swept) {
    metrics.swept("staged_file", swept.staged_files);
    metrics.swept("object", swept.objects);
    if *swept != Swept::default() {
        tracing::info!(staged_files = swept.staged_files, objects = swept.objects, "Swept the object store");
    }
}

/// One sweep.
pub async fn sweep<R: AssetRegistry>(
    registry: &R,
    store: &ObjectStore,
    staging_lifetime: Duration,
) -> Result<Swept, SweepError> {
    let staged_files = store.remove_stale_staging(staging_lifetime).await?;
    let objects = remove_deleted(registry, store).await?;
    Ok(Swept { staged_files, objects })
}

async fn remove_deleted<R: AssetRegistry>(registry: &R, store: &ObjectStore) -> Result<usize, SweepError> {
    let (mut removed, mut elsewhere) = (0, 0);
    let mut left = HashSet::new();
    let mut failed = None;
    loop {
        // What cannot be removed is listed each time, and must not keep the others: room is made for them beside it.
        let limit = LISTED_MAX.min(BATCH + left.len());
        let rows = registry.list_expired(limit as u32).await?;
        let is_last = rows.len() < limit;
        for row in rows {
            let asset_id = row.asset_id;
            if left.contains(&asset_id) {
                continue;
            }
            match remove_one(registry, store, row).await {
                Ok(Removal::Done) => removed += 1,
                Ok(Removal::Elsewhere) => {
                    left.insert(asset_id);
                    elsewhere += 1;
                }
                Err(error) => {
                    left.insert(asset_id);
                    failed = Some(error);
                }
            }
        }
        if is_last || left.len() >= LISTED_MAX {
            break;
        }
    }
    if elsewhere > 0 {
        tracing::warn!(rows = elsewhere, "Bytes of deleted assets stay in another bucket: see objects.bucket");
    }
    failed.map_or(Ok(removed), Err)
}

/// What became of a deleted asset.
pub(super) enum Removal {
    /// Its bytes are gone, and its row is forgotten.
    Done,
    /// Its bytes lie in a bucket that is not this store's, and its row stays to tell.
    Elsewhere,
}

/// Removes the bytes of a deleted asset, and has its row forgotten.
pub(super) async fn remove_one<R: AssetRegistry>(
    registry: &R,
    store: &ObjectStore,
    row: AssetObject,
) -> Result<Removal, SweepError> {
    if !store.has_bucket(&row.bucket) {
        if row.confirmed_at.is_some() {
            return Ok(Removal::Elsewhere);
        }
        // A player has registered it for a store that is not this one, which has taken no bytes for it.
        registry.forget_deleted(vec![row.asset_id]).await?;
        return Ok(Removal::Done);
    }
    // The module takes no key that could not lie in a bucket; such a row has no object.
    let key = ObjectKey::parse(&row.object_key);
    let _held = match &key {
        Some(key) => Some(store.lock(&row.bucket, key).await),
        None => None,
    };
    if store.is_shared() && !is_still_deleted(registry, &row).await? {
        return Ok(Removal::Done);
    }
    if let Some(key) = &key {
        store.remove(&row.bucket, key).await?;
        store.forget_parts(row.asset_id.to_uuid()).await?;
        variants::remove(store, &row.bucket, row.asset_id.to_uuid()).await?;
    }
    registry.forget_deleted(vec![row.asset_id]).await?;
    Ok(Removal::Done)
}

/// Whether the place is still this row's. Another facade may have removed its object and forgotten it since the rows
/// were listed, and its owner may have uploaded another one there.
async fn is_still_deleted<R: AssetRegistry>(registry: &R, row: &AssetObject) -> Result<bool, CallError> {
    let found = registry.find(&row.bucket, vec![row.object_key.clone()]).await?;
    Ok(found.iter().any(|found| found.asset_id == row.asset_id && found.status == AssetStatus::Deleted))
}
