//! From the engine to the client: messages become frames, frames wait to be sent.
//!
//! The engine counts messages in its queue but not their bytes. So its queue is emptied as
//! fast as it fills, even while the client does not read, and the bytes that then wait here
//! are counted: a client that is too slow costs the node a known amount of memory.
//!
//! What the engine has at once, up to 1,024 messages, is encoded at once, and may be more by itself than may wait: the
//! rows that a client finds when it subscribes. It is in memory already, so as much as the largest of such batches may
//! wait beside the limit, as long as the client takes something of it now and then, and all of it at a modest pace.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

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
use spacetimedb_core::util::spawn_rayon;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::connection::Socket;
use super::ending::Ending;
use super::queries::Queries;
use crate::config::WebSocketConfig;

/// Bytes that tungstenite collects before it writes to the socket.
pub(super) const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// Error notices that may wait beside the engine's messages.
pub(super) const NOTICES_MAX: usize = 16;
/// Messages taken from the engine at once.
const BATCH_MAX: usize = 1024;
/// Rows that are encoded and compressed on a thread that serves connections. More of them take long; they go where the
/// official server sends as many, to the threads that the engine has for computing.
const ROWS_MAX: usize = 1024;
/// Bytes per second that a client takes at least while there is more for it than may wait: a megabit.
const PACE_MIN: usize = 128 * 1024;
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
    queries: &Queries,
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
            () = sleep_until(waiting.patience_ends(limits)), if waiting.bytes > limits.outgoing_queue_bytes => {
                // Something may have been taken since this moment was set.
                if waiting.bytes > limits.outgoing_queue_bytes && Instant::now() >= waiting.patience_ends(limits) {
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
                batch.iter().for_each(|message| queries.note_answer(message));
                let before = waiting.bytes;
                encoder.encode(&mut batch, &mut waiting).await;
                waiting.note_batch(before, limits);
            }
            Some(notice) = notices.recv() => {
                let before = waiting.bytes;
                waiting.push(notice);
                waiting.note_batch(before, limits);
            }
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
    /// When the client must have taken what is more than may wait, if there is more.
    due_at: Instant,
    unflushed: bool,
}

impl Waiting {
    fn nothing() -> Self {
        let now = Instant::now();
        Self { frames: VecDeque::new(), bytes: 0, largest_batch: 0, moved_at: now, due_at: now, unflushed: false }
    }

    /// Notes what has come since so many bytes waited.
    fn note_batch(&mut self, before: usize, limits: &WebSocketConfig) {
        if before == 0 {
            (self.largest_batch, self.moved_at) = (0, Instant::now());
        }
        let come = self.bytes - before;
        self.largest_batch = self.largest_batch.max(come);
        if before > limits.outgoing_queue_bytes {
            self.due_at += time_to_take(come);
        } else if self.bytes > limits.outgoing_queue_bytes {
            self.due_at = Instant::now() + limits.idle_timeout + time_to_take(self.bytes);
        }
    }

    /// When the client has been too slow, if by then it has taken nothing more, or still not enough.
    fn patience_ends(&self, limits: &WebSocketConfig) -> Instant {
        self.due_at.min(self.moved_at + limits.idle_timeout)
    }

    fn needs_sending(&self) -> bool {
        self.unflushed || !self.frames.is_empty()
    }

    fn push(&mut self, message: DataMessage) {
        self.bytes += message.len();
        match message {
            DataMessage::Text(text) => self.push_fragments(Data::Text, text.into_bytes()),
            DataMessage::Binary(bytes) => self.push_fragments(Data::Binary, bytes),
        }
    }

