//! What is refused, and that nothing changes then.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{act, gift, interact_as, interaction};
use crate::inventory::{give, insufficient};
use crate::story::{begin_as, end_as, ending, sample_story};
use crate::world::{Actor, World, above, conflict, illegal, invalid};

#[test]
fn bad_arguments_name_the_field_or_the_limit() {
    let world = World::new();
    let story = sample_story(&world);
    let good = interaction(&story, "cat", NpcInteraction::Talk);
    let key_max = module_rules::IDEMPOTENCY_KEY_LENGTH_MAX;
    let cases = [
        (NpcInteractionRequest { idempotency_key: String::new(), ..good.clone() }, invalid("idempotency_key")),
        (NpcInteractionRequest { idempotency_key: "k".repeat(key_max + 1), ..good.clone() }, above(key_max as u64)),
        (NpcInteractionRequest { character_key: String::new(), ..good.clone() }, invalid("character_key")),
        (NpcInteractionRequest { character_key: "c".repeat(65), ..good.clone() }, above(64)),
        (NpcInteractionRequest { note: "\0".to_owned(), ..good.clone() }, invalid("note")),
        (NpcInteractionRequest { note: "n".repeat(281), ..good.clone() }, above(280)),
        (NpcInteractionRequest { interaction: gift("bread", 0), ..good.clone() }, invalid("quantity")),
        (NpcInteractionRequest { interaction: gift("bread", u32::MAX), ..good.clone() }, above(99)),
        (NpcInteractionRequest { interaction: gift("bread", 2), ..good.clone() }, insufficient(2, 0)),
        (NpcInteractionRequest { interaction: gift("nothing", 1), ..good.clone() }, DomainErrorCode::NotFound),
        (NpcInteractionRequest { interaction: gift("", 1), ..good.clone() }, invalid("item_key")),
        (NpcInteractionRequest { interaction: gift("a\nb", 1), ..good.clone() }, invalid("item_key")),
        (NpcInteractionRequest { interaction: gift(&"i".repeat(65), 1), ..good.clone() }, above(64)),
        (NpcInteractionRequest { interaction: gift(&"i".repeat(1_000_000), 1), ..good.clone() }, above(64)),
        (NpcInteractionRequest { character_key: "rat".to_owned(), ..good.clone() }, DomainErrorCode::NotFound),
        (NpcInteractionRequest { session_id: Uuid::from_u128(1), ..good }, DomainErrorCode::NotFound),
    ];
    for (request, code) in cases {
        let refusal = world.refused(|world| interact_as(world, Actor::Alice, request));
        assert_eq!(refusal.code, code);
        assert!(refusal.message.len() < 200, "nothing of it comes back: {refusal}");
    }
}

#[test]
fn another_players_story_looks_like_none() {
    let world = World::new();
    let story = sample_story(&world);
    let request = interaction(&story, "cat", NpcInteraction::Talk);
    let missing = NpcInteractionRequest { session_id: Uuid::from_u128(1), ..request.clone() };
    let hidden = world.refused(|world| interact_as(world, Actor::Bob, request));
    assert_eq!(hidden, world.refused(|world| interact_as(world, Actor::Bob, missing)));
    assert_eq!(hidden.code, DomainErrorCode::NotFound);
}

#[test]
fn a_hostile_character_takes_nothing() {
    let world = World::new();
    let story = sample_story(&world);
    give(&world, Actor::Alice, &story, "bread", 1).unwrap();
    for _ in 0..5 {
        act(&world, &story, "miller", NpcInteraction::Insult);
    }
    for offered in [gift("bread", 1), NpcInteraction::Help] {
        let request = interaction(&story, "miller", offered);
        let refusal = world.refused(|world| interact_as(world, Actor::Alice, request));
        assert_eq!(refusal.code, conflict("above -60", "-60"));
    }
    assert_eq!(act(&world, &story, "miller", NpcInteraction::Apologize).affinity, -56);
    assert_eq!(act(&world, &story, "miller", gift("bread", 1)).affinity, -53);
}

#[test]
fn affinity_stops_at_its_ends() {
    let world = World::new();
    let story = sample_story(&world);
    let insult = || act(&world, &story, "miller", NpcInteraction::Insult);
    let insults = || (0..12).fold(insult(), |_, _| insult());
    let last = insults();
    assert_eq!((last.affinity, last.mood), (-100, NpcMood::Hostile));
    assert!(last.memories.len() <= module_npc::MEMORIES_MAX);
    assert_eq!(insults().memories.len(), module_npc::MEMORIES_MAX);
}

#[test]
fn a_key_is_for_one_request() {
    let world = World::new();
    let story = sample_story(&world);
    let talk = interaction(&story, "cat", NpcInteraction::Talk);
    interact_as(&world, Actor::Alice, talk.clone()).unwrap();
    let other = NpcInteractionRequest { interaction: NpcInteraction::Insult, ..talk };
    let refusal = world.refused(|world| interact_as(world, Actor::Alice, other));
    assert_eq!(refusal.code, conflict("the one first sent under it", "another one"));
}

#[test]
fn nobody_answers_in_an_ended_story_or_for_a_closed_account() {
    let world = World::new();
    let story = sample_story(&world);
    let open = begin_as(&world, Actor::Alice, story.world_id, "open").unwrap();
    end_as(&world, Actor::Alice, ending(&story)).unwrap();
    let ended = interaction(&story, "cat", NpcInteraction::Talk);
    let refusal = world.refused(|world| interact_as(world, Actor::Alice, ended));
    assert_eq!(refusal.code, illegal("ended", "continued"));
    world.reduce(Actor::Alice, close_account).unwrap();
    let closed = interaction(&open, "cat", NpcInteraction::Talk);
    let refusal = world.refused(|world| interact_as(world, Actor::Alice, closed));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}
