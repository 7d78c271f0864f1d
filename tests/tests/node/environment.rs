//! Environment variables of modules: set at publish or later, checked, and never told.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;
use worldloom_tests::binaries::module;
use worldloom_tests::{DEADLINE, Database, NodeOptions, Outcome, TestNode, eventually};

use crate::answers::{self, refusal, refused};
use crate::programs::put;
use crate::views::{ENDLESS, until_busy};

/// Silence by which a request is known to wait.
const WAITS_AFTER: Duration = Duration::from_secs(2);
/// Requests that would take all threads of most machines.
const READERS: usize = 64;

#[tokio::test]
async fn variables_come_with_a_publish_and_stay() -> Outcome {
    let mut node = TestNode::start().await?;
    let owner = node.account().await?;
    let request = put(&node, "zoo", &owner, module("schema_zoo")?)
        .header("spacetime-environment", "GREETING='hello, world'")
        .header("spacetime-environment", "NIGHT=true");
    answers::text(request).await?;
    let database = node.database("zoo", &owner);
    let found = json!([[0, "hello, world"], [1, []], [0, "true"]]);
    assert_eq!(seen_by_the_module(&database).await?, found);

    // The next publish says nothing about them.
    answers::text(put(&node, "zoo", &owner, crate::programs::variant(module("schema_zoo")?, "next"))).await?;
    assert_eq!(seen_by_the_module(&database).await?, found);
    node.kill()?;
    node.restart().await?;
    assert_eq!(seen_by_the_module(&database).await?, found);
    answers::text(database.request(Method::PUT, "/reset", &owner)).await?;
    assert_eq!(seen_by_the_module(&database).await?, found);

    let request = put(&node, "zoo", &owner, module("schema_zoo")?).header("spacetime-environment-remove", "GREETING");
    answers::text(request).await?;
    assert_eq!(seen_by_the_module(&database).await?, json!([[1, []], [1, []], [0, "true"]]));
    Ok(())
}

#[tokio::test]
async fn names_are_listed_and_values_are_not() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let hash = module_hash(&database).await?;
    let update = json!({ "values": { "GREETING": "a secret" }, "expected_module_hash": hash });
    answers::text(change(&database, &update)).await?;
    assert_eq!(seen_by_the_module(&database).await?[0], json!([0, "a secret"]));

    let listed = answers::text(database.request(Method::GET, "/environment", &database.owner)).await?;
    assert!(listed.contains("GREETING") && !listed.contains("a secret"), "{listed}");
    let listed: Value = serde_json::from_str(&listed)?;
    assert_eq!(listed["stored_keys"], json!(["GREETING"]));
    assert_eq!(listed["declarations"].as_array().unwrap().len(), 3);

    let update = json!({ "remove": "All", "expected_module_hash": hash });
    answers::text(change(&database, &update)).await?;
    assert_eq!(seen_by_the_module(&database).await?, json!([[1, []], [1, []], [1, []]]));
    Ok(())
}

#[tokio::test]
async fn a_change_survives_a_kill_right_after_its_answer() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let hash = module_hash(&database).await?;
    for greeting in ["one", "two", "three"] {
        let update = json!({ "values": { "GREETING": greeting }, "expected_module_hash": hash });
        answers::text(change(&database, &update)).await?;
        node.kill()?;
        node.restart().await?;
        assert_eq!(seen_by_the_module(&database).await?[0], json!([0, greeting]));
    }
    Ok(())
}

#[tokio::test]
async fn a_change_meant_for_another_program_is_refused() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let update = json!({ "values": { "GREETING": "hi" }, "expected_module_hash": format!("0x{}", "0".repeat(64)) });
    refused(change(&database, &update), 409, "version_conflict").await?;
    assert_eq!(seen_by_the_module(&database).await?[0], json!([1, []]));
    Ok(())
}

#[tokio::test]
async fn values_that_the_module_does_not_allow_are_refused() -> Outcome {
    let node = TestNode::start().await?;
    let owner = node.account().await?;
    for header in ["MODE=shut", "no assignment", "1ST=x"] {
        let request = put(&node, "zoo", &owner, module("schema_zoo")?).header("spacetime-environment", header);
        refused(request, 400, "invalid_environment").await?;
    }
    let database = node.publish("zoo", "schema_zoo").await?;
    let hash = module_hash(&database).await?;
    let update = json!({ "values": { "MODE": "shut" }, "expected_module_hash": hash });
    refused(change(&database, &update), 400, "invalid_environment").await?;
    assert_eq!(seen_by_the_module(&database).await?, json!([[1, []], [1, []], [1, []]]));
    Ok(())
}

/// Whoever reads a database in which a query is under way, and which something wants to change, waits for both. The
/// node itself wants to change each one about twice a second.
#[tokio::test]
async fn a_busy_database_keeps_nobody_waiting_but_those_who_read_or_change_its_environment() -> Outcome {
    // One thread serves everybody, so that a single request could take it.
    let environment = vec![("TOKIO_WORKER_THREADS".to_owned(), "1".to_owned())];
    let node = TestNode::start_with(NodeOptions { environment, ..NodeOptions::default() }).await?;
    let (changed, read) = (node.publish("changed", "tally_v1").await?, node.publish("read", "tally_v1").await?);
    let hash = module_hash(&changed).await?;
    let mut waiting = JoinSet::new();
    for busy in [&changed, &read] {
        waiting.spawn(busy.request(Method::POST, "/sql", &busy.owner).body(ENDLESS).send());
        until_busy(busy).await?;
    }
    let ask = || read.request(Method::GET, "/environment", &read.owner).send();
    eventually("a request to wait", || async { timeout(WAITS_AFTER, ask()).await.is_err().then_some(()) }).await?;

    waiting.spawn(change(&changed, &json!({ "remove": "All", "expected_module_hash": hash })).send());
    for _ in 0..READERS {
        waiting.spawn(ask());
    }
    // It is still the turn of the one that has waited first, although its client has left.
    for _ in 0..READERS {
        let answer = timeout(DEADLINE, waiting.join_next()).await?.unwrap()??;
        refusal(answer, 409, "publish_in_progress").await?;
    }
    timeout(DEADLINE, answers::text(node.request(Method::GET, "/v1/ping"))).await??;
    assert_eq!(waiting.len(), 3);
    Ok(())
}

fn change(database: &Database, update: &Value) -> RequestBuilder {
    database.request(Method::PUT, "/environment", &database.owner).json(update)
}

async fn module_hash(database: &Database) -> anyhow::Result<Value> {
    let mut listed = answers::json(database.request(Method::GET, "/environment", &database.owner)).await?;
    Ok(listed["module_hash"].take())
}

/// `GREETING`, `MODE` and `NIGHT` as the module finds them: options, in the engine's JSON.
async fn seen_by_the_module(database: &Database) -> anyhow::Result<Value> {
    let answer = database.call_ok(&database.owner, "read_environment", json!([])).await?;
    Ok(serde_json::from_str(&answer)?)
}
