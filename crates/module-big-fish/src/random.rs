//! Chance from a seed: the same seed and tick roll the same numbers on every machine.

use module_rules::SplitMix64;

/// A stream of numbers, one stream per seed and tick.
#[derive(Clone, Debug)]
pub(crate) struct Random(SplitMix64);

impl Random {
    /// The stream of one tick.
    pub(crate) fn of_tick(seed: u64, tick: u32) -> Random {
        Random(SplitMix64::new(seed ^ SplitMix64::new(u64::from(tick)).next_bits()))
    }

    /// A number below `count`; 0 if `count` is 0.
    pub(crate) fn below(&mut self, count: u32) -> u32 {
        self.0.below(u64::from(count)) as u32
    }
}

#[cfg(test)]
mod tests {
    //! That seed and tick both count.

    use super::*;

    #[test]
    fn each_seed_and_tick_has_its_own_stream() {
        let roll = |seed, tick| Random::of_tick(seed, tick).below(u32::MAX);
        assert_eq!(roll(1, 1), roll(1, 1));
        assert_ne!(roll(1, 1), roll(1, 2));
        assert_ne!(roll(1, 1), roll(2, 1));
    }
}
