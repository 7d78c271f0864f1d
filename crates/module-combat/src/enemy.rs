//! What an enemy does on its turn.

use crate::{Dice, EffectKind, Fighter, battle::Move};

const SKILL_PERCENT: u32 = 65;
const DEFENCE_PERCENT: u32 = 30;

/// Hurt to less than a quarter, an enemy looks after itself first; otherwise it uses one of its
/// skills in about two of three turns, and strikes in the others. It does not repeat a skill
/// whose only use is an effect that is there already.
pub(crate) fn choose(enemy: &Fighter, player: &Fighter, dice: &mut Dice) -> Move {
    let useful: Vec<usize> =
        (0..enemy.skills.len()).filter(|&index| is_ready(enemy, index) && is_useful(enemy, player, index)).collect();
    let is_hurt = enemy.health < enemy.stats.health / 4;
    if is_hurt {
        if let Some(&index) = useful.iter().find(|&&index| protects(enemy, index)) {
            return Move::Skill(index);
        }
        if dice.happens(DEFENCE_PERCENT) {
            return Move::Defend;
        }
    }
    if !useful.is_empty() && dice.happens(SKILL_PERCENT) {
        let choice = dice.below(useful.len() as u32) as usize;
        return Move::Skill(useful[choice]);
    }
    Move::Attack
}

fn is_ready(enemy: &Fighter, index: usize) -> bool {
    let state = &enemy.skills[index];
    state.ready_in == 0 && state.skill.cost <= enemy.energy
}

fn is_useful(enemy: &Fighter, player: &Fighter, index: usize) -> bool {
    let skill = &enemy.skills[index].skill;
    let lasting = skill.effect.is_some_and(|effect| {
        let target = if effect.kind.helps() { enemy } else { player };
        target.effect(effect.kind).is_none()
    });
    skill.power > 0 || lasting
}

fn protects(enemy: &Fighter, index: usize) -> bool {
    let effect = enemy.skills[index].skill.effect;
    effect.is_some_and(|effect| {
        matches!(effect.kind, EffectKind::Shield | EffectKind::Regeneration) && enemy.effect(effect.kind).is_none()
    })
}
