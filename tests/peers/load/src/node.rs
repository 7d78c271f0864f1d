//! The protocol of the SDK (`v2.bsatn`) over a WebSocket: calls carry numbers, so answers may come in any order.

use anyhow::{Context, bail};
use futures::{FutureExt, SinkExt, StreamExt};
use spacetimedb_client_api_messages::websocket::v2;
use spacetimedb_lib::bsatn;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::driver::{Answer, Connection};
use crate::pairs::Pairs;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where the database is.
#[derive(Clone)]
pub struct Database {
    /// Address and port of the node.
    pub address: String,
    /// Name of the database.
    pub name: String,
    /// Whether an answer waits until the transaction is on disk.
    pub is_confirmed: bool,
}

impl Database {
    /// Connects and waits for the greeting.
    pub async fn open(&self, token: Option<&str>) -> anyhow::Result<Socket> {
        let Self { address, name, is_confirmed } = self;
        let url = format!("ws://{address}/v1/database/{name}/subscribe?compression=None&confirmed={is_confirmed}");
        let mut request = url.into_client_request()?;
        let headers = request.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(v2::BIN_PROTOCOL));
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        }
        let (mut socket, _) = connect_async_with_config(request, None, true).await?;
        match next_message(&mut socket).await? {
            v2::ServerMessage::InitialConnection(_) => Ok(socket),
            other => bail!("expected a greeting, got {other:?}"),
        }
    }
}

/// A connection that makes transfers.
pub struct Transfers {
    socket: Socket,
    pairs: Pairs,
}

impl Transfers {
    /// Connects.
    pub async fn open(database: &Database, pairs: Pairs) -> anyhow::Result<Self> {
        Ok(Self { socket: database.open(None).await?, pairs })
    }
}

impl Connection for Transfers {
    async fn write_call(&mut self, slot: usize) -> anyhow::Result<()> {
        let (from, to) = self.pairs.next();
        let call = v2::ClientMessage::CallReducer(v2::CallReducer {
            request_id: u32::try_from(slot)?,
            flags: v2::CallReducerFlags::Default,
            reducer: "transfer".into(),
            args: bsatn::to_vec(&(from, to, 1u32))?.into(),
        });
        Ok(self.socket.feed(Message::Binary(bsatn::to_vec(&call)?.into())).await?)
    }

    async fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.socket.flush().await?)
    }

    async fn read_answers(&mut self, answers: &mut Vec<Answer>) -> anyhow::Result<()> {
        answers.extend(answer_in(next_message(&mut self.socket).await?));
        // What has arrived with it.
        while let Some(message) = self.socket.next().now_or_never() {
            if let Some(message) = binary(message)? {
                answers.extend(answer_in(decode(&message)?));
            }
        }
        Ok(())
    }
}

fn answer_in(message: v2::ServerMessage) -> Option<Answer> {
    let v2::ServerMessage::ReducerResult(result) = message else { return None };
    let is_accepted = matches!(result.result, v2::ReducerOutcome::Ok(_) | v2::ReducerOutcome::OkEmpty);
    Some(Answer { slot: result.request_id as usize, is_accepted })
}

/// The next message of the node.
pub async fn next_message(socket: &mut Socket) -> anyhow::Result<v2::ServerMessage> {
    loop {
        if let Some(message) = binary(socket.next().await)? {
            return decode(&message);
        }
    }
}

type Received = Option<Result<Message, tokio_tungstenite::tungstenite::Error>>;

fn binary(received: Received) -> anyhow::Result<Option<Bytes>> {
    match received.context("the node closed a connection")?? {
        Message::Binary(message) => Ok(Some(message)),
        Message::Ping(_) | Message::Pong(_) => Ok(None),
        other => bail!("expected a binary message, got {other:?}"),
    }
}

/// The first byte names the compression, which was switched off.
fn decode(message: &Bytes) -> anyhow::Result<v2::ServerMessage> {
    match message.split_first() {
        Some((0, message)) => Ok(bsatn::from_slice(message)?),
        _ => bail!("the node sent a compressed message"),
    }
}
