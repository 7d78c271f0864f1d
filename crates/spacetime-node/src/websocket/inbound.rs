//! From the client to the engine: frames become messages, messages wait their turn.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;
use futures::StreamExt;
use futures::stream::SplitStream;
use parking_lot::Mutex;
use spacetimedb_core::client::{ClientConnection, DataMessage};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_tungstenite::tungstenite::Message;

use super::connection::{Liveness, Socket};
use super::ending::Ending;
use super::queries::Queries;
use super::requests::Requests;
use super::under_way::{BATCH_BYTES, Room};
use crate::config::WebSocketConfig;

struct Queued {
    message: DataMessage,
    arrived: Instant,
    room: Room,
}

/// Messages that wait for their turn. The number of them is limited by dropping the client,
/// their bytes by not reading on, which makes the client's own system hold them back.
pub(super) struct Queue {
    sender: mpsc::Sender<Queued>,
    receiver: Mutex<Option<mpsc::Receiver<Queued>>>,
    /// For the bytes of all messages that are not done, those that the engine has included.
    bytes: Arc<Semaphore>,
}

impl Queue {
    pub(super) fn new(limits: &WebSocketConfig) -> Self {
        let (sender, receiver) = mpsc::channel(limits.incoming_queue_length.get());
        let bytes = Arc::new(Semaphore::new(limits.max_message_bytes + BATCH_BYTES));
        Self { sender, receiver: Mutex::new(Some(receiver)), bytes }
    }

    async fn push(&self, message: DataMessage, liveness: &Liveness) -> Result<(), Ending> {
        // A message is never larger than the room that there is, once everything before it is done.
        let bytes = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let arrived = Instant::now();
        let room = match self.bytes.clone().try_acquire_many_owned(bytes) {
            Ok(room) => room,
            Err(_) => {
                liveness.set_paused(true);
                let room = self.bytes.clone().acquire_many_owned(bytes).await;
                liveness.set_paused(false);
                room.map_err(|_| Ending::ModuleExited)?
            }
        };
        match self.sender.try_send(Queued { message, arrived, room }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Ending::TooManyMessages),
            Err(TrySendError::Closed(_)) => Err(Ending::ModuleExited),
        }
    }
}

/// Reads frames until the client leaves or breaks a rule.
pub(super) async fn read(stream: &mut SplitStream<Socket>, queue: &Queue, liveness: &Liveness) -> Ending {
    while let Some(received) = stream.next().await {
        liveness.heard();
        let message = match received {
            Ok(Message::Binary(bytes)) => DataMessage::Binary(bytes),
            Ok(Message::Text(text)) => match ByteString::try_from(Bytes::from(text)) {
                Ok(text) => DataMessage::Text(text),
                Err(_) => return Ending::BadMessage("a text message is not UTF-8".to_owned()),
            },
            Ok(Message::Close(_)) => return Ending::ClientClosed,
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => continue,
            Err(cause) => return Ending::Broken(cause),
        };
        if let Err(ending) = queue.push(message, liveness).await {
            return ending;
        }
    }
    Ending::ClientClosed
}

/// Begins what the messages ask for, one at a time and in order.
pub(super) async fn evaluate(
    client: &ClientConnection,
    queue: &Queue,
    notices: mpsc::Sender<DataMessage>,
    queries: &Queries,
    limits: &WebSocketConfig,
) -> Ending {
    let Some(mut receiver) = queue.receiver.lock().take() else {
        return Ending::ModuleExited;
    };
    let mut requests = Requests::new(client, notices, limits.incoming_queue_length, queries);
    while let Some(Queued { message, arrived, room }) = receiver.recv().await {
        if let Err(ending) = requests.begin(message, arrived, room).await {
            return ending;
        }
    }
    Ending::ModuleExited
}
