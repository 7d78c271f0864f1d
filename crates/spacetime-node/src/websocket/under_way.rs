//! What the engine has been given for one client and has not done yet.
//!
//! The engine takes messages into a queue without a limit and does not say when it is through with one. But it works
//! in order, so whatever is put behind a message is answered only when that message is done. Such a question after each
//! message would be work for nothing; there is one after each batch of them, and when a batch is full, the one before
//! must be done. So the engine always has something of a client that asks for much, and never more than two batches.
//!
//! Procedures are no part of this: they run beside everything else, and each keeps its own [`Room`].

use std::num::NonZeroUsize;

use spacetimedb_core::client::ClientConnection;
use spacetimedb_core::host::ModuleHost;
use spacetimedb_lib::identity::AuthCtx;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

/// Room among the bytes of a client that may wait. Whatever the client has sent keeps it until it is done.
pub(super) type Room = OwnedSemaphorePermit;

/// Messages of a batch, unless fewer may wait.
const BATCH_MESSAGES: usize = 128;
/// Bytes that end a batch. A batch that never ends keeps less room than this, so a client has this much more of it than
/// its largest message takes.
pub(super) const BATCH_BYTES: usize = 256 * 1024;

/// The messages of one client that the engine has.
pub(super) struct UnderWay {
    batch_messages: usize,
    /// Messages of the batch that is not full yet.
    messages: usize,
    /// The room that they take.
    room: Option<Room>,
    /// Ends when the batch before is done.
    before: Option<JoinHandle<()>>,
}

impl UnderWay {
    /// For a client of which so many messages may wait: two batches are no more than that.
    pub(super) fn new(messages_max: NonZeroUsize) -> Self {
        let batch_messages = (messages_max.get() / 2).clamp(1, BATCH_MESSAGES);
        Self { batch_messages, messages: 0, room: None, before: None }
    }

    /// The engine has been given a message. Returns when it may be given another.
    pub(super) async fn add(&mut self, client: &ClientConnection, room: Option<Room>) {
        self.messages += 1;
        self.room = match (self.room.take(), room) {
            (Some(mut sum), Some(room)) => {
                sum.merge(room);
                Some(sum)
            }
            (sum, room) => sum.or(room),
        };
        let bytes = self.room.as_ref().map_or(0, Room::num_permits);
        if self.messages >= self.batch_messages || bytes >= BATCH_BYTES {
            self.end_batch(client).await;
        }
    }

    async fn end_batch(&mut self, client: &ClientConnection) {
        if let Some(before) = self.before.take() {
            // Only a panic of the engine is an error here, and then there is nothing left to wait for.
            let _ = before.await;
        }
        let (module, room) = (client.module(), self.room.take());
        self.messages = 0;
        self.before = Some(tokio::spawn(async move {
            everything_done(&module).await;
            drop(room);
        }));
    }
}

/// Returns when the engine has done all that it was given before. An empty statement is the cheapest thing that waits
/// in the same queue: the engine refuses it as soon as it comes to it. A module that has stopped refuses it at once.
async fn everything_done(module: &ModuleHost) {
    let auth = AuthCtx::for_current(module.info().owner_identity);
    let database = module.relational_db().clone();
    let _ = module.call_sql(database, String::new(), auth, None, &mut Vec::new()).await;
}
