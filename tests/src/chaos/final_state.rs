//! What the database says at the end, read by its owner after everything has come to rest.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, ensure};
use serde_json::Value;
use spacetimedb_client_api_messages::websocket::v2::ServerMessage;
use spacetimedb_lib::de::DeserializeOwned;
use spacetimedb_lib::{Identity, Uuid, bsatn};
use tokio::sync::mpsc;
use worldloom_client::{
    AiTask, AiTextChunk, AssetObject, AssetStatus, ProfileWalletBalance, ProfileWalletLedger, RuntimeSnapshot,
    RuntimeSnapshotPayload, StoryEvent, WalletEntryKind,
};

use super::checks::ledger::{Books, Line, LineKind, Purse};
use super::checks::prefix::{Recovered, Saved};
use super::checks::saves::Slot;
use super::checks::stories::Event;
use super::checks::streams::Row;
use super::checks::texts::{Piece, Task};
use super::checks::uploads::ObjectRow;
use super::fleet::content_of;
use super::rows::{MY_SAVES, SAVES, TABLES, decode_all, is_filler, slot_name, slot_of};
use crate::facade::sha256;
use crate::module_calls::SocketCalls;
use crate::{Account, Database};

/// Somebody who may read every table.
pub struct Auditor {
    connection: SocketCalls,
    rows: mpsc::UnboundedReceiver<ServerMessage>,
}

impl Auditor {
    /// The database's owner, with confirmed reads.
    pub async fn open(database: &Database) -> anyhow::Result<Self> {
        let (changes, rows) = mpsc::unbounded_channel();
        let connection =
            SocketCalls::connect_confirmed(&database.url, &database.name, &database.owner.token, Some(changes)).await?;
        Ok(Self { connection, rows })
    }

    /// All rows of a table, encoded.
    pub async fn encoded_rows(&mut self, table: &str) -> anyhow::Result<Vec<Vec<u8>>> {
        self.connection.subscribe(&[table]).await?;
        loop {
            // Tables that were read before may change meanwhile.
            if let ServerMessage::SubscribeApplied(applied) = self.rows.recv().await.context("the node is gone")? {
                let rows = applied.rows.tables.iter().flat_map(|table| &table.rows);
                return Ok(rows.map(|row| row.to_vec()).collect());
            }
        }
    }

    /// All rows of a table.
    pub async fn rows<T: DeserializeOwned>(&mut self, table: &str) -> anyhow::Result<Vec<T>> {
        let rows = self.encoded_rows(table).await?;
        rows.iter().map(|row| bsatn::from_slice(row).with_context(|| format!("a row of {table}"))).collect()
    }

    /// All that there is about money; wallets are numbered by their owners' places.
    pub async fn books(&mut self, wallets: &[Identity]) -> anyhow::Result<Books> {
        let numbers: HashMap<&Identity, u32> = wallets.iter().zip(0..).collect();
        let number = |owner: &Identity| {
            numbers.get(owner).copied().with_context(|| format!("money of {owner}, who has no wallet"))
        };
        let ledger: Vec<ProfileWalletLedger> = self.rows("profile_wallet_ledger").await?;
        let lines = ledger.into_iter().map(|row| Ok(line(number(&row.owner)?, row)));
        let lines = lines.collect::<anyhow::Result<_>>()?;
        let mut purses = BTreeMap::new();
        for row in self.rows::<ProfileWalletBalance>("profile_wallet_balance").await? {
            let wallet = number(&row.owner)?;
            let other = purses.insert(wallet, Purse { lines: row.ledger_length, balance: row.balance });
            ensure!(other.is_none(), "wallet {wallet} has two balances");
        }
        Ok(Books { lines, purses })
    }

    /// Every event of every story.
    pub async fn events(&mut self) -> anyhow::Result<Vec<Event>> {
        let rows: Vec<StoryEvent> = self.rows("story_event").await?;
        let event = |row: StoryEvent| Event { story: row.session_id.to_string(), number: row.number, text: row.text };
        Ok(rows.into_iter().filter(|row| !is_filler(row)).map(event).collect())
    }

    /// Every save, with the bytes that are stored for it.
    async fn saves(&mut self) -> anyhow::Result<Vec<(RuntimeSnapshot, Vec<u8>)>> {
        let payloads: Vec<RuntimeSnapshotPayload> = self.rows("runtime_snapshot_payload").await?;
        let mut payloads: HashMap<Uuid, Vec<u8>> =
            payloads.into_iter().map(|row| (row.holder_id, row.payload)).collect();
        let rows: Vec<RuntimeSnapshot> = self.rows(SAVES).await?;
        let with_bytes = |row: RuntimeSnapshot| {
            let bytes = payloads.remove(&row.snapshot_id).unwrap_or_default();
            (row, bytes)
        };
        Ok(rows.into_iter().map(with_bytes).collect())
    }

