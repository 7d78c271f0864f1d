//! Publishing a game, taking it from the gallery, and reading what was published.

use module_big_fish::{Step, Work};

use crate::*;

/// A session to publish.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BigFishPublication {
    /// The session.
    pub session_id: Uuid,
    /// The session's revision as the author saw it.
    pub revision: u64,
    /// Chosen by the caller, unique per author: the same request again has the same result.
    pub idempotency_key: String,
}

/// Publishes a session of the sender.
///
/// Errors: as [`publish_big_fish_game_and_return`].
#[reducer]
pub fn publish_big_fish_game(ctx: &ReducerContext, request: BigFishPublication) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    publish_session(ctx, &caller, &request).map(drop)
}

/// Takes a game of the sender from the gallery.
///
/// Errors: as [`unpublish_big_fish_game_and_return`].
#[reducer]
pub fn unpublish_big_fish_game(ctx: &ReducerContext, game_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    unpublish_game(ctx, &caller, game_id).map(drop)
}

/// Publishes a session as the next version of its game, which is made the first time, shows it
/// in the gallery, and returns the version. Runs that have begun keep the version they play.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player, or if
/// another player's asset fills a slot; `invalid_argument`; `limit_exceeded` for more than 100
/// games or 100 versions; `not_found`; `conflict` if the revision is another one, the stage is
/// not review, a required slot is empty, an asset is not confirmed or private, a Moderator holds
/// the game back, or the idempotency key was used for another request.
#[procedure]
pub fn publish_big_fish_game_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: BigFishPublication,
) -> Result<BigFishGameVersion, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        publish_session(tx, &caller, &request)
    })
}

/// Takes a game from the gallery and returns it; doing so again changes nothing. Runs that have
/// begun go on. Publishing another version brings it back.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for a game of another author.
#[procedure]
pub fn unpublish_big_fish_game_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    game_id: Uuid,
) -> Result<BigFishGame, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        unpublish_game(tx, &caller, game_id)
    })
}

/// Returns a version: any of a game of one's own, the one on show of a published game, or one
/// that one has a run of.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`.
#[procedure]
pub fn read_big_fish_game_version_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    version_id: Uuid,
) -> Result<BigFishGameVersion, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        read_version(tx, &caller, version_id)
    })
}

/// The sender's own games, in the gallery or not.
#[view(accessor = my_fish_games, public, primary_key = game_id)]
pub fn my_fish_games(ctx: &ViewContext) -> Vec<BigFishGame> {
    ctx.db.big_fish_game().owner().filter(ctx.sender()).collect()
}

fn publish_session(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &BigFishPublication,
) -> Result<BigFishGameVersion, DomainError> {
    let replayable = Replayable::new(caller.player, "publish_big_fish_game", &request.idempotency_key, request)?;
    if let Some(version_id) = replayable.first_result(ctx)? {
        return find_big_fish_version(ctx, version_id);
    }
    let session = revised_big_fish_session(ctx, caller, request.session_id, request.revision)?;
    module_big_fish::check_allows(session.stage.into(), Work::Publish)?;
    check_big_fish_levels(&session.levels)?;
    let game = next_game(ctx, &session)?;
    let version = insert_version(ctx, caller, &session, &game)?;
    show_big_fish_game(ctx, &game, &version);
    let (game_id, stage) = (Some(game.game_id), BigFishStage::Published);
    ctx.db.big_fish_game().game_id().insert_or_update(BigFishGame { version_id: version.version_id, ..game });
    store_big_fish_revision(ctx, BigFishCreationSession { stage, game_id, ..session });
    replayable.remember(ctx, version.version_id)?;
    Ok(version)
}

/// The session's game as it will be with its next version, whose id is still to come.
fn next_game(ctx: &ReducerContext, session: &BigFishCreationSession) -> Result<BigFishGame, DomainError> {
    let games = ctx.db.big_fish_game();
    let present = session.game_id.and_then(|game_id| games.game_id().find(game_id));
    let game = match present {
        Some(game) => game,
        None => {
            module_big_fish::check_game_count(games.owner().filter(session.owner).count() as u64)?;
            BigFishGame {
                game_id: fresh_id(ctx, |id| games.game_id().find(id).is_some())?,
                owner: session.owner,
                status: BigFishGameStatus::Published,
                version_id: Uuid::NIL,
                version_number: 0,
                title: String::new(),
                play_count: 0,
                held_reason: None,
                created_at: ctx.timestamp,
                updated_at: ctx.timestamp,
            }
        }
    };
    module_rules::check_not_held("The game", game.held_reason.as_deref())?;
    Ok(BigFishGame {
        status: BigFishGameStatus::Published,
        version_number: module_big_fish::next_version_number(game.version_number)?,
        title: session.title.clone(),
        updated_at: ctx.timestamp,
        ..game
    })
}

