//! Bindings: which confirmed asset fills which slot of which entity.

use module_assets::{EntitySlot, Intent};

use crate::*;

/// One filled slot.
#[table(
    accessor = asset_entity_binding,
    index(accessor = by_slot, btree(columns = [entity_kind, entity_id, slot]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetEntityBinding {
    /// UUIDv7; a slot keeps it while its asset is replaced.
    #[primary_key]
    pub binding_id: Uuid,
    /// What the entity is, such as `world`.
    pub entity_kind: String,
    /// Which entity of that kind.
    pub entity_id: String,
    /// Which of the entity's slots, such as `cover`; the three together are unique.
    pub slot: String,
    /// The asset in the slot.
    #[index(btree)]
    pub asset_id: Uuid,
    /// The player who bound it.
    pub bound_by: Identity,
    /// The owner of the asset.
    #[index(btree)]
    pub owner: Identity,
    /// When it was bound.
    pub bound_at: Timestamp,
}

/// A slot to fill.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AssetEntityBindingRequest {
    /// The confirmed asset.
    pub asset_id: Uuid,
    /// What the entity is.
    pub entity_kind: String,
    /// Which entity of that kind.
    pub entity_id: String,
    /// Which of the entity's slots.
    pub slot: String,
}

/// A slot to empty.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AssetEntityUnbindRequest {
    /// What the entity is.
    pub entity_kind: String,
    /// Which entity of that kind.
    pub entity_id: String,
    /// Which of the entity's slots.
    pub slot: String,
    /// The asset that must be in it; any may be when this is left open.
    pub asset_id: Option<Uuid>,
}

/// A filled slot and what was in it before.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct AssetEntityBindingOutcome {
    /// The binding as it stands.
    pub binding: AssetEntityBinding,
    /// The asset that had to give way, if another one was in the slot.
    pub replaced_asset_id: Option<Uuid>,
}

/// Who fills and empties a slot by hand.
pub(crate) enum SlotKeeper {
    /// No entity is known by this name: whoever fills the slot first.
    Anybody,
    /// The author of the entity, and whoever looks after everybody's.
    Author {
        /// Who made it.
        author: Identity,
        /// For everybody else.
        refusal: RuleError,
    },
    /// Nobody, for a domain fills it. The sentence says what to do instead.
    Module(&'static str),
}

/// Binds an asset of the sender.
///
/// Errors: as [`bind_asset_object_to_entity_and_return`].
#[reducer]
pub fn bind_asset_object_to_entity(
    ctx: &ReducerContext,
    request: AssetEntityBindingRequest,
) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    bind_object(ctx, &caller, &request).map(drop)
}

/// Binds a confirmed asset to a slot, replacing what is in it; binding again changes nothing. The
/// author of an entity replaces whatever is in its slots.
///
/// Errors: `unauthenticated`; `forbidden` if the asset, the entity that the slot is of or, where no
/// entity is known, the asset in the slot is another player's, or if a domain itself fills the slot;
/// `invalid_argument`, `limit_exceeded`; `not_found`; `conflict` if the asset is not confirmed.
#[procedure]
pub fn bind_asset_object_to_entity_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: AssetEntityBindingRequest,
) -> Result<AssetEntityBindingOutcome, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        bind_object(tx, &caller, &request)
    })
}

/// Empties a slot of the sender's, or one that an asset of the sender fills.
///
/// Errors: as [`unbind_asset_object_from_entity_and_return`].
#[reducer]
pub fn unbind_asset_object_from_entity(
    ctx: &ReducerContext,
    request: AssetEntityUnbindRequest,
) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    unbind_object(ctx, &caller, &request).map(drop)
}

/// Empties a slot and returns the binding that was removed.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player, or if a
/// domain itself fills the slot; `invalid_argument`, `limit_exceeded`; `not_found` if the slot is
/// empty, or neither it nor what is in it is the player's; `conflict` if another asset is in it than
/// the one named.
#[procedure]
pub fn unbind_asset_object_from_entity_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: AssetEntityUnbindRequest,
) -> Result<AssetEntityBinding, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        unbind_object(tx, &caller, &request)
    })
}

