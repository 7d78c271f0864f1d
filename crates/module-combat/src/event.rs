//! What happened in a round, for those who watch.

use crate::{EffectKind, Side};

/// Most events of one round: two turns with two effects, an action of two and a fall each, and
/// the end.
pub const EVENTS_PER_ROUND_MAX: usize = 12;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It struck; the amount is the health that the other lost.
    Attacked,
    /// It used the skill of this key; the amount is the health that the other lost.
    UsedSkill,
    /// It defended itself; the amount is the energy that it regained.
    Defended,
    /// It used an item; the amount is what the item gave or took.
    UsedItem,
    /// It got away.
    Fled,
    /// It tried to get away.
    FailedToFlee,
    /// It gained the status effect; the amount is its strength.
    GainedEffect,
    /// The status effect took this much health from it.
    Suffered,
    /// The status effect gave this much health to it.
    Recovered,
    /// The status effect made it skip its turn.
    Skipped,
    /// It has no health left.
    Fell,
    /// Nobody won within the most rounds.
    Parted,
}

/// One thing that happened to or through one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who did it, or whom it befell.
    pub side: Side,
    /// What happened.
    pub kind: EventKind,
    /// How much of what the kind says; 0 where it says nothing.
    pub amount: u32,
    /// Whether it was a critical blow.
    pub critical: bool,
    /// Key of the skill.
    pub skill_key: Option<String>,
    /// The status effect.
    pub effect: Option<EffectKind>,
}

impl Event {
    pub(crate) fn new(side: Side, kind: EventKind, amount: u32) -> Event {
        Event { side, kind, amount, critical: false, skill_key: None, effect: None }
    }

    pub(crate) fn of_effect(side: Side, kind: EventKind, amount: u32, effect: EffectKind) -> Event {
        Event { effect: Some(effect), ..Event::new(side, kind, amount) }
    }
}
