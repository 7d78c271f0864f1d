//! Turning in: items and experience, exactly once.

use spacetime_module::*;

use super::{Errand, quest};
use crate::inventory::give;
use crate::story::events_of;
use crate::world::{Actor, illegal};

/// `chat`, done.
fn chatted(errand: &Errand) {
    errand.accept("chat").unwrap();
    errand.talk("cat");
    errand.talk("cat");
}

fn experience(errand: &Errand) -> u64 {
    errand.world.see(Actor::Alice, my_progression).into_iter().map(|progression| progression.experience).sum()
}

#[test]
fn turning_in_rewards_exactly_once() {
    let errand = Errand::new();
    chatted(&errand);
    errand.world.advance(7);
    let done = errand.turn_in("chat").unwrap();
    assert_eq!((done.status, done.turned_in_at), (QuestStatus::TurnedIn, Some(errand.world.now())));
    assert_eq!((errand.carried("bread"), experience(&errand)), (3, 40));
    let told = events_of(&errand.world, &errand.story).pop().unwrap();
    assert_eq!((told.kind, told.subject_key.as_str()), (StoryEventKind::QuestTurnedIn, "chat"));

    let before = errand.world.rows();
    errand.world.advance(1_000);
    assert_eq!(errand.turn_in("chat"), Ok(done));
    errand.world.reduce(Actor::Alice, |ctx| turn_in_quest(ctx, errand.select("chat"))).unwrap();
    assert_eq!(errand.world.rows(), before);
}

#[test]
fn nothing_is_rewarded_before_it_is_done() {
    let errand = Errand::new();
    assert_eq!(errand.refused(|errand| errand.turn_in("chat")), illegal("available", "turned_in"));
    errand.accept("chat").unwrap();
    assert_eq!(errand.refused(|errand| errand.turn_in("chat")), illegal("accepted", "turned_in"));
    errand.abandon("chat").unwrap();
    assert_eq!(errand.refused(|errand| errand.turn_in("chat")), illegal("abandoned", "turned_in"));
    errand.abandon("chat").unwrap();
    chatted(&errand);
    errand.abandon("chat").unwrap();
    assert_eq!(errand.refused(|errand| errand.turn_in("chat")), illegal("abandoned", "turned_in"));
    assert_eq!((errand.carried("bread"), experience(&errand)), (0, 0));
}

#[test]
fn rewards_count_for_the_quests_that_collect_them() {
    let collect = quest(&[(QuestObjectiveKind::Collect, "bread", 3)]);
    let errand = Errand::with(vec![("baker", collect)]);
    errand.accept("baker").unwrap();
    chatted(&errand);
    errand.turn_in("chat").unwrap();
    assert_eq!((errand.counts("baker"), errand.quest("baker").status), (vec![3], QuestStatus::Completed));
    assert_eq!(errand.quest("chat").status, QuestStatus::TurnedIn);
    errand.turn_in("baker").unwrap();
    assert_eq!((errand.carried("bread"), experience(&errand)), (6, 80));
}

#[test]
fn a_full_bag_keeps_the_quest_completed() {
    let errand = Errand::new();
    chatted(&errand);
    let fill = || give(&errand.world, Actor::Alice, &errand.story, "sickle", 1);
    while fill().is_ok() {}
    let refusal = errand.refused(|errand| errand.turn_in("chat"));
    assert!(matches!(refusal, DomainErrorCode::LimitExceeded(_)), "{refusal:?}");
    assert_eq!((errand.quest("chat").status, experience(&errand)), (QuestStatus::Completed, 0));
}
