//! Bags, what is worn, trades, rolled items and treasures.
//!
//! Alice has flour and two sickles, one of them worn; she has proposed a trade to Bob, and Bob has
//! proposed one to her. Bob has bread.

use spacetime_module::*;
use spacetimedb::{Identity, Table, Uuid};

use super::{said, seen};
use crate::inventory::{begun, give};
use crate::world::{Actor, World};

struct Scene {
    world_id: Uuid,
    session_id: Uuid,
    bag: InventoryRecord,
    proposed: InventoryTrade,
    received: InventoryTrade,
    timer: InventoryTradeTimer,
}

fn scene(world: &World) -> Scene {
    let version = world.published_sample();
    let world_id = version.world_id;
    let (alices, bobs) = (begun(world, Actor::Alice, &version), begun(world, Actor::Bob, &version));
    give(world, Actor::Alice, &alices, "flour", 25).unwrap();
    give(world, Actor::Alice, &alices, "sickle", 2).unwrap();
    give(world, Actor::Bob, &bobs, "bread", 1).unwrap();
    let bag_of = |player| world.call(player, |ctx| read_inventory_and_return(ctx, None, world_id)).unwrap();
    let worn = bag_of(Actor::Alice).items[3].runtime_item_id.unwrap();
    world.reduce(Actor::Alice, |ctx| equip_item(ctx, worn)).unwrap();
    let propose = |player, partner: Actor| {
        let item_id = bag_of(player).items[0].item_id;
        let items = vec![TradeItemRequest { item_id, quantity: 1 }];
        let idempotency_key = "scene".to_owned();
        let request = TradeProposal { idempotency_key, world_id, partner: partner.identity(), items };
        world.call(player, |ctx| offer_trade_and_return(ctx, None, request)).unwrap()
    };
    Scene {
        world_id,
        session_id: alices.session_id,
        bag: bag_of(Actor::Alice),
        proposed: propose(Actor::Alice, Actor::Bob),
        received: propose(Actor::Bob, Actor::Alice),
        timer: world.test.db.inventory_trade_timer().iter().next().unwrap(),
    }
}

pub fn outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    bag_outcome(world, name, caller, named)
        .or_else(|| trade_outcome(world, name, caller, named))
        .or_else(|| item_outcome(world, name, caller, named))
}

fn bag_outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let (revision, quantity) = (3, 1);
    let item = |slot: usize| scene(world).bag.items[slot].item_id;
    let splitting = || InventorySplit { item_id: item(1), revision, quantity, to_slot: None };
    let moving = || InventoryMove { item_id: item(1), to_slot: 9, revision };
    let discarding = || InventoryDiscard { item_id: item(1), quantity, revision };
    let merging = || {
        let items = scene(world).bag.items;
        let (from_item_id, into_item_id) = (items[0].item_id, items[1].item_id);
        InventoryMerge { from_item_id, into_item_id, revision }
    };
    let carried = || scene(world).bag.items[2].runtime_item_id.unwrap();
    let worn = || scene(world).bag.equipment[0].runtime_item_id;
    let outcome = match name {
        "read_inventory_and_return" => {
            let world_id = scene(world).world_id;
            said(world.call(caller, |ctx| read_inventory_and_return(ctx, named, world_id)))
        }
        "split_inventory_stack" => {
            let request = splitting();
            said(world.reduce(caller, |ctx| split_inventory_stack(ctx, request)))
        }
        "split_inventory_stack_and_return" => {
            let request = splitting();
            said(world.call(caller, |ctx| split_inventory_stack_and_return(ctx, named, request)))
        }
        "merge_inventory_stacks" => {
            let request = merging();
            said(world.reduce(caller, |ctx| merge_inventory_stacks(ctx, request)))
        }
        "merge_inventory_stacks_and_return" => {
            let request = merging();
            said(world.call(caller, |ctx| merge_inventory_stacks_and_return(ctx, named, request)))
        }
        "move_inventory_item" => {
            let request = moving();
            said(world.reduce(caller, |ctx| move_inventory_item(ctx, request)))
        }
        "move_inventory_item_and_return" => {
            let request = moving();
            said(world.call(caller, |ctx| move_inventory_item_and_return(ctx, named, request)))
        }
        "discard_inventory_item" => {
            let request = discarding();
            said(world.reduce(caller, |ctx| discard_inventory_item(ctx, request)))
        }
        "discard_inventory_item_and_return" => {
            let request = discarding();
            said(world.call(caller, |ctx| discard_inventory_item_and_return(ctx, named, request)))
        }
        "equip_item" => {
            let id = carried();
            said(world.reduce(caller, |ctx| equip_item(ctx, id)))
        }
        "equip_item_and_return" => {
            let id = carried();
            said(world.call(caller, |ctx| equip_item_and_return(ctx, named, id)))
        }
        "unequip_item" => {
            let id = worn();
            said(world.reduce(caller, |ctx| unequip_item(ctx, id)))
        }
        "unequip_item_and_return" => {
            let id = worn();
            said(world.call(caller, |ctx| unequip_item_and_return(ctx, named, id)))
        }
        _ => return None,
    };
    Some(outcome)
}

