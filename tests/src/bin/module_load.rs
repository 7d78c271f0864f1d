//! The load of `cargo xtask bench module`: fills a database in this process, and takes guests through
//! the script of all entry points, in this process or over WebSocket.
//!
//! The result is one line of JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use spacetimedb_core::host::ModuleHost;
use spacetimedb_core::util::jobs::JobCores;
use spacetimedb_datastore::execution_context::Workload;
use spacetimedb_datastore::locking_tx_datastore::state_view::StateView;
use spacetimedb_lib::Identity;
use spacetimedb_lib::db::auth::StTableType;
use worldloom_tests::in_process::{InProcessDatabase, run_with_engine};
use worldloom_tests::module_bench::side::{Place, Side};
use worldloom_tests::module_bench::{measure, measure_online, uncovered};
use worldloom_tests::module_calls::ModuleCalls;
use worldloom_tests::seed::{Plan, Progress, fill};

// What the node runs on.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How often a long fill says how far it is.
const PROGRESS_PAUSE: Duration = Duration::from_secs(10);
/// How long the engine may compress snapshots of a database that has been closed.
const SNAPSHOT_PAUSE: Duration = Duration::from_secs(3);

#[derive(Parser)]
enum Command {
    /// Fills the database of a node that does not run.
    Fill(FillOptions),
    /// Makes every call of the script.
    #[command(subcommand)]
    Measure(Measurement),
}

#[derive(Args)]
struct FillOptions {
    /// The module's wasm.
    #[arg(long)]
    module: PathBuf,
    /// Which database.
    #[arg(long)]
    place: PathBuf,
    #[arg(long)]
    players: u32,
    #[arg(long)]
    worlds: u32,
}

#[derive(Subcommand)]
enum Measurement {
    /// On databases of nodes that do not run.
    InProcess {
        /// The module's wasm.
        #[arg(long)]
        module: PathBuf,
        #[command(flatten)]
        options: MeasurementOptions,
    },
    /// On nodes, over WebSocket.
    Nodes(MeasurementOptions),
    /// On one node, over WebSocket, while others are connected and watch their rows.
    Online(OnlineOptions),
}

#[derive(Args)]
struct OnlineOptions {
    /// Which database.
    #[arg(long)]
    place: PathBuf,
    /// How many others are online; asked for again and again, in rising order.
    #[arg(long, required = true)]
    others: Vec<usize>,
    #[arg(long)]
    rounds: u32,
    /// Calls at once.
    #[arg(long)]
    guests: usize,
}

#[derive(Args)]
struct MeasurementOptions {
    /// The small database.
    #[arg(long)]
    small: PathBuf,
    /// The large database.
    #[arg(long)]
    large: PathBuf,
    #[arg(long)]
    rounds: u32,
    /// Calls at once.
    #[arg(long)]
    guests: usize,
}

fn main() -> anyhow::Result<()> {
    let result = match Command::parse() {
        Command::Fill(options) => run_with_engine(|job_cores| fill_database(options, job_cores)),
        Command::Measure(Measurement::InProcess { module, options }) => {
            run_with_engine(|job_cores| measure_in_process(module, options, job_cores))
        }
        Command::Measure(Measurement::Nodes(options)) => run_with_engine(|_| measure_nodes(options)),
        Command::Measure(Measurement::Online(options)) => run_with_engine(|_| measure_others_online(options)),
    };
    println!("{}", result?);
    Ok(())
}

async fn fill_database(options: FillOptions, job_cores: JobCores) -> anyhow::Result<String> {
    let place = Place::read(&options.place)?;
    let (database, service) = open(&place, &options.module, job_cores).await?;
    let calls = ModuleCalls::InProcess { module: database.module.clone(), caller: service };
    let plan = Plan { players: options.players, worlds: options.worlds, seed: 1 };
    let progress = Progress::default();
    let started = Instant::now();
    let filling = fill(&calls, plan, &progress);
    tokio::pin!(filling);
    loop {
        tokio::select! {
            outcome = &mut filling => break outcome?,
            () = tokio::time::sleep(PROGRESS_PAUSE) => eprintln!("{progress:?}"),
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let tables = rows(&database.module)?;
    database.exit().await?;
    // The snapshot worker may still be at work, and complains when the process ends meanwhile.
    tokio::time::sleep(SNAPSHOT_PAUSE).await;
    let rows: u64 = tables.values().sum();
    Ok(json!({ "rows": rows, "seconds": seconds, "tables": tables }).to_string())
}

/// Rows of each table of the module.
fn rows(module: &ModuleHost) -> anyhow::Result<BTreeMap<String, u64>> {
    let database = module.relational_db();
    database.with_read_only(Workload::Internal, |tx| {
        let tables = database.get_all_tables(tx)?;
        let user = tables.iter().filter(|table| table.table_type == StTableType::User && table.view_info.is_none());
        Ok(user.map(|table| (table.table_name.to_string(), tx.table_row_count(table.table_id).unwrap_or(0))).collect())
    })
}

async fn measure_in_process(
    module: PathBuf,
    options: MeasurementOptions,
    job_cores: JobCores,
) -> anyhow::Result<String> {
    let (small, large) = (Place::read(&options.small)?, Place::read(&options.large)?);
    let (small_database, service) = open(&small, &module, job_cores.clone()).await?;
    let small = Side::InProcess { module: small_database.module.clone(), service };
    let (large_database, service) = open(&large, &module, job_cores).await?;
    let large = Side::InProcess { module: large_database.module.clone(), service };
    let measured = measure(&small, &large, options.rounds, options.guests).await?;
    let uncovered = uncovered(&large_database.module);
    small_database.exit().await?;
    large_database.exit().await?;
    Ok(json!({ "measured": measured, "uncovered": uncovered }).to_string())
}

async fn measure_others_online(options: OnlineOptions) -> anyhow::Result<String> {
    let online = measure_online(&node(&options.place)?, &options.others, options.rounds, options.guests).await?;
    Ok(json!({ "online": online }).to_string())
}

fn node(file: &Path) -> anyhow::Result<Side> {
    Ok(Side::Node { place: Box::new(Place::read(file)?), http: reqwest::Client::new() })
}

async fn measure_nodes(options: MeasurementOptions) -> anyhow::Result<String> {
    let (small, large) = (node(&options.small)?, node(&options.large)?);
    let measured = measure(&small, &large, options.rounds, options.guests).await?;
    Ok(json!({ "measured": measured, "uncovered": [] }).to_string())
}

async fn open(place: &Place, module: &PathBuf, job_cores: JobCores) -> anyhow::Result<(InProcessDatabase, Identity)> {
    let program = std::fs::read(module).context("the module cannot be read")?;
    let database = InProcessDatabase::open(place.files(program)?, job_cores).await?;
    Ok((database, Identity::from_hex(&place.service.identity)?))
}
