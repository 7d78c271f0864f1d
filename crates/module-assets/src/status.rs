//! The life of an asset object: pending, confirmed, deleted.

use module_rules::{RuleError, check_same};

/// How far an asset object has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Announced; its bytes may still be on their way.
    Pending,
    /// The Service has seen the bytes and they are what was announced.
    Confirmed,
    /// Gone for players; its bytes wait to be removed from the object store.
    Deleted,
}

impl Status {
    /// Every state, in the order of a life.
    pub const ALL: [Status; 3] = [Status::Pending, Status::Confirmed, Status::Deleted];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Confirmed => "confirmed",
            Status::Deleted => "deleted",
        }
    }
}

/// What a legal transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The asset is already there: a repeated request, to be answered like the first.
    Already,
    /// The asset moves.
    Moved,
}

/// Decides the step from one state to another. A life goes forward only.
///
/// Errors: [`RuleError::IllegalTransition`] for a step back.
pub fn transition(from: Status, to: Status) -> Result<Step, RuleError> {
    use Status::{Confirmed, Deleted, Pending};
    match (from, to) {
        (Pending, Pending) | (Confirmed, Confirmed) | (Deleted, Deleted) => Ok(Step::Already),
        (Pending, Confirmed) | (Pending | Confirmed, Deleted) => Ok(Step::Moved),
        (Confirmed | Deleted, Pending) | (Deleted, Confirmed) => Err(illegal(from.name(), to.name())),
    }
}

/// The refusal of a step, or of one whose time is over.
pub const fn illegal(from: &'static str, to: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "An asset", from, to, advice: " Register a new one." }
}

/// Errors: `Differs` unless the asset is deleted, so that its row may be dropped.
pub fn check_forgettable(status: Status) -> Result<(), RuleError> {
    check_is("The status of an asset to forget", Status::Deleted, status)
}

/// Errors: `Differs` unless the asset is confirmed; nobody has vouched for any other.
pub fn check_bindable(status: Status) -> Result<(), RuleError> {
    check_is("The status of an asset to bind", Status::Confirmed, status)
}

fn check_is(what: &'static str, expected: Status, actual: Status) -> Result<(), RuleError> {
    check_same(what, expected.name(), actual.name())
}
