//! The asset slots that a ladder opens, and what must be in them.

use module_rules::{RuleError, check_same};

/// The kind of entity whose slots a session's assets fill; its id is the session's.
pub const ENTITY_KIND: &str = "big_fish";
/// The kind of entity whose slots keep a published version's assets; its id is the version's.
pub const VERSION_ENTITY_KIND: &str = "big_fish_version";
/// The one slot that belongs to no species, and may stay empty.
pub const BACKGROUND_SLOT: &str = "background";

/// One place for an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The slot's name, unique within a game.
    pub name: String,
    /// Whether a game without it cannot be published.
    pub is_required: bool,
}

/// The slot of a species' picture.
pub fn picture_slot(species_key: &str) -> String {
    format!("picture_{species_key}")
}

/// The slot of a species' movement: a sprite sheet or an animation.
pub fn movement_slot(species_key: &str) -> String {
    format!("movement_{species_key}")
}

/// Every slot of a ladder, given the keys of its species: picture and movement level by level,
/// then the background.
pub fn slots<'a>(species_keys: impl IntoIterator<Item = &'a str>) -> Vec<Slot> {
    let mut slots = Vec::new();
    for key in species_keys {
        slots.push(Slot { name: picture_slot(key), is_required: true });
        slots.push(Slot { name: movement_slot(key), is_required: true });
    }
    slots.push(Slot { name: BACKGROUND_SLOT.to_owned(), is_required: false });
    slots
}

/// Errors: `Malformed` if the ladder has no such slot.
pub fn check_slot(slots: &[Slot], name: &str) -> Result<(), RuleError> {
    match slots.iter().any(|slot| slot.name == name) {
        true => Ok(()),
        false => Err(RuleError::Malformed { field: "slot", rule: "use a slot of the session's ladder" }),
    }
}

/// The names of the slots that another ladder takes away.
pub fn dropped_slots(before: &[Slot], after: &[Slot]) -> Vec<String> {
    let dropped = before.iter().filter(|slot| !after.contains(slot));
    dropped.map(|slot| slot.name.clone()).collect()
}

/// Errors: `Differs`, naming the required slots that are empty.
pub fn check_all_filled(empty: &[String]) -> Result<(), RuleError> {
    if empty.is_empty() {
        return Ok(());
    }
    let (expected, actual) = ("filled".to_owned(), format!("empty: {}", empty.join(", ")));
    Err(RuleError::Differs { what: "The required slots", expected, actual })
}

/// Errors: `Differs` unless everybody may see an asset under this policy.
pub fn check_shown_policy(access_policy: &str) -> Result<(), RuleError> {
    check_same("The access policy of a game's asset", "public", access_policy)
}
