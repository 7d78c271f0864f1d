//! What counts towards the objectives of quests.

use spacetime_module::*;

use super::{Errand, quest};
use crate::inventory::{give, open};
use crate::story::{continue_as, entering};
use crate::world::Actor;

#[test]
fn talks_count_until_the_quest_is_completed() {
    let errand = Errand::new();
    errand.talk("cat");
    errand.accept("chat").unwrap();
    assert_eq!(errand.counts("chat"), [0], "what was before does not count");
    errand.talk("miller");
    assert_eq!(errand.counts("chat"), [0]);
    errand.talk("cat");
    errand.world.advance(3);
    errand.talk("cat");
    let done = errand.quest("chat");
    assert_eq!((done.status, done.completed_at), (QuestStatus::Completed, Some(errand.world.now())));
    let before = errand.quest("chat");
    errand.talk("cat");
    assert_eq!(errand.quest("chat"), before, "a completed quest counts no further");

    let mut log = errand.world.see(Actor::Alice, my_quest_log);
    log.sort_by_key(|entry| entry.id);
    let told: Vec<_> = log.into_iter().map(|entry| (entry.kind, entry.objective_key, entry.count)).collect();
    assert_eq!(
        told,
        [
            (QuestLogKind::Accepted, String::new(), 0),
            (QuestLogKind::Progressed, "objective-0".to_owned(), 1),
            (QuestLogKind::Progressed, "objective-0".to_owned(), 2),
            (QuestLogKind::Completed, String::new(), 0),
        ]
    );
}

#[test]
fn a_quest_is_completed_when_every_objective_is() {
    use QuestObjectiveKind::{Collect, Open, Talk};
    let errand = Errand::with(vec![("mixed", quest(&[(Talk, "cat", 1), (Open, "sack", 1), (Collect, "bread", 4)]))]);
    errand.accept("mixed").unwrap();
    errand.talk("cat");
    assert_eq!(errand.counts("mixed"), [1, 0, 0]);
    open(&errand.world, Actor::Alice, &errand.story, "sack").unwrap();
    assert_eq!(errand.counts("mixed"), [1, 1, 0]);
    give(&errand.world, Actor::Alice, &errand.story, "bread", 3).unwrap();
    assert_eq!((errand.counts("mixed"), errand.quest("mixed").status), (vec![1, 1, 3], QuestStatus::Accepted));
    give(&errand.world, Actor::Alice, &errand.story, "bread", 9).unwrap();
    assert_eq!((errand.counts("mixed"), errand.quest("mixed").status), (vec![1, 1, 4], QuestStatus::Completed));
}

#[test]
fn entering_a_chapter_counts_and_being_there_does_too() {
    let reach = |chapter| quest(&[(QuestObjectiveKind::Reach, chapter, 1)]);
    let errand = Errand::with(vec![("down", reach("cellar")), ("here", reach("arrival"))]);
    assert_eq!(errand.accept("here").unwrap().status, QuestStatus::Completed);
    assert_eq!(errand.accept("down").unwrap().status, QuestStatus::Accepted);
    continue_as(&errand.world, Actor::Alice, entering(&errand.story, "cellar")).unwrap();
    assert_eq!(errand.quest("down").status, QuestStatus::Completed);
}

#[test]
fn victories_count() {
    let errand = Errand::new();
    errand.accept("rats").unwrap();
    for battle in 0..2 {
        assert_eq!(errand.counts("rats"), [battle]);
        let request = BattleStart {
            idempotency_key: format!("battle-{battle}"),
            session_id: errand.story.session_id,
            enemy_key: "rat".to_owned(),
        };
        let mut battle = errand.world.call(Actor::Alice, |ctx| start_battle_and_return(ctx, None, request)).unwrap();
        while battle.status == BattleStatus::Active {
            let action = BattleAction::Attack;
            let request = CombatActionRequest { battle_id: battle.battle_id, round: battle.next_round, action };
            battle =
                errand.world.call(Actor::Alice, |ctx| resolve_combat_action_and_return(ctx, None, request)).unwrap();
        }
        assert_eq!(battle.status, BattleStatus::Victory);
    }
    assert_eq!(errand.quest("rats").status, QuestStatus::Completed);
}
