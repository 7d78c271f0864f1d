//! Whether a history of one thing is linearizable: whether each request can have taken effect at one moment between
//! its beginning and its end.
//!
//! The search is `todc-utils`' (Wing and Gong's, with Lowe's memory of dead ends). Here is what leads up to it and
//! what comes after: requests with open ends, and the shortest part of a history that has no such order.

use std::fmt::Debug;
use std::hash::Hash;

use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::Specification;

use super::super::history::Micros;

/// How a thing changes.
pub trait Thing: Clone + Debug + 'static {
    /// What the thing is.
    type State: Clone + Debug + Eq + Hash;
    /// A request together with what was told about it.
    type Step: Clone + Debug;

    /// The state after a step, or nothing where the step cannot have been told so.
    fn after(state: &Self::State, step: &Self::Step) -> Option<Self::State>;
}

/// One step of a history.
#[derive(Clone, Debug)]
pub struct Move<T: Thing> {
    /// When the request was sent.
    pub begun: Micros,
    /// When its answer had arrived.
    pub ended: Micros,
    /// The thing's version that the step saw or, if it made one, made. Versions grow with each change.
    pub version: u64,
    /// The state that the step made, if it made one.
    pub made: Option<T::State>,
    /// The step.
    pub step: T::Step,
    /// The step as a report shows it.
    pub text: String,
}

/// The state before the first step, or a step.
#[derive(Clone, Debug)]
enum Entry<T: Thing> {
    Begins(T::State),
    Moves(T::Step),
}

/// The thing in the shape that the search wants: it begins as nothing, and the first entry says what it is.
struct Specified<T>(std::marker::PhantomData<T>);

impl<T: Thing> Specification for Specified<T> {
    type State = Option<T::State>;
    type Operation = Entry<T>;

    fn init() -> Self::State {
        None
    }

    fn apply(entry: &Entry<T>, state: &Self::State) -> (bool, Self::State) {
        let after = match (entry, state) {
            (Entry::Begins(first), None) => Some(first.clone()),
            (Entry::Moves(step), Some(state)) => T::after(state, step),
            _ => None,
        };
        (after.is_some(), after.or_else(|| state.clone()))
    }
}

/// Whether the steps can have happened one after the other, beginning with `first`.
pub fn is_linearizable<T: Thing>(first: &T::State, moves: &[&Move<T>]) -> bool {
    // At one time, beginnings come before ends: whoever overlaps for a moment overlaps.
    let mut times: Vec<(Micros, bool, usize)> = Vec::with_capacity(moves.len() * 2);
    for (index, one) in moves.iter().enumerate() {
        times.push((one.begun, false, index));
        times.push((one.ended, true, index));
    }
    times.sort_unstable();
    let begins = Entry::Begins(first.clone());
    let mut actions = vec![(0, Action::Call(begins.clone())), (0, Action::Response(begins))];
    actions.extend(times.into_iter().map(|(_, is_end, index)| {
        let entry = Entry::Moves(moves[index].step.clone());
        // A process of its own for each, since a client's requests may overlap.
        (index + 1, if is_end { Action::Response(entry) } else { Action::Call(entry) })
    }));
    WGLChecker::<Specified<T>>::is_linearizable(History::from_actions(actions))
}

/// The shortest part of a history that is not linearizable; nothing if all of it is.
///
/// What happened between two versions of a thing stands for itself, with the first of them as the beginning. So a
/// part between two versions that has no order proves that the whole has none, and so does one without some of the
/// steps that changed nothing.
pub fn shortest_contradiction<T: Thing>(first: &T::State, moves: &[Move<T>]) -> Option<Vec<Move<T>>> {
    let all: Vec<&Move<T>> = moves.iter().collect();
    if is_linearizable(first, &all) {
        return None;
    }
    let last = shortest_prefix(first, &all);
    let (first, mut shown) = longest_forgotten(first, &last);
    let mut index = 0;
    while index < shown.len() {
        let mut fewer = shown.clone();
        let removed = fewer.remove(index);
        if removed.made.is_none() && !is_linearizable::<T>(&first, &fewer) {
            shown = fewer;
        } else {
            index += 1;
        }
    }
    let mut shown: Vec<Move<T>> = shown.into_iter().cloned().collect();
    shown.sort_by_key(|one| one.begun);
    Some(shown)
}

/// Up to the lowest version at which there is no order any more.
fn shortest_prefix<'a, T: Thing>(first: &T::State, moves: &[&'a Move<T>]) -> Vec<&'a Move<T>> {
    let upto = |version: u64| moves.iter().copied().filter(|one| one.version <= version).collect::<Vec<_>>();
    let mut versions: Vec<u64> = moves.iter().map(|one| one.version).collect();
    versions.sort_unstable();
    versions.dedup();
    let broken = versions.partition_point(|version| is_linearizable(first, &upto(*version)));
    versions.get(broken).map_or_else(|| moves.to_vec(), |version| upto(*version))
}

/// From the highest version from which there is still no order.
fn longest_forgotten<'a, T: Thing>(first: &T::State, moves: &[&'a Move<T>]) -> (T::State, Vec<&'a Move<T>>) {
    let mut makers: Vec<&Move<T>> = moves.iter().copied().filter(|one| one.made.is_some()).collect();
    makers.sort_by_key(|one| std::cmp::Reverse(one.version));
    for maker in makers {
        let since =
            |one: &&&'a Move<T>| one.version > maker.version || (one.version == maker.version && one.made.is_none());
        let kept: Vec<&Move<T>> = moves.iter().filter(since).copied().collect();
        if let Some(made) = &maker.made
            && !kept.is_empty()
            && !is_linearizable(made, &kept)
        {
            return (made.clone(), kept);
        }
    }
    (first.clone(), moves.to_vec())
}