fn insert_version(
    ctx: &ReducerContext,
    caller: &Caller,
    session: &BigFishCreationSession,
    game: &BigFishGame,
) -> Result<BigFishGameVersion, DomainError> {
    let versions = ctx.db.big_fish_game_version();
    let version_id = fresh_id(ctx, |id| versions.version_id().find(id).is_some())?;
    let assets = keep_big_fish_assets(ctx, caller, session, version_id)?;
    let version = BigFishGameVersion {
        version_id,
        game_id: game.game_id,
        owner: game.owner,
        number: game.version_number,
        title: session.title.clone(),
        description: session.description.clone(),
        levels: assets.levels,
        background_asset_id: assets.background,
        published_at: ctx.timestamp,
    };
    versions.try_insert(version).map_err(|_| DomainError::no_fresh_id())
}

fn unpublish_game(ctx: &ReducerContext, caller: &Caller, game_id: Uuid) -> Result<BigFishGame, DomainError> {
    let game = find_big_fish_game(ctx, game_id)?;
    module_big_fish::check_own("game", &game.owner, &caller.player)?;
    match module_big_fish::transition_game(game.status.into(), BigFishGameStatus::Unpublished.into())? {
        Step::Already => Ok(game),
        Step::Moved => Ok(store_game(ctx, take_from_gallery(ctx, game))),
    }
}

/// The game as it is to be stored once it is out of the gallery, which it is now.
pub(super) fn take_from_gallery(ctx: &ReducerContext, game: BigFishGame) -> BigFishGame {
    hide_big_fish_game(ctx, game.game_id);
    BigFishGame { status: BigFishGameStatus::Unpublished, ..game }
}

pub(super) fn store_game(ctx: &ReducerContext, game: BigFishGame) -> BigFishGame {
    ctx.db.big_fish_game().game_id().update(BigFishGame { updated_at: ctx.timestamp, ..game })
}

fn read_version(ctx: &ReducerContext, caller: &Caller, version_id: Uuid) -> Result<BigFishGameVersion, DomainError> {
    let version = find_big_fish_version(ctx, version_id)?;
    let game = find_big_fish_game(ctx, version.game_id)?;
    let on_show = (game.status == BigFishGameStatus::Published).then_some(game.version_id);
    let began = || ctx.db.big_fish_run().owner().filter(caller.player).any(|run| run.version_id == version_id);
    module_big_fish::check_version_readable(version_id, on_show, &game.owner, &caller.player, began)?;
    Ok(version)
}

/// Counts a run that a player other than the author begins.
pub(crate) fn count_big_fish_play(ctx: &ReducerContext, game: BigFishGame) {
    let play_count = game.play_count.saturating_add(1);
    let plays_shown = module_big_fish::plays_shown(play_count);
    let entries = ctx.db.big_fish_gallery_entry();
    if let Some(entry) = entries.game_id().find(game.game_id)
        && entry.plays_shown != plays_shown
    {
        entries.game_id().update(BigFishGalleryEntry { plays_shown, ..entry });
    }
    ctx.db.big_fish_game().game_id().update(BigFishGame { play_count, ..game });
}

/// Errors: `not_found`.
pub(crate) fn find_big_fish_game(ctx: &ReducerContext, game_id: Uuid) -> Result<BigFishGame, DomainError> {
    Ok(ctx.db.big_fish_game().game_id().find(game_id).ok_or(RuleError::Hidden { what: "game" })?)
}

/// Errors: `not_found`.
pub(crate) fn find_big_fish_version(ctx: &ReducerContext, version_id: Uuid) -> Result<BigFishGameVersion, DomainError> {
    let version = ctx.db.big_fish_game_version().version_id().find(version_id);
    Ok(version.ok_or(RuleError::Hidden { what: "version of a game" })?)
}
