//! Bags and what lies in them: tables, loading and storing.
//!
//! A bag is loaded with all its stacks (there are at most as many as slots), changed by the rules
//! of `module_inventory`, and stored: only the rows that changed are written.

use module_inventory::{BAG_CAPACITY, Bag, ItemKind, Stack};

use crate::*;

/// A player's bag in one world.
#[table(
    accessor = inventory_bag,
    index(accessor = by_world, btree(columns = [owner, world_id]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryBag {
    /// UUIDv7.
    #[primary_key]
    pub bag_id: Uuid,
    /// The player.
    #[index(btree)]
    pub owner: Identity,
    /// The world; the pair is unique.
    pub world_id: Uuid,
    /// How many slots it has. What is worn needs none.
    pub capacity: u32,
    /// How often what lies in it or is worn has changed. A request names the revision that it was
    /// made for, so that two devices, or a repeated request, cannot act on what they did not see.
    pub revision: u64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a bag, a trade or a wearer needs to know of an item. Copied from the world's version when
/// the item is received, so that a later version changes nothing that a player has.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ItemTraits {
    /// The name.
    pub name: String,
    /// How many lie in one slot.
    pub stack_max: u32,
    /// Where it is worn, if it can be.
    pub equip_slot: Option<EquipSlot>,
    /// What using it in a battle does, if it can be used.
    pub usage: Option<ItemUse>,
    /// Whether players may trade it.
    pub tradable: bool,
}

/// An occupied slot of a bag.
#[table(accessor = inventory_item)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryItem {
    /// UUIDv7; it stays while the stack moves within its bag.
    #[primary_key]
    pub item_id: Uuid,
    /// The bag.
    #[index(btree)]
    pub bag_id: Uuid,
    /// The bag's owner.
    #[index(btree)]
    pub owner: Identity,
    /// The bag's world.
    pub world_id: Uuid,
    /// Which slot, from 0; unique in the bag.
    pub slot: u32,
    /// How many lie in it, at least 1.
    pub quantity: u32,
    /// Key of the item in its world.
    pub item_key: String,
    /// What it is like. Stacks of one key and different traits do not merge.
    pub traits: ItemTraits,
    /// The instance, if it is something to wear.
    pub runtime_item_id: Option<Uuid>,
}

/// A bag and everything in and from it.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct InventoryRecord {
    /// The bag.
    pub bag: InventoryBag,
    /// Its occupied slots, by slot.
    pub items: Vec<InventoryItem>,
    /// What is worn.
    pub equipment: Vec<InventoryEquipment>,
    /// The instances that lie in it and that are worn.
    pub runtime_items: Vec<RuntimeItem>,
}

/// Returns what the player has in a world.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found` if the player has never received anything there.
#[procedure]
pub fn read_inventory_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    world_id: Uuid,
) -> Result<InventoryRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        let bag = find_bag(tx, caller.player, world_id).ok_or(NO_BAG)?;
        Ok(inventory_record(tx, bag))
    })
}

/// The sender's bags, one in each world.
#[view(accessor = my_inventory_bags, public, primary_key = bag_id)]
pub fn my_inventory_bags(ctx: &ViewContext) -> Vec<InventoryBag> {
    ctx.db.inventory_bag().owner().filter(ctx.sender()).collect()
}

/// What lies in the sender's bags.
#[view(accessor = my_inventory, public, primary_key = item_id)]
pub fn my_inventory(ctx: &ViewContext) -> Vec<InventoryItem> {
    ctx.db.inventory_item().owner().filter(ctx.sender()).collect()
}

const NO_BAG: RuleError = RuleError::Hidden { what: "bag in this world" };

/// What lies together with its like: the same item with the same traits. Instances are never alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldKind {
    pub item_key: String,
    pub traits: ItemTraits,
    pub runtime_item_id: Option<Uuid>,
}

/// A bag as the rules change it, and as it was stored.
pub(crate) struct HeldBag {
    pub row: InventoryBag,
    pub bag: Bag<Uuid, HeldKind>,
    stored: Vec<InventoryItem>,
}

/// The player's bag in a world, if it has one.
pub(crate) fn find_bag(ctx: &ReducerContext, owner: Identity, world_id: Uuid) -> Option<InventoryBag> {
    ctx.db.inventory_bag().by_world().filter((owner, world_id)).next()
}

/// The player's bag in a world with its stacks, if it has one.
pub(crate) fn load_bag(ctx: &ReducerContext, owner: Identity, world_id: Uuid) -> Option<HeldBag> {
    find_bag(ctx, owner, world_id).map(|row| load_stacks(ctx, row))
}

/// The player's bag in a world with its stacks.
///
/// Errors: `not_found`.
pub(crate) fn own_bag(ctx: &ReducerContext, owner: Identity, world_id: Uuid) -> Result<HeldBag, DomainError> {
    Ok(load_bag(ctx, owner, world_id).ok_or(NO_BAG)?)
}

