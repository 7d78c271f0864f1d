//! Being told to stop: what is under way gets its time, and what has no end of its own does not take it.

use reqwest::Method;
use serde_json::json;
use tokio::net::TcpStream;
use worldloom_tests::node::signal;
use worldloom_tests::{NodeOptions, Outcome, TestNode, eventually};

use crate::answers;
use crate::outside::Outside;
use crate::socket::Socket;

const NEWS: &str = "http://elsewhere.example/news";

/// A node that waits so long for requests in progress, and whose modules get to that outside.
async fn node_with_grace(grace: &str, outside: &Outside) -> anyhow::Result<TestNode> {
    let config = Some(format!("[http]\nshutdown-grace = '{grace}'"));
    TestNode::start_with(NodeOptions { config, environment: outside.environment(), ..NodeOptions::default() }).await
}

#[tokio::test]
async fn a_call_in_progress_is_answered_before_its_database_closes() -> Outcome {
    let mut outside = Outside::start().await?;
    let mut node = node_with_grace("60s", &outside).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut socket = Socket::open(&database, &database.owner).await?;
    // It asks the outside first and then writes a row.
    let call = node.request(Method::POST, "/v1/database/zoo/route/news").body(NEWS);
    let call = tokio::spawn(answers::text(call));
    let asked = outside.asked().await?;

    signal(node.pid(), "INT")?;
    let address = ("127.0.0.1", node.port());
    eventually("the node to take no connection any more", || async {
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await?;
    socket.call("log_line", &("still here",)).await?;
    asked.answer("Two cubs were born.");
    assert_eq!(call.await??, "1");

    assert_eq!(socket.ending().await?.unwrap().0, 1001);
    let status = eventually("the node to stop", || std::future::ready(node.try_wait())).await?;
    assert!(status.success(), "{status}");
    node.restart().await?;
    assert_eq!(database.sql("SELECT note FROM visit").await?, [json!(["Two cubs were born."])]);
    Ok(())
}

#[tokio::test]
async fn a_call_that_does_not_end_in_time_is_not_waited_for() -> Outcome {
    let mut outside = Outside::start().await?;
    let mut node = node_with_grace("300ms", &outside).await?;
    node.publish("zoo", "schema_zoo").await?;
    let call = node.request(Method::POST, "/v1/database/zoo/route/news").body(NEWS);
    let call = tokio::spawn(answers::text(call));
    let asked = outside.asked().await?;
    let status = node.stop().await?;
    assert!(status.success(), "{status}");
    assert!(call.await?.is_err());
    drop(asked);
    Ok(())
}

#[tokio::test]
async fn whoever_follows_a_log_does_not_keep_the_node_from_stopping() -> Outcome {
    let outside = Outside::start().await?;
    let mut node = node_with_grace("1h", &outside).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let follow = database.request(Method::GET, "/logs?num_lines=0&follow=true", &database.owner).send().await?;
    assert_eq!(follow.status(), 200);
    let status = node.stop().await?;
    assert!(status.success(), "{status}");
    // It was ended, not cut off.
    follow.text().await?;
    Ok(())
}
