//! The engine in this process, without a node: one database, and nothing between caller and engine
//! but the engine's own queue.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use spacetimedb_core::config::{V8Config, WasmConfig};
use spacetimedb_core::db::{Config as StorageConfig, Storage};
use spacetimedb_core::energy::NullEnergyMonitor;
use spacetimedb_core::host::{HostController, HostRuntimeConfig, IdcConfig, ModuleHost};
use spacetimedb_core::messages::control_db::{Database, HostType};
use spacetimedb_core::util::jobs::JobCores;
use spacetimedb_lib::{Hash, Identity, hash_bytes};
use spacetimedb_paths::FromPathUnchecked;
use spacetimedb_paths::server::ServerDataDir;
// Also gives every program that uses this the symbols that the engine refers to.
use spacetime_node::config::NodeConfig;
use spacetime_node::persistence::LocalDisk;

/// Number of the one database's replica.
const REPLICA: u64 = 1;

/// Who publishes the database.
pub const PUBLISHER: Identity = Identity::ONE;

/// Which database is run, and where its data lies.
pub struct DatabaseFiles {
    /// The data folder, laid out as the node's is.
    pub folder: PathBuf,
    /// Number of the replica in it.
    pub replica: u64,
    /// The database's identity.
    pub identity: Identity,
    /// Who has published it.
    pub owner: Identity,
    /// The module, for a database that is new.
    pub program: Vec<u8>,
}

impl DatabaseFiles {
    fn data_dir(&self) -> Arc<ServerDataDir> {
        Arc::new(ServerDataDir::from_path_unchecked(&self.folder))
    }
}

/// A running database.
pub struct InProcessDatabase {
    controller: HostController,
    replica: u64,
    /// What calls go to.
    pub module: ModuleHost,
}

impl InProcessDatabase {
    /// Publishes `program`, keeping the data on disk below `folder`.
    pub async fn launch(folder: &Path, program: Vec<u8>, job_cores: JobCores) -> anyhow::Result<Self> {
        let identity = Identity::from_claims("localhost", "in-process");
        let folder = folder.to_owned();
        let files = DatabaseFiles { folder, replica: REPLICA, identity, owner: PUBLISHER, program };
        Self::open(files, job_cores).await
    }

    /// Opens a database, which may be one that a node has made and does not run at the moment. What is written is
    /// written as that node would with its default settings.
    pub async fn open(files: DatabaseFiles, job_cores: JobCores) -> anyhow::Result<Self> {
        let config = NodeConfig::default();
        let persistence = LocalDisk::new(files.data_dir(), config.durability(), config.history);
        let data_dir = files.data_dir();
        let DatabaseFiles { replica, identity, owner, program, .. } = files;
        let database = Database {
            id: 1,
            database_identity: identity,
            owner_identity: owner,
            host_type: HostType::Wasm,
            initial_program: hash_bytes(&program),
            bootstrap_generation: 0,
        };
        let storage = move |_: Hash| std::future::ready(Ok(Some(program.clone().into_boxed_slice())));
        let controller = HostController::new(
            data_dir,
            StorageConfig { storage: Storage::Disk, page_pool_max_size: None },
            HostRuntimeConfig::new(WasmConfig::default(), V8Config::default(), Default::default()),
            Arc::new(storage),
            Arc::new(NullEnergyMonitor),
            Arc::new(()),
            Arc::new(persistence),
            job_cores,
        );
        let keys = spacetimedb_core::auth::JwtKeys::generate()?;
        controller.set_idc_config(IdcConfig { http_port: 0, token_signer: Arc::new(keys.private) })?;
        let module = controller.get_or_launch_module_host(database, replica).await?;
        Ok(Self { controller, replica, module })
    }

    /// Ends the database; its data stays.
    pub async fn exit(self) -> anyhow::Result<()> {
        self.controller.exit_module_host(self.replica, Duration::from_secs(30)).await
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
