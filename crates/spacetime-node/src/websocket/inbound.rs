//! From the client to the engine: frames become messages, messages wait their turn.

use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;
use futures::StreamExt;
use futures::stream::SplitStream;
use parking_lot::Mutex;
use spacetimedb_core::client::messages::{SerializeBuffer, serialize};
use spacetimedb_core::client::{ClientConnection, DataMessage, MessageExecutionError, MessageHandleError, WsVersion};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_tungstenite::tungstenite::Message;

use super::connection::{Liveness, Socket};
use super::ending::Ending;
use super::sole_procedures::SoleProcedures;
use crate::argument_limits::ArgumentLimits;
use crate::config::WebSocketConfig;

struct Queued {
    message: DataMessage,
    arrived: Instant,
    bytes: u32,
}

/// Messages that wait for their turn. The number of them is limited by dropping the client,
/// their bytes by not reading on, which makes the client's own system hold them back.
pub(super) struct Queue {
    sender: mpsc::Sender<Queued>,
    receiver: Mutex<Option<mpsc::Receiver<Queued>>>,
    bytes: Semaphore,
}

impl Queue {
    pub(super) fn new(limits: &WebSocketConfig) -> Self {
        let (sender, receiver) = mpsc::channel(limits.incoming_queue_length.get());
        Self { sender, receiver: Mutex::new(Some(receiver)), bytes: Semaphore::new(limits.max_message_bytes) }
    }

    async fn push(&self, message: DataMessage, liveness: &Liveness) -> Result<(), Ending> {
        // A message is never larger than the semaphore: both have the same limit.
        let bytes = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let arrived = Instant::now();
        match self.bytes.try_acquire_many(bytes) {
            Ok(permit) => permit.forget(),
            Err(_) => {
                liveness.set_paused(true);
                let permit = self.bytes.acquire_many(bytes).await;
                liveness.set_paused(false);
                permit.map_err(|_| Ending::ModuleExited)?.forget();
            }
        }
        match self.sender.try_send(Queued { message, arrived, bytes }) {
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

/// Hands messages to the engine, one at a time and in order.
pub(super) async fn evaluate(client: &ClientConnection, queue: &Queue, notices: mpsc::Sender<DataMessage>) -> Ending {
    let Some(mut receiver) = queue.receiver.lock().take() else {
        return Ending::ModuleExited;
    };
    let mut limits = ArgumentLimits::default();
    let procedures = SoleProcedures::new();
    while let Some(Queued { message, arrived, bytes }) = receiver.recv().await {
        if let Err(refused) = limits.check(client.module().info(), client.config.version, &message) {
            return Ending::BadMessage(refused.to_string());
        }
        let handled = match procedures.begin(client, message, arrived).await {
            Some(message) => client.handle_message(message, arrived).await,
            None => Ok(()),
        };
        queue.bytes.add_permits(bytes as usize);
        match handled {
            Ok(()) => {}
            Err(MessageHandleError::Execution(cause)) if client.config.version == WsVersion::V1 => {
                if notices.send(v1_error(client, cause)).await.is_err() {
                    return Ending::ModuleExited;
                }
            }
            Err(cause) => return Ending::BadMessage(cause.to_string()),
        }
    }
    Ending::ModuleExited
}

/// v1 clients hear of a failed call in a message; later protocols have results for that.
fn v1_error(client: &ClientConnection, cause: MessageExecutionError) -> DataMessage {
    tracing::debug!("A v1 client's message failed: {cause:#}");
    let pool = client.module().subscriptions().bsatn_rlb_pool.clone();
    serialize(&pool, SerializeBuffer::new(client.config), cause, client.config).1
}
