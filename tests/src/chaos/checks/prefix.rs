//! What a node makes of a log with a damaged tail: a state that the log has had, with every acknowledged write that
//! lies before the damage, or, where the damage cannot be told from tampering, a refusal. Never anything else.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Display;

use super::super::fleet::{checksum, save_mark, turn_mark};
use super::super::history::{Asked, Micros, Told};
use super::Violation;
use super::ledger::{self, Books, Line, WalletAsked};
use super::saves::{SlotAsked, SlotCall};
use super::stories::{self, Event, Turn, TurnAsked};
use super::texts::WishAsked;
use super::uploads::UploadAsked;

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
    /// Whether a refusal is a right answer to this damage.
    pub may_be_refused: bool,
    /// What was recovered, or why the node refused to serve it.
    pub outcome: Result<Recovered, String>,
}

/// What a recovered database says.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// Ledgers and balances.
    pub books: Books,
    /// Every event of every story.
    pub events: Vec<Event>,
    /// What is in each save slot.
    pub saves: BTreeMap<String, Saved>,
    /// Assets that are confirmed.
    pub assets: BTreeSet<String>,
    /// Generation tasks.
    pub tasks: BTreeSet<String>,
}

/// A save in a recovered database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its revision.
    pub revision: u64,
    /// The hash of its content.
    pub checksum: String,
}

/// The history, and what the undamaged log says at the end.
pub struct Whole<'a> {
    /// Requests about money.
    pub wallets: &'a [WalletAsked],
    /// Where the log ended, or later, when each change was acknowledged, by its mark.
    pub places: &'a HashMap<String, Place>,
    /// The ledgers.
    pub lines: &'a [Line],
    /// Turns of stories.
    pub turns: &'a [TurnAsked],
    /// The stories.
    pub events: &'a [Event],
    /// Requests about saves.
    pub saves: &'a [SlotAsked],
    /// Uploads.
    pub uploads: &'a [UploadAsked],
    /// Texts.
    pub wishes: &'a [WishAsked],
}

/// A change that was acknowledged, and whether it was recovered.
struct Claim<'a> {
    begun: Micros,
    ended: Micros,
    /// Where the log ended by then, or later, if that is known.
    place: Option<&'a Place>,
    is_there: bool,
    asked: &'a dyn Display,
}

const SERVED: &str = "a log that only ends early is recovered";
const KEPT: &str = "what was acknowledged before the damage is recovered";
const PREFIX: &str = "a damaged log is recovered to a state that there was";

/// Holds what was recovered against the history.
///
/// Money is compared line by line, stories event by event, and saves by the hash of what was saved. Of uploads and
/// texts it is only asked whether those that were acknowledged are there: their other columns change later.
pub fn check(recovery: &Recovery, whole: &Whole<'_>) -> Vec<Violation> {
    let named = |rule, what: &str| Violation::new(rule, format!("{}: {what}", recovery.what));
    let recovered = match &recovery.outcome {
        Ok(recovered) => recovered,
        Err(_) if recovery.may_be_refused => return Vec::new(),
        Err(reason) => return vec![named(SERVED, "it was refused").shown_by([reason])],
    };
    let numbers = stories::check_numbers(&recovered.events);
    let broken = ledger::check_books(&recovered.books).into_iter().chain(numbers).chain(invented(recovered, whole));
    let mut violations: Vec<Violation> = broken
        .map(|broken| named(PREFIX, &format!("{}: {}", broken.rule, broken.what)).shown_by(broken.history))
        .collect();
    let (present, absent): (Vec<Claim<'_>>, Vec<Claim<'_>>) =
        claims(recovered, whole).into_iter().partition(|claim| claim.is_there);
    let is_before = |claim: &&Claim<'_>| claim.place.is_some_and(|place| *place <= recovery.at);
    let lost = absent.iter().find(is_before);
    violations.extend(lost.map(|claim| named(KEPT, "it is not there").shown_by([claim.asked])));
    if let Some(latest) = present.iter().max_by_key(|claim| claim.begun)
        && let Some(earlier) = absent.iter().find(|claim| claim.ended < latest.begun)
    {
        let shown = [earlier.asked, latest.asked];
        violations.push(named(PREFIX, "the second of these is there and the first is not").shown_by(shown));
    }
    violations
}

/// Rows that the undamaged log has never had, one of each kind.
fn invented(recovered: &Recovered, whole: &Whole<'_>) -> Vec<Violation> {
    const RULE: &str = "there never was such a row";
    let lines: HashMap<u128, &Line> = whole.lines.iter().map(|line| (line.id, line)).collect();
    let line = recovered.books.lines.iter().find(|line| lines.get(&line.id) != Some(line));
    let events: HashSet<&Event> = whole.events.iter().collect();
    let event = recovered.events.iter().find(|event| !events.contains(event));
    let save = recovered.saves.iter().find(|(slot, saved)| !whole.saves.iter().any(|asked| made(asked, slot, saved)));
    let shown = [
        line.map(ToString::to_string),
        event.map(|event| format!("{event:?}")),
        save.map(|(slot, saved)| format!("slot {slot}: {saved:?}")),
    ];
    shown.into_iter().flatten().map(|row| Violation::new(RULE, row)).collect()
}

/// Whether a slot can have got this content from this request, and the revision too, if that was told.
fn made(asked: &SlotAsked, in_slot: &str, saved: &Saved) -> bool {
    let SlotCall::Save { slot, content, .. } = &asked.call else { return false };
    let fits = match &asked.told {
        Told::Done(told) => told.revision == saved.revision,
        Told::Refused(_) => false,
        Told::Nothing => true,
    };
    fits && slot == in_slot && checksum(*content) == saved.checksum
}

/// Everything that was acknowledged. What is there stays there: of a save, at least as a later revision.
fn claims<'a>(recovered: &Recovered, whole: &Whole<'a>) -> Vec<Claim<'a>> {
    let marks: HashSet<&str> = recovered.books.lines.iter().map(|line| line.mark.as_str()).collect();
    let events: HashSet<&Event> = recovered.events.iter().collect();
    let place = |mark: &str| whole.places.get(mark);
    let money = whole.wallets.iter().filter_map(|asked| {
        let mark = asked.call.mark()?;
        claim(asked, place(mark), marks.contains(mark))
    });
    let turns = whole.turns.iter().filter_map(|asked| {
        let Turn { story, number, text } = asked.call.clone();
        let place = place(&turn_mark(&text));
        claim(asked, place, events.contains(&Event { story, number, text }))
    });
    let saves = whole.saves.iter().filter_map(|asked| {
        let (SlotCall::Save { slot, content, .. }, told) = (&asked.call, asked.told.done()?) else { return None };
        let is_there = recovered.saves.get(slot).is_some_and(|saved| saved.revision >= told.revision);
        claim(asked, place(&save_mark(*content)), is_there)
    });
    let uploads = whole
        .uploads
        .iter()
        .filter_map(|asked| claim(asked, place(&asked.call.key), recovered.assets.contains(asked.told.done()?)));
    let wishes = whole
        .wishes
        .iter()
        .filter_map(|asked| claim(asked, place(&asked.call.key), recovered.tasks.contains(asked.told.done()?)));
    money.chain(turns).chain(saves).chain(uploads).chain(wishes).collect()
}

/// Nothing for what was not acknowledged.
fn claim<'a, C: Display, T: Display>(
    asked: &'a Asked<C, T>,
    place: Option<&'a Place>,
    is_there: bool,
) -> Option<Claim<'a>> {
    asked.told.done()?;
    Some(Claim { begun: asked.begun, ended: asked.ended, place, is_there, asked })
}
