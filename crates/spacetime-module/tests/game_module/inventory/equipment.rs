//! Putting on and taking off.

use spacetime_module::*;
use spacetimedb::Uuid;

use super::Market;
use crate::world::{Actor, above};

fn equip(market: &Market, runtime_item_id: Uuid) -> Result<InventoryRecord, DomainError> {
    market.world.call(Actor::Alice, |ctx| equip_item_and_return(ctx, None, runtime_item_id))
}

fn unequip(market: &Market, runtime_item_id: Uuid) -> Result<InventoryRecord, DomainError> {
    market.world.call(Actor::Alice, |ctx| unequip_item_and_return(ctx, None, runtime_item_id))
}

fn instance(market: &Market, slot: u32) -> Uuid {
    market.item(Actor::Alice, slot).runtime_item_id.expect("something to wear")
}

#[test]
fn one_thing_is_worn_in_each_place() {
    let market = Market::new();
    market.give(Actor::Alice, "sickle", 2);
    market.give(Actor::Alice, "apron", 1);
    let [first, second, apron] = [0, 1, 2].map(|slot| instance(&market, slot));
    equip(&market, first).unwrap();
    market.world.reduce(Actor::Alice, |ctx| equip_item(ctx, apron)).unwrap();
    let record = equip(&market, second).unwrap();
    let worn: Vec<_> = record.equipment.iter().map(|worn| (worn.slot, worn.runtime_item_id)).collect();
    assert_eq!(worn, [(EquipSlot::Weapon, second), (EquipSlot::Armor, apron)]);
    assert_eq!(super::drawn(&record), "0:sickle*1");
    assert_eq!(record.items[0].runtime_item_id, Some(first));
    assert_eq!(record.runtime_items.len(), 3, "carried or worn");
    assert_eq!(market.world.see(Actor::Alice, my_equipment).len(), 2);
    assert_eq!(market.world.see(Actor::Bob, my_equipment), []);

    let record = unequip(&market, second).unwrap();
    assert_eq!(super::drawn(&record), "0:sickle*1 1:sickle*1");
    market.world.reduce(Actor::Alice, |ctx| unequip_item(ctx, apron)).unwrap();
    assert_eq!(market.world.see(Actor::Alice, my_equipment), []);
}

#[test]
fn repeating_changes_nothing() {
    let market = Market::new();
    market.give(Actor::Alice, "sickle", 1);
    let sickle = instance(&market, 0);
    let taken_off = market.bag(Actor::Alice);
    assert_eq!(unequip(&market, sickle), Ok(taken_off));
    let worn = equip(&market, sickle).unwrap();
    let before = market.world.rows();
    assert_eq!(equip(&market, sickle), Ok(worn));
    assert_eq!(market.world.rows(), before);
}

#[test]
fn a_full_bag_takes_nothing_off_but_changes_one_for_another() {
    let market = Market::new();
    market.give(Actor::Alice, "sickle", 2);
    let [first, second] = [0, 1].map(|slot| instance(&market, slot));
    equip(&market, first).unwrap();
    market.give(Actor::Alice, "flour", 39 * 20);
    assert_eq!(market.world.refused(|_| unequip(&market, first)).code, above(40));
    let record = equip(&market, second).unwrap();
    assert_eq!(record.items.len(), 40);
    assert_eq!(record.equipment[0].runtime_item_id, second);
}

#[test]
fn unknown_things_and_those_of_others_are_not_found() {
    let market = Market::new();
    market.give(Actor::Alice, "flour", 1);
    market.give(Actor::Bob, "sickle", 1);
    let bobs = market.item(Actor::Bob, 0).runtime_item_id.unwrap();
    let flour = market.item(Actor::Alice, 0).item_id;
    for id in [bobs, flour, Uuid::NIL, Uuid::MAX] {
        assert_eq!(market.world.refused(|_| equip(&market, id)).code, DomainErrorCode::NotFound, "{id}");
        assert_eq!(market.world.refused(|_| unequip(&market, id)).code, DomainErrorCode::NotFound, "{id}");
    }
}

#[test]
fn what_is_thrown_away_is_gone() {
    let market = Market::new();
    market.give(Actor::Alice, "sickle", 1);
    let request = InventoryDiscard { item_id: market.item(Actor::Alice, 0).item_id, quantity: 1, revision: 1 };
    market.world.reduce(Actor::Alice, |ctx| discard_inventory_item(ctx, request)).unwrap();
    assert_eq!(market.world.see(Actor::Alice, my_runtime_items), []);
    assert_eq!(market.drawn(Actor::Alice), "");
}
