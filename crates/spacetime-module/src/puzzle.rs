//! Picture puzzles: made from an author's asset, published to the gallery, played.
//!
//! Gallery, moderation, boards, runs and results are in the folder beside this file; see [`PuzzleGalleryPlace`],
//! [`PuzzleHold`], [`PuzzleBoard`], [`PuzzleRun`] and [`PuzzleResult`].

mod boards;
mod gallery;
mod moderation;
mod results;
mod runs;

pub use boards::*;
pub use gallery::*;
pub use moderation::*;
pub use results::*;
pub use runs::*;

use module_assets::{EntitySlot, Intent};
use module_puzzle::{ENTITY_KIND, Grid, PICTURE_SLOT, Step};

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
    /// Its number in the gallery: puzzles are numbered when first published, from 1.
    pub gallery_number: Option<u64>,
    /// Whether it is one of the newest 100 in the gallery.
    #[index(btree)]
    pub is_on_front_page: bool,
    /// Why a Moderator holds it back; it cannot be published meanwhile.
    pub held_reason: Option<String>,
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
/// Errors: `unauthenticated`; `forbidden` if it is another player's; `not_found`; `conflict` if a
/// Moderator holds it back, or if not everybody may see the picture; `limit_exceeded` if its author
/// has published 300 others, deleted ones included.
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

/// The sender's own puzzles.
#[view(accessor = my_puzzles, public, primary_key = puzzle_id)]
pub fn my_puzzles(ctx: &ViewContext) -> Vec<PicturePuzzle> {
    ctx.db.picture_puzzle().author().filter(ctx.sender()).collect()
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
        gallery_number: None,
        is_on_front_page: false,
        held_reason: None,
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
    module_rules::check_not_held("The puzzle", puzzle.held_reason.as_deref())?;
    let asset = ctx.db.asset_object().asset_id().find(puzzle.asset_id).ok_or(RuleError::Hidden { what: "asset" })?;
    module_puzzle::check_publishable_picture(module_assets::Policy::from(asset.access_policy).name())?;
    let number = take_gallery_place(ctx, &puzzle)?;
    Ok(ctx.db.picture_puzzle().puzzle_id().update(PicturePuzzle {
        status: PuzzleStatus::Published,
        gallery_number: Some(number),
        is_on_front_page: enter_front_page(ctx, &Puzzles, number, puzzle_id),
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
    Ok(withdraw_puzzle(ctx, puzzle))
}

/// Stores a puzzle as withdrawn, and lets the next older one take its place on the front page.
fn withdraw_puzzle(ctx: &ReducerContext, puzzle: PicturePuzzle) -> PicturePuzzle {
    let was_on_front_page = puzzle.is_on_front_page;
    let withdrawn =
        PicturePuzzle { status: PuzzleStatus::Withdrawn, is_on_front_page: false, updated_at: ctx.timestamp, ..puzzle };
    let withdrawn = ctx.db.picture_puzzle().puzzle_id().update(withdrawn);
    if was_on_front_page {
        leave_front_page(ctx, &Puzzles, withdrawn.puzzle_id);
    }
    withdrawn
}

fn remove_puzzle(ctx: &ReducerContext, caller: &Caller, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    let puzzle = authored_puzzle(ctx, caller, puzzle_id)?;
    module_puzzle::check_deletable(puzzle.status.into())?;
    empty_slot(ctx, &picture_slot(&puzzle.puzzle_id.to_string()));
    ctx.db.puzzle_leader().puzzle_id().delete(puzzle_id);
    ctx.db.picture_puzzle().puzzle_id().delete(puzzle_id);
    Ok(puzzle)
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
