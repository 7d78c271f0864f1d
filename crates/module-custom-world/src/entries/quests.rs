//! Quests: what they ask for and what they give.

use module_rules::{RuleError, TextRule};

use super::fights::EXPERIENCE;
use super::items::{ITEM_KEY, QUANTITY};
use super::people::{DESCRIPTION, TITLE};
use super::rule::{ListRule, NumberRule, list, number, text_key, text_prose};
use super::{DESCRIPTION_LENGTH_MAX, ENTRY_KEY_LENGTH_MAX};

/// Most objectives of a quest.
pub const OBJECTIVES_MAX: u64 = 10;
/// How often an objective may ask for the same thing.
pub const OBJECTIVE_COUNT_MAX: u64 = 1_000;
/// Most different items that a quest gives.
pub const REWARDS_MAX: u64 = 10;
/// Most quests that must have been turned in before.
pub const REQUIRES_MAX: u64 = 20;

const GIVER_KEY: TextRule = text_key!("giver_key", ENTRY_KEY_LENGTH_MAX);
const CHAPTER_KEY: TextRule = text_key!("chapter_key", ENTRY_KEY_LENGTH_MAX);
const REQUIRED_KEY: TextRule = text_key!("requires", ENTRY_KEY_LENGTH_MAX);
const REQUIRES: ListRule = list!("requires", REQUIRES_MAX);
const OBJECTIVES: ListRule = list!("objectives", OBJECTIVES_MAX);
const OBJECTIVE_KEY: TextRule = text_key!("objectives.key", ENTRY_KEY_LENGTH_MAX);
const TARGET_KEY: TextRule = text_key!("target_key", ENTRY_KEY_LENGTH_MAX);
const COUNT: NumberRule = number!("count", 1..=OBJECTIVE_COUNT_MAX);
const OBJECTIVE_DESCRIPTION: TextRule = text_prose!("objectives.description", DESCRIPTION_LENGTH_MAX);
const REWARDS: ListRule = list!("rewards", REWARDS_MAX);

/// One thing that a quest asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objective<'a> {
    /// Unique within its quest.
    pub key: &'a str,
    /// Key of whoever or whatever is counted.
    pub target_key: &'a str,
    /// How often, at least once.
    pub count: u32,
    /// For the player.
    pub description: &'a str,
}

/// A number of items of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reward<'a> {
    /// Key of the item.
    pub item_key: &'a str,
    /// How many, at least 1.
    pub quantity: u32,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quest<'a> {
    /// The heading.
    pub title: &'a str,
    /// What it is about.
    pub description: &'a str,
    /// Key of the character who gives it.
    pub giver_key: Option<&'a str>,
    /// Key of the chapter in which it can be accepted.
    pub chapter_key: Option<&'a str>,
    /// Keys of the quests that come before, each at most once.
    pub requires: &'a [String],
    /// What it asks for, at least one thing.
    pub objectives: Vec<Objective<'a>>,
    /// For turning it in.
    pub experience: u64,
    /// For turning it in, each item at most once.
    pub rewards: Vec<Reward<'a>>,
}

impl Quest<'_> {
    pub(super) fn check(&self, own_key: &str) -> Result<(), RuleError> {
        TITLE.check(self.title)?;
        DESCRIPTION.check(self.description)?;
        self.giver_key.map_or(Ok(()), |key| GIVER_KEY.check(key))?;
        self.chapter_key.map_or(Ok(()), |key| CHAPTER_KEY.check(key))?;
        self.check_requires(own_key)?;
        OBJECTIVES.check_filled(&self.objectives)?;
        self.objectives.iter().try_for_each(Objective::check)?;
        let keys: Vec<_> = self.objectives.iter().map(|objective| objective.key).collect();
        OBJECTIVES.check_distinct(&keys)?;
        EXPERIENCE.check(self.experience)?;
        REWARDS.check(&self.rewards)?;
        self.rewards.iter().try_for_each(Reward::check)?;
        let items: Vec<_> = self.rewards.iter().map(|reward| reward.item_key).collect();
        REWARDS.check_distinct(&items)
    }

    fn check_requires(&self, own_key: &str) -> Result<(), RuleError> {
        REQUIRES.check(self.requires)?;
        for key in self.requires {
            REQUIRED_KEY.check(key)?;
            if key == own_key {
                return Err(RuleError::Malformed { field: "requires", rule: "name other quests only" });
            }
        }
        REQUIRES.check_distinct(self.requires)
    }
}

impl Objective<'_> {
    fn check(&self) -> Result<(), RuleError> {
        OBJECTIVE_KEY.check(self.key)?;
        TARGET_KEY.check(self.target_key)?;
        COUNT.check(self.count)?;
        OBJECTIVE_DESCRIPTION.check(self.description)
    }
}

impl Reward<'_> {
    fn check(&self) -> Result<(), RuleError> {
        ITEM_KEY.check(self.item_key)?;
        QUANTITY.check(self.quantity)
    }
}
