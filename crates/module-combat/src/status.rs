//! The life of a battle: active, then won, lost or fled from.

use module_rules::RuleError;

/// How many battles of one story are kept; when another begins, the oldest is forgotten. Who was
/// defeated stays known.
pub const BATTLES_KEPT_PER_STORY: usize = 20;

/// How a battle stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It goes on.
    Active,
    /// The enemy has fallen.
    Victory,
    /// The player has fallen.
    Defeat,
    /// The player got away, or nobody won within the most rounds.
    Fled,
}

impl Status {
    /// Every state.
    pub const ALL: [Status; 4] = [Status::Active, Status::Victory, Status::Defeat, Status::Fled];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Victory => "won",
            Status::Defeat => "lost",
            Status::Fled => "fled",
        }
    }
}

/// What a legal transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The battle stays as it is.
    Already,
    /// The battle ends.
    Ended,
}

/// Decides the step from one state to another. What has ended stays as it ended.
///
/// Errors: [`RuleError::IllegalTransition`].
pub fn transition(from: Status, to: Status) -> Result<Step, RuleError> {
    use Status::{Active, Defeat, Fled, Victory};
    match (from, to) {
        (Active, Active) | (Victory, Victory) | (Defeat, Defeat) | (Fled, Fled) => Ok(Step::Already),
        (Active, Victory | Defeat | Fled) => Ok(Step::Ended),
        (Victory | Defeat | Fled, _) => Err(illegal(from.name(), to.name())),
    }
}

/// What to do with a request for a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Play the round.
    Play,
    /// It repeats the last request: answer with what came of that.
    Repeats,
}

/// Decides about a request for round `asked` when `next` is the one to be played, from 1.
/// `same_action` says whether it asks for the action of the last round that was played.
///
/// Errors: `IllegalTransition` if the battle is over; `Differs` for another round.
pub fn check_request(status: Status, next: u32, asked: u32, same_action: bool) -> Result<Request, RuleError> {
    if same_action && asked.checked_add(1) == Some(next) {
        return Ok(Request::Repeats);
    }
    if status != Status::Active {
        return Err(illegal(status.name(), "continued"));
    }
    if asked != next {
        return Err(RuleError::Differs {
            what: "The round to play",
            expected: next.to_string(),
            actual: asked.to_string(),
        });
    }
    Ok(Request::Play)
}

const fn illegal(from: &'static str, to: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A battle", from, to, advice: " Start another one." }
}
