//! A database whose program is damaged: what becomes of it, and of the others.

use std::fs;

use futures::future::try_join_all;
use reqwest::Method;
use serde_json::json;
use worldloom_tests::binaries::module;
use worldloom_tests::{Database, Outcome, TestNode};

use crate::answers::{self, refused};
use crate::durability::{first_segment, only_one_is_served};

#[tokio::test]
async fn a_damaged_program_stops_its_own_database_only() -> Outcome {
    let (node, damaged) = with_a_damaged_program().await?;
    // Launches are under way while it is deleted, and fail after that.
    let ask = || damaged.request(Method::POST, "/sql", &damaged.owner).body("SELECT * FROM tally").send();
    let delete = answers::text(damaged.request(Method::DELETE, "", &damaged.owner));
    let (asked, deleted) = tokio::join!(try_join_all((0..8).map(|_| ask())), delete);
    asked?;
    deleted?;
    assert_eq!(databases(&node).await?, json!([1, 0]));
    Ok(())
}

/// Whoever brings a program need not have a database that still opens.
#[tokio::test]
async fn a_damaged_database_can_be_initialised_again() -> Outcome {
    let (node, damaged) = with_a_damaged_program().await?;
    let identity = || answers::text(damaged.request(Method::GET, "/identity", &damaged.owner));
    let before = identity().await?;
    refused(damaged.request(Method::PUT, "/reset", &damaged.owner), 503, "database_unavailable").await?;
    let program = damaged.request(Method::PUT, "?clear=true", &damaged.owner).body(module("tally_v1")?);
    answers::json(program).await?;

    assert_eq!(identity().await?, before);
    assert!(damaged.sql("SELECT * FROM tally").await?.is_empty());
    damaged.call_ok(&damaged.owner, "count", json!(["a"])).await?;
    assert_eq!(databases(&node).await?, json!([2, 0]));
    Ok(())
}

/// A node with a sound database, and one that cannot be launched.
async fn with_a_damaged_program() -> anyhow::Result<(TestNode, Database)> {
    let mut node = TestNode::start().await?;
    let (sound, damaged) = (node.publish("sound", "tally_v1").await?, node.publish("damaged", "tally_v1").await?);
    damaged.call_ok(&damaged.owner, "count", json!(["a"])).await?;
    node.stop().await?;
    // The snapshot has the program as well; without it the whole log is read.
    fs::remove_dir_all(node.data_dir().join("node/replicas/2/snapshots"))?;
    let segment = first_segment(&node, 2)?;
    let mut log = fs::read(&segment)?;
    // The log is sound, but the program in it is of a version of WebAssembly that nobody knows.
    commitlog::edit(&mut log, b"\0asm\x01\0\0\0", b"\0asm\x63\0\0\0");
    fs::write(&segment, log)?;
    node.restart().await?;
    only_one_is_served(&node, &sound, &damaged).await?;
    Ok((node, damaged))
}

/// How many databases there are, and how many of them have failed.
async fn databases(node: &TestNode) -> anyhow::Result<serde_json::Value> {
    let health = answers::json(node.request(Method::GET, "/v1/health")).await?;
    Ok(json!([health["databases"], health["failed_databases"]]))
}

/// The engine's commit log, as far as it takes to change it without damage.
mod commitlog {
    /// Bytes before the first commit.
    const SEGMENT_HEADER: usize = 10;
    /// Offset, epoch, number of records, length of the records.
    const COMMIT_HEADER: usize = 8 + 8 + 2 + 4;

    /// Replaces bytes in the one commit that has them, and makes its checksum right again.
    pub fn edit(log: &mut [u8], from: &[u8], to: &[u8]) {
        let at = log.windows(from.len()).position(|bytes| bytes == from).expect("the bytes are in the log");
        let mut start = SEGMENT_HEADER;
        loop {
            let length = u32::from_le_bytes(log[start + COMMIT_HEADER - 4..start + COMMIT_HEADER].try_into().unwrap());
            let end = start + COMMIT_HEADER + length as usize;
            if at < end {
                log[at..at + to.len()].copy_from_slice(to);
                let checksum = crc32c(&log[start..end]);
                log[end..end + 4].copy_from_slice(&checksum.to_le_bytes());
                return;
            }
            start = end + 4;
        }
    }

    /// CRC-32C (Castagnoli), bit by bit.
    fn crc32c(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & 0u32.wrapping_sub(crc & 1)))
        })
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
