//! How hard a blow is, and how likely a flight.

use crate::Dice;

const CRITICAL_PERCENT: u32 = 6;
const SPREAD_PERCENT: u32 = 10;
const FLIGHT_PERCENT_MIN: u32 = 10;
const FLIGHT_PERCENT_MAX: u32 = 95;

/// What a blow meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blow {
    /// Attack of the one who strikes, with every addition.
    pub attack: u32,
    /// Power of the skill; 0 for a plain attack.
    pub power: u32,
    /// Defense of the one who is struck, with every addition.
    pub defense: u32,
    /// Whether that one defends itself, which halves the damage.
    pub guarded: bool,
}

/// Damage in points of health, and whether it is critical.
///
/// Force is attack and power together. As much defense as force halves the damage, and no defense
/// takes all of it: each blow costs 1 point at least, so that no battle stands still. The dice
/// spread it by a tenth to both sides; one blow in about sixteen is critical: half as much again.
pub fn damage_of(blow: Blow, dice: &mut Dice) -> (u32, bool) {
    let force = u64::from(blow.attack) + u64::from(blow.power);
    let met = force * force / (force + u64::from(blow.defense)).max(1);
    let percent = 100 - SPREAD_PERCENT + dice.below(2 * SPREAD_PERCENT + 1);
    let critical = dice.happens(CRITICAL_PERCENT);
    let mut damage = met * u64::from(percent) / 100;
    if critical {
        damage += damage / 2;
    }
    if blow.guarded {
        damage = damage.div_ceil(2);
    }
    (u32::try_from(damage.max(1)).unwrap_or(u32::MAX), critical)
}

/// How likely a flight is, in percent: even between equals, more for the quicker one, but never
/// out of reach and never certain.
pub fn flight_percent(own_speed: u32, other_speed: u32) -> u32 {
    let (own, other) = (u64::from(own_speed), u64::from(other_speed));
    let quicker = own.max(other).max(1);
    let percent = 50 * (quicker + own - other.min(quicker + own)) / quicker;
    u32::try_from(percent).unwrap_or(FLIGHT_PERCENT_MAX).clamp(FLIGHT_PERCENT_MIN, FLIGHT_PERCENT_MAX)
}
