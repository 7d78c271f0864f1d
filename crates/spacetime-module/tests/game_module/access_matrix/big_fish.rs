//! The eat-or-be-eaten game. Alice has a session at the stage in question, a published game, or a
//! run of it; Bob has a session.

use spacetime_module::*;
use spacetimedb::{Identity, ScheduleAt, Uuid};

use super::{said, seen};
use crate::big_fish::studio;
use crate::world::{Actor, World};

fn reply(session_id: Uuid) -> BigFishAgentReply {
    BigFishAgentReply {
        session_id,
        idempotency_key: "reply".to_owned(),
        text: "Reply".to_owned(),
        is_interrupted: false,
        proposed_levels: None,
    }
}

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let views = ["my_fish_sessions", "my_fish_messages", "my_fish_games", "my_runs", "my_run_entities"];
    if !name.contains("big_fish") && !name.contains("gallery_fish") && !views.contains(&name) {
        return None;
    }
    Some(match name {
        _ if name.contains("_run") => play(world, name, caller, named),
        _ if name.contains("_game") || name.contains("gallery_fish") => publish(world, name, caller, named),
        _ if name.contains("_asset") || name.contains("_slots") => fill(world, name, caller, named),
        _ => create(world, name, caller, named),
    })
}

fn create(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> String {
    studio::begun(world, Actor::Bob, "bobs");
    let BigFishCreationSession { session_id, revision, .. } = studio::begun(world, Actor::Alice, "briefing");
    let proposal = BigFishAgentReply { proposed_levels: Some(studio::ladder()), ..reply(session_id) };
    let alice = Some(Actor::Alice.identity());
    let message_id = world
        .call(Actor::Service, |ctx| append_big_fish_agent_message_and_return(ctx, alice, proposal))
        .unwrap()
        .message_id;
    let request = studio::session_request("new");
    let describe =
        BigFishSessionDescription { session_id, revision, title: "Title".to_owned(), description: String::new() };
    let ladder = BigFishLadderRequest { session_id, revision, levels: studio::ladder() };
    let acceptance = BigFishLadderAcceptance { session_id, revision, message_id };
    let stage = BigFishStageRequest { session_id, revision, stage: BigFishStage::Ladder };
    let message = BigFishMessageRequest { session_id, idempotency_key: "message".to_owned(), text: "Hello".to_owned() };
    let reply = BigFishAgentReply { idempotency_key: "other".to_owned(), ..reply(session_id) };
    match name {
        "my_fish_sessions" => seen(world.see(caller, my_fish_sessions)),
        "my_fish_messages" => seen(world.see(caller, my_fish_messages)),
        "create_big_fish_session" => said(world.reduce(caller, |ctx| create_big_fish_session(ctx, request))),
        "create_big_fish_session_and_return" => {
            said(world.call(caller, |ctx| create_big_fish_session_and_return(ctx, named, request)))
        }
        "describe_big_fish_session" => said(world.reduce(caller, |ctx| describe_big_fish_session(ctx, describe))),
        "describe_big_fish_session_and_return" => {
            said(world.call(caller, |ctx| describe_big_fish_session_and_return(ctx, named, describe)))
        }
        "set_big_fish_ladder" => said(world.reduce(caller, |ctx| set_big_fish_ladder(ctx, ladder))),
        "set_big_fish_ladder_and_return" => {
            said(world.call(caller, |ctx| set_big_fish_ladder_and_return(ctx, named, ladder)))
        }
        "accept_big_fish_ladder" => said(world.reduce(caller, |ctx| accept_big_fish_ladder(ctx, acceptance))),
        "accept_big_fish_ladder_and_return" => {
            said(world.call(caller, |ctx| accept_big_fish_ladder_and_return(ctx, named, acceptance)))
        }
        "move_big_fish_session" => said(world.reduce(caller, |ctx| move_big_fish_session(ctx, stage))),
        "move_big_fish_session_and_return" => {
            said(world.call(caller, |ctx| move_big_fish_session_and_return(ctx, named, stage)))
        }
        "discard_big_fish_session" => said(world.reduce(caller, |ctx| discard_big_fish_session(ctx, session_id))),
        "discard_big_fish_session_and_return" => {
            said(world.call(caller, |ctx| discard_big_fish_session_and_return(ctx, named, session_id)))
        }
        "submit_big_fish_message" => said(world.reduce(caller, |ctx| submit_big_fish_message(ctx, message))),
        "submit_big_fish_message_and_return" => {
            said(world.call(caller, |ctx| submit_big_fish_message_and_return(ctx, named, message)))
        }
        "append_big_fish_agent_message_and_return" => {
            said(world.call(caller, |ctx| append_big_fish_agent_message_and_return(ctx, named, reply)))
        }
        _ => panic!("{name} is new: add a call here"),
    }
}

fn fill(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> String {
    let session_id = studio::laddered(world, Actor::Alice, "assets").session_id;
    let asset_id = studio::shown(world, Actor::Alice, "asset");
    studio::fill(world, Actor::Alice, session_id, "picture_cod", asset_id).unwrap();
    let bind = BigFishAssetBindingRequest { session_id, slot: "background".to_owned(), asset_id };
    let unbind = BigFishAssetUnbindRequest { session_id, slot: "picture_cod".to_owned(), asset_id: None };
    match name {
        "bind_big_fish_asset" => said(world.reduce(caller, |ctx| bind_big_fish_asset(ctx, bind))),
        "bind_big_fish_asset_and_return" => {
            said(world.call(caller, |ctx| bind_big_fish_asset_and_return(ctx, named, bind)))
        }
        "unbind_big_fish_asset" => said(world.reduce(caller, |ctx| unbind_big_fish_asset(ctx, unbind))),
        "unbind_big_fish_asset_and_return" => {
            said(world.call(caller, |ctx| unbind_big_fish_asset_and_return(ctx, named, unbind)))
        }
        "list_big_fish_slots_and_return" => {
            said(world.call(caller, |ctx| list_big_fish_slots_and_return(ctx, named, session_id)))
        }
        _ => panic!("{name} is new: add a call here"),
    }
}

/// A published game, and the session that it came of at the point of its next version.
fn publish(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> String {
    let session = studio::filled_with_one(world, Actor::Alice, "published");
    let session = studio::move_to(world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    let version = studio::publish(world, Actor::Alice, &session, "first").unwrap();
    let session = studio::session_now(world, Actor::Alice, session.session_id);
    let session = studio::move_to(world, Actor::Alice, &session, BigFishStage::Assets).unwrap();
    let session = studio::move_to(world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    let BigFishCreationSession { session_id, revision, .. } = session;
    let publication = BigFishPublication { session_id, revision, idempotency_key: "second".to_owned() };
    let BigFishGameVersion { game_id, version_id, .. } = version;
    let hold = BigFishHold { game_id, reason: "reason".to_owned() };
    match name {
        "my_fish_games" => seen(world.see(caller, my_fish_games)),
        "gallery_fish" => seen(world.see_publicly(gallery_fish)),
        "list_gallery_fish_and_return" => {
            let request = BigFishGalleryPageRequest { cursor: None, length: 1 };
            said(world.call(caller, |ctx| list_gallery_fish_and_return(ctx, named, request)))
        }
        "publish_big_fish_game" => said(world.reduce(caller, |ctx| publish_big_fish_game(ctx, publication))),
        "publish_big_fish_game_and_return" => {
            said(world.call(caller, |ctx| publish_big_fish_game_and_return(ctx, named, publication)))
        }
        "unpublish_big_fish_game" => said(world.reduce(caller, |ctx| unpublish_big_fish_game(ctx, game_id))),
        "unpublish_big_fish_game_and_return" => {
            said(world.call(caller, |ctx| unpublish_big_fish_game_and_return(ctx, named, game_id)))
        }
        "hold_big_fish_game" => said(world.reduce(caller, |ctx| hold_big_fish_game(ctx, hold))),
        "hold_big_fish_game_and_return" => {
            said(world.call(caller, |ctx| hold_big_fish_game_and_return(ctx, named, hold)))
        }
        "release_big_fish_game" => said(world.reduce(caller, |ctx| release_big_fish_game(ctx, game_id))),
        "release_big_fish_game_and_return" => {
            said(world.call(caller, |ctx| release_big_fish_game_and_return(ctx, named, game_id)))
        }
        "read_big_fish_game_version_and_return" => {
            said(world.call(caller, |ctx| read_big_fish_game_version_and_return(ctx, named, version_id)))
        }
        _ => panic!("{name} is new: add a call here"),
    }
}

fn play(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> String {
    let session = studio::filled_with_one(world, Actor::Alice, "published");
    let session = studio::move_to(world, Actor::Alice, &session, BigFishStage::Review).unwrap();
    let game_id = studio::publish(world, Actor::Alice, &session, "publish").unwrap().game_id;
    let request = BigFishRunRequest { idempotency_key: "new".to_owned(), game_id };
    if name.starts_with("start_") {
        return match name {
            "start_big_fish_run" => said(world.reduce(caller, |ctx| start_big_fish_run(ctx, request))),
            _ => said(world.call(caller, |ctx| start_big_fish_run_and_return(ctx, named, request))),
        };
    }
    let run_id = studio::start(world, Actor::Alice, game_id, "run").unwrap().run_id;
    let steering = BigFishSteering { run_id, heading: BigFishHeading { x_milli: 0, y_milli: 0 } };
    let timer = BigFishTick { scheduled_id: 1, scheduled_at: ScheduleAt::Time(world.now()), run_id };
    match name {
        "my_runs" => seen(world.see(caller, my_runs)),
        "my_run_entities" => seen(world.see(caller, my_run_entities)),
        "steer_big_fish_run" => said(world.reduce(caller, |ctx| steer_big_fish_run(ctx, steering))),
        "steer_big_fish_run_and_return" => {
            said(world.call(caller, |ctx| steer_big_fish_run_and_return(ctx, named, steering)))
        }
        "pause_big_fish_run" => said(world.reduce(caller, |ctx| pause_big_fish_run(ctx, run_id))),
        "pause_big_fish_run_and_return" => {
            said(world.call(caller, |ctx| pause_big_fish_run_and_return(ctx, named, run_id)))
        }
        "resume_big_fish_run" => said(world.reduce(caller, |ctx| resume_big_fish_run(ctx, run_id))),
        "resume_big_fish_run_and_return" => {
            said(world.call(caller, |ctx| resume_big_fish_run_and_return(ctx, named, run_id)))
        }
        "abandon_big_fish_run" => said(world.reduce(caller, |ctx| abandon_big_fish_run(ctx, run_id))),
        "abandon_big_fish_run_and_return" => {
            said(world.call(caller, |ctx| abandon_big_fish_run_and_return(ctx, named, run_id)))
        }
        "tick_big_fish_run" => said(world.reduce(caller, |ctx| tick_big_fish_run(ctx, timer))),
        _ => panic!("{name} is new: add a call here"),
    }
}
