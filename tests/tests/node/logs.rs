//! A module's log: its end, and what is added to it.

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;
use worldloom_tests::{DEADLINE, Outcome, TestNode};

use crate::answers::{self, refused};

#[tokio::test]
async fn the_last_lines_are_told_with_their_origin() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    for text in ["one", "two", "three"] {
        database.call_ok(&database.owner, "log_line", json!([text])).await?;
    }
    node.stop().await?;
    node.restart().await?;
    let tail = answers::text(database.request(Method::GET, "/logs?num_lines=200", &database.owner)).await?;
    let lines = tail.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let ours: Vec<_> = lines.iter().filter(|line| line["function"] == "log_line").collect();
    let texts: Vec<_> = ours.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert_eq!(ours[0]["level"], "Info");
    let last = answers::text(database.request(Method::GET, "/logs?num_lines=1", &database.owner)).await?;
    assert_eq!(last.lines().count(), 1);
    refused(database.request(Method::GET, "/logs?num_lines=many", &database.owner), 400, "malformed_request").await?;
    Ok(())
}

#[tokio::test]
async fn a_follower_hears_every_new_line_until_the_database_is_gone() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let follow = database.request(Method::GET, "/logs?num_lines=0&follow=true", &database.owner).send().await?;
    assert_eq!(follow.headers()["content-type"], "application/x-ndjson");
    let mut stream = follow.bytes_stream();
    let mut heard = String::new();
    for text in ["first line", "second line"] {
        database.call_ok(&database.owner, "log_line", json!([text])).await?;
        while !heard.contains(text) {
            let chunk = timeout(DEADLINE, stream.next()).await?.unwrap()?;
            heard.push_str(std::str::from_utf8(&chunk)?);
        }
    }
    answers::text(database.request(Method::DELETE, "", &database.owner)).await?;
    while timeout(DEADLINE, stream.next()).await?.is_some_and(|chunk| chunk.is_ok()) {}
    Ok(())
}
