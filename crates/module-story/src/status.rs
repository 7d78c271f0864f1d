//! The life of a story: it goes on until it ends, and an ended one stays ended.

use module_rules::RuleError;

/// How far a story has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It goes on.
    Active,
    /// It is over.
    Ended,
}

impl Status {
    /// Every state, in the order of a life.
    pub const ALL: [Status; 2] = [Status::Active, Status::Ended];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Ended => "ended",
        }
    }
}

/// What a legal transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The story stays in its state.
    Already,
    /// The story moves.
    Moved,
}

/// Decides the step from one state to another.
///
/// Errors: [`RuleError::IllegalTransition`] for an ended story that is to go on.
pub const fn transition(from: Status, to: Status) -> Result<Step, RuleError> {
    match (from, to) {
        (Status::Active, Status::Active) | (Status::Ended, Status::Ended) => Ok(Step::Already),
        (Status::Active, Status::Ended) => Ok(Step::Moved),
        (Status::Ended, Status::Active) => Err(RuleError::IllegalTransition {
            what: "A story",
            from: from.name(),
            to: "continued",
            advice: " Begin a new one, or branch from one of its events.",
        }),
    }
}
