//! How messages are cut into frames: one message in several, and a frame whose end never comes.

use std::convert::Infallible;
use std::future::pending;
use std::io::ErrorKind;
use std::time::Duration;

use anyhow::Context;
use futures::{SinkExt, StreamExt};
use spacetimedb_client_api_messages::websocket::v2::{CallProcedure, ClientMessage, ServerMessage};
use spacetimedb_lib::bsatn;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{interval, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use worldloom_tests::{DEADLINE, NodeOptions, Outcome, TestNode, eventually};

use crate::socket::{Socket, V2, V3};

/// The head of a whole binary message of 1 MiB, masked with zeros.
const HEAD_OF_A_MEGABYTE: [u8; 14] = [0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0];
/// A ping of the node, as it is on the wire.
const PING: [u8; 2] = [0x89, 0];

#[tokio::test]
async fn a_message_in_fragments_is_one_message() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    for protocol in [V2, V3] {
        let mut socket = Socket::open_with(&database, &database.owner, protocol, "").await?;
        // The procedure comes first: until there is anything else, its answers have a way of their own.
        let procedure = failing_procedure()?;
        let reducer = socket.call_message("write_secret_note", &("whole or in parts",))?;
        for message in [procedure, reducer] {
            let message = bsatn::to_vec(&message)?;
            socket.raw.send(Message::Binary(message.clone().into())).await?;
            let whole = outcome(socket.next().await?)?;
            send_in_fragments(&mut socket, &message).await?;
            assert_eq!(outcome(socket.next().await?)?, whole, "{protocol}");
        }
    }
    // Each message was carried out once.
    assert_eq!(database.sql("SELECT * FROM secret_note").await?.len(), 4);
    Ok(())
}

/// A call of a procedure that always returns the same error.
fn failing_procedure() -> anyhow::Result<ClientMessage> {
    let args = bsatn::to_vec(&("no",))?.into();
    let procedure = "fail_in_procedure".into();
    Ok(ClientMessage::CallProcedure(CallProcedure { request_id: 78, flags: Default::default(), procedure, args }))
}

/// What a call came to, without the times, which differ from call to call.
fn outcome(answer: ServerMessage) -> anyhow::Result<String> {
    match answer {
        ServerMessage::ReducerResult(result) => Ok(format!("{}: {:?}", result.request_id, result.result)),
        ServerMessage::ProcedureResult(result) => Ok(format!("{}: {:?}", result.request_id, result.status)),
        other => anyhow::bail!("{other:?} is no result"),
    }
}

/// Sends a message in three frames, with a ping after the first that is answered before the others are sent.
async fn send_in_fragments(socket: &mut Socket, message: &[u8]) -> Outcome {
    let (first, rest) = message.split_at(message.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    let fragment =
        |part: &[u8], kind, is_last| Message::Frame(Frame::message(part.to_vec(), OpCode::Data(kind), is_last));
    socket.raw.send(fragment(first, Data::Binary, false)).await?;
    socket.raw.send(Message::Ping(b"in between".to_vec().into())).await?;
    loop {
        match timeout(DEADLINE, socket.raw.next()).await?.context("the node hung up")?? {
            Message::Pong(payload) if &payload[..] == b"in between" => break,
            Message::Ping(_) => {}
            other => anyhow::bail!("{other:?} came for the beginning of a message"),
        }
    }
    socket.raw.send(fragment(second, Data::Continue, false)).await?;
    socket.raw.send(fragment(third, Data::Continue, true)).await?;
    Ok(())
}

/// Only whole messages, pings and pongs are signs of life.
#[tokio::test]
async fn a_frame_that_never_ends_is_not_waited_for() -> Outcome {
    let config = Some("[websocket]\nping-interval = '200ms'\nidle-timeout = '1s'".to_owned());
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    for drips in [false, true] {
        let mut socket = Socket::open(&database, &database.owner).await?;
        // Below the protocol, so that nothing answers the node's pings.
        let (mut reading, mut writing) = tokio::io::split(socket.raw.get_mut());
        writing.write_all(&HEAD_OF_A_MEGABYTE).await?;
        let dripping = async {
            let mut pause = interval(Duration::from_millis(50));
            while drips && writing.write_all(&[0]).await.is_ok() {
                pause.tick().await;
            }
            pending::<Infallible>().await
        };
        let mut heard = Vec::new();
        let end = tokio::select! {
            end = timeout(DEADLINE, reading.read_to_end(&mut heard)) => end.context("the node waits for the rest")?,
            never = dripping => match never {},
        };
        // Bytes that arrive after the end reset the connection.
        if let Err(cause) = end {
            assert_eq!(cause.kind(), ErrorKind::ConnectionReset, "{cause}");
        }
        // No close frame: nothing was wrong with what came, but that it did not go on.
        assert!(heard.chunks(PING.len()).all(|frame| frame == PING), "{heard:?}");
        eventually("the client to be gone", || async {
            // Only the request that asks is there.
            (database.sql("SELECT * FROM visitor").await.ok()?.len() == 1).then_some(())
        })
        .await?;
    }
    Ok(())
}
