//! Pages of a dense order, whose places are numbered from 1 without gaps.
//!
//! A page must not read more than it shows, and the engine reads a whole range before the first
//! row of it arrives. With dense places, a page is a range of known length. What has been taken
//! back keeps its place, which pages skip.

use crate::{RuleError, check_limit};

/// Longest page.
pub const PAGE_LENGTH_MAX: u64 = 100;
/// Most ranges that one page reads, each as long as the page.
pub const PAGE_RANGES_MAX: usize = 5;

/// A range of places, both ends included.
pub type PlaceRange = (u64, u64);

/// Errors: `Malformed` for 0, `AboveLimit`.
pub fn check_page_length(length: u32) -> Result<(), RuleError> {
    if length == 0 {
        return Err(RuleError::Malformed { field: "length", rule: "use at least 1" });
    }
    check_limit("`length`", PAGE_LENGTH_MAX, length.into())
}

/// The ranges of a page that goes down, from the place before `cursor` or from the last one.
pub fn ranges_down(cursor: Option<u64>, last: u64, length: u32) -> impl Iterator<Item = PlaceRange> {
    let top = cursor.map_or(last, |cursor| cursor.saturating_sub(1).min(last));
    let step = u64::from(length).max(1);
    let starts = std::iter::successors(Some(top), move |top| top.checked_sub(step));
    let ranges = starts.take_while(|top| *top > 0).map(move |top| (top.saturating_sub(step - 1).max(1), top));
    ranges.take(PAGE_RANGES_MAX)
}

/// The ranges of a page that goes up, from the place after `cursor` or from the first one.
pub fn ranges_up(cursor: Option<u64>, last: u64, length: u32) -> impl Iterator<Item = PlaceRange> {
    let bottom = cursor.map_or(Some(1), |cursor| cursor.checked_add(1));
    let step = u64::from(length).max(1);
    let starts = std::iter::successors(bottom, move |bottom| bottom.checked_add(step));
    let ranges = starts.take_while(move |bottom| *bottom <= last);
    ranges.map(move |bottom| (bottom, bottom.saturating_add(step - 1).min(last))).take(PAGE_RANGES_MAX)
}

/// A page while it is filled.
#[derive(Debug)]
pub struct PageBuilder<T> {
    shown: Vec<T>,
    length: usize,
    cursor: Option<u64>,
}

impl<T> PageBuilder<T> {
    /// An empty page for `length` entries.
    pub const fn new(length: u32) -> Self {
        PageBuilder { shown: Vec::new(), length: length as usize, cursor: None }
    }

    /// Whether nothing fits on it any more.
    pub fn is_full(&self) -> bool {
        self.shown.len() >= self.length
    }

    /// Goes past a place; `entry` is there if the page shows it.
    pub fn pass(&mut self, place: u64, entry: Option<T>) {
        self.cursor = Some(place);
        self.shown.extend(entry);
    }

    /// What the page shows, and the cursor for the next one; none if the order ends here, at the
    /// place `end`.
    pub fn finish(self, end: u64) -> (Vec<T>, Option<u64>) {
        (self.shown, self.cursor.filter(|cursor| *cursor != end))
    }
}
