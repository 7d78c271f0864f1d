//! Stage 4: the playable form of worlds. Versions and their entries never change once published.

mod compile;
mod covers;
mod moderation;

pub use compile::*;
pub(crate) use covers::*;
pub use moderation::*;

use module_custom_world::WorldStatus;

use crate::*;

/// One published version of a world. It never changes, so that a player who has begun it plays
/// on in the same world, whatever its author publishes next.
#[table(accessor = custom_world_version)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldVersion {
    /// UUIDv7.
    #[primary_key]
    pub version_id: Uuid,
    /// The profile that was published.
    #[index(btree)]
    pub world_id: Uuid,
    /// From 1 without gaps, unique within the world.
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

/// A world to publish.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldPublishing {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// The world.
    pub world_id: Uuid,
    /// The revision of its profile that the author has seen.
    pub revision: u64,
    /// The content hash of the report that the author has seen; any content is published when
    /// this is left open.
    pub content_hash: Option<String>,
}

/// What publishing made.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldPublication {
    /// The world as it stands.
    pub profile: CustomWorldProfile,
    /// The version that this publication shows: a new one only if the content had changed.
    pub version: CustomWorldVersion,
    /// Its entry in the gallery; none if it has been taken back since.
    pub gallery_entry: Option<CustomWorldGalleryEntry>,
}

/// Which entries of a version to read.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldEntryQuery {
    /// The version.
    pub version_id: Uuid,
    /// Their kind.
    pub kind: WorldEntryKind,
}

/// Publishes a world of the sender.
///
/// Errors: as [`publish_world_and_return`].
#[reducer]
pub fn publish_world(ctx: &ReducerContext, request: CustomWorldPublishing) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    publish_draft(ctx, &caller, &request).map(drop)
}

/// Takes a world of the sender out of the gallery.
///
/// Errors: as [`unpublish_world_and_return`].
#[reducer]
pub fn unpublish_world(ctx: &ReducerContext, request: CustomWorldRequest) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    take_back_world(ctx, &caller, &request).map(drop)
}

/// Validates the draft of a world, compiles it, publishes it and shows it in the gallery, all in
/// one transaction. Content that has changed makes the next version; stories that players have
/// begun stay in theirs.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found`; `invalid_argument`,
/// `limit_exceeded` for the idempotency key or the content hash, or if there are too many versions;
/// `illegal_transition` from the archive; `conflict` if the revision or the content hash is not
/// the present one, if a Moderator holds the world back, if the draft has problems, or if the
/// idempotency key was used for another request.
#[procedure]
pub fn publish_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldPublishing,
) -> Result<CustomWorldPublication, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        publish_draft(tx, &caller, &request)
    })
}

/// Takes a world out of the gallery and returns it. Nobody begins it any more; stories that
/// players have begun go on.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found`; `illegal_transition` for a
/// draft; `conflict` if the revision is not the present one.
#[procedure]
pub fn unpublish_world_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: CustomWorldRequest,
) -> Result<CustomWorldProfile, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        take_back_world(tx, &caller, &request)
    })
}

/// Returns the versions of an author's world, the newest first.
///
/// Errors: `unauthenticated`; `forbidden` for another author's published world, or if anyone but
/// the Service names another player; `account_closed`; `not_found`.
#[procedure]
pub fn list_world_versions_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    world_id: Uuid,
) -> Result<Vec<CustomWorldVersion>, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        owned_world_profile(tx, &caller, world_id)?;
        Ok(descending(tx.db.custom_world_version().world_id().filter(world_id), |version| version.version))
    })
}

/// Returns the entries of one kind of a published version, by their keys, for clients to show.
/// Whoever knows the version may read it: it was published.
///
/// Errors: `unauthenticated`; `account_closed`; `not_found`.
#[procedure]
pub fn list_world_entries_and_return(
    ctx: &mut ProcedureContext,
    query: CustomWorldEntryQuery,
) -> Result<Vec<CustomWorldPlayableEntry>, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, Admits::Players, None)?;
        world_version(tx, query.version_id)?;
        let mut entries: Vec<_> = world_entries(tx, query.version_id, query.kind).collect();
        entries.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(entries)
    })
}

