//! A round: the two sides act in the order of their speed, unless one falls or gets away.

use module_rules::{RuleError, check_limit};

use crate::{
    Blow, Dice, Effect, EffectKind, Event, EventKind, Fighter, Status, damage_of, enemy::choose, flight_percent,
};

/// Most rounds of a battle. If both stand after the last, they part: the battle counts as fled.
pub const ROUNDS_MAX: u32 = 100;

/// A defence gives back one part in this many of the energy.
const ENERGY_REGAINED_SHARE: u32 = 10;

/// One of the two who fight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The player.
    Player,
    /// The enemy.
    Enemy,
}

/// The two who fight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Battle {
    /// The player.
    pub player: Fighter,
    /// The enemy.
    pub enemy: Fighter,
}

/// What using an item does in a battle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemUse {
    /// Gives this much health.
    Heal(u32),
    /// Gives this much energy.
    Refresh(u32),
    /// Takes this much health from the opponent, whatever its defense.
    Harm(u32),
    /// Puts a status effect on the user.
    Status(Effect),
}

/// What the player wants to do in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Strikes.
    Attack,
    /// Halves the damage of this round and regains a tenth of the energy.
    Defend,
    /// Uses the skill of this key.
    Skill(&'a str),
    /// Uses an item that does this.
    Item(ItemUse),
    /// Tries to get away.
    Flee,
}

/// What came of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// How the battle stands now.
    pub status: Status,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Whether the player came to use its item; somebody who is stunned or falls does not.
    pub item_used: bool,
}

/// A checked action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Attack,
    Defend,
    Skill(usize),
    Item(ItemUse),
    Flee,
}

/// Plays one round of an active battle, number `round` from 1. The same battle, seed, number and
/// action always come out the same.
///
/// Errors, which leave the battle as it is: `AboveLimit` for a round after the last; for a skill,
/// those of [`Fighter::check_skill`].
pub fn play_round(battle: &mut Battle, seed: u64, round: u32, action: Action<'_>) -> Result<Round, RuleError> {
    check_limit("The number of rounds of a battle", ROUNDS_MAX.into(), round.into())?;
    let player_move = match action {
        Action::Attack => Move::Attack,
        Action::Defend => Move::Defend,
        Action::Skill(key) => Move::Skill(battle.player.check_skill(key)?),
        Action::Item(usage) => Move::Item(usage),
        Action::Flee => Move::Flee,
    };
    let mut dice = Dice::of_round(seed, round);
    let enemy_move = choose(&battle.enemy, &battle.player, &mut dice);
    let moves = [(Side::Player, player_move), (Side::Enemy, enemy_move)];
    let order = match first_of(battle, &mut dice) {
        Side::Player => moves,
        Side::Enemy => [moves[1], moves[0]],
    };
    let guards = Guards { player: player_move == Move::Defend, enemy: enemy_move == Move::Defend };
    let mut stage = Stage { battle, dice, guards, events: Vec::new(), item_used: false, fled: false };
    for (side, chosen) in order {
        stage.take_turn(side, chosen);
        if stage.status() != Status::Active {
            break;
        }
    }
    let mut status = stage.status();
    if status == Status::Active && round == ROUNDS_MAX {
        stage.events.push(Event::new(Side::Player, EventKind::Parted, 0));
        status = Status::Fled;
    }
    Ok(Round { status, events: stage.events, item_used: stage.item_used })
}

fn first_of(battle: &Battle, dice: &mut Dice) -> Side {
    let (player, enemy) = (battle.player.stats.speed, battle.enemy.stats.speed);
    let player_first = if player == enemy { dice.happens(50) } else { player > enemy };
    if player_first { Side::Player } else { Side::Enemy }
}

/// Who defends itself. It holds for the whole round, whoever acts first.
struct Guards {
    player: bool,
    enemy: bool,
}

/// A round while it is played.
struct Stage<'a> {
    battle: &'a mut Battle,
    dice: Dice,
    guards: Guards,
    events: Vec<Event>,
    item_used: bool,
    fled: bool,
}

