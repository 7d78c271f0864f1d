//! Whether each save slot's history is linearizable. A save says which revision it replaces, so a slot is a register
//! with compare-and-set, which several devices of a player write and read at once.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};

use super::super::history::{Asked, NEVER, Told};
use super::Violation;
use super::order::{Move, Thing, shortest_contradiction};

/// What is asked about a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotCall {
    /// Replaces what is in it.
    Save {
        /// The slot.
        slot: String,
        /// The revision that it must hold; 0 when it is empty.
        expected: u64,
        /// What no other save holds.
        content: u64,
    },
    /// Looks into it.
    Read {
        /// The slot.
        slot: String,
    },
}

impl SlotCall {
    fn slot(&self) -> &str {
        match self {
            SlotCall::Save { slot, .. } | SlotCall::Read { slot } => slot,
        }
    }
}

impl Display for SlotCall {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SlotCall::Save { slot, expected, content } => {
                write!(text, "save {content} over revision {expected} of slot {slot}")
            }
            SlotCall::Read { slot } => write!(text, "read slot {slot}"),
        }
    }
}

/// What is in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Slot {
    /// Its revision; 0 when it is empty.
    pub revision: u64,
    /// Its content; 0 when it is empty.
    pub content: u64,
}

impl Display for Slot {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{} in revision {}", self.content, self.revision)
    }
}

/// A request about a slot; it is told what is in it now.
pub type SlotAsked = Asked<SlotCall, Slot>;

/// A step in a slot's life: the revision that it expected, if it was a save, and what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotStep {
    /// Nothing for a read.
    pub expected: Option<u64>,
    /// What is in the slot.
    pub told: Slot,
}

impl Thing for Slot {
    type State = Slot;
    type Step = SlotStep;

    fn after(state: &Slot, step: &SlotStep) -> Option<Slot> {
        match step.expected {
            None => (step.told == *state).then_some(*state),
            Some(expected) => (state.revision == expected && step.told.revision > expected).then_some(step.told),
        }
    }
}

const RULE: &str = "each save slot's history is linearizable";
const LOST: &str = "no acknowledged save is lost";
const ONCE: &str = "a player's revision is one save";
const REASON: &str = "nobody is refused without a reason";

/// Looks at one slot after the other; `finally` is what is in them at the end.
///
/// A save without an answer took effect if somebody has seen its content, between its beginning and the end of that
/// read; for a save without an answer that nobody saw, there is nothing to explain. One that was refused for its
/// revision has seen that the slot held another one, which any of the others shows better.
pub fn check(history: &[SlotAsked], finally: &BTreeMap<String, Slot>) -> Vec<Violation> {
    let mut slots: BTreeMap<&str, Vec<&SlotAsked>> = BTreeMap::new();
    for asked in history {
        slots.entry(asked.call.slot()).or_default().push(asked);
    }
    let per_slot = slots.iter().flat_map(|(slot, history)| {
        let order = check_slot(slot, history, finally.get(*slot).copied());
        order.into_iter().chain(check_refusals(history))
    });
    per_slot.chain(check_revisions(history)).collect()
}

/// Revisions grow over all slots of a player, so that one stands for one save.
fn check_revisions(history: &[SlotAsked]) -> Option<Violation> {
    let mut given: HashMap<(&str, u64), (&str, u64, &SlotAsked)> = HashMap::new();
    for asked in history {
        let Some(told) = asked.told.done().filter(|told| told.revision > 0) else { continue };
        let (player, slot) = asked.call.slot().rsplit_once('/').unwrap_or_default();
        let (other_slot, other_content, other) =
            *given.entry((player, told.revision)).or_insert((slot, told.content, asked));
        if (other_slot, other_content) != (slot, told.content) {
            let what = format!("two have revision {}", told.revision);
            return Some(Violation::new(ONCE, what).shown_by([other, asked]));
        }
    }
    None
}

/// A save is refused only because another one came first, over the same revision: whatever leads away from a revision
/// begins with such a one. It need not have been answered, nor be on disk: the node may have known it and been killed.
/// Nobody who looks is refused.
fn check_refusals(history: &[&SlotAsked]) -> Option<Violation> {
    let came_first = |refused: &SlotAsked, over: u64| {
        history.iter().any(|other| {
            let is_over = matches!(other.call, SlotCall::Save { expected, .. } if expected == over);
            is_over && !matches!(other.told, Told::Refused(_)) && other.begun <= refused.ended
        })
    };
    let is_wrong = |asked: &&&SlotAsked| match (&asked.call, &asked.told) {
        (SlotCall::Save { expected, .. }, Told::Refused(reason)) => {
            !reason.starts_with("Conflict") || !came_first(asked, *expected)
        }
        (SlotCall::Read { .. }, Told::Refused(_)) => true,
        _ => false,
    };
    let wrong = history.iter().find(is_wrong)?;
    Some(Violation::new(REASON, "this was refused, and no other save explains it").shown_by([wrong]))
}

fn check_slot(slot: &str, history: &[&SlotAsked], finally: Option<Slot>) -> Option<Violation> {
    let finally = finally.unwrap_or_default();
    let mut seen: BTreeMap<u64, Slot> = BTreeMap::from([(finally.content, finally)]);
    for asked in history {
        if let Told::Done(told) = &asked.told {
            seen.insert(told.content, *told);
        }
    }
    let mut moves: Vec<Move<Slot>> = Vec::new();
    for asked in history {
        let (expected, told) = match (&asked.call, &asked.told) {
            (SlotCall::Save { expected, .. }, Told::Done(told)) => (Some(*expected), *told),
            (SlotCall::Save { expected, content, .. }, Told::Nothing) => match seen.get(content) {
                Some(told) => (Some(*expected), *told),
                None => continue,
            },
            (SlotCall::Read { .. }, Told::Done(told)) => (None, *told),
            _ => continue,
        };
        if let (SlotCall::Save { content, .. }, Told::Done(_)) = (&asked.call, &asked.told)
            && told.content != *content
        {
            let what = format!("slot {slot} acknowledged another content");
            return Some(Violation::new(LOST, what).shown_by([asked]));
        }
        moves.push(Move {
            begun: asked.begun,
            ended: if asked.told.done().is_some() { asked.ended } else { NEVER },
            version: told.revision,
            made: expected.is_some().then_some(told),
            step: SlotStep { expected, told },
            text: asked.to_string(),
        });
    }
    // The last look, which nothing overlaps but what was never answered.
    let times = moves.iter().flat_map(|one| [one.begun, one.ended]);
    let end = times.filter(|time| *time != NEVER).max().unwrap_or(0) + 1;
    moves.push(Move {
        begun: end,
        ended: end,
        version: finally.revision,
        made: None,
        step: SlotStep { expected: None, told: finally },
        text: format!("at the end: {finally}"),
    });
    let shown = shortest_contradiction(&Slot::default(), &moves)?;
    let what = format!("the requests about slot {slot} have no order");
    Some(Violation::new(RULE, what).shown_by(shown.into_iter().map(|one| one.text)))
}
