//! Accepting and abandoning quests, and what stands in the way.

use spacetime_module::*;

use super::{Errand, quest};
use crate::npc::act;
use crate::story::{begin_as, continue_as, entering};
use crate::world::{Actor, above, conflict, illegal};

fn kinds(errand: &Errand) -> Vec<QuestLogKind> {
    let mut log = errand.world.see(Actor::Alice, my_quest_log);
    log.sort_by_key(|entry| entry.id);
    log.into_iter().map(|entry| entry.kind).collect()
}

#[test]
fn an_accepted_quest_lists_its_objectives() {
    let errand = Errand::new();
    let record = errand.accept("chat").unwrap();
    assert_eq!((record.status, record.attempts), (QuestStatus::Accepted, 1));
    assert_eq!((record.owner, record.session_id), (Actor::Alice.identity(), errand.story.session_id));
    let expected = QuestProgress {
        objective_key: "objective-0".to_owned(),
        kind: QuestObjectiveKind::Talk,
        target_key: "cat".to_owned(),
        count: 0,
        needed: 2,
    };
    assert_eq!(record.objectives, [expected]);
    assert_eq!(errand.world.see(Actor::Alice, my_quests), [record]);
    assert_eq!(kinds(&errand), [QuestLogKind::Accepted]);
}

#[test]
fn accepting_again_changes_nothing() {
    let errand = Errand::new();
    let record = errand.accept("chat").unwrap();
    errand.talk("cat");
    let before = errand.world.rows();
    assert_eq!(errand.accept("chat").unwrap().quest_id, record.quest_id);
    errand.world.reduce(Actor::Alice, |ctx| accept_quest(ctx, errand.select("chat"))).unwrap();
    assert_eq!(errand.world.rows(), before);
    errand.talk("cat");
    assert_eq!(errand.accept("chat").unwrap().status, QuestStatus::Completed);
}

#[test]
fn an_abandoned_quest_begins_anew() {
    let errand = Errand::new();
    let first = errand.accept("chat").unwrap();
    errand.talk("cat");
    errand.world.advance(9);
    let abandoned = errand.abandon("chat").unwrap();
    assert_eq!((abandoned.status, abandoned.updated_at), (QuestStatus::Abandoned, errand.world.now()));
    let before = errand.world.rows();
    assert_eq!(errand.abandon("chat"), Ok(abandoned));
    errand.world.reduce(Actor::Alice, |ctx| abandon_quest(ctx, errand.select("chat"))).unwrap();
    assert_eq!(errand.world.rows(), before);
    errand.talk("cat");
    assert_eq!(errand.counts("chat"), [1], "an abandoned quest counts nothing");

    let again = errand.accept("chat").unwrap();
    assert_eq!((again.quest_id, again.attempts, again.objectives), (first.quest_id, 2, first.objectives));
    use QuestLogKind::{Abandoned, Accepted, Progressed};
    assert_eq!(kinds(&errand), [Accepted, Progressed, Abandoned, Accepted]);
}

#[test]
fn a_quest_is_not_accepted_without_end() {
    let errand = Errand::new();
    for _ in 0..module_quest::ATTEMPTS_MAX {
        errand.accept("chat").unwrap();
        errand.abandon("chat").unwrap();
    }
    assert_eq!(errand.refused(|errand| errand.accept("chat")), above(u64::from(module_quest::ATTEMPTS_MAX)));
}

#[test]
fn the_giver_must_be_met() {
    let giver =
        |key: &str| WorldQuest { giver_key: Some(key.to_owned()), ..quest(&[(QuestObjectiveKind::Open, "sack", 1)]) };
    let errand = Errand::with(vec![("of-cat", giver("cat")), ("of-miller", giver("miller"))]);
    errand.accept("of-miller").unwrap();
    assert_eq!(errand.refused(|errand| errand.accept("of-cat")), conflict("met", "unknown"));
    errand.talk("cat");
    errand.accept("of-cat").unwrap();
}

