//! Picture puzzles: made from an author's asset, published to the gallery, played.
//!
//! Runs and results are in folders beside this file; see [`PuzzleRun`] and [`PuzzleResult`].

mod results;
mod runs;

pub use results::*;
pub use runs::*;

use module_assets::{EntitySlot, Intent};
use module_puzzle::{ENTITY_KIND, Grid, PICTURE_SLOT, Step};
use module_rules::PageBuilder;
use spacetimedb::AnonymousViewContext;

use crate::*;

/// How far a puzzle has come.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PuzzleStatus {
    /// Only its author plays it.
    Draft,
    /// In the gallery; everybody plays it.
    Published,
    /// Out of the gallery again; runs that have begun go on.
    Withdrawn,
}

/// A picture, and how it is cut. Picture and grid never change, so that results stay comparable.
#[table(accessor = picture_puzzle)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PicturePuzzle {
    /// UUIDv7.
    #[primary_key]
    pub puzzle_id: Uuid,
    /// The player who made it.
    #[index(btree)]
    pub author: Identity,
    /// For people.
    pub title: String,
    /// The picture.
    pub asset_id: Uuid,
    /// Pieces from left to right.
    pub columns: u8,
    /// Pieces from top to bottom.
    pub rows: u8,
    /// How far it has come.
    pub status: PuzzleStatus,
    /// Whether it is in the gallery, that is, published; a view cannot ask for a status.
    #[index(btree)]
    pub is_published: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// When it was last published.
    pub published_at: Option<Timestamp>,
}

/// A puzzle to make.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct PuzzleCreation {
    /// Chosen by the caller: the same request again has the same result.
    pub idempotency_key: String,
    /// For people, at most 120 bytes.
    pub title: String,
    /// A confirmed picture of the author.
    pub asset_id: Uuid,
    /// Pieces from left to right, from 2 to 10.
    pub columns: u8,
    /// Pieces from top to bottom, from 2 to 10.
    pub rows: u8,
}

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

/// Makes a puzzle of the sender.
///
/// Errors: as [`create_puzzle_and_return`].
#[reducer]
pub fn create_puzzle(ctx: &ReducerContext, request: PuzzleCreation) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    make_puzzle(ctx, &caller, &request).map(drop)
}

/// Makes a puzzle from a confirmed picture of the author and returns it, a draft. The picture is
/// bound to the puzzle's slot `picture`, so that it is not deleted while the puzzle is there.
///
/// Errors: `unauthenticated`; `forbidden` if the asset is another player's; `invalid_argument`,
/// `limit_exceeded` (also for more than 100 puzzles); `not_found` for the asset, or if what was
/// made under the key has been deleted; `conflict` if the asset is not a confirmed picture or the
/// idempotency key was used for another request.
#[procedure]
pub fn create_puzzle_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: PuzzleCreation,
) -> Result<PicturePuzzle, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        make_puzzle(tx, &caller, &request)
    })
}

/// Puts a puzzle of the sender into the gallery.
///
/// Errors: as [`publish_puzzle_and_return`].
#[reducer]
pub fn publish_puzzle(ctx: &ReducerContext, puzzle_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    set_puzzle_published(ctx, &caller, puzzle_id).map(drop)
}

/// Puts a puzzle into the gallery and returns it; publishing again returns it unchanged.
///
/// Errors: `unauthenticated`; `forbidden` if it is another player's; `not_found`; `conflict` if
/// not everybody may see the picture.
#[procedure]
pub fn publish_puzzle_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    puzzle_id: Uuid,
) -> Result<PicturePuzzle, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        set_puzzle_published(tx, &caller, puzzle_id)
    })
}

/// Takes a puzzle of the sender out of the gallery.
///
/// Errors: as [`unpublish_puzzle_and_return`].
#[reducer]
pub fn unpublish_puzzle(ctx: &ReducerContext, puzzle_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    set_puzzle_withdrawn(ctx, &caller, puzzle_id).map(drop)
}

/// Takes a puzzle out of the gallery and returns it; doing it again returns it unchanged. Runs
/// that have begun go on, and results stay.
///
/// Errors: `unauthenticated`; `forbidden` if it is another player's; `not_found`;
/// `illegal_transition` for a draft.
#[procedure]
pub fn unpublish_puzzle_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    puzzle_id: Uuid,
) -> Result<PicturePuzzle, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        set_puzzle_withdrawn(tx, &caller, puzzle_id)
    })
}

/// Deletes a puzzle of the sender.
///
/// Errors: as [`delete_puzzle_and_return`].
#[reducer]
pub fn delete_puzzle(ctx: &ReducerContext, puzzle_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    remove_puzzle(ctx, &caller, puzzle_id).map(drop)
}

