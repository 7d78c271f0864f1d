//! A subscriber that speaks the binary protocols by hand, so that tests see every message.

use std::collections::VecDeque;
use std::io::Read;

use anyhow::Context;
use futures::{SinkExt, StreamExt};
use spacetimedb_client_api_messages::websocket::common::{BsatnRowList, RowListLen};
use spacetimedb_client_api_messages::websocket::v2::{
    CallReducer, ClientMessage, InitialConnection, QuerySetId, ReducerOutcome, ReducerResult, ServerMessage, Subscribe,
    SubscribeApplied, TableUpdateRows, TransactionUpdate,
};
use spacetimedb_lib::ser::Serialize;
use spacetimedb_lib::{bsatn, de::DeserializeOwned};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use worldloom_tests::{Account, DEADLINE, Database};

pub const V1_JSON: &str = "v1.json.spacetimedb";
pub const V1: &str = "v1.bsatn.spacetimedb";
pub const V2: &str = "v2.bsatn.spacetimedb";
pub const V3: &str = "v3.bsatn.spacetimedb";

/// How a payload from the node was compressed, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    None,
    Brotli,
    Gzip,
}

/// An open WebSocket as tungstenite has it.
pub type Raw = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a WebSocket that offers one subprotocol.
pub async fn connect(
    database: &Database,
    account: &Account,
    protocols: &str,
    query: &str,
) -> Result<(Raw, Response<Option<Vec<u8>>>), tungstenite::Error> {
    let address = database.url.replacen("http", "ws", 1);
    let mut request = format!("{address}/v1/database/{}/subscribe?{query}", database.name).into_client_request()?;
    let headers = request.headers_mut();
    if !protocols.is_empty() {
        headers.insert("sec-websocket-protocol", HeaderValue::from_str(protocols)?);
    }
    headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {}", account.token))?);
    connect_async(request).await
}

/// A v2 or v3 client.
pub struct Socket {
    pub raw: Raw,
    v3: bool,
    decoded: VecDeque<ServerMessage>,
    /// How every payload so far was compressed.
    pub compressions: Vec<Compression>,
    /// The greeting.
    pub greeting: InitialConnection,
    requests: u32,
}

impl Socket {
    /// Connects with v2 and waits for the greeting.
    pub async fn open(database: &Database, account: &Account) -> anyhow::Result<Self> {
        Self::open_with(database, account, V2, "").await
    }

    /// The same with a protocol and a query.
    pub async fn open_with(
        database: &Database,
        account: &Account,
        protocol: &str,
        query: &str,
    ) -> anyhow::Result<Self> {
        let (mut raw, _) = connect(database, account, protocol, query).await?;
        let payload = timeout(DEADLINE, raw.next()).await?.context("no greeting")??;
        let mut compressions = Vec::new();
        let mut first = decode(&payload.into_data(), &mut compressions)?;
        match first.pop_front() {
            Some(ServerMessage::InitialConnection(greeting)) => {
                Ok(Self { raw, v3: protocol == V3, decoded: first, compressions, greeting, requests: 0 })
            }
            other => anyhow::bail!("greeted with {other:?}"),
        }
    }

    fn next_request(&mut self) -> u32 {
        self.requests += 1;
        self.requests
    }

    /// Sends messages: each in a frame of its own, but v3 takes all in one.
    pub async fn send(&mut self, messages: &[ClientMessage]) -> anyhow::Result<()> {
        let encoded = messages.iter().map(bsatn::to_vec).collect::<Result<Vec<_>, _>>()?;
        let frames = if self.v3 { vec![encoded.concat()] } else { encoded };
        for frame in frames {
            self.raw.send(Message::Binary(frame.into())).await?;
        }
        Ok(())
    }

