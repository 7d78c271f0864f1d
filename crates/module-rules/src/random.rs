//! Chance from a seed, the same on every machine and in every release: what was once drawn from a
//! stored seed must come out again.

/// A stream of numbers that its seed decides. Not for secrets.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The stream that belongs to a seed.
    pub const fn new(seed: u64) -> Self {
        SplitMix64(seed)
    }

    /// The next 64 bits.
    pub const fn next_bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, 0 if `end` is 0. The bias is below `end` in 2⁶⁴.
    pub const fn below(&mut self, end: u64) -> u64 {
        // The upper half of a product spreads the stream over the range without a division.
        ((self.next_bits() as u128 * end as u128) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    //! The sequence, which must never change, and the range.

    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut stream = SplitMix64::new(0);
        let drawn = [(); 4].map(|()| stream.next_bits());
        assert_eq!(drawn, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f, 0xf88b_b8a8_724c_81ec]);
    }

    #[test]
    fn numbers_stay_below_their_end_and_reach_all_of_it() {
        let mut stream = SplitMix64::new(7);
        let mut seen = [false; 10];
        (0..1_000).for_each(|_| seen[stream.below(10) as usize] = true);
        assert_eq!(seen, [true; 10]);
        assert_eq!((stream.below(0), stream.below(1)), (0, 0));
    }
}
