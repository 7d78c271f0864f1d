//! From the engine to the client: messages become frames, frames wait to be sent.
//!
//! The engine counts messages in its queue but not their bytes. So its queue is emptied as
//! fast as it fills, even while the client does not read, and the bytes that then wait here
//! are counted: a client that is too slow costs the node a known amount of memory.
//!
//! What the engine has at once is encoded at once, and may be more by itself than may wait: the rows that a client finds
//! when it subscribes. It is in memory already, so it may wait beside the limit for as long as the client takes any of it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Sink;
use futures::stream::SplitSink;
use spacetimedb_core::client::messages::{
    InUseSerializeBuffer, SerializeBuffer, serialize, serialize_v2, serialize_v3,
};
use spacetimedb_core::client::{
    ClientConfig, ClientConnection, ClientConnectionReceiver, DataMessage, OutboundMessage, WsVersion,
};
use spacetimedb_core::subscription::row_list_builder_pool::BsatnRowListBuilderPool;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::connection::Socket;
use super::ending::Ending;
use crate::config::WebSocketConfig;

/// Bytes that tungstenite collects before it writes to the socket.
pub(super) const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// Error notices that may wait beside the engine's messages.
pub(super) const NOTICES_MAX: usize = 16;
/// Messages taken from the engine at once.
const BATCH_MAX: usize = 1024;
/// Larger messages are cut into fragments of this size, so that pings get through in between.
const FRAGMENT_BYTES: usize = 64 * 1024;
/// Encoding buffers larger than this are not kept for the next message.
const KEPT_BUFFER_BYTES: usize = 32 * 1024;

/// Sends what the engine has for the client, until one of them goes away.
pub(super) async fn write(
    client: &ClientConnection,
    mut receiver: ClientConnectionReceiver,
    mut notices: mpsc::Receiver<DataMessage>,
    sink: &mut SplitSink<Socket, Message>,
    limits: &WebSocketConfig,
) -> Ending {
    let pool = client.module().subscriptions().bsatn_rlb_pool.clone();
    let mut encoder = Encoder { config: client.config, pool, spare: None };
    let mut waiting = Waiting::nothing();
    let mut batch = Vec::new();
    let mut ping = interval_at(Instant::now() + limits.ping_interval, limits.ping_interval);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = sleep_until(waiting.moved_at + limits.idle_timeout), if waiting.bytes > limits.outgoing_queue_bytes => {
                // Something may have been taken since this moment was set.
                if waiting.moved_at.elapsed() >= limits.idle_timeout {
                    return Ending::TooSlow;
                }
            }
            sent = poll_fn(|cx| waiting.poll_send(sink, cx)), if waiting.needs_sending() => {
                if let Err(cause) = sent {
                    return Ending::Broken(cause);
                }
            }
            taken = receiver.recv_many(&mut batch, BATCH_MAX) => {
                if taken == 0 {
                    return Ending::ModuleExited;
                }
                let before = waiting.bytes;
                encoder.encode(&mut batch, &mut waiting);
                waiting.note_batch(before);
            }
            Some(notice) = notices.recv() => waiting.push(notice),
            _ = ping.tick() => waiting.push_ping(),
        }
        if waiting.bytes > limits.outgoing_queue_bytes + waiting.largest_batch {
            return Ending::TooSlow;
        }
    }
}

/// Frames that wait to be sent.
struct Waiting {
    frames: VecDeque<Message>,
    bytes: usize,
    /// Bytes of the largest batch since nothing waited.
    largest_batch: usize,
    /// When the client last took something, or nothing waited.
    moved_at: Instant,
    unflushed: bool,
}

impl Waiting {
    fn nothing() -> Self {
        Self { frames: VecDeque::new(), bytes: 0, largest_batch: 0, moved_at: Instant::now(), unflushed: false }
    }

    /// Notes what has come since so many bytes waited.
    fn note_batch(&mut self, before: usize) {
        if before == 0 {
            (self.largest_batch, self.moved_at) = (0, Instant::now());
        }
        self.largest_batch = self.largest_batch.max(self.bytes - before);
    }

