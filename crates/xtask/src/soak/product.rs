//! What is soaked: a node with the game and its players, and the facade before it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use ureq::Agent;

use super::figures::Figures;
use super::process::{ProcessState, bytes_below, open_descriptors};
use crate::bench::seeding::{self, NODE_KEY};
use crate::bench::server::Server;
use crate::bench::server_process::ServerProcess;
use crate::binaries::FACADE;
use crate::machine_time::MachineTime;
use crate::publish::DATABASE;
use crate::workspace::{Profile, Workspace};

/// Issuer of the tokens that the load generator signs with the node's key: the seeder's players are its identities.
const PLAYERS_ISSUER: &str = "worldloom-seed";
/// How long anything may take to come to rest: longer than the node keeps callers over HTTP (10 s) and silent clients
/// (30 s), on a machine that does other things too.
const REST_LIMIT: Duration = Duration::from_secs(120);
/// How often that is looked at, and how often in a row it must be the same.
const REST_PAUSE: Duration = Duration::from_secs(1);
const REST_LOOKS: u32 = 5;
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// The running product.
pub struct Product {
    pub node: Server,
    pub facade: ServerProcess,
    data_dir: PathBuf,
    agent: Agent,
}

/// What must be as it was when nobody is there any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rest {
    /// Open descriptors by what they lead to.
    pub node_descriptors: BTreeMap<String, usize>,
    /// The same of the facade.
    pub facade_descriptors: BTreeMap<String, usize>,
    /// Connected clients, as the node counts them.
    pub clients: u64,
    /// Rows of `st_client`.
    pub client_rows: u64,
}

/// The product at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct State {
    pub node: ProcessState,
    pub facade: ProcessState,
    /// Bytes that the node's allocator has handed out, as of the last ten seconds.
    pub heap: f64,
    /// Linear memory of the game's WebAssembly instances.
    pub wasm: f64,
    /// Connected clients.
    pub clients: f64,
    /// Rows of all tables.
    pub rows: f64,
    /// What they and the keys of their indexes take, as of the last quarter of a minute.
    pub row_bytes: f64,
    /// The commit log.
    pub log_bytes: f64,
    /// The processors' time.
    pub machine: MachineTime,
}