/// Deletes a puzzle that is not in the gallery, with its leaders, frees its picture, and returns
/// what it was. Players keep their runs and results.
///
/// Errors: `unauthenticated`; `forbidden` if it is another player's; `not_found`; `conflict` if
/// it is published.
#[procedure]
pub fn delete_puzzle_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    puzzle_id: Uuid,
) -> Result<PicturePuzzle, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        remove_puzzle(tx, &caller, puzzle_id)
    })
}

/// Returns a puzzle: a published one, or one of the player's own.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for another player's that is not published.
#[procedure]
pub fn read_puzzle_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    puzzle_id: Uuid,
) -> Result<PicturePuzzle, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        playable_puzzle(tx, &caller, puzzle_id)
    })
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

/// The sender's own puzzles.
#[view(accessor = my_puzzles, public, primary_key = puzzle_id)]
pub fn my_puzzles(ctx: &ViewContext) -> Vec<PicturePuzzle> {
    ctx.db.picture_puzzle().author().filter(ctx.sender()).collect()
}

/// Every published puzzle, for everybody.
#[view(accessor = gallery_puzzles, public, primary_key = puzzle_id)]
pub fn gallery_puzzles(ctx: &AnonymousViewContext) -> Vec<PicturePuzzle> {
    ctx.db.picture_puzzle().is_published().filter(true).collect()
}

fn make_puzzle(ctx: &ReducerContext, caller: &Caller, request: &PuzzleCreation) -> Result<PicturePuzzle, DomainError> {
    module_puzzle::check_title(&request.title)?;
    Grid::new(request.columns, request.rows)?;
    let replayable = Replayable::new(caller.player, "create_puzzle", &request.idempotency_key, request)?;
    if let Some(puzzle_id) = replayable.first_result(ctx)? {
        return load_puzzle(ctx, puzzle_id);
    }
    check_picture(ctx, caller, request.asset_id)?;
    let puzzles = ctx.db.picture_puzzle();
    module_puzzle::check_puzzle_count(puzzles.author().filter(caller.player).count() as u64)?;
    let puzzle = PicturePuzzle {
        puzzle_id: fresh_id(ctx, |id| puzzles.puzzle_id().find(id).is_some())?,
        author: caller.player,
        title: request.title.clone(),
        asset_id: request.asset_id,
        columns: request.columns,
        rows: request.rows,
        status: PuzzleStatus::Draft,
        is_published: false,
        created_at: ctx.timestamp,
        updated_at: ctx.timestamp,
        published_at: None,
    };
    let entity_id = puzzle.puzzle_id.to_string();
    fill_slot(ctx, caller, picture_slot(&entity_id), puzzle.asset_id)?;
    let puzzle = puzzles.try_insert(puzzle).map_err(|_| DomainError::no_fresh_id())?;
    replayable.remember(ctx, puzzle.puzzle_id)?;
    Ok(puzzle)
}

/// Errors: `not_found`, `forbidden`, `conflict` unless it is a confirmed picture of the player.
fn check_picture(ctx: &ReducerContext, caller: &Caller, asset_id: Uuid) -> Result<(), DomainError> {
    let asset = load_object(ctx, caller, asset_id, Intent::Change)?;
    if asset.owner != caller.player {
        // A keeper may change the asset, but a puzzle shows what is its author's own.
        return Err(RuleError::NotOwner { what: "asset" }.into());
    }
    module_assets::check_bindable(asset.status.into())?;
    Ok(module_puzzle::check_picture_type(&asset.content_type)?)
}

fn set_puzzle_published(ctx: &ReducerContext, caller: &Caller, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    let puzzle = authored_puzzle(ctx, caller, puzzle_id)?;
    if puzzle.step_to(PuzzleStatus::Published)? == Step::Already {
        return Ok(puzzle);
    }
    let asset = ctx.db.asset_object().asset_id().find(puzzle.asset_id).ok_or(RuleError::Hidden { what: "asset" })?;
    module_puzzle::check_publishable_picture(module_assets::Policy::from(asset.access_policy).name())?;
    take_gallery_place(ctx, puzzle_id)?;
    Ok(ctx.db.picture_puzzle().puzzle_id().update(PicturePuzzle {
        status: PuzzleStatus::Published,
        is_published: true,
        updated_at: ctx.timestamp,
        published_at: Some(ctx.timestamp),
        ..puzzle
    }))
}

fn set_puzzle_withdrawn(ctx: &ReducerContext, caller: &Caller, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    let puzzle = authored_puzzle(ctx, caller, puzzle_id)?;
    if puzzle.step_to(PuzzleStatus::Withdrawn)? == Step::Already {
        return Ok(puzzle);
    }
    let puzzle =
        PicturePuzzle { status: PuzzleStatus::Withdrawn, is_published: false, updated_at: ctx.timestamp, ..puzzle };
    Ok(ctx.db.picture_puzzle().puzzle_id().update(puzzle))
}

