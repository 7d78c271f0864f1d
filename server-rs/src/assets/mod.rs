//! Assets: stored objects and the rows of the game module that stand for them, kept in step.
//!
//! The row comes first and goes last. An object is moved to its key only while a row names that key, it is removed
//! only once that row is deleted, and the row is forgotten only once the object is removed. So whatever a crash
//! leaves behind is found through its row. Whoever touches an object holds its key's lock for all of that;
//! `docs/facade.md` lists every window and how it is closed.

pub mod direct;
pub mod publish;
pub mod reconcile;
pub mod record;
pub mod sweeper;
pub mod variants;

use std::future::Future;

use spacetimedb_sdk::{Identity, Uuid};
use worldloom_client::{AssetObject, AssetObjectConfirmation, AssetObjectRegistration};

use crate::node_client::CallError;

/// The procedures of the module's asset rows that the object store is kept in step with.
///
/// The node client is the one in the product. The trait is there so that tests can make a call fail at a chosen
/// step, which a real node cannot be brought to do.
pub trait AssetRegistry: Send + Sync {
    /// Registers a pending upload of `player`; repeatable with the same idempotency key.
    fn register(
        &self,
        player: Identity,
        request: AssetObjectRegistration,
    ) -> impl Future<Output = Result<AssetObject, CallError>> + Send;

    /// Confirms that the object of `player` is in the store; repeatable.
    fn confirm(
        &self,
        player: Identity,
        request: AssetObjectConfirmation,
    ) -> impl Future<Output = Result<AssetObject, CallError>> + Send;

    /// Deleted and lapsed rows whose objects can be removed, at most `limit`.
    fn list_expired(&self, limit: u32) -> impl Future<Output = Result<Vec<AssetObject>, CallError>> + Send;

    /// The rows at these keys of a bucket, in every status.
    fn find(
        &self,
        bucket: &str,
        object_keys: Vec<String>,
    ) -> impl Future<Output = Result<Vec<AssetObject>, CallError>> + Send;

    /// Forgets deleted rows whose objects have been removed; repeatable.
    fn forget_deleted(&self, asset_ids: Vec<Uuid>) -> impl Future<Output = Result<Vec<Uuid>, CallError>> + Send;
}
