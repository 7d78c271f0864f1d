//! Long sequences of battles with lost answers and repeated requests, drawn from a seed: every
//! victory is rewarded, and rewarded once.

use module_combat::Dice;
use spacetime_module::*;
use spacetimedb::Table;

use crate::combat::Scene;
use crate::world::Actor;

const ENEMIES: [(&str, u64); 3] = [("rat", 10), ("ghost", 60), ("foe", 350)];

#[test]
fn every_victory_is_rewarded_once_whatever_is_repeated() {
    let mut ends = [0; 3];
    for seed in 0..6 {
        // Strong enough to win, weak enough to lose.
        let even = CombatStats { health: 90, energy: 10, attack: 26, defense: 4, speed: 10 };
        let scene = Scene::with_enemy(even, Vec::new(), 350);
        let mut dice = Dice::of_round(seed, 0);
        let mut expected = 0;
        let mut level = 1;
        for _ in 0..12 {
            let (enemy_key, experience) = ENEMIES[dice.below(3) as usize];
            let request = scene.request(enemy_key);
            let mut battle = scene.begin_as(Actor::Alice, request.clone()).unwrap();
            while battle.status == BattleStatus::Active {
                scene.world.advance(1);
                battle = play_unsteadily(&scene, &battle, &mut dice);
                check_bounds(&battle);
            }
            let again = scene.begin_as(Actor::Alice, request);
            assert_eq!(again.as_ref(), Ok(&battle), "a repeated beginning begins nothing");
            match battle.status {
                BattleStatus::Victory => (ends[0], expected) = (ends[0] + 1, expected + experience),
                BattleStatus::Defeat => ends[1] += 1,
                _ => ends[2] += 1,
            }
            level = check_progression(&scene, expected, level);
        }
    }
    assert!(ends.iter().all(|count| *count > 0), "victories, defeats and flights: {ends:?}");
}

/// Plays a round, asks for it again some times, and also asks for what cannot be.
fn play_unsteadily(scene: &Scene, battle: &BattleState, dice: &mut Dice) -> BattleState {
    let action = match dice.below(12) {
        0 => BattleAction::Defend,
        1 => BattleAction::Flee,
        _ => BattleAction::Attack,
    };
    let played = scene.play(battle, action.clone()).unwrap();
    for _ in 0..dice.below(3) {
        assert_eq!(scene.play(battle, action.clone()).as_ref(), Ok(&played));
    }
    let wrong = scene.play_as(Actor::Alice, battle, battle.next_round.wrapping_add(dice.below(3)) + 2, action);
    assert!(wrong.is_err());
    played
}

fn check_bounds(battle: &BattleState) {
    for fighter in [&battle.player, &battle.enemy] {
        assert!(fighter.health <= fighter.stats.health && fighter.energy <= fighter.stats.energy);
    }
    assert!(battle.next_round <= module_combat::ROUNDS_MAX + 1);
}

/// Returns the level, which never falls.
fn check_progression(scene: &Scene, expected: u64, level_before: u32) -> u32 {
    let awards: Vec<_> = scene.world.test.db.experience_award().iter().collect();
    assert_eq!(awards.iter().map(|award| award.amount).sum::<u64>(), expected);
    let mut sources: Vec<_> = awards.iter().map(|award| award.source_id).collect();
    sources.sort();
    sources.dedup();
    assert_eq!(sources.len(), awards.len(), "one award for each battle");
    let Some(own) = scene.world.see(Actor::Alice, my_progression).pop() else {
        assert_eq!(expected, 0);
        return level_before;
    };
    assert_eq!((own.experience, own.level), (expected, module_progression::level_of(expected)));
    assert!(own.level >= level_before);
    let chapters: Vec<_> = scene.world.see(Actor::Alice, my_chapter_progression);
    assert_eq!(chapters.iter().map(|chapter| chapter.experience).sum::<u64>(), expected);
    assert_eq!(chapters.len(), own.unlocked_chapters as usize);
    own.level
}
