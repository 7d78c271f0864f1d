//! Skills and status effects, and the bounds of what an author may write.

use crate::ENERGY_MAX;

/// Most points of power.
pub const SKILL_POWER_MAX: u32 = 100_000;
/// Most points of energy that a skill costs: as much as anybody can have.
pub const SKILL_COST_MAX: u32 = ENERGY_MAX;
/// Most turns that a skill rests.
pub const SKILL_COOLDOWN_TURNS_MAX: u32 = 50;
/// Most skills of one fighter.
pub const SKILLS_PER_FIGHTER_MAX: usize = 16;
/// Most points of a status effect.
pub const EFFECT_STRENGTH_MAX: u32 = 100_000;
/// Most turns of a status effect.
pub const EFFECT_TURNS_MAX: u32 = 20;

/// What a status effect does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EffectKind {
    /// Takes health at the start of each turn.
    Poison,
    /// Skips turns. It does not take hold of somebody who is stunned already.
    Stun,
    /// Adds to attack.
    Rage,
    /// Adds to defense.
    Shield,
    /// Gives health at the start of each turn.
    Regeneration,
}

impl EffectKind {
    /// Every kind.
    pub const ALL: [EffectKind; 5] =
        [EffectKind::Poison, EffectKind::Stun, EffectKind::Rage, EffectKind::Shield, EffectKind::Regeneration];

    /// Whether a skill leaves it on its user rather than on the opponent.
    pub const fn helps(self) -> bool {
        match self {
            EffectKind::Poison | EffectKind::Stun => false,
            EffectKind::Rage | EffectKind::Shield | EffectKind::Regeneration => true,
        }
    }
}

/// A status effect, how strong and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What it does.
    pub kind: EffectKind,
    /// Points of what its kind changes.
    pub strength: u32,
    /// Turns of the one who has it, after the turn in which it gained it.
    pub turns: u32,
}

/// What a fighter can do besides attacking and defending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    /// Unique among the skills of one fighter.
    pub key: String,
    /// Damage before attack and defense; none at all for 0.
    pub power: u32,
    /// Energy that it costs.
    pub cost: u32,
    /// Turns of its user that pass between two uses.
    pub cooldown_turns: u32,
    /// What it leaves on the opponent or, if it helps, on its user.
    pub effect: Option<Effect>,
}

impl Effect {
    /// The nearest effect within the upper bounds. One without turns stays so, and does nothing.
    pub fn bounded(self) -> Effect {
        Effect {
            kind: self.kind,
            strength: self.strength.min(EFFECT_STRENGTH_MAX),
            turns: self.turns.min(EFFECT_TURNS_MAX),
        }
    }
}

impl Skill {
    /// The nearest skill within the upper bounds, its key untouched.
    pub fn bounded(self) -> Skill {
        Skill {
            key: self.key,
            power: self.power.min(SKILL_POWER_MAX),
            cost: self.cost.min(SKILL_COST_MAX),
            cooldown_turns: self.cooldown_turns.min(SKILL_COOLDOWN_TURNS_MAX),
            effect: self.effect.map(Effect::bounded),
        }
    }
}
