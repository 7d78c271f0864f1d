//! Events: what they may say, in which order they come, how many there may be.

use module_rules::{RuleError, TextRule, check_limit, check_same};

/// Longest text of an event, in bytes.
pub const EVENT_TEXT_LENGTH_MAX: usize = 8_000;
/// Longest words of the player, in bytes.
pub const PLAYER_INPUT_LENGTH_MAX: usize = 2_000;
/// Most events of one story, those that it shares with others included.
pub const EVENTS_PER_STORY_MAX: u32 = 5_000;
/// Most stories of one player that go on at the same time.
pub const ACTIVE_STORIES_MAX: u64 = 50;
/// Most events that one call lists.
pub const EVENTS_LISTED_MAX: u32 = 200;

const TEXT: TextRule = TextRule::prose("text", "The length of `text` in bytes", EVENT_TEXT_LENGTH_MAX);
const PLAYER_INPUT: TextRule =
    TextRule::prose("player_input", "The length of `player_input` in bytes", PLAYER_INPUT_LENGTH_MAX);
const CHAPTER_KEY: TextRule = TextRule::key("chapter_key", "The length of `chapter_key` in bytes", 64);

/// What comes next in a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Continuation<'a> {
    /// What the player does or says; may be empty.
    pub player_input: &'a str,
    /// What happens; may be empty.
    pub text: &'a str,
    /// The chapter that is entered, if one is.
    pub chapter_key: Option<&'a str>,
}

impl Continuation<'_> {
    /// Errors: `AboveLimit` or `Malformed`, naming the argument; `Malformed` if nothing happens.
    pub fn check(&self) -> Result<(), RuleError> {
        PLAYER_INPUT.check_optional(self.player_input)?;
        TEXT.check_optional(self.text)?;
        if let Some(key) = self.chapter_key {
            CHAPTER_KEY.check(key)?;
        }
        if self.player_input.is_empty() && self.text.is_empty() && self.chapter_key.is_none() {
            let rule = "say what happens, what the player does, or which chapter is entered";
            return Err(RuleError::Malformed { field: "text", rule });
        }
        Ok(())
    }
}

/// Errors: `AboveLimit` or `Malformed`. The closing words of a story may be left out.
pub fn check_text(text: &str) -> Result<(), RuleError> {
    TEXT.check_optional(text)
}

/// Holds the number that the caller expects its event to get against the one that is next.
///
/// Errors: `Differs` if the story has moved on, or never came that far.
pub fn check_event_number(next: u32, expected: u32) -> Result<(), RuleError> {
    check_same("The number of the next event", &next.to_string(), &expected.to_string())
}

/// Errors: `AboveLimit` if a story whose next event is `next` may only be ended now.
pub fn check_event_room(next: u32) -> Result<(), RuleError> {
    // The last number is kept free, so that a full story can still end.
    let limit = EVENTS_PER_STORY_MAX - 1;
    check_limit("The number of a story's events before its end", u64::from(limit), u64::from(next))
}

/// Errors: `AboveLimit` if not even an end has room.
pub fn check_final_room(next: u32) -> Result<(), RuleError> {
    check_limit("The number of a story's events", u64::from(EVENTS_PER_STORY_MAX), u64::from(next))
}

/// Whether something that happened elsewhere, such as a battle won, can still be told. When
/// it cannot, it has happened all the same.
pub fn has_notice_room(next: u32) -> bool {
    check_event_room(next).is_ok()
}

/// Errors: `AboveLimit` if a player with `active` stories may not begin another.
pub fn check_active_stories(active: u64) -> Result<(), RuleError> {
    check_limit("The number of a player's active stories", ACTIVE_STORIES_MAX, active.saturating_add(1))
}

/// Errors: `Insufficient` if the player's `level` is below what the chapter requires.
pub fn check_chapter_level(required: u32, level: u32) -> Result<(), RuleError> {
    if level < required {
        let (needed, available) = (u64::from(required), u64::from(level));
        return Err(RuleError::Insufficient { what: "levels", needed, available });
    }
    Ok(())
}

/// Errors: `Malformed` or `AboveLimit` unless 1 ≤ `from_number` and 1 ≤ `limit` ≤ [`EVENTS_LISTED_MAX`].
pub fn check_listing(from_number: u32, limit: u32) -> Result<(), RuleError> {
    if from_number == 0 {
        return Err(RuleError::Malformed { field: "from_number", rule: "events are numbered from 1" });
    }
    if limit == 0 {
        return Err(RuleError::Malformed { field: "limit", rule: "ask for at least one event" });
    }
    check_limit("The number of events in one call", u64::from(EVENTS_LISTED_MAX), u64::from(limit))
}
