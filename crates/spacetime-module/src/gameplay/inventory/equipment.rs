//! What a player wears. What is worn lies in no slot of the bag.

use module_inventory::Outfit;

use crate::*;

/// Something worn.
#[table(accessor = inventory_equipment)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryEquipment {
    /// The instance.
    #[primary_key]
    pub runtime_item_id: Uuid,
    /// The bag that it came from.
    #[index(btree)]
    pub bag_id: Uuid,
    /// Who wears it.
    #[index(btree)]
    pub owner: Identity,
    /// The world in which it is worn.
    pub world_id: Uuid,
    /// Where it is worn; unique among what comes from one bag.
    pub slot: EquipSlot,
    /// Key of the item in its world.
    pub item_key: String,
    /// What it is like.
    pub traits: ItemTraits,
    /// Since when.
    pub worn_since: Timestamp,
}

/// Puts something of the sender's on.
///
/// Errors: as [`equip_item_and_return`].
#[reducer]
pub fn equip_item(ctx: &ReducerContext, runtime_item_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    put_on(ctx, &caller, runtime_item_id).map(drop)
}

/// Puts something from the bag on and returns the bag. What was worn in its place goes into the
/// bag; putting on what is worn changes nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for what is another player's.
#[procedure]
pub fn equip_item_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    runtime_item_id: Uuid,
) -> Result<InventoryRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(inventory_record(tx, put_on(tx, &caller, runtime_item_id)?))
    })
}

/// Takes something off that the sender wears.
///
/// Errors: as [`unequip_item_and_return`].
#[reducer]
pub fn unequip_item(ctx: &ReducerContext, runtime_item_id: Uuid) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    take_off(ctx, &caller, runtime_item_id).map(drop)
}

/// Takes something off, into the bag, and returns the bag; if it is not worn, nothing changes.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also for what is another player's; `limit_exceeded` if the bag is full.
#[procedure]
pub fn unequip_item_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    runtime_item_id: Uuid,
) -> Result<InventoryRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(inventory_record(tx, take_off(tx, &caller, runtime_item_id)?))
    })
}

/// What the sender wears, in all worlds.
#[view(accessor = my_equipment, public, primary_key = runtime_item_id)]
pub fn my_equipment(ctx: &ViewContext) -> Vec<InventoryEquipment> {
    ctx.db.inventory_equipment().owner().filter(ctx.sender()).collect()
}

/// What is worn from a bag; at most one thing for each place on the body.
pub(crate) fn worn_by(ctx: &ReducerContext, bag_id: Uuid) -> Vec<InventoryEquipment> {
    ctx.db.inventory_equipment().bag_id().filter(bag_id).collect()
}

/// The order in which worn things are listed and counted.
pub(crate) fn body_order(slot: EquipSlot) -> u8 {
    match slot {
        EquipSlot::Weapon => 0,
        EquipSlot::Armor => 1,
        EquipSlot::Accessory => 2,
    }
}

fn put_on(ctx: &ReducerContext, caller: &Caller, runtime_item_id: Uuid) -> Result<InventoryBag, DomainError> {
    let instance = own_runtime_item(ctx, caller, runtime_item_id)?;
    let mut held = own_bag(ctx, caller.player, instance.world_id)?;
    if ctx.db.inventory_equipment().runtime_item_id().find(runtime_item_id).is_some() {
        return Ok(held.row);
    }
    let stack = held.bag.find(|kind| kind.runtime_item_id == Some(runtime_item_id));
    let item_id = stack.and_then(|stack| stack.id).ok_or(RuleError::Hidden { what: "item in the bag" })?;
    let mut outfit = load_outfit(ctx, &held.row);
    outfit.put_on(&mut held.bag, &item_id)?;
    save_outfit(ctx, &held.row, &outfit)?;
    save_bag(ctx, held)
}

fn take_off(ctx: &ReducerContext, caller: &Caller, runtime_item_id: Uuid) -> Result<InventoryBag, DomainError> {
    let instance = own_runtime_item(ctx, caller, runtime_item_id)?;
    let mut held = own_bag(ctx, caller.player, instance.world_id)?;
    let Some(worn) = ctx.db.inventory_equipment().runtime_item_id().find(runtime_item_id) else {
        return Ok(held.row);
    };
    let mut outfit = load_outfit(ctx, &held.row);
    outfit.take_off(&mut held.bag, worn.slot)?;
    save_outfit(ctx, &held.row, &outfit)?;
    save_bag(ctx, held)
}

fn load_outfit(ctx: &ReducerContext, bag: &InventoryBag) -> Outfit<HeldKind> {
    let worn = worn_by(ctx, bag.bag_id).into_iter();
    Outfit::new(
        worn.map(|worn| HeldKind {
            item_key: worn.item_key,
            traits: worn.traits,
            runtime_item_id: Some(worn.runtime_item_id),
        })
        .collect(),
    )
}

fn save_outfit(ctx: &ReducerContext, bag: &InventoryBag, outfit: &Outfit<HeldKind>) -> Result<(), DomainError> {
    let rows = ctx.db.inventory_equipment();
    for row in worn_by(ctx, bag.bag_id) {
        if !outfit.wears(|kind| kind.runtime_item_id == Some(row.runtime_item_id)) {
            rows.runtime_item_id().delete(row.runtime_item_id);
        }
    }
    for kind in outfit.worn() {
        let (Some(runtime_item_id), Some(slot)) = (kind.runtime_item_id, kind.traits.equip_slot) else {
            continue;
        };
        if rows.runtime_item_id().find(runtime_item_id).is_some() {
            continue;
        }
        let worn = InventoryEquipment {
            runtime_item_id,
            bag_id: bag.bag_id,
            owner: bag.owner,
            world_id: bag.world_id,
            slot,
            item_key: kind.item_key.clone(),
            traits: kind.traits.clone(),
            worn_since: ctx.timestamp,
        };
        rows.try_insert(worn).map_err(|_| DomainError::no_fresh_id())?;
    }
    Ok(())
}
