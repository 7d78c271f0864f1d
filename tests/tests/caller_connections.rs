//! Connections of callers over HTTP, as the database sees them.

use anyhow::Context;
use reqwest::{Client, Method};
use worldloom_tests::{Account, Database, NodeOptions, Outcome, TestNode, eventually};

/// A module without reducers for connecting and disconnecting clients.
const MODULE: &str = "transfer";

/// How many connections the database lists beside the one that asks.
async fn connections(database: &Database) -> anyhow::Result<usize> {
    let listed = database.sql("SELECT connection_id FROM st_client").await?.len();
    listed.checked_sub(1).context("the asking connection is not listed")
}

/// Calls the module over the TCP connections of one client.
async fn touch(client: &Client, database: &Database, account: &Account) -> anyhow::Result<()> {
    let url = database.request(Method::POST, "/call/touch", account).build()?.url().clone();
    let call = client.post(url).bearer_auth(&account.token).header("content-type", "application/json");
    call.body("[1, 1]").send().await?.error_for_status()?;
    Ok(())
}

#[tokio::test]
async fn calls_over_one_tcp_connection_share_a_connection_that_ends_with_it() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("bank", MODULE).await?;
    let account = node.account().await?;
    let caller = Client::new();

    touch(&caller, &database, &account).await?;
    assert_eq!(connections(&database).await?, 1);
    touch(&caller, &database, &account).await?;
    assert_eq!(connections(&database).await?, 1);

    drop(caller);
    eventually("the connection to be closed", || async { (connections(&database).await.ok()? == 0).then_some(()) })
        .await
}

#[tokio::test]
async fn an_unused_connection_is_closed() -> Outcome {
    let config = Some("[http]\ncaller-idle-timeout = '50ms'".to_owned());
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let database = node.publish("bank", MODULE).await?;
    let account = node.account().await?;
    let caller = Client::new();
    touch(&caller, &database, &account).await?;
    eventually("the connection to be closed", || async { (connections(&database).await.ok()? == 0).then_some(()) })
        .await?;
    // And opened again when it is needed.
    touch(&caller, &database, &account).await?;
    Ok(())
}

#[tokio::test]
async fn a_timeout_of_zero_gives_each_call_a_connection_of_its_own() -> Outcome {
    let config = Some("[http]\ncaller-idle-timeout = '0s'".to_owned());
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let database = node.publish("bank", MODULE).await?;
    let account = node.account().await?;
    touch(&Client::new(), &database, &account).await?;
    assert_eq!(connections(&database).await?, 0);
    Ok(())
}

#[tokio::test]
async fn callers_with_different_tokens_do_not_share_a_connection() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("bank", MODULE).await?;
    let (one, other) = (node.account().await?, node.account().await?);
    let caller = Client::new();
    touch(&caller, &database, &one).await?;
    touch(&caller, &database, &other).await?;
    assert_eq!(connections(&database).await?, 2);
    Ok(())
}
