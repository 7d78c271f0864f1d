//! What a player carries, wears and trades, in each world.
//!
//! A player has one bag in each world, whichever version of it its stories are in, so that an
//! author's things count in that author's world only. [`bags`] holds the tables, [`stacks`]
//! rearranges them, [`equipment`] is what is worn, [`trade`] and [`trading`] are exchanges between
//! two players. Here is what other domains do with a bag.

mod bags;
mod equipment;
mod stacks;
mod trade;
mod trading;

pub use bags::*;
pub use equipment::*;
pub use stacks::*;
pub use trade::*;
pub(crate) use trading::*;

use std::collections::BTreeSet;

use crate::*;

/// Puts items of the story's world into the player's bag, and counts them for quests.
///
/// Something to wear becomes one rolled instance for each; everything else lies in stacks.
/// Errors: `not_found` if the world has no such item; `limit_exceeded` if the bag has no room for
/// all of them.
pub(crate) fn grant_items(
    ctx: &ReducerContext,
    story: &StorySession,
    item_key: &str,
    quantity: u32,
) -> Result<(), DomainError> {
    let item = world_item(ctx, story.version_id, item_key)?;
    if quantity == 0 {
        return Ok(());
    }
    let mut held = load_or_make_bag(ctx, story.owner, story.world_id)?;
    let kind = HeldKind::stacked(item_key, &item);
    held.bag.check_room(&kind, quantity)?;
    if item.equip_slot.is_some() {
        // There is room, so `quantity` is at most the number of slots.
        for _ in 0..quantity {
            let instance = insert_runtime_item(ctx, story, item_key, &item)?;
            let kind = HeldKind { runtime_item_id: Some(instance.runtime_item_id), ..kind.clone() };
            held.bag.add(&kind, 1)?;
        }
    } else {
        held.bag.add(&kind, quantity)?;
    }
    save_bag(ctx, held)?;
    advance_quests(ctx, story, QuestObjectiveKind::Collect, item_key, quantity)
}

/// Something in a bag that can be used, with the bag, so that it is taken from the very stack that was looked at.
pub(crate) struct UsableItem {
    /// What using it does: as it was when the item was received, whatever a later version of its world says.
    pub usage: ItemUse,
    item_id: Uuid,
    held: HeldBag,
}

impl UsableItem {
    /// Takes one out of its stack.
    pub(crate) fn use_up(mut self, ctx: &ReducerContext) -> Result<(), DomainError> {
        let kind = self.held.bag.take(&self.item_id, 1)?;
        forget_runtime_item(ctx, &kind);
        save_bag(ctx, self.held)?;
        Ok(())
    }
}

/// What is used of the player's items of this key: of the stacks that can be, the smallest.
///
/// Errors: `insufficient` if there is none; `invalid_argument` if that would not help, because the story's world
/// has it only as something that cannot be used; `not_found` if the world has no such item either.
pub(crate) fn usable_item(
    ctx: &ReducerContext,
    story: &StorySession,
    item_key: &str,
) -> Result<UsableItem, DomainError> {
    if let Some(held) = load_bag(ctx, story.owner, story.world_id) {
        let stack = held.bag.smallest(|kind| kind.item_key == item_key && kind.traits.usage.is_some());
        if let Some((Some(item_id), Some(usage))) = stack.map(|stack| (stack.id, stack.kind.traits.usage)) {
            return Ok(UsableItem { usage, item_id, held });
        }
    }
    match world_item(ctx, story.version_id, item_key)?.usage {
        Some(_) => Err(none_held(1)),
        None => Err(RuleError::Malformed { field: "item_key", rule: "name an item that can be used" }.into()),
    }
}

/// Takes items out of the player's bag, whatever version they are from, and from the smallest stacks first. What is
/// worn stays.
///
/// Errors: `insufficient` if there are fewer; `not_found` if neither the bag nor the story's world has such an item.
pub(crate) fn consume_items(
    ctx: &ReducerContext,
    story: &StorySession,
    item_key: &str,
    quantity: u32,
) -> Result<(), DomainError> {
    if quantity == 0 {
        return Ok(());
    }
    let is_wanted = |kind: &HeldKind| kind.item_key == item_key;
    let held = load_bag(ctx, story.owner, story.world_id).filter(|held| held.bag.find(is_wanted).is_some());
    let Some(mut held) = held else {
        world_item(ctx, story.version_id, item_key)?;
        return Err(none_held(quantity));
    };
    for (kind, _) in held.bag.consume(is_wanted, quantity)? {
        forget_runtime_item(ctx, &kind);
    }
    save_bag(ctx, held)?;
    Ok(())
}

fn none_held(needed: u32) -> DomainError {
    RuleError::Insufficient { what: "items of this kind", needed: needed.into(), available: 0 }.into()
}

/// What the things that the player wears add to its stats, and the skills that they teach.
///
/// Of two skills with one key, the one of the weapon counts, then that of the armor.
pub(crate) fn worn_bonus(ctx: &ReducerContext, story: &StorySession) -> (CombatStats, Vec<CombatSkill>) {
    let mut stats = CombatStats { health: 0, energy: 0, attack: 0, defense: 0, speed: 0 };
    let (mut skills, mut taught) = (Vec::new(), BTreeSet::new());
    let Some(bag) = find_bag(ctx, story.owner, story.world_id) else {
        return (stats, skills);
    };
    for worn in ascending(worn_by(ctx, bag.bag_id), |worn| body_order(worn.slot)) {
        let Some(instance) = find_runtime_item(ctx, worn.runtime_item_id) else {
            continue;
        };
        for rolled in instance.attributes {
            raise(&mut stats, rolled);
        }
        skills.extend(instance.skill.filter(|skill| taught.insert(skill.key.clone())));
    }
    (stats, skills)
}

fn raise(stats: &mut CombatStats, rolled: RolledItemAttribute) {
    let raised = match rolled.attribute {
        ItemAttribute::Health => &mut stats.health,
        ItemAttribute::Energy => &mut stats.energy,
        ItemAttribute::Attack => &mut stats.attack,
        ItemAttribute::Defense => &mut stats.defense,
        ItemAttribute::Speed => &mut stats.speed,
    };
    *raised = raised.saturating_add(rolled.value);
}

/// The item of this key in a version of a world.
///
/// Errors: `not_found`.
pub(crate) fn world_item(ctx: &ReducerContext, version_id: Uuid, item_key: &str) -> Result<WorldItem, DomainError> {
    match world_entry(ctx, version_id, WorldEntryKind::Item, item_key)? {
        WorldEntry::Item(item) => Ok(item),
        _ => Err(RuleError::Hidden { what: "item" }.into()),
    }
}