    /// One fragment is a whole message. Where there are more, a text may be cut within a character.
    fn push_fragments(&mut self, mut data: Data, mut rest: Bytes) {
        loop {
            let fragment = rest.split_to(rest.len().min(FRAGMENT_BYTES));
            let frame = Frame::message(fragment, OpCode::Data(data), rest.is_empty());
            self.frames.push_back(Message::Frame(frame));
            if rest.is_empty() {
                return;
            }
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

/// The longest that a client may take for so many bytes.
fn time_to_take(bytes: usize) -> Duration {
    Duration::from_secs_f64(bytes as f64 / PACE_MIN as f64)
}

/// Encodes messages as the client's protocol wants them.
struct Encoder {
    config: ClientConfig,
    pool: BsatnRowListBuilderPool,
    spare: Option<InUseSerializeBuffer>,
}

impl Encoder {
    /// Encodes what has come at once, beside the runtime if it is much: its threads serve everybody else.
    async fn encode(&mut self, batch: &mut Vec<OutboundMessage>, waiting: &mut Waiting) {
        if !are_many_rows(batch) {
            return self.encode_here(batch.drain(..), |encoded| waiting.push(encoded));
        }
        let mut other = Self { config: self.config, pool: self.pool.clone(), spare: None };
        let batch = mem::take(batch);
        let encoded = spawn_rayon(move || {
            let mut encoded = Vec::new();
            other.encode_here(batch.into_iter(), |message| encoded.push(message));
            encoded
        });
        encoded.await.into_iter().for_each(|message| waiting.push(message));
    }

    fn encode_here(&mut self, batch: impl Iterator<Item = OutboundMessage>, mut push: impl FnMut(DataMessage)) {
        match self.config.version {
            WsVersion::V3 => {
                let messages = batch.filter_map(|message| match message {
                    OutboundMessage::V2(message) => Some(message),
                    OutboundMessage::V1(_) => None,
                });
                let buffer = self.spare.take().and_then(InUseSerializeBuffer::try_reclaim);
                let buffer = buffer.unwrap_or_else(|| SerializeBuffer::new(self.config));
                let (used, bytes) = serialize_v3(&self.pool, buffer, messages, self.config.compression);
                self.keep(used, bytes.len());
                push(bytes.into());
            }
            WsVersion::V1 | WsVersion::V2 => batch.for_each(|message| push(self.encode_one(message))),
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

fn are_many_rows(batch: &[OutboundMessage]) -> bool {
    batch.iter().filter_map(OutboundMessage::num_rows).sum::<usize>() > ROWS_MAX
}

#[cfg(test)]
mod tests {
    use spacetimedb_client_api_messages::websocket::common::{Compression, RowSizeHint};
    use spacetimedb_client_api_messages::websocket::v2::{
        BsatnRowList, QueryRows, QuerySetId, ServerMessage, SingleTableRows, SubscribeApplied,
    };
    use spacetimedb_core::client::Protocol;

    use super::*;

    /// First rows, of a byte each.
    fn rows(count: usize) -> OutboundMessage {
        let rows = BsatnRowList::new(RowSizeHint::FixedSize(1), vec![0; count].into());
        let rows = QueryRows { tables: [SingleTableRows { table: "animal".into(), rows }].into() };
        let applied = SubscribeApplied { request_id: 1, query_set_id: QuerySetId::new(1), rows };
        OutboundMessage::V2(ServerMessage::SubscribeApplied(applied))
    }

    #[test]
    fn rows_are_many_whatever_the_messages_that_they_come_in() {
        assert!(!are_many_rows(&[rows(1_000), rows(24)]));
        assert!(are_many_rows(&[rows(1_000), rows(25)]));
    }

    #[tokio::test]
    async fn rows_that_are_encoded_elsewhere_are_those_of_the_batch() {
        for version in [WsVersion::V2, WsVersion::V3] {
            let config = ClientConfig {
                protocol: Protocol::Binary,
                version,
                compression: Compression::None,
                tx_update_full: false,
                confirmed_reads: true,
            };
            let mut encoder = Encoder { config, pool: BsatnRowListBuilderPool::new(), spare: None };
            let mut here = Waiting::nothing();
            encoder.encode_here([rows(2_000), rows(1)].into_iter(), |encoded| here.push(encoded));
            let (mut elsewhere, mut batch) = (Waiting::nothing(), vec![rows(2_000), rows(1)]);
            encoder.encode(&mut batch, &mut elsewhere).await;
            assert!(batch.is_empty());
            assert_eq!((elsewhere.frames, elsewhere.bytes), (here.frames, here.bytes));
        }
    }

    #[test]
    fn long_messages_of_every_kind_are_cut() {
        // The first cut is within a character.
        let text = format!("a{}", "ä".repeat(FRAGMENT_BYTES));
        for (message, first) in [
            (DataMessage::Text(text.clone().into()), Data::Text),
            (DataMessage::Binary(text.clone().into()), Data::Binary),
        ] {
            let mut waiting = Waiting::nothing();
            waiting.push(message);
            assert_eq!(waiting.bytes, text.len());
            let mut sent = Vec::new();
            let mut kinds = Vec::new();
            for frame in waiting.frames {
                let Message::Frame(frame) = frame else { panic!("{frame} is no fragment") };
                kinds.push((frame.header().opcode, frame.header().is_final));
                sent.extend_from_slice(frame.payload());
            }
            let more = OpCode::Data(Data::Continue);
            assert_eq!(kinds, [(OpCode::Data(first), false), (more, false), (more, true)]);
            assert_eq!(sent, text.as_bytes());
        }
    }

    #[test]
    fn what_is_more_than_may_wait_must_be_taken_at_a_pace() {
        let (outgoing_queue_bytes, idle_timeout) = (PACE_MIN, Duration::from_secs(30));
        let limits = WebSocketConfig { outgoing_queue_bytes, idle_timeout, ..WebSocketConfig::default() };
        let mut waiting = Waiting::nothing();
        let begun = Instant::now();
        let come = |waiting: &mut Waiting, seconds: usize| {
            let before = waiting.bytes;
            waiting.push(vec![0; seconds * PACE_MIN].into());
            waiting.note_batch(before, &limits);
        };
        come(&mut waiting, 100);
        come(&mut waiting, 10);
        // Taking something from time to time is not enough.
        waiting.moved_at = begun + Duration::from_secs(1_000);
        let patience = waiting.patience_ends(&limits) - begun;
        assert!((140..142).contains(&patience.as_secs()), "{patience:?}");
        // Taking nothing is too little at any time.
        waiting.moved_at = begun;
        assert_eq!(waiting.patience_ends(&limits) - begun, idle_timeout);
        // Once no more waits than may, what comes has its own time.
        waiting.bytes = PACE_MIN;
        come(&mut waiting, 9);
        waiting.moved_at = begun + Duration::from_secs(1_000);
        let patience = waiting.patience_ends(&limits) - begun;
        assert!((40..42).contains(&patience.as_secs()), "{patience:?}");
    }
}
