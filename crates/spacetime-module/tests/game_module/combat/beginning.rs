//! How a battle begins.

use spacetime_module::*;

use super::{Scene, insert_story};
use crate::world::{Actor, conflict};

#[test]
fn a_battle_begins_with_both_sides_fresh() {
    let scene = Scene::new();
    scene.world.advance(3);
    let battle = scene.begin("ghost");
    assert_eq!((battle.status, battle.next_round), (BattleStatus::Active, 1));
    assert_eq!((battle.enemy_key.as_str(), battle.enemy_name.as_str()), ("ghost", "Ghost"));
    assert_eq!((battle.experience, battle.treasure_key.as_deref()), (60, Some("chest")));
    assert_eq!((battle.owner, battle.session_id), (Actor::Alice.identity(), scene.story.session_id));
    assert_eq!((battle.begun_at, battle.updated_at, battle.ended_at), (scene.world.now(), scene.world.now(), None));

    let first_level = CombatStats { health: 100, energy: 50, attack: 10, defense: 5, speed: 10 };
    assert_eq!(battle.player.stats, first_level);
    assert_eq!((battle.player.health, battle.player.energy), (100, 50));
    assert_eq!((battle.enemy.health, battle.enemy.energy), (20, 10));
    let [bite] = battle.enemy.skills.as_slice() else { panic!("{:?}", battle.enemy.skills) };
    assert_eq!((bite.skill.name.as_str(), bite.ready_in), ("Bite", 0));
    assert_eq!(scene.world.see(Actor::Alice, my_battles), [battle]);
}

#[test]
fn the_same_request_has_the_same_result() {
    let scene = Scene::new();
    let request = scene.request("rat");
    let battle = scene.begin_as(Actor::Alice, request.clone()).unwrap();
    let before = scene.world.rows();
    assert_eq!(scene.begin_as(Actor::Alice, request.clone()), Ok(battle.clone()));
    scene.world.reduce(Actor::Alice, |ctx| start_battle(ctx, request.clone())).unwrap();
    assert_eq!(scene.world.rows(), before);

    let other = BattleStart { enemy_key: "ghost".to_owned(), ..request.clone() };
    let refusal = scene.world.refused(|_| scene.begin_as(Actor::Alice, other));
    assert_eq!(refusal.code, conflict("the one first sent under it", "another one"));

    let won = scene.fight(battle, BattleAction::Attack);
    assert_eq!(scene.begin_as(Actor::Alice, request), Ok(won), "as it stands now");
}

#[test]
fn a_story_has_one_battle_at_a_time() {
    let scene = Scene::new();
    let battle = scene.begin("rat");
    let refusal = scene.world.refused(|_| scene.begin_as(Actor::Alice, scene.request("ghost")));
    assert_eq!(refusal.code, conflict("no battle going on", &battle.battle_id.to_string()));
    scene.fight(battle, BattleAction::Attack);
    scene.begin("ghost");
}

#[test]
fn two_stories_are_fought_apart() {
    let scene = Scene::new();
    let version = CustomWorldVersion {
        version_id: scene.story.version_id,
        world_id: scene.story.world_id,
        version: 1,
        author: Actor::Bob.identity(),
        title: String::new(),
        first_chapter_key: "arrival".to_owned(),
        content_hash: String::new(),
        published_at: scene.world.now(),
    };
    let other = insert_story(&scene.world, Actor::Alice, &version, 8);
    let bobs = insert_story(&scene.world, Actor::Bob, &version, 9);
    scene.begin("rat");
    let also = BattleStart { session_id: other.session_id, ..scene.request("rat") };
    assert!(scene.begin_as(Actor::Alice, also).is_ok());
    let of_bob = BattleStart { session_id: bobs.session_id, ..scene.request("rat") };
    let of_bob = scene.begin_as(Actor::Bob, of_bob).unwrap();
    assert_eq!(scene.world.see(Actor::Alice, my_battles).len(), 2);
    assert_eq!(scene.world.see(Actor::Bob, my_battles), [of_bob]);
}

#[test]
fn the_service_begins_and_plays_for_a_player() {
    let scene = Scene::new();
    let request = scene.request("rat");
    let alice = Some(Actor::Alice.identity());
    let call = |ctx: &mut spacetimedb::ProcedureContext| start_battle_and_return(ctx, alice, request.clone());
    let battle = scene.world.call(Actor::Service, call).unwrap();
    assert_eq!(battle.owner, Actor::Alice.identity());
    let round = CombatActionRequest { battle_id: battle.battle_id, round: 1, action: BattleAction::Attack };
    let played = scene.world.call(Actor::Service, |ctx| resolve_combat_action_and_return(ctx, alice, round)).unwrap();
    assert_eq!(played.next_round, 2);
    let read = scene.world.call(Actor::Service, |ctx| read_battle_and_return(ctx, alice, battle.battle_id));
    assert_eq!(read, Ok(played));
}

#[test]
fn the_oldest_battle_is_forgotten_and_who_was_defeated_is_not() {
    let scene = Scene::new();
    let kept = module_combat::BATTLES_KEPT_PER_STORY;
    let first_request = scene.request("ghost");
    let first = scene.begin_as(Actor::Alice, first_request.clone()).unwrap();
    let first = scene.fight(first, BattleAction::Attack);
    for _ in 1..kept {
        scene.world.advance(1);
        scene.win("rat");
    }
    assert_eq!(scene.world.see(Actor::Alice, my_battles).len(), kept);
    scene.world.advance(1);
    scene.begin("rat");
    let battles = scene.world.see(Actor::Alice, my_battles);
    assert_eq!(battles.len(), kept);
    assert!(battles.iter().all(|battle| battle.battle_id != first.battle_id));
    assert_eq!(scene.world.rows()["battle_chance"].len(), kept);
    assert_eq!(scene.world.see(Actor::Alice, my_battle_victories).len(), 2);
    let refusal = scene.world.refused(|_| scene.begin_as(Actor::Alice, first_request));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "a forgotten battle is not fought again");
}
