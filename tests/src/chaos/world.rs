//! The product under test: a node, a facade, and the lines between them and their clients.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::Value;
use spacetimedb_lib::Uuid;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::faults::disk::SmallDisk;
use super::faults::log_tail::log_folder;
use super::faults::network::Namespace;
use super::faults::preload::Controls;
use super::faults::swap::Forms;
use super::fleet::Places;
use super::plan::Victim;
use crate::said::Said;
use crate::wire::Wire;
use crate::{Account, Database, NodeOptions, Studio, TestFacade, TestNode};

/// Short times, so that what is silent is noticed within a cycle; and a log that is cut into many files, so that
/// snapshots are taken under load.
const NODE_CONFIG: &str = "
[websocket]
ping-interval = '700ms'
idle-timeout = '1500ms'
[commitlog]
max-segment-size = 1048576
";

/// Short waits of the facade, so that it notices soon that the node is back; and nobody is told to ask less often.
const FACADE_SETTINGS: [(&str, &str); 7] = [
    ("NODE__CONNECT_WAIT_MS", "500"),
    ("NODE__CALL_TIMEOUT_MS", "2000"),
    ("NODE__RECONNECT_DELAY_MIN_MS", "20"),
    ("NODE__RECONNECT_DELAY_MAX_MS", "200"),
    ("AI__LEASE_S", "5"),
    ("HTTP__LIMITS__ADDRESS__PER_MINUTE", "0"),
    ("HTTP__LIMITS__PLAYER__PER_MINUTE", "0"),
];

/// Everything that runs. Programs come first, so that they end before their disks do.
pub struct World {
    /// The node.
    pub node: TestNode,
    /// The facade.
    pub facade: TestFacade,
    /// The game's database, reached past all lines.
    pub database: Database,
    /// Somebody with the role Service.
    pub(super) cashier: Account,
    /// A published world to play in.
    world_id: Uuid,
    /// From clients to the node.
    pub clients_to_node: Wire,
    /// From the facade to the node.
    pub facade_to_node: Wire,
    /// From clients to the facade.
    pub clients_to_facade: Wire,
    /// What can be published.
    pub forms: Forms,
    pub(super) node_controls: Controls,
    pub(super) facade_controls: Controls,
    pub(super) network: Option<Namespace>,
    pub(super) node_disk: SmallDisk,
    pub(super) facade_disk: SmallDisk,
    /// A publish that nobody has waited for.
    pub(super) publishing: Option<JoinHandle<anyhow::Result<Value>>>,
    _controls: TempDir,
}

impl World {
    /// Starts and publishes everything; `said` is where the programs' logs go.
    pub async fn start(said: Said) -> anyhow::Result<Self> {
        let (node_disk, facade_disk) = (SmallDisk::mount()?, SmallDisk::mount()?);
        let controls = tempfile::tempdir()?;
        let node_controls = Controls::new(controls.path(), "node", node_disk.path())?;
        let facade_controls = Controls::new(controls.path(), "facade", facade_disk.path())?;
        let network = Namespace::open();
        let options = NodeOptions {
            launcher: network.as_ref().map(Namespace::launcher).unwrap_or_default(),
            listen: network.as_ref().map(|network| network.address),
            config: Some(NODE_CONFIG.to_owned()),
            environment: node_controls.environment(),
            said: said.clone(),
            data_in: Some(node_disk.path().to_owned()),
            ..NodeOptions::default()
        };
        let node = TestNode::start_with(options).await?;
        let studio = Studio::open(&node).await?;
        let author = studio.player().await?;
        let world_id = studio.publish_sample(&author, "Harbour").await?.profile.world_id;
        author.leave();
        let (cashier, database) = (studio.service.leave(), studio.database);
        let facade_to_node = Wire::to(&node.url).await?;
        let through_wire = Database { url: facade_to_node.url.clone(), ..database.clone() };
        let objects = facade_disk.path().join("objects").display().to_string();
        let settings = [FACADE_SETTINGS.as_slice(), &[("OBJECTS__ROOT", &objects)]].concat();
        let circumstances = facade_controls.environment();
        let facade = TestFacade::start_under(&node, &through_wire, &settings, circumstances, said).await?;
        let clients_to_facade = Wire::to(&facade.client.url).await?;
        let clients_to_node = Wire::to(&node.url).await?;
        Ok(Self {
            node,
            facade,
            database,
            cashier,
            world_id,
            clients_to_node,
            facade_to_node,
            clients_to_facade,
            forms: Forms::load()?,
            node_controls,
            facade_controls,
            network,
            node_disk,
            facade_disk,
            publishing: None,
            _controls: controls,
        })
    }

    /// Where clients find everything.
    pub fn places(&self, waits_for_disk: bool) -> anyhow::Result<Places> {
        Ok(Places {
            waits_for_disk,
            node_url: self.clients_to_node.url.clone(),
            facade_url: self.clients_to_facade.url.clone(),
            database: self.database.name.clone(),
            world_id: self.world_id,
            cashier: self.cashier.clone(),
            owner: self.database.owner.clone(),
            log_folder: log_folder(&self.node_data())?,
        })
    }

    /// The node's data folder.
    pub fn node_data(&self) -> PathBuf {
        self.node.data_dir().join("node")
    }

    /// The facade's object store.
    pub fn objects(&self) -> PathBuf {
        self.facade_disk.path().join("objects")
    }

    /// All lines.
    pub fn wires(&self) -> [&Wire; 3] {
        [&self.clients_to_node, &self.facade_to_node, &self.clients_to_facade]
    }

    /// Ends processes without warning. What they had written is kept by the system: see [`World::lose_unsynced`].
    ///
    /// Errors: one of them has ended already, which nothing but a kill may bring about.
    pub fn kill(&mut self, victim: Victim) -> anyhow::Result<()> {
        if victim.has_node() {
            let ended = self.node.try_wait();
            ensure!(ended.is_none(), "the node has ended by itself: {ended:?}");
            self.node.kill()?;
        }
        if victim.has_facade() {
            ensure!(self.facade.is_running(), "the facade has ended by itself");
            self.facade.kill()?;
        }
        Ok(())
    }

    /// Starts what was killed, and waits for nothing.
    pub fn begin_restart(&mut self, victim: Victim) -> anyhow::Result<()> {
        if victim.has_node() {
            self.node.start_again()?;
        }
        if victim.has_facade() {
            self.facade.start_again()?;
        }
        Ok(())
    }

    /// The hash of the program that the database runs.
    pub async fn program(&self) -> anyhow::Result<Value> {
        let rows = self.database.sql("SELECT program_hash FROM st_module").await?;
        rows.into_iter().next().context("the database has no program")
    }

    /// Starts what was killed, and waits until everything says that it is ready.
    pub async fn restart(&mut self, victim: Victim) -> anyhow::Result<()> {
        if victim.has_node() {
            self.node.restart().await?;
        }
        if victim.has_facade() {
            self.facade.restart().await?;
        }
        self.facade.wait_until_ready().await
    }
}
