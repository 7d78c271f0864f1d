//! What a connection may ask for in SQL.

use std::sync::Arc;

use parking_lot::Mutex;
use spacetimedb_client_api_messages::websocket::v2::{ServerMessage, SubscribeSetOutcome};
use spacetimedb_core::client::OutboundMessage;
use spacetimedb_core::client::messages::{SerializableMessage, SubscriptionResult};
use spacetimedb_lib::identity::AuthCtx;

use super::counts::{Counts, Set};
use crate::stored_programs;
use crate::unwatched_views::Watcher;

/// Queries that one message may subscribe to. The engine holds the rows of all of them at the same time, and its limit
/// on rows leaves out those that somebody is subscribed to already. A module may have as many tables and views, and its
/// clients still subscribe to all at once.
const QUERIES_MAX: usize = 256;

/// Sets that these queries may be in. What several of them ask for is held once for each.
const SETS_MAX: usize = 32;

/// The queries that a connection is subscribed to. The engine keeps every one, and looks at most of them in each
/// transaction that changes their table.
pub(super) struct Queries {
    auth: AuthCtx,
    counts: Mutex<Counts>,
    watcher: Arc<Watcher>,
}

impl Queries {
    /// None yet, and so many at the most.
    pub(super) fn new(auth: AuthCtx, max: usize, watcher: Arc<Watcher>) -> Self {
        Self { auth, counts: Mutex::new(Counts::new(max)), watcher }
    }

    /// Refuses a query that is not for this client.
    pub(super) fn check(&self, query: &str) -> Result<(), String> {
        stored_programs::check(&self.auth, query).map_err(|refused| refused.to_string())
    }

    /// Refuses a message with too many queries, or in too many sets.
    pub(super) fn check_size(&self, sets: usize, queries: usize) -> Result<(), String> {
        if sets > SETS_MAX {
            return Err(format!("a message may subscribe to {SETS_MAX} sets of queries, not to {sets}"));
        }
        if queries > QUERIES_MAX {
            return Err(format!("a message may subscribe to {QUERIES_MAX} queries, not to {queries}"));
        }
        Ok(())
    }

    /// Counts a set that is about to be subscribed to.
    pub(super) fn subscribe<Q: AsRef<str>>(&self, request: u32, set: Set, queries: &[Q]) -> Result<(), String> {
        self.check_size(1, queries.len())?;
        queries.iter().try_for_each(|query| self.check(query.as_ref()))?;
        self.counts.lock().subscribe(request, set, queries.len())?;
        self.watcher.note_subscription();
        Ok(())
    }

    /// Forgets a set that the client leaves.
    pub(super) fn unsubscribe(&self, request: u32, number: u32) {
        self.counts.lock().unsubscribe(request, number);
    }

    /// Looks into a message of the engine for what it answers to the above.
    pub(super) fn note_answer(&self, message: &OutboundMessage) {
        match message {
            OutboundMessage::V1(message) => self.note_answer_v1(message),
            OutboundMessage::V2(message) => self.note_answer_v2(message),
        }
    }

    fn note_answer_v1(&self, message: &SerializableMessage) {
        let (request, set, is_refusal) = match message {
            SerializableMessage::Subscribe(applied) => (applied.request_id, None, false),
            SerializableMessage::Subscription(answer) => {
                let is_refusal = matches!(answer.result, SubscriptionResult::Error(_));
                (answer.request_id, answer.query_id.map(|number| number.id), is_refusal)
            }
            _ => return,
        };
        // A query that fails later on does so without a request.
        if let Some(request) = request {
            self.note(request, set, is_refusal);
        }
    }

    fn note(&self, request: u32, set: Set, is_refusal: bool) {
        self.counts.lock().note_answer(request, set, is_refusal);
        if is_refusal {
            self.watcher.note_refusal();
        }
    }

    fn note_answer_v2(&self, message: &ServerMessage) {
        let note = |request, number, is_refusal| self.note(request, Some(number), is_refusal);
        match message {
            ServerMessage::SubscribeApplied(applied) => note(applied.request_id, applied.query_set_id.id, false),
            ServerMessage::UnsubscribeApplied(applied) => note(applied.request_id, applied.query_set_id.id, false),
            ServerMessage::SubscriptionError(refusal) => {
                // A query that fails later on does so without a request.
                if let Some(request) = refusal.request_id {
                    note(request, refusal.query_set_id.id, true);
                }
            }
            ServerMessage::SubscribeBatchApplied(batch) => {
                for result in &batch.results {
                    let is_refusal = matches!(result.outcome, SubscribeSetOutcome::Error(_));
                    note(batch.request_id, result.query_set_id.id, is_refusal);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use spacetimedb_client_api_messages::websocket::v2::{
        QueryRows, QuerySetId, SubscribeBatchApplied, SubscribeSetResult, SubscriptionError,
    };
    use spacetimedb_lib::Identity;

    use super::*;
    use crate::unwatched_views::Watchers;

    fn queries(max: usize) -> Queries {
        let watcher = Watcher::new(Arc::<Watchers>::default(), Identity::ZERO);
        Queries::new(AuthCtx::new(Identity::ONE, Identity::ZERO), max, Arc::new(watcher))
    }

    #[test]
    fn a_message_has_only_so_many_queries() {
        let queries = queries(10_000);
        queries.subscribe(1, Some(1), &["a"; 256]).unwrap();
        let refusal = queries.subscribe(2, Some(2), &["a"; 257]).unwrap_err();
        assert_eq!(refusal, "a message may subscribe to 256 queries, not to 257");
    }

    #[test]
    fn refusals_are_found_in_what_the_engine_says() {
        let queries = queries(3);
        for number in 1..=3 {
            queries.subscribe(7, Some(number), &["a"]).unwrap();
        }
        let query_set_id = QuerySetId::new(1);
        let refusal = SubscriptionError { request_id: Some(7), query_set_id, error: "no".into() };
        queries.note_answer(&OutboundMessage::V2(ServerMessage::SubscriptionError(refusal)));
        let result = |number, outcome| SubscribeSetResult { query_set_id: QuerySetId::new(number), outcome };
        let rows = QueryRows { tables: [].into() };
        let applied = SubscribeSetOutcome::Applied(rows);
        let results = [result(2, applied), result(3, SubscribeSetOutcome::Error("no".into()))].into();
        let batch = SubscribeBatchApplied { request_id: 7, results };
        queries.note_answer(&OutboundMessage::V2(ServerMessage::SubscribeBatchApplied(batch)));
        queries.subscribe(8, Some(4), &["a", "b"]).unwrap();
        assert!(queries.subscribe(9, Some(5), &["c"]).is_err());
    }
}
