//! One side of a battle, as it stands.

use module_rules::RuleError;

use crate::{Effect, EffectKind, SKILLS_PER_FIGHTER_MAX, Skill, Stats};

/// A status effect that somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveEffect {
    /// What it does.
    pub kind: EffectKind,
    /// Points of what its kind changes.
    pub strength: u32,
    /// Turns that it still lasts, at least 1.
    pub turns_left: u32,
}

/// A skill and when it can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkillState {
    /// The skill.
    pub skill: Skill,
    /// Turns of its user until it is ready; 0 if it is.
    pub ready_in: u32,
}

/// One side of a battle. Health and energy are never above those of `stats`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fighter {
    /// What it is made of.
    pub stats: Stats,
    /// Points of health left; without any it has fallen.
    pub health: u32,
    /// Points of energy left.
    pub energy: u32,
    /// What it can do.
    pub skills: Vec<SkillState>,
    /// What it has on it, at most one of each kind.
    pub effects: Vec<ActiveEffect>,
}

impl Fighter {
    /// A fresh fighter. Whatever is out of bounds is brought to the nearest bound, of skills with
    /// the same key the first counts, and those beyond the most a fighter can have are left out.
    pub fn new(stats: Stats, skills: impl IntoIterator<Item = Skill>) -> Fighter {
        let stats = stats.bounded();
        let mut learned: Vec<SkillState> = Vec::new();
        for skill in skills {
            let known = learned.iter().any(|state| state.skill.key == skill.key);
            if !known && learned.len() < SKILLS_PER_FIGHTER_MAX {
                learned.push(SkillState { skill: skill.bounded(), ready_in: 0 });
            }
        }
        Fighter { stats, health: stats.health, energy: stats.energy, skills: learned, effects: Vec::new() }
    }

    /// Whether it has no health left.
    pub fn has_fallen(&self) -> bool {
        self.health == 0
    }

    /// The index of a skill that can be used now.
    ///
    /// Errors: `Hidden` if it does not have the skill; `Differs` while the skill rests;
    /// `Insufficient` energy.
    pub fn check_skill(&self, key: &str) -> Result<usize, RuleError> {
        let found = self.skills.iter().position(|state| state.skill.key == key);
        let index = found.ok_or(RuleError::Hidden { what: "skill" })?;
        let SkillState { skill, ready_in } = &self.skills[index];
        if *ready_in > 0 {
            let what = "The number of turns until the skill is ready";
            return Err(RuleError::Differs { what, expected: "0".to_owned(), actual: ready_in.to_string() });
        }
        if skill.cost > self.energy {
            let (needed, available) = (skill.cost.into(), self.energy.into());
            return Err(RuleError::Insufficient { what: "points of energy", needed, available });
        }
        Ok(index)
    }

    pub(crate) fn effect(&self, kind: EffectKind) -> Option<ActiveEffect> {
        self.effects.iter().find(|effect| effect.kind == kind).copied()
    }

    pub(crate) fn attack(&self) -> u32 {
        self.raised(self.stats.attack, EffectKind::Rage)
    }

    pub(crate) fn defense(&self) -> u32 {
        self.raised(self.stats.defense, EffectKind::Shield)
    }

    fn raised(&self, points: u32, kind: EffectKind) -> u32 {
        points.saturating_add(self.effect(kind).map_or(0, |effect| effect.strength))
    }

    /// Takes up to `points` of health and says how many it took.
    pub(crate) fn lose_health(&mut self, points: u32) -> u32 {
        let lost = points.min(self.health);
        self.health -= lost;
        lost
    }

    /// Gives up to `points` of health and says how many it gave.
    pub(crate) fn gain_health(&mut self, points: u32) -> u32 {
        let gained = points.min(self.stats.health.saturating_sub(self.health));
        self.health += gained;
        gained
    }

    /// Gives up to `points` of energy and says how many it gave.
    pub(crate) fn gain_energy(&mut self, points: u32) -> u32 {
        let gained = points.min(self.stats.energy.saturating_sub(self.energy));
        self.energy += gained;
        gained
    }

    /// Puts an effect on it, and says whether it took hold. Of two of one kind the greater
    /// strength and the longer time count; a stun is not drawn out by another one.
    pub(crate) fn gain_effect(&mut self, effect: Effect) -> bool {
        let effect = effect.bounded();
        let Effect { kind, strength, turns } = effect;
        if turns == 0 {
            return false;
        }
        match self.effects.iter_mut().find(|present| present.kind == kind) {
            Some(_) if kind == EffectKind::Stun => false,
            Some(present) => {
                present.strength = present.strength.max(strength);
                present.turns_left = present.turns_left.max(turns);
                true
            }
            None => {
                self.effects.push(ActiveEffect { kind, strength, turns_left: turns });
                true
            }
        }
    }

    /// Pays for a skill. Its rest begins after this turn.
    pub(crate) fn spend(&mut self, index: usize) {
        let SkillState { skill, ready_in } = &mut self.skills[index];
        self.energy = self.energy.saturating_sub(skill.cost);
        // The end of this turn takes one off.
        *ready_in = skill.cooldown_turns.saturating_add(1);
    }

    /// Lets a turn pass for its skills and effects, but for an effect that it gave itself in it.
    pub(crate) fn end_turn(&mut self, gained: Option<EffectKind>) {
        for state in &mut self.skills {
            state.ready_in = state.ready_in.saturating_sub(1);
        }
        for effect in &mut self.effects {
            if Some(effect.kind) != gained {
                effect.turns_left = effect.turns_left.saturating_sub(1);
            }
        }
        self.effects.retain(|effect| effect.turns_left > 0);
    }
}
