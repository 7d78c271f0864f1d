//! Published games: their versions, who may see and start them, and how their plays are shown.

use module_rules::{RuleError, check_limit, check_same};

use crate::Step;

/// Most games of one author.
pub const GAMES_PER_AUTHOR_MAX: u64 = 100;
/// Most versions of one game.
pub const VERSIONS_PER_GAME_MAX: u64 = 100;
/// Whether a game is in the gallery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GameStatus {
    /// Everybody may start it.
    Published,
    /// Nobody may; runs that have begun go on.
    Unpublished,
}

impl GameStatus {
    /// Every status.
    pub const ALL: [GameStatus; 2] = [GameStatus::Published, GameStatus::Unpublished];

    /// The status' name, as it appears in errors.
    pub const fn name(self) -> &'static str {
        match self {
            GameStatus::Published => "published",
            GameStatus::Unpublished => "unpublished",
        }
    }
}

/// Decides the step from one status to another. Every step is legal; publishing a published game
/// is what a new version does.
///
/// Errors: none.
pub fn transition_game(from: GameStatus, to: GameStatus) -> Result<Step, RuleError> {
    use GameStatus::{Published, Unpublished};
    match (from, to) {
        (Published, Published) | (Unpublished, Unpublished) => Ok(Step::Already),
        (Published, Unpublished) | (Unpublished, Published) => Ok(Step::Moved),
    }
}

/// Errors: `AboveLimit` if an author of `count` games may not publish another.
pub fn check_game_count(count: u64) -> Result<(), RuleError> {
    check_limit("The number of your games", GAMES_PER_AUTHOR_MAX, count.saturating_add(1))
}

/// The number of the version after `latest`, which is 0 if there is none.
///
/// Errors: `AboveLimit` if the game may not have another.
pub fn next_version_number(latest: u32) -> Result<u32, RuleError> {
    let next = latest.saturating_add(1);
    check_limit("The number of versions of a game", VERSIONS_PER_GAME_MAX, u64::from(next))?;
    Ok(next)
}

/// Decides whether `player` may begin a run of a game of `author`.
///
/// Errors: unless it is published, `Hidden` for everybody else, `Differs` for its author.
pub fn check_startable<P: PartialEq>(status: GameStatus, author: &P, player: &P) -> Result<(), RuleError> {
    if status != GameStatus::Published && author != player {
        return Err(RuleError::Hidden { what: "game" });
    }
    check_same("The status of a game to start", GameStatus::Published.name(), status.name())
}

/// Decides whether `player` may read a version of a game of `author`.
///
/// `on_show` is the version that the gallery shows, if the game is published; `began` says
/// whether the player has a run of the version in question.
/// Errors: `Hidden`.
pub fn check_version_readable<P: PartialEq, V: PartialEq>(
    version: V,
    on_show: Option<V>,
    author: &P,
    player: &P,
    began: impl FnOnce() -> bool,
) -> Result<(), RuleError> {
    if author == player || on_show == Some(version) || began() {
        return Ok(());
    }
    Err(RuleError::Hidden { what: "version of a game" })
}

/// The number of plays that the gallery shows for `plays`: its highest 1, 2 or 5 times a power of
/// ten. A row that everybody watches changes rarely this way, however often a game is played.
pub fn plays_shown(plays: u64) -> u64 {
    let mut shown = 0;
    let mut power: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            match power.checked_mul(factor) {
                Some(step) if step <= plays => shown = step,
                Some(_) | None => return shown,
            }
        }
        match power.checked_mul(10) {
            Some(next) => power = next,
            None => return shown,
        }
    }
}
