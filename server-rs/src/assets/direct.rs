//! Uploads that clients send to the store themselves: announced, followed, and confirmed by what lies in the store.
//!
//! The row comes first, as in `publish`. Nothing that a client says about the bytes is believed: at the end the facade
//! looks at what lies under the key and confirms that, or removes it.

use std::time::Duration;

use spacetimedb_sdk::Identity;
use uuid::Uuid;
use worldloom_client::{
    AssetAccessPolicy, AssetObject, AssetObjectConfirmation, AssetObjectRegistration, AssetStatus, IllegalTransition,
};

use super::AssetRegistry;
use super::publish::until_known;
use crate::node_client::CallError;
use crate::objects::config::ObjectsConfig;
use crate::objects::direct::{Announced, Cut, Observed, Part, SignedRequest};
use crate::objects::{ObjectKey, ObjectStore, StoreError, UploadError, content_type};

/// An upload as its client announces it.
#[derive(Debug)]
pub struct Announcement {
    /// Whose it is.
    pub player: Identity,
    /// The client's key for this creation.
    pub idempotency_key: String,
    /// Who may read it.
    pub access_policy: AssetAccessPolicy,
    /// The file's name.
    pub file_name: Option<String>,
    /// Media type.
    pub content_type: String,
    /// Size in bytes.
    pub byte_size: u64,
    /// SHA-256 in 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// How the bytes of a pending asset are to be sent.
#[derive(Debug)]
pub enum Way {
    /// All is there: the asset is confirmed.
    Done,
    /// By this request.
    Single(SignedRequest),
    /// In parts, of which these have arrived.
    Parts(Cut, Vec<Part>),
}

/// Why a direct upload is refused.
#[derive(Debug, thiserror::Error)]
pub enum DirectError {
    /// The announcement, or the content, is of a wrong size or type, or the store failed.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The module refused, or could not be reached.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Nothing lies under the key.
    #[error("no bytes have arrived")]
    NothingThere,
    /// Some parts have not arrived, or not in full.
    #[error("parts are missing")]
    PartsMissing(Vec<u32>),
    /// There is no part of this number.
    #[error("there is no such part")]
    NoSuchPart(u32),
    /// The bytes in the store are not those that were announced. They were removed.
    #[error("{what} is not as announced")]
    Differs {
        /// Which fact.
        what: &'static str,
        /// As announced.
        expected: String,
        /// As found.
        actual: String,
    },
    /// The asset was registered for a bucket that is not this store's.
    #[error("the asset belongs to another store")]
    OtherStore,
    /// The asset was deleted, or is no longer pending.
    #[error("the asset is {}", .0.from)]
    NotPending(IllegalTransition),
}

impl From<StoreError> for DirectError {
    fn from(error: StoreError) -> Self {
        Self::Upload(error.into())
    }
}

/// The facts of a row that requests are signed for.
pub fn announced(row: &AssetObject) -> Announced {
    Announced {
        bucket: row.bucket.clone(),
        object_key: row.object_key.clone(),
        content_type: row.content_type.clone(),
        byte_size: row.byte_size,
        sha256: row.sha_256.clone(),
    }
}

/// Registers an upload. The same announcement again gives the same row.
pub async fn announce<R: AssetRegistry>(
    registry: &R,
    config: &ObjectsConfig,
    announcement: Announcement,
) -> Result<AssetObject, DirectError> {
    let declared = content_type::canonical(&announcement.content_type);
    check_content(config, &declared, announcement.byte_size)?;
    let Announcement { player, idempotency_key, access_policy, file_name, byte_size, sha256, .. } = announcement;
    let object_key = ObjectKey::for_upload(player, &idempotency_key, file_name.as_deref()).for_bytes(&sha256);
    let registration = AssetObjectRegistration {
        idempotency_key,
        bucket: config.bucket.clone(),
        object_key: object_key.as_str().to_owned(),
        content_type: declared,
        byte_size,
        sha_256: sha256,
        access_policy,
    };
    let row = until_known(|| registry.register(player, registration.clone())).await?;
    match row.status {
        AssetStatus::Deleted => Err(not_pending(&row)),
        AssetStatus::Pending | AssetStatus::Confirmed => Ok(row),
    }
}

fn check_content(config: &ObjectsConfig, content_type: &str, byte_size: u64) -> Result<(), DirectError> {
    if !config.content_types.iter().any(|allowed| allowed == content_type) {
        return Err(UploadError::TypeNotAllowed { found: None, allowed: config.content_types.join(", ") }.into());
    }
    if byte_size > config.direct_limit_bytes {
        return Err(UploadError::TooLarge { limit_bytes: config.direct_limit_bytes }.into());
    }
    Ok(())
}

/// Whether bytes for this pending row are taken. Its player may have registered it at the module, which knows nothing
/// of this store and its operator's limits.
fn check_row(config: &ObjectsConfig, row: &AssetObject) -> Result<(), DirectError> {
    if row.bucket != config.bucket {
        return Err(DirectError::OtherStore);
    }
    check_content(config, &row.content_type, row.byte_size)
}

/// How the bytes of this row are to be sent now.
pub async fn way(
    store: &ObjectStore,
    config: &ObjectsConfig,
    row: &AssetObject,
    content_md5: Option<&str>,
) -> Result<Way, DirectError> {
    match row.status {
        AssetStatus::Confirmed => return Ok(Way::Done),
        AssetStatus::Deleted => return Err(not_pending(row)),
        AssetStatus::Pending => check_row(config, row)?,
    }
    let announced = announced(row);
    match Cut::of(row.byte_size, config) {
        Some(cut) => Ok(Way::Parts(cut, store.parts(row.asset_id.to_uuid(), &announced).await?)),
        None => Ok(Way::Single(store.sign_put(&announced, content_md5, config.upload_url_life()).await?)),
    }
}

/// Requests for these parts of a pending row, in the order of `numbers`.
pub async fn sign_parts(
    store: &ObjectStore,
    config: &ObjectsConfig,
    row: &AssetObject,
    numbers: &[u32],
) -> Result<Vec<SignedRequest>, DirectError> {
    if row.status != AssetStatus::Pending {
        return Err(not_pending(row));
    }
    check_row(config, row)?;
    let cut = Cut::of(row.byte_size, config);
    let sized: Result<Vec<_>, _> = numbers
        .iter()
        .map(|&number| {
            let size = cut.and_then(|cut| cut.size_of(number));
            size.map(|size| (number, size)).ok_or(DirectError::NoSuchPart(number))
        })
        .collect();
    let life: Duration = config.upload_url_life();
    Ok(store.sign_parts(row.asset_id.to_uuid(), &announced(row), &sized?, life).await?)
}

/// Confirms a row by what lies in the store, and removes it if it is not what was announced. Repeatable.
///
/// Run it to its end even if the client has gone: it holds the key's lock.
pub async fn confirm<R: AssetRegistry>(
    registry: &R,
    store: &ObjectStore,
    config: &ObjectsConfig,
    row: AssetObject,
) -> Result<AssetObject, DirectError> {
    match row.status {
        AssetStatus::Confirmed => return Ok(row),
        AssetStatus::Deleted => return Err(not_pending(&row)),
        AssetStatus::Pending => check_row(config, &row)?,
    }
    let (announced, asset_id) = (announced(&row), row.asset_id.to_uuid());
    let key = ObjectKey::parse(&row.object_key).ok_or(StoreError::Missing)?;
    let _held = store.lock(&row.bucket, &key).await;
    if let Some(cut) = Cut::of(row.byte_size, config) {
        put_together(store, asset_id, &announced, cut).await?;
    }
    let observed = store.observe(&announced).await?.ok_or(DirectError::NothingThere)?;
    if let Err(error) = compare(&announced, &observed) {
        // What was announced may still come; what lies there must not be taken for it.
        store.remove(&row.bucket, &key).await?;
        store.forget_parts(asset_id).await?;
        return Err(error);
    }
    let confirmation = AssetObjectConfirmation {
        asset_id: row.asset_id,
        content_type: announced.content_type,
        byte_size: observed.byte_size,
        sha_256: observed.sha256,
    };
    let confirmed = until_known(|| registry.confirm(row.owner, confirmation.clone())).await?;
    if let Err(error) = store.forget_parts(asset_id).await {
        tracing::warn!(%error, %asset_id, "Parts of a confirmed asset stay until the sweeper removes them");
    }
    Ok(confirmed)
}

/// Makes an object of the parts, unless an earlier attempt has.
async fn put_together(store: &ObjectStore, asset_id: Uuid, announced: &Announced, cut: Cut) -> Result<(), DirectError> {
    let key = ObjectKey::parse(&announced.object_key).ok_or(StoreError::Missing)?;
    if store.size(&announced.bucket, &key).await? == Some(announced.byte_size) {
        return Ok(());
    }
    let present = store.parts(asset_id, announced).await?;
    let missing = cut.missing(&present);
    if !missing.is_empty() {
        return Err(DirectError::PartsMissing(missing));
    }
    match store.complete(asset_id, announced, &present).await {
        // Parts that make no such file are of no use to a second attempt.
        Err(error @ (UploadError::TypeNotAllowed { .. } | UploadError::TypeMismatch { .. })) => {
            store.forget_parts(asset_id).await?;
            Err(error.into())
        }
        outcome => Ok(outcome?),
    }
}

fn compare(announced: &Announced, observed: &Observed) -> Result<(), DirectError> {
    let differs = |what, expected: &str, actual: &str| {
        Err(DirectError::Differs { what, expected: expected.to_owned(), actual: actual.to_owned() })
    };
    if observed.byte_size != announced.byte_size {
        return differs("The size", &announced.byte_size.to_string(), &observed.byte_size.to_string());
    }
    if observed.sha256 != announced.sha256 {
        return differs("The SHA-256", &announced.sha256, &observed.sha256);
    }
    match observed.content_type {
        Some(found) if found == announced.content_type => Ok(()),
        Some(found) => Err(UploadError::TypeMismatch { declared: announced.content_type.clone(), found }.into()),
        None => Err(UploadError::TypeNotAllowed { found: None, allowed: announced.content_type.clone() }.into()),
    }
}

fn not_pending(row: &AssetObject) -> DirectError {
    let from = match row.status {
        AssetStatus::Pending => "pending",
        AssetStatus::Confirmed => "confirmed",
        AssetStatus::Deleted => "deleted",
    };
    DirectError::NotPending(IllegalTransition { from: from.to_owned(), to: "pending".to_owned() })
}