    /// What is in each save slot: the bytes themselves say it, as far as they are those that the row promises.
    pub async fn slots(&mut self) -> anyhow::Result<BTreeMap<String, Slot>> {
        let slot = |(row, bytes): (RuntimeSnapshot, Vec<u8>)| {
            let content = if sha256(&bytes) == row.checksum { content_of(&bytes) } else { u64::MAX };
            (slot_name(&row), Slot { revision: row.revision, content })
        };
        Ok(self.saves().await?.into_iter().map(slot).collect())
    }

    /// The rows of all objects in a bucket.
    pub async fn objects(&mut self, bucket: &str) -> anyhow::Result<Vec<ObjectRow>> {
        let rows: Vec<AssetObject> = self.rows("asset_object").await?;
        let row = |row: AssetObject| ObjectRow {
            asset: row.asset_id.to_string(),
            object: row.object_key,
            sha256: row.sha_256,
            is_confirmed: row.status == AssetStatus::Confirmed,
        };
        Ok(rows.into_iter().filter(|row| row.bucket == bucket).map(row).collect())
    }

    /// Every generation task with its text.
    pub async fn tasks(&mut self) -> anyhow::Result<Vec<Task>> {
        let mut pieces: HashMap<String, Vec<Piece>> = HashMap::new();
        for AiTextChunk { task_id, position, attempt, sequence, text, .. } in self.rows("ai_text_chunk").await? {
            pieces.entry(task_id.to_string()).or_default().push(Piece { position, attempt, sequence, text });
        }
        let tasks: Vec<AiTask> = self.rows("ai_task").await?;
        let task = |row: AiTask| {
            let task = row.task_id.to_string();
            let pieces = pieces.remove(&task).unwrap_or_default();
            let status = format!("{:?}", row.status).to_lowercase();
            Task { task, wish: wish(&row), status, attempt: row.attempt, attempts_max: row.attempts_max, pieces }
        };
        Ok(tasks.into_iter().map(task).collect())
    }

    /// All that is asked of a log that was damaged.
    pub async fn recovered(&mut self, wallets: &[Identity]) -> anyhow::Result<Recovered> {
        let saves = self.saves().await?;
        let saved = |(row, bytes): (RuntimeSnapshot, Vec<u8>)| {
            let (slot, actual) = (slot_name(&row), sha256(&bytes));
            let checksum = if actual == row.checksum { actual } else { format!("{actual} of {}", row.checksum) };
            (slot, Saved { revision: row.revision, checksum })
        };
        let assets: Vec<AssetObject> = self.rows("asset_object").await?;
        let confirmed = assets.into_iter().filter(|row| row.status == AssetStatus::Confirmed);
        let assets: BTreeSet<String> = confirmed.map(|row| row.asset_id.to_string()).collect();
        let tasks: Vec<AiTask> = self.rows("ai_task").await?;
        Ok(Recovered {
            books: self.books(wallets).await?,
            events: self.events().await?,
            saves: saves.into_iter().map(saved).collect(),
            assets,
            tasks: tasks.into_iter().map(|row| row.task_id.to_string()).collect(),
        })
    }

    /// The rows that watchers of these tables must have in the end. A player's own saves are those of the table.
    pub async fn watched(&mut self, player: &Account) -> anyhow::Result<Vec<Row>> {
        let mut all = Vec::new();
        for table in TABLES {
            let rows = self.encoded_rows(table).await?;
            all.extend(decode_all(table, rows.iter().map(Vec::as_slice))?);
            if table == SAVES {
                let own = slot_of(&Identity::from_hex(&player.identity)?, "");
                let rows = decode_all(MY_SAVES, rows.iter().map(Vec::as_slice))?;
                all.extend(rows.into_iter().filter(|row| row.series.starts_with(&own)));
            }
        }
        Ok(all)
    }
}

/// The key of the wish that a task is for, which the fleet's readers write into the prompt as well. Other tasks have
/// none.
fn wish(task: &AiTask) -> String {
    let request: Value = serde_json::from_str(&task.request).unwrap_or_default();
    request["prompt"].as_str().unwrap_or_default().to_owned()
}

/// A row of the ledger as the checks know it.
pub fn line(wallet: u32, row: ProfileWalletLedger) -> Line {
    let kind = match row.kind {
        WalletEntryKind::Credit => LineKind::Credit,
        WalletEntryKind::TransferOut => LineKind::Out,
        WalletEntryKind::TransferIn => LineKind::In,
        WalletEntryKind::Debit | WalletEntryKind::Refund => LineKind::Other,
    };
    Line {
        wallet,
        kind,
        amount: row.amount,
        after: Purse { lines: row.sequence, balance: row.balance_after },
        mark: row.reason,
        id: row.entry_id.as_u128(),
        other: row.related_entry_id.map(|id| id.as_u128()),
    }
}
