//! Splitting, merging, moving and throwing away.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::{Market, drawn, insufficient};
use crate::world::{Actor, above, conflict, invalid};

fn split(market: &Market, request: InventorySplit) -> Result<InventoryRecord, DomainError> {
    market.world.call(Actor::Alice, |ctx| split_inventory_stack_and_return(ctx, None, request))
}

fn merge(market: &Market, request: InventoryMerge) -> Result<InventoryRecord, DomainError> {
    market.world.call(Actor::Alice, |ctx| merge_inventory_stacks_and_return(ctx, None, request))
}

fn move_item(market: &Market, request: InventoryMove) -> Result<InventoryRecord, DomainError> {
    market.world.call(Actor::Alice, |ctx| move_inventory_item_and_return(ctx, None, request))
}

fn discard(market: &Market, request: InventoryDiscard) -> Result<InventoryRecord, DomainError> {
    market.world.call(Actor::Alice, |ctx| discard_inventory_item_and_return(ctx, None, request))
}

/// Alice with 25 flour, in two stacks, and Bob with one.
fn filled() -> Market {
    let market = Market::new();
    market.give(Actor::Alice, "flour", 25);
    market.give(Actor::Bob, "flour", 1);
    market
}

#[test]
fn what_is_received_lies_in_stacks_and_shows() {
    let market = filled();
    let record = market.bag(Actor::Alice);
    assert_eq!(drawn(&record), "0:flour*20 1:flour*5");
    assert_eq!((record.bag.capacity, record.bag.revision), (40, 1));
    let [item, _] = &record.items[..] else { panic!("two stacks") };
    assert_eq!((item.owner, item.bag_id), (Actor::Alice.identity(), record.bag.bag_id));
    assert_eq!(item.traits.name, "Flour");
    assert_eq!(market.world.see(Actor::Alice, my_inventory).len(), 2);
    assert_eq!(market.world.see(Actor::Alice, my_inventory_bags), [record.bag]);
    assert_eq!(market.world.see(Actor::Bob, my_inventory).len(), 1);
    for actor in [Actor::Stranger, Actor::Admin, Actor::Service] {
        assert_eq!(market.world.see(actor, my_inventory), [], "{actor:?}");
        assert_eq!(market.world.see(actor, my_inventory_bags), [], "{actor:?}");
    }
    let as_service = market.world.call(Actor::Service, |ctx| {
        read_inventory_and_return(ctx, Some(Actor::Alice.identity()), market.version.world_id)
    });
    assert_eq!(as_service, Ok(market.bag(Actor::Alice)));
    let nothing = market.world.refused(|world| {
        world.call(Actor::Stranger, |ctx| read_inventory_and_return(ctx, None, market.version.world_id))
    });
    assert_eq!(nothing.code, DomainErrorCode::NotFound);
}

#[test]
fn stacks_are_split_merged_moved_and_thrown_away() {
    let market = filled();
    let (first, second) = (market.item(Actor::Alice, 0).item_id, market.item(Actor::Alice, 1).item_id);
    let record =
        split(&market, InventorySplit { item_id: first, revision: 1, quantity: 8, to_slot: Some(39) }).unwrap();
    assert_eq!(drawn(&record), "0:flour*12 1:flour*5 39:flour*8");
    assert_eq!(record.bag.revision, 2);
    let record = merge(&market, InventoryMerge { from_item_id: first, into_item_id: second, revision: 2 }).unwrap();
    assert_eq!(drawn(&record), "1:flour*17 39:flour*8");
    let record = move_item(&market, InventoryMove { item_id: second, to_slot: 39, revision: 3 }).unwrap();
    assert_eq!(drawn(&record), "1:flour*8 39:flour*17");
    assert_eq!(record.items[1].item_id, second, "a stack keeps its id");
    let record = discard(&market, InventoryDiscard { item_id: second, quantity: 16, revision: 4 }).unwrap();
    assert_eq!(drawn(&record), "1:flour*8 39:flour*1");
    let record = discard(&market, InventoryDiscard { item_id: second, quantity: 1, revision: 5 }).unwrap();
    assert_eq!(drawn(&record), "1:flour*8");
}

#[test]
fn the_reducers_do_what_the_procedures_do() {
    let market = filled();
    let (world, item_id) = (&market.world, market.item(Actor::Alice, 0).item_id);
    let request = InventorySplit { item_id, revision: 1, quantity: 3, to_slot: None };
    world.reduce(Actor::Alice, |ctx| split_inventory_stack(ctx, request)).unwrap();
    assert_eq!(market.drawn(Actor::Alice), "0:flour*17 1:flour*5 2:flour*3");
    let from_item_id = market.item(Actor::Alice, 2).item_id;
    let request = InventoryMerge { from_item_id, into_item_id: item_id, revision: 2 };
    world.reduce(Actor::Alice, |ctx| merge_inventory_stacks(ctx, request)).unwrap();
    let request = InventoryMove { item_id, to_slot: 7, revision: 3 };
    world.reduce(Actor::Alice, |ctx| move_inventory_item(ctx, request)).unwrap();
    let request = InventoryDiscard { item_id, quantity: 20, revision: 4 };
    world.reduce(Actor::Alice, |ctx| discard_inventory_item(ctx, request)).unwrap();
    assert_eq!(market.drawn(Actor::Alice), "1:flour*5");
}

