//! Pages of the gallery. A page reads at most five ranges of its own length, whatever the size of
//! the gallery; worlds that are not published now leave it shorter.

use module_rules::{PageBuilder, PlaceRange};

use crate::*;

/// Which page of an order.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldPageRequest {
    /// `next_cursor` of the page before; nothing for the first page.
    pub cursor: Option<u64>,
    /// Most worlds on the page, 1 to 100.
    pub length: u32,
}

/// Which page of a tag.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldTagPageRequest {
    /// The tag, exactly as authors write it: lower-case words with single blanks between them.
    pub tag: String,
    /// `next_cursor` of the page before; nothing for the first page.
    pub cursor: Option<u64>,
    /// Most worlds on the page, 1 to 100.
    pub length: u32,
}

/// A page of the gallery.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CustomWorldGalleryPage {
    /// The worlds, in the order that was asked for. A page may be short, or empty, and still
    /// have a next one.
    pub worlds: Vec<CustomWorldGalleryEntry>,
    /// Where the next page goes on; nothing on the last page.
    pub next_cursor: Option<u64>,
}

/// Returns a page of the published worlds, the newest first. A new version makes a world no newer.
///
/// Errors: `unauthenticated`; `account_closed`; `invalid_argument`, `limit_exceeded` for the
/// length.
#[procedure]
pub fn list_newest_worlds_and_return(
    ctx: &mut ProcedureContext,
    request: CustomWorldPageRequest,
) -> Result<CustomWorldGalleryPage, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, Admits::Players, None)?;
        newest_page(tx, request.cursor, request.length)
    })
}

/// Returns a page of the published worlds, those with most players first. When ranks change
/// between two pages, a world may be on both or on neither.
///
/// Errors: as [`list_newest_worlds_and_return`].
#[procedure]
pub fn list_most_played_worlds_and_return(
    ctx: &mut ProcedureContext,
    request: CustomWorldPageRequest,
) -> Result<CustomWorldGalleryPage, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, Admits::Players, None)?;
        most_played_page(tx, request.cursor, request.length)
    })
}

/// Returns a page of the published worlds with a tag, those first that got it last. A tag that
/// no world has is an empty page.
///
/// Errors: as [`list_newest_worlds_and_return`]; `invalid_argument`, `limit_exceeded` also for
/// the tag.
#[procedure]
pub fn list_worlds_by_tag_and_return(
    ctx: &mut ProcedureContext,
    request: CustomWorldTagPageRequest,
) -> Result<CustomWorldGalleryPage, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, Admits::Players, None)?;
        tag_page(tx, &request)
    })
}

/// Returns a published world.
///
/// Errors: `unauthenticated`; `account_closed`; `not_found`.
#[procedure]
pub fn get_gallery_world_and_return(
    ctx: &mut ProcedureContext,
    world_id: Uuid,
) -> Result<CustomWorldGalleryEntry, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, Admits::Players, None)?;
        let entry = tx.db.custom_world_gallery_entry().world_id().find(world_id);
        entry.ok_or_else(|| RuleError::Hidden { what: "published world" }.into())
    })
}

impl CustomWorldGalleryPage {
    /// Of an order that ends at the place `end`.
    fn from_builder(page: PageBuilder<CustomWorldGalleryEntry>, end: u64) -> Self {
        let (worlds, next_cursor) = page.finish(end);
        CustomWorldGalleryPage { worlds, next_cursor }
    }
}

fn newest_page(ctx: &ReducerContext, cursor: Option<u64>, length: u32) -> Result<CustomWorldGalleryPage, DomainError> {
    module_rules::check_page_length(length)?;
    let last = ctx.db.custom_world_standing().count();
    let mut page = PageBuilder::new(length);
    for range in module_rules::ranges_down(cursor, last, length) {
        for standing in places_down(ctx, range) {
            if page.is_full() {
                return Ok(CustomWorldGalleryPage::from_builder(page, 1));
            }
            page.pass(standing.number, shown(ctx, standing.world_id));
        }
    }
    Ok(CustomWorldGalleryPage::from_builder(page, 1))
}

fn most_played_page(
    ctx: &ReducerContext,
    cursor: Option<u64>,
    length: u32,
) -> Result<CustomWorldGalleryPage, DomainError> {
    module_rules::check_page_length(length)?;
    let last = ctx.db.custom_world_standing().count();
    let mut page = PageBuilder::new(length);
    for (from, to) in module_rules::ranges_up(cursor, last, length) {
        for standing in ascending(ctx.db.custom_world_standing().rank().filter(from..=to), |standing| standing.rank) {
            if page.is_full() {
                return Ok(CustomWorldGalleryPage::from_builder(page, last));
            }
            page.pass(standing.rank, shown(ctx, standing.world_id));
        }
    }
    Ok(CustomWorldGalleryPage::from_builder(page, last))
}

fn tag_page(ctx: &ReducerContext, request: &CustomWorldTagPageRequest) -> Result<CustomWorldGalleryPage, DomainError> {
    let CustomWorldTagPageRequest { tag, cursor, length } = request;
    module_rules::check_page_length(*length)?;
    module_custom_world::check_tag(tag)?;
    let mut page = PageBuilder::new(*length);
    for (from, to) in module_rules::ranges_down(*cursor, tagged_worlds(ctx, tag), *length) {
        let places = ctx.db.custom_world_tagging().by_number().filter((tag, from..=to));
        for tagging in descending(places, |tagging| tagging.number) {
            if page.is_full() {
                return Ok(CustomWorldGalleryPage::from_builder(page, 1));
            }
            let entry = shown(ctx, tagging.world_id);
            page.pass(tagging.number, entry.filter(|entry| entry.tags.contains(tag)));
        }
    }
    Ok(CustomWorldGalleryPage::from_builder(page, 1))
}

/// The worlds numbered within a range, the newest first.
pub(crate) fn places_down(ctx: &ReducerContext, (from, to): PlaceRange) -> Vec<CustomWorldStanding> {
    descending(ctx.db.custom_world_standing().number().filter(from..=to), |standing| standing.number)
}

fn shown(ctx: &ReducerContext, world_id: Uuid) -> Option<CustomWorldGalleryEntry> {
    ctx.db.custom_world_gallery_entry().world_id().find(world_id)
}