impl Stage<'_> {
    fn status(&self) -> Status {
        if self.battle.player.has_fallen() {
            Status::Defeat
        } else if self.battle.enemy.has_fallen() {
            Status::Victory
        } else if self.fled {
            Status::Fled
        } else {
            Status::Active
        }
    }

    fn fighter(&mut self, side: Side) -> &mut Fighter {
        match side {
            Side::Player => &mut self.battle.player,
            Side::Enemy => &mut self.battle.enemy,
        }
    }

    /// Effects first, so that poison can bring down who would have acted, then the action.
    fn take_turn(&mut self, side: Side, chosen: Move) {
        self.feel_effects(side);
        if self.note_fall(side) {
            return;
        }
        let gained = if self.fighter(side).effect(EffectKind::Stun).is_some() {
            self.events.push(Event::of_effect(side, EventKind::Skipped, 0, EffectKind::Stun));
            None
        } else {
            self.act(side, chosen)
        };
        self.note_fall(opponent(side));
        self.fighter(side).end_turn(gained);
    }

    fn feel_effects(&mut self, side: Side) {
        let fighter = self.fighter(side);
        let poison = fighter.effect(EffectKind::Poison).map(|effect| fighter.lose_health(effect.strength));
        // Who has fallen does not rise again.
        let healing = fighter.effect(EffectKind::Regeneration).filter(|_| !fighter.has_fallen());
        let healing = healing.map(|effect| fighter.gain_health(effect.strength));
        let suffered = poison.map(|lost| Event::of_effect(side, EventKind::Suffered, lost, EffectKind::Poison));
        let recovered =
            healing.map(|gained| Event::of_effect(side, EventKind::Recovered, gained, EffectKind::Regeneration));
        self.events.extend(suffered.into_iter().chain(recovered));
    }

    fn note_fall(&mut self, side: Side) -> bool {
        let fallen = self.fighter(side).has_fallen();
        if fallen {
            self.events.push(Event::new(side, EventKind::Fell, 0));
        }
        fallen
    }

    /// Returns the kind of effect that the fighter gave itself, whose time begins next turn.
    fn act(&mut self, side: Side, chosen: Move) -> Option<EffectKind> {
        match chosen {
            Move::Attack => {
                let (lost, critical) = self.strike(side, 0);
                self.events.push(Event { critical, ..Event::new(side, EventKind::Attacked, lost) });
                None
            }
            Move::Defend => {
                let fighter = self.fighter(side);
                let regained = fighter.gain_energy(fighter.stats.energy.div_ceil(ENERGY_REGAINED_SHARE));
                self.events.push(Event::new(side, EventKind::Defended, regained));
                None
            }
            Move::Skill(index) => self.use_skill(side, index),
            Move::Item(usage) => self.use_item(side, usage),
            Move::Flee => {
                let (own, other) = (self.fighter(side).stats.speed, self.fighter(opponent(side)).stats.speed);
                self.fled = self.dice.happens(flight_percent(own, other));
                let kind = if self.fled { EventKind::Fled } else { EventKind::FailedToFlee };
                self.events.push(Event::new(side, kind, 0));
                None
            }
        }
    }

    fn strike(&mut self, side: Side, power: u32) -> (u32, bool) {
        let guarded = match side {
            Side::Player => self.guards.enemy,
            Side::Enemy => self.guards.player,
        };
        let target = opponent(side);
        // Stunned, nobody lifts a shield.
        let guarded = guarded && self.fighter(target).effect(EffectKind::Stun).is_none();
        let attack = self.fighter(side).attack();
        let defense = self.fighter(target).defense();
        let (damage, critical) = damage_of(Blow { attack, power, defense, guarded }, &mut self.dice);
        (self.fighter(target).lose_health(damage), critical)
    }

    fn use_skill(&mut self, side: Side, index: usize) -> Option<EffectKind> {
        let fighter = self.fighter(side);
        fighter.spend(index);
        let skill = fighter.skills[index].skill.clone();
        let (lost, critical) = if skill.power > 0 { self.strike(side, skill.power) } else { (0, false) };
        let used = Event::new(side, EventKind::UsedSkill, lost);
        self.events.push(Event { critical, skill_key: Some(skill.key), ..used });
        let effect = skill.effect?;
        let target = if effect.kind.helps() { side } else { opponent(side) };
        self.leave_effect(target, effect);
        (target == side).then_some(effect.kind)
    }

    fn use_item(&mut self, side: Side, usage: ItemUse) -> Option<EffectKind> {
        self.item_used = true;
        let amount = match usage {
            ItemUse::Heal(points) => self.fighter(side).gain_health(points),
            ItemUse::Refresh(points) => self.fighter(side).gain_energy(points),
            ItemUse::Harm(points) => self.fighter(opponent(side)).lose_health(points),
            ItemUse::Status(_) => 0,
        };
        self.events.push(Event::new(side, EventKind::UsedItem, amount));
        let ItemUse::Status(effect) = usage else {
            return None;
        };
        self.leave_effect(side, effect);
        Some(effect.kind)
    }

    fn leave_effect(&mut self, target: Side, effect: Effect) {
        let fighter = self.fighter(target);
        if !fighter.has_fallen() && fighter.gain_effect(effect) {
            let strength = effect.bounded().strength;
            self.events.push(Event::of_effect(target, EventKind::GainedEffect, strength, effect.kind));
        }
    }
}

const fn opponent(side: Side) -> Side {
    match side {
        Side::Player => Side::Enemy,
        Side::Enemy => Side::Player,
    }
}