impl Product {
    /// Starts everything with so many players, with its data in an empty folder.
    pub fn start(workspace: &Workspace, profile: Profile, folder: &Path, players: u32) -> Result<Self> {
        let data_dir = folder.join("node");
        std::fs::create_dir(&data_dir)?;
        let node = seeding::start(workspace, profile, &data_dir, players)?;
        let mut command = Command::new(workspace.binary(profile, FACADE));
        command.env("WORLDLOOM_HTTP__LISTEN", "127.0.0.1:0");
        command.env("WORLDLOOM_NODE__URL", node.url()).env("WORLDLOOM_NODE__DATABASE", DATABASE);
        command.env("WORLDLOOM_NODE__SERVICE_TOKEN_FILE", seeding::service_token_file(&data_dir));
        command.env("WORLDLOOM_NODE__TOKEN_ISSUER", PLAYERS_ISSUER);
        command.env("WORLDLOOM_IDENTITY__KEY_FOLDER", folder.join("identity-keys"));
        command.env("WORLDLOOM_OBJECTS__ROOT", folder.join("objects"));
        // Everybody comes from one address here, and clients are few and busy.
        command.env("WORLDLOOM_HTTP__LIMITS__ADDRESS__PER_MINUTE", "0");
        command.env("WORLDLOOM_HTTP__LIMITS__PLAYER__PER_MINUTE", "0");
        command.env("WORLDLOOM_HTTP__LIMITS__CONNECTIONS_PER_ADDRESS", "0");
        // A line for each request is what an operator switches off first; the one with the address is needed.
        command.env("WORLDLOOM_LOG__FILTER", "error,worldloom_facade::serve=info");
        let facade = ServerProcess::start(&mut command, 0)?;
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(REQUEST_LIMIT)).proxy(None);
        let product = Self { node, facade, data_dir, agent: config.build().into() };
        product.wait_until_ready()?;
        Ok(product)
    }

    /// The node's key, with which players' tokens are signed.
    pub fn node_key(&self) -> PathBuf {
        self.data_dir.join(NODE_KEY)
    }

    /// Looks at both processes and at what the node counts.
    pub fn state(&self) -> Result<State> {
        let figures = self.figures()?;
        let row_bytes = [
            "spacetime_data_size_bytes_used_by_rows",
            "spacetime_data_size_table_bytes_used_by_index_keys",
            "spacetime_data_size_blob_store_bytes_used_by_blobs",
        ];
        Ok(State {
            node: ProcessState::of(self.node.pid())?,
            facade: ProcessState::of(self.facade.pid())?,
            heap: figures.sum("jemalloc_allocated_bytes"),
            wasm: figures.sum("spacetime_worker_wasm_memory_bytes"),
            clients: figures.sum("spacetime_worker_connected_clients"),
            rows: figures.sum("spacetime_num_table_rows"),
            row_bytes: row_bytes.iter().map(|name| figures.sum(name)).sum(),
            log_bytes: figures.sum("spacetime_message_log_size_bytes"),
            machine: MachineTime::now()?,
        })
    }

    /// Rows of each table.
    pub fn rows(&self) -> Result<BTreeMap<String, u64>> {
        let figures = self.figures()?;
        let rows = figures.by("spacetime_num_table_rows", "table_name");
        Ok(rows.map(|(table, rows)| (table.to_owned(), rows as u64)).collect())
    }

    /// Bytes of the node's data folder.
    pub fn data_bytes(&self) -> Result<f64> {
        bytes_below(&self.data_dir)
    }

    /// Waits until nothing changes any more.
    pub fn come_to_rest(&self) -> Result<Rest> {
        let deadline = Instant::now() + REST_LIMIT;
        let mut last = self.rest()?;
        let mut same = 0;
        while same < REST_LOOKS {
            ensure!(Instant::now() < deadline, "the product does not come to rest without load: {last:?}");
            thread::sleep(REST_PAUSE);
            let now = self.rest()?;
            same = if now == last { same + 1 } else { 0 };
            last = now;
        }
        Ok(last)
    }

    /// Waits until this is so; what there is then, or at the end of patience.
    pub fn wait_until(&self, is_so: impl Fn(&Rest) -> bool) -> Result<Rest> {
        let deadline = Instant::now() + REST_LIMIT;
        loop {
            let now = self.rest()?;
            if is_so(&now) || Instant::now() > deadline {
                return Ok(now);
            }
            thread::sleep(REST_PAUSE);
        }
    }

    fn rest(&self) -> Result<Rest> {
        // These requests keep connections of their own, which are there whenever one looks.
        let client_rows = self.node.count("st_client")?;
        let clients = self.figures()?.sum("spacetime_worker_connected_clients") as u64;
        let node_descriptors = open_descriptors(self.node.pid())?;
        let facade_descriptors = open_descriptors(self.facade.pid())?;
        Ok(Rest { node_descriptors, facade_descriptors, clients, client_rows })
    }

    fn figures(&self) -> Result<Figures> {
        let mut answer = self.agent.get(format!("{}/v1/metrics", self.node.url())).call()?;
        ensure!(answer.status().is_success(), "the node tells no figures ({})", answer.status());
        Ok(Figures::new(answer.body_mut().read_to_string()?))
    }

    fn wait_until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + REST_LIMIT;
        let url = format!("http://{}/health/ready", self.facade.address);
        while !self.agent.get(&url).call().is_ok_and(|answer| answer.status().is_success()) {
            ensure!(Instant::now() < deadline, "the facade does not become ready; what it said is above");
            thread::sleep(REST_PAUSE);
        }
        Ok(())
    }
}

impl Rest {
    /// Whether there is nothing more of anything than before. Which files are open may differ: a log goes on in another
    /// one.
    pub fn is_within(&self, before: &Self) -> bool {
        let is_fewer = |now: &BTreeMap<String, usize>, before| count(now) <= count(before);
        is_fewer(&self.node_descriptors, &before.node_descriptors)
            && is_fewer(&self.facade_descriptors, &before.facade_descriptors)
            && self.has_no_more_clients_than(before)
    }

    /// The same for clients alone.
    pub fn has_no_more_clients_than(&self, before: &Self) -> bool {
        self.clients <= before.clients && self.client_rows <= before.client_rows
    }
}

/// How many descriptors there are.
pub fn count(descriptors: &BTreeMap<String, usize>) -> usize {
    descriptors.values().sum()
}

/// What there is more of than before, for people.
pub fn surplus(before: &BTreeMap<String, usize>, now: &BTreeMap<String, usize>) -> String {
    let more = now.iter().filter_map(|(kind, &count)| {
        let more = count.checked_sub(before.get(kind).copied().unwrap_or_default())?;
        (more > 0).then(|| format!("{more} {kind}"))
    });
    more.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Rest, surplus};

    fn open(descriptors: &[(&str, usize)]) -> BTreeMap<String, usize> {
        descriptors.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
    }

    #[test]
    fn a_descriptor_that_stays_open_is_found_and_named() {
        let before = Rest { node_descriptors: open(&[("socket", 9), ("1.log", 1)]), clients: 8, ..Rest::default() };
        let moved_on = Rest { node_descriptors: open(&[("socket", 9), ("2.log", 1)]), ..before.clone() };
        assert!(moved_on.is_within(&before));
        let leaked = Rest { node_descriptors: open(&[("socket", 11), ("1.log", 1)]), ..before.clone() };
        assert!(!leaked.is_within(&before));
        assert_eq!(surplus(&before.node_descriptors, &leaked.node_descriptors), "2 socket");
        assert!(!Rest { clients: 9, ..before.clone() }.is_within(&before));
        assert!(!Rest { client_rows: 1, ..before.clone() }.is_within(&before));
    }
}