    /// The node's next message.
    pub async fn next(&mut self) -> anyhow::Result<ServerMessage> {
        loop {
            if let Some(message) = self.decoded.pop_front() {
                return Ok(message);
            }
            match timeout(DEADLINE, self.raw.next()).await?.context("the node hung up")?? {
                Message::Binary(payload) => self.decoded = decode(&payload, &mut self.compressions)?,
                Message::Close(frame) => anyhow::bail!("the node said goodbye: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Asks for a subscription to one query.
    pub async fn ask(&mut self, query: &str) -> anyhow::Result<()> {
        let request_id = self.next_request();
        let subscribe =
            Subscribe { request_id, query_set_id: QuerySetId::new(request_id), query_strings: [query.into()].into() };
        self.send(&[ClientMessage::Subscribe(subscribe)]).await
    }

    /// Subscribes to one query and returns the first rows.
    pub async fn subscribe(&mut self, query: &str) -> anyhow::Result<SubscribeApplied> {
        self.ask(query).await?;
        match self.next().await? {
            ServerMessage::SubscribeApplied(applied) => Ok(applied),
            other => anyhow::bail!("`{query}` was answered with {other:?}"),
        }
    }

    /// A message that calls a reducer.
    pub fn call_message(&mut self, reducer: &str, args: &impl Serialize) -> anyhow::Result<ClientMessage> {
        let args = bsatn::to_vec(args)?.into();
        let request_id = self.next_request();
        Ok(ClientMessage::CallReducer(CallReducer {
            request_id,
            flags: Default::default(),
            reducer: reducer.into(),
            args,
        }))
    }

    /// Calls a reducer and waits for its result; skips other transactions' updates.
    pub async fn call(&mut self, reducer: &str, args: &impl Serialize) -> anyhow::Result<ReducerResult> {
        let message = self.call_message(reducer, args)?;
        self.send(&[message]).await?;
        loop {
            match self.next().await? {
                ServerMessage::ReducerResult(result) => return Ok(result),
                ServerMessage::TransactionUpdate(_) => {}
                other => anyhow::bail!("{reducer} was answered with {other:?}"),
            }
        }
    }

    /// The next transaction, which must be somebody else's.
    pub async fn update(&mut self) -> anyhow::Result<TransactionUpdate> {
        match self.next().await? {
            ServerMessage::TransactionUpdate(update) => Ok(update),
            other => anyhow::bail!("expected an update, got {other:?}"),
        }
    }

    /// Reads until the connection ends: the code and reason of its close frame, if there was one.
    pub async fn ending(&mut self) -> anyhow::Result<Option<(u16, String)>> {
        ending(&mut self.raw).await
    }
}

/// Reads until the connection ends: the code and reason of its close frame, if there was one.
pub async fn ending(raw: &mut Raw) -> anyhow::Result<Option<(u16, String)>> {
    let last = async {
        while let Some(Ok(message)) = raw.next().await {
            if let Message::Close(frame) = message {
                return frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
            }
        }
        None
    };
    timeout(DEADLINE, last).await.context("the node keeps the connection open")
}

/// Decompresses a payload and decodes all messages in it.
fn decode(payload: &[u8], compressions: &mut Vec<Compression>) -> anyhow::Result<VecDeque<ServerMessage>> {
    let (compression, plain) = decompress(payload)?;
    compressions.push(compression);
    let mut rest = &plain[..];
    let mut messages = VecDeque::new();
    while !rest.is_empty() {
        messages.push_back(bsatn::from_reader(&mut rest)?);
    }
    Ok(messages)
}

/// Reads the leading byte and undoes the compression that it names.
pub fn decompress(payload: &[u8]) -> anyhow::Result<(Compression, Vec<u8>)> {
    let (tag, packed) = payload.split_first().context("an empty payload")?;
    let mut plain = Vec::new();
    let compression = match tag {
        0 => {
            plain.extend(packed);
            Compression::None
        }
        1 => {
            brotli::Decompressor::new(packed, 4096).read_to_end(&mut plain)?;
            Compression::Brotli
        }
        2 => {
            flate2::read::GzDecoder::new(packed).read_to_end(&mut plain)?;
            Compression::Gzip
        }
        other => anyhow::bail!("unknown compression {other}"),
    };
    Ok((compression, plain))
}

/// The rows of a list, decoded.
pub fn rows<T: DeserializeOwned>(list: &BsatnRowList) -> anyhow::Result<Vec<T>> {
    list.into_iter().map(|row| Ok(bsatn::from_slice(&row)?)).collect()
}

/// The number of first rows of a subscription.
pub fn row_count(applied: &SubscribeApplied) -> usize {
    applied.rows.tables.iter().map(|table| table.rows.len()).sum()
}

/// How many rows a transaction inserts, deletes or, in event tables, emits.
pub fn changes(update: &TransactionUpdate) -> Changes {
    let mut changes = Changes::default();
    for rows in update.query_sets.iter().flat_map(|set| &set.tables).flat_map(|table| &table.rows) {
        match rows {
            TableUpdateRows::PersistentTable(rows) => {
                changes.inserts += rows.inserts.len();
                changes.deletes += rows.deletes.len();
            }
            TableUpdateRows::EventTable(rows) => changes.events += rows.events.len(),
        }
    }
    changes
}

/// Counts of rows in a transaction.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub inserts: usize,
    pub deletes: usize,
    pub events: usize,
}

/// The changes that a caller's own result carries; the call must have succeeded.
pub fn own_changes(result: &ReducerResult) -> anyhow::Result<Changes> {
    match &result.result {
        ReducerOutcome::Ok(ok) => Ok(changes(&ok.transaction_update)),
        ReducerOutcome::OkEmpty => Ok(Changes::default()),
        other => anyhow::bail!("the call failed: {other:?}"),
    }
}
