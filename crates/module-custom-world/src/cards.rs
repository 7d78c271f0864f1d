//! Draft cards: revisions, and what may take the place of what.

use module_rules::{RuleError, check_same};

use crate::EntryKind;

/// Holds the revision that a change is based on against the one on record, so that two devices
/// cannot silently overwrite each other.
///
/// Errors: `Differs`.
pub fn check_revision(on_record: u64, based_on: u64) -> Result<(), RuleError> {
    check_same("`revision`", &on_record.to_string(), &based_on.to_string())
}

/// Errors: `Differs` if a card of one kind is to get an entry of another.
pub fn check_same_kind(present: EntryKind, entry: EntryKind) -> Result<(), RuleError> {
    check_same("The kind of the card's entry", present.name(), entry.name())
}

/// What a change does to the entry under one kind and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// Makes a card where there is none.
    Add,
    /// Gives a card another entry.
    Replace,
    /// Takes a card away.
    Remove,
}

impl ChangeKind {
    /// Every kind of change.
    pub const ALL: [ChangeKind; 3] = [ChangeKind::Add, ChangeKind::Replace, ChangeKind::Remove];
}

/// Whether there is a card under a kind and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// There is none.
    Free,
    /// There is one.
    Taken,
}

/// Decides whether this can be done to a place.
///
/// Errors: `Differs` if something is to be added where a card is; `Hidden` if there is no card
/// to replace or remove.
pub fn check_place(change: ChangeKind, place: Place) -> Result<(), RuleError> {
    match (change, place) {
        (ChangeKind::Add, Place::Free) | (ChangeKind::Replace | ChangeKind::Remove, Place::Taken) => Ok(()),
        (ChangeKind::Add, Place::Taken) => {
            check_same("The place of a card to add", "free", "taken by a card of this kind and key")
        }
        (ChangeKind::Replace | ChangeKind::Remove, Place::Free) => Err(RuleError::Hidden { what: "draft card" }),
    }
}
