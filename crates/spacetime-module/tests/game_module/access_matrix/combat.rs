//! Calls of battles.

use spacetime_module::*;
use spacetimedb::{Identity, Uuid};

use super::{said, seen};
use crate::combat::insert_story;
use crate::world::{Actor, World};

/// Alice has won a battle and is in another one; Bob has a battle of his own.
pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    if !ENTRY_POINTS.contains(&name) {
        return None;
    }
    let version = world.published_sample();
    let story = insert_story(world, Actor::Alice, &version, 7);
    let bobs = insert_story(world, Actor::Bob, &version, 8);
    begin(world, Actor::Bob, bobs.session_id);
    let mut battle = begin(world, Actor::Alice, story.session_id);
    while battle.status == BattleStatus::Active {
        let round = round_of(&battle);
        battle = world.call(Actor::Alice, |ctx| resolve_combat_action_and_return(ctx, None, round)).unwrap();
    }
    let start = BattleStart { idempotency_key: "new".to_owned(), ..start_of(story.session_id) };
    let going_on = || {
        let start = start.clone();
        world.call(Actor::Alice, |ctx| start_battle_and_return(ctx, None, start)).unwrap()
    };
    Some(match name {
        "start_battle" => said(world.reduce(caller, |ctx| start_battle(ctx, start))),
        "start_battle_and_return" => said(world.call(caller, |ctx| start_battle_and_return(ctx, named, start))),
        "resolve_combat_action" => {
            let round = round_of(&going_on());
            said(world.reduce(caller, |ctx| resolve_combat_action(ctx, round)))
        }
        "resolve_combat_action_and_return" => {
            let round = round_of(&going_on());
            said(world.call(caller, |ctx| resolve_combat_action_and_return(ctx, named, round)))
        }
        "read_battle_and_return" => {
            said(world.call(caller, |ctx| read_battle_and_return(ctx, named, battle.battle_id)))
        }
        "read_progression_and_return" => {
            said(world.call(caller, |ctx| read_progression_and_return(ctx, named, story.world_id)))
        }
        "my_battles" => seen(world.see(caller, my_battles)),
        "my_battle_victories" => seen(world.see(caller, my_battle_victories)),
        "my_progression" => seen(world.see(caller, my_progression)),
        "my_chapter_progression" => seen(world.see(caller, my_chapter_progression)),
        _ => return None,
    })
}

const ENTRY_POINTS: [&str; 10] = [
    "start_battle",
    "start_battle_and_return",
    "resolve_combat_action",
    "resolve_combat_action_and_return",
    "read_battle_and_return",
    "read_progression_and_return",
    "my_battles",
    "my_battle_victories",
    "my_progression",
    "my_chapter_progression",
];

fn begin(world: &World, player: Actor, session_id: Uuid) -> BattleState {
    world.call(player, |ctx| start_battle_and_return(ctx, None, start_of(session_id))).unwrap()
}

fn start_of(session_id: Uuid) -> BattleStart {
    BattleStart { idempotency_key: "first".to_owned(), session_id, enemy_key: "rat".to_owned() }
}

fn round_of(battle: &BattleState) -> CombatActionRequest {
    CombatActionRequest { battle_id: battle.battle_id, round: battle.next_round, action: BattleAction::Attack }
}
