//! Scheduled reducers and procedures, through restarts too.

use reqwest::Method;
use serde_json::{Value, json};
use worldloom_tests::{Database, Outcome, TestNode, eventually};

use crate::answers;

#[tokio::test]
async fn one_shots_run_once_as_the_database_itself() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    database.call_ok(&database.owner, "schedule_feeding", json!(["Leo", 30])).await?;
    database.call_ok(&database.owner, "schedule_patrol", json!(["Ada", 30])).await?;
    for name in ["Leo", "Ada"] {
        wait_for_feedings(&database, name, 1).await?;
    }
    let query = "SELECT by_database FROM feeding_record";
    assert_eq!(database.sql(query).await?, [json!([true]), json!([true])]);
    eventually("the schedule to be empty", || async {
        let left = database.sql("SELECT * FROM feeding").await.ok()?.len();
        (left + database.sql("SELECT * FROM patrol").await.ok()?.len() == 0).then_some(())
    })
    .await
}

#[tokio::test]
async fn an_interval_runs_until_it_is_cancelled() -> Outcome {
    let node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    database.call_ok(&database.owner, "schedule_feeding_every", json!(["Leo", 20])).await?;
    wait_for_feedings(&database, "Leo", 3).await?;
    database.call_ok(&database.owner, "cancel_feeding", json!(["Leo"])).await?;
    let fed = feedings(&database, "Leo").await?;
    // Another schedule's runs are the clock by which the cancelled one is seen to stand still.
    database.call_ok(&database.owner, "schedule_feeding_every", json!(["Nala", 20])).await?;
    wait_for_feedings(&database, "Nala", 3).await?;
    assert_eq!(feedings(&database, "Leo").await?, fed);
    Ok(())
}

#[tokio::test]
async fn schedules_go_on_after_a_restart_without_any_visitor() -> Outcome {
    let mut node = TestNode::start().await?;
    let database = node.publish("zoo", "schema_zoo").await?;
    database.call_ok(&database.owner, "schedule_feeding_every", json!(["Leo", 20])).await?;
    database.call_ok(&database.owner, "schedule_feeding", json!(["Nala", 1_000])).await?;
    wait_for_feedings(&database, "Leo", 1).await?;
    node.kill()?;
    node.restart().await?;
    // Metrics do not touch the database, as any other request would.
    eventually("the scheduled reducer to run", || async {
        let metrics = answers::text(node.request(Method::GET, "/v1/metrics")).await.ok()?;
        let runs = metrics.lines().find(|line| {
            line.starts_with("spacetime_num_txns_total{committed=\"true\"") && line.contains("reducer=\"feed\"")
        })?;
        (runs.rsplit(' ').next()?.parse::<f64>().ok()? >= 3.0).then_some(())
    })
    .await?;
    wait_for_feedings(&database, "Nala", 1).await?;
    Ok(())
}

async fn feedings(database: &Database, animal: &str) -> anyhow::Result<usize> {
    let query = format!("SELECT * FROM feeding_record WHERE animal = '{animal}'");
    Ok(database.sql(&query).await?.iter().filter(|row: &&Value| row.is_array()).count())
}

async fn wait_for_feedings(database: &Database, animal: &str, count: usize) -> Outcome {
    eventually("a scheduled run", || async {
        let fed = feedings(database, animal).await.ok()?;
        (fed >= count).then_some(())
    })
    .await
}
