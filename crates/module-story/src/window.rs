//! Which events a client is shown as they come: all that a view reads is read again at each event,
//! so that a view shows few of them. The others are listed.

use std::ops::{Range, RangeInclusive};

/// How many of a story's newest events its feed shows. A reader that is connected sees each event
/// as the transaction that told it is done; more than one, for calls that tell several.
pub const FEED_EVENTS_MAX: u32 = 8;
/// How many events are on one page of a player's events. The newest two pages are shown.
pub const EVENTS_PER_PAGE: u64 = 100;

/// The numbers of the events that the feed of a story shows, of those that happened in it: the
/// first `shared` ones happened in another, and the next one will be `next`.
pub fn feed_numbers(shared: u32, next: u32) -> Range<u32> {
    let own = shared.saturating_add(1);
    next.saturating_sub(FEED_EVENTS_MAX).max(own)..next
}

/// The page of the event that a player's stories tell after `told` others.
pub const fn event_page(told: u64) -> u64 {
    told / EVENTS_PER_PAGE
}

/// The pages that are shown of the events of a player whose stories have told `told` of them.
pub const fn shown_pages(told: u64) -> RangeInclusive<u64> {
    let newest = event_page(told.saturating_sub(1));
    newest.saturating_sub(1)..=newest
}
