//! Enemies, and the numbers and skills of whoever fights.

use module_combat::{
    ATTACK_MAX, DEFENSE_MAX, EFFECT_STRENGTH_MAX, EFFECT_TURNS_MAX, ENERGY_MAX, HEALTH_MAX, SKILL_COOLDOWN_TURNS_MAX,
    SKILL_COST_MAX, SKILL_KEY_LENGTH_MAX, SKILL_POWER_MAX, SKILLS_PER_FIGHTER_MAX, SPEED_MAX,
};
use module_progression::AWARD_MAX;
use module_rules::{RuleError, TextRule};

use super::ENTRY_KEY_LENGTH_MAX;
use super::people::{DESCRIPTION, NAME};
use super::rule::{ListRule, NumberRule, list, number, text_key};

const HEALTH: NumberRule = number!("health", 1..=HEALTH_MAX as u64);
const ENERGY: NumberRule = number!("energy", 0..=ENERGY_MAX as u64);
const ATTACK: NumberRule = number!("attack", 0..=ATTACK_MAX as u64);
const DEFENSE: NumberRule = number!("defense", 0..=DEFENSE_MAX as u64);
const SPEED: NumberRule = number!("speed", 0..=SPEED_MAX as u64);
const SKILL_KEY: TextRule = text_key!("skills.key", SKILL_KEY_LENGTH_MAX);
const POWER: NumberRule = number!("power", 0..=SKILL_POWER_MAX as u64);
const COST: NumberRule = number!("cost", 0..=SKILL_COST_MAX as u64);
const COOLDOWN_TURNS: NumberRule = number!("cooldown_turns", 0..=SKILL_COOLDOWN_TURNS_MAX as u64);
const STRENGTH: NumberRule = number!("strength", 0..=EFFECT_STRENGTH_MAX as u64);
const TURNS: NumberRule = number!("turns", 1..=EFFECT_TURNS_MAX as u64);
const SKILLS: ListRule = list!("skills", SKILLS_PER_FIGHTER_MAX as u64);
const TREASURE_KEY: TextRule = text_key!("treasure_key", ENTRY_KEY_LENGTH_MAX);
pub(super) const EXPERIENCE: NumberRule = number!("experience", 0..=AWARD_MAX);

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
