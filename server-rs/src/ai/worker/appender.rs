//! Sends the chunks of all tasks to the module, many in one call.
//!
//! While a call is under way, chunks gather for the next; so the module sees a steady number of transactions
//! whether one text is streamed or five hundred.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use worldloom_client::{AiTextChunkAppend, AiTextChunkBatch, AiTextChunkOutcome, DomainErrorCode};

use super::insist;
use crate::node_client::{CallError, NodeClient};

/// Most chunks in a call; the module takes 512.
const BATCH_CHUNKS_MAX: usize = 256;
/// Chunks that may wait. A stream that meets a full queue waits, and with it its model.
const QUEUE_CHUNKS: usize = 4_096;

/// Where chunks are left to be sent. Clones share it; it ends with the last.
#[derive(Clone)]
pub struct Appender(mpsc::Sender<Order>);

/// Why a chunk is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStored {
    /// The text has the length that it may have.
    TooLong(String),
    /// Its task is no longer this worker's, or the module cannot be reached: for the log.
    Lost(String),
}

/// A chunk, and who waits for it.
pub struct Order {
    chunk: AiTextChunkAppend,
    done: oneshot::Sender<Result<(), NotStored>>,
}

impl Appender {
    /// Begins to send. A batch whose outcome is unknown is repeated for as long as `patience`.
    pub fn start(node: NodeClient, patience: Duration) -> Self {
        let (orders, queue) = mpsc::channel(QUEUE_CHUNKS);
        tokio::spawn(send_all(node, patience, queue));
        Self(orders)
    }

    /// A place for one chunk, as soon as there is one.
    pub async fn slot(&self) -> Slot<'_> {
        // Nobody takes chunks any more when the process ends.
        Slot(self.0.reserve().await.ok())
    }
}

/// A place for one chunk.
pub struct Slot<'a>(Option<mpsc::Permit<'a, Order>>);

impl Slot<'_> {
    /// Leaves a chunk to be sent; the answer comes when it is stored. Those of one stage keep their order.
    pub fn fill(self, chunk: AiTextChunkAppend) -> oneshot::Receiver<Result<(), NotStored>> {
        let (done, stored) = oneshot::channel();
        if let Some(permit) = self.0 {
            permit.send(Order { chunk, done });
        }
        stored
    }
}

async fn send_all(node: NodeClient, patience: Duration, mut queue: mpsc::Receiver<Order>) {
    let mut orders = Vec::new();
    while queue.recv_many(&mut orders, BATCH_CHUNKS_MAX).await > 0 {
        let appends: Vec<_> = orders.iter().map(|order| order.chunk.clone()).collect();
        let outcome = insist(patience, || node.append_chunks(AiTextChunkBatch { appends: appends.clone() })).await;
        settle(orders.drain(..), outcome);
    }
}

/// Tells each stage what became of its chunk. A stage that has ended does not listen.
fn settle(orders: impl Iterator<Item = Order>, outcome: Result<Vec<AiTextChunkOutcome>, CallError>) {
    match outcome {
        Ok(outcomes) => {
            for (order, outcome) in orders.zip(outcomes) {
                let result = match outcome {
                    AiTextChunkOutcome::Stored => Ok(()),
                    AiTextChunkOutcome::Refused(refusal) => Err(match refusal.code {
                        DomainErrorCode::LimitExceeded(_) => NotStored::TooLong(refusal.message),
                        _ => NotStored::Lost(refusal.message),
                    }),
                };
                let _ = order.done.send(result);
            }
        }
        Err(error) => {
            tracing::warn!(%error, "Text could not be stored");
            for order in orders {
                let _ = order.done.send(Err(NotStored::Lost(error.to_string())));
            }
        }
    }
}
