//! What arrives: each arrival is of a kind that a seeded chance draws, in shares that do not change.

use serde::Serialize;

/// What a client does when it is its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Changes a setting, over the client's own WebSocket.
    Setting,
    /// Replaces the save, over the client's own WebSocket. The rows that the client watches change with it.
    Save,
    /// Reads the save, over the client's own WebSocket.
    Load,
    /// A player comes, sees its rows, loads its save, at times hands a coin on, and leaves.
    Session,
    /// The same, but the player goes without a word, after that or before the rows have come.
    BrokenSession,
    /// Reads a task at the facade, over the client's own connection.
    KeptRequest,
    /// The same over a new connection.
    NewRequest,
    /// Asks the facade for a text and reads its events to the end.
    Stream,
    /// Asks the facade for a text, reads the first words, and goes without a word.
    BrokenStream,
}

impl Kind {
    /// All, in the order of the numbers that `as usize` gives.
    pub const ALL: [Self; 9] = [
        Self::Setting,
        Self::Save,
        Self::Load,
        Self::Session,
        Self::BrokenSession,
        Self::KeptRequest,
        Self::NewRequest,
        Self::Stream,
        Self::BrokenStream,
    ];

    /// How many of a thousand arrivals are of this kind. Most of what a live game does are small calls over standing
    /// connections; one in nine arrivals is a connection that comes and goes, which is far more than games have and
    /// what a leak would come from.
    fn share(self) -> u64 {
        match self {
            Self::Setting => 364,
            Self::Save | Self::Load => 150,
            Self::Session => 40,
            Self::BrokenSession => 20,
            Self::KeptRequest => 220,
            Self::NewRequest => 50,
            Self::Stream | Self::BrokenStream => 3,
        }
    }

    /// The kind at this place among a thousand.
    fn at(mut place: u64) -> Self {
        let found = Self::ALL.into_iter().find(|kind| {
            let is_here = place < kind.share();
            place = place.saturating_sub(kind.share());
            is_here
        });
        found.unwrap_or(Self::Setting)
    }
}

/// Chance that is the same for the same seed, however arrivals are dealt out (SplitMix64).
#[derive(Debug, Clone, Copy)]
pub struct Chance(u64);

impl Chance {
    /// The chance of one arrival.
    pub fn of(seed: u64, arrival: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ arrival.wrapping_mul(0x2545_F491_4F6C_DD1D))
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    /// What arrives.
    pub fn kind(&mut self) -> Kind {
        Kind::at(self.below(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_numbers_fit() {
        assert_eq!(Kind::ALL.iter().map(|kind| kind.share()).sum::<u64>(), 1_000);
        assert!(Kind::ALL.iter().enumerate().all(|(number, &kind)| kind as usize == number));
    }

    #[test]
    fn kinds_arrive_in_their_shares_and_the_same_for_the_same_seed() {
        let kinds = |seed| (0..100_000).map(move |arrival| Chance::of(seed, arrival).kind());
        for kind in Kind::ALL {
            let arrived = kinds(7).filter(|&arrived| arrived == kind).count() as f64;
            let expected = kind.share() as f64 * 100.0;
            assert!((arrived - expected).abs() < 5.0 * expected.sqrt(), "{kind:?}: {arrived} of {expected}");
        }
        assert!(kinds(7).eq(kinds(7)));
        assert!(!kinds(7).eq(kinds(8)));
    }
}
