//! What a battle is told in: the fighters, the actions and the events, and their rules' forms.

use module_combat::{
    ActiveEffect, Effect, EffectKind, Event, EventKind, Fighter, Side, Skill, SkillState, Stats, Status,
};

use crate::*;

/// How a battle stands.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BattleStatus {
    /// It goes on.
    Active,
    /// The enemy has fallen.
    Victory,
    /// The player has fallen.
    Defeat,
    /// The player got away, or nobody won within the most rounds.
    Fled,
}

/// One of the two who fight.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BattleSide {
    /// The player.
    Player,
    /// The enemy.
    Enemy,
}

/// A status effect that a fighter has.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub struct BattleEffect {
    /// What it does.
    pub kind: StatusEffectKind,
    /// Points of what its kind changes.
    pub strength: u32,
    /// Turns that it still lasts.
    pub turns_left: u32,
}

/// A skill of a fighter and when it can be used.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BattleSkill {
    /// The skill.
    pub skill: CombatSkill,
    /// Turns of its user until it is ready; 0 if it is.
    pub ready_in: u32,
}

/// One side of a battle, as it stands.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BattleFighter {
    /// What it is made of; health and energy are the most that it can have.
    pub stats: CombatStats,
    /// Points of health left.
    pub health: u32,
    /// Points of energy left.
    pub energy: u32,
    /// What it can do, up to 16 skills.
    pub skills: Vec<BattleSkill>,
    /// What it has on it, at most one of each kind.
    pub effects: Vec<BattleEffect>,
}

/// What a player does in a round.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum BattleAction {
    /// Strikes.
    Attack,
    /// Halves the damage of this round and regains a tenth of the energy.
    Defend,
    /// Uses the skill of this key.
    Skill(String),
    /// Uses up one item of this key.
    Item(String),
    /// Tries to get away.
    Flee,
}

/// What happened in a battle.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BattleEventKind {
    /// It struck; the amount is the health that the other lost.
    Attacked,
    /// It used a skill; the amount is the health that the other lost.
    UsedSkill,
    /// It defended itself; the amount is the energy that it regained.
    Defended,
    /// It used an item; the amount is what the item gave or took.
    UsedItem,
    /// It got away.
    Fled,
    /// It tried to get away.
    FailedToFlee,
    /// It gained a status effect; the amount is its strength.
    GainedEffect,
    /// A status effect took this much health from it.
    Suffered,
    /// A status effect gave this much health to it.
    Recovered,
    /// A status effect made it skip its turn.
    Skipped,
    /// It has no health left.
    Fell,
    /// Nobody won within the most rounds.
    Parted,
}

/// One thing that happened to or through one side.
#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub struct BattleEvent {
    /// Who did it, or whom it befell.
    pub side: BattleSide,
    /// What happened.
    pub kind: BattleEventKind,
    /// How much of what the kind says; 0 where it says nothing.
    pub amount: u32,
    /// Whether it was a critical blow.
    pub critical: bool,
    /// Key of the skill that was used.
    pub skill_key: Option<String>,
    /// Key of the item that was used.
    pub item_key: Option<String>,
    /// The status effect.
    pub effect: Option<StatusEffectKind>,
}

impl BattleStatus {
    /// What a story tells of a battle that stands so.
    pub(crate) const fn as_story_event(self) -> Option<StoryEventKind> {
        match self {
            BattleStatus::Active => None,
            BattleStatus::Victory => Some(StoryEventKind::BattleWon),
            BattleStatus::Defeat => Some(StoryEventKind::BattleLost),
            BattleStatus::Fled => Some(StoryEventKind::BattleFled),
        }
    }
}

impl BattleFighter {
    /// A fresh fighter, within the bounds of the rules.
    pub(crate) fn new(stats: CombatStats, skills: &[CombatSkill]) -> BattleFighter {
        let fighter = Fighter::new(stats.into(), each(skills, CombatSkill::as_rule));
        BattleFighter {
            stats: fighter.stats.into(),
            health: fighter.health,
            energy: fighter.energy,
            skills: each(&fighter.skills, |state| BattleSkill::of(state, skills)),
            effects: Vec::new(),
        }
    }

    pub(crate) fn as_rule(&self) -> Fighter {
        Fighter {
            stats: self.stats.into(),
            health: self.health,
            energy: self.energy,
            skills: each(&self.skills, |own| SkillState { skill: own.skill.as_rule(), ready_in: own.ready_in }),
            effects: each(&self.effects, |own| {
                let BattleEffect { kind, strength, turns_left } = *own;
                ActiveEffect { kind: kind.into(), strength, turns_left }
            }),
        }
    }

