//! How much of its past a database keeps, and that what it keeps is enough.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use worldloom_tests::{Database, NodeOptions, Outcome, TestNode, eventually};

use crate::answers;
use crate::durability::{count, counted, files, segments};

/// A node that takes a snapshot every few transactions.
async fn node_with(history: &str) -> anyhow::Result<(TestNode, Database)> {
    let config = format!("[commitlog]\nmax-segment-size = 4096\n[history]\n{history}\n");
    let node = TestNode::start_with(NodeOptions { config: Some(config), ..NodeOptions::default() }).await?;
    let database = node.publish("tally", "tally_v1").await?;
    Ok((node, database))
}

/// Snapshots that a start may take, the oldest first.
fn snapshots(node: &TestNode) -> anyhow::Result<Vec<PathBuf>> {
    let is_snapshot = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "snapshot_dir");
    let folder = node.data_dir().join("node/replicas/1/snapshots");
    let mut snapshots = files(&folder)?.into_iter().filter(is_snapshot).collect::<Vec<_>>();
    snapshots.sort();
    Ok(snapshots)
}

/// Counts on until the oldest snapshot has gone `times` over, and no more than `kept` of them are left.
async fn count_until_forgotten(node: &TestNode, database: &Database, kept: usize, times: usize) -> Outcome {
    for _ in 0..times {
        let oldest = eventually("a snapshot", || async {
            answers::text(count(database)).await.ok()?;
            snapshots(node).ok()?.into_iter().next()
        })
        .await?;
        eventually("the oldest snapshot to go", || async {
            answers::text(count(database)).await.ok()?;
            (!oldest.exists()).then_some(())
        })
        .await?;
    }
    // One that is ahead of the log for a moment does not count until the next one has been taken.
    eventually("the others to stay", || async {
        answers::text(count(database)).await.ok()?;
        (snapshots(node).ok()?.len() == kept).then_some(())
    })
    .await
}

fn damage(snapshot: &Path) -> Outcome {
    let file = files(snapshot)?.into_iter().find(|path| path.is_file()).context("a snapshot has a file")?;
    let mut bytes = fs::read(&file)?;
    *bytes.last_mut().context("it is not empty")? ^= 1;
    Ok(fs::write(&file, bytes)?)
}

#[tokio::test]
async fn the_newest_snapshots_stay_and_the_log_brings_all_back() -> Outcome {
    let (mut node, database) = node_with("snapshots = 2").await?;
    let first = segments(&node, 1)?.into_iter().next();
    count_until_forgotten(&node, &database, 2, 3).await?;
    assert_eq!(segments(&node, 1)?.into_iter().next(), first);
    let counts = counted(&database).await?;
    node.stop().await?;
    // Should all snapshots be damaged, the log has everything.
    for snapshot in snapshots(&node)? {
        damage(&snapshot)?;
    }
    node.restart().await?;
    assert_eq!(counted(&database).await?, counts);
    Ok(())
}

#[tokio::test]
async fn the_log_since_the_oldest_snapshot_that_stays_is_enough() -> Outcome {
    let (mut node, database) = node_with("snapshots = 2\nwhole-log = false").await?;
    let first = segments(&node, 1)?.into_iter().next().context("there is a log")?;
    count_until_forgotten(&node, &database, 2, 3).await?;
    assert!(!first.exists());
    let counts = counted(&database).await?;
    node.kill()?;
    node.restart().await?;
    assert_eq!(counted(&database).await?, counts);

    node.stop().await?;
    damage(snapshots(&node)?.last().context("snapshots stay")?)?;
    node.restart().await?;
    assert_eq!(counted(&database).await?, counts);
    count_until_forgotten(&node, &database, 2, 3).await?;
    let counts = counted(&database).await?;
    node.kill()?;
    node.restart().await?;
    assert_eq!(counted(&database).await?, counts);
    Ok(())
}
