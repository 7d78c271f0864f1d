//! Moderators hold games back, and let them go again.

use super::publishing::{store_game, take_from_gallery};
use crate::*;

/// A game to hold back.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishHold {
    /// The game.
    pub game_id: Uuid,
    /// Why, for its author to read; at most 500 bytes.
    pub reason: String,
}

/// Holds a game back. For Moderator and Admin.
///
/// Errors: as [`hold_big_fish_game_and_return`].
#[reducer]
pub fn hold_big_fish_game(ctx: &ReducerContext, request: BigFishHold) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    hold_back(ctx, &caller, request).map(drop)
}

/// Lets a game go that was held back. For Moderator and Admin.
///
/// Errors: as [`release_big_fish_game_and_return`].
#[reducer]
pub fn release_big_fish_game(ctx: &ReducerContext, game_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    release_held(ctx, &caller, game_id).map(drop)
}

/// Takes a game from the gallery, so that its author cannot publish it again, and returns it.
/// Holding it again replaces the reason. Runs that have begun go on.
///
/// Errors: `unauthenticated`; `forbidden` unless the player is a Moderator or an Admin;
/// `account_closed`; `not_found`; `invalid_argument`, `limit_exceeded`.
#[procedure]
pub fn hold_big_fish_game_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishHold,
) -> Result<BigFishGame, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        hold_back(tx, &caller, request.clone())
    })
}

/// Lets the author of a game that was held back publish it again, and returns it, unpublished.
/// Releasing a game that is not held changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` unless the player is a Moderator or an Admin;
/// `account_closed`; `not_found`.
#[procedure]
pub fn release_big_fish_game_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    game_id: Uuid,
) -> Result<BigFishGame, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        release_held(tx, &caller, game_id)
    })
}

fn hold_back(ctx: &ReducerContext, caller: &Caller, request: BigFishHold) -> Result<BigFishGame, DomainError> {
    check_moderator(caller)?;
    module_rules::check_held_reason(&request.reason)?;
    let game = find_big_fish_game(ctx, request.game_id)?;
    let held_reason = Some(request.reason);
    if game.held_reason == held_reason {
        return Ok(game);
    }
    let game = take_from_gallery(ctx, game);
    Ok(store_game(ctx, BigFishGame { held_reason, ..game }))
}

fn release_held(ctx: &ReducerContext, caller: &Caller, game_id: Uuid) -> Result<BigFishGame, DomainError> {
    check_moderator(caller)?;
    let game = find_big_fish_game(ctx, game_id)?;
    if game.held_reason.is_none() {
        return Ok(game);
    }
    Ok(store_game(ctx, BigFishGame { held_reason: None, ..game }))
}
