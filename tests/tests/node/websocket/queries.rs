//! How many queries one connection may be subscribed to, and what many rows at once cost it.

use std::time::Duration;

use futures::SinkExt;
use serde_json::json;
use spacetimedb_client_api_messages::websocket::v2::{
    ClientMessage, QuerySetId, ServerMessage, Subscribe, SubscribeBatch, SubscribeSet, Unsubscribe, UnsubscribeFlags,
};
use spacetimedb_lib::bsatn;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use worldloom_tests::{DEADLINE, Database, Outcome, TestNode, eventually};

use super::limits::{node_with, upgraded};
use crate::socket::{Socket, V1_JSON, V2, V3, connect, ending, row_count};

/// Bytes of a row that makes load.
const ROW_BYTES: u32 = 20_000;

#[tokio::test]
async fn a_connection_is_subscribed_to_a_few_queries_at_the_same_time() -> Outcome {
    let node = node_with("max-queries = 3").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut socket = Socket::open(&database, &node.account().await?).await?;
    let query = |number: u32| format!("SELECT * FROM cage WHERE number = {number}");
    for number in 0..3 {
        socket.subscribe(&query(number)).await?;
    }
    let query_set_id = QuerySetId::new(1);
    let leave = Unsubscribe { request_id: 77, query_set_id, flags: UnsubscribeFlags::Default };
    socket.send(&[ClientMessage::Unsubscribe(leave)]).await?;
    assert!(matches!(socket.next().await?, ServerMessage::UnsubscribeApplied(_)));
    socket.subscribe(&query(3)).await?;
    let refusal = socket.subscribe(&query(4)).await.unwrap_err().to_string();
    assert!(refusal.contains("subscribed to 3 queries at the same time"), "{refusal}");
    Ok(())
}

#[tokio::test]
async fn a_refused_subscription_does_not_count() -> Outcome {
    let node = node_with("max-queries = 2").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    for protocol in [V2, V3] {
        let mut socket = Socket::open_with(&database, &node.account().await?, protocol, "").await?;
        for _ in 0..3 {
            let refusal = socket.subscribe("SELECT * FROM nowhere").await.unwrap_err().to_string();
            assert!(refusal.contains("SubscriptionError"), "{refusal}");
        }
        let set = |number, query: &str| SubscribeSet {
            query_set_id: QuerySetId::new(number),
            query_strings: [query.into()].into(),
        };
        let sets = [set(77, "SELECT * FROM cage"), set(78, "SELECT * FROM nowhere")].into();
        socket.send(&[ClientMessage::SubscribeBatch(SubscribeBatch { request_id: 77, sets })]).await?;
        assert!(matches!(socket.next().await?, ServerMessage::SubscribeBatchApplied(_)));
        socket.subscribe("SELECT * FROM animal").await?;
        let refusal = socket.subscribe("SELECT * FROM sighting").await.unwrap_err().to_string();
        assert!(refusal.contains("subscribed to 2 queries at the same time"), "{refusal}");
    }
    Ok(())
}

#[tokio::test]
async fn too_many_queries_in_a_message_end_the_connection() -> Outcome {
    const QUERY: &str = "SELECT * FROM cage";
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let queries = |count: usize| -> Box<[Box<str>]> { vec![Box::<str>::from(QUERY); count].into() };
    let set = |id, count| SubscribeSet { query_set_id: QuerySetId::new(id), query_strings: queries(count) };
    let batch = |sets| ClientMessage::SubscribeBatch(SubscribeBatch { request_id: 1, sets });
    for protocol in [V2, V3] {
        let query_set_id = QuerySetId::new(1);
        for message in [
            ClientMessage::Subscribe(Subscribe { request_id: 1, query_set_id, query_strings: queries(257) }),
            batch([set(1, 128), set(2, 129)].into()),
            batch((0..32).map(|id| set(id, if id == 0 { 9 } else { 8 })).collect()),
        ] {
            let mut socket = Socket::open_with(&database, &database.owner, protocol, "").await?;
            socket.send(&[message]).await?;
            assert_too_many(socket.ending().await?);
        }
    }
    let queries = vec![QUERY; 257];
    for message in [
        json!({ "Subscribe": { "query_strings": queries, "request_id": 1 } }),
        json!({ "SubscribeMulti": { "query_strings": queries, "request_id": 1, "query_id": { "id": 1 } } }),
    ] {
        let (mut socket, _) = connect(&database, &database.owner, V1_JSON, "").await?;
        socket.send(Message::Text(message.to_string().into())).await?;
        assert_too_many(ending(&mut socket).await?);
    }
    Ok(())
}

#[track_caller]
fn assert_too_many(ended: Option<(u16, String)>) {
    let expected = "a message may subscribe to 256 queries, not to 257".to_owned();
    assert_eq!(ended, Some((1011, expected)));
}

