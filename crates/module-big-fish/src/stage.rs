//! The stages of a creation session.

use module_rules::{RuleError, check_same};

/// How far the creation of a game has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Author and agent talk; there is no ladder yet.
    Briefing,
    /// The ladder is being written.
    Ladder,
    /// The ladder is settled; its slots are being filled.
    Assets,
    /// Every required slot is filled; the author looks it over.
    Review,
    /// The game is in the gallery.
    Published,
}

impl Stage {
    /// Every stage, in the order of a creation.
    pub const ALL: [Stage; 5] = [Stage::Briefing, Stage::Ladder, Stage::Assets, Stage::Review, Stage::Published];

    /// The stage's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Briefing => "briefing",
            Stage::Ladder => "ladder",
            Stage::Assets => "assets",
            Stage::Review => "review",
            Stage::Published => "published",
        }
    }
}

/// What a legal transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is already there: a repeated request, to be answered like the first.
    Already,
    /// It moves.
    Moved,
}

/// What an author does with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Change the title and the description.
    Describe,
    /// Write the ladder, or accept one that the agent proposes.
    WriteLadder,
    /// Fill and empty slots.
    FillSlots,
    /// Publish.
    Publish,
}

/// Decides the step from one stage to another: one at a time forwards, and back to any stage of
/// work. A published game's next version begins with a step back.
///
/// Errors: [`RuleError::IllegalTransition`].
pub fn transition(from: Stage, to: Stage) -> Result<Step, RuleError> {
    use Stage::{Assets, Briefing, Ladder, Published, Review};
    match (from, to) {
        (Briefing, Briefing) | (Ladder, Ladder) | (Assets, Assets) | (Review, Review) | (Published, Published) => {
            Ok(Step::Already)
        }
        (Briefing, Ladder) | (Ladder, Assets) | (Assets, Review) | (Review, Published) => Ok(Step::Moved),
        (Assets | Review | Published, Ladder) | (Review | Published, Assets) => Ok(Step::Moved),
        (Ladder | Assets | Review | Published, Briefing)
        | (Briefing, Assets | Review | Published)
        | (Ladder, Review | Published)
        | (Assets, Published)
        | (Published, Review) => Err(illegal(from, to, "")),
    }
}

/// Decides a step that an author asks for by name. Only publishing leads to `Published`.
///
/// Errors: [`RuleError::IllegalTransition`].
pub fn check_movable(from: Stage, to: Stage) -> Result<Step, RuleError> {
    match transition(from, to)? {
        Step::Moved if to == Stage::Published => Err(illegal(from, to, " Publish the game instead.")),
        step => Ok(step),
    }
}

/// Errors: `Differs` if the stage has no room for this work.
pub fn check_allows(stage: Stage, work: Work) -> Result<(), RuleError> {
    let (allowed, expected) = match work {
        Work::Describe => {
            (matches!(stage, Stage::Briefing | Stage::Ladder | Stage::Assets), "briefing, ladder or assets")
        }
        Work::WriteLadder => (matches!(stage, Stage::Briefing | Stage::Ladder), "briefing or ladder"),
        Work::FillSlots => (stage == Stage::Assets, "assets"),
        Work::Publish => (stage == Stage::Review, "review"),
    };
    let actual = stage.name();
    check_same("The stage of the session", if allowed { actual } else { expected }, actual)
}

const fn illegal(from: Stage, to: Stage, advice: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A session", from: from.name(), to: to.name(), advice }
}
