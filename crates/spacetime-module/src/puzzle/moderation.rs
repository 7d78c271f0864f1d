//! Moderators hold puzzles back, and let them go again.

use super::{load_puzzle, withdraw_puzzle};
use crate::*;

/// A puzzle to hold back.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct PuzzleHold {
    /// The puzzle.
    pub puzzle_id: Uuid,
    /// Why, for its author to read; at most 500 bytes.
    pub reason: String,
}

/// Holds a puzzle back. For Moderator and Admin.
///
/// Errors: as [`hold_puzzle_and_return`].
#[reducer]
pub fn hold_puzzle(ctx: &ReducerContext, request: PuzzleHold) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    hold_back(ctx, &caller, request).map(drop)
}

/// Lets a puzzle go that was held back. For Moderator and Admin.
///
/// Errors: as [`release_puzzle_and_return`].
#[reducer]
pub fn release_puzzle(ctx: &ReducerContext, puzzle_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    release_held(ctx, &caller, puzzle_id).map(drop)
}

/// Takes a puzzle out of the gallery, so that its author cannot publish it again, and returns it.
/// Holding it again replaces the reason. Runs that have begun go on.
///
/// Errors: `unauthenticated`; `forbidden` unless the player is a Moderator or an Admin;
/// `account_closed`; `not_found`, also for a draft; `invalid_argument`, `limit_exceeded`.
#[procedure]
pub fn hold_puzzle_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: PuzzleHold,
) -> Result<PicturePuzzle, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        hold_back(tx, &caller, request.clone())
    })
}

/// Lets the author of a puzzle that was held back publish it again, and returns it, withdrawn.
/// Releasing a puzzle that is not held changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` unless the player is a Moderator or an Admin;
/// `account_closed`; `not_found`, also for a draft.
#[procedure]
pub fn release_puzzle_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    puzzle_id: Uuid,
) -> Result<PicturePuzzle, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        release_held(tx, &caller, puzzle_id)
    })
}

fn hold_back(ctx: &ReducerContext, caller: &Caller, request: PuzzleHold) -> Result<PicturePuzzle, DomainError> {
    check_moderator(caller)?;
    module_rules::check_held_reason(&request.reason)?;
    let puzzle = moderated_puzzle(ctx, request.puzzle_id)?;
    let held_reason = Some(request.reason);
    if puzzle.held_reason == held_reason {
        return Ok(puzzle);
    }
    Ok(withdraw_puzzle(ctx, PicturePuzzle { held_reason, ..puzzle }))
}

fn release_held(ctx: &ReducerContext, caller: &Caller, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    check_moderator(caller)?;
    let puzzle = moderated_puzzle(ctx, puzzle_id)?;
    if puzzle.held_reason.is_none() {
        return Ok(puzzle);
    }
    Ok(withdraw_puzzle(ctx, PicturePuzzle { held_reason: None, ..puzzle }))
}

/// Errors: `not_found`, also for a draft.
fn moderated_puzzle(ctx: &ReducerContext, puzzle_id: Uuid) -> Result<PicturePuzzle, DomainError> {
    let puzzle = load_puzzle(ctx, puzzle_id)?;
    module_puzzle::held_status(puzzle.status.into())?;
    Ok(puzzle)
}