    /// Takes over what a round has changed: everything but what the fighter is made of.
    pub(crate) fn take_over(&mut self, fighter: &Fighter) {
        self.health = fighter.health;
        self.energy = fighter.energy;
        for (own, state) in self.skills.iter_mut().zip(&fighter.skills) {
            own.ready_in = state.ready_in;
        }
        self.effects = each(&fighter.effects, |effect| {
            let ActiveEffect { kind, strength, turns_left } = *effect;
            BattleEffect { kind: kind.into(), strength, turns_left }
        });
    }
}

impl BattleSkill {
    /// The rules know no names; `named` does.
    fn of(state: &SkillState, named: &[CombatSkill]) -> BattleSkill {
        let Skill { key, power, cost, cooldown_turns, effect } = state.skill.clone();
        let mut name = String::new();
        for skill in named {
            if skill.key == key {
                name.clone_from(&skill.name);
                break;
            }
        }
        let effect =
            effect.map(|Effect { kind, strength, turns }| StatusEffectSpec { kind: kind.into(), strength, turns });
        BattleSkill { skill: CombatSkill { key, name, power, cost, cooldown_turns, effect }, ready_in: state.ready_in }
    }
}

impl BattleEvent {
    /// `item_key` is that of the player's action, if it was an item.
    pub(crate) fn of(event: Event, item_key: Option<&str>) -> BattleEvent {
        let is_item = event.kind == EventKind::UsedItem;
        BattleEvent {
            side: event.side.into(),
            kind: event.kind.into(),
            amount: event.amount,
            critical: event.critical,
            skill_key: event.skill_key,
            item_key: item_key.filter(|_| is_item).map(str::to_owned),
            effect: event.effect.map(StatusEffectKind::from),
        }
    }
}

impl CombatSkill {
    /// The rules' form of a skill; it has no name.
    pub(crate) fn as_rule(&self) -> Skill {
        Skill {
            key: self.key.clone(),
            power: self.power,
            cost: self.cost,
            cooldown_turns: self.cooldown_turns,
            effect: self.effect.map(Effect::from),
        }
    }
}

impl From<CombatStats> for Stats {
    fn from(stats: CombatStats) -> Stats {
        let CombatStats { health, energy, attack, defense, speed } = stats;
        Stats { health, energy, attack, defense, speed }
    }
}

impl From<Stats> for CombatStats {
    fn from(stats: Stats) -> CombatStats {
        let Stats { health, energy, attack, defense, speed } = stats;
        CombatStats { health, energy, attack, defense, speed }
    }
}

impl From<StatusEffectSpec> for Effect {
    fn from(spec: StatusEffectSpec) -> Effect {
        Effect { kind: spec.kind.into(), strength: spec.strength, turns: spec.turns }
    }
}

impl From<ItemUse> for module_combat::ItemUse {
    fn from(usage: ItemUse) -> module_combat::ItemUse {
        match usage {
            ItemUse::Heal(points) => module_combat::ItemUse::Heal(points),
            ItemUse::Refresh(points) => module_combat::ItemUse::Refresh(points),
            ItemUse::Harm(points) => module_combat::ItemUse::Harm(points),
            ItemUse::Status(spec) => module_combat::ItemUse::Status(spec.into()),
        }
    }
}

/// Makes the variant of one enum from that of the same name of another.
macro_rules! same_variants {
    ($from:ident => $to:ident: $($variant:ident),+) => {
        impl From<$from> for $to {
            fn from(one: $from) -> $to {
                match one {
                    $($from::$variant => $to::$variant,)+
                }
            }
        }
    };
}

same_variants!(BattleStatus => Status: Active, Victory, Defeat, Fled);
same_variants!(Status => BattleStatus: Active, Victory, Defeat, Fled);
same_variants!(Side => BattleSide: Player, Enemy);
same_variants!(StatusEffectKind => EffectKind: Poison, Stun, Rage, Shield, Regeneration);
same_variants!(EffectKind => StatusEffectKind: Poison, Stun, Rage, Shield, Regeneration);
same_variants!(EventKind => BattleEventKind: Attacked, UsedSkill, Defended, UsedItem, Fled, FailedToFlee,
    GainedEffect, Suffered, Recovered, Skipped, Fell, Parted);

fn each<'a, A: 'a, B>(list: impl IntoIterator<Item = &'a A>, form: impl Fn(&'a A) -> B) -> Vec<B> {
    list.into_iter().map(form).collect()
}
