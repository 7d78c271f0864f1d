//! What views have returned, and how long it is kept.

use std::time::Duration;

use anyhow::Context;
use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::json;
use spacetimedb_client_api_messages::websocket::v2::{ClientMessage, QuerySetId, ServerMessage, Subscribe};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use worldloom_tests::{DEADLINE, Database, NodeOptions, Outcome, TestNode, eventually};

use crate::answers;
use crate::socket::{Changes, Raw, Socket, V1_JSON, changes, connect, row_count};

const QUERY: &str = "SELECT * FROM my_animals";
/// Holds a database's lock for hours, and needs no memory for it. Owners may.
pub const ENDLESS: &str = "SELECT COUNT(*) AS size FROM st_column a JOIN st_column b JOIN st_column c JOIN st_column d \
                       JOIN st_column e JOIN st_column f";
/// Silence by which a database is known to be busy.
const BUSY_AFTER: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_view_is_forgotten_once_nobody_watches_it_and_runs_anew_for_whoever_comes_back() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let (leaver, stayer) = (database.account().await?, database.account().await?);
    for (keeper, animal) in [(&leaver, "Leo"), (&stayer, "Nala")] {
        database.call_ok(keeper, "insert_row", json!([animal, "lion", 1])).await?;
    }
    let mut leaving = Socket::open(&database, &leaver).await?;
    let mut staying = Socket::open(&database, &stayer).await?;
    for socket in [&mut leaving, &mut staying] {
        assert_eq!(row_count(&socket.subscribe(QUERY).await?), 1);
    }
    // The engine takes off one subscription for a connection that ends.
    assert_eq!(row_count(&leaving.subscribe(QUERY).await?), 1);
    until_kept(&node, 2).await?;
    drop(leaving);
    until_kept(&node, 1).await?;

    for (keeper, animal) in [(&leaver, "Simba"), (&stayer, "Sarabi")] {
        database.call_ok(keeper, "insert_row", json!([animal, "lion", 1])).await?;
    }
    assert_eq!(changes(&staying.update().await?), Changes { inserts: 1, ..Changes::default() });
    let mut returned = Socket::open(&database, &leaver).await?;
    assert_eq!(row_count(&returned.subscribe(QUERY).await?), 2);
    until_kept(&node, 4).await
}

#[tokio::test]
async fn views_of_sets_that_are_refused_or_replaced_are_forgotten_with_their_client() -> Outcome {
    const LIMIT: usize = 20;
    let config = Some(format!("[sql]\nrow-limit = {LIMIT}\n"));
    let node = TestNode::start_with(NodeOptions { config, ..NodeOptions::default() }).await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let (refused, replacing) = (database.account().await?, database.account().await?);
    for (keeper, animal) in [(&refused, "Leo"), (&replacing, "Nala"), (&database.owner, "Simba")] {
        database.call_ok(keeper, "insert_row", json!([animal, "lion", 1])).await?;
    }
    let breeder = database.account().await?;
    for number in 0..LIMIT {
        database.call_ok(&breeder, "insert_row", json!([format!("lion {number}"), "lion", 1])).await?;
    }
    let mut staying = Socket::open(&database, &database.owner).await?;
    assert_eq!(row_count(&staying.subscribe(QUERY).await?), 1);

    let mut refused = Socket::open(&database, &refused).await?;
    let query_strings = [QUERY.into(), "SELECT * FROM animal".into()].into();
    let ask = Subscribe { request_id: 1, query_set_id: QuerySetId::new(1), query_strings };
    refused.send(&[ClientMessage::Subscribe(ask)]).await?;
    assert!(matches!(refused.next().await?, ServerMessage::SubscriptionError(_)));
    let (mut replacing, _) = connect(&database, &replacing, V1_JSON, "").await?;
    for query in [QUERY, QUERY, "SELECT * FROM cage"] {
        replace(&mut replacing, query).await?;
    }
    until_kept(&node, 3).await?;
    drop((refused, replacing));
    until_kept(&node, 1).await
}

/// Subscribes to a query in place of the one before.
async fn replace(socket: &mut Raw, query: &str) -> Outcome {
    let message = json!({ "Subscribe": { "query_strings": [query], "request_id": 1 } });
    socket.send(Message::Text(message.to_string().into())).await?;
    loop {
        let answer = timeout(DEADLINE, socket.next()).await?.context("the node hung up")??;
        if answer.to_text()?.contains("InitialSubscription") {
            return Ok(());
        }
    }
}

/// Its rows are kept for each argument.
#[tokio::test]
async fn a_view_with_a_parameter_is_forgotten_as_well() -> Outcome {
    const LIONS: &str = "SELECT * FROM animals_of_species('lion')";
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let visitor = database.account().await?;
    database.call_ok(&visitor, "insert_row", json!(["Leo", "lion", 1])).await?;
    let mut leaving = Socket::open(&database, &visitor).await?;
    for _ in 0..2 {
        assert_eq!(row_count(&leaving.subscribe(LIONS).await?), 1);
    }
    until_kept_of(&node, "animals_of_species", 1).await?;
    drop(leaving);
    until_kept_of(&node, "animals_of_species", 0).await
}

#[tokio::test]
async fn a_busy_database_does_not_keep_the_views_of_others() -> Outcome {
    let node = TestNode::start().await?;
    // The older one, which comes first.
    let busy = node.publish("busy", "tally_v1").await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    let mut sockets = Vec::new();
    for animal in ["Leo", "Nala"] {
        let keeper = database.account().await?;
        database.call_ok(&keeper, "insert_row", json!([animal, "lion", 1])).await?;
        let mut socket = Socket::open(&database, &keeper).await?;
        assert_eq!(row_count(&socket.subscribe(QUERY).await?), 1);
        sockets.push(socket);
    }
    until_kept(&node, 2).await?;
    let endless = tokio::spawn(busy.request(Method::POST, "/sql", &busy.owner).body(ENDLESS).send());
    until_busy(&busy).await?;
    drop(sockets.pop());
    until_kept(&node, 1).await?;
    assert!(!endless.is_finished());
    Ok(())
}

/// Waits until a database with the module `tally_v1` answers nobody.
pub async fn until_busy(database: &Database) -> Outcome {
    let is_busy = || async { timeout(BUSY_AFTER, database.sql("SELECT * FROM tally")).await.is_err().then_some(()) };
    eventually("the database to be busy", is_busy).await
}

/// Waits until so many rows of the view are kept, for whomever.
async fn until_kept(node: &TestNode, rows: u64) -> Outcome {
    until_kept_of(node, "my_animals", rows).await
}

async fn until_kept_of(node: &TestNode, view: &str, rows: u64) -> Outcome {
    let name = &format!("table_name=\"{view}\"");
    let kept = || async move {
        let metrics = answers::text(node.request(Method::GET, "/v1/metrics")).await.ok()?;
        let mut lines = metrics.lines().filter(|line| line.starts_with("spacetime_num_table_rows"));
        let line = lines.find(|line| line.contains(name))?;
        (line.rsplit(' ').next()?.parse() == Ok(rows)).then_some(())
    };
    eventually(&format!("{rows} rows of {view}"), kept).await
}
