//! The gallery of games: its front page, and all of it by pages.

use module_rules::{PageBuilder, PlaceRange};
use spacetimedb::AnonymousViewContext;

use crate::*;

/// Which page of the gallery to list.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishGalleryPageRequest {
    /// `next_cursor` of the page before; nothing for the first page.
    pub cursor: Option<u64>,
    /// Most games on the page, 1 to 100.
    pub length: u32,
}

/// A page of the gallery.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishGalleryPage {
    /// The games, those first that were first published last. A page may be short, or empty, and
    /// still have a next one.
    pub games: Vec<BigFishGalleryEntry>,
    /// Where the next page goes on; nothing on the last page.
    pub next_cursor: Option<u64>,
}

/// Returns a page of the published games, the newest first. Another version makes a game no newer,
/// and neither does a return to the gallery.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded`.
#[procedure]
pub fn list_gallery_fish_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishGalleryPageRequest,
) -> Result<BigFishGalleryPage, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, Admits::Players, acting_player)?;
        gallery_page(tx, &request)
    })
}

/// The newest published games, for everybody.
#[view(accessor = gallery_fish, public, primary_key = game_id)]
pub fn gallery_fish(ctx: &AnonymousViewContext) -> Vec<BigFishGalleryEntry> {
    ctx.db.big_fish_gallery_entry().is_on_front_page().filter(true).collect()
}

/// Shows a version in the gallery, in the place of what was shown before of its game.
pub(crate) fn show_big_fish_game(ctx: &ReducerContext, game: &BigFishGame, version: &BigFishGameVersion) {
    let mut species = Vec::with_capacity(version.levels.len());
    for published in &version.levels {
        species.push(published.level.name.clone());
    }
    let entries = ctx.db.big_fish_gallery_entry();
    let (number, was_on_front_page) = match entries.game_id().find(game.game_id) {
        Some(entry) => (entry.number, entry.is_on_front_page),
        None => (entries.count().saturating_add(1), false),
    };
    entries.game_id().insert_or_update(BigFishGalleryEntry {
        game_id: game.game_id,
        is_listed: true,
        number,
        is_on_front_page: was_on_front_page || enter_front_page(ctx, &Games, number, game.game_id),
        author: game.owner,
        version_id: version.version_id,
        version_number: version.number,
        title: version.title.clone(),
        description: version.description.clone(),
        species,
        cover_asset_id: version.levels.last().map_or(Uuid::NIL, |top| top.picture_asset_id),
        plays_shown: module_big_fish::plays_shown(game.play_count),
        published_at: version.published_at,
    });
}

/// Takes a game out of the gallery; one that is not in there stays out.
pub(crate) fn hide_big_fish_game(ctx: &ReducerContext, game_id: Uuid) {
    let entries = ctx.db.big_fish_gallery_entry();
    let Some(entry) = entries.game_id().find(game_id) else {
        return;
    };
    let was_on_front_page = entry.is_on_front_page;
    entries.game_id().update(BigFishGalleryEntry { is_listed: false, is_on_front_page: false, ..entry });
    if was_on_front_page {
        leave_front_page(ctx, &Games, game_id);
    }
}

fn gallery_page(ctx: &ReducerContext, request: &BigFishGalleryPageRequest) -> Result<BigFishGalleryPage, DomainError> {
    module_rules::check_page_length(request.length)?;
    let last = ctx.db.big_fish_gallery_entry().count();
    let mut page = PageBuilder::new(request.length);
    let ranges = module_rules::ranges_down(request.cursor, last, request.length);
    for entry in ranges.flat_map(|range| entries_down(ctx, range)) {
        page.pass(entry.number, entry.is_listed.then_some(entry));
        if page.is_full() {
            break;
        }
    }
    let (games, next_cursor) = page.finish(1);
    Ok(BigFishGalleryPage { games, next_cursor })
}

/// The games numbered within a range, shown or not, the newest first.
fn entries_down(ctx: &ReducerContext, (from, to): PlaceRange) -> Vec<BigFishGalleryEntry> {
    descending(ctx.db.big_fish_gallery_entry().number().filter(from..=to), |entry| entry.number)
}

/// The gallery of games, for its front page.
struct Games;

impl Gallery for Games {
    fn kind(&self) -> GalleryKind {
        GalleryKind::Games
    }

    fn marked(&self, ctx: &ReducerContext) -> Vec<(u64, Uuid)> {
        let entries = ctx.db.big_fish_gallery_entry().is_on_front_page().filter(true);
        entries.map(|entry| (entry.number, entry.game_id)).collect()
    }

    fn last_number(&self, ctx: &ReducerContext) -> u64 {
        ctx.db.big_fish_gallery_entry().count()
    }

    fn newest_below(&self, ctx: &ReducerContext, range: PlaceRange) -> Option<(u64, Uuid)> {
        let mut entries = entries_down(ctx, range).into_iter();
        let entry = entries.find(|entry| entry.is_listed && !entry.is_on_front_page)?;
        Some((entry.number, entry.game_id))
    }

    fn mark(&self, ctx: &ReducerContext, id: Uuid, is_on_front_page: bool) {
        let entries = ctx.db.big_fish_gallery_entry();
        if let Some(entry) = entries.game_id().find(id) {
            entries.game_id().update(BigFishGalleryEntry { is_on_front_page, ..entry });
        }
    }
}
