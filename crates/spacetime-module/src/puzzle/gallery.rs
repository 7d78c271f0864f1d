//! The gallery of puzzles: its front page, and all of it by pages.

use module_rules::{PageBuilder, PlaceRange};
use spacetimedb::AnonymousViewContext;

use crate::*;

/// A puzzle's place in the gallery, in the order of the first publications. It stays when the
/// puzzle is withdrawn or deleted, so that places have no gaps.
#[table(accessor = puzzle_gallery_place)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PuzzleGalleryPlace {
    /// The puzzle.
    #[primary_key]
    pub puzzle_id: Uuid,
    /// Counts from 1. The index serves ranges, which a unique one does not.
    #[index(btree)]
    pub number: u64,
}

/// How many puzzles an author has published, each counted once. Deleted ones count: their places stay.
#[table(accessor = puzzle_publisher)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PuzzlePublisher {
    /// The author.
    #[primary_key]
    pub author: Identity,
    /// How many.
    pub published: u64,
}

/// Which page of the gallery to list.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct PuzzleGalleryPageRequest {
    /// `next_cursor` of the page before; nothing for the first page.
    pub cursor: Option<u64>,
    /// Most puzzles on the page, 1 to 100.
    pub length: u32,
}

/// A page of the gallery.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct PuzzleGalleryPage {
    /// The puzzles, those first that were first published last. A page may be short, or empty,
    /// and still have a next one.
    pub puzzles: Vec<PicturePuzzle>,
    /// Where the next page goes on; nothing on the last page.
    pub next_cursor: Option<u64>,
}

/// Returns a page of the published puzzles, the newest first. Publishing again after a withdrawal
/// makes a puzzle no newer.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `invalid_argument`, `limit_exceeded`.
#[procedure]
pub fn list_gallery_puzzles_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: PuzzleGalleryPageRequest,
) -> Result<PuzzleGalleryPage, DomainError> {
    ctx.try_with_tx(|tx| {
        guard(tx, Admits::Players, acting_player)?;
        gallery_page(tx, &request)
    })
}

/// The newest published puzzles, for everybody.
#[view(accessor = gallery_puzzles, public, primary_key = puzzle_id)]
pub fn gallery_puzzles(ctx: &AnonymousViewContext) -> Vec<PicturePuzzle> {
    ctx.db.picture_puzzle().is_on_front_page().filter(true).collect()
}

fn gallery_page(ctx: &ReducerContext, request: &PuzzleGalleryPageRequest) -> Result<PuzzleGalleryPage, DomainError> {
    module_rules::check_page_length(request.length)?;
    let last = ctx.db.puzzle_gallery_place().count();
    let mut page = PageBuilder::new(request.length);
    let ranges = module_rules::ranges_down(request.cursor, last, request.length);
    for place in ranges.flat_map(|range| places_down(ctx, range)) {
        page.pass(place.number, shown_puzzle(ctx, place.puzzle_id));
        if page.is_full() {
            break;
        }
    }
    let (puzzles, next_cursor) = page.finish(1);
    Ok(PuzzleGalleryPage { puzzles, next_cursor })
}

fn shown_puzzle(ctx: &ReducerContext, puzzle_id: Uuid) -> Option<PicturePuzzle> {
    let puzzle = ctx.db.picture_puzzle().puzzle_id().find(puzzle_id)?;
    (puzzle.status == PuzzleStatus::Published).then_some(puzzle)
}

/// The places numbered within a range, the newest first.
fn places_down(ctx: &ReducerContext, (from, to): PlaceRange) -> Vec<PuzzleGalleryPlace> {
    descending(ctx.db.puzzle_gallery_place().number().filter(from..=to), |place| place.number)
}

/// The number of a puzzle's place: behind all others, unless it has one.
///
/// Errors: `limit_exceeded` if its author has published as many as one may.
pub(super) fn take_gallery_place(ctx: &ReducerContext, puzzle: &PicturePuzzle) -> Result<u64, DomainError> {
    if let Some(number) = puzzle.gallery_number {
        return Ok(number);
    }
    count_publication(ctx, puzzle.author)?;
    let places = ctx.db.puzzle_gallery_place();
    let place = PuzzleGalleryPlace { puzzle_id: puzzle.puzzle_id, number: places.count().saturating_add(1) };
    let place = places.try_insert(place).map_err(|_| DomainError::no_fresh_id())?;
    Ok(place.number)
}

fn count_publication(ctx: &ReducerContext, author: Identity) -> Result<(), DomainError> {
    let publishers = ctx.db.puzzle_publisher();
    let published = publishers.author().find(author).map_or(0, |publisher| publisher.published);
    module_puzzle::check_publication_count(published)?;
    publishers.author().insert_or_update(PuzzlePublisher { author, published: published.saturating_add(1) });
    Ok(())
}

/// The gallery of puzzles, for its front page.
pub(super) struct Puzzles;

impl Gallery for Puzzles {
    fn kind(&self) -> GalleryKind {
        GalleryKind::Puzzles
    }

    fn marked(&self, ctx: &ReducerContext) -> Vec<(u64, Uuid)> {
        let puzzles = ctx.db.picture_puzzle().is_on_front_page().filter(true);
        puzzles.filter_map(|puzzle| puzzle.gallery_number.map(|number| (number, puzzle.puzzle_id))).collect()
    }

    fn last_number(&self, ctx: &ReducerContext) -> u64 {
        ctx.db.puzzle_gallery_place().count()
    }

    fn newest_below(&self, ctx: &ReducerContext, range: PlaceRange) -> Option<(u64, Uuid)> {
        let is_below = |place: &PuzzleGalleryPlace| {
            shown_puzzle(ctx, place.puzzle_id).is_some_and(|puzzle| !puzzle.is_on_front_page)
        };
        let place = places_down(ctx, range).into_iter().find(is_below)?;
        Some((place.number, place.puzzle_id))
    }

    fn mark(&self, ctx: &ReducerContext, id: Uuid, is_on_front_page: bool) {
        let puzzles = ctx.db.picture_puzzle();
        if let Some(puzzle) = puzzles.puzzle_id().find(id) {
            puzzles.puzzle_id().update(PicturePuzzle { is_on_front_page, ..puzzle });
        }
    }
}