#[test]
fn a_repeated_or_outdated_request_is_a_conflict() {
    let market = filled();
    let item_id = market.item(Actor::Alice, 0).item_id;
    let request = InventoryDiscard { item_id, quantity: 1, revision: 1 };
    discard(&market, request.clone()).unwrap();
    let refusal = market.world.refused(|_| discard(&market, request));
    assert_eq!(refusal.code, conflict("2", "1"));
    for revision in [0, u64::MAX] {
        let refusal = market.world.refused(|_| move_item(&market, InventoryMove { item_id, to_slot: 3, revision }));
        assert_eq!(refusal.code, conflict("2", &revision.to_string()));
    }
}

#[test]
fn wrong_quantities_and_slots_are_refused() {
    let market = filled();
    let (item_id, revision) = (market.item(Actor::Alice, 1).item_id, 1);
    let splitting = |quantity, to_slot| {
        let request = InventorySplit { item_id, revision, quantity, to_slot };
        market.world.refused(|_| split(&market, request)).code
    };
    for quantity in [0, 5, 6, u32::MAX] {
        assert_eq!(splitting(quantity, None), invalid("quantity"), "{quantity}");
    }
    assert_eq!(splitting(1, Some(0)), conflict("empty", "occupied"));
    for slot in [40, u32::MAX] {
        assert_eq!(splitting(1, Some(slot)), above(39), "{slot}");
        let request = InventoryMove { item_id, to_slot: slot, revision };
        assert_eq!(market.world.refused(|_| move_item(&market, request)).code, above(39));
    }
    let discarding =
        |quantity| market.world.refused(|_| discard(&market, InventoryDiscard { item_id, quantity, revision })).code;
    assert_eq!(discarding(0), invalid("quantity"));
    assert_eq!(discarding(6), insufficient(6, 5));
    assert_eq!(discarding(u32::MAX), insufficient(u32::MAX.into(), 5));
    let full = InventoryMerge { from_item_id: item_id, into_item_id: market.item(Actor::Alice, 0).item_id, revision };
    assert_eq!(market.world.refused(|_| merge(&market, full)).code, above(20));
    let itself = InventoryMerge { from_item_id: item_id, into_item_id: item_id, revision };
    assert_eq!(market.world.refused(|_| merge(&market, itself)).code, invalid("into_item_id"));
}

#[test]
fn unknown_items_and_those_of_others_are_not_found() {
    let market = filled();
    let (own, revision) = (market.item(Actor::Alice, 0).item_id, 1);
    for item_id in [market.item(Actor::Bob, 0).item_id, Uuid::NIL, Uuid::MAX] {
        let codes = [
            market.world.refused(|_| split(&market, InventorySplit { item_id, revision, quantity: 1, to_slot: None })),
            market
                .world
                .refused(|_| merge(&market, InventoryMerge { from_item_id: item_id, into_item_id: own, revision })),
            market
                .world
                .refused(|_| merge(&market, InventoryMerge { from_item_id: own, into_item_id: item_id, revision })),
            market.world.refused(|_| move_item(&market, InventoryMove { item_id, to_slot: 9, revision })),
            market.world.refused(|_| discard(&market, InventoryDiscard { item_id, quantity: 1, revision })),
        ];
        for refusal in codes {
            assert_eq!(refusal.code, DomainErrorCode::NotFound, "{item_id}");
        }
    }
}

/// Later versions of a world change nothing that a player has, not by merging either.
#[test]
fn stacks_of_different_versions_do_not_merge() {
    let market = filled();
    let mut later = market.version.clone();
    (later.version_id, later.version) = (Uuid::from_random_bytes_v4([9; 16]), 2);
    let flour = WorldItem {
        name: "Flour".to_owned(),
        description: "Enchanted.".to_owned(),
        stack_max: 20,
        equip_slot: None,
        attributes: Vec::new(),
        skill: None,
        usage: Some(ItemUse::Heal(99)),
        tradable: true,
    };
    super::add_entry(&market.world, later.version_id, "flour", WorldEntry::Item(flour));
    let story = StorySession { version_id: later.version_id, ..market.alices.clone() };
    market.world.test.db.story_session().session_id().update(story.clone());
    super::give(&market.world, Actor::Alice, &story, "flour", 2).unwrap();
    assert_eq!(market.drawn(Actor::Alice), "0:flour*20 1:flour*5 2:flour*2");
    let request = InventoryMerge {
        from_item_id: market.item(Actor::Alice, 1).item_id,
        into_item_id: market.item(Actor::Alice, 2).item_id,
        revision: 2,
    };
    assert_eq!(market.world.refused(|_| merge(&market, request)).code, invalid("into_item_id"));
}

#[test]
fn a_closed_account_rearranges_nothing() {
    let market = filled();
    market.world.reduce(Actor::Alice, close_account).unwrap();
    let item_id = market.world.see(Actor::Alice, my_inventory)[0].item_id;
    let request = InventoryMove { item_id, to_slot: 3, revision: 1 };
    assert_eq!(market.world.refused(|_| move_item(&market, request)).code, DomainErrorCode::AccountClosed);
}
