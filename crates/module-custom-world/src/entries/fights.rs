//! Enemies, and the numbers and skills of whoever fights.

use module_rules::{RuleError, TextRule};

use super::ENTRY_KEY_LENGTH_MAX;
use super::people::{DESCRIPTION, NAME};
use super::rule::{ListRule, NumberRule, list, number, text_key};

/// Most health of a fighter.
pub const HEALTH_MAX: u64 = 100_000;
/// Most energy of a fighter.
pub const ENERGY_MAX: u64 = 10_000;
/// Most attack, defense or speed of a fighter.
pub const COMBAT_STAT_MAX: u64 = 10_000;
/// Most damage of a skill before attack and defense.
pub const SKILL_POWER_MAX: u64 = 10_000;
/// Most turns until a skill can be used again.
pub const SKILL_COOLDOWN_TURNS_MAX: u64 = 100;
/// Most skills of one enemy.
pub const SKILLS_MAX: u64 = 8;
/// Most points that a status effect changes.
pub const EFFECT_STRENGTH_MAX: u64 = 10_000;
/// Most turns that a status effect lasts.
pub const EFFECT_TURNS_MAX: u64 = 20;
/// Most experience for one victory or one quest.
pub const EXPERIENCE_MAX: u64 = 1_000_000;

const HEALTH: NumberRule = number!("health", 1..=HEALTH_MAX);
const ENERGY: NumberRule = number!("energy", 0..=ENERGY_MAX);
const ATTACK: NumberRule = number!("attack", 0..=COMBAT_STAT_MAX);
const DEFENSE: NumberRule = number!("defense", 0..=COMBAT_STAT_MAX);
const SPEED: NumberRule = number!("speed", 0..=COMBAT_STAT_MAX);
const SKILL_KEY: TextRule = text_key!("skills.key", ENTRY_KEY_LENGTH_MAX);
const POWER: NumberRule = number!("power", 0..=SKILL_POWER_MAX);
const COST: NumberRule = number!("cost", 0..=ENERGY_MAX);
const COOLDOWN_TURNS: NumberRule = number!("cooldown_turns", 0..=SKILL_COOLDOWN_TURNS_MAX);
const STRENGTH: NumberRule = number!("strength", 0..=EFFECT_STRENGTH_MAX);
const TURNS: NumberRule = number!("turns", 1..=EFFECT_TURNS_MAX);
const SKILLS: ListRule = list!("skills", SKILLS_MAX);
const TREASURE_KEY: TextRule = text_key!("treasure_key", ENTRY_KEY_LENGTH_MAX);
pub(super) const EXPERIENCE: NumberRule = number!("experience", 0..=EXPERIENCE_MAX);

/// What a fighter is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// At least 1.
    pub health: u32,
    /// What skills cost.
    pub energy: u32,
    /// Adds to damage dealt.
    pub attack: u32,
    /// Takes from damage received.
    pub defense: u32,
    /// Who acts first.
    pub speed: u32,
}

/// How much of a status effect, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// In the points that it changes.
    pub strength: u32,
    /// For how many turns, at least 1.
    pub turns: u32,
}

/// A skill of an enemy or of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skill<'a> {
    /// Unique among the skills of one fighter.
    pub key: &'a str,
    /// The name.
    pub name: &'a str,
    /// Damage before attack and defense.
    pub power: u32,
    /// Energy that it costs.
    pub cost: u32,
    /// Turns until it can be used again.
    pub cooldown_turns: u32,
    /// What it leaves on its target.
    pub effect: Option<Effect>,
}

/// Somebody to fight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enemy<'a> {
    /// The name.
    pub name: &'a str,
    /// What this is.
    pub description: &'a str,
    /// What it is made of.
    pub stats: Stats,
    /// What it can do.
    pub skills: Vec<Skill<'a>>,
    /// For defeating it.
    pub experience: u64,
    /// Key of the treasure that it may leave behind.
    pub treasure_key: Option<&'a str>,
}

impl Enemy<'_> {
    pub(super) fn check(&self) -> Result<(), RuleError> {
        NAME.check(self.name)?;
        DESCRIPTION.check(self.description)?;
        self.stats.check()?;
        SKILLS.check(&self.skills)?;
        self.skills.iter().try_for_each(Skill::check)?;
        let keys: Vec<_> = self.skills.iter().map(|skill| skill.key).collect();
        SKILLS.check_distinct(&keys)?;
        EXPERIENCE.check(self.experience)?;
        self.treasure_key.map_or(Ok(()), |key| TREASURE_KEY.check(key))
    }
}

impl Stats {
    fn check(&self) -> Result<(), RuleError> {
        HEALTH.check(self.health)?;
        ENERGY.check(self.energy)?;
        ATTACK.check(self.attack)?;
        DEFENSE.check(self.defense)?;
        SPEED.check(self.speed)
    }
}

impl Skill<'_> {
    pub(super) fn check(&self) -> Result<(), RuleError> {
        SKILL_KEY.check(self.key)?;
        NAME.check(self.name)?;
        POWER.check(self.power)?;
        COST.check(self.cost)?;
        COOLDOWN_TURNS.check(self.cooldown_turns)?;
        self.effect.map_or(Ok(()), |effect| effect.check())
    }
}

impl Effect {
    pub(super) fn check(&self) -> Result<(), RuleError> {
        STRENGTH.check(self.strength)?;
        TURNS.check(self.turns)
    }
}
