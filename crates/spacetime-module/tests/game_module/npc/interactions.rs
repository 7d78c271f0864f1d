//! What interactions do, to the one and to the others.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{act, gift, interact_as, interaction, npc};
use crate::combat::insert_story;
use crate::inventory::{add_entry, give};
use crate::sample_world::sample_entries;
use crate::story::{begin_as, events_of, sample_story};
use crate::world::{Actor, World};

const HOUR: i64 = 60 * 60 * 1_000_000;
const DAY: i64 = 24 * HOUR;

#[test]
fn the_first_interaction_is_a_meeting() {
    let world = World::new();
    let story = sample_story(&world);
    let cat = act(&world, &story, "cat", NpcInteraction::Talk);
    assert_eq!((cat.affinity, cat.mood, cat.met_at), (11, NpcMood::Calm, world.now()));
    assert_eq!((cat.owner, cat.session_id), (Actor::Alice.identity(), story.session_id));
    assert_eq!(world.see(Actor::Alice, my_npcs), [cat]);

    let relations = world.see(Actor::Alice, my_npc_relations);
    let [relation] = &relations[..] else { panic!("{relations:?}") };
    assert_eq!((relation.character_key.as_str(), relation.other_key.as_str()), ("cat", "miller"));
    assert_eq!(relation.affinity, 40);

    let events = events_of(&world, &story);
    let met = events.last().unwrap();
    assert_eq!((met.kind, met.subject_key.as_str()), (StoryEventKind::CharacterMet, "cat"));
    assert_eq!((met.number, met.text.as_str()), (2, "You again?"));
    act(&world, &story, "cat", NpcInteraction::Insult);
    assert_eq!(events_of(&world, &story).len(), 2, "one meets only once");
}

#[test]
fn talking_again_at_once_gains_nothing() {
    let world = World::new();
    let story = sample_story(&world);
    let first = act(&world, &story, "cat", NpcInteraction::Talk);
    world.advance(HOUR / 2 - 1);
    let second = act(&world, &story, "cat", NpcInteraction::Talk);
    assert_eq!((second.affinity, &second.memories), (first.affinity, &first.memories));
    world.advance(1);
    assert_eq!(act(&world, &story, "cat", NpcInteraction::Talk).affinity, 12);
}

#[test]
fn memories_keep_their_note_and_fade() {
    let world = World::new();
    let story = sample_story(&world);
    let note = "Carried a sack.".to_owned();
    let request = NpcInteractionRequest { note: note.clone(), ..interaction(&story, "miller", NpcInteraction::Help) };
    let miller = interact_as(&world, Actor::Alice, request).unwrap();
    let memory = NpcMemory { kind: NpcMemoryKind::Help, weight: 50, note, remembered_at: world.now() };
    assert_eq!((miller.affinity, miller.memories), (5, vec![memory]));
    world.advance(30 * DAY);
    let later = act(&world, &story, "miller", NpcInteraction::Talk);
    let kinds: Vec<_> = later.memories.into_iter().map(|memory| memory.kind).collect();
    assert_eq!((later.affinity, kinds), (6, vec![NpcMemoryKind::Talk]), "affinity stays, the memory is gone");
}

#[test]
fn an_insult_is_made_good_step_by_step() {
    let world = World::new();
    let story = sample_story(&world);
    let miller = act(&world, &story, "miller", NpcInteraction::Insult);
    assert_eq!((miller.affinity, miller.mood), (-12, NpcMood::Sullen));
    for expected in [-8, -4, 0, 0] {
        world.advance(HOUR);
        assert_eq!(act(&world, &story, "miller", NpcInteraction::Apologize).affinity, expected);
    }
    assert_eq!(npc(&world, &story, "miller").mood, NpcMood::Calm);
}

#[test]
fn those_who_know_the_player_take_it_up() {
    let world = World::new();
    let story = sample_story(&world);
    act(&world, &story, "cat", NpcInteraction::Talk);
    let before = npc(&world, &story, "cat");
    world.advance(HOUR);
    act(&world, &story, "miller", NpcInteraction::Insult);
    let after = npc(&world, &story, "cat");
    assert_eq!((before.affinity, after.affinity), (11, 9), "the cat likes the miller by 40");
    assert_eq!(after.updated_at, world.now());
    act(&world, &story, "cat", NpcInteraction::Help);
    assert_eq!(npc(&world, &story, "miller").affinity, -11, "and the miller likes the cat by 60");
}

