//! What a world consists of: the entries that its author drafts, and that its players meet.
//!
//! Entries refer to each other by key. A key is unique within its world and kind.

use crate::*;

/// The kind of an entry; each kind has keys of its own.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorldEntryKind {
    /// Title, premise and tags; exactly one, under the key `setting`.
    Setting,
    /// A chapter of the story.
    Chapter,
    /// Somebody to talk to.
    Character,
    /// Somebody to fight.
    Enemy,
    /// Something to carry.
    Item,
    /// Something to do.
    Quest,
    /// Something to open.
    Treasure,
}

/// One entry of a world.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum WorldEntry {
    /// See [`WorldEntryKind::Setting`].
    Setting(WorldSetting),
    /// See [`WorldEntryKind::Chapter`].
    Chapter(WorldChapter),
    /// See [`WorldEntryKind::Character`].
    Character(WorldCharacter),
    /// See [`WorldEntryKind::Enemy`].
    Enemy(WorldEnemy),
    /// See [`WorldEntryKind::Item`].
    Item(WorldItem),
    /// See [`WorldEntryKind::Quest`].
    Quest(WorldQuest),
    /// See [`WorldEntryKind::Treasure`].
    Treasure(WorldTreasure),
}

/// Title, premise and tags of a world.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WorldSetting {
    /// Shown in the gallery.
    pub title: String,
    /// One line below the title.
    pub tagline: String,
    /// What the world is like.
    pub description: String,
    /// For the gallery's search.
    pub tags: Vec<String>,
}

/// A chapter of the story.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WorldChapter {
    /// Position among the chapters, from 1 without gaps; a story begins in the first.
    pub order: u32,
    /// Its heading.
    pub title: String,
    /// What it is about.
    pub summary: String,
    /// What the player reads on entering it.
    pub opening: String,
    /// The player's level that it asks for; 1 admits everybody.
    pub required_level: u32,
}

/// Somebody to talk to.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WorldCharacter {
    /// The name.
    pub name: String,
    /// Who this is.
    pub description: String,
    /// The first words to a player.
    pub greeting: String,
    /// Affinity to a player at their first meeting, -100 to 100.
    pub initial_affinity: i32,
    /// How this one stands to other characters.
    pub relations: Vec<CharacterRelation>,
}

/// How one character stands to another.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CharacterRelation {
    /// Key of the other character.
    pub character_key: String,
    /// -100 to 100.
    pub affinity: i32,
}

/// What a fighter is made of; the same for enemies and players.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct CombatStats {
    /// Health at the start.
    pub health: u32,
    /// Energy at the start, which skills cost.
    pub energy: u32,
    /// Adds to damage dealt.
    pub attack: u32,
    /// Takes from damage received.
    pub defense: u32,
    /// Who acts first, and who gets away.
    pub speed: u32,
}

/// What a skill or an item does beyond its damage.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusEffectKind {
    /// Takes health each turn.
    Poison,
    /// Skips turns.
    Stun,
    /// Adds to attack.
    Rage,
    /// Adds to defense.
    Shield,
    /// Gives health each turn.
    Regeneration,
}

/// A status effect and for how long.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusEffectSpec {
    /// What it does.
    pub kind: StatusEffectKind,
    /// How much of it, in the points that its kind changes; without meaning for a stun.
    pub strength: u32,
    /// For how many turns of the one who has it.
    pub turns: u32,
}

/// A skill of an enemy, or one that an item teaches its wearer.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct CombatSkill {
    /// Unique among the skills of one fighter.
    pub key: String,
    /// The name.
    pub name: String,
    /// Damage before attack and defense.
    pub power: u32,
    /// Energy that it costs.
    pub cost: u32,
    /// Turns until it can be used again.
    pub cooldown_turns: u32,
    /// What it leaves on its target: the user itself for a rage, shield or regeneration.
    pub effect: Option<StatusEffectSpec>,
}

/// Somebody to fight.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WorldEnemy {
    /// The name.
    pub name: String,
    /// What this is.
    pub description: String,
    /// What it is made of.
    pub stats: CombatStats,
    /// What it can do.
    pub skills: Vec<CombatSkill>,
    /// Experience for defeating it.
    pub experience: u64,
    /// What it may leave behind: key of a treasure that the victor may open.
    pub treasure_key: Option<String>,
}