/// The player's bag in a world with its stacks; an empty one if it had none.
pub(crate) fn load_or_make_bag(ctx: &ReducerContext, owner: Identity, world_id: Uuid) -> Result<HeldBag, DomainError> {
    let row = match find_bag(ctx, owner, world_id) {
        Some(row) => row,
        None => {
            let bags = ctx.db.inventory_bag();
            let bag_id = fresh_id(ctx, |id| bags.bag_id().find(id).is_some())?;
            let row = InventoryBag {
                bag_id,
                owner,
                world_id,
                capacity: BAG_CAPACITY,
                revision: 0,
                updated_at: ctx.timestamp,
            };
            bags.try_insert(row).map_err(|_| DomainError::no_fresh_id())?
        }
    };
    Ok(load_stacks(ctx, row))
}

/// Stores what changed in a bag, and raises its revision.
pub(crate) fn save_bag(ctx: &ReducerContext, held: HeldBag) -> Result<InventoryBag, DomainError> {
    let items = ctx.db.inventory_item();
    let HeldBag { row, bag, stored } = held;
    for item in stored {
        match bag.stack(&item.item_id) {
            Err(_) => {
                items.item_id().delete(item.item_id);
            }
            Ok(stack) if (stack.slot, stack.quantity) != (item.slot, item.quantity) => {
                items.item_id().update(InventoryItem { slot: stack.slot, quantity: stack.quantity, ..item });
            }
            Ok(_) => {}
        }
    }
    for stack in bag.stacks() {
        if stack.id.is_some() {
            continue;
        }
        let item_id = fresh_id(ctx, |id| items.item_id().find(id).is_some())?;
        let kind = stack.kind.clone();
        let item = InventoryItem {
            item_id,
            bag_id: row.bag_id,
            owner: row.owner,
            world_id: row.world_id,
            slot: stack.slot,
            quantity: stack.quantity,
            item_key: kind.item_key,
            traits: kind.traits,
            runtime_item_id: kind.runtime_item_id,
        };
        items.try_insert(item).map_err(|_| DomainError::no_fresh_id())?;
    }
    let revision = row.revision.saturating_add(1);
    Ok(ctx.db.inventory_bag().bag_id().update(InventoryBag { revision, updated_at: ctx.timestamp, ..row }))
}

/// What lies in a bag, by slot.
pub(crate) fn items_in(ctx: &ReducerContext, bag_id: Uuid) -> Vec<InventoryItem> {
    ascending(ctx.db.inventory_item().bag_id().filter(bag_id), |item| item.slot)
}

/// The bag with everything in and from it.
pub(crate) fn inventory_record(ctx: &ReducerContext, bag: InventoryBag) -> InventoryRecord {
    let items = items_in(ctx, bag.bag_id);
    let equipment = ascending(worn_by(ctx, bag.bag_id), |worn| body_order(worn.slot));
    let mut runtime_items = Vec::new();
    for item in &items {
        runtime_items.extend(item.runtime_item_id.and_then(|id| find_runtime_item(ctx, id)));
    }
    for worn in &equipment {
        runtime_items.extend(find_runtime_item(ctx, worn.runtime_item_id));
    }
    InventoryRecord { bag, items, equipment, runtime_items }
}

/// How many of an item lie in one slot. Each thing to wear has rolls of its own.
pub(crate) fn stack_max_of(item: &WorldItem) -> u32 {
    if item.equip_slot.is_some() { 1 } else { item.stack_max.max(1) }
}

fn load_stacks(ctx: &ReducerContext, row: InventoryBag) -> HeldBag {
    let stored: Vec<_> = ctx.db.inventory_item().bag_id().filter(row.bag_id).collect();
    let mut stacks = Vec::with_capacity(stored.len());
    for item in &stored {
        let kind = HeldKind {
            item_key: item.item_key.clone(),
            traits: item.traits.clone(),
            runtime_item_id: item.runtime_item_id,
        };
        stacks.push(Stack { id: Some(item.item_id), slot: item.slot, quantity: item.quantity, kind });
    }
    let bag = Bag::new(row.capacity, stacks);
    HeldBag { row, bag, stored }
}

impl HeldKind {
    /// The kind of an item that lies in stacks.
    pub(crate) fn stacked(item_key: &str, item: &WorldItem) -> Self {
        let traits = ItemTraits {
            name: item.name.clone(),
            stack_max: stack_max_of(item),
            equip_slot: item.equip_slot,
            usage: item.usage,
            tradable: item.tradable,
        };
        HeldKind { item_key: item_key.to_owned(), traits, runtime_item_id: None }
    }
}

impl ItemKind for HeldKind {
    type EquipSlot = EquipSlot;

    fn stack_max(&self) -> u32 {
        self.traits.stack_max
    }

    fn equip_slot(&self) -> Option<EquipSlot> {
        self.runtime_item_id.and(self.traits.equip_slot)
    }

    fn is_tradable(&self) -> bool {
        self.traits.tradable
    }
}
