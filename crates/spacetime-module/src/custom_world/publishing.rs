//! The playable form of worlds: immutable versions and their entries.

use crate::*;

/// One published version of a world. It never changes, so that a player who has begun it plays
/// on in the same world, whatever its author publishes next.
#[table(
    accessor = custom_world_version,
    index(accessor = by_number, btree(columns = [world_id, version]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldVersion {
    /// UUIDv7.
    #[primary_key]
    pub version_id: Uuid,
    /// The profile that was published.
    #[index(btree)]
    pub world_id: Uuid,
    /// From 1 without gaps; the pair is unique.
    pub version: u32,
    /// Its author.
    pub author: Identity,
    /// Title at that time.
    pub title: String,
    /// Key of the chapter in which a story begins.
    pub first_chapter_key: String,
    /// SHA-256 over all entries, 64 lower-case hexadecimal digits.
    pub content_hash: String,
    /// When it was published.
    pub published_at: Timestamp,
}

/// One entry of one published version.
#[table(
    accessor = custom_world_playable_entry,
    index(accessor = by_key, btree(columns = [version_id, kind, key])),
    index(accessor = by_kind, btree(columns = [version_id, kind]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldPlayableEntry {
    /// Number of the entry.
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    /// The version that it belongs to.
    pub version_id: Uuid,
    /// Its kind.
    pub kind: WorldEntryKind,
    /// Its key; the three together are unique.
    pub key: String,
    /// What players meet.
    pub entry: WorldEntry,
}

/// A version of a world, published now or at some time.
///
/// Errors: `not_found`.
pub(crate) fn world_version(ctx: &ReducerContext, version_id: Uuid) -> Result<CustomWorldVersion, DomainError> {
    let version = ctx.db.custom_world_version().version_id().find(version_id);
    version.ok_or_else(|| DomainError::not_found("There is no such version of a world."))
}

/// An entry of a version.
///
/// Errors: `not_found`.
pub(crate) fn world_entry(
    ctx: &ReducerContext,
    version_id: Uuid,
    kind: WorldEntryKind,
    key: &str,
) -> Result<WorldEntry, DomainError> {
    let place = (version_id, kind, key);
    let found = ctx.db.custom_world_playable_entry().by_key().filter(place).next();
    found.map(|row| row.entry).ok_or_else(|| DomainError::not_found(format!("This world has no {kind:?} `{key}`.")))
}

/// Every entry of a version of one kind.
pub(crate) fn world_entries(
    ctx: &ReducerContext,
    version_id: Uuid,
    kind: WorldEntryKind,
) -> impl Iterator<Item = CustomWorldPlayableEntry> {
    ctx.db.custom_world_playable_entry().by_kind().filter((version_id, kind))
}

/// The version that a new story begins in.
///
/// Errors: `not_found` if the world is not published now.
pub(crate) fn current_world_version(ctx: &ReducerContext, world_id: Uuid) -> Result<CustomWorldVersion, DomainError> {
    let versions = ctx.db.custom_world_version().world_id().filter(world_id);
    let newest = versions.max_by_key(|version| version.version);
    newest.ok_or_else(|| DomainError::not_found("There is no such published world."))
}
