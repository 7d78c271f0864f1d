//! `spacetime-node start`: from the command line to a serving node and back down again.

mod listener;
mod serving;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use spacetimedb_core::db::{Config as StorageConfig, Storage};
use spacetimedb_core::energy::NullEnergyMonitor;
use spacetimedb_core::host::{HostController, HostRuntimeConfig, IdcConfig};
use spacetimedb_core::startup::{self, TracingOptions};
use spacetimedb_core::util::jobs::JobCores;
use spacetimedb_core::worker_metrics;

use crate::auth::TokenAuthority;
use crate::config::NodeConfig;
use crate::control::Control;
use crate::data_dir::{DataDir, KeyFiles};
use crate::node::{InitialEnvironments, Node};
use crate::persistence::LocalDisk;
use crate::programs::Programs;
use listener::Listeners;

/// Flags of `start`, named as the official CLI names them.
#[derive(Debug, Clone, Args)]
pub struct StartArgs {
    /// Address and port to listen on; port 0 takes any free one.
    #[arg(long, short = 'l', default_value = "127.0.0.1:3000")]
    pub listen_addr: String,
    /// Folder for all data; it is created if it is not there.
    #[arg(long, env = "SPACETIME_DATA_DIR", required_unless_present = "in_memory")]
    pub data_dir: Option<PathBuf>,
    /// Keep everything in memory: nothing survives a stop.
    #[arg(long)]
    pub in_memory: bool,
    /// Configuration file; by default `config.toml` in the data folder, if it is there.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Log level: off, error, warn, info, debug or trace.
    #[arg(long)]
    pub log_level: Option<String>,
    /// Private key that signs the node's tokens, in PEM.
    #[arg(long, requires = "jwt_pub_key_path")]
    pub jwt_priv_key_path: Option<PathBuf>,
    /// Public key that belongs to it, in PEM.
    #[arg(long, requires = "jwt_priv_key_path")]
    pub jwt_pub_key_path: Option<PathBuf>,
    /// Most memory for table pages, in bytes; by default as much as the engine wants.
    #[arg(long)]
    pub page_pool_max_size: Option<usize>,
}

/// Runs a node until it is told to stop.
pub fn run(args: StartArgs) -> anyhow::Result<()> {
    // Connections and files of databases count alike. Where the system refuses, there are fewer connections.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    startup::pin_threads().rayon.configure(runtime.handle());
    // Dropping these in asynchronous code panics, so they outlive the runtime's work.
    let job_cores = JobCores::without_pinned_cores();
    let served = runtime.block_on(start_and_serve(args, job_cores.clone()));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    drop(job_cores);
    served
}

async fn start_and_serve(args: StartArgs, job_cores: JobCores) -> anyhow::Result<()> {
    let temporary = args.in_memory.then(tempfile::tempdir).transpose()?;
    let root = match (&temporary, &args.data_dir) {
        (Some(temporary), _) => temporary.path().to_owned(),
        (None, Some(data_dir)) => data_dir.clone(),
        (None, None) => anyhow::bail!("Name a data folder with --data-dir, or use --in-memory."),
    };
    let data_dir = DataDir::open(&root)?;
    let default_config = root.join("config.toml");
    let config_file = args.config.clone().or_else(|| default_config.exists().then_some(default_config));
    let config = NodeConfig::load(config_file.as_deref())?;
    configure_log(&config, args.log_level.as_deref())?;

    // The engine delivers messages between databases over this very port, so it must be known
    // before any database starts.
    let listeners = Listeners::bind(&args.listen_addr).await?;
    let node = assemble(&args, config, &data_dir, listeners.port(), job_cores).await?;
    spawn_statistics(&node.controller);
    tokio::spawn(node.unwatched_views.clone().forget_regularly());
    listeners.announce();
    serving::serve(node, listeners).await;
    drop(data_dir);
    Ok(())
}

/// Puts a node together out of its parts. It has no listener yet, no log, and runs no database.
///
/// `port` is where the engine delivers messages between databases: over HTTP, on this machine.
pub async fn assemble(
    args: &StartArgs,
    config: NodeConfig,
    data_dir: &DataDir,
    port: u16,
    job_cores: JobCores,
) -> anyhow::Result<Arc<Node>> {
    let named_keys = args.jwt_priv_key_path.clone().zip(args.jwt_pub_key_path.clone());
    let named_keys = named_keys.map(|(private, public)| KeyFiles { private, public });
    let keys = data_dir.signing_keys(named_keys.as_ref())?;
    let tokens = TokenAuthority::new(keys, config.auth.clone());
    let control = Arc::new(Control::open((!args.in_memory).then(|| data_dir.control_file()).as_deref())?);
    let programs = Programs::open(data_dir.programs(), control.clone()).await;
    let programs = programs.context("cannot open the program folder")?;
    let controller = controller(args, &config, data_dir, &programs, &control, job_cores);
    let token_signer = Arc::new(tokens.keys().private.clone());
    controller.set_idc_config(IdcConfig { http_port: port, token_signer })?;
    Ok(Node::new(config, control, tokens, controller, programs, data_dir.paths.clone()))
}

fn controller(
    args: &StartArgs,
    config: &NodeConfig,
    data_dir: &DataDir,
    programs: &Programs,
    control: &Arc<Control>,
    job_cores: JobCores,
) -> HostController {
    let storage = if args.in_memory { Storage::Memory } else { Storage::Disk };
    let persistence = LocalDisk::new(data_dir.paths.clone(), config.durability(), config.history);
    HostController::new(
        data_dir.paths.clone(),
        StorageConfig { storage, page_pool_max_size: args.page_pool_max_size },
        HostRuntimeConfig::new(config.wasm(), Default::default(), config.module_http),
        Arc::new(programs.storage()),
        Arc::new(NullEnergyMonitor),
        Arc::new(()),
        Arc::new(persistence),
        job_cores,
    )
    .with_initial_environment_source(Arc::new(InitialEnvironments(control.clone())))
}

fn configure_log(config: &NodeConfig, level: Option<&str>) -> anyhow::Result<()> {
    let level = level.unwrap_or(&config.logs.level);
    let parsed = level
        .parse()
        .ok()
        .with_context(|| format!("`{level}` is not a log level; use off, error, warn, info, debug or trace."))?;
    // The engine takes the level only where there are no directives, so it is the first of them.
    let directives = std::iter::once(level.to_owned()).chain(config.logs.directives.iter().cloned()).collect();
    let config = spacetimedb_core::config::LogConfig { level: Some(parsed), directives };
    startup::configure_tracing(TracingOptions { config, ..Default::default() });
    Ok(())
}

fn spawn_statistics(controller: &HostController) {
    let node = "standalone".to_owned();
    worker_metrics::spawn_jemalloc_stats(node.clone());
    worker_metrics::spawn_page_pool_stats(node.clone(), controller.page_pool.clone());
    worker_metrics::spawn_bsatn_rlb_pool_stats(node.clone(), controller.bsatn_rlb_pool.clone());
    worker_metrics::spawn_tokio_stats(node, "main".to_owned(), tokio::runtime::Handle::current());
}