/// Where an item is worn.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum EquipSlot {
    /// In the hand.
    Weapon,
    /// On the body.
    Armor,
    /// Anywhere else.
    Accessory,
}

/// What using an item does; it is used up.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemUse {
    /// Gives this much health.
    Heal(u32),
    /// Gives this much energy.
    Refresh(u32),
    /// Deals this much damage to the enemy, whatever its defense.
    Harm(u32),
    /// Puts a status effect on the user.
    Status(StatusEffectSpec),
}

/// Which number of its wearer an item raises.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemAttribute {
    /// [`CombatStats::health`].
    Health,
    /// [`CombatStats::energy`].
    Energy,
    /// [`CombatStats::attack`].
    Attack,
    /// [`CombatStats::defense`].
    Defense,
    /// [`CombatStats::speed`].
    Speed,
}

/// The bounds within which an attribute is rolled for each instance of an item.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemAttributeRange {
    /// What is raised.
    pub attribute: ItemAttribute,
    /// By at least this.
    pub min: u32,
    /// By at most this.
    pub max: u32,
}

/// Something to carry.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WorldItem {
    /// The name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// How many lie in one slot; 1 for everything that is worn.
    pub stack_max: u32,
    /// Where it is worn, if it can be.
    pub equip_slot: Option<EquipSlot>,
    /// What is rolled for each instance; only for what is worn.
    pub attributes: Vec<ItemAttributeRange>,
    /// A skill for whoever wears it.
    pub skill: Option<CombatSkill>,
    /// What using it does, if it can be used.
    pub usage: Option<ItemUse>,
    /// Whether players may trade it.
    pub tradable: bool,
}

/// What a quest objective counts.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuestObjectiveKind {
    /// Victories over an enemy.
    Defeat,
    /// Talks with a character.
    Talk,
    /// Items received.
    Collect,
    /// Treasures opened.
    Open,
    /// Chapters entered.
    Reach,
}

/// One thing that a quest asks for.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct QuestObjective {
    /// Unique within its quest.
    pub key: String,
    /// What is counted.
    pub kind: QuestObjectiveKind,
    /// Key of the enemy, character, item, treasure or chapter.
    pub target_key: String,
    /// How often.
    pub count: u32,
    /// For the player.
    pub description: String,
}

/// A number of items of one kind.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct ItemAmount {
    /// Key of the item.
    pub item_key: String,
    /// How many.
    pub quantity: u32,
}

/// Something to do.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WorldQuest {
    /// The heading.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Key of the character who gives it and takes it back, if any.
    pub giver_key: Option<String>,
    /// Key of the chapter in which it can be accepted; in any, if none.
    pub chapter_key: Option<String>,
    /// Keys of the quests that must have been turned in before.
    pub requires: Vec<String>,
    /// What it asks for.
    pub objectives: Vec<QuestObjective>,
    /// Experience for turning it in.
    pub experience: u64,
    /// Items for turning it in.
    pub rewards: Vec<ItemAmount>,
}

/// One thing that may be in a treasure.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct LootEntry {
    /// Key of the item.
    pub item_key: String,
    /// How likely against the other entries.
    pub weight: u32,
    /// At least this many.
    pub quantity_min: u32,
    /// At most this many.
    pub quantity_max: u32,
}

/// Something to open.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct WorldTreasure {
    /// The name.
    pub name: String,
    /// What it looks like.
    pub description: String,
    /// Key of the chapter in which it can be opened; in any, if none.
    pub chapter_key: Option<String>,
    /// How often an entry is drawn.
    pub draws: u32,
    /// What may be in it.
    pub loot: Vec<LootEntry>,
}

impl WorldEntry {
    /// The kind of this entry.
    pub const fn kind(&self) -> WorldEntryKind {
        match self {
            WorldEntry::Setting(_) => WorldEntryKind::Setting,
            WorldEntry::Chapter(_) => WorldEntryKind::Chapter,
            WorldEntry::Character(_) => WorldEntryKind::Character,
            WorldEntry::Enemy(_) => WorldEntryKind::Enemy,
            WorldEntry::Item(_) => WorldEntryKind::Item,
            WorldEntry::Quest(_) => WorldEntryKind::Quest,
            WorldEntry::Treasure(_) => WorldEntryKind::Treasure,
        }
    }
}