fn publish_draft(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldPublishing,
) -> Result<CustomWorldPublication, DomainError> {
    module_custom_world::check_content_hash(request.content_hash.as_deref())?;
    let replayable = Replayable::new(caller.player, "publish_world", &request.idempotency_key, request)?;
    if let Some(version_id) = replayable.first_result(ctx)? {
        let profile = owned_world_profile(ctx, caller, request.world_id)?;
        return publication_of(ctx, profile, world_version(ctx, version_id)?);
    }
    let profile = owned_world_profile(ctx, caller, request.world_id)?;
    module_custom_world::check_revision(profile.revision, request.revision)?;
    module_custom_world::check_not_held(profile.held_reason.as_deref())?;
    module_custom_world::world_transition(profile.status.into(), WorldStatus::Published)?;
    let draft = compile_draft(ctx, &profile)?;
    module_custom_world::check_reviewed(&draft.content_hash, request.content_hash.as_deref())?;
    module_custom_world::check_publishable(&draft.problems)?;
    let (setting, first_chapter_key, cover) = draft.essentials()?;
    let version = match newest_version(ctx, &profile)? {
        Some(newest) if newest.content_hash == draft.content_hash => newest,
        _ => insert_version(ctx, &profile, &draft, &setting, first_chapter_key)?,
    };
    let profile = show_profile(ctx, profile, &version, &setting)?;
    pin_cover(ctx, &profile, &cover)?;
    show_in_gallery(ctx, &version, &setting, cover.asset_id)?;
    replayable.remember(ctx, version.version_id)?;
    publication_of(ctx, profile, version)
}

fn publication_of(
    ctx: &ReducerContext,
    profile: CustomWorldProfile,
    version: CustomWorldVersion,
) -> Result<CustomWorldPublication, DomainError> {
    let gallery_entry = ctx.db.custom_world_gallery_entry().world_id().find(profile.world_id);
    Ok(CustomWorldPublication { profile, version, gallery_entry })
}

fn insert_version(
    ctx: &ReducerContext,
    profile: &CustomWorldProfile,
    draft: &CompiledDraft,
    setting: &WorldSetting,
    first_chapter_key: String,
) -> Result<CustomWorldVersion, DomainError> {
    let versions = ctx.db.custom_world_version();
    let version = CustomWorldVersion {
        version_id: fresh_id(ctx, |id| versions.version_id().find(id).is_some())?,
        world_id: profile.world_id,
        version: module_custom_world::next_version(profile.current_version)?,
        author: profile.owner,
        title: setting.title.clone(),
        first_chapter_key,
        content_hash: draft.content_hash.clone(),
        published_at: ctx.timestamp,
    };
    let version = versions.try_insert(version).map_err(|_| DomainError::no_fresh_id())?;
    for card in &draft.cards {
        let entry = CustomWorldPlayableEntry {
            id: 0,
            version_id: version.version_id,
            kind: card.kind,
            key: card.key.clone(),
            entry: card.entry.clone(),
        };
        ctx.db.custom_world_playable_entry().try_insert(entry).map_err(|_| DomainError::no_fresh_id())?;
    }
    Ok(version)
}

/// The profile as its publication leaves it; a publication that changes nothing leaves it as it
/// is, with its revision.
fn show_profile(
    ctx: &ReducerContext,
    profile: CustomWorldProfile,
    version: &CustomWorldVersion,
    setting: &WorldSetting,
) -> Result<CustomWorldProfile, DomainError> {
    let shown = CustomWorldProfile {
        title: setting.title.clone(),
        tagline: setting.tagline.clone(),
        status: CustomWorldStatus::Published,
        current_version: version.version,
        current_version_id: Some(version.version_id),
        published_at: Some(version.published_at),
        ..profile.clone()
    };
    if shown == profile { Ok(profile) } else { store_world_profile(ctx, shown) }
}

fn take_back_world(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &CustomWorldRequest,
) -> Result<CustomWorldProfile, DomainError> {
    let profile = owned_world_profile(ctx, caller, request.world_id)?;
    module_custom_world::check_revision(profile.revision, request.revision)?;
    module_custom_world::unpublish_world(profile.status.into())?;
    let profile = move_world(ctx, profile, WorldStatus::Unpublished)?;
    hide_world(ctx, profile.world_id);
    Ok(profile)
}

/// Takes a world out of everybody's sight, except for those who have begun it.
pub(crate) fn hide_world(ctx: &ReducerContext, world_id: Uuid) {
    hide_from_gallery(ctx, world_id);
    unpin_cover(ctx, world_id);
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
    let profile = ctx.db.custom_world_profile().world_id().find(world_id);
    let published = profile.filter(|profile| profile.status == CustomWorldStatus::Published);
    match published.and_then(|profile| profile.current_version_id) {
        Some(version_id) => world_version(ctx, version_id),
        None => Err(DomainError::not_found("There is no such published world.")),
    }
}

/// The newest version of a world, published now or not.
///
/// Errors: `not_found` if its row is missing.
pub(crate) fn newest_version(
    ctx: &ReducerContext,
    profile: &CustomWorldProfile,
) -> Result<Option<CustomWorldVersion>, DomainError> {
    profile.current_version_id.map(|version_id| world_version(ctx, version_id)).transpose()
}
