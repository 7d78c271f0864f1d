//! The life of an asset object: pending, confirmed, deleted.

use crate::AssetError;
use crate::content::check_same;

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
/// Errors: [`AssetError::IllegalTransition`] for a step back.
pub fn transition(from: Status, to: Status) -> Result<Step, AssetError> {
    use Status::{Confirmed, Deleted, Pending};
    match (from, to) {
        (Pending, Pending) | (Confirmed, Confirmed) | (Deleted, Deleted) => Ok(Step::Already),
        (Pending, Confirmed) | (Pending | Confirmed, Deleted) => Ok(Step::Moved),
        (Confirmed | Deleted, Pending) | (Deleted, Confirmed) => {
            Err(AssetError::IllegalTransition { from: from.name(), to: to.name() })
        }
    }
}

/// Errors: `Differs` unless the asset is deleted, so that its row may be dropped.
pub fn check_forgettable(status: Status) -> Result<(), AssetError> {
    check_is("The status of an asset to forget", Status::Deleted, status)
}

/// Errors: `Differs` unless the asset is confirmed; nobody has vouched for any other.
pub fn check_bindable(status: Status) -> Result<(), AssetError> {
    check_is("The status of an asset to bind", Status::Confirmed, status)
}

fn check_is(what: &'static str, expected: Status, actual: Status) -> Result<(), AssetError> {
    check_same(what, expected.name(), actual.name())
}
