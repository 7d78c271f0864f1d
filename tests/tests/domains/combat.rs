//! Battles: won, lost, and fled from.

use spacetimedb_sdk::Table;
use worldloom_client::{
    BattleAction, BattleEventKind, BattleSide, BattleStart, BattleState, BattleStatus, CombatActionRequest,
    DomainErrorCode, MyBattleVictoriesTableAccess, MyBattlesTableAccess, MyInventoryTableAccess,
    MyProgressionTableAccess, MyStoryEventsTableAccess, StoryEvent, StoryEventKind, read_battle_and_return,
    resolve_combat_action, resolve_combat_action_and_return, start_battle, start_battle_and_return,
};
use worldloom_tests::playing::round_of;
use worldloom_tests::refusals::{conflict, illegal, insufficient};
use worldloom_tests::{Outcome, Player, ask, done, expect_refused, reduce, refusal};

use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_battle_is_won_on_two_devices() -> Outcome {
    let scene = Scene::open().await?;
    let tablet = scene.device_of(&scene.alice).await?;
    let Scene { alice: phone, bob, world, .. } = scene;
    let story = phone.begin_story(world.world_id).await?;
    let start =
        BattleStart { idempotency_key: "rat".to_owned(), session_id: story.session_id, enemy_key: "rat".to_owned() };
    done(reduce!(phone, start_battle_then(start.clone())))?;
    let battle = tablet.sees("the battle", |rows| rows.my_battles().iter().next()).await?;
    assert_eq!((battle.status, battle.next_round, battle.enemy_name.as_str()), (BattleStatus::Active, 1, "Rat"));
    let stats = &battle.player.stats;
    let numbers = [stats.health, stats.energy, stats.attack, stats.defense, stats.speed];
    assert_eq!((numbers, battle.enemy.health), ([100, 50, 10, 5, 10], 12));
    assert_eq!(ask!(phone, start_battle_and_return_then(None, start.clone()))?, battle, "the same request again");
    let second = BattleStart { idempotency_key: "warden".to_owned(), enemy_key: "warden".to_owned(), ..start };
    let refused = refusal(ask!(phone, start_battle_and_return_then(None, second)))?;
    assert_eq!(refused.code, conflict("no battle going on", &battle.battle_id.to_string()));

    let defend = round_of(&battle, BattleAction::Defend);
    let defended = ask!(phone, resolve_combat_action_and_return_then(None, defend.clone()))?;
    assert_eq!((defended.next_round, &defended.last_action), (2, &Some(BattleAction::Defend)));
    assert_eq!(sees_round(&tablet, 2).await?, defended);
    assert_eq!(ask!(phone, resolve_combat_action_and_return_then(None, defend))?, defended, "a lost answer");
    let late = round_of(&battle, BattleAction::Attack);
    let refused = refusal(ask!(tablet, resolve_combat_action_and_return_then(None, late.clone())))?;
    assert_eq!(refused.code, conflict("2", "1"));
    expect_refused(reduce!(tablet, resolve_combat_action_then(late)), "conflict")?;
    let bread = round_of(&defended, BattleAction::Item("bread".to_owned()));
    let refused = refusal(ask!(tablet, resolve_combat_action_and_return_then(None, bread)))?;
    assert_eq!(refused.code, insufficient(1, 0));
    let bite = round_of(&defended, BattleAction::Skill("bite".to_owned()));
    let refused = refusal(ask!(tablet, resolve_combat_action_and_return_then(None, bite)))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound, "the enemy's skill is not the player's");

    let meddling = round_of(&defended, BattleAction::Flee);
    let refused = refusal(ask!(bob, resolve_combat_action_and_return_then(None, meddling)))?;
    assert_eq!(refused.code, DomainErrorCode::NotFound);
    assert_eq!(
        refusal(ask!(bob, read_battle_and_return_then(None, battle.battle_id)))?.code,
        DomainErrorCode::NotFound
    );
    assert_eq!(bob.rows().my_battles().count(), 0);

    // The phone runs out of power; the tablet fights on.
    phone.leave();
    done(reduce!(tablet, resolve_combat_action_then(round_of(&defended, BattleAction::Attack))))?;
    let struck = sees_round(&tablet, 3).await?;
    let won = tablet.fight_on(struck, BattleAction::Attack).await?;
    assert_eq!((won.status, won.enemy.health, won.ended_at.is_some()), (BattleStatus::Victory, 0, true));
    let fell = won.last_events.last().map(|event| (event.side, event.kind));
    assert_eq!(fell, Some((BattleSide::Enemy, BattleEventKind::Fell)));
    assert_eq!(ask!(tablet, read_battle_and_return_then(None, won.battle_id))?, won);
    let victory = tablet.sees("the victory", |rows| rows.my_battle_victories().iter().next()).await?;
    assert_eq!((victory.enemy_key.as_str(), victory.victories), ("rat", 1));
    sees_end(&tablet, StoryEventKind::BattleWon, "rat").await?;

    let last = CombatActionRequest { round: won.next_round - 1, ..round_of(&won, BattleAction::Attack) };
    assert_eq!(ask!(tablet, resolve_combat_action_and_return_then(None, last))?, won, "the last answer, lost");
    let after = round_of(&won, BattleAction::Attack);
    let refused = refusal(ask!(tablet, resolve_combat_action_and_return_then(None, after)))?;
    assert_eq!(refused.code, illegal("won", "continued"));
    assert_eq!(experience(&tablet), [25], "awarded once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_battle_is_lost_and_the_story_goes_on() -> Outcome {
    let scene = Scene::open().await?;
    let alice = &scene.alice;
    let story = alice.begin_story(scene.world.world_id).await?;
    alice.run_errand(&story).await?;
    let battle = alice.start_battle(&story, "dragon").await?;
    let bread = round_of(&battle, BattleAction::Item("bread".to_owned()));
    let eaten = ask!(alice, resolve_combat_action_and_return_then(None, bread))?;
    assert_eq!(eaten.last_events[0].kind, BattleEventKind::UsedItem, "the quicker one acts first");
    alice.sees("the bread that is left", |rows| rows.my_inventory().iter().find(|item| item.quantity == 1)).await?;
    let lost = alice.fight_on(eaten, BattleAction::Attack).await?;
    assert_eq!((lost.status, lost.player.health, lost.ended_at.is_some()), (BattleStatus::Defeat, 0, true));
    sees_end(alice, StoryEventKind::BattleLost, "dragon").await?;
    let victories: Vec<_> = alice.rows().my_battle_victories().iter().map(|row| row.enemy_key).collect();
    assert_eq!((victories, experience(alice)), (vec!["rat".to_owned()], vec![85]), "a defeat earns nothing");
    let refused =
        refusal(ask!(alice, resolve_combat_action_and_return_then(None, round_of(&lost, BattleAction::Flee))))?;
    assert_eq!(refused.code, illegal("lost", "continued"));

    let rested = alice.fight(&story, "rat").await?;
    assert_eq!(
        (rested.status, rested.player.stats.health),
        (BattleStatus::Victory, 100),
        "one fights on in full health"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_flees_gains_nothing() -> Outcome {
    let scene = Scene::open().await?;
    let alice = &scene.alice;
    let story = alice.begin_story(scene.world.world_id).await?;
    let battle = alice.start_battle(&story, "warden").await?;
    let fled = alice.fight_on(battle, BattleAction::Flee).await?;
    assert_eq!(fled.status, BattleStatus::Fled);
    sees_end(alice, StoryEventKind::BattleFled, "warden").await?;
    assert_eq!((alice.rows().my_battle_victories().count(), experience(alice)), (0, vec![0]));
    Ok(())
}

async fn sees_round(player: &Player, next_round: u32) -> anyhow::Result<BattleState> {
    player.sees("the round", |rows| rows.my_battles().iter().find(|battle| battle.next_round == next_round)).await
}

async fn sees_end(player: &Player, kind: StoryEventKind, enemy_key: &str) -> anyhow::Result<StoryEvent> {
    let told = |event: &StoryEvent| event.kind == kind && event.subject_key == enemy_key;
    player.sees("how the battle ended", |rows| rows.my_story_events().iter().find(told)).await
}

fn experience(player: &Player) -> Vec<u64> {
    player.rows().my_progression().iter().map(|row| row.experience).collect()
}
