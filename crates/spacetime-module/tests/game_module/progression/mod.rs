//! Experience, levels, and the chapters that they unlock.

mod sequences;

use spacetime_module::*;
use spacetimedb::{ReducerContext, Table, Uuid};

use crate::combat::Scene;
use crate::world::{Actor, above};

const WEAK: CombatStats = CombatStats { health: 1, energy: 0, attack: 0, defense: 0, speed: 0 };

/// A world with an enemy that falls at the first blow, and this much experience for that.
fn worth(experience: u64) -> Scene {
    Scene::with_enemy(WEAK, Vec::new(), experience)
}

#[test]
fn the_first_award_opens_a_progression() {
    let scene = worth(40);
    scene.world.advance(3);
    let battle = scene.win("foe");
    let ProgressionRecord { progression, chapters } = scene.progression();
    assert_eq!((progression.owner, progression.world_id), (Actor::Alice.identity(), scene.story.world_id));
    assert_eq!((progression.experience, progression.level, progression.next_level_at), (40, 1, Some(100)));
    assert_eq!(progression.unlocked_chapters, 1);
    let [chapter] = chapters.as_slice() else { panic!("{chapters:?}") };
    assert_eq!((chapter.chapter_key.as_str(), chapter.experience), ("arrival", 40));
    assert_eq!((chapter.unlocked_at_level, chapter.unlocked_at), (1, scene.world.now()));

    let [award] = awards(&scene).try_into().unwrap();
    assert_eq!((award.source, award.source_id), (ExperienceSource::Battle, battle.battle_id));
    assert_eq!((award.amount, award.level_before, award.level_after), (40, 1, 1));
    assert_eq!(scene.world.see(Actor::Alice, my_progression), [progression]);
    assert_eq!(scene.world.see(Actor::Alice, my_chapter_progression), chapters);
    assert!(scene.world.see(Actor::Bob, my_progression).is_empty());
    assert!(scene.world.see(Actor::Bob, my_chapter_progression).is_empty());
}

#[test]
fn a_story_that_begins_opens_a_progression() {
    let scene = Scene::new();
    let world_id = scene.story.world_id;
    let beginning = StoryBeginning { idempotency_key: "story".to_owned(), world_id };
    scene.world.call(Actor::Stranger, |ctx| begin_story_and_return(ctx, None, beginning)).unwrap();
    let [own] = scene.world.see(Actor::Stranger, my_progression).try_into().unwrap();
    assert_eq!((own.experience, own.level, own.unlocked_chapters), (0, 1, 1));
    let [chapter] = scene.world.see(Actor::Stranger, my_chapter_progression).try_into().unwrap();
    assert_eq!((chapter.chapter_key.as_str(), chapter.experience), ("arrival", 0));
}

#[test]
fn a_level_unlocks_the_chapters_that_ask_for_it() {
    let scene = worth(60);
    scene.win("foe");
    let before = scene.progression();
    assert_eq!(before.chapters.len(), 1);
    scene.world.advance(7);
    scene.win("foe");
    let ProgressionRecord { progression, chapters } = scene.progression();
    assert_eq!((progression.experience, progression.level, progression.next_level_at), (120, 2, Some(300)));
    assert_eq!((progression.unlocked_chapters, progression.level_reached_at), (2, scene.world.now()));
    let cellar = chapters.iter().find(|chapter| chapter.chapter_key == "cellar").unwrap();
    assert_eq!((cellar.experience, cellar.unlocked_at_level), (0, 2));
    let last = awards(&scene).into_iter().find(|award| award.level_after == 2).unwrap();
    assert_eq!((last.level_before, last.amount), (1, 60));
    assert_eq!(scene.begin("foe").player.stats.health, 120, "the next battle is fought at the new level");
}

