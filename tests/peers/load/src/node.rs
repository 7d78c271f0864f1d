//! A node's protocol (`v3.bsatn`) over a WebSocket, as the official TypeScript SDK speaks it: messages that are ready at
//! once travel in one frame, both ways. Calls carry numbers, so answers may come in any order.

use anyhow::{Context, bail};
use futures::{FutureExt, SinkExt, StreamExt};
use spacetimedb_client_api_messages::websocket::{v2, v3};
use spacetimedb_lib::bsatn;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::driver::{Answer, Connection};
use crate::pairs::Pairs;

/// A WebSocket, whatever is spoken over it.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

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
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(v3::BIN_PROTOCOL));
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        }
        let (mut socket, _) = connect_async_with_config(request, None, true).await?;
        match next_messages(&mut socket).await?.as_slice() {
            [v2::ServerMessage::InitialConnection(_)] => Ok(socket),
            other => bail!("expected a greeting, got {other:?}"),
        }
    }
}

/// The message that calls a reducer with encoded arguments.
pub fn call(request_id: u32, reducer: &str, args: Vec<u8>) -> v2::ClientMessage {
    let flags = v2::CallReducerFlags::Default;
    v2::ClientMessage::CallReducer(v2::CallReducer { request_id, flags, reducer: reducer.into(), args: args.into() })
}

/// A frame with one message.
pub fn frame(message: &v2::ClientMessage) -> anyhow::Result<Message> {
    Ok(Message::binary(bsatn::to_vec(message)?))
}

/// The messages in a frame. Its first byte names the compression, which was switched off.
pub fn messages(frame: &Message) -> anyhow::Result<Vec<v2::ServerMessage>> {
    let bytes = match frame {
        Message::Binary(bytes) => bytes,
        Message::Ping(_) | Message::Pong(_) => return Ok(Vec::new()),
        other => bail!("expected a binary message, got {other:?}"),
    };
    let Some((0, mut rest)) = bytes.split_first() else { bail!("the node sent a compressed frame") };
    let mut messages = Vec::new();
    while !rest.is_empty() {
        messages.push(bsatn::from_reader(&mut rest)?);
    }
    Ok(messages)
}

/// What the node says next; one message at least.
pub async fn next_messages(socket: &mut Socket) -> anyhow::Result<Vec<v2::ServerMessage>> {
    loop {
        let messages = messages(&socket.next().await.context("the node closed a connection")??)?;
        if !messages.is_empty() {
            return Ok(messages);
        }
    }
}

/// A connection that makes transfers.
pub struct Transfers {
    socket: Socket,
    pairs: Pairs,
    outgoing: Vec<u8>,
}

impl Transfers {
    /// Connects.
    pub async fn open(database: &Database, pairs: Pairs) -> anyhow::Result<Self> {
        Ok(Self { socket: database.open(None).await?, pairs, outgoing: Vec::new() })
    }
}

impl Connection for Transfers {
    async fn write_call(&mut self, slot: usize) -> anyhow::Result<()> {
        let (from, to) = self.pairs.next();
        let call = call(u32::try_from(slot)?, "transfer", bsatn::to_vec(&(from, to, 1u32))?);
        Ok(bsatn::to_writer(&mut self.outgoing, &call)?)
    }

    async fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::binary(std::mem::take(&mut self.outgoing))).await?)
    }

    async fn read_answers(&mut self, answers: &mut Vec<Answer>) -> anyhow::Result<()> {
        answers.extend(next_messages(&mut self.socket).await?.into_iter().filter_map(answer_in));
        // What has arrived with it.
        while let Some(frame) = self.socket.next().now_or_never() {
            let frame = frame.context("the node closed a connection")??;
            answers.extend(messages(&frame)?.into_iter().filter_map(answer_in));
        }
        Ok(())
    }
}

fn answer_in(message: v2::ServerMessage) -> Option<Answer> {
    let v2::ServerMessage::ReducerResult(result) = message else { return None };
    let is_accepted = matches!(result.result, v2::ReducerOutcome::Ok(_) | v2::ReducerOutcome::OkEmpty);
    Some(Answer { slot: result.request_id as usize, is_accepted })
}
