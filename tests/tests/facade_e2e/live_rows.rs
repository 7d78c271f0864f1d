//! Clients that were subscribed before an upload see its rows arrive.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use spacetimedb_sdk::{DbContext, Table};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;
use worldloom_client::{AssetStatus, DbConnection, MyAssetBindingsTableAccess, MyAssetsTableAccess};
use worldloom_tests::facade::{Upload, sha256};
use worldloom_tests::pictures::picture;
use worldloom_tests::{Account, DEADLINE, Outcome, eventually};

use crate::world::{World, expect, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_and_its_binding_reach_subscribers_in_rust_and_typescript() -> Outcome {
    let world = World::start().await?;
    let (player, stranger) = (world.node.account().await?, world.node.account().await?);
    let rust = RustFollower::start(&world, &player).await?;
    let mut typescript = TypeScriptFollower::start(&world, &player).await?;
    let onlooker = RustFollower::start(&world, &stranger).await?;
    ensure!(rust.rows() == Rows::default(), "there is nothing yet");

    let upload = Upload::private("portrait", picture(11)?);
    ensure!(upload.bytes.len() > 4_000, "a real picture has several kilobytes");
    let asset = world.uploaded(&player, &upload).await?;
    let mut rows = Rows {
        assets: vec![AssetRow {
            asset_id: id_of(&asset)?.to_owned(),
            owner: player.identity.clone(),
            status: "Confirmed".to_owned(),
            sha256: sha256(&upload.bytes),
            byte_size: upload.bytes.len() as u64,
        }],
        bindings: Vec::new(),
    };
    rust.wait_for(&rows).await?;
    typescript.wait_for(&rows).await?;

    let slot = json!({ "entity_kind": "character", "entity_id": "hero-1", "slot": "portrait" });
    let path = format!("/assets/{}/bindings", id_of(&asset)?);
    let bound = world.facade.client.request(Method::POST, &path, Some(&player)).json(&slot).send().await?;
    expect(bound, StatusCode::CREATED).await?;
    rows.bindings.push(BindingRow {
        asset_id: rows.assets[0].asset_id.clone(),
        entity_kind: "character".to_owned(),
        entity_id: "hero-1".to_owned(),
        slot: "portrait".to_owned(),
    });
    rust.wait_for(&rows).await?;
    typescript.wait_for(&rows).await?;

    // Updates arrive in the order of the transactions: what a stranger sees of its own later upload comes after
    // everything that it would have been told before.
    let own = world.uploaded(&stranger, &Upload::private("own", picture(12)?)).await?;
    let seen = eventually("the stranger's own row", || async {
        let rows = onlooker.rows();
        rows.assets.iter().any(|row| row.status == "Confirmed").then_some(rows)
    })
    .await?;
    ensure!(seen.assets.len() == 1 && seen.assets[0].asset_id == id_of(&own)?, "{seen:?}");
    ensure!(seen.bindings.is_empty(), "{seen:?}");
    Ok(())
}

/// What a client's cache holds.
#[derive(Debug, Default, PartialEq, Deserialize)]
struct Rows {
    assets: Vec<AssetRow>,
    bindings: Vec<BindingRow>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct AssetRow {
    asset_id: String,
    owner: String,
    status: String,
    sha256: String,
    byte_size: u64,
}

#[derive(Debug, PartialEq, Deserialize)]
struct BindingRow {
    asset_id: String,
    entity_kind: String,
    entity_id: String,
    slot: String,
}

/// A Rust client that is subscribed to its player's rows.
struct RustFollower {
    connection: DbConnection,
}

impl RustFollower {
    async fn start(world: &World, player: &Account) -> anyhow::Result<Self> {
        let (url, token) = (world.node.url.clone(), player.token.clone());
        let builder = DbConnection::builder().with_uri(url).with_database_name("worldloom").with_token(Some(token));
        // Building blocks its thread until the WebSocket stands.
        let connection = tokio::task::spawn_blocking(move || builder.build()).await??;
        connection.run_threaded();
        let (applied, mut outcome) = mpsc::unbounded_channel();
        let failed = applied.clone();
        connection
            .subscription_builder()
            .on_applied(move |_| drop(applied.send(Ok(()))))
            .on_error(move |_, error| drop(failed.send(Err(error))))
            .subscribe(["SELECT * FROM my_assets", "SELECT * FROM my_asset_bindings"]);
        let outcome = timeout(DEADLINE, outcome.recv()).await?;
        outcome.context("the connection ended before the subscription stood")??;
        Ok(Self { connection })
    }

    fn rows(&self) -> Rows {
        let db = &self.connection.db;
        let (assets, bindings) = (db.my_assets(), db.my_asset_bindings());
        let assets = assets.iter().map(|row| AssetRow {
            asset_id: row.asset_id.to_string(),
            owner: row.owner.to_hex().to_string(),
            status: name(row.status).to_owned(),
            sha256: row.sha_256,
            byte_size: row.byte_size,
        });
        let bindings = bindings.iter().map(|row| BindingRow {
            asset_id: row.asset_id.to_string(),
            entity_kind: row.entity_kind,
            entity_id: row.entity_id,
            slot: row.slot,
        });
        Rows { assets: assets.collect(), bindings: bindings.collect() }
    }

    async fn wait_for(&self, rows: &Rows) -> Outcome {
        let arrived = eventually("the Rust client", || async { (self.rows() == *rows).then_some(()) }).await;
        arrived.with_context(|| format!("{:?} instead of {rows:?}", self.rows()))
    }
}

impl Drop for RustFollower {
    fn drop(&mut self) {
        // An error only says that the connection has ended already.
        let _ = self.connection.disconnect();
    }
}

fn name(status: AssetStatus) -> &'static str {
    match status {
        AssetStatus::Pending => "Pending",
        AssetStatus::Confirmed => "Confirmed",
        AssetStatus::Deleted => "Deleted",
    }
}

/// A TypeScript client, in a process of its own, that prints its player's rows whenever they change.
struct TypeScriptFollower {
    // Ends with the test: the process is killed when this is dropped.
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl TypeScriptFollower {
    async fn start(world: &World, player: &Account) -> anyhow::Result<Self> {
        let mut command = Command::new("node");
        command.args(["--import", "tsx", "test/follow_assets.ts", &world.node.url, "worldloom", &player.token]);
        command.current_dir(package()?).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().context("Node.js does not run; install version 20 or newer")?;
        let output = process.stdout.take().context("the script's output is piped")?;
        let mut follower = Self { _process: process, lines: BufReader::new(output).lines() };
        follower.wait_for(&Rows::default()).await?;
        Ok(follower)
    }

    async fn wait_for(&mut self, rows: &Rows) -> Outcome {
        let arrival = async {
            loop {
                let line = self.lines.next_line().await?.context("the script ended")?;
                if serde_json::from_str::<Rows>(&line)? == *rows {
                    return Ok(());
                }
            }
        };
        timeout(DEADLINE, arrival).await.with_context(|| format!("waited in vain for TypeScript to see {rows:?}"))?
    }
}

/// The package of the TypeScript bindings, with what it depends on installed.
fn package() -> anyhow::Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../client-bindings/typescript");
    ensure!(
        package.join("node_modules/tsx").is_dir(),
        "the TypeScript client is not installed; run `npm ci` in {}, or `cargo xtask test`, which does",
        package.display()
    );
    Ok(package)
}
