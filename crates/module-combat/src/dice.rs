//! Chance from a seed.

/// Draws numbers that only the seed and the round decide (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The dice of one round of a battle.
    pub fn of_round(seed: u64, round: u32) -> Dice {
        let mut dice = Dice { state: seed };
        // Neighbouring rounds must not draw one another's numbers, so the number is mixed first.
        let start = dice.next() ^ u64::from(round).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Dice { state: start }
    }

    /// A number below `sides`; 0 for `sides` of 0 or 1.
    pub fn below(&mut self, sides: u32) -> u32 {
        // The upper half of the product is spread evenly, within 2^-32.
        ((u128::from(self.next()) * u128::from(sides)) >> 64) as u32
    }

    /// Whether something happens that does so in `percent` of all cases.
    pub fn happens(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
