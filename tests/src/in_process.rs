//! The engine in this process, without a node: one database, and nothing between caller and engine
//! but the engine's own queue.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use spacetimedb_core::config::{V8Config, WasmConfig};
use spacetimedb_core::db::persistence::LocalPersistenceProvider;
use spacetimedb_core::db::{Config as StorageConfig, Storage};
use spacetimedb_core::energy::NullEnergyMonitor;
use spacetimedb_core::host::{HostController, HostRuntimeConfig, IdcConfig, ModuleHost};
use spacetimedb_core::messages::control_db::{Database, HostType};
use spacetimedb_core::util::jobs::JobCores;
use spacetimedb_lib::{Hash, Identity, hash_bytes};
use spacetimedb_paths::FromPathUnchecked;
use spacetimedb_paths::server::ServerDataDir;
// Gives every program that uses this the symbols that the engine refers to and the node's binary has.
use spacetime_node as _;

/// Number of the one database's replica.
const REPLICA: u64 = 1;

/// Who publishes the database.
pub const PUBLISHER: Identity = Identity::ONE;

/// A running database.
pub struct InProcessDatabase {
    controller: HostController,
    /// What calls go to.
    pub module: ModuleHost,
}

impl InProcessDatabase {
    /// Publishes `program`, keeping the data on disk below `folder`.
    pub async fn launch(folder: &Path, program: Vec<u8>, job_cores: JobCores) -> anyhow::Result<Self> {
        let data_dir = Arc::new(ServerDataDir::from_path_unchecked(folder));
        let database = Database {
            id: 1,
            database_identity: Identity::from_claims("localhost", "in-process"),
            owner_identity: PUBLISHER,
            host_type: HostType::Wasm,
            initial_program: hash_bytes(&program),
            bootstrap_generation: 0,
        };
        let storage = move |_: Hash| std::future::ready(Ok(Some(program.clone().into_boxed_slice())));
        let controller = HostController::new(
            data_dir.clone(),
            StorageConfig { storage: Storage::Disk, page_pool_max_size: None },
            HostRuntimeConfig::new(WasmConfig::default(), V8Config::default(), Default::default()),
            Arc::new(storage),
            Arc::new(NullEnergyMonitor),
            Arc::new(()),
            Arc::new(LocalPersistenceProvider::new(data_dir)),
            job_cores,
        );
        let keys = spacetimedb_core::auth::JwtKeys::generate()?;
        controller.set_idc_config(IdcConfig { http_port: 0, token_signer: Arc::new(keys.private) })?;
        let module = controller.get_or_launch_module_host(database, REPLICA).await?;
        Ok(Self { controller, module })
    }

    /// Ends the database; its data stays.
    pub async fn exit(self) -> anyhow::Result<()> {
        self.controller.exit_module_host(REPLICA, Duration::from_secs(30)).await
    }
}

/// Runs `work` on a runtime that may launch databases, and gives its result.
pub fn run_with_engine<T, F>(work: impl FnOnce(JobCores) -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    // Dropping these in asynchronous code panics.
    let job_cores = JobCores::without_pinned_cores();
    let outcome = runtime.block_on(work(job_cores.clone()));
    runtime.shutdown_timeout(Duration::from_secs(5));
    drop(job_cores);
    outcome
}
