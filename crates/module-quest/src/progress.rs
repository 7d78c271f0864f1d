//! The progress of an objective: it counts up to what is needed, and never back.

/// The count after `amount` more, if that changes it.
pub const fn advanced(count: u32, needed: u32, amount: u32) -> Option<u32> {
    if amount == 0 || count >= needed {
        return None;
    }
    let sum = count.saturating_add(amount);
    Some(if sum < needed { sum } else { needed })
}

/// Whether every objective, as (count, needed), has reached what is needed.
pub fn is_met(objectives: impl IntoIterator<Item = (u32, u32)>) -> bool {
    objectives.into_iter().all(|(count, needed)| count >= needed)
}
