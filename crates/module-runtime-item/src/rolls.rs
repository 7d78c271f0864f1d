//! A stream of rolls from a seed.

use module_rules::SplitMix64;

/// The rolls that a seed decides. Not for secrets.
#[derive(Clone, Debug)]
pub struct Rolls(SplitMix64);

impl Rolls {
    /// The stream that belongs to a seed.
    pub const fn new(seed: u64) -> Self {
        Rolls(SplitMix64::new(seed))
    }

    /// The next 64 bits.
    pub const fn next_bits(&mut self) -> u64 {
        self.0.next_bits()
    }

    /// A number below `end`, 0 if `end` is 0. The bias is below `end` in 2⁶⁴.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.0.below(end)
    }

    /// A number from `min` to `max`, both included; `min` if they are the wrong way round.
    pub const fn between(&mut self, min: u32, max: u32) -> u32 {
        let width = max.saturating_sub(min) as u64 + 1;
        // Below `width`, which is at most 2³², so neither step overflows.
        min.saturating_add(self.below(width) as u32)
    }
}
