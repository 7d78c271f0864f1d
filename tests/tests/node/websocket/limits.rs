//! Hostile and slow clients: each costs the node a known amount, and nobody else anything.

use futures::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use worldloom_tests::{Account, DEADLINE, Database, NodeOptions, Outcome, TestNode, eventually};

use crate::socket::{Socket, V1_JSON, V2, V3, changes, connect, ending};

async fn node_with(websocket: &str) -> anyhow::Result<TestNode> {
    let config = Some(format!("[websocket]\n{websocket}"));
    TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await
}

#[tokio::test]
async fn messages_that_do_not_decode_end_the_connection() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    for protocol in [V2, V3] {
        for message in [
            Message::Binary(vec![0xff; 100].into()),
            Message::Binary(vec![3, 1, 0].into()),
            Message::Binary(Vec::new().into()),
            Message::Text("{}".into()),
        ] {
            let mut socket = Socket::open_with(&database, &database.owner, protocol, "").await?;
            let shown = format!("{message:?} in {protocol}");
            socket.raw.send(message).await?;
            assert_eq!(socket.ending().await?.map(|(code, _)| code), Some(1011), "{shown}");
        }
    }
    let (mut socket, _) = connect(&database, &database.owner, V1_JSON, "").await?;
    socket.send(Message::Text("{\"Subscribe\":".into())).await?;
    assert_eq!(ending(&mut socket).await?.map(|(code, _)| code), Some(1011));
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    Ok(())
}

#[tokio::test]
async fn a_message_past_the_limit_ends_the_connection_in_one_frame_or_many() -> Outcome {
    let node = node_with("max-message-bytes = 65536").await?;
    let database = node.publish("tally", "tally_v1").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    socket.raw.send(Message::Binary(vec![0; 70_000].into())).await?;
    assert_eq!(socket.ending().await?.map(|(code, _)| code), Some(1009));

    let mut socket = Socket::open(&database, &database.owner).await?;
    let (mut sink, mut stream) = futures::StreamExt::split(&mut socket.raw);
    let endless = async {
        let mut kind = Data::Binary;
        loop {
            let fragment = Frame::message(vec![0; 4_096], OpCode::Data(kind), false);
            if sink.send(Message::Frame(fragment)).await.is_err() {
                return;
            }
            kind = Data::Continue;
        }
    };
    let goodbye = async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    };
    let ended = async {
        tokio::select! {
            code = goodbye => code,
            () = endless => None,
        }
    };
    // The close frame can be lost when the client is still writing; the end cannot.
    let code = timeout(DEADLINE, ended).await?;
    assert!(matches!(code, Some(1009) | None), "{code:?}");
    database.call_ok(&database.owner, "count", json!(["a"])).await?;
    Ok(())
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_the_connection() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    for (what, frame) in [
        ("unmasked", &[0x82, 0x01, 0x00][..]),
        ("a reserved opcode", &[0x83, 0x80, 0, 0, 0, 0]),
        ("a reserved bit", &[0xc2, 0x80, 0, 0, 0, 0]),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0]),
        ("a fragmented ping", &[0x09, 0x80, 0, 0, 0, 0]),
    ] {
        let mut stream = upgraded(&node, &database, &database.owner).await?;
        stream.write_all(frame).await?;
        let mut rest = Vec::new();
        timeout(DEADLINE, stream.read_to_end(&mut rest))
            .await
            .map_err(|cause| anyhow::anyhow!("{what}: {cause}"))??;
        // 1002, protocol error, in an unmasked close frame.
        assert!(rest.windows(2).any(|bytes| bytes == 1002u16.to_be_bytes()), "{what}: {rest:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_and_a_silent_one_goes() -> Outcome {
    let node = node_with("ping-interval = '200ms'\nidle-timeout = '2s'").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut alive = Socket::open(&database, &database.owner).await?;
    let mut silent = upgraded(&node, &database, &database.owner).await?;
    // More pings than fit the time-out, each answered by reading on.
    let mut pings = 0;
    while pings < 15 {
        if let Some(Message::Ping(_)) = timeout(DEADLINE, alive.raw.next()).await?.transpose()? {
            pings += 1;
        }
    }
    alive.call("log_line", &("still here",)).await?;
    let mut rest = Vec::new();
    timeout(DEADLINE, silent.read_to_end(&mut rest)).await??;
    eventually("the silent client to be gone", || async {
        let visitors = database.sql("SELECT * FROM visitor").await.ok()?.len();
        // The other socket and this very request.
        (visitors == 2).then_some(())
    })
    .await
}

#[tokio::test]
async fn a_slow_reader_is_dropped_while_others_are_served_and_memory_stays() -> Outcome {
    const ROUNDS: usize = 60;
    const EVENTS: u16 = 40;
    let node = node_with("outgoing-queue-bytes = 4194304").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let reader = node.account().await?;
    let mut slow = Socket::open_with(&database, &node.account().await?, V2, "compression=None").await?;
    slow.subscribe("SELECT * FROM sighting").await?;
    let mut fast = Socket::open_with(&database, &reader, V2, "compression=None").await?;
    fast.subscribe("SELECT * FROM sighting").await?;
    let before = peak_memory(&node)?;

    // A megabyte and a half for each subscriber in each round: far more than may wait.
    let name = "x".repeat(40_000);
    for _ in 0..ROUNDS {
        database.call_ok(&database.owner, "emit_sightings", json!([name, EVENTS])).await?;
        assert_eq!(changes(&fast.update().await?).events, usize::from(EVENTS));
    }
    eventually("the slow client to be dropped", || async {
        let visitors = database.sql("SELECT * FROM visitor").await.ok()?.len();
        (visitors == 2).then_some(())
    })
    .await?;
    let grown = peak_memory(&node)?.saturating_sub(before);
    let sent = ROUNDS * usize::from(EVENTS) * name.len();
    assert!(grown < sent / 2, "{sent} bytes were sent and the node grew by {grown}");
    Ok(())
}

#[tokio::test]
async fn a_client_that_sends_faster_than_it_is_served_is_dropped() -> Outcome {
    let node = node_with("incoming-queue-length = 16").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    // Calls that take their time, so that those behind them wait.
    let calls = (0..400).map(|_| socket.call_message("burn_rows", &(2_000u32, 1_000u32)));
    let calls = calls.collect::<anyhow::Result<Vec<_>>>()?;
    for call in calls {
        if socket.send(&[call]).await.is_err() {
            break;
        }
    }
    let ended = socket.ending().await?;
    assert!(ended.as_ref().is_none_or(|(code, _)| *code == 1013), "{ended:?}");
    database.call_ok(&database.owner, "log_line", json!(["still here"])).await?;
    Ok(())
}

#[tokio::test]
async fn slow_request_heads_are_cut_off() -> Outcome {
    let config = Some("[http]\nheader-timeout = '300ms'".to_owned());
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await?;
    stream.write_all(b"GET /v1/ping HTTP/1.1\r\nhost: lo").await?;
    let mut rest = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut rest)).await??;
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
    Ok(())
}

/// A socket after the handshake, without anything that would answer pings or read on.
async fn upgraded(node: &TestNode, database: &Database, account: &Account) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", node.port())).await?;
    let head = format!(
        "GET /v1/database/{}/subscribe HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: {V2}\r\nauthorization: Bearer {}\r\n\r\n",
        database.name, account.token
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(timeout(DEADLINE, stream.read_u8()).await??);
    }
    anyhow::ensure!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    Ok(stream)
}

/// The most memory that the node ever had, in bytes.
fn peak_memory(node: &TestNode) -> anyhow::Result<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? * 1024)
}
