//! Sessions, games and runs at every point of their lives, for the tests to begin with.

use spacetime_module::*;
use spacetimedb::Uuid;

use crate::world::{Actor, World};

/// A level of a small ladder, told apart by its species.
pub fn level(species_key: &str, size_milli: u32) -> BigFishLevel {
    BigFishLevel {
        species_key: species_key.to_owned(),
        name: species_key.to_uppercase(),
        description: String::new(),
        size_milli,
        speed_milli: 700,
    }
}

/// Guppy, cod and shark.
pub fn ladder() -> Vec<BigFishLevel> {
    vec![level("guppy", 800), level("cod", 1_200), level("shark", 1_600)]
}

/// The slots that a game of [`ladder`] must fill.
pub const REQUIRED: [&str; 6] =
    ["picture_guppy", "movement_guppy", "picture_cod", "movement_cod", "picture_shark", "movement_shark"];

pub fn session_request(name: &str) -> BigFishSessionRequest {
    BigFishSessionRequest {
        idempotency_key: format!("session-{name}"),
        title: format!("Reef {name}"),
        description: String::new(),
    }
}

/// A new session.
pub fn begun(world: &World, author: Actor, name: &str) -> BigFishCreationSession {
    world.call(author, |ctx| create_big_fish_session_and_return(ctx, None, session_request(name))).unwrap()
}

pub fn set_levels(
    world: &World,
    author: Actor,
    session: &BigFishCreationSession,
    levels: Vec<BigFishLevel>,
) -> Result<BigFishCreationSession, DomainError> {
    let BigFishCreationSession { session_id, revision, .. } = *session;
    let request = BigFishLadderRequest { session_id, revision, levels };
    world.call(author, |ctx| set_big_fish_ladder_and_return(ctx, None, request))
}

pub fn move_to(
    world: &World,
    author: Actor,
    session: &BigFishCreationSession,
    stage: BigFishStage,
) -> Result<BigFishCreationSession, DomainError> {
    let BigFishCreationSession { session_id, revision, .. } = *session;
    let request = BigFishStageRequest { session_id, revision, stage };
    world.call(author, |ctx| move_big_fish_session_and_return(ctx, None, request))
}

/// A session whose ladder is settled and whose slots are empty.
pub fn laddered(world: &World, author: Actor, name: &str) -> BigFishCreationSession {
    let session = set_levels(world, author, &begun(world, author, name), ladder()).unwrap();
    move_to(world, author, &session, BigFishStage::Assets).unwrap()
}

/// A confirmed asset that players can be shown.
pub fn shown(world: &World, owner: Actor, name: &str) -> Uuid {
    world.public(owner, name).asset_id
}

pub fn fill(
    world: &World,
    author: Actor,
    session_id: Uuid,
    slot: &str,
    asset_id: Uuid,
) -> Result<AssetEntityBindingOutcome, DomainError> {
    let request = BigFishAssetBindingRequest { session_id, slot: slot.to_owned(), asset_id };
    world.call(author, |ctx| bind_big_fish_asset_and_return(ctx, None, request))
}

/// A session with every required slot filled.
pub fn filled(world: &World, author: Actor, name: &str) -> BigFishCreationSession {
    let session = laddered(world, author, name);
    for slot in REQUIRED {
        let asset_id = shown(world, author, &format!("{name}-{slot}"));
        fill(world, author, session.session_id, slot, asset_id).unwrap();
    }
    session
}

/// As [`filled`], quickly: with one asset in every slot.
pub fn filled_with_one(world: &World, author: Actor, name: &str) -> BigFishCreationSession {
    let session = laddered(world, author, name);
    let asset_id = shown(world, author, name);
    for slot in REQUIRED {
        fill(world, author, session.session_id, slot, asset_id).unwrap();
    }
    session
}

/// A session that can be published.
pub fn reviewed(world: &World, author: Actor, name: &str) -> BigFishCreationSession {
    move_to(world, author, &filled(world, author, name), BigFishStage::Review).unwrap()
}

pub fn publish(
    world: &World,
    author: Actor,
    session: &BigFishCreationSession,
    key: &str,
) -> Result<BigFishGameVersion, DomainError> {
    let BigFishCreationSession { session_id, revision, .. } = *session;
    let request = BigFishPublication { session_id, revision, idempotency_key: key.to_owned() };
    world.call(author, |ctx| publish_big_fish_game_and_return(ctx, None, request))
}

/// A published game.
pub fn published(world: &World, author: Actor, name: &str) -> BigFishGameVersion {
    publish(world, author, &reviewed(world, author, name), &format!("publish-{name}")).unwrap()
}

/// Takes a session on to its publication, as the next version of its game.
pub fn published_once_more(world: &World, author: Actor, session_id: Uuid) -> BigFishGameVersion {
    let session = session_now(world, author, session_id);
    let session = move_to(world, author, &session, BigFishStage::Assets).unwrap();
    let session = move_to(world, author, &session, BigFishStage::Review).unwrap();
    publish(world, author, &session, &format!("again-{}-{}", session_id, session.revision)).unwrap()
}

pub fn unpublish(world: &World, actor: Actor, game_id: Uuid) -> Result<BigFishGame, DomainError> {
    world.call(actor, |ctx| unpublish_big_fish_game_and_return(ctx, None, game_id))
}

/// What everybody sees without asking.
pub fn gallery(world: &World) -> Vec<BigFishGalleryEntry> {
    world.see_publicly(gallery_fish)
}

/// The session as its author sees it now.
pub fn session_now(world: &World, author: Actor, session_id: Uuid) -> BigFishCreationSession {
    let sessions = world.see(author, my_fish_sessions);
    sessions.into_iter().find(|session| session.session_id == session_id).unwrap()
}

pub fn start(world: &World, player: Actor, game_id: Uuid, key: &str) -> Result<BigFishRun, DomainError> {
    let request = BigFishRunRequest { idempotency_key: key.to_owned(), game_id };
    world.call(player, |ctx| start_big_fish_run_and_return(ctx, None, request))
}

/// A run of Bob's of a game of Alice's.
pub fn started(world: &World) -> BigFishRun {
    let game_id = published(world, Actor::Alice, "reef").game_id;
    start(world, Actor::Bob, game_id, "run").unwrap()
}

pub fn steer(
    world: &World,
    player: Actor,
    run_id: Uuid,
    x_milli: i32,
    y_milli: i32,
) -> Result<BigFishRun, DomainError> {
    let request = BigFishSteering { run_id, heading: BigFishHeading { x_milli, y_milli } };
    world.call(player, |ctx| steer_big_fish_run_and_return(ctx, None, request))
}

/// The run as its player sees it now.
pub fn run_now(world: &World, player: Actor, run_id: Uuid) -> BigFishRun {
    world.see(player, my_runs).into_iter().find(|run| run.run_id == run_id).unwrap()
}
