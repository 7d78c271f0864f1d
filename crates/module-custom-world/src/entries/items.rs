//! Items and treasures.

use module_combat::{ATTACK_MAX, HEALTH_MAX};
use module_rules::{RuleError, TextRule};

use super::people::{DESCRIPTION, NAME};
use super::rule::{ListRule, NumberRule, list, number, text_key};
use super::{ENTRY_KEY_LENGTH_MAX, Effect, Skill};

/// Most items in one slot.
pub const STACK_MAX: u64 = 9_999;
/// Most attributes of an item: one of each.
pub const ATTRIBUTES_MAX: u64 = 5;
/// Most points by which an item raises one attribute.
pub const ATTRIBUTE_AMOUNT_MAX: u64 = ATTACK_MAX as u64;
/// Most items of one kind that one reward or one draw gives.
pub const QUANTITY_MAX: u64 = 999;
/// Most draws from a treasure.
pub const DRAWS_MAX: u64 = 20;
/// Most different things in a treasure.
pub const LOOT_MAX: u64 = 50;
/// Highest weight of a thing in a treasure.
pub const LOOT_WEIGHT_MAX: u64 = 10_000;

const STACK: NumberRule = number!("stack_max", 1..=STACK_MAX);
const ATTRIBUTES: ListRule = list!("attributes", ATTRIBUTES_MAX);
const ATTRIBUTE_AMOUNT: NumberRule = number!("max", 1..=ATTRIBUTE_AMOUNT_MAX);
const USE_AMOUNT: NumberRule = number!("usage", 1..=HEALTH_MAX as u64);
const DRAWS: NumberRule = number!("draws", 1..=DRAWS_MAX);
const LOOT: ListRule = list!("loot", LOOT_MAX);
const WEIGHT: NumberRule = number!("weight", 1..=LOOT_WEIGHT_MAX);
const QUANTITY_LEAST: NumberRule = number!("quantity_min", 1..=QUANTITY_MAX);
const QUANTITY_MOST: NumberRule = number!("quantity_max", 1..=QUANTITY_MAX);
const CHAPTER_KEY: TextRule = text_key!("chapter_key", ENTRY_KEY_LENGTH_MAX);
pub(super) const QUANTITY: NumberRule = number!("quantity", 1..=QUANTITY_MAX);
pub(super) const ITEM_KEY: TextRule = text_key!("item_key", ENTRY_KEY_LENGTH_MAX);

/// Whether an item can be worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wear {
    /// In some slot.
    Worn,
    /// In none.
    Carried,
}

/// What is raised for the wearer, and within which bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributeRange {
    /// Number of the attribute, to tell it from the others.
    pub attribute: u8,
    /// By at least this.
    pub min: u32,
    /// By at most this.
    pub max: u32,
}

/// What using an item does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Changes a number by this much.
    Amount(u32),
    /// Puts a status effect on somebody.
    Status(Effect),
}

/// Something to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The name.
    pub name: &'a str,
    /// What it is.
    pub description: &'a str,
    /// How many lie in one slot; 1 for everything that is worn.
    pub stack_max: u32,
    /// Whether it can be worn.
    pub wear: Wear,
    /// Only for what is worn, each attribute at most once.
    pub attributes: Vec<AttributeRange>,
    /// Only for what is worn.
    pub skill: Option<Skill<'a>>,
    /// Only for what is not worn, since using an item takes it away.
    pub usage: Option<Usage>,
}

/// One thing that may be in a treasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loot<'a> {
    /// Key of the item.
    pub item_key: &'a str,
    /// How likely against the others.
    pub weight: u32,
    /// At least this many.
    pub quantity_min: u32,
    /// At most this many.
    pub quantity_max: u32,
}

/// Something to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Treasure<'a> {
    /// The name.
    pub name: &'a str,
    /// What it looks like.
    pub description: &'a str,
    /// Key of the chapter in which it can be opened.
    pub chapter_key: Option<&'a str>,
    /// How often something is drawn.
    pub draws: u32,
    /// What may be in it.
    pub loot: Vec<Loot<'a>>,
}

impl Item<'_> {
    pub(super) fn check(&self) -> Result<(), RuleError> {
        NAME.check(self.name)?;
        DESCRIPTION.check(self.description)?;
        STACK.check(self.stack_max)?;
        self.check_wear()?;
        ATTRIBUTES.check(&self.attributes)?;
        self.attributes.iter().try_for_each(AttributeRange::check)?;
        let raised: Vec<_> = self.attributes.iter().map(|range| range.attribute).collect();
        ATTRIBUTES.check_distinct(&raised)?;
        self.skill.map_or(Ok(()), |skill| skill.check())?;
        match self.usage {
            Some(Usage::Amount(amount)) => USE_AMOUNT.check(amount),
            Some(Usage::Status(effect)) => effect.check(),
            None => Ok(()),
        }
    }

    fn check_wear(&self) -> Result<(), RuleError> {
        let broken = match self.wear {
            Wear::Worn if self.stack_max != 1 => Some(("stack_max", "use 1 for an item that is worn")),
            Wear::Worn if self.usage.is_some() => Some(("usage", "leave it out for an item that is worn")),
            Wear::Carried if !self.attributes.is_empty() => {
                Some(("attributes", "leave them out for an item that is not worn"))
            }
            Wear::Carried if self.skill.is_some() => Some(("skill", "leave it out for an item that is not worn")),
            Wear::Worn | Wear::Carried => None,
        };
        broken.map_or(Ok(()), |(field, rule)| Err(RuleError::Malformed { field, rule }))
    }
}

impl AttributeRange {
    fn check(&self) -> Result<(), RuleError> {
        ATTRIBUTE_AMOUNT.check(self.max)?;
        check_order("min", self.min, self.max)
    }
}

impl Treasure<'_> {
    pub(super) fn check(&self) -> Result<(), RuleError> {
        NAME.check(self.name)?;
        DESCRIPTION.check(self.description)?;
        self.chapter_key.map_or(Ok(()), |key| CHAPTER_KEY.check(key))?;
        DRAWS.check(self.draws)?;
        LOOT.check_filled(&self.loot)?;
        self.loot.iter().try_for_each(Loot::check)
    }
}

impl Loot<'_> {
    fn check(&self) -> Result<(), RuleError> {
        ITEM_KEY.check(self.item_key)?;
        WEIGHT.check(self.weight)?;
        QUANTITY_LEAST.check(self.quantity_min)?;
        QUANTITY_MOST.check(self.quantity_max)?;
        check_order("quantity_min", self.quantity_min, self.quantity_max)
    }
}

fn check_order(field: &'static str, least: u32, most: u32) -> Result<(), RuleError> {
    if least <= most {
        return Ok(());
    }
    Err(RuleError::Malformed { field, rule: "use at most the upper bound" })
}
