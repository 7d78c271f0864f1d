//! Whatever an author does, the world of a player who has begun it stays as it was.

use proptest::prelude::*;
use spacetime_module::*;

use super::{setting, small_world};
use crate::story::{begin_as, continuation, continue_as};
use crate::world::{Actor, World};

const WORLD_ENTRY_KINDS: [WorldEntryKind; 7] = [
    WorldEntryKind::Setting,
    WorldEntryKind::Chapter,
    WorldEntryKind::Character,
    WorldEntryKind::Enemy,
    WorldEntryKind::Item,
    WorldEntryKind::Quest,
    WorldEntryKind::Treasure,
];

/// What an author or a Moderator does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Edit(u8),
    AddCharacter(u8),
    RemoveCharacter(u8),
    Publish,
    Unpublish,
    Hold,
    Release,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0..4_u8).prop_map(Deed::Edit),
        2 => (0..4_u8).prop_map(Deed::AddCharacter),
        1 => (0..4_u8).prop_map(Deed::RemoveCharacter),
        4 => Just(Deed::Publish),
        1 => Just(Deed::Unpublish),
        1 => Just(Deed::Hold),
        1 => Just(Deed::Release),
    ]
}

fn character(name: String) -> WorldEntry {
    WorldEntry::Character(WorldCharacter {
        description: format!("{name}."),
        greeting: String::new(),
        initial_affinity: 0,
        relations: Vec::new(),
        name,
    })
}

/// Does it; a refusal is as good an outcome as any.
fn perform(world: &World, profile: &CustomWorldProfile, deed: Deed) {
    let world_id = profile.world_id;
    let decision = CustomWorldModerationRequest { world_id, reason: "because".to_owned() };
    match deed {
        Deed::Edit(number) => {
            world.put_card(Actor::Alice, world_id, "setting", setting(&format!("Title {number}"), &["x"]));
        }
        Deed::AddCharacter(number) => {
            world.put_card(Actor::Alice, world_id, &format!("c-{number}"), character(format!("C {number}")));
        }
        Deed::RemoveCharacter(number) => {
            let kind = WorldEntryKind::Character;
            let cards = world.call(Actor::Alice, |ctx| list_draft_cards_and_return(ctx, None, world_id, kind)).unwrap();
            if let Some(card) = cards.into_iter().find(|card| card.key == format!("c-{number}")) {
                let removal = CustomWorldCardRemoval { card_id: card.card_id, revision: card.revision };
                world.call(Actor::Alice, |ctx| remove_draft_card_and_return(ctx, None, removal)).unwrap();
            }
        }
        Deed::Publish => drop(world.publish(Actor::Alice, world_id)),
        Deed::Unpublish => drop(world.unpublish(Actor::Alice, world_id)),
        Deed::Hold => drop(world.call(Actor::Moderator, |ctx| hold_world_and_return(ctx, None, decision))),
        Deed::Release => drop(world.call(Actor::Moderator, |ctx| release_world_and_return(ctx, None, decision))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A player who has begun a world reads the same in it for ever.
    #[test]
    fn a_story_stays_in_the_version_that_it_began(deeds in prop::collection::vec(deed(), 1..10)) {
        let world = World::new();
        let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
        world.put_card(Actor::Alice, profile.world_id, "c-0", character("C".to_owned()));
        world.publish(Actor::Alice, profile.world_id).unwrap();
        let story = begin_as(&world, Actor::Bob, profile.world_id, "begun").unwrap();
        let read = || WORLD_ENTRY_KINDS.map(|kind| {
            let query = CustomWorldEntryQuery { version_id: story.version_id, kind };
            world.call(Actor::Bob, |ctx| list_world_entries_and_return(ctx, query)).unwrap()
        });
        let begun = read();
        for deed in deeds {
            perform(&world, &profile, deed);
            prop_assert_eq!(&read(), &begun);
        }
        let [now] = world.see(Actor::Bob, my_story_sessions).try_into().unwrap();
        prop_assert_eq!(now.version_id, story.version_id);
        let step = continue_as(&world, Actor::Bob, continuation(&now, "onwards"));
        prop_assert!(step.is_ok(), "the story goes on, published or not: {step:?}");
        let again = begin_as(&world, Actor::Stranger, profile.world_id, "again");
        let profile = world.get_world(Actor::Alice, profile.world_id).unwrap();
        match profile.status {
            CustomWorldStatus::Published => prop_assert_eq!(Some(again.unwrap().version_id), profile.current_version_id),
            _ => prop_assert_eq!(again.unwrap_err().code, DomainErrorCode::NotFound),
        }
    }

    #[test]
    fn published_versions_stay_byte_for_byte(deeds in prop::collection::vec(deed(), 1..14)) {
        let world = World::new();
        let profile = world.drafted(Actor::Alice, "a", small_world("a", &[]));
        let mut before = world.rows();
        for deed in deeds {
            world.advance(1);
            perform(&world, &profile, deed);
            let after = world.rows();
            for table in ["custom_world_version", "custom_world_playable_entry"] {
                let kept = before[table].iter().all(|row| after[table].contains(row));
                prop_assert!(kept, "{deed:?} changed a row of {table}");
            }
            let profile = world.get_world(Actor::Alice, profile.world_id).unwrap();
            prop_assert_eq!(after["custom_world_version"].len(), profile.current_version as usize);
            let is_published = profile.status == CustomWorldStatus::Published;
            prop_assert_eq!(world.shown(profile.world_id).is_ok(), is_published);
            prop_assert!(!(is_published && profile.held_reason.is_some()));
            before = after;
        }
    }
}