#[test]
fn the_chapter_must_be_the_quests() {
    let deep = WorldQuest { chapter_key: Some("cellar".to_owned()), ..quest(&[(QuestObjectiveKind::Talk, "cat", 1)]) };
    let errand = Errand::with(vec![("deep", deep)]);
    assert_eq!(errand.refused(|errand| errand.accept("deep")), conflict("cellar", "arrival"));
    continue_as(&errand.world, Actor::Alice, entering(&errand.story, "cellar")).unwrap();
    errand.accept("deep").unwrap();
}

#[test]
fn required_quests_must_be_turned_in() {
    let later = WorldQuest { requires: vec!["chat".to_owned()], ..quest(&[(QuestObjectiveKind::Talk, "cat", 1)]) };
    let errand = Errand::with(vec![("later", later)]);
    let accept_later = |errand: &Errand| errand.accept("later");
    assert_eq!(errand.refused(accept_later), conflict("turned_in", "available"));
    errand.accept("chat").unwrap();
    assert_eq!(errand.refused(accept_later), conflict("turned_in", "accepted"));
    errand.talk("cat");
    errand.talk("cat");
    assert_eq!(errand.refused(accept_later), conflict("turned_in", "completed"));
    errand.turn_in("chat").unwrap();
    errand.accept("later").unwrap();
}

#[test]
fn offers_say_what_stands_in_the_way() {
    let deep = WorldQuest { chapter_key: Some("cellar".to_owned()), ..quest(&[]) };
    let errand = Errand::with(vec![("deep", deep)]);
    errand.accept("chat").unwrap();
    let session_id = errand.story.session_id;
    let list = |actor| errand.world.call(actor, |ctx| list_quest_offers_and_return(ctx, None, session_id));
    let mut offers: Vec<_> = list(Actor::Alice)
        .unwrap()
        .into_iter()
        .map(|offer| (offer.quest_key, offer.status, offer.obstacle.map(|obstacle| obstacle.code)))
        .collect();
    offers.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [
        ("chat", QuestStatus::Accepted, None),
        ("deep", QuestStatus::Available, Some(conflict("cellar", "arrival"))),
        ("rats", QuestStatus::Available, None),
        ("talk", QuestStatus::Available, Some(conflict("turned_in", "available"))),
    ];
    assert_eq!(offers, expected.map(|(key, status, obstacle)| (key.to_owned(), status, obstacle)));
    assert_eq!(list(Actor::Bob).unwrap_err().code, DomainErrorCode::NotFound);
}

#[test]
fn a_story_has_a_limited_number_of_active_quests() {
    let keys: Vec<&'static str> = (0..21).map(|number| &*Box::leak(format!("q{number}").into_boxed_str())).collect();
    let errand = Errand::with(keys.iter().map(|key| (*key, quest(&[(QuestObjectiveKind::Talk, "cat", 1)]))).collect());
    for key in &keys[..20] {
        errand.accept(key).unwrap();
    }
    assert_eq!(errand.refused(|errand| errand.accept("q20")), above(module_quest::ACTIVE_QUESTS_MAX));
    errand.talk("cat");
    assert!(errand.world.see(Actor::Alice, my_quests).iter().all(|quest| quest.status == QuestStatus::Completed));
    assert_eq!(errand.refused(|errand| errand.accept("q20")), above(20), "a completed quest is active");
    errand.turn_in("q0").unwrap();
    errand.accept("q20").unwrap();
}

#[test]
fn each_story_has_its_own_quests() {
    let errand = Errand::new();
    errand.accept("chat").unwrap();
    let other = begin_as(&errand.world, Actor::Alice, errand.story.world_id, "other").unwrap();
    act(&errand.world, &other, "cat", NpcInteraction::Talk);
    assert_eq!(errand.counts("chat"), [0]);
    assert_eq!(errand.world.see(Actor::Bob, my_quests), []);
    assert_eq!(errand.world.see(Actor::Admin, my_quest_log), []);
}

#[test]
fn what_was_turned_in_is_done() {
    let errand = Errand::with(vec![("nothing", quest(&[]))]);
    assert_eq!(errand.accept("nothing").unwrap().status, QuestStatus::Completed, "it asks for nothing");
    errand.turn_in("nothing").unwrap();
    assert_eq!(errand.refused(|errand| errand.accept("nothing")), illegal("turned_in", "accepted"));
    assert_eq!(errand.refused(|errand| errand.abandon("nothing")), illegal("turned_in", "abandoned"));
}
