//! The connections of clients.

use anyhow::{Context, ensure};
use tokio::sync::mpsc;
use tokio::time::timeout;
use worldloom_tests::module_calls::{ModuleCalls, SocketCalls};
use worldloom_tests::{DEADLINE, Outcome, TestNode};

#[tokio::test]
async fn a_call_over_a_connection_that_has_ended_fails_at_once() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let (changes, mut told) = mpsc::unbounded_channel();
    let token = &database.owner.token;
    let socket = SocketCalls::connect_confirmed(&node.url, &database.name, token, Some(changes)).await?;
    node.kill()?;
    let ended = async { while told.recv().await.is_some() {} };
    timeout(DEADLINE, ended).await.context("the connection outlives the node")?;
    let called = timeout(DEADLINE, ModuleCalls::Socket(socket).call_encoded("nothing", Vec::new())).await;
    ensure!(called.context("the call hangs")?.is_err(), "a node that is away has answered");
    Ok(())
}
