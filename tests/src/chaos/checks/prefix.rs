//! What a node makes of a log with a damaged tail: a state that the log has had, with every acknowledged write that
//! lies before the damage, or a refusal. Never anything else.

use std::collections::{HashMap, HashSet};

use super::super::history::Told;
use super::Violation;
use super::ledger::{self, Books, Line, WalletAsked};

/// A place in a commit log. Segments are named by their first transaction, so places are ordered as time is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The segment's file name.
    pub segment: String,
    /// Bytes into it.
    pub length: u64,
}

/// What came of a damaged log.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// What was damaged.
    pub what: String,
    /// Everything before this place is as it was.
    pub at: Place,
    /// The books that were recovered; nothing if the node refused to serve them.
    pub books: Option<Books>,
    /// Why it refused.
    pub refusal: String,
}

const KEPT: &str = "what was acknowledged before the damage is recovered";
const PREFIX: &str = "a damaged log is recovered to a state that there was";

/// Holds recovered books against the history. `places` says where the log ended, or later, when each request was
/// acknowledged; `lines` is the ledger of the undamaged log.
pub fn check(
    recovery: &Recovery,
    history: &[WalletAsked],
    places: &HashMap<String, Place>,
    lines: &[Line],
) -> Vec<Violation> {
    let Some(books) = &recovery.books else { return Vec::new() };
    let named = |rule, what: &str| Violation::new(rule, format!("{}: {what}", recovery.what));
    let mut violations: Vec<Violation> = ledger::check_books(books)
        .into_iter()
        .map(|broken| named(PREFIX, &format!("{}: {}", broken.rule, broken.what)).shown_by(broken.history))
        .collect();
    let real: HashMap<u128, &Line> = lines.iter().map(|line| (line.id, line)).collect();
    let invented = books.lines.iter().filter(|line| real.get(&line.id) != Some(line));
    violations.extend(invented.take(1).map(|line| named(PREFIX, "there never was such a line").shown_by([line])));
    let marks: HashSet<&str> = books.lines.iter().map(|line| line.mark.as_str()).collect();
    let (present, absent): (Vec<&WalletAsked>, Vec<&WalletAsked>) = history
        .iter()
        .filter(|asked| matches!(asked.told, Told::Done(_)) && asked.call.mark().is_some())
        .partition(|asked| asked.call.mark().is_some_and(|mark| marks.contains(mark)));
    let is_before = |asked: &&&WalletAsked| {
        asked.call.mark().and_then(|mark| places.get(mark)).is_some_and(|place| *place <= recovery.at)
    };
    violations.extend(absent.iter().find(is_before).map(|asked| named(KEPT, "it is not there").shown_by([asked])));
    if let Some(latest) = present.iter().max_by_key(|asked| asked.begun)
        && let Some(earlier) = absent.iter().find(|asked| asked.ended < latest.begun)
    {
        violations.push(named(PREFIX, "the second of these is there and the first is not").shown_by([earlier, latest]));
    }
    violations
}
