//! Compiling drafts: the report has everything, and changes nothing.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::small_world;
use crate::sample_world::sample_entries;
use crate::world::{Actor, World, cover_of, uncover};

fn compile(world: &World, actor: Actor, world_id: Uuid) -> Result<CustomWorldCompileReport, DomainError> {
    world.call(actor, |ctx| compile_published_profile_and_return(ctx, None, world_id))
}

fn codes(report: &CustomWorldCompileReport) -> Vec<&str> {
    report.problems.iter().map(|problem| problem.code.as_str()).collect()
}

#[test]
fn the_sample_can_be_published() {
    let world = World::new();
    let profile = world.drafted(Actor::Alice, "sample", sample_entries());
    let before = world.rows();
    let report = compile(&world, Actor::Alice, profile.world_id).unwrap();
    assert_eq!(world.rows(), before, "compiling changes nothing");
    assert_eq!((report.problems.as_slice(), report.problem_count), ([].as_slice(), 0));
    assert_eq!(report.entry_count, sample_entries().len() as u32);
    assert_eq!(report.first_chapter_key.as_deref(), Some("arrival"));
    assert!(report.is_changed && report.cover_asset_id.is_some());

    let version = world.publish(Actor::Alice, profile.world_id).unwrap().version;
    let again = compile(&world, Actor::Alice, profile.world_id).unwrap();
    assert_eq!(again, CustomWorldCompileReport { is_changed: false, ..report });
    assert_eq!(again.content_hash, version.content_hash);
}

#[test]
fn the_content_hash_is_the_content_alone() {
    let world = World::new();
    let mut entries = sample_entries();
    let one = world.drafted(Actor::Alice, "one", entries.clone());
    entries.reverse();
    world.advance(77);
    let other = world.drafted(Actor::Bob, "other", entries);
    let hash = |actor, profile: &CustomWorldProfile| compile(&world, actor, profile.world_id).unwrap().content_hash;
    assert_eq!(hash(Actor::Alice, &one), hash(Actor::Bob, &other), "neither order, author nor time count");
    world.put_card(Actor::Bob, other.world_id, "setting", super::setting("Another mill", &[]));
    assert_ne!(hash(Actor::Alice, &one), hash(Actor::Bob, &other));
}

#[test]
fn an_empty_draft_lacks_everything() {
    let world = World::new();
    let profile = world.create_world(Actor::Alice, "a");
    let report = compile(&world, Actor::Alice, profile.world_id).unwrap();
    assert_eq!(codes(&report), ["setting_missing", "chapters_missing", "cover_missing"]);
    assert_eq!((report.problem_count, report.entry_count, report.first_chapter_key), (3, 0, None));
}

#[test]
fn every_missing_target_is_listed() {
    let world = World::new();
    let missing = ["miller", "rat", "bread", "sickle", "flour", "chest", "cat", "rats"];
    let entries = sample_entries().into_iter().filter(|(key, _)| !missing.contains(key)).collect();
    let profile = world.drafted(Actor::Alice, "torn", entries);
    let report = compile(&world, Actor::Alice, profile.world_id).unwrap();
    let mut found: Vec<_> =
        report.problems.iter().map(|problem| (problem.kind.unwrap(), problem.key.clone().unwrap())).collect();
    found.dedup();
    let expected =
        [(WorldEntryKind::Enemy, "ghost"), (WorldEntryKind::Quest, "talk"), (WorldEntryKind::Treasure, "sack")];
    assert_eq!(found, expected.map(|(kind, key)| (kind, key.to_owned())));
    assert!(codes(&report).iter().all(|code| *code == "unresolved"));
    // The treasure; giver, requirement, target and reward; the loot.
    assert_eq!(report.problem_count, 6, "{:#?}", report.problems);
}

