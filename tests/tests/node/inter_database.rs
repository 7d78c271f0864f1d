//! Messages between databases of one node.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::Method;
use serde_json::{Value, json};
use worldloom_tests::{Database, NodeOptions, Outcome, TestNode, eventually};

use crate::answers::{self, refused};

#[tokio::test]
async fn a_message_arrives_once_and_its_outcome_comes_back() -> Outcome {
    let node = TestNode::start().await?;
    let (one, two) = (node.publish("one", "postbox").await?, node.publish("two", "postbox").await?);
    let target = identity(&two).await?;
    for body in ["hello", "refuse this", "good bye"] {
        one.call_ok(&one.owner, "send", json!([target, body])).await?;
    }
    wait_for_rows(&one, "delivery", 3).await?;
    let mut outcomes = one.sql("SELECT body, error FROM delivery").await?;
    outcomes.sort_by_key(ToString::to_string);
    assert_eq!(outcomes[0], json!(["good bye", [1, []]]));
    assert_eq!(outcomes[1], json!(["hello", [1, []]]));
    assert_eq!(outcomes[2][0], "refuse this");
    assert!(outcomes[2][1][1].as_str().unwrap().contains("refused"), "{outcomes:?}");
    // In the order in which they were sent, from the database itself.
    let received = two.sql("SELECT body, sender FROM received").await?;
    let sender = json!([format!("0x{}", identity_text(&one).await?)]);
    assert_eq!(received, [json!(["hello", sender]), json!(["good bye", sender])]);
    Ok(())
}

#[tokio::test]
async fn a_message_arrives_at_a_node_that_listens_elsewhere_than_at_localhost() -> Outcome {
    let listen = Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)));
    let node = TestNode::start_with(NodeOptions { listen, ..NodeOptions::default() }).await?;
    let (one, two) = (node.publish("one", "postbox").await?, node.publish("two", "postbox").await?);
    one.call_ok(&one.owner, "send", json!([identity(&two).await?, "hello"])).await?;
    wait_for_rows(&one, "delivery", 1).await?;
    assert_eq!(two.sql("SELECT body FROM received").await?, [json!(["hello"])]);
    Ok(())
}

#[tokio::test]
async fn messages_under_way_at_a_kill_arrive_exactly_once() -> Outcome {
    const MESSAGES: usize = 40;
    let mut node = TestNode::start().await?;
    let (one, two) = (node.publish("one", "postbox").await?, node.publish("two", "postbox").await?);
    let target = identity(&two).await?;
    for number in 0..MESSAGES {
        one.call_ok(&one.owner, "send", json!([target, format!("message {number:02}")])).await?;
    }
    // A confirmed answer of the sending database means that all before it is on disk.
    one.sql("SELECT * FROM outgoing").await?;
    node.kill()?;
    node.restart().await?;
    wait_for_rows(&one, "delivery", MESSAGES).await?;
    let bodies = two.sql("SELECT body FROM received").await?;
    let expected: Vec<_> = (0..MESSAGES).map(|number| json!([format!("message {number:02}")])).collect();
    assert_eq!(bodies, expected);
    Ok(())
}

#[tokio::test]
async fn nobody_but_a_database_of_this_node_delivers_messages() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("two", "postbox").await?;
    let path = "/call-from-database/receive?stream_id=1&seq=1&ack_prefix=0&signature_hash=00";
    let body = vec![2, 0, 0, 0, b'h', b'i'];
    refused(database.request(Method::POST, path, &database.owner).body(body.clone()), 401, "invalid_token").await?;
    let anonymous = node.request(Method::POST, &format!("/v1/database/two{path}")).body(body);
    refused(anonymous, 401, "invalid_token").await?;
    assert_eq!(database.sql("SELECT * FROM received").await?, Vec::<Value>::new());
    Ok(())
}

async fn identity_text(database: &Database) -> anyhow::Result<String> {
    answers::text(database.request(Method::GET, "/identity", &database.owner)).await
}

/// An identity as an argument.
async fn identity(database: &Database) -> anyhow::Result<Value> {
    Ok(json!({ "__identity__": format!("0x{}", identity_text(database).await?) }))
}

async fn wait_for_rows(database: &Database, table: &str, count: usize) -> Outcome {
    let query = format!("SELECT * FROM {table}");
    eventually("all messages to be delivered", || async {
        let found = database.sql(&query).await.ok()?.len();
        (found == count).then_some(())
    })
    .await
}