fn remove_puzzle(ctx: &ReducerContext, caller: &Caller, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    let puzzle = authored_puzzle(ctx, caller, puzzle_id)?;
    module_puzzle::check_deletable(puzzle.status.into())?;
    empty_slot(ctx, &picture_slot(&puzzle.puzzle_id.to_string()));
    ctx.db.puzzle_leader().puzzle_id().delete(puzzle_id);
    ctx.db.picture_puzzle().puzzle_id().delete(puzzle_id);
    Ok(puzzle)
}

fn gallery_page(ctx: &ReducerContext, request: &PuzzleGalleryPageRequest) -> Result<PuzzleGalleryPage, DomainError> {
    module_rules::check_page_length(request.length)?;
    let last = ctx.db.puzzle_gallery_place().count();
    let mut page = PageBuilder::new(request.length);
    for (from, to) in module_rules::ranges_down(request.cursor, last, request.length) {
        for place in descending(ctx.db.puzzle_gallery_place().number().filter(from..=to), |place| place.number) {
            if page.is_full() {
                break;
            }
            page.pass(place.number, shown_puzzle(ctx, place.puzzle_id));
        }
    }
    let (puzzles, next_cursor) = page.finish(1);
    Ok(PuzzleGalleryPage { puzzles, next_cursor })
}

fn shown_puzzle(ctx: &ReducerContext, puzzle_id: Uuid) -> Option<PicturePuzzle> {
    let puzzle = ctx.db.picture_puzzle().puzzle_id().find(puzzle_id)?;
    puzzle.is_published.then_some(puzzle)
}

/// Gives a puzzle its place behind all others, unless it has one.
fn take_gallery_place(ctx: &ReducerContext, puzzle_id: Uuid) -> Result<(), DomainError> {
    let places = ctx.db.puzzle_gallery_place();
    if places.puzzle_id().find(puzzle_id).is_none() {
        let number = places.count().saturating_add(1);
        let place = PuzzleGalleryPlace { puzzle_id, number };
        places.try_insert(place).map_err(|_| DomainError::no_fresh_id())?;
    }
    Ok(())
}

/// The puzzle, if the caller may see and play it.
///
/// Errors: `not_found`.
pub(crate) fn playable_puzzle(
    ctx: &ReducerContext,
    caller: &Caller,
    puzzle_id: Uuid,
) -> Result<PicturePuzzle, DomainError> {
    let puzzle = load_puzzle(ctx, puzzle_id)?;
    let standing = module_puzzle::puzzle_standing(&puzzle.author, &caller.player, caller.roles);
    module_puzzle::check_play(standing, puzzle.status.into())?;
    Ok(puzzle)
}

fn authored_puzzle(ctx: &ReducerContext, caller: &Caller, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    let puzzle = load_puzzle(ctx, puzzle_id)?;
    let standing = module_puzzle::puzzle_standing(&puzzle.author, &caller.player, caller.roles);
    module_puzzle::check_author(standing, puzzle.status.into())?;
    Ok(puzzle)
}

fn load_puzzle(ctx: &ReducerContext, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    Ok(ctx.db.picture_puzzle().puzzle_id().find(puzzle_id).ok_or(RuleError::Hidden { what: "puzzle" })?)
}

/// Who fills a slot of a puzzle. It holds on to its picture for as long as it is there.
pub(crate) fn puzzle_slot_keeper(ctx: &ReducerContext, puzzle_id: Uuid, slot: &str) -> SlotKeeper {
    match ctx.db.picture_puzzle().puzzle_id().find(puzzle_id) {
        None => SlotKeeper::Anybody,
        Some(_) if slot == PICTURE_SLOT => {
            SlotKeeper::Module("A puzzle keeps its picture. Delete the puzzle and make another.")
        }
        Some(puzzle) => SlotKeeper::Author { author: puzzle.author, refusal: RuleError::NotOwner { what: "puzzle" } },
    }
}

fn picture_slot(entity_id: &str) -> EntitySlot<'_> {
    EntitySlot { entity_kind: ENTITY_KIND, entity_id, slot: PICTURE_SLOT }
}

impl PicturePuzzle {
    fn step_to(&self, to: PuzzleStatus) -> Result<Step, DomainError> {
        Ok(module_puzzle::transition_puzzle(self.status.into(), to.into())?)
    }

    /// How it is cut.
    ///
    /// Errors: none for a stored puzzle.
    pub(crate) fn grid(&self) -> Result<Grid, DomainError> {
        Ok(Grid::new(self.columns, self.rows)?)
    }
}

impl From<PuzzleStatus> for module_puzzle::PuzzleStatus {
    fn from(status: PuzzleStatus) -> Self {
        match status {
            PuzzleStatus::Draft => module_puzzle::PuzzleStatus::Draft,
            PuzzleStatus::Published => module_puzzle::PuzzleStatus::Published,
            PuzzleStatus::Withdrawn => module_puzzle::PuzzleStatus::Withdrawn,
        }
    }
}
