//! Rearranging a bag: splitting, merging, moving, throwing away.

use crate::*;

/// Items to split off a stack.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct InventorySplit {
    /// The stack.
    pub item_id: Uuid,
    /// The revision of the bag that the caller saw.
    pub revision: u64,
    /// How many go; fewer than the stack holds.
    pub quantity: u32,
    /// An empty slot for them; the first one, if none is named.
    pub to_slot: Option<u32>,
}

/// Two stacks to put together.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct InventoryMerge {
    /// The stack that goes onto the other one; what does not fit stays.
    pub from_item_id: Uuid,
    /// The stack that grows.
    pub into_item_id: Uuid,
    /// The revision of the bag that the caller saw.
    pub revision: u64,
}

/// A stack to move.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct InventoryMove {
    /// The stack.
    pub item_id: Uuid,
    /// Where to; a stack that lies there takes the place of the moved one.
    pub to_slot: u32,
    /// The revision of the bag that the caller saw.
    pub revision: u64,
}

/// Items to throw away.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct InventoryDiscard {
    /// The stack.
    pub item_id: Uuid,
    /// How many go.
    pub quantity: u32,
    /// The revision of the bag that the caller saw.
    pub revision: u64,
}

/// Splits a stack of the sender.
///
/// Errors: as [`split_inventory_stack_and_return`].
#[reducer]
pub fn split_inventory_stack(ctx: &ReducerContext, request: InventorySplit) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    split_stack(ctx, &caller, &request).map(drop)
}

/// Splits a stack and returns the bag.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`; `conflict` if the bag has changed since `revision` or the slot is occupied;
/// `invalid_argument` unless 1 ≤ `quantity` < what the stack holds; `limit_exceeded` if there is
/// no such slot or none empty.
#[procedure]
pub fn split_inventory_stack_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: InventorySplit,
) -> Result<InventoryRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(inventory_record(tx, split_stack(tx, &caller, &request)?))
    })
}

/// Merges two stacks of the sender.
///
/// Errors: as [`merge_inventory_stacks_and_return`].
#[reducer]
pub fn merge_inventory_stacks(ctx: &ReducerContext, request: InventoryMerge) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    merge_stacks(ctx, &caller, &request).map(drop)
}

/// Puts one stack onto another, as far as there is room, and returns the bag.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`, also if the two lie in different bags; `conflict` if the bag has changed since
/// `revision`; `invalid_argument` if they are the same stack or of different kinds;
/// `limit_exceeded` if the second one is full.
#[procedure]
pub fn merge_inventory_stacks_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: InventoryMerge,
) -> Result<InventoryRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(inventory_record(tx, merge_stacks(tx, &caller, &request)?))
    })
}

/// Moves a stack of the sender.
///
/// Errors: as [`move_inventory_item_and_return`].
#[reducer]
pub fn move_inventory_item(ctx: &ReducerContext, request: InventoryMove) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    move_item(ctx, &caller, &request).map(drop)
}

/// Moves a stack to another slot, or lets two change places, and returns the bag.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`; `conflict` if the bag has changed since `revision`; `limit_exceeded` if there is
/// no such slot.
#[procedure]
pub fn move_inventory_item_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: InventoryMove,
) -> Result<InventoryRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(inventory_record(tx, move_item(tx, &caller, &request)?))
    })
}

/// Throws items of the sender away.
///
/// Errors: as [`discard_inventory_item_and_return`].
#[reducer]
pub fn discard_inventory_item(ctx: &ReducerContext, request: InventoryDiscard) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    discard_item(ctx, &caller, &request).map(drop)
}

/// Throws items away, for good, and returns the bag.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found`; `conflict` if the bag has changed since `revision`; `invalid_argument` if
/// `quantity` is 0; `insufficient` if fewer lie there.
#[procedure]
pub fn discard_inventory_item_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: InventoryDiscard,
) -> Result<InventoryRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        Ok(inventory_record(tx, discard_item(tx, &caller, &request)?))
    })
}

fn split_stack(ctx: &ReducerContext, caller: &Caller, request: &InventorySplit) -> Result<InventoryBag, DomainError> {
    let mut held = bag_around(ctx, caller, request.item_id, request.revision)?;
    held.bag.split(&request.item_id, request.quantity, request.to_slot)?;
    save_bag(ctx, held)
}

fn merge_stacks(ctx: &ReducerContext, caller: &Caller, request: &InventoryMerge) -> Result<InventoryBag, DomainError> {
    let mut held = bag_around(ctx, caller, request.from_item_id, request.revision)?;
    held.bag.merge(&request.from_item_id, &request.into_item_id)?;
    save_bag(ctx, held)
}

fn move_item(ctx: &ReducerContext, caller: &Caller, request: &InventoryMove) -> Result<InventoryBag, DomainError> {
    let mut held = bag_around(ctx, caller, request.item_id, request.revision)?;
    held.bag.move_to(&request.item_id, request.to_slot)?;
    save_bag(ctx, held)
}

fn discard_item(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &InventoryDiscard,
) -> Result<InventoryBag, DomainError> {
    let mut held = bag_around(ctx, caller, request.item_id, request.revision)?;
    let kind = held.bag.take(&request.item_id, request.quantity)?;
    forget_runtime_item(ctx, &kind);
    save_bag(ctx, held)
}

/// The caller's bag that this item lies in, as the caller last saw it.
///
/// Errors: `not_found`, also for what lies in another player's bag; `conflict`.
fn bag_around(ctx: &ReducerContext, caller: &Caller, item_id: Uuid, revision: u64) -> Result<HeldBag, DomainError> {
    let item = ctx.db.inventory_item().item_id().find(item_id);
    let own = item.filter(|item| item.owner == caller.player);
    let item = own.ok_or(RuleError::Hidden { what: "item in the bag" })?;
    let held = own_bag(ctx, caller.player, item.world_id)?;
    module_inventory::check_revision(held.row.revision, revision)?;
    Ok(held)
}