fn trade_outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let proposed = || scene(world).proposed.trade_id;
    let received = || scene(world).received.trade_id;
    let proposing = || TradeProposal {
        idempotency_key: "new".to_owned(),
        world_id: scene(world).world_id,
        partner: if caller == Actor::Bob { Actor::Alice } else { Actor::Bob }.identity(),
        items: Vec::new(),
    };
    let revising = || TradeRevision { trade_id: proposed(), revision: 1, items: Vec::new() };
    let accepting = || TradeAcceptance { trade_id: proposed(), revision: 1 };
    let outcome = match name {
        "offer_trade" => {
            let request = proposing();
            said(world.reduce(caller, |ctx| offer_trade(ctx, request)))
        }
        "offer_trade_and_return" => {
            let request = proposing();
            said(world.call(caller, |ctx| offer_trade_and_return(ctx, named, request)))
        }
        "revise_trade" => {
            let request = revising();
            said(world.reduce(caller, |ctx| revise_trade(ctx, request)))
        }
        "revise_trade_and_return" => {
            let request = revising();
            said(world.call(caller, |ctx| revise_trade_and_return(ctx, named, request)))
        }
        "accept_trade" => {
            let request = accepting();
            said(world.reduce(caller, |ctx| accept_trade(ctx, request)))
        }
        "accept_trade_and_return" => {
            let request = accepting();
            said(world.call(caller, |ctx| accept_trade_and_return(ctx, named, request)))
        }
        "decline_trade" => {
            let id = received();
            said(world.reduce(caller, |ctx| decline_trade(ctx, id)))
        }
        "decline_trade_and_return" => {
            let id = received();
            said(world.call(caller, |ctx| decline_trade_and_return(ctx, named, id)))
        }
        "cancel_trade" => {
            let id = proposed();
            said(world.reduce(caller, |ctx| cancel_trade(ctx, id)))
        }
        "cancel_trade_and_return" => {
            let id = proposed();
            said(world.call(caller, |ctx| cancel_trade_and_return(ctx, named, id)))
        }
        "read_trade_and_return" => {
            let id = proposed();
            said(world.call(caller, |ctx| read_trade_and_return(ctx, named, id)))
        }
        "list_open_trades_and_return" => said(world.call(caller, |ctx| list_open_trades_and_return(ctx, named))),
        "expire_trade" => {
            let timer = scene(world).timer;
            said(world.reduce(caller, |ctx| expire_trade(ctx, timer)))
        }
        _ => return None,
    };
    Some(outcome)
}

fn item_outcome(world: &World, name: &str, caller: Actor, named: Option<Identity>) -> Option<String> {
    let opening = || TreasureOpening { session_id: scene(world).session_id, treasure_key: "sack".to_owned() };
    let outcome = match name {
        "open_treasure" => {
            let request = opening();
            said(world.reduce(caller, |ctx| open_treasure(ctx, request)))
        }
        "open_treasure_and_return" => {
            let request = opening();
            said(world.call(caller, |ctx| open_treasure_and_return(ctx, named, request)))
        }
        "my_inventory_bags" | "my_inventory" | "my_equipment" | "my_trades" | "my_received_trades"
        | "my_runtime_items" | "my_treasures" => {
            scene(world);
            shown(world, name, caller)
        }
        _ => return None,
    };
    Some(outcome)
}

fn shown(world: &World, name: &str, caller: Actor) -> String {
    match name {
        "my_inventory_bags" => seen(world.see(caller, my_inventory_bags)),
        "my_inventory" => seen(world.see(caller, my_inventory)),
        "my_equipment" => seen(world.see(caller, my_equipment)),
        "my_trades" => seen(world.see(caller, my_trades)),
        "my_received_trades" => seen(world.see(caller, my_received_trades)),
        "my_runtime_items" => seen(world.see(caller, my_runtime_items)),
        _ => seen(world.see(caller, my_treasures)),
    }
}