#[tokio::test]
async fn a_message_subscribes_to_a_few_sets_of_queries() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let batch = |count: u32| {
        let set = |number| SubscribeSet {
            query_set_id: QuerySetId::new(number),
            query_strings: ["SELECT * FROM cage".into()].into(),
        };
        ClientMessage::SubscribeBatch(SubscribeBatch { request_id: 7, sets: (0..count).map(set).collect() })
    };
    let mut socket = Socket::open(&database, &database.owner).await?;
    socket.send(&[batch(32)]).await?;
    let ServerMessage::SubscribeBatchApplied(applied) = socket.next().await? else { anyhow::bail!("not applied") };
    assert_eq!(applied.results.len(), 32);
    let mut socket = Socket::open(&database, &database.owner).await?;
    socket.send(&[batch(33)]).await?;
    let (code, reason) = socket.ending().await?.unwrap();
    assert!(code == 1011 && reason.contains("32 sets of queries"), "{code}: {reason}");
    Ok(())
}

#[tokio::test]
async fn first_rows_beyond_what_may_wait_reach_a_client_that_reads() -> Outcome {
    let node = node_with("outgoing-queue-bytes = 1048576").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let rows = notes(&database, 600).await?;
    let mut socket = Socket::open_with(&database, &database.owner, V2, "compression=None").await?;
    assert_eq!(row_count(&socket.subscribe("SELECT * FROM secret_note").await?), rows);
    socket.call("log_line", &("still here",)).await?;
    Ok(())
}

/// Silence is not what it is dropped for, nor does it matter in how many pieces the rows come.
#[tokio::test]
async fn who_takes_nothing_of_its_first_rows_is_dropped() -> Outcome {
    let node = node_with("outgoing-queue-bytes = 1048576\nping-interval = '200ms'\nidle-timeout = '1s'").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    // More than sockets take by themselves.
    notes(&database, 2_000).await?;
    let query_strings = ["SELECT * FROM secret_note".into()].into();
    let ask = Subscribe { request_id: 1, query_set_id: QuerySetId::new(1), query_strings };
    let ask_v1 = json!({ "Subscribe": { "query_strings": ["SELECT * FROM secret_note"], "request_id": 1 } });
    for (protocol, ask) in [
        (V2, Message::Binary(bsatn::to_vec(&ClientMessage::Subscribe(ask))?.into())),
        (V1_JSON, Message::Text(ask_v1.to_string().into())),
    ] {
        let (mut socket, _) = connect(&database, &database.owner, protocol, "compression=None").await?;
        socket.send(ask).await?;
        let talking = async {
            let mut pace = interval(Duration::from_millis(100));
            while socket.send(Message::Ping(Vec::new().into())).await.is_ok() {
                pace.tick().await;
            }
        };
        timeout(DEADLINE, talking).await?;
        eventually("the client to be forgotten", || async {
            // This very request is the last visitor.
            (database.sql("SELECT * FROM visitor").await.ok()?.len() == 1).then_some(())
        })
        .await?;
    }
    Ok(())
}

/// More waits than may, for longer than a client may take nothing.
#[tokio::test]
async fn who_takes_its_first_rows_slowly_gets_them_all() -> Outcome {
    let node = node_with("outgoing-queue-bytes = 1048576\nping-interval = '200ms'\nidle-timeout = '2s'").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let bytes = notes(&database, 2_000).await? * ROW_BYTES as usize;
    let mut stream = upgraded(&node, &database, &database.owner).await?;
    let query_strings = ["SELECT * FROM secret_note".into()].into();
    let ask = Subscribe { request_id: 1, query_set_id: QuerySetId::new(1), query_strings };
    stream.write_all(&masked(0x82, &bsatn::to_vec(&ClientMessage::Subscribe(ask))?)).await?;
    let (begun, mut taken, mut buffer) = (Instant::now(), 0, vec![0; 512 * 1024]);
    while taken < bytes {
        if begun.elapsed() < Duration::from_secs(5) {
            sleep(Duration::from_millis(100)).await;
        }
        // A sign of life, since nothing answers the node's own.
        stream.write_all(&masked(0x89, &[])).await?;
        let read = timeout(DEADLINE, stream.read(&mut buffer)).await??;
        anyhow::ensure!(read > 0, "dropped after {taken} of {bytes} bytes");
        taken += read;
    }
    Ok(())
}

/// A frame of less than 126 bytes, masked with zeros.
fn masked(kind: u8, payload: &[u8]) -> Vec<u8> {
    let head = [kind, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    [&head, payload].concat()
}

/// Fills a table with so many large rows, and returns how many there are.
async fn notes(database: &Database, count: u32) -> anyhow::Result<usize> {
    for _ in 0..count / 100 {
        database.call_ok(&database.owner, "burn_rows", json!([100, ROW_BYTES])).await?;
    }
    Ok(count as usize)
}
