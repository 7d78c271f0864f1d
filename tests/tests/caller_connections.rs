//! Connections of callers over HTTP, as the database sees them.

use std::pin::pin;
use std::time::Duration;

use anyhow::Context;
use futures::future::{Either, select};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::time::sleep;
use worldloom_tests::binaries::module;
use worldloom_tests::{Account, Database, NodeOptions, Outcome, TestNode, eventually, http_client};

/// A module without reducers for connecting and disconnecting clients.
const MODULE: &str = "transfer";

/// How many connections the database lists beside the one that asks.
async fn connections(database: &Database) -> anyhow::Result<usize> {
    let listed = database.sql("SELECT connection_id FROM st_client").await?.len();
    listed.checked_sub(1).context("the asking connection is not listed")
}

/// Calls the module over the TCP connections of one client.
async fn touch(client: &Client, database: &Database, account: &Account) -> anyhow::Result<()> {
    call(client, database, account, "touch", json!([1, 1])).await
}

async fn call(
    client: &Client,
    database: &Database,
    account: &Account,
    name: &str,
    arguments: Value,
) -> anyhow::Result<()> {
    let url = database.request(Method::POST, &format!("/call/{name}"), account).build()?.url().clone();
    client.post(url).bearer_auth(&account.token).json(&arguments).send().await?.error_for_status()?;
    Ok(())
}

#[tokio::test]
async fn calls_over_one_tcp_connection_share_a_connection_that_ends_with_it() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("bank", MODULE).await?;
    let account = node.account().await?;
    let caller = http_client()?;

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
    let caller = http_client()?;
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
    touch(&http_client()?, &database, &account).await?;
    assert_eq!(connections(&database).await?, 0);
    Ok(())
}

#[tokio::test]
async fn callers_with_different_tokens_do_not_share_a_connection() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("bank", MODULE).await?;
    let (one, other) = (node.account().await?, node.account().await?);
    let caller = http_client()?;
    touch(&caller, &database, &one).await?;
    touch(&caller, &database, &other).await?;
    assert_eq!(connections(&database).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_busy_database_keeps_nobody_waiting_who_calls_another() -> Outcome {
    /// Opening so many accounts takes a database a second or two.
    const ACCOUNTS: u32 = 2_000_000;
    let node = TestNode::start().await?;
    let (busy, idle) = (node.publish("busy", MODULE).await?, node.publish("idle", MODULE).await?);
    let (one, other) = (node.account().await?, node.account().await?);
    let seeder = Client::new();
    // What such a client calls all comes over one TCP connection, as what a proxy passes on may do.
    let proxy = Client::builder().http2_prior_knowledge().build()?;
    touch(&proxy, &idle, &one).await?;

    let seeding = call(&seeder, &busy, &busy.owner, "seed", json!([ACCOUNTS, 1]));
    let calling = async {
        sleep(Duration::from_millis(50)).await;
        let waits = pin!(touch(&proxy, &busy, &one));
        let is_served = pin!(async {
            sleep(Duration::from_millis(50)).await;
            touch(&proxy, &idle, &other).await
        });
        match select(waits, is_served).await {
            Either::Left(_) => anyhow::bail!("the idle database answered after the busy one"),
            Either::Right((served, waits)) => served.and(waits.await),
        }
    };
    tokio::try_join!(seeding, calling)?;
    Ok(())
}

#[tokio::test]
async fn a_module_that_disconnects_everybody_has_callers_connected_anew() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("tally", "tally_v1").await?;
    let (account, caller) = (node.account().await?, http_client()?);
    call(&caller, &database, &account, "count", json!(["a"])).await?;
    assert_eq!(connections(&database).await?, 1);

    let as_owner = |method, path: &str| database.request(method, path, &database.owner);
    let plan = as_owner(Method::POST, "/pre_publish").body(module("tally_v2")?).send().await?;
    let plan: Value = plan.error_for_status()?.json().await?;
    let token = plan["AutoMigrate"]["token"].as_str().context("a token")?;
    let path = format!("?policy=BreakClients&token={token}");
    as_owner(Method::PUT, &path).body(module("tally_v2")?).send().await?.error_for_status()?;
    assert_eq!(connections(&database).await?, 0);

    call(&caller, &database, &account, "count", json!(["a"])).await?;
    assert_eq!(connections(&database).await?, 1);
    Ok(())
}
