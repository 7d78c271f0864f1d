//! What views have returned, and how long it is kept.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::timeout;
use worldloom_tests::{Database, Outcome, TestNode, eventually};

use crate::answers;
use crate::socket::{Changes, Socket, changes, row_count};

const QUERY: &str = "SELECT * FROM my_animals";
/// Holds a database's lock for hours, and needs no memory for it. Owners may.
const ENDLESS: &str = "SELECT COUNT(*) AS size FROM st_column a JOIN st_column b JOIN st_column c JOIN st_column d \
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

async fn until_busy(database: &Database) -> Outcome {
    let is_busy = || async { timeout(BUSY_AFTER, database.sql("SELECT * FROM tally")).await.is_err().then_some(()) };
    eventually("the database to be busy", is_busy).await
}

/// Waits until so many rows of the view are kept, for whomever.
async fn until_kept(node: &TestNode, rows: u64) -> Outcome {
    let kept = || async {
        let metrics = answers::text(node.request(Method::GET, "/v1/metrics")).await.ok()?;
        let mut lines = metrics.lines().filter(|line| line.starts_with("spacetime_num_table_rows"));
        let line = lines.find(|line| line.contains("table_name=\"my_animals\""))?;
        (line.rsplit(' ').next()?.parse() == Ok(rows)).then_some(())
    };
    eventually(&format!("{rows} rows of the view"), kept).await
}
