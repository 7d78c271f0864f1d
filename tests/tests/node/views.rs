//! What views have returned, and how long it is kept.

use serde_json::json;
use worldloom_tests::{Outcome, TestNode, eventually};

use crate::answers;
use crate::socket::{Changes, Socket, changes, row_count};

const QUERY: &str = "SELECT * FROM my_animals";

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

/// Waits until so many rows of the view are kept, for whomever.
async fn until_kept(node: &TestNode, rows: u64) -> Outcome {
    let kept = || async {
        let metrics = answers::text(node.request(reqwest::Method::GET, "/v1/metrics")).await.ok()?;
        let mut lines = metrics.lines().filter(|line| line.starts_with("spacetime_num_table_rows"));
        let line = lines.find(|line| line.contains("table_name=\"my_animals\""))?;
        (line.rsplit(' ').next()?.parse() == Ok(rows)).then_some(())
    };
    eventually(&format!("{rows} rows of the view"), kept).await
}
