//! A commit log with a damaged tail. The damage is done to a copy of the data, on which a second node is started, so
//! that the first one and its clients go on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use rand::Rng;
use rand::rngs::StdRng;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use spacetimedb_lib::Identity;
use worldloom_client::{ProfileWalletLedger, WalletCurrency, WalletPostingRequest};

use super::super::checks::prefix::{Place, Recovery};
use super::super::final_state::Auditor;
use crate::module_calls::{ModuleCalls, SocketCalls};
use crate::said::Said;
use crate::{Account, Database, NodeOptions, TestNode, eventually};

/// The last segment is damaged within so many bytes of its end.
const TAIL: u64 = 48 * 1024;
/// Bytes of a segment before its first commit.
const SEGMENT_HEADER: u64 = 10;
/// How the name of a log's first segment begins: the number of its first transaction, in 20 digits.
const FIRST_OFFSET: &str = "00000000000000000000";

/// Where the node's answers have their codes, and that of a database that cannot be launched.
const ERROR_CODE: &str = "spacetime-error-code";
const UNAVAILABLE: &str = "database_unavailable";

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

/// Damages a copy of the data of a node that does not run, and finds out what a second node makes of it. That one says
/// what it has to say into the file `log`.
pub async fn recover(
    data: &Path,
    damage: Damage,
    chance: &mut StdRng,
    database: &Database,
    cashier: &Account,
    wallets: impl Fn() -> Vec<Identity>,
    log: &Path,
) -> anyhow::Result<Recovery> {
    let copy = tempfile::tempdir()?;
    copy_folder(data, &copy.path().join("node"))?;
    let Break { at, what, may_be_refused } = break_log(&log_folder(&copy.path().join("node"))?, damage, chance)?;
    fs::write(log, "")?;
    let options = NodeOptions { said: Said::Into(log.to_owned()), ..NodeOptions::default() };
    let node = TestNode::start_on(copy, options).await;
    let mut node = node.with_context(|| format!("the node does not start at all: {what}"))?;
    let copied = node.database(&database.name, &database.owner);
    let outcome = match refusal(&node, &copied, log).await.with_context(|| what.clone())? {
        Some(reason) => Err(reason),
        None => {
            let recovered = Auditor::open(&copied).await?.recovered(&wallets()).await.with_context(|| what.clone())?;
            goes_on(&mut node, &copied, cashier).await.with_context(|| what.clone())?;
            Ok(recovered)
        }
    };
    Ok(Recovery { what, at, may_be_refused, outcome })
}

/// What is written behind the damage is there after one more kill: it must not lie behind what the next start takes for
/// the end of the log.
async fn goes_on(node: &mut TestNode, database: &Database, cashier: &Account) -> anyhow::Result<()> {
    let account = node.account().await?;
    let posting = WalletPostingRequest {
        idempotency_key: "after-the-damage".to_owned(),
        currency: WalletCurrency::Coins,
        amount: 7,
        reason: "after the damage".to_owned(),
    };
    let calls = SocketCalls::connect_confirmed(&database.url, &database.name, &cashier.token, None).await?;
    let args = (Some(Identity::from_hex(&account.identity)?), posting);
    let line: ProfileWalletLedger =
        ModuleCalls::Socket(calls).accepted("credit_profile_wallet_and_return", &args).await?;
    node.kill()?;
    node.restart().await?;
    let mut auditor = Auditor::open(database).await?;
    let lines: Vec<ProfileWalletLedger> = auditor.rows("profile_wallet_ledger").await?;
    ensure!(lines.contains(&line), "what was written after the damage is lost: {line:?}");
    Ok(())
}

/// Why a node refuses to serve a database, if it does.
///
/// Errors: a refusal that does not tell callers by its code what it is, or that the node's log does not explain.
async fn refusal(node: &TestNode, database: &Database, log: &Path) -> anyhow::Result<Option<String>> {
    let query = database.request(Method::POST, "/sql", &database.owner).body("SELECT id FROM profile_wallet_balance");
    let answer = query.send().await?;
    if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
        return Ok(None);
    }
    let code = answer.headers().get(ERROR_CODE).cloned();
    ensure!(code.as_ref().is_some_and(|code| code == UNAVAILABLE), "it is refused with the code {code:?}");
    let health: Value = node.request(Method::GET, "/v1/health").send().await?.json().await?;
    ensure!(health["failed_databases"] == 1, "a database that is refused is not counted: {health}");
    let identity = database.request(Method::GET, "/identity", &database.owner).send().await?;
    let identity = identity.error_for_status()?.text().await?;
    let reason = || async { reason_in(&fs::read_to_string(log).ok()?, identity.trim()) };
    eventually("the node's log to have the reason of a refusal", reason).await.map(Some)
}

/// Why a database cannot be launched, as a node's log has it; nothing if it only says that it cannot.
pub fn reason_in(log: &str, identity: &str) -> Option<String> {
    let sentence = format!("Database {identity} cannot be launched:");
    let (_, line) = log.lines().find_map(|line| line.split_once(&sentence))?;
    // The line's fields come last.
    let reason = line.split_once(" database=").map_or(line, |(reason, _)| reason).trim();
    (!reason.is_empty()).then(|| reason.to_owned())
}

/// A damage that was done.
struct Break {
    /// Everything before this place is as it was.
    at: Place,
    /// What was done.
    what: String,
    may_be_refused: bool,
}

/// Breaks the last segment somewhere near its end.
fn break_log(folder: &Path, damage: Damage, chance: &mut StdRng) -> anyhow::Result<Break> {
    let end = end_of_log(folder)?;
    let file = folder.join(&end.segment);
    let mut bytes = fs::read(&file)?;
    let first = beginning(&end.segment, &bytes).max(end.length.saturating_sub(TAIL));
    if first >= end.length {
        let what = format!("{} is as good as empty, and left alone", end.segment);
        return Ok(Break { at: end, what, may_be_refused: false });
    }
    let at = chance.gen_range(first..end.length);
    // A flipped bit may be anything. But a log that only ends early is what every kill and power cut may leave.
    let may_be_refused = damage == Damage::Flipped;
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
    Ok(Break { at: Place { length: at, ..end }, what, may_be_refused })
}

/// Where damage may begin in a segment. The very first commit has the game module itself, without which there is
/// nothing to recover.
pub fn beginning(segment: &str, bytes: &[u8]) -> u64 {
    if segment.starts_with(FIRST_OFFSET) { end_of_first_commit(bytes) } else { SEGMENT_HEADER }
}

/// The engine's format: offset, epoch, number of records, length of the records in bytes; records; checksum.
fn end_of_first_commit(segment: &[u8]) -> u64 {
    const BEFORE_LENGTH: usize = SEGMENT_HEADER as usize + 8 + 8 + 2;
    let length = segment.get(BEFORE_LENGTH..BEFORE_LENGTH + 4).and_then(|bytes| bytes.try_into().ok());
    length.map_or(u64::MAX, |length| BEFORE_LENGTH as u64 + 4 + u64::from(u32::from_le_bytes(length)) + 4)
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