/// The bindings of the sender's own assets.
#[view(accessor = my_asset_bindings, public, primary_key = binding_id)]
pub fn my_asset_bindings(ctx: &ViewContext) -> Vec<AssetEntityBinding> {
    ctx.db.asset_entity_binding().owner().filter(ctx.sender()).collect()
}

fn bind_object(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AssetEntityBindingRequest,
) -> Result<AssetEntityBindingOutcome, DomainError> {
    let slot = request.as_slot();
    slot.check()?;
    check_may_fill(ctx, caller, &slot)?;
    fill_slot(ctx, caller, slot, request.asset_id)
}

/// Binds for a domain that has checked, or keeps, the slot itself.
///
/// Errors: as of [`bind_asset_object_to_entity_and_return`], as far as the asset goes.
pub(crate) fn fill_slot(
    ctx: &ReducerContext,
    caller: &Caller,
    slot: EntitySlot<'_>,
    asset_id: Uuid,
) -> Result<AssetEntityBindingOutcome, DomainError> {
    let object = load_object(ctx, caller, asset_id, Intent::Change)?;
    module_assets::check_bindable(object.status.into())?;
    let (binding, replaced_asset_id) = match find_binding(ctx, &slot) {
        Some(present) if present.asset_id == object.asset_id => (present, None),
        Some(present) => {
            let replaced = present.asset_id;
            (replace_binding(ctx, caller, present, &object)?, Some(replaced))
        }
        None => (insert_binding(ctx, caller, slot, &object)?, None),
    };
    Ok(AssetEntityBindingOutcome { binding, replaced_asset_id })
}

fn unbind_object(
    ctx: &ReducerContext,
    caller: &Caller,
    request: &AssetEntityUnbindRequest,
) -> Result<AssetEntityBinding, DomainError> {
    let slot = request.as_slot();
    slot.check()?;
    let is_own_slot = match slot_keeper(ctx, &slot) {
        SlotKeeper::Anybody => false,
        SlotKeeper::Author { author, .. } => author == caller.player,
        SlotKeeper::Module(advice) => return Err(DomainError::forbidden(advice)),
    };
    let present = find_binding(ctx, &slot).filter(|present| is_own_slot || may_change(caller, present));
    remove_binding(ctx, present, request.asset_id)
}

/// Empties a slot of the binding that was found in it, for whoever may.
///
/// Errors: `not_found` if there is none; `conflict` if it is of another asset than the one named.
pub(crate) fn remove_binding(
    ctx: &ReducerContext,
    present: Option<AssetEntityBinding>,
    named: Option<Uuid>,
) -> Result<AssetEntityBinding, DomainError> {
    let binding = present.ok_or_else(|| DomainError::not_found("None of your assets fills this slot."))?;
    module_assets::check_occupant(binding.asset_id, named)?;
    ctx.db.asset_entity_binding().binding_id().delete(binding.binding_id);
    Ok(binding)
}

/// Empties a slot for the domain that keeps it.
pub(crate) fn empty_slot(ctx: &ReducerContext, slot: &EntitySlot<'_>) {
    ctx.db.asset_entity_binding().by_slot().delete((slot.entity_kind, slot.entity_id, slot.slot));
}

/// Who fills and empties a slot by hand, as the domain of its entity says.
fn slot_keeper(ctx: &ReducerContext, slot: &EntitySlot<'_>) -> SlotKeeper {
    let Some(entity_id) = canonical_uuid(slot.entity_id) else {
        return SlotKeeper::Anybody;
    };
    match slot.entity_kind {
        module_custom_world::WORLD_ENTITY_KIND => world_slot_keeper(ctx, entity_id, slot.slot),
        module_puzzle::ENTITY_KIND => puzzle_slot_keeper(ctx, entity_id, slot.slot),
        module_big_fish::ENTITY_KIND => big_fish_slot_keeper(ctx, entity_id),
        module_big_fish::VERSION_ENTITY_KIND => big_fish_version_slot_keeper(ctx, entity_id),
        _ => SlotKeeper::Anybody,
    }
}

