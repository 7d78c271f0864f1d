//! Published worlds for everybody.
//!
//! A row of the gallery exists while its world is published. What must outlive that (likes,
//! players, the world's places in the orders) is in [`CustomWorldStanding`].

mod likes;
mod pages;
mod ranking;
mod tags;

pub use likes::*;
pub use pages::*;
pub use ranking::*;
pub use tags::*;

use module_rules::PlaceRange;
use spacetimedb::AnonymousViewContext;

use crate::*;

/// A published world, as everybody sees it.
#[table(accessor = custom_world_gallery_entry, public)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldGalleryEntry {
    /// The world.
    #[primary_key]
    pub world_id: Uuid,
    /// The version that a new story begins in.
    pub version_id: Uuid,
    /// Its number.
    pub version: u32,
    /// The author.
    #[index(btree)]
    pub author: Identity,
    /// Title of the setting.
    pub title: String,
    /// One line below it.
    pub tagline: String,
    /// What it is about, each word or phrase at most once.
    pub tags: Vec<String>,
    /// The cover, an asset that players may read.
    pub cover_asset_id: Uuid,
    /// How many players like it.
    pub likes: u64,
    /// How many players have begun a story in it.
    pub players: u64,
    /// The world's number: worlds are numbered when first published, from 1.
    pub number: u64,
    /// Whether it is one of the newest 100.
    #[index(btree)]
    pub is_on_front_page: bool,
    /// When the world was first published.
    pub published_at: Timestamp,
    /// When this row last changed but for its counts: by a new version, a new cover, or a return.
    pub updated_at: Timestamp,
}

/// The newest published worlds.
#[view(accessor = gallery_worlds, public, primary_key = world_id)]
pub fn gallery_worlds(ctx: &AnonymousViewContext) -> Vec<CustomWorldGalleryEntry> {
    ctx.db.custom_world_gallery_entry().is_on_front_page().filter(true).collect()
}

/// Shows a version in the gallery, in the place of what was shown before of its world.
pub(crate) fn show_in_gallery(
    ctx: &ReducerContext,
    version: &CustomWorldVersion,
    setting: &WorldSetting,
    cover_asset_id: Uuid,
) -> Result<(), DomainError> {
    let standing = standing_of_shown(ctx, version.world_id)?;
    let present = ctx.db.custom_world_gallery_entry().world_id().find(version.world_id);
    let is_on_front_page = match &present {
        Some(present) => present.is_on_front_page,
        None => enter_front_page(ctx, &Worlds, standing.number, version.world_id),
    };
    let entry = CustomWorldGalleryEntry {
        world_id: version.world_id,
        version_id: version.version_id,
        version: version.version,
        author: version.author,
        title: setting.title.clone(),
        tagline: setting.tagline.clone(),
        tags: setting.tags.clone(),
        cover_asset_id,
        likes: standing.likes,
        players: standing.players,
        number: standing.number,
        is_on_front_page,
        published_at: standing.published_at,
        updated_at: present.as_ref().map_or(ctx.timestamp, |present| present.updated_at),
    };
    if present.as_ref() != Some(&entry) {
        let entry = CustomWorldGalleryEntry { updated_at: ctx.timestamp, ..entry };
        ctx.db.custom_world_gallery_entry().world_id().insert_or_update(entry);
    }
    note_tags(ctx, version.world_id, &setting.tags)
}

/// Takes a world out of the gallery; one that is not in there stays out.
pub(crate) fn hide_from_gallery(ctx: &ReducerContext, world_id: Uuid) {
    let entries = ctx.db.custom_world_gallery_entry();
    let Some(entry) = entries.world_id().find(world_id) else {
        return;
    };
    entries.world_id().delete(world_id);
    if entry.is_on_front_page {
        leave_front_page(ctx, &Worlds, world_id);
    }
}

/// Counts a player who has begun a story in a world for the first time.
///
/// Errors: `not_found` if the world was never published.
pub(crate) fn count_world_player(ctx: &ReducerContext, world_id: Uuid) -> Result<(), DomainError> {
    let standing = promote_world(ctx, world_id)?;
    copy_counts(ctx, &standing);
    Ok(())
}

/// Brings the counts that everybody sees in step.
pub(crate) fn copy_counts(ctx: &ReducerContext, standing: &CustomWorldStanding) {
    let entries = ctx.db.custom_world_gallery_entry();
    if let Some(entry) = entries.world_id().find(standing.world_id) {
        let (likes, players) = (standing.likes, standing.players);
        entries.world_id().update(CustomWorldGalleryEntry { likes, players, ..entry });
    }
}

/// The gallery of worlds, for its front page.
struct Worlds;

impl Gallery for Worlds {
    fn kind(&self) -> GalleryKind {
        GalleryKind::Worlds
    }

    fn marked(&self, ctx: &ReducerContext) -> Vec<(u64, Uuid)> {
        let entries = ctx.db.custom_world_gallery_entry().is_on_front_page().filter(true);
        entries.map(|entry| (entry.number, entry.world_id)).collect()
    }

    fn last_number(&self, ctx: &ReducerContext) -> u64 {
        ctx.db.custom_world_standing().count()
    }

    fn newest_below(&self, ctx: &ReducerContext, range: PlaceRange) -> Option<(u64, Uuid)> {
        let shown = |standing: &CustomWorldStanding| {
            let entry = ctx.db.custom_world_gallery_entry().world_id().find(standing.world_id);
            entry.is_some_and(|entry| !entry.is_on_front_page)
        };
        let standing = places_down(ctx, range).into_iter().find(shown)?;
        Some((standing.number, standing.world_id))
    }

    fn mark(&self, ctx: &ReducerContext, id: Uuid, is_on_front_page: bool) {
        let entries = ctx.db.custom_world_gallery_entry();
        if let Some(entry) = entries.world_id().find(id) {
            entries.world_id().update(CustomWorldGalleryEntry { is_on_front_page, ..entry });
        }
    }
}
