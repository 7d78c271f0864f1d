//! Items with rolled attributes, and the treasures that they come from.

use module_runtime_item::{AttributeRange, Guardian, Loot};

use crate::*;

/// What was rolled for one attribute of an instance.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolledItemAttribute {
    /// What is raised.
    pub attribute: ItemAttribute,
    /// By how much.
    pub value: u32,
}

/// One instance of something to wear. It lies in a bag or is worn, from its making to its end.
#[table(accessor = runtime_item)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeItem {
    /// UUIDv7.
    #[primary_key]
    pub runtime_item_id: Uuid,
    /// Whose it is; a trade changes that and nothing else.
    #[index(btree)]
    pub owner: Identity,
    /// The world in which it counts.
    pub world_id: Uuid,
    /// The version of the world whose rules it was rolled by.
    pub version_id: Uuid,
    /// Key of the item in its world.
    pub item_key: String,
    /// The name.
    pub name: String,
    /// What the attributes were rolled from.
    pub seed: u64,
    /// What it raises.
    pub attributes: Vec<RolledItemAttribute>,
    /// The skill that it teaches its wearer.
    pub skill: Option<CombatSkill>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A treasure that was opened in a story.
#[table(
    accessor = treasure_record,
    index(accessor = by_treasure, btree(columns = [session_id, treasure_key]))
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasureRecord {
    /// UUIDv7.
    #[primary_key]
    pub record_id: Uuid,
    /// The player who opened it.
    #[index(btree)]
    pub owner: Identity,
    /// The story.
    pub session_id: Uuid,
    /// Key of the treasure in the story's world; once in a story.
    pub treasure_key: String,
    /// Its name.
    pub name: String,
    /// What the loot was drawn from.
    pub seed: u64,
    /// What was in it.
    pub loot: Vec<ItemAmount>,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// A treasure to open.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct TreasureOpening {
    /// The player's story.
    pub session_id: Uuid,
    /// Key of the treasure in the story's world.
    pub treasure_key: String,
}

/// Opens a treasure for the sender.
///
/// Errors: as [`open_treasure_and_return`].
#[reducer]
pub fn open_treasure(ctx: &ReducerContext, request: TreasureOpening) -> Result<(), DomainError> {
    let caller = guard(ctx, Admits::Players, None)?;
    open_once(ctx, &caller, &request).map(drop)
}

/// Opens a treasure, puts what is in it into the bag, and returns what that was. Opening it again
/// in the same story returns the same, and gives nothing.
///
/// Errors: `unauthenticated`; `forbidden` if anyone but the Service names another player;
/// `not_found` for another player's story or an unknown treasure; `illegal_transition` if the
/// story is over; `conflict` in another chapter than the treasure's, or while the enemy that
/// guards it has not been defeated in this story; `invalid_argument`, `limit_exceeded` for the
/// treasure's key, or if the bag has less room than the treasure can need.
#[procedure]
pub fn open_treasure_and_return(
    ctx: &mut ProcedureContext,
    acting_player: Option<Identity>,
    request: TreasureOpening,
) -> Result<TreasureRecord, DomainError> {
    ctx.try_with_tx(|tx| {
        let caller = guard(tx, Admits::Players, acting_player)?;
        open_once(tx, &caller, &request)
    })
}

/// The instances that the sender has, in all worlds.
#[view(accessor = my_runtime_items, public, primary_key = runtime_item_id)]
pub fn my_runtime_items(ctx: &ViewContext) -> Vec<RuntimeItem> {
    ctx.db.runtime_item().owner().filter(ctx.sender()).collect()
}

/// The treasures that the sender has opened, in all stories.
#[view(accessor = my_treasures, public, primary_key = record_id)]
pub fn my_treasures(ctx: &ViewContext) -> Vec<TreasureRecord> {
    ctx.db.treasure_record().owner().filter(ctx.sender()).collect()
}

fn open_once(ctx: &ReducerContext, caller: &Caller, request: &TreasureOpening) -> Result<TreasureRecord, DomainError> {
    let key = request.treasure_key.as_str();
    module_runtime_item::check_treasure_key(key)?;
    let story = active_story(ctx, caller, request.session_id)?;
    if let Some(opened) = ctx.db.treasure_record().by_treasure().filter((story.session_id, key)).next() {
        return Ok(opened);
    }
    let WorldEntry::Treasure(treasure) = world_entry(ctx, story.version_id, WorldEntryKind::Treasure, key)? else {
        return Err(RuleError::Hidden { what: "treasure" }.into());
    };
    let guardian = guardian_of(ctx, &story, key);
    module_runtime_item::check_openable(treasure.chapter_key.as_deref(), &story.chapter_key, guardian)?;
    let entries = loot_of(ctx, &story, &treasure)?;
    let held = load_or_make_bag(ctx, story.owner, story.world_id)?;
    held.bag.check_free(module_runtime_item::slots_needed(&entries, treasure.draws, held.row.capacity)?)?;
    let seed: u64 = ctx.random();
    let quantities = module_runtime_item::draw_loot(seed, &entries, treasure.draws)?;
    let drawn = treasure.loot.into_iter().zip(quantities).filter(|(_, quantity)| *quantity > 0);
    let loot = drawn.map(|(entry, quantity)| ItemAmount { item_key: entry.item_key, quantity }).collect();
    let record = insert_record(ctx, &story, request, treasure.name, seed, loot)?;
    for amount in &record.loot {
        grant_items(ctx, &story, &amount.item_key, amount.quantity)?;
    }
    advance_quests(ctx, &story, QuestObjectiveKind::Open, key, 1)?;
    append_story_event(ctx, &story, StoryEventKind::TreasureOpened, key, "")?;
    Ok(record)
}

