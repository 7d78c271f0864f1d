//! Branches: stories that share their first events with another one.
//!
//! A branch costs one row, however long the story was: it names the story that it left and how
//! many events the two share. Whoever reads it follows that line up, over a bounded number of
//! stories. Shared events never change, because events are only ever appended.

use module_rules::{RuleError, check_limit};

/// Most stories above a branch, up to the one that was begun.
pub const BRANCH_DEPTH_MAX: u32 = 16;

/// One story in a line from a branch up to the story that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<Id> {
    /// The story.
    pub story: Id,
    /// How many events it shares with the next one in the line; 0 for the last.
    pub shared: u32,
}

/// Events of one story, next to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch<Id> {
    /// The story that they belong to.
    pub story: Id,
    /// Number of the first one.
    pub first: u32,
    /// Number of the last one.
    pub last: u32,
}

/// The story of a line in which the event `number` happened: the place of its link.
pub fn home_of<Id>(line: &[Link<Id>], number: u32) -> Option<usize> {
    line.iter().position(|link| link.shared < number)
}

/// Where to find the events `first` to `last` of the story that heads the line, in their order.
pub fn stretches<Id: Copy>(line: &[Link<Id>], first: u32, last: u32) -> Vec<Stretch<Id>> {
    let mut found = Vec::new();
    let mut last = last;
    for link in line {
        let own_first = link.shared.saturating_add(1).max(first);
        if own_first <= last {
            found.push(Stretch { story: link.story, first: own_first, last });
        }
        last = last.min(link.shared);
    }
    found.reverse();
    found
}

/// Decides whether a story whose next event is `next` can be left after the event `number`;
/// `is_end` says whether that event is its end.
///
/// Errors: `Malformed` if there is no such event, or if nothing can follow it.
pub fn check_branch_point(next: u32, number: u32, is_end: bool) -> Result<(), RuleError> {
    let field = "event_number";
    if number == 0 || number >= next {
        return Err(RuleError::Malformed { field, rule: "name an event that has happened in this story" });
    }
    if is_end {
        return Err(RuleError::Malformed {
            field,
            rule: "nothing follows the end of a story, name an event before it",
        });
    }
    Ok(())
}

/// Errors: `AboveLimit` if nothing more can branch from a story with `depth` stories above it.
pub fn check_branch_depth(depth: u32) -> Result<(), RuleError> {
    let (limit, actual) = (u64::from(BRANCH_DEPTH_MAX), u64::from(depth).saturating_add(1));
    check_limit("The number of stories above a branch", limit, actual)
}
