//! What a treasure holds.

use module_rules::{RuleError, check_limit};

use crate::Rolls;

/// Most draws of one treasure.
pub const LOOT_DRAWS_MAX: u64 = 64;
/// Most entries of one treasure.
pub const LOOT_ENTRIES_MAX: u64 = 64;

/// One thing that may be in a treasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loot {
    /// How likely against the other entries; 0 is never drawn.
    pub weight: u32,
    /// At least this many.
    pub quantity_min: u32,
    /// At most this many; `quantity_min` if it is below.
    pub quantity_max: u32,
    /// How many of it lie in one slot of a bag.
    pub stack_max: u32,
}

/// Draws `draws` times, and says how many of each entry there are.
///
/// Errors: `AboveLimit` above the limits of draws and entries, or of a quantity.
pub fn draw_loot(seed: u64, loot: &[Loot], draws: u32) -> Result<Vec<u32>, RuleError> {
    check_size(loot, draws)?;
    let total: u64 = loot.iter().map(|entry| u64::from(entry.weight)).sum();
    let mut quantities = vec![0u32; loot.len()];
    if total == 0 {
        return Ok(quantities);
    }
    let mut rolls = Rolls::new(seed);
    for _ in 0..draws {
        let mut ticket = rolls.below(total);
        for (entry, quantity) in loot.iter().zip(&mut quantities) {
            let weight = u64::from(entry.weight);
            if ticket < weight {
                let drawn = rolls.between(entry.quantity_min, entry.quantity_max);
                *quantity = quantity.checked_add(drawn).ok_or(TOO_MANY)?;
                break;
            }
            ticket -= weight;
        }
    }
    Ok(quantities)
}

/// How many empty slots a bag of `capacity` slots must have for the treasure to be opened: as many
/// as it can need, whatever is drawn, or all of them.
///
/// Were it refused only for what was drawn, a player with little room could try again and again
/// until the wanted loot comes up.
/// Errors: `AboveLimit` above the limits of draws and entries.
pub fn slots_needed(loot: &[Loot], draws: u32, capacity: u32) -> Result<u64, RuleError> {
    check_size(loot, draws)?;
    let drawable = loot.iter().filter(|entry| entry.weight > 0);
    let slots_of = |entry: &Loot| {
        let most = u64::from(entry.quantity_min.max(entry.quantity_max));
        most.div_ceil(u64::from(entry.stack_max.max(1)))
    };
    let most = u64::from(draws) * drawable.map(slots_of).max().unwrap_or(0);
    Ok(most.min(u64::from(capacity)))
}

const TOO_MANY: RuleError = RuleError::AboveLimit {
    what: "The quantity of an item in a treasure",
    limit: u32::MAX as u64,
    actual: u32::MAX as u64 + 1,
};

fn check_size(loot: &[Loot], draws: u32) -> Result<(), RuleError> {
    check_limit("The number of draws of a treasure", LOOT_DRAWS_MAX, draws.into())?;
    check_limit("The number of entries of a treasure", LOOT_ENTRIES_MAX, loot.len() as u64)
}