#[test]
fn a_gift_costs_its_items() {
    let world = World::new();
    let story = sample_story(&world);
    give(&world, Actor::Alice, &story, "bread", 6).unwrap();
    let miller = act(&world, &story, "miller", gift("bread", 4));
    assert_eq!((miller.affinity, miller.memories[0].kind), (6, NpcMemoryKind::Gift));
    let left: u32 = world.see(Actor::Alice, my_inventory).into_iter().map(|item| item.quantity).sum();
    assert_eq!(left, 2);
    assert_eq!(act(&world, &story, "miller", gift("bread", 1)).affinity, 7, "the second one impresses less");
}

/// A later version changes nothing that a player has: not even whether it can be given away.
#[test]
fn what_was_received_in_another_version_can_be_given() {
    let world = World::new();
    let version = world.published_sample();
    let story = begin_as(&world, Actor::Alice, version.world_id, "first").unwrap();
    give(&world, Actor::Alice, &story, "bread", 1).unwrap();
    let later = CustomWorldVersion { version_id: Uuid::from_random_bytes_v4([99; 16]), version: 2, ..version };
    let (key, miller) = sample_entries().into_iter().find(|(key, _)| *key == "miller").unwrap();
    add_entry(&world, later.version_id, key, miller);
    let story = insert_story(&world, Actor::Alice, &later, 8);
    assert_eq!(act(&world, &story, "miller", gift("bread", 1)).affinity, 3);
    assert_eq!(world.see(Actor::Alice, my_inventory), []);
    let request = interaction(&story, "miller", gift("bread", 1));
    let refusal = world.refused(|world| interact_as(world, Actor::Alice, request));
    assert_eq!(refusal.code, DomainErrorCode::NotFound, "neither the player nor this version has any");
}

#[test]
fn a_request_may_be_repeated() {
    let world = World::new();
    let story = sample_story(&world);
    let request = interaction(&story, "cat", NpcInteraction::Insult);
    let first = interact_as(&world, Actor::Alice, request.clone()).unwrap();
    let before = world.rows();
    world.advance(DAY);
    assert_eq!(interact_as(&world, Actor::Alice, request.clone()), Ok(first));
    world.reduce(Actor::Alice, |ctx| resolve_npc_interaction(ctx, request)).unwrap();
    assert_eq!(world.rows(), before);
}

#[test]
fn each_story_has_its_own_characters() {
    let world = World::new();
    let one = sample_story(&world);
    let two = begin_as(&world, Actor::Alice, one.world_id, "two").unwrap();
    act(&world, &one, "cat", NpcInteraction::Insult);
    assert_eq!(act(&world, &two, "cat", NpcInteraction::Talk).affinity, 11);
    assert_eq!(npc(&world, &one, "cat").affinity, -2);
    assert_eq!(world.see(Actor::Bob, my_npcs), []);
    assert_eq!(world.see(Actor::Admin, my_npc_relations), []);
}

#[test]
fn no_more_than_fifty_hear_of_it() {
    let world = World::new();
    let story = sample_story(&world);
    for number in 0..module_npc::AFFINITY_SHARED_MAX + 3 {
        let key = format!("fan-{number}");
        let fan = WorldCharacter {
            name: key.clone(),
            description: "Thinks the world of the miller.".to_owned(),
            greeting: String::new(),
            initial_affinity: 0,
            relations: vec![CharacterRelation { character_key: "miller".to_owned(), affinity: 100 }],
        };
        add_entry(&world, story.version_id, &key, WorldEntry::Character(fan));
        assert_eq!(act(&world, &story, &key, NpcInteraction::Talk).affinity, 1);
    }
    act(&world, &story, "miller", NpcInteraction::Insult);
    let met = world.see(Actor::Alice, my_npcs).into_iter();
    let heard = met.filter(|npc| npc.character_key.starts_with("fan-") && npc.affinity == 1 - 6).count();
    assert_eq!(heard, module_npc::AFFINITY_SHARED_MAX);
}
