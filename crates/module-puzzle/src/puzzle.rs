//! The life of a puzzle, from draft to gallery and back.

use module_rules::{RuleError, TextRule, check_limit, check_same};

use crate::Step;

/// Kind of a puzzle as an entity with asset slots.
pub const ENTITY_KIND: &str = "puzzle";
/// The slot that a puzzle's picture fills.
pub const PICTURE_SLOT: &str = "picture";

/// Longest title, in bytes.
pub const TITLE_LENGTH_MAX: usize = 120;
/// Most puzzles of one author.
pub const PUZZLES_PER_AUTHOR_MAX: u64 = 100;
/// Most puzzles that one author ever publishes, deleted ones included: their places in the gallery stay, and a page or
/// the front page looks over so many places in a row that show nothing.
pub const PUBLICATIONS_PER_AUTHOR_MAX: u64 = 300;

const TITLE: TextRule = TextRule::prose("title", "The length of `title` in bytes", TITLE_LENGTH_MAX);

/// How far a puzzle has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PuzzleStatus {
    /// Only its author plays it.
    Draft,
    /// In the gallery; everybody plays it.
    Published,
    /// Out of the gallery again; runs that have begun go on.
    Withdrawn,
}

impl PuzzleStatus {
    /// Every state.
    pub const ALL: [PuzzleStatus; 3] = [PuzzleStatus::Draft, PuzzleStatus::Published, PuzzleStatus::Withdrawn];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            PuzzleStatus::Draft => "draft",
            PuzzleStatus::Published => "published",
            PuzzleStatus::Withdrawn => "withdrawn",
        }
    }
}

/// Decides the step of a puzzle from one state to another.
///
/// Errors: `IllegalTransition`.
pub fn transition_puzzle(from: PuzzleStatus, to: PuzzleStatus) -> Result<Step, RuleError> {
    use PuzzleStatus::{Draft, Published, Withdrawn};
    match (from, to) {
        (Draft, Draft) | (Published, Published) | (Withdrawn, Withdrawn) => Ok(Step::Already),
        (Draft | Withdrawn, Published) | (Published, Withdrawn) => Ok(Step::Moved),
        (Draft, Withdrawn) | (Published | Withdrawn, Draft) => {
            Err(RuleError::IllegalTransition { what: "A puzzle", from: from.name(), to: to.name(), advice: "" })
        }
    }
}

/// Where a puzzle goes when a Moderator holds it back: out of the gallery, if it is there.
///
/// Errors: `Hidden` for a draft, which nobody but its author plays.
pub fn held_status(status: PuzzleStatus) -> Result<PuzzleStatus, RuleError> {
    match status {
        PuzzleStatus::Draft => Err(RuleError::Hidden { what: "puzzle" }),
        PuzzleStatus::Published | PuzzleStatus::Withdrawn => Ok(PuzzleStatus::Withdrawn),
    }
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_title(title: &str) -> Result<(), RuleError> {
    TITLE.check(title)
}

/// Errors: `AboveLimit` if an author of `puzzles` may not make another.
pub fn check_puzzle_count(puzzles: u64) -> Result<(), RuleError> {
    check_limit("The number of an author's puzzles", PUZZLES_PER_AUTHOR_MAX, puzzles.saturating_add(1))
}

/// Errors: `AboveLimit` if an author who has published `published` puzzles, each for the first time, may not publish
/// another.
pub fn check_publication_count(published: u64) -> Result<(), RuleError> {
    let of = "The number of puzzles that an author has ever published";
    check_limit(of, PUBLICATIONS_PER_AUTHOR_MAX, published.saturating_add(1))
}

/// Errors: `Differs` unless the asset is a picture.
pub fn check_picture_type(content_type: &str) -> Result<(), RuleError> {
    if content_type.starts_with("image/") {
        return Ok(());
    }
    let (expected, actual) = ("image/…".to_owned(), content_type.to_owned());
    Err(RuleError::Differs { what: "The content type of a puzzle's asset", expected, actual })
}

/// Errors: `Differs` unless everybody may see the picture of a puzzle to publish.
pub fn check_publishable_picture(access_policy: &str) -> Result<(), RuleError> {
    check_same("The access policy of a published puzzle's asset", "public", access_policy)
}

/// Errors: `Differs` if the puzzle is in the gallery: it must be withdrawn first.
pub fn check_deletable(status: PuzzleStatus) -> Result<(), RuleError> {
    match status {
        PuzzleStatus::Draft | PuzzleStatus::Withdrawn => Ok(()),
        PuzzleStatus::Published => {
            let (expected, actual) = ("draft or withdrawn".to_owned(), status.name().to_owned());
            Err(RuleError::Differs { what: "The status of a puzzle to delete", expected, actual })
        }
    }
}
