//! What a player does to a character, and what comes of it.
//!
//! Whatever is free of charge gains affinity only once per cool-down, so that saying the same
//! thing a thousand times is worth as much as saying it once. What costs items has no cool-down
//! but gains less each time within a day. What hurts always hurts.

use module_rules::{RuleError, TextRule, check_limit};

use crate::{AFFINITY_MAX, Memory, MemoryKind, WEIGHT_PER_POINT, faded, shifted};

/// Points gained by a talk.
pub const TALK_GAIN: i32 = 1;
/// Points gained by a help.
pub const HELP_GAIN: i32 = 5;
/// Most points gained by an apology to somebody who remembers an insult; never more than are
/// still owed for it.
pub const APOLOGY_GAIN: i32 = 4;
/// Points lost by an insult.
pub const INSULT_LOSS: i32 = 12;
/// How long after a gain the same free act gains nothing: half an hour for a talk, six hours for
/// a help, an hour for an apology, in microseconds.
pub const COOLDOWN_MICROS: Cooldowns = Cooldowns { talk: 30 * MINUTE, help: 360 * MINUTE, apology: 60 * MINUTE };
/// A character with this affinity or less takes neither gifts nor help.
pub const UNWILLING_AT: i32 = -60;
/// Most items in one gift.
pub const GIFT_QUANTITY_MAX: u32 = 99;
/// Longest note, in bytes.
pub const NOTE_LENGTH_MAX: usize = 280;

const MINUTE: i64 = 60 * 1_000_000;
const GIFT_MEMORY_MICROS: i64 = 24 * 60 * MINUTE;
const GIFT_BASE_GAIN: u32 = 2;
const GIFT_COUNTED_MAX: u32 = 5;

const NOTE: TextRule = TextRule::prose("note", "The length of `note` in bytes", NOTE_LENGTH_MAX);
const ITEM_KEY: TextRule = TextRule::key("item_key", "The length of `item_key` in bytes", 64);
const CHARACTER_KEY: TextRule = TextRule::key("character_key", "The length of `character_key` in bytes", 64);

const _: () = assert!(INSULT_LOSS < AFFINITY_MAX);

/// What a player does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// Talks.
    Talk,
    /// Gives this many items of one kind.
    Gift(u32),
    /// Helps with something.
    Help,
    /// Insults.
    Insult,
    /// Apologizes.
    Apologize,
}

/// One time for each free act: from when on it gains affinity again, or how long that takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cooldowns {
    /// Of talks, in microseconds.
    pub talk: i64,
    /// Of helps, in microseconds.
    pub help: i64,
    /// Of apologies, in microseconds.
    pub apology: i64,
}

/// What comes of an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The affinity afterwards.
    pub affinity: i32,
    /// By how much it changed.
    pub change: i32,
    /// From when on free acts gain again.
    pub ready_at: Cooldowns,
    /// What will be remembered, and how much it matters: nothing, if that is 0.
    pub memory: (MemoryKind, i32),
}

/// Decides an interaction at `now` with a character of this affinity, which has these memories.
///
/// Errors: `Malformed` or `AboveLimit` for the size of a gift, `Differs` if the character takes
/// nothing from this player.
pub fn interact(
    interaction: Interaction,
    affinity: i32,
    memories: &[Memory],
    ready_at: Cooldowns,
    now: i64,
) -> Result<Effect, RuleError> {
    check_willing(interaction, affinity)?;
    let mut next = ready_at;
    let (kind, points) = match interaction {
        Interaction::Talk => (MemoryKind::Talk, free(TALK_GAIN, &mut next.talk, COOLDOWN_MICROS.talk, now)),
        Interaction::Help => (MemoryKind::Help, free(HELP_GAIN, &mut next.help, COOLDOWN_MICROS.help, now)),
        Interaction::Apologize => match owed(memories, now).min(APOLOGY_GAIN) {
            ..=0 => (MemoryKind::Apology, 0),
            gain => (MemoryKind::Apology, free(gain, &mut next.apology, COOLDOWN_MICROS.apology, now)),
        },
        Interaction::Insult => (MemoryKind::Insult, -INSULT_LOSS),
        Interaction::Gift(quantity) => (MemoryKind::Gift, gift_gain(quantity, memories, now)?),
    };
    let changed = shifted(affinity, points);
    let memory = (kind, points.saturating_mul(WEIGHT_PER_POINT));
    Ok(Effect { affinity: changed, change: changed.saturating_sub(affinity), ready_at: next, memory })
}

/// Errors: `AboveLimit` or `Malformed`. A note may be left out.
pub fn check_note(note: &str) -> Result<(), RuleError> {
    NOTE.check_optional(note)
}

/// Checks the key of a gift's item.
///
/// Errors: `AboveLimit` or `Malformed`.
pub fn check_item_key(key: &str) -> Result<(), RuleError> {
    ITEM_KEY.check(key)
}

/// Errors: `AboveLimit` or `Malformed`.
pub fn check_character_key(key: &str) -> Result<(), RuleError> {
    CHARACTER_KEY.check(key)
}

fn check_willing(interaction: Interaction, affinity: i32) -> Result<(), RuleError> {
    let asks_to_take = matches!(interaction, Interaction::Gift(_) | Interaction::Help);
    if asks_to_take && affinity <= UNWILLING_AT {
        let what = "The affinity of a character that takes gifts or help";
        let (expected, actual) = (format!("above {UNWILLING_AT}"), affinity.to_string());
        return Err(RuleError::Differs { what, expected, actual });
    }
    Ok(())
}

/// What a free act gains, which puts off the next gain.
fn free(gain: i32, ready_at: &mut i64, cooldown: i64, now: i64) -> i32 {
    if now < *ready_at {
        return 0;
    }
    *ready_at = now.saturating_add(cooldown);
    gain
}

/// Points that are still owed for remembered insults: apologies that are remembered count off.
fn owed(memories: &[Memory], now: i64) -> i32 {
    let counted = memories.iter().filter(|memory| matches!(memory.kind, MemoryKind::Insult | MemoryKind::Apology));
    counted.fold(0, |sum: i32, memory| sum.saturating_sub(faded(memory, now))) / WEIGHT_PER_POINT
}

fn gift_gain(quantity: u32, memories: &[Memory], now: i64) -> Result<i32, RuleError> {
    if quantity == 0 {
        return Err(RuleError::Malformed { field: "quantity", rule: "give at least one item" });
    }
    check_limit("The number of items in a gift", u64::from(GIFT_QUANTITY_MAX), u64::from(quantity))?;
    let is_recent =
        |memory: &&Memory| memory.kind == MemoryKind::Gift && now.saturating_sub(memory.at) < GIFT_MEMORY_MICROS;
    let divisor = memories.iter().filter(is_recent).count().saturating_add(1);
    let full = (GIFT_BASE_GAIN + quantity.min(GIFT_COUNTED_MAX)) as i32;
    Ok((full / i32::try_from(divisor).unwrap_or(i32::MAX)).max(1))
}
