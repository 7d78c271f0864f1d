//! A commit log with a damaged tail. The damage is done to a copy of the data, on which a second node is started, so
//! that the first one and its clients go on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use rand::Rng;
use rand::rngs::StdRng;
use reqwest::Method;
use serde_json::Value;
use spacetimedb_lib::Identity;

use super::super::checks::prefix::{Place, Recovery};
use super::super::final_state::Auditor;
use crate::said::Said;
use crate::{Database, NodeOptions, TestNode};

/// The last segment is damaged within so many bytes of its end.
const TAIL: u64 = 48 * 1024;
/// Bytes of a segment before its first commit.
const SEGMENT_HEADER: u64 = 10;

/// What is done to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It ends early.
    Truncated,
    /// One bit is another.
    Flipped,
}

/// Where the log of the one database in a node's data folder lies.
pub fn log_folder(data: &Path) -> anyhow::Result<PathBuf> {
    let replicas = fs::read_dir(data.join("replicas"))?.collect::<Result<Vec<_>, _>>()?;
    ensure!(replicas.len() == 1, "there are {} databases", replicas.len());
    Ok(replicas[0].path().join("clog"))
}

/// Where the log ends at the moment.
pub fn end_of_log(folder: &Path) -> anyhow::Result<Place> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            segments.push(path);
        }
    }
    let last = segments.into_iter().max().context("there is no log")?;
    let segment = last.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Place { segment, length: fs::metadata(&last)?.len() })
}

/// Damages a copy of the data of a node that does not run, and finds out what a second node makes of it.
pub async fn recover(
    data: &Path,
    damage: Damage,
    chance: &mut StdRng,
    database: &Database,
    wallets: impl Fn() -> Vec<Identity>,
    said: Said,
) -> anyhow::Result<Recovery> {
    let copy = tempfile::tempdir()?;
    copy_folder(data, &copy.path().join("node"))?;
    let (at, what) = break_log(&log_folder(&copy.path().join("node"))?, damage, chance)?;
    let node = TestNode::start_on(copy, NodeOptions { said, ..NodeOptions::default() });
    let node = node.await.with_context(|| format!("the node does not start at all: {what}"))?;
    let copied = node.database(&database.name, &database.owner);
    let answer = copied
        .request(Method::POST, "/sql", &copied.owner)
        .body("SELECT id FROM profile_wallet_balance")
        .send()
        .await?;
    let (status, text) = (answer.status().as_u16(), answer.text().await?);
    if status == 503 {
        let health: Value = node.request(Method::GET, "/v1/health").send().await?.json().await?;
        ensure!(health["failed_databases"] == 1, "a database that is refused is not counted: {health}");
        ensure!(text.len() > 20, "it is refused without a reason: {text:?}");
        return Ok(Recovery { what, at, books: None, refusal: text });
    }
    let books = Auditor::open(&copied).await?.books(&wallets()).await.with_context(|| what.clone())?;
    Ok(Recovery { what, at, books: Some(books), refusal: String::new() })
}

/// Breaks the last segment somewhere near its end; returns where, and how.
fn break_log(folder: &Path, damage: Damage, chance: &mut StdRng) -> anyhow::Result<(Place, String)> {
    let end = end_of_log(folder)?;
    let file = folder.join(&end.segment);
    let first = SEGMENT_HEADER.max(end.length.saturating_sub(TAIL));
    if first >= end.length {
        return Ok((end.clone(), format!("{} is as good as empty, and left alone", end.segment)));
    }
    let at = chance.gen_range(first..end.length);
    let mut bytes = fs::read(&file)?;
    let what = match damage {
        Damage::Truncated => {
            bytes.truncate(usize::try_from(at)?);
            format!("{} ends after {at} of {} bytes", end.segment, end.length)
        }
        Damage::Flipped => {
            let bit = chance.gen_range(0..8);
            bytes[usize::try_from(at)?] ^= 1 << bit;
            format!("bit {bit} of byte {at} of {} in {} is flipped", end.length, end.segment)
        }
    };
    fs::write(&file, bytes)?;
    Ok((Place { length: at, ..end }, what))
}

/// Copies a folder with everything in it, but for links, such as the one to compiled modules.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (path, name) = {
            let entry = entry?;
            (entry.path(), entry.file_name())
        };
        match path.symlink_metadata()?.file_type() {
            kind if kind.is_symlink() => {}
            kind if kind.is_dir() => copy_folder(&path, &to.join(name))?,
            _ => drop(fs::copy(&path, to.join(name))?),
        }
    }
    Ok(())
}
