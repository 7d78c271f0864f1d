//! Memories: a bounded number of them, each fading with time.
//!
//! A memory is stored with its weight at the time, and what is left of it is computed when it is
//! looked at. So nothing has to run for characters that nobody meets.

/// Most memories that a character has of one player.
pub const MEMORIES_MAX: usize = 16;
/// After this long half of a memory is left: three days, in microseconds.
pub const MEMORY_HALF_LIFE_MICROS: i64 = 3 * 24 * 60 * 60 * 1_000_000;
/// Weight of a memory for each point of affinity that it changed.
pub const WEIGHT_PER_POINT: i32 = 10;

/// What a memory is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryKind {
    /// A talk.
    Talk,
    /// A gift.
    Gift,
    /// A help.
    Help,
    /// An insult.
    Insult,
    /// An apology.
    Apology,
}

/// Something that a character remembers of a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What it is of.
    pub kind: MemoryKind,
    /// How much it mattered, below 0 if it hurt.
    pub weight: i32,
    /// When it happened, in microseconds since the Unix epoch.
    pub at: i64,
    /// What the player wants it to remember; may be empty.
    pub note: String,
}

/// The weight that is left of a memory at `now`.
pub fn faded(memory: &Memory, now: i64) -> i32 {
    let half_lives = now.saturating_sub(memory.at).max(0) / MEMORY_HALF_LIFE_MICROS;
    u32::try_from(half_lives).ok().and_then(|halvings| 1_i32.checked_shl(halvings)).map_or(0, |divisor| {
        // The highest bit is the sign: nothing is left long before it is reached.
        if divisor > 0 { memory.weight / divisor } else { 0 }
    })
}

/// The memories of which something is left at `now`.
pub fn recalled(memories: Vec<Memory>, now: i64) -> Vec<Memory> {
    memories.into_iter().filter(|memory| faded(memory, now) != 0).collect()
}

/// The memories of which something is left at `now` and a new one, the weakest given up for it
/// if there are too many; of equally weak ones, the oldest.
pub fn remember(memories: Vec<Memory>, new: Memory, now: i64) -> Vec<Memory> {
    let mut memories = recalled(memories, now);
    memories.push(new);
    while memories.len() > MEMORIES_MAX {
        let strengths = memories.iter().map(|memory| faded(memory, now).unsigned_abs());
        match strengths.enumerate().min_by_key(|(_, strength)| *strength) {
            Some((weakest, _)) => memories.remove(weakest),
            None => break,
        };
    }
    recalled(memories, now)
}
