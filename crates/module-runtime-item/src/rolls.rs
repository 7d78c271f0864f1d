//! A stream of rolls from a seed.

/// SplitMix64: small, fast, and the same everywhere. Not for secrets.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct Rolls {
    state: u64,
}

impl Rolls {
    /// The stream that belongs to a seed.
    pub const fn new(seed: u64) -> Self {
        Rolls { state: seed }
    }

    /// The next 64 bits.
    pub const fn next_bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `end`, 0 if `end` is 0. The bias is below `end` in 2⁶⁴.
    pub const fn below(&mut self, end: u64) -> u64 {
        ((self.next_bits() as u128 * end as u128) >> 64) as u64
    }

    /// A number from `min` to `max`, both included; `min` if they are the wrong way round.
    pub const fn between(&mut self, min: u32, max: u32) -> u32 {
        let width = max.saturating_sub(min) as u64 + 1;
        // Below `width`, which is at most 2³², so neither step overflows.
        min.saturating_add(self.below(width) as u32)
    }
}
