//! Chance from a seed.

use module_rules::SplitMix64;

/// Draws numbers that only the seed and the round decide.
#[derive(Clone, Debug)]
pub struct Dice(SplitMix64);

impl Dice {
    /// The dice of one round of a battle.
    pub fn of_round(seed: u64, round: u32) -> Dice {
        // Neighbouring rounds must not draw one another's numbers, so the number is mixed first.
        let start = SplitMix64::new(seed).next_bits() ^ u64::from(round).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Dice(SplitMix64::new(start))
    }

    /// A number below `sides`; 0 for `sides` of 0 or 1.
    pub fn below(&mut self, sides: u32) -> u32 {
        self.0.below(u64::from(sides)) as u32
    }

    /// Whether something happens that does so in `percent` of all cases.
    pub fn happens(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }
}
