//! Chance from a seed: the same seed and tick roll the same numbers on every machine.

/// A stream of numbers (SplitMix64), one stream per seed and tick.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream of one tick.
    pub(crate) fn of_tick(seed: u64, tick: u32) -> Random {
        let mut ticks = Random(u64::from(tick));
        Random(seed ^ ticks.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`; 0 if `count` is 0.
    pub(crate) fn below(&mut self, count: u32) -> u32 {
        // The upper half of a product spreads the stream over the range without a division.
        let product = u128::from(self.next()) * u128::from(count);
        (product >> 64) as u32
    }
}

#[cfg(test)]
mod tests {
    //! The range, and that seed and tick both count.

    use super::*;

    #[test]
    fn numbers_stay_below_their_count_and_reach_all_of_it() {
        let mut random = Random::of_tick(7, 1);
        let mut seen = [false; 10];
        for _ in 0..1_000 {
            seen[random.below(10) as usize] = true;
        }
        assert_eq!(seen, [true; 10]);
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below(1), 0);
    }

    #[test]
    fn each_seed_and_tick_has_its_own_stream() {
        let roll = |seed, tick| Random::of_tick(seed, tick).below(u32::MAX);
        assert_eq!(roll(1, 1), roll(1, 1));
        assert_ne!(roll(1, 1), roll(1, 2));
        assert_ne!(roll(1, 1), roll(2, 1));
    }
}
