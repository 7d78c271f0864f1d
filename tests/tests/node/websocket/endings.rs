//! How connections end, and what their clients are told.

use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use worldloom_tests::{Outcome, TestNode, eventually};

use crate::answers;
use crate::socket::{Socket, V2, connect, ending};

#[tokio::test]
async fn a_refusing_module_says_why() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let visitor = node.account().await?;
    database.call_ok(&visitor, "ban_me", json!([])).await?;
    let (mut socket, _) = connect(&database, &visitor, V2, "").await?;
    let (code, reason) = ending(&mut socket).await?.unwrap();
    assert_eq!(code, 1008);
    assert!(reason.contains("banned"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn deletion_sends_everybody_away() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(Socket::open(&database, &node.account().await?).await?);
    }
    answers::text(database.request(Method::DELETE, "", &database.owner)).await?;
    for mut socket in sockets {
        assert_eq!(socket.ending().await?.unwrap().0, 1001);
    }
    Ok(())
}

#[tokio::test]
async fn a_session_has_one_connection_and_the_next_takes_it_over() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let query = format!("session_id={}", "5".repeat(32));
    let mut first = Socket::open_with(&database, &database.owner, V2, &query).await?;
    // Somebody else's session of the same number is another one.
    let mut other = Socket::open_with(&database, &node.account().await?, V2, &query).await?;

    let (mut refused, _) = connect(&database, &database.owner, V2, &query).await?;
    assert_eq!(ending(&mut refused).await?.unwrap().0, 4000);
    first.ending().await?;
    let mut second = eventually("the session to be free", || async {
        Socket::open_with(&database, &database.owner, V2, &query).await.ok()
    })
    .await?;
    second.call("log_line", &("taken over",)).await?;
    other.call("log_line", &("undisturbed",)).await?;
    Ok(())
}

#[tokio::test]
async fn a_connection_leaves_no_trace_however_it_ends() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut polite = Socket::open(&database, &database.owner).await?;
    let rude = Socket::open(&database, &database.owner).await?;
    let broken = Socket::open(&database, &database.owner).await?;
    assert_eq!(database.sql("SELECT * FROM visitor").await?.len(), 4);
    polite.raw.close(None).await?;
    polite.ending().await?;
    drop(rude);
    // Only the request that asks is there.
    let visitors = |expected| {
        let database = database.clone();
        eventually("visitors to leave", move || {
            let database = database.clone();
            async move { (database.sql("SELECT * FROM visitor").await.ok()?.len() == expected).then_some(()) }
        })
    };
    visitors(2).await?;
    node.kill()?;
    node.restart().await?;
    visitors(1).await?;
    drop(broken);
    Ok(())
}

#[tokio::test]
async fn pings_are_answered() -> Outcome {
    use futures::{SinkExt, StreamExt};
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    socket.raw.send(Message::Ping(b"are you there".to_vec().into())).await?;
    loop {
        match tokio::time::timeout(worldloom_tests::DEADLINE, socket.raw.next()).await? {
            Some(Ok(Message::Pong(payload))) => {
                assert_eq!(&payload[..], b"are you there");
                return Ok(());
            }
            Some(Ok(_)) => {}
            other => anyhow::bail!("no pong but {other:?}"),
        }
    }
}
