//! What a fighter is made of, and the bounds of that.

use module_rules::{RuleError, check_limit};

/// Most points of health.
pub const HEALTH_MAX: u32 = 1_000_000;
/// Most points of energy.
pub const ENERGY_MAX: u32 = 100_000;
/// Most points of attack.
pub const ATTACK_MAX: u32 = 100_000;
/// Most points of defense.
pub const DEFENSE_MAX: u32 = 100_000;
/// Most points of speed.
pub const SPEED_MAX: u32 = 100_000;

/// The numbers of a fighter, in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Health at the start, and the most that it can have.
    pub health: u32,
    /// Energy at the start, and the most that it can have.
    pub energy: u32,
    /// Adds to damage dealt.
    pub attack: u32,
    /// Takes from damage received.
    pub defense: u32,
    /// Who acts first, and who gets away.
    pub speed: u32,
}

impl Stats {
    /// What an author may write.
    ///
    /// Errors: `AboveLimit` naming the number; `Malformed` without any health.
    pub fn check(&self) -> Result<(), RuleError> {
        if self.health == 0 {
            return Err(RuleError::Malformed { field: "health", rule: "use at least 1" });
        }
        check_limit("The health of a fighter", HEALTH_MAX.into(), self.health.into())?;
        check_limit("The energy of a fighter", ENERGY_MAX.into(), self.energy.into())?;
        check_limit("The attack of a fighter", ATTACK_MAX.into(), self.attack.into())?;
        check_limit("The defense of a fighter", DEFENSE_MAX.into(), self.defense.into())?;
        check_limit("The speed of a fighter", SPEED_MAX.into(), self.speed.into())
    }

    /// The nearest stats that [`Stats::check`] accepts.
    pub fn bounded(self) -> Stats {
        Stats {
            health: self.health.clamp(1, HEALTH_MAX),
            energy: self.energy.min(ENERGY_MAX),
            attack: self.attack.min(ATTACK_MAX),
            defense: self.defense.min(DEFENSE_MAX),
            speed: self.speed.min(SPEED_MAX),
        }
    }

    /// What a player of this level brings, before anything that is worn.
    pub fn of_level(level: u32) -> Stats {
        let gained = level.saturating_sub(1);
        let grown = |start: u32, each: u32| start.saturating_add(gained.saturating_mul(each));
        Stats {
            health: grown(100, 20),
            energy: grown(50, 5),
            attack: grown(10, 3),
            defense: grown(5, 2),
            speed: grown(10, 1),
        }
        .bounded()
    }

    /// These stats and a bonus, within the bounds.
    pub fn raised_by(self, bonus: Stats) -> Stats {
        Stats {
            health: self.health.saturating_add(bonus.health),
            energy: self.energy.saturating_add(bonus.energy),
            attack: self.attack.saturating_add(bonus.attack),
            defense: self.defense.saturating_add(bonus.defense),
            speed: self.speed.saturating_add(bonus.speed),
        }
        .bounded()
    }
}
