//! What is refused, and that nothing has changed then.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::Scene;
use crate::world::{Actor, above, illegal, invalid};

fn end_story(scene: &Scene) {
    let end = |ctx: &spacetimedb::ReducerContext| {
        let story = StorySession { status: StoryStatus::Ended, ..scene.story.clone() };
        ctx.db.story_session().session_id().update(story);
        Ok(())
    };
    scene.world.reduce(Actor::Alice, end).unwrap();
}

#[test]
fn a_battle_needs_a_story_and_an_enemy_of_its_world() {
    let scene = Scene::new();
    let good = scene.request("rat");
    let long = "k".repeat(module_combat::KEY_LENGTH_MAX + 1);
    let cases = [
        (BattleStart { enemy_key: "dragon".to_owned(), ..good.clone() }, DomainErrorCode::NotFound),
        (BattleStart { enemy_key: "miller".to_owned(), ..good.clone() }, DomainErrorCode::NotFound),
        (BattleStart { enemy_key: String::new(), ..good.clone() }, invalid("enemy_key")),
        (BattleStart { enemy_key: "Rat".to_owned(), ..good.clone() }, invalid("enemy_key")),
        (BattleStart { enemy_key: long, ..good.clone() }, above(64)),
        (BattleStart { session_id: Uuid::NIL, ..good.clone() }, DomainErrorCode::NotFound),
        (BattleStart { idempotency_key: String::new(), ..good.clone() }, invalid("idempotency_key")),
        (BattleStart { idempotency_key: "k".repeat(129), ..good.clone() }, above(128)),
    ];
    for (request, code) in cases {
        let refusal = scene.world.refused(|_| scene.begin_as(Actor::Alice, request.clone()));
        assert_eq!(refusal.code, code, "{request:?}");
    }
    let refusal = scene.world.refused(|_| scene.begin_as(Actor::Bob, good.clone()));
    assert_eq!(refusal.to_string(), "not_found: There is no such story.");
    end_story(&scene);
    let refusal = scene.world.refused(|_| scene.begin_as(Actor::Alice, good));
    assert_eq!(refusal.code, illegal("ended", "continued"));
}

#[test]
fn actions_that_cannot_be_done_are_refused() {
    let scene = Scene::new();
    let battle = scene.begin("rat");
    let long = "k".repeat(module_combat::KEY_LENGTH_MAX + 1);
    let skill = |key: &str| BattleAction::Skill(key.to_owned());
    let item = |key: &str| BattleAction::Item(key.to_owned());
    let cases = [
        (skill("bite"), DomainErrorCode::NotFound),
        (skill(""), invalid("skill_key")),
        (skill(&long), above(64)),
        (item("hammer"), DomainErrorCode::NotFound),
        (item("rat"), DomainErrorCode::NotFound),
        (item("flour"), invalid("item_key")),
        (item("sickle"), invalid("item_key")),
        (item(""), invalid("item_key")),
        (item(&long), above(64)),
    ];
    for (action, code) in cases {
        let refusal = scene.world.refused(|_| scene.play(&battle, action.clone()));
        assert_eq!(refusal.code, code, "{action:?}");
    }
}

#[test]
fn rounds_out_of_order_are_refused() {
    let scene = Scene::new();
    let battle = scene.begin("rat");
    for round in [0, 2, u32::MAX] {
        let refusal = scene.world.refused(|_| scene.play_as(Actor::Alice, &battle, round, BattleAction::Attack));
        assert_eq!(refusal.to_string(), format!("conflict: The round to play must be 1, not {round}."));
    }
}

#[test]
fn a_battle_that_is_over_stays_over() {
    let scene = Scene::new();
    let won = scene.win("rat");
    for action in [BattleAction::Attack, BattleAction::Flee] {
        let refusal = scene.world.refused(|_| scene.play(&won, action.clone()));
        assert_eq!(refusal.code, illegal("won", "continued"), "{action:?}");
    }
}

#[test]
fn a_battle_ends_with_its_story() {
    let scene = Scene::new();
    let battle = scene.begin("rat");
    end_story(&scene);
    let refusal = scene.world.refused(|_| scene.play(&battle, BattleAction::Attack));
    assert_eq!(refusal.code, illegal("ended", "continued"));
}

#[test]
fn anothers_battle_looks_like_none() {
    let scene = Scene::new();
    let battle = scene.begin("rat");
    for actor in [Actor::Bob, Actor::Stranger, Actor::Admin, Actor::Service] {
        let played = scene.world.refused(|_| scene.play_as(actor, &battle, 1, BattleAction::Attack));
        assert_eq!(played.to_string(), "not_found: There is no such battle.", "{actor:?}");
        let read =
            scene.world.refused(|world| world.call(actor, |ctx| read_battle_and_return(ctx, None, battle.battle_id)));
        assert_eq!(read, played, "{actor:?}");
        assert!(scene.world.see(actor, my_battles).is_empty());
    }
    let named = Some(Actor::Alice.identity());
    let refusal =
        scene.world.refused(|world| world.call(Actor::Bob, |ctx| read_battle_and_return(ctx, named, battle.battle_id)));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden);
}

#[test]
fn a_closed_account_fights_no_more() {
    let scene = Scene::new();
    let battle = scene.begin("rat");
    scene.world.reduce(Actor::Alice, close_account).unwrap();
    let played = scene.world.refused(|_| scene.play(&battle, BattleAction::Attack));
    assert_eq!(played.code, DomainErrorCode::AccountClosed);
    let begun = scene.world.refused(|_| scene.begin_as(Actor::Alice, scene.request("rat")));
    assert_eq!(begun.code, DomainErrorCode::AccountClosed);
}
