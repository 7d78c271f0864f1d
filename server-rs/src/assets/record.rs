//! Asset rows as the HTTP API shows them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spacetimedb_sdk::Timestamp;
use utoipa::ToSchema;
use worldloom_client::{AssetAccessPolicy, AssetEntityBinding, AssetEntityBindingOutcome, AssetObject, AssetStatus};

use crate::objects::direct::SignedRequest;

/// Who may read an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessPolicy {
    /// The owner alone.
    Private,
    /// The owner, and whoever holds a signed link.
    Signed,
    /// Everybody.
    Public,
}

/// Where an asset is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Registered; its bytes have not been confirmed.
    Pending,
    /// Its bytes are in the store.
    Confirmed,
    /// Gone for good.
    Deleted,
}

/// One asset. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetRecord {
    asset_id: uuid::Uuid,
    /// Identity of the owner, 64 hex digits.
    #[schema(example = "c2007b6e1f4d5a0b3c8e9f102132435465768798a9bacbdcedfe0f1021324354")]
    owner: String,
    #[schema(example = "worldloom")]
    bucket: String,
    #[schema(example = "uploads/c2007b6e/5d41402a-castle.png")]
    object_key: String,
    #[schema(example = "image/png")]
    content_type: String,
    #[schema(example = 48_213)]
    byte_size: u64,
    /// 64 hex digits.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
    access_policy: AccessPolicy,
    status: Status,
    /// Path of the bytes on this server.
    #[schema(example = "/assets/0194f0c5-0000-7000-8000-000000000001/content")]
    content_path: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// Only while pending: when the registration ends.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    confirmed_at: Option<String>,
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
}

/// A request that may be sent as it stands, by anybody and without a token, until it ends.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedRequestRecord {
    #[schema(example = "PUT")]
    method: &'static str,
    #[schema(example = "https://play.example.com/objects/eyJraW5kIjoicHV0In0.c2ln")]
    url: String,
    /// Headers to send with it. Browsers write `content-length` by themselves.
    #[schema(example = json!({ "content-type": "image/png", "content-length": "48213" }))]
    headers: BTreeMap<String, String>,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// One binding of an asset to a slot of an entity.
#[derive(Debug, Serialize, ToSchema)]
pub struct BindingRecord {
    binding_id: uuid::Uuid,
    #[schema(example = "world")]
    entity_kind: String,
    #[schema(example = "world-1")]
    entity_id: String,
    #[schema(example = "cover")]
    slot: String,
    asset_id: uuid::Uuid,
    /// Identity of the owner, 64 hex digits.
    #[schema(example = "c2007b6e1f4d5a0b3c8e9f102132435465768798a9bacbdcedfe0f1021324354")]
    owner: String,
    /// Identity that made the binding, 64 hex digits.
    #[schema(example = "c2007b6e1f4d5a0b3c8e9f102132435465768798a9bacbdcedfe0f1021324354")]
    bound_by: String,
    #[schema(format = DateTime)]
    bound_at: String,
}

/// A binding that was made, and what it took the place of.
#[derive(Debug, Serialize, ToSchema)]
pub struct BindingOutcome {
    binding: BindingRecord,
    /// The asset that was in the slot before.
    replaced_asset_id: Option<uuid::Uuid>,
}

impl AssetRecord {
    /// Path of the asset on this server.
    pub fn path(&self) -> String {
        format!("/assets/{}", self.asset_id)
    }
}

impl From<AssetObject> for AssetRecord {
    fn from(row: AssetObject) -> Self {
        let asset_id = row.asset_id.to_uuid();
        Self {
            asset_id,
            owner: row.owner.to_hex().to_string(),
            bucket: row.bucket,
            object_key: row.object_key,
            content_type: row.content_type,
            byte_size: row.byte_size,
            sha256: row.sha_256,
            access_policy: row.access_policy.into(),
            status: row.status.into(),
            content_path: format!("/assets/{asset_id}/content"),
            created_at: rfc3339(row.created_at),
            updated_at: rfc3339(row.updated_at),
            expires_at: row.expires_at.map(rfc3339),
            confirmed_at: row.confirmed_at.map(rfc3339),
            deleted_at: row.deleted_at.map(rfc3339),
        }
    }
}

impl From<SignedRequest> for SignedRequestRecord {
    fn from(request: SignedRequest) -> Self {
        let expires_s = i64::try_from(request.expires_s).unwrap_or(i64::MAX / 1_000_000);
        let expires_at = Timestamp::from_micros_since_unix_epoch(expires_s.saturating_mul(1_000_000));
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers.into_iter().collect(),
            expires_at: rfc3339(expires_at),
        }
    }
}

impl From<AssetEntityBinding> for BindingRecord {
    fn from(row: AssetEntityBinding) -> Self {
        Self {
            binding_id: row.binding_id.to_uuid(),
            entity_kind: row.entity_kind,
            entity_id: row.entity_id,
            slot: row.slot,
            asset_id: row.asset_id.to_uuid(),
            owner: row.owner.to_hex().to_string(),
            bound_by: row.bound_by.to_hex().to_string(),
            bound_at: rfc3339(row.bound_at),
        }
    }
}

impl From<AssetEntityBindingOutcome> for BindingOutcome {
    fn from(outcome: AssetEntityBindingOutcome) -> Self {
        Self { binding: outcome.binding.into(), replaced_asset_id: outcome.replaced_asset_id.map(|id| id.to_uuid()) }
    }
}

impl From<AssetAccessPolicy> for AccessPolicy {
    fn from(policy: AssetAccessPolicy) -> Self {
        match policy {
            AssetAccessPolicy::Private => Self::Private,
            AssetAccessPolicy::Signed => Self::Signed,
            AssetAccessPolicy::Public => Self::Public,
        }
    }
}

impl From<AccessPolicy> for AssetAccessPolicy {
    fn from(policy: AccessPolicy) -> Self {
        match policy {
            AccessPolicy::Private => Self::Private,
            AccessPolicy::Signed => Self::Signed,
            AccessPolicy::Public => Self::Public,
        }
    }
}

impl From<AssetStatus> for Status {
    fn from(status: AssetStatus) -> Self {
        match status {
            AssetStatus::Pending => Self::Pending,
            AssetStatus::Confirmed => Self::Confirmed,
            AssetStatus::Deleted => Self::Deleted,
        }
    }
}

/// The module's clock cannot show a time that RFC 3339 cannot write, except by a corrupt row.
pub fn rfc3339(time: Timestamp) -> String {
    time.to_rfc3339().unwrap_or_else(|_| format!("{} µs", time.to_micros_since_unix_epoch()))
}
