//! A world in its author's library: its life, its title, and how many an author may have.

use module_rules::{RuleError, TextRule, check_limit};

/// Longest title in the library, in bytes.
pub const WORLD_TITLE_LENGTH_MAX: usize = 120;
/// Longest line below the title, in bytes.
pub const WORLD_TAGLINE_LENGTH_MAX: usize = 240;
/// Most worlds in one library, archived ones included.
pub const WORLDS_PER_AUTHOR_MAX: u64 = 200;

const TITLE: TextRule = TextRule::prose("title", "The length of `title` in bytes", WORLD_TITLE_LENGTH_MAX);
const TAGLINE: TextRule = TextRule::prose("tagline", "The length of `tagline` in bytes", WORLD_TAGLINE_LENGTH_MAX);

/// How far a world has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorldStatus {
    /// Never published.
    Draft,
    /// In the gallery; anybody may begin a story in it.
    Published,
    /// Taken back: nobody begins a story in it, those who have begun one go on.
    Unpublished,
    /// Put away in its author's library.
    Archived,
}

impl WorldStatus {
    /// Every state, in the order of a life.
    pub const ALL: [WorldStatus; 4] =
        [WorldStatus::Draft, WorldStatus::Published, WorldStatus::Unpublished, WorldStatus::Archived];

    /// The state's name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            WorldStatus::Draft => "draft",
            WorldStatus::Published => "published",
            WorldStatus::Unpublished => "unpublished",
            WorldStatus::Archived => "archived",
        }
    }

    /// Where a world comes out of the archive: as it was before it went in.
    pub const fn restored(current_version: u32) -> WorldStatus {
        if current_version == 0 { WorldStatus::Draft } else { WorldStatus::Unpublished }
    }
}

/// What a legal transition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorldStep {
    /// The world is already there.
    Already,
    /// The world moves.
    Moved,
}

/// Decides the step from one state to another.
///
/// Errors: [`RuleError::IllegalTransition`], with what to do instead.
pub fn world_transition(from: WorldStatus, to: WorldStatus) -> Result<WorldStep, RuleError> {
    use WorldStatus::{Archived, Draft, Published, Unpublished};
    match (from, to) {
        (Draft, Draft) | (Published, Published) | (Unpublished, Unpublished) | (Archived, Archived) => {
            Ok(WorldStep::Already)
        }
        (Draft | Unpublished, Published | Archived) | (Published, Unpublished) | (Archived, Draft | Unpublished) => {
            Ok(WorldStep::Moved)
        }
        (Published, Archived) => Err(illegal(from, to, " Unpublish it first.")),
        (Archived, Published) => Err(illegal(from, to, " Restore it first.")),
        (Draft, Unpublished) | (Published | Unpublished, Draft) => Err(illegal(from, to, "")),
    }
}

/// Where a world goes that is taken out of the archive.
///
/// Errors: `IllegalTransition` if it is not in there.
pub fn restore_world(status: WorldStatus, current_version: u32) -> Result<WorldStatus, RuleError> {
    if status == WorldStatus::Archived {
        return Ok(WorldStatus::restored(current_version));
    }
    let advice = " Only an archived world is restored.";
    Err(RuleError::IllegalTransition { what: "A world", from: status.name(), to: "restored", advice })
}

/// Decides the step of taking a world out of the gallery.
///
/// Errors: `IllegalTransition` for a draft, and for an archived world, which leaves the archive
/// only by being restored.
pub fn unpublish_world(status: WorldStatus) -> Result<WorldStep, RuleError> {
    match status {
        WorldStatus::Archived => Err(illegal(status, WorldStatus::Unpublished, " Restore it instead.")),
        _ => world_transition(status, WorldStatus::Unpublished),
    }
}

const fn illegal(from: WorldStatus, to: WorldStatus, advice: &'static str) -> RuleError {
    RuleError::IllegalTransition { what: "A world", from: from.name(), to: to.name(), advice }
}

/// Whether a world in this state, with this many versions, may be removed for good.
///
/// Errors: `IllegalTransition` if it was ever published: players may have begun it.
pub fn check_world_deletable(status: WorldStatus, current_version: u32) -> Result<(), RuleError> {
    if current_version == 0 {
        return Ok(());
    }
    let advice = " Players may have begun it: archive it instead.";
    Err(RuleError::IllegalTransition { what: "A world", from: status.name(), to: "deleted", advice })
}

/// Errors: `AboveLimit`, `Malformed`.
pub fn check_world_title(title: &str) -> Result<(), RuleError> {
    TITLE.check(title)
}

/// A tagline may be empty.
///
/// Errors: `AboveLimit`, `Malformed`.
pub fn check_world_tagline(tagline: &str) -> Result<(), RuleError> {
    TAGLINE.check_optional(tagline)
}

/// Errors: `AboveLimit` if an author who has `present` worlds may not have another.
pub fn check_world_count(present: u64) -> Result<(), RuleError> {
    check_limit("The number of worlds in a library", WORLDS_PER_AUTHOR_MAX, present.saturating_add(1))
}
