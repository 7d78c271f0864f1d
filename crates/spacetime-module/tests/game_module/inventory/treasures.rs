//! Opening treasures, and the items rolled for them.

use spacetime_module::*;
use spacetimedb::{Table, Uuid};

use super::{Market, begun, give, open};
use crate::world::{Actor, World, above, conflict, illegal, invalid};

#[test]
fn a_treasure_is_opened_once_in_a_story() {
    let market = Market::new();
    let opened = open(&market.world, Actor::Alice, &market.alices, "sack").unwrap();
    assert_eq!(opened.owner, Actor::Alice.identity());
    assert_eq!((opened.name.as_str(), opened.opened_at), ("Sack", market.world.now()));
    let [loot] = &opened.loot[..] else { panic!("flour") };
    assert!(loot.item_key == "flour" && (2..=4).contains(&loot.quantity), "two draws of one or two: {loot:?}");
    assert_eq!(market.drawn(Actor::Alice), format!("0:flour*{}", loot.quantity));

    let before = market.world.rows();
    market.world.advance(1_000);
    assert_eq!(open(&market.world, Actor::Alice, &market.alices, "sack"), Ok(opened.clone()));
    let request = TreasureOpening { session_id: market.alices.session_id, treasure_key: "sack".to_owned() };
    market.world.reduce(Actor::Alice, |ctx| open_treasure(ctx, request)).unwrap();
    assert_eq!(market.world.rows(), before);
    assert_eq!(market.world.see(Actor::Alice, my_treasures), [opened]);
    assert_eq!(market.world.see(Actor::Bob, my_treasures), []);

    open(&market.world, Actor::Bob, &market.bobs, "sack").expect("once in each story");
}

/// The recorded seed explains what was drawn.
#[test]
fn the_seed_decides() {
    let market = Market::new();
    for round in 0..20 {
        let story = StorySession { session_id: Uuid::from_random_bytes_v4([round + 100; 16]), ..market.alices.clone() };
        market.world.test.db.story_session().insert(story.clone());
        market.world.advance(1);
        let opened = open(&market.world, Actor::Alice, &story, "sack").unwrap();
        let flour = module_runtime_item::Loot { weight: 1, quantity_min: 1, quantity_max: 2, stack_max: 20 };
        let drawn = module_runtime_item::draw_loot(opened.seed, &[flour], 2).unwrap();
        assert_eq!(drawn, [opened.loot[0].quantity]);
    }
}

#[test]
fn things_to_wear_are_rolled_within_their_bounds() {
    let market = Market::new();
    for _ in 0..10 {
        market.world.advance(1);
        market.give(Actor::Alice, "sickle", 2);
    }
    let instances = market.world.see(Actor::Alice, my_runtime_items);
    assert_eq!(instances.len(), 20);
    let mut values = Vec::new();
    for instance in instances {
        let [rolled] = &instance.attributes[..] else { panic!("one attribute") };
        assert_eq!(rolled.attribute, ItemAttribute::Attack);
        assert!((2..=5).contains(&rolled.value));
        let range = module_runtime_item::AttributeRange { attribute: (), min: 2, max: 5 };
        let again = module_runtime_item::roll_attributes(instance.seed, &[range]).unwrap();
        assert_eq!(again[0].value, rolled.value);
        assert_eq!((instance.item_key.as_str(), instance.version_id), ("sickle", market.version.version_id));
        values.push(rolled.value);
    }
    values.sort();
    values.dedup();
    assert!(values.len() > 1, "each instance has a roll of its own");
    assert_eq!(market.world.see(Actor::Bob, my_runtime_items), []);
}

#[test]
fn a_treasure_waits_for_its_chapter() {
    let market = Market::new();
    let story = StorySession { chapter_key: "cellar".to_owned(), ..market.alices.clone() };
    market.world.test.db.story_session().session_id().update(story.clone());
    let refusal = market.world.refused(|world| open(world, Actor::Alice, &story, "sack"));
    assert_eq!(refusal.code, conflict("arrival", "cellar"));
}

#[test]
fn a_treasure_waits_for_the_enemy_that_guards_it() {
    let market = Market::new();
    let refusal = market.world.refused(|world| open(world, Actor::Alice, &market.alices, "chest"));
    assert_eq!(refusal.code, conflict("defeated", "standing"));
}

#[test]
fn unknown_treasures_and_stories_of_others_are_not_found() {
    let market = Market::new();
    for key in ["nothing", "flour"] {
        let refusal = market.world.refused(|world| open(world, Actor::Alice, &market.alices, key));
        assert_eq!(refusal.code, DomainErrorCode::NotFound);
    }
    for session_id in [market.bobs.session_id, Uuid::NIL, Uuid::MAX] {
        let story = StorySession { session_id, ..market.alices.clone() };
        let refusal = market.world.refused(|world| open(world, Actor::Alice, &story, "sack"));
        assert_eq!(refusal.code, DomainErrorCode::NotFound);
    }
}

#[test]
fn what_is_no_key_of_a_treasure_does_not_come_back() {
    let market = Market::new();
    let (long, endless) = ("k".repeat(65), "k".repeat(1_000_000));
    for (key, code) in [
        ("", invalid("treasure_key")),
        ("\u{0}", invalid("treasure_key")),
        ("a\nb", invalid("treasure_key")),
        ("Sack", invalid("treasure_key")),
        (&long, above(64)),
        (&endless, above(64)),
    ] {
        let refusal = market.world.refused(|world| open(world, Actor::Alice, &market.alices, key));
        assert_eq!(refusal.code, code);
        assert!(refusal.message.len() < 200, "{refusal}");
    }
}

#[test]
fn nothing_is_opened_in_a_story_that_is_over() {
    let market = Market::new();
    let story = StorySession { status: StoryStatus::Ended, ..market.alices.clone() };
    market.world.test.db.story_session().session_id().update(story.clone());
    let refusal = market.world.refused(|world| open(world, Actor::Alice, &story, "sack"));
    assert_eq!(refusal.code, illegal("ended", "continued"));
}

#[test]
fn a_full_bag_leaves_the_treasure_closed() {
    let market = Market::new();
    market.give(Actor::Alice, "flour", 39 * 20);
    let refusal = market.world.refused(|world| open(world, Actor::Alice, &market.alices, "sack"));
    assert_eq!(refusal.code, above(40), "two draws may need two slots");
    let refusal = market.world.refused(|_| {
        give(&market.world, Actor::Bob, &market.bobs, "sickle", 41).inspect_err(|_| {
            // The gift itself was put into the world; take it out again.
            let entries = market.world.test.db.custom_world_playable_entry();
            let last = entries.iter().max_by_key(|row| row.id).unwrap();
            entries.id().delete(last.id);
        })
    });
    assert_eq!(refusal.code, above(40), "more than any bag holds");
}

#[test]
fn a_closed_account_opens_nothing() {
    let world = World::new();
    let story = begun(&world, Actor::Alice, &world.published_sample());
    world.reduce(Actor::Alice, close_account).unwrap();
    let refusal = world.refused(|world| open(world, Actor::Alice, &story, "sack"));
    assert_eq!(refusal.code, DomainErrorCode::AccountClosed);
}