/// Nobody could ever turn such a quest in, and such a treasure would open only when little is drawn.
#[test]
fn nothing_gives_more_than_a_bag_holds() {
    let world = World::new();
    let amount = |item_key: &str, quantity| ItemAmount { item_key: item_key.to_owned(), quantity };
    let mut entries = sample_entries();
    for (key, entry) in &mut entries {
        match (*key, entry) {
            // Each sickle needs a slot of its own, ten loaves lie in one, twenty of flour in another.
            ("rats", WorldEntry::Quest(quest)) => quest.rewards = vec![amount("sickle", 39), amount("bread", 11)],
            ("talk", WorldEntry::Quest(quest)) => quest.rewards = vec![amount("sickle", 39), amount("bread", 10)],
            ("chest", WorldEntry::Treasure(treasure)) => (treasure.draws, treasure.loot[0].quantity_max) = (20, 3),
            ("sack", WorldEntry::Treasure(treasure)) => (treasure.draws, treasure.loot[0].quantity_max) = (20, 40),
            _ => {}
        }
    }
    let profile = world.drafted(Actor::Alice, "hoard", entries);
    let report = compile(&world, Actor::Alice, profile.world_id).unwrap();
    let found: Vec<_> = report.problems.iter().map(|problem| (problem.code.as_str(), problem.key.as_deref())).collect();
    assert_eq!(found, [("exceeds_bag", Some("rats")), ("exceeds_bag", Some("chest"))]);
    assert!(report.problems[0].message.contains("can need 41 slots"), "{:#?}", report.problems);
    assert!(report.problems[1].message.contains("can need 60 slots"), "{:#?}", report.problems);
    let refusal = world.refused(|world| world.publish(Actor::Alice, profile.world_id));
    assert!(matches!(refusal.code, DomainErrorCode::Conflict(_)), "{refusal}");
}

#[test]
fn each_kind_of_objective_has_its_kind_of_target() {
    use QuestObjectiveKind::{Collect, Defeat, Open, Reach, Talk};
    let world = World::new();
    let objectives = [Defeat, Talk, Collect, Open, Reach].map(|kind| QuestObjective {
        key: format!("{kind:?}").to_lowercase(),
        kind,
        target_key: "nobody".to_owned(),
        count: 1,
        description: "Do it.".to_owned(),
    });
    let quest = WorldQuest {
        title: "All".to_owned(),
        description: "Everything.".to_owned(),
        giver_key: None,
        chapter_key: Some("never".to_owned()),
        requires: Vec::new(),
        objectives: objectives.to_vec(),
        experience: 0,
        rewards: Vec::new(),
    };
    let mut entries = small_world("a", &[]);
    entries.push(("all", WorldEntry::Quest(quest)));
    let profile = world.drafted(Actor::Alice, "a", entries);
    let report = compile(&world, Actor::Alice, profile.world_id).unwrap();
    let said: Vec<_> = report.problems.iter().map(|problem| problem.message.as_str()).collect();
    let targets = ["chapter `never`", "enemy `nobody`", "character `nobody`", "item `nobody`", "treasure `nobody`"];
    assert_eq!(report.problem_count, 6);
    for target in targets.into_iter().chain(["chapter `nobody`"]) {
        assert!(said.iter().any(|message| message.contains(target)), "{target}: {said:#?}");
    }
}

#[test]
fn the_cover_is_the_authors_and_readable() {
    let world = World::new();
    let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
    let entity_id = profile.world_id.to_string();
    for policy in [AssetAccessPolicy::Private, AssetAccessPolicy::Signed] {
        let hidden = world.confirmed_under(Actor::Alice, &format!("{policy:?}"), policy);
        world.bind(Actor::Alice, cover_of(&entity_id, hidden.asset_id)).unwrap();
        assert_eq!(codes(&compile(&world, Actor::Alice, profile.world_id).unwrap()), ["cover_hidden"], "{policy:?}");
    }
    world.call(Actor::Alice, |ctx| unbind_asset_object_from_entity_and_return(ctx, None, uncover(&entity_id))).unwrap();
    assert_eq!(codes(&compile(&world, Actor::Alice, profile.world_id).unwrap()), ["cover_missing"]);
    let bobs = world.public(Actor::Bob, "bobs");
    world.bind(Actor::Admin, cover_of(&entity_id, bobs.asset_id)).unwrap();
    assert_eq!(codes(&compile(&world, Actor::Alice, profile.world_id).unwrap()), ["cover_missing"]);
}

#[test]
fn others_compile_nothing() {
    let world = World::new();
    let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
    let refusal = world.refused(|world| compile(world, Actor::Bob, profile.world_id));
    assert_eq!(refusal.code, DomainErrorCode::NotFound);
    world.publish(Actor::Alice, profile.world_id).unwrap();
    let refusal = world.refused(|world| compile(world, Actor::Bob, profile.world_id));
    assert_eq!(refusal.code, DomainErrorCode::Forbidden, "a published world is known");
}