    fn needs_sending(&self) -> bool {
        self.unflushed || !self.frames.is_empty()
    }

    fn push(&mut self, message: DataMessage) {
        self.bytes += message.len();
        match message {
            // Bytes of a `ByteString` are UTF-8 by construction; a failure cannot happen.
            DataMessage::Text(text) => {
                let text = Utf8Bytes::try_from(text.into_bytes()).unwrap_or_default();
                self.frames.push_back(Message::Text(text));
            }
            DataMessage::Binary(bytes) if bytes.len() <= FRAGMENT_BYTES => {
                self.frames.push_back(Message::Binary(bytes));
            }
            DataMessage::Binary(bytes) => self.push_fragments(bytes),
        }
    }

    fn push_fragments(&mut self, mut rest: Bytes) {
        let mut data = Data::Binary;
        while !rest.is_empty() {
            let fragment = rest.split_to(rest.len().min(FRAGMENT_BYTES));
            let frame = Frame::message(fragment, OpCode::Data(data), rest.is_empty());
            self.frames.push_back(Message::Frame(frame));
            data = Data::Continue;
        }
    }

    /// A ping overtakes everything: it tells whether the client lives, not what it has read.
    fn push_ping(&mut self) {
        if !matches!(self.frames.front(), Some(Message::Ping(_))) {
            self.frames.push_front(Message::Ping(Bytes::new()));
        }
    }

    /// Sends as much as the socket takes. May be dropped and polled anew at any time.
    fn poll_send(&mut self, sink: &mut SplitSink<Socket, Message>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut sink = Pin::new(sink);
        while !self.frames.is_empty() {
            ready!(sink.as_mut().poll_ready(cx))?;
            if let Some(frame) = self.frames.pop_front() {
                self.bytes -= payload_len(&frame);
                self.moved_at = Instant::now();
                self.unflushed = true;
                sink.as_mut().start_send(frame)?;
            }
        }
        ready!(sink.as_mut().poll_flush(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }
}

fn payload_len(frame: &Message) -> usize {
    match frame {
        Message::Frame(frame) => frame.payload().len(),
        Message::Ping(_) => 0,
        other => other.len(),
    }
}

/// Encodes messages as the client's protocol wants them.
struct Encoder {
    config: ClientConfig,
    pool: BsatnRowListBuilderPool,
    spare: Option<InUseSerializeBuffer>,
}

impl Encoder {
    fn encode(&mut self, batch: &mut Vec<OutboundMessage>, waiting: &mut Waiting) {
        match self.config.version {
            WsVersion::V3 => {
                let messages = batch.drain(..).filter_map(|message| match message {
                    OutboundMessage::V2(message) => Some(message),
                    OutboundMessage::V1(_) => None,
                });
                let buffer = self.spare.take().and_then(InUseSerializeBuffer::try_reclaim);
                let buffer = buffer.unwrap_or_else(|| SerializeBuffer::new(self.config));
                let (used, bytes) = serialize_v3(&self.pool, buffer, messages, self.config.compression);
                self.keep(used, bytes.len());
                waiting.push(bytes.into());
            }
            WsVersion::V1 | WsVersion::V2 => {
                for message in batch.drain(..) {
                    let encoded = self.encode_one(message);
                    waiting.push(encoded);
                }
            }
        }
    }

    fn encode_one(&mut self, message: OutboundMessage) -> DataMessage {
        let buffer = SerializeBuffer::new(self.config);
        match message {
            OutboundMessage::V1(message) => serialize(&self.pool, buffer, message, self.config).1,
            OutboundMessage::V2(message) => serialize_v2(&self.pool, buffer, message, self.config.compression).1.into(),
        }
    }

    /// Small buffers serve again; large ones would stay allocated for a rare message.
    fn keep(&mut self, used: InUseSerializeBuffer, encoded_bytes: usize) {
        self.spare = (encoded_bytes <= KEPT_BUFFER_BYTES).then_some(used);
    }
}