/// The enemies of a world are few: its publication bounds them.
fn guardian_of(ctx: &ReducerContext, story: &StorySession, treasure_key: &str) -> Guardian {
    let mut guardian = Guardian::Nobody;
    for row in world_entries(ctx, story.version_id, WorldEntryKind::Enemy) {
        let WorldEntry::Enemy(enemy) = row.entry else {
            continue;
        };
        if enemy.treasure_key.as_deref() != Some(treasure_key) {
            continue;
        }
        // Several enemies may hold the same treasure; any of them gives it up.
        if has_defeated(ctx, story, &row.key) {
            return Guardian::Defeated;
        }
        guardian = Guardian::Standing;
    }
    guardian
}

fn loot_of(ctx: &ReducerContext, story: &StorySession, treasure: &WorldTreasure) -> Result<Vec<Loot>, DomainError> {
    let mut loot = Vec::with_capacity(treasure.loot.len());
    for entry in &treasure.loot {
        let item = world_item(ctx, story.version_id, &entry.item_key)?;
        loot.push(entry.as_rule(stack_max_of(&item)));
    }
    Ok(loot)
}

impl LootEntry {
    /// The rules' form, of an item of which so many lie in one slot.
    pub(crate) fn as_rule(&self, stack_max: u32) -> Loot {
        let LootEntry { weight, quantity_min, quantity_max, .. } = *self;
        Loot { weight, quantity_min, quantity_max, stack_max }
    }
}

fn insert_record(
    ctx: &ReducerContext,
    story: &StorySession,
    request: &TreasureOpening,
    name: String,
    seed: u64,
    loot: Vec<ItemAmount>,
) -> Result<TreasureRecord, DomainError> {
    let records = ctx.db.treasure_record();
    let record = TreasureRecord {
        record_id: fresh_id(ctx, |id| records.record_id().find(id).is_some())?,
        owner: story.owner,
        session_id: story.session_id,
        treasure_key: request.treasure_key.clone(),
        name,
        seed,
        loot,
        opened_at: ctx.timestamp,
    };
    records.try_insert(record).map_err(|_| DomainError::no_fresh_id())
}

/// Makes an instance of an item, with its attributes rolled; the caller puts it into a bag.
pub(crate) fn insert_runtime_item(
    ctx: &ReducerContext,
    story: &StorySession,
    item_key: &str,
    item: &WorldItem,
) -> Result<RuntimeItem, DomainError> {
    let seed: u64 = ctx.random();
    let mut ranges = Vec::with_capacity(item.attributes.len());
    for range in &item.attributes {
        ranges.push(AttributeRange { attribute: range.attribute, min: range.min, max: range.max });
    }
    let rolled = module_runtime_item::roll_attributes(seed, &ranges)?.into_iter();
    let instances = ctx.db.runtime_item();
    let instance = RuntimeItem {
        runtime_item_id: fresh_id(ctx, |id| instances.runtime_item_id().find(id).is_some())?,
        owner: story.owner,
        world_id: story.world_id,
        version_id: story.version_id,
        item_key: item_key.to_owned(),
        name: item.name.clone(),
        seed,
        attributes: rolled
            .map(|rolled| RolledItemAttribute { attribute: rolled.attribute, value: rolled.value })
            .collect(),
        skill: item.skill.clone(),
        created_at: ctx.timestamp,
    };
    instances.try_insert(instance).map_err(|_| DomainError::no_fresh_id())
}

/// Ends the instance of something that has left every bag, if it was one.
pub(crate) fn forget_runtime_item(ctx: &ReducerContext, kind: &HeldKind) {
    if let Some(runtime_item_id) = kind.runtime_item_id {
        ctx.db.runtime_item().runtime_item_id().delete(runtime_item_id);
    }
}

/// An instance, whoever has it.
pub(crate) fn find_runtime_item(ctx: &ReducerContext, runtime_item_id: Uuid) -> Option<RuntimeItem> {
    ctx.db.runtime_item().runtime_item_id().find(runtime_item_id)
}

/// An instance of the caller's.
///
/// Errors: `not_found`, also for another player's.
pub(crate) fn own_runtime_item(
    ctx: &ReducerContext,
    caller: &Caller,
    runtime_item_id: Uuid,
) -> Result<RuntimeItem, DomainError> {
    let own = find_runtime_item(ctx, runtime_item_id).filter(|instance| instance.owner == caller.player);
    Ok(own.ok_or(RuleError::Hidden { what: "item" })?)
}
