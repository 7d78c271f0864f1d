//! Long sequences of calls by two players, drawn from a seed: whatever they do, nothing is lost,
//! nothing appears, and every bag stays in order.

use std::collections::BTreeMap;

use module_runtime_item::Rolls;
use spacetime_module::*;
use spacetimedb::{Table, Uuid};

use super::Market;
use crate::world::Actor;

const ITEMS: [&str; 4] = ["flour", "bread", "sickle", "apron"];

type Totals = BTreeMap<String, i64>;

#[test]
fn nothing_is_lost_and_every_bag_stays_in_order() {
    let mut done = BTreeMap::new();
    for seed in 0..6 {
        let market = Market::new();
        let mut rolls = Rolls::new(seed);
        let mut expected = Totals::new();
        for player in [Actor::Alice, Actor::Bob] {
            market.give(player, "sickle", 2);
            *expected.entry("sickle".to_owned()).or_default() += 2;
        }
        for _ in 0..250 {
            market.world.advance(1);
            let (name, succeeded) = step(&market, &mut rolls, &mut expected);
            *done.entry((name, succeeded)).or_insert(0) += 1;
            check(&market, &expected);
        }
    }
    for name in ["give", "split", "merge", "move", "discard", "equip", "unequip", "offer", "revise", "accept"] {
        assert!(done.contains_key(&(name, true)), "nobody succeeds to {name}: {done:?}");
    }
}

/// One call that makes sense, or nearly; whether it is refused is the module's business.
fn step(market: &Market, rolls: &mut Rolls, expected: &mut Totals) -> (&'static str, bool) {
    let world = &market.world;
    let player = [Actor::Alice, Actor::Bob][rolls.below(2) as usize];
    let bag = market.bag(player);
    let revision = bag.bag.revision;
    let one = match bag.items.len() {
        0 => None,
        length => Some(bag.items[rolls.below(length as u64) as usize].clone()),
    };
    let item_id = one.as_ref().map_or(Uuid::NIL, |item| item.item_id);
    let quantity = rolls.between(0, 8);
    let slot = rolls.between(0, 12);
    match rolls.below(12) {
        0 => {
            let item_key = ITEMS[rolls.below(4) as usize];
            let quantity = if item_key == "flour" { quantity * 4 } else { quantity / 3 };
            let story = if player == Actor::Alice { &market.alices } else { &market.bobs };
            let given = super::give(world, player, story, item_key, quantity).is_ok();
            *expected.entry(item_key.to_owned()).or_default() += if given { i64::from(quantity) } else { 0 };
            ("give", given)
        }
        1 | 2 => {
            let request = InventorySplit { item_id, revision, quantity, to_slot: Some(slot) };
            ("split", world.reduce(player, |ctx| split_inventory_stack(ctx, request)).is_ok())
        }
        3 => {
            let is_like = |item: &&InventoryItem| {
                one.as_ref().is_some_and(|one| one.item_key == item.item_key && one.item_id != item.item_id)
            };
            let into_item_id = bag.items.iter().find(is_like).map_or(Uuid::NIL, |item| item.item_id);
            let request = InventoryMerge { from_item_id: item_id, into_item_id, revision };
            ("merge", world.reduce(player, |ctx| merge_inventory_stacks(ctx, request)).is_ok())
        }
        4 => {
            let request = InventoryMove { item_id, to_slot: slot, revision };
            ("move", world.reduce(player, |ctx| move_inventory_item(ctx, request)).is_ok())
        }
        5 => {
            let request = InventoryDiscard { item_id, quantity, revision };
            let discarded = world.reduce(player, |ctx| discard_inventory_item(ctx, request)).is_ok();
            if let Some(item) = one.filter(|_| discarded) {
                *expected.entry(item.item_key).or_default() -= i64::from(quantity);
            }
            ("discard", discarded)
        }
        6 => {
            let carried = bag.items.iter().find_map(|item| item.runtime_item_id).unwrap_or(Uuid::NIL);
            ("equip", world.reduce(player, |ctx| equip_item(ctx, carried)).is_ok())
        }
        7 => {
            let worn = bag.equipment.first().map_or(Uuid::NIL, |worn| worn.runtime_item_id);
            ("unequip", world.reduce(player, |ctx| unequip_item(ctx, worn)).is_ok())
        }
        8 => {
            let items = one.map(|item| (item.slot, quantity)).into_iter().collect::<Vec<_>>();
            let offered = market.offer(player, &items);
            if offered.is_err() {
                market.world.see(player, my_trades).iter().for_each(|trade| {
                    let _ = market.cancel(player, trade);
                });
            }
            ("offer", offered.is_ok())
        }
        _ => accept_something(market, rolls, player),
    }
}

/// Changes an open trade now and then, and else has both accept it.
fn accept_something(market: &Market, rolls: &mut Rolls, player: Actor) -> (&'static str, bool) {
    let open = market.world.call(player, |ctx| list_open_trades_and_return(ctx, None)).unwrap();
    let Some(trade) = open.first() else { return ("accept", false) };
    if rolls.below(3) == 0 {
        let items: Vec<_> = market.bag(player).items.iter().take(2).map(|item| (item.slot, 1)).collect();
        return ("revise", market.revise(player, trade, &items).is_ok());
    }
    let _ = market.accept(Actor::Alice, trade);
    let _ = market.accept(Actor::Bob, trade);
    let read = market.world.call(player, |ctx| read_trade_and_return(ctx, None, trade.trade_id)).unwrap();
    ("accept", read.status == TradeStatus::Completed)
}

#[track_caller]
fn check(market: &Market, expected: &Totals) {
    let mut totals = Totals::new();
    let mut instances = Vec::new();
    for player in [Actor::Alice, Actor::Bob] {
        let record = market.bag(player);
        let mut slots: Vec<_> = record.items.iter().map(|item| item.slot).collect();
        assert!(slots.iter().all(|slot| *slot < record.bag.capacity));
        slots.dedup();
        assert_eq!(slots.len(), record.items.len(), "one stack in each slot");
        for item in &record.items {
            assert!((1..=item.traits.stack_max).contains(&item.quantity), "{item:?}");
            assert_eq!((item.owner, item.bag_id), (player.identity(), record.bag.bag_id));
            *totals.entry(item.item_key.clone()).or_default() += i64::from(item.quantity);
            instances.extend(item.runtime_item_id);
        }
        let mut places = Vec::new();
        for worn in &record.equipment {
            assert!(!places.contains(&worn.slot), "one thing in each place");
            places.push(worn.slot);
            *totals.entry(worn.item_key.clone()).or_default() += 1;
            instances.push(worn.runtime_item_id);
        }
        assert!(record.runtime_items.iter().all(|instance| instance.owner == player.identity()));
        assert_eq!(record.runtime_items.len(), market.world.see(player, my_runtime_items).len());
    }
    let wanted: Totals =
        expected.iter().filter(|(_, count)| **count != 0).map(|(key, count)| (key.clone(), *count)).collect();
    assert_eq!(totals, wanted);
    instances.sort();
    let mut known: Vec<_> = market.world.test.db.runtime_item().iter().map(|row| row.runtime_item_id).collect();
    known.sort();
    assert_eq!(instances, known, "each instance is in exactly one place");
}
