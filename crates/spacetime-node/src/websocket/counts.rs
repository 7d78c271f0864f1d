//! How many queries a connection is subscribed to.
//!
//! A query counts from the moment in which it is asked for, so that what waits for the engine is counted as well.
//! Whether the engine has agreed is in its answers, which come in the order of the requests, one for each.

use std::collections::{HashMap, VecDeque};

/// The number that a client has given to a set of queries. The oldest message of protocol 1 gives none: it replaces
/// what it has subscribed to before.
pub(super) type Set = Option<u32>;

/// The queries that a connection is subscribed to, or has asked for.
pub(super) struct Counts {
    max: usize,
    /// Of each set that has a number.
    numbered: HashMap<u32, usize>,
    /// Their sum.
    numbered_sum: usize,
    /// Of the set without a number.
    unnumbered: usize,
    /// Requests that the engine has not answered, oldest first.
    unanswered: VecDeque<Unanswered>,
}

struct Unanswered {
    request: u32,
    set: Set,
    /// What counts only if the engine agrees; nothing of sets that the client has left meanwhile.
    queries: usize,
}

impl Counts {
    /// None yet, and so many at the most.
    pub(super) fn new(max: usize) -> Self {
        Self { max, numbered: HashMap::new(), numbered_sum: 0, unnumbered: 0, unanswered: VecDeque::new() }
    }

    /// Counts a set that is about to be subscribed to.
    pub(super) fn subscribe(&mut self, request: u32, set: Set, queries: usize) -> Result<(), String> {
        // A set without queries is work as well.
        let queries = queries.max(1);
        let all = match set {
            Some(_) => self.numbered_sum + self.unnumbered_most() + queries,
            None => self.numbered_sum + self.unnumbered_most().max(queries),
        };
        if all > self.max {
            return Err(format!("a connection may be subscribed to {} queries at the same time", self.max));
        }
        if let Some(number) = set {
            self.numbered_sum += queries;
            *self.numbered.entry(number).or_default() += queries;
        }
        self.unanswered.push_back(Unanswered { request, set, queries });
        Ok(())
    }

    /// Forgets a set that the client leaves, with all that was asked for under its number.
    pub(super) fn unsubscribe(&mut self, request: u32, number: u32) {
        self.numbered_sum -= self.numbered.remove(&number).unwrap_or_default();
        for asked in self.unanswered.iter_mut().filter(|asked| asked.set == Some(number)) {
            asked.queries = 0;
        }
        self.unanswered.push_back(Unanswered { request, set: Some(number), queries: 0 });
    }

    /// Notes an answer to a request.
    pub(super) fn note_answer(&mut self, request: u32, set: Set, is_refusal: bool) {
        let is_asked = |asked: &Unanswered| asked.request == request && asked.set == set;
        let Some(place) = self.unanswered.iter().position(is_asked) else { return };
        // Answers come in order, so nothing is to be heard any more of those before it.
        let asked = self.unanswered.drain(..=place).next_back().map_or(0, |asked| asked.queries);
        match (set, is_refusal) {
            (Some(number), true) => self.take_back(number, asked),
            (None, false) => self.unnumbered = asked,
            // The engine keeps the set that was to be replaced.
            (None, true) | (Some(_), false) => {}
        }
    }

    /// What the set without a number may have, whatever the engine answers.
    fn unnumbered_most(&self) -> usize {
        let asked = self.unanswered.iter().filter(|asked| asked.set.is_none()).map(|asked| asked.queries);
        asked.fold(self.unnumbered, usize::max)
    }

    fn take_back(&mut self, number: u32, queries: usize) {
        let Some(counted) = self.numbered.get_mut(&number) else { return };
        let queries = queries.min(*counted);
        *counted -= queries;
        self.numbered_sum -= queries;
        if *counted == 0 {
            self.numbered.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_queries_are_subscribed_to_at_the_same_time() {
        let mut counts = Counts::new(3);
        counts.subscribe(1, Some(1), 2).unwrap();
        counts.subscribe(2, Some(2), 0).unwrap();
        let refusal = counts.subscribe(3, Some(3), 1).unwrap_err();
        assert_eq!(refusal, "a connection may be subscribed to 3 queries at the same time");
        counts.unsubscribe(4, 1);
        counts.unsubscribe(5, 1);
        counts.subscribe(6, Some(3), 2).unwrap();
        assert!(counts.subscribe(7, Some(4), 1).is_err());
    }

    #[test]
    fn a_number_that_is_used_twice_hides_nothing() {
        let mut counts = Counts::new(3);
        counts.subscribe(1, Some(1), 2).unwrap();
        // The engine refuses this one, since the number is taken.
        counts.subscribe(2, Some(1), 1).unwrap();
        assert!(counts.subscribe(3, Some(2), 1).is_err());
        counts.note_answer(1, Some(1), false);
        counts.note_answer(2, Some(1), true);
        counts.subscribe(4, Some(2), 1).unwrap();
        assert!(counts.subscribe(5, Some(3), 1).is_err());
    }

    #[test]
    fn what_the_engine_refuses_does_not_count() {
        let mut counts = Counts::new(2);
        for request in 0..10 {
            counts.subscribe(request, Some(request), 2).unwrap();
            assert!(counts.subscribe(request, Some(77), 1).is_err());
            counts.note_answer(request, Some(request), true);
        }
        assert!(counts.numbered.is_empty() && counts.unanswered.is_empty());
    }

    #[test]
    fn a_refusal_is_for_the_request_that_it_names_and_for_no_other() {
        let mut counts = Counts::new(2);
        // There is nothing to leave yet, which the engine says under the same number of a request.
        counts.unsubscribe(7, 1);
        counts.subscribe(7, Some(1), 2).unwrap();
        counts.note_answer(7, Some(1), true);
        assert!(counts.subscribe(8, Some(2), 1).is_err());
        counts.note_answer(7, Some(1), false);
        // A refusal that nothing waits for, such as that of a query that fails later on.
        counts.note_answer(7, Some(1), true);
        assert!(counts.subscribe(9, Some(2), 1).is_err());
    }

    #[test]
    fn a_refusal_takes_nothing_from_a_set_that_came_later() {
        let mut counts = Counts::new(2);
        counts.subscribe(1, Some(1), 2).unwrap();
        counts.unsubscribe(2, 1);
        counts.subscribe(3, Some(1), 2).unwrap();
        counts.note_answer(1, Some(1), true);
        assert!(counts.subscribe(4, Some(2), 1).is_err());
    }

    #[test]
    fn the_set_without_a_number_counts_as_the_larger_one_until_it_is_replaced() {
        let mut counts = Counts::new(5);
        counts.subscribe(1, None, 4).unwrap();
        counts.note_answer(1, None, false);
        // The engine may refuse to replace the four by one.
        counts.subscribe(2, None, 1).unwrap();
        assert!(counts.subscribe(3, Some(1), 2).is_err());
        counts.note_answer(2, None, true);
        assert!(counts.subscribe(3, Some(1), 2).is_err());
        counts.subscribe(4, None, 5).unwrap();
        assert!(counts.subscribe(5, Some(1), 1).is_err());
        counts.note_answer(4, None, true);
        counts.subscribe(6, None, 1).unwrap();
        counts.note_answer(6, None, false);
        counts.subscribe(7, Some(1), 4).unwrap();
    }
}
