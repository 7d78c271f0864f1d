//! Smaller pictures of an asset: made once, kept in the store, and gone with the asset.

use bytes::Bytes;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use worldloom_client::AssetObject;

use crate::objects::{ObjectKey, ObjectStore, StoreError, content_type};
use crate::pictures::{FILE_BYTES_MAX, PictureError, PictureFile, PictureMaker, Turn};

/// A size that pictures come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// For lists: within 256 × 256 pixels.
    Thumbnail,
    /// For a screen: within 1280 × 1280 pixels.
    Bounded,
}

/// Why there is no such picture.
#[derive(Debug, thiserror::Error)]
pub enum VariantError {
    /// It cannot be made.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Variant {
    const ALL: [Self; 2] = [Self::Thumbnail, Self::Bounded];

    /// As it stands in paths.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail",
            Self::Bounded => "bounded",
        }
    }

    const fn side(self) -> u32 {
        match self {
            Self::Thumbnail => 256,
            Self::Bounded => 1280,
        }
    }

    fn key(self, asset_id: uuid::Uuid) -> ObjectKey {
        ObjectKey::for_variant(asset_id, self.name())
    }
}

/// The variant of a confirmed picture, if it was made before.
pub async fn kept(store: &ObjectStore, row: &AssetObject, variant: Variant) -> Result<Option<PictureFile>, StoreError> {
    let key = variant.key(row.asset_id.to_uuid());
    let Some(size) = store.size(&row.bucket, &key).await? else { return Ok(None) };
    let bytes = match read(store, &row.bucket, &key, size).await {
        Ok(bytes) => bytes,
        // It went with its asset in between.
        Err(StoreError::Missing) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(content_type::recognise(&bytes).map(|content_type| PictureFile { content_type, bytes }))
}

/// Waits for a turn to make a variant of this asset.
///
/// Errors: [`PictureError`] at once, if there can be no variant of it or too many wait already.
pub async fn turn(maker: &PictureMaker, row: &AssetObject) -> Result<Turn, VariantError> {
    if !row.content_type.starts_with("image/") {
        return Err(PictureError::NoPicture.into());
    }
    if row.byte_size > FILE_BYTES_MAX {
        return Err(PictureError::TooLarge.into());
    }
    Ok(maker.turn().await?)
}

/// Makes the variant in this turn and keeps it in the store.
pub async fn make(
    store: &ObjectStore,
    turn: Turn,
    row: &AssetObject,
    variant: Variant,
) -> Result<PictureFile, VariantError> {
    let key = variant.key(row.asset_id.to_uuid());
    // Whoever else wants it waits for it instead of making it too. Uploads use the same locks, so nobody who has one
    // may wait for a turn.
    let _held = store.lock(&row.bucket, &key).await;
    if let Some(kept) = kept(store, row, variant).await? {
        return Ok(kept);
    }
    let original = ObjectKey::parse(&row.object_key).ok_or(StoreError::Missing)?;
    let bytes = read(store, &row.bucket, &original, row.byte_size).await?;
    let made = turn.make(row.content_type.clone(), bytes, variant.side()).await?;
    store.write(&row.bucket, &key, made.content_type, made.bytes.clone()).await?;
    Ok(made)
}

/// Removes all variants of an asset. None at all count as removed.
pub async fn remove(store: &ObjectStore, bucket: &str, asset_id: uuid::Uuid) -> Result<(), StoreError> {
    for variant in Variant::ALL {
        store.remove(bucket, &variant.key(asset_id)).await?;
    }
    Ok(())
}

async fn read(store: &ObjectStore, bucket: &str, key: &ObjectKey, size: u64) -> Result<Vec<u8>, StoreError> {
    let chunks: Vec<Bytes> = store.read(bucket, key, 0..size).await?.try_collect().await?;
    Ok(chunks.concat())
}
