//! Combat rules: turns, damage, status effects, how a battle ends.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own: each round has a seed that
//! comes from outside, and draws from it and its own number, so that any round can be played again
//! and comes out the same. All numbers are integers within the bounds that stand here, and no sum of bounded
//! numbers can overflow.

mod battle;
mod damage;
mod dice;
mod enemy;
mod event;
mod fighter;
mod keys;
mod skill;
mod stats;
mod status;

pub use battle::{Action, Battle, ItemUse, ROUNDS_MAX, Round, Side, play_round};
pub use damage::{Blow, damage_of, flight_percent};
pub use dice::Dice;
pub use event::{EVENTS_PER_ROUND_MAX, Event, EventKind};
pub use fighter::{ActiveEffect, Fighter, SkillState};
pub use keys::{KEY_LENGTH_MAX, SKILL_KEY_LENGTH_MAX, check_enemy_key, check_item_key, check_skill_key};
pub use skill::{
    EFFECT_STRENGTH_MAX, EFFECT_TURNS_MAX, Effect, EffectKind, SKILL_COOLDOWN_TURNS_MAX, SKILL_COST_MAX,
    SKILL_POWER_MAX, SKILLS_PER_FIGHTER_MAX, Skill,
};
pub use stats::{ATTACK_MAX, DEFENSE_MAX, ENERGY_MAX, HEALTH_MAX, SPEED_MAX, Stats};
pub use status::{BATTLES_KEPT_PER_STORY, Request, Status, Step, check_request, transition};
