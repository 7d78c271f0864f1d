//! The life of a quest: available, accepted, completed, turned in; or abandoned on the way.

use module_rules::RuleError;

/// How far a quest has come in one story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nobody has accepted it.
    Available,
    /// It is being done.
    Accepted,
    /// Everything that it asks for is done; the reward waits.
    Completed,
    /// The reward has been given.
    TurnedIn,
    /// Given up; it may be accepted again.
    Abandoned,
}

impl Status {
    /// Every state, in the order of a life.
    pub const ALL: [Status; 5] =
        [Status::Available, Status::Accepted, Status::Completed, Status::TurnedIn, Status::Abandoned];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Available => "available",
            Status::Accepted => "accepted",
            Status::Completed => "completed",
            Status::TurnedIn => "turned_in",
            Status::Abandoned => "abandoned",
        }
    }

    /// Whether the quest counts as one that is being done.
    pub const fn is_active(self) -> bool {
        matches!(self, Status::Accepted | Status::Completed)
    }
}

/// What a legal transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The quest is already there, or past it: a repeated request, to be answered like the first.
    Already,
    /// The quest moves.
    Moved,
}

/// Decides the step from one state to another. The step into `TurnedIn`, which carries the
/// reward, is taken at most once in a life.
///
/// Errors: [`RuleError::IllegalTransition`] with advice.
pub const fn transition(from: Status, to: Status) -> Result<Step, RuleError> {
    use Status::{Abandoned, Accepted, Available, Completed, TurnedIn};
    match (from, to) {
        // Accepting a quest whose objectives happen to be done completes it at once; the
        // repeated request finds it completed.
        (Available, Available) | (Accepted | Completed, Accepted) | (Completed, Completed) => Ok(Step::Already),
        (TurnedIn, TurnedIn) | (Abandoned, Abandoned) => Ok(Step::Already),
        (Available | Abandoned, Accepted) | (Accepted, Completed) | (Completed, TurnedIn) => Ok(Step::Moved),
        (Accepted | Completed, Abandoned) => Ok(Step::Moved),
        (Available | Abandoned, Completed | TurnedIn) | (Available, Abandoned) => {
            Err(illegal(from, to, " Accept it first."))
        }
        (Accepted, TurnedIn) => Err(illegal(from, to, " Complete its objectives first.")),
        (TurnedIn, _) => Err(illegal(from, to, " Its reward has been given.")),
        (_, Available) => Err(illegal(from, to, "")),
    }
}

const fn illegal(from: Status, to: Status, advice: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A quest", from: from.name(), to: to.name(), advice }
}
