//! Rules of the eat-or-be-eaten game, its creation and its runs.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own.
//!
//! - Creation: [`Stage`] of a session, its [`ladder`](check_ladder) of species, the asset
//!   [`slots`] that the ladder opens, and the [`GameStatus`] of what was published.
//! - Play: the [`RunStatus`] of a run and its times, and [`tick`], which turns the waters, the
//!   player's heading and the seed into the waters a tick later. Integers only, in milli-units.

mod game;
mod heading;
mod ladder;
mod random;
mod run;
mod session;
mod slots;
mod stage;
mod tick;
mod waters;

pub use game::{
    GAMES_PER_AUTHOR_MAX, GameStatus, VERSIONS_PER_GAME_MAX, check_game_count, check_startable, check_version_readable,
    next_version_number, plays_shown, transition_game,
};
pub use heading::{COURSES, Heading};
pub use ladder::{
    LEVEL_DESCRIPTION_LENGTH_MAX, LEVELS_MAX, LEVELS_MIN, Level, SIZE_MILLI_MAX, SIZE_MILLI_MIN,
    SPECIES_KEY_LENGTH_MAX, SPECIES_NAME_LENGTH_MAX, SPEED_MILLI_MAX, SPEED_MILLI_MIN, check_ladder,
};
pub use run::{
    ABSENCE_MICROS, ACTIVE_RUNS_MAX, RUNS_KEPT_MAX, RunStatus, STEERING_NOTED_MICROS, TICK_MICROS, check_active_runs,
    check_running, is_absent, is_steering_noted, next_due, runs_to_forget, transition_run,
};
pub use session::{
    AGENT_MESSAGE_LENGTH_MAX, AUTHOR_MESSAGE_LENGTH_MAX, DESCRIPTION_LENGTH_MAX, MESSAGES_PER_SESSION_MAX,
    SESSIONS_PER_AUTHOR_MAX, TITLE_LENGTH_MAX, check_agent_message, check_author_message, check_description,
    check_message_count, check_own, check_proposal, check_revision, check_session_count,
};
pub use slots::{
    BACKGROUND_SLOT, ENTITY_KIND, Slot, VERSION_ENTITY_KIND, check_all_filled, check_shown_policy, check_slot,
    dropped_slots, movement_slot, picture_slot, slots,
};
pub use stage::{Stage, Step, Work, check_allows, check_movable, transition};
pub use tick::{Outcome, first_waters, tick};
pub use waters::{
    Body, FISH_MAX, FOOD_PER_RECRUIT, Fish, HEIGHT_MILLI, RUN_TICKS_MAX, SCHOOL_MAX, Side, WIDTH_MILLI, WILD_MAX,
    Waters,
};
