//! Two devices, one save: a device may only replace what it has seen.

use module_rules::{RuleError, check_same};

/// The save in a slot, as far as its replacement is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotState {
    /// Its revision.
    pub revision: u64,
    /// The revision that it replaced; 0 if the slot was empty.
    pub replaced_revision: u64,
}

/// What an admitted save does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveStep {
    /// It is there already: a repeated request, to be answered like the first.
    Already,
    /// It is written.
    Write,
}

/// Decides about a save by a device that has seen the revision `seen`, 0 for an empty slot.
///
/// `is_same` says whether the save is, byte for byte, the `present` one. A device that lost the
/// answer to its save sends it again, and gets that answer instead of a conflict with itself.
/// Errors: `Differs` if the device has not seen what it would replace.
pub fn decide_save(present: Option<SlotState>, seen: u64, is_same: bool) -> Result<SaveStep, RuleError> {
    if is_same && present.is_some_and(|slot| slot.replaced_revision == seen) {
        return Ok(SaveStep::Already);
    }
    check_revision(present.map_or(0, |slot| slot.revision), seen)?;
    Ok(SaveStep::Write)
}

/// Errors: `Differs` unless the device has `seen` the revision `on_record`.
pub fn check_revision(on_record: u64, seen: u64) -> Result<(), RuleError> {
    check_same("The revision that this device has seen", &on_record.to_string(), &seen.to_string())
}

/// The revision after `last`, the highest that the player ever had in any slot.
///
/// Numbering over all slots gives no number twice. A number per slot would start anew after the
/// slot is emptied, and then a device could replace a save that it has never seen.
/// Errors: `AboveLimit` if there is none.
pub fn next_revision(last: u64) -> Result<u64, RuleError> {
    let what = "The revision of a save";
    last.checked_add(1).ok_or(RuleError::AboveLimit { what, limit: u64::MAX, actual: u64::MAX })
}