#[test]
fn a_source_is_awarded_once() {
    let scene = worth(60);
    let battle = scene.begin("foe");
    let award = ExperienceAward {
        id: 0,
        owner: Actor::Alice.identity(),
        world_id: scene.story.world_id,
        chapter_key: "arrival".to_owned(),
        source: ExperienceSource::Battle,
        source_id: battle.battle_id,
        amount: 60,
        level_before: 1,
        level_after: 1,
        awarded_at: scene.world.now(),
    };
    change(&scene, |ctx| drop(ctx.db.experience_award().insert(award.clone())));
    let won = scene.fight(battle, BattleAction::Attack);
    assert_eq!(won.status, BattleStatus::Victory);
    assert_eq!(awards(&scene).len(), 1);
    assert!(scene.world.see(Actor::Alice, my_progression).is_empty(), "it was awarded before");
}

#[test]
fn retries_award_nothing_more() {
    let scene = worth(60);
    let won = scene.win("foe");
    for _ in 0..5 {
        scene.play_as(Actor::Alice, &won, won.next_round - 1, BattleAction::Attack).unwrap();
    }
    assert_eq!(scene.progression().progression.experience, 60);
    assert_eq!(awards(&scene).len(), 1);
}

#[test]
fn one_award_is_bounded() {
    let scene = worth(u64::MAX);
    scene.win("foe");
    let progression = scene.progression().progression;
    assert_eq!(progression.experience, module_progression::AWARD_MAX);
    assert_eq!(progression.level, module_progression::level_of(module_progression::AWARD_MAX));
}

#[test]
fn points_that_cannot_be_counted_are_refused() {
    let scene = worth(60);
    scene.win("foe");
    let progression = scene.progression().progression;
    let full = PlayerProgression {
        experience: u64::MAX - 59,
        level: module_progression::LEVEL_MAX,
        next_level_at: None,
        ..progression
    };
    change(&scene, |ctx| {
        ctx.db.player_progression().id().update(full.clone());
    });
    let battle = scene.begin("foe");
    let refusal = scene.world.refused(|_| scene.play(&battle, BattleAction::Attack));
    assert_eq!(refusal.code, above(u64::MAX));

    let one_less = PlayerProgression { experience: u64::MAX - 60, ..full };
    change(&scene, |ctx| {
        ctx.db.player_progression().id().update(one_less.clone());
    });
    scene.fight(battle, BattleAction::Attack);
    assert_eq!(scene.progression().progression.experience, u64::MAX);
}

#[test]
fn a_chapter_counts_what_was_earned_in_it() {
    let scene = worth(60);
    scene.win("foe");
    let moved = StorySession { chapter_key: "cellar".to_owned(), ..scene.story.clone() };
    change(&scene, |ctx| drop(ctx.db.story_session().session_id().update(moved.clone())));
    scene.win("foe");
    let chapters = scene.progression().chapters;
    let mut earned: Vec<_> = chapters.iter().map(|own| (own.chapter_key.as_str(), own.experience)).collect();
    earned.sort();
    assert_eq!(earned, [("arrival", 60), ("cellar", 60)]);
    assert_eq!(scene.progression().progression.experience, 120, "the world counts both");
}

#[test]
fn a_world_that_was_never_played_has_no_progression() {
    let scene = Scene::new();
    for (actor, world_id) in
        [(Actor::Alice, scene.story.world_id), (Actor::Alice, Uuid::NIL), (Actor::Stranger, Uuid::MAX)]
    {
        let refusal =
            scene.world.refused(|world| world.call(actor, |ctx| read_progression_and_return(ctx, None, world_id)));
        assert_eq!(refusal.to_string(), "not_found: There is no such progression.");
    }
}

#[test]
fn a_closed_account_reads_nothing() {
    let scene = worth(60);
    scene.win("foe");
    scene.world.reduce(Actor::Alice, close_account).unwrap();
    let world_id = scene.story.world_id;
    let refusal =
        scene.world.refused(|world| world.call(Actor::Alice, |ctx| read_progression_and_return(ctx, None, world_id)));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}

fn change(scene: &Scene, change: impl FnOnce(&ReducerContext)) {
    let reducer = |ctx: &ReducerContext| {
        change(ctx);
        Ok(())
    };
    scene.world.reduce(Actor::Owner, reducer).unwrap();
}

/// Every award there is.
fn awards(scene: &Scene) -> Vec<ExperienceAward> {
    let mut found = Vec::new();
    change(scene, |ctx| found.extend(ctx.db.experience_award().iter()));
    found
}
