//! Story rules: sessions, the order of events, branches.
//!
//! Pure: no engine, no clock, no storage, no randomness of its own. Events are numbered from 1
//! without gaps. A branch shares the first events of another story instead of copying them.

mod branch;
mod event;
mod status;
mod window;

pub use branch::{BRANCH_DEPTH_MAX, Link, Stretch, check_branch_depth, check_branch_point, home_of, stretches};
pub use event::{
    ACTIVE_STORIES_MAX, Continuation, EVENT_TEXT_LENGTH_MAX, EVENTS_LISTED_MAX, EVENTS_PER_STORY_MAX,
    PLAYER_INPUT_LENGTH_MAX, check_active_stories, check_chapter_level, check_event_number, check_event_room,
    check_final_room, check_listing, check_text, has_notice_room,
};
pub use status::{Status, Step, transition};
pub use window::{EVENTS_PER_PAGE, FEED_EVENTS_MAX, event_page, feed_numbers, shown_pages};