/// The id that a text spells as the module spells ids; other spellings name other entities.
fn canonical_uuid(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok().filter(|id| id.to_string() == text)
}

fn check_may_fill(ctx: &ReducerContext, caller: &Caller, slot: &EntitySlot<'_>) -> Result<(), DomainError> {
    match slot_keeper(ctx, slot) {
        SlotKeeper::Anybody => match find_binding(ctx, slot) {
            Some(present) if !may_change(caller, &present) => {
                Err(DomainError::forbidden("Another player's asset fills this slot."))
            }
            _ => Ok(()),
        },
        // Whoever's asset is in it: an Admin may have put it there.
        SlotKeeper::Author { author, .. }
            if module_assets::standing(&author, &caller.player, caller.roles).may_change() =>
        {
            Ok(())
        }
        SlotKeeper::Author { refusal, .. } => Err(refusal.into()),
        SlotKeeper::Module(advice) => Err(DomainError::forbidden(advice)),
    }
}

pub(crate) fn find_binding(ctx: &ReducerContext, slot: &EntitySlot<'_>) -> Option<AssetEntityBinding> {
    let place = (slot.entity_kind, slot.entity_id, slot.slot);
    ctx.db.asset_entity_binding().by_slot().filter(place).next()
}

fn may_change(caller: &Caller, binding: &AssetEntityBinding) -> bool {
    module_assets::standing(&binding.owner, &caller.player, caller.roles).may_change()
}

fn replace_binding(
    ctx: &ReducerContext,
    caller: &Caller,
    present: AssetEntityBinding,
    object: &AssetObject,
) -> Result<AssetEntityBinding, DomainError> {
    check_binding_count(ctx, object.asset_id)?;
    Ok(ctx.db.asset_entity_binding().binding_id().update(AssetEntityBinding {
        asset_id: object.asset_id,
        bound_by: caller.player,
        owner: object.owner,
        bound_at: ctx.timestamp,
        ..present
    }))
}

fn insert_binding(
    ctx: &ReducerContext,
    caller: &Caller,
    slot: EntitySlot<'_>,
    object: &AssetObject,
) -> Result<AssetEntityBinding, DomainError> {
    check_binding_count(ctx, object.asset_id)?;
    let bindings = ctx.db.asset_entity_binding();
    let binding = AssetEntityBinding {
        binding_id: fresh_id(ctx, |id| bindings.binding_id().find(id).is_some())?,
        entity_kind: slot.entity_kind.to_owned(),
        entity_id: slot.entity_id.to_owned(),
        slot: slot.slot.to_owned(),
        asset_id: object.asset_id,
        bound_by: caller.player,
        owner: object.owner,
        bound_at: ctx.timestamp,
    };
    bindings.try_insert(binding).map_err(|_| DomainError::no_fresh_id())
}

fn check_binding_count(ctx: &ReducerContext, asset_id: Uuid) -> Result<(), DomainError> {
    let bound = ctx.db.asset_entity_binding().asset_id().filter(asset_id).count();
    Ok(module_assets::check_binding_count(bound as u64)?)
}

impl AssetEntityBinding {
    pub(crate) fn as_slot(&self) -> EntitySlot<'_> {
        EntitySlot { entity_kind: &self.entity_kind, entity_id: &self.entity_id, slot: &self.slot }
    }
}

impl AssetEntityBindingRequest {
    fn as_slot(&self) -> EntitySlot<'_> {
        EntitySlot { entity_kind: &self.entity_kind, entity_id: &self.entity_id, slot: &self.slot }
    }
}

impl AssetEntityUnbindRequest {
    fn as_slot(&self) -> EntitySlot<'_> {
        EntitySlot { entity_kind: &self.entity_kind, entity_id: &self.entity_id, slot: &self.slot }
    }
}
