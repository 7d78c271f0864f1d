//! Each procedure of the module that the facade calls. Player procedures are called in the player's name.

use spacetimedb_sdk::{Identity, Uuid};
use worldloom_client::{
    AssetEntityBinding, AssetEntityBindingOutcome, AssetEntityBindingRequest, AssetEntityUnbindRequest, AssetObject,
    AssetObjectConfirmation, AssetObjectRegistration, bind_asset_object_to_entity_and_return,
    confirm_asset_object_and_return, delete_asset_object_and_return, find_asset_objects_and_return,
    forget_deleted_asset_objects_and_return, list_asset_objects_and_return, list_expired_asset_objects_and_return,
    read_asset_object_and_return, register_asset_object_and_return, unbind_asset_object_from_entity_and_return,
};

use super::{CallError, NodeClient};
use crate::assets::AssetRegistry;

/// The SDK's form of an id.
pub fn sdk_uuid(id: uuid::Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128())
}

/// Calls a procedure by name with these arguments and sends its answer on.
macro_rules! call {
    ($client:expr, $procedure:ident, $then:ident, $($argument:expr),+) => {
        $client
            .call(stringify!($procedure), |procedures, sender| {
                procedures.$then($($argument),+, move |_, answer| {
                    // The caller may have given up waiting.
                    let _ = sender.send(answer);
                });
            })
            .await
    };
}
pub(super) use call;

impl NodeClient {
    /// Proves that the node answers for the database and takes the facade for a Service.
    pub async fn probe(&self) -> Result<(), CallError> {
        self.list_expired(1).await.map(drop)
    }

    /// The asset, if `player` may read it.
    pub async fn read_asset(&self, player: Identity, asset_id: uuid::Uuid) -> Result<AssetObject, CallError> {
        call!(self, read_asset_object_and_return, read_asset_object_and_return_then, Some(player), sdk_uuid(asset_id))
    }

    /// The asset, as those see it who look after all assets.
    pub async fn read_asset_as_service(&self, asset_id: uuid::Uuid) -> Result<AssetObject, CallError> {
        call!(self, read_asset_object_and_return, read_asset_object_and_return_then, None, sdk_uuid(asset_id))
    }

    /// A page of the rows of a bucket between two keys, for an Operator or for the facade itself.
    pub async fn list_assets(
        &self,
        operator: Option<Identity>,
        bucket: &str,
        after_key: &str,
        until_key: &str,
        limit: u32,
    ) -> Result<Vec<AssetObject>, CallError> {
        call!(
            self,
            list_asset_objects_and_return,
            list_asset_objects_and_return_then,
            operator,
            bucket.to_owned(),
            after_key.to_owned(),
            until_key.to_owned(),
            limit
        )
    }

    /// Deletes an asset of `player` that is bound to nothing.
    pub async fn delete_asset(&self, player: Identity, asset_id: uuid::Uuid) -> Result<AssetObject, CallError> {
        call!(
            self,
            delete_asset_object_and_return,
            delete_asset_object_and_return_then,
            Some(player),
            sdk_uuid(asset_id)
        )
    }

    /// Puts an asset of `player` into a slot.
    pub async fn bind_asset(
        &self,
        player: Identity,
        request: AssetEntityBindingRequest,
    ) -> Result<AssetEntityBindingOutcome, CallError> {
        call!(
            self,
            bind_asset_object_to_entity_and_return,
            bind_asset_object_to_entity_and_return_then,
            Some(player),
            request
        )
    }

    /// Empties a slot that an asset of `player` fills.
    pub async fn unbind_asset(
        &self,
        player: Identity,
        request: AssetEntityUnbindRequest,
    ) -> Result<AssetEntityBinding, CallError> {
        call!(
            self,
            unbind_asset_object_from_entity_and_return,
            unbind_asset_object_from_entity_and_return_then,
            Some(player),
            request
        )
    }
}

impl AssetRegistry for NodeClient {
    async fn register(&self, player: Identity, request: AssetObjectRegistration) -> Result<AssetObject, CallError> {
        call!(self, register_asset_object_and_return, register_asset_object_and_return_then, Some(player), request)
    }

    async fn confirm(&self, player: Identity, request: AssetObjectConfirmation) -> Result<AssetObject, CallError> {
        call!(self, confirm_asset_object_and_return, confirm_asset_object_and_return_then, Some(player), request)
    }

    async fn list_expired(&self, limit: u32) -> Result<Vec<AssetObject>, CallError> {
        call!(self, list_expired_asset_objects_and_return, list_expired_asset_objects_and_return_then, limit)
    }

    async fn forget_deleted(&self, asset_ids: Vec<Uuid>) -> Result<Vec<Uuid>, CallError> {
        call!(self, forget_deleted_asset_objects_and_return, forget_deleted_asset_objects_and_return_then, asset_ids)
    }

    async fn find(&self, bucket: &str, object_keys: Vec<String>) -> Result<Vec<AssetObject>, CallError> {
        call!(self, find_asset_objects_and_return, find_asset_objects_and_return_then, bucket.to_owned(), object_keys)
    }
}
