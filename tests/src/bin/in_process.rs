//! The ceiling of `cargo xtask bench node`: the transfer reducer called in process, with nothing
//! between the caller and the engine but the engine's own queue.
//!
//! The result is one line of JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use clap::Parser;
use spacetimedb_core::host::{FunctionArgs, ModuleHost, ReducerOutcome};
use spacetimedb_core::util::jobs::JobCores;
use spacetimedb_lib::bsatn;
use worldloom_tests::in_process::{InProcessDatabase, PUBLISHER, run_with_engine};

// What the node runs on.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ACCOUNTS: u32 = 100_000;
/// Never used up, so that no transfer is refused.
const BALANCE: i64 = 1_000_000_000_000;
/// Accounts opened in one transaction.
const SEED_STEP: usize = 20_000;
/// Part of the calls that is made before the clock starts.
const WARM_UP_PART: usize = 10;

#[derive(Parser)]
struct Options {
    /// The module's wasm.
    module: PathBuf,
    /// File with two account numbers on each line.
    pairs: PathBuf,
    /// Calls in flight at any time.
    in_flight: usize,
    /// Calls that are timed.
    calls: usize,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    println!("{}", run_with_engine(|job_cores| measure(options, job_cores))?);
    Ok(())
}

async fn measure(options: Options, job_cores: JobCores) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let program = std::fs::read(&options.module).context("the module cannot be read")?;
    let database = InProcessDatabase::launch(folder.path(), program, job_cores).await?;
    let module = database.module.clone();
    for count in (0..=ACCOUNTS).step_by(SEED_STEP).skip(1) {
        call(&module, "seed", bsatn::to_vec(&(count, BALANCE))?.into()).await?;
    }
    let transfers: Arc<[Bytes]> = read_transfers(&options.pairs)?.into();
    run(&module, &transfers, options.in_flight, options.calls / WARM_UP_PART).await?;
    let (elapsed, mut latencies) = run(&module, &transfers, options.in_flight, options.calls).await?;
    database.exit().await?;
    latencies.sort_unstable();
    let percentile = |part: usize| latencies[part * (latencies.len() - 1) / 100].as_secs_f64() * 1e3;
    let result = serde_json::json!({
        "calls": latencies.len(),
        "per_second": latencies.len() as f64 / elapsed.as_secs_f64(),
        "p50_ms": percentile(50),
        "p99_ms": percentile(99),
    });
    Ok(result.to_string())
}

fn read_transfers(path: &Path) -> anyhow::Result<Vec<Bytes>> {
    let text = std::fs::read_to_string(path).context("the account pairs cannot be read")?;
    let encode = |line: &str| {
        let (from, to) = line.split_once(' ').context("a line needs two account numbers")?;
        Ok(bsatn::to_vec(&(from.parse::<u32>()?, to.parse::<u32>()?, 1u32))?.into())
    };
    text.lines().map(encode).collect()
}

async fn call(module: &ModuleHost, reducer: &str, args: Bytes) -> anyhow::Result<()> {
    let args = FunctionArgs::Bsatn(args);
    let called = module.call_reducer(PUBLISHER, None, None, None, None, reducer, args).await?;
    ensure!(matches!(called.outcome, ReducerOutcome::Committed), "{reducer} failed: {:?}", called.outcome);
    Ok(())
}

/// Makes `calls` transfers, `in_flight` of them at any time; gives the time for all and for each.
async fn run(
    module: &ModuleHost,
    transfers: &Arc<[Bytes]>,
    in_flight: usize,
    calls: usize,
) -> anyhow::Result<(Duration, Vec<Duration>)> {
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let lanes: Vec<_> = (0..in_flight)
        .map(|_| {
            let (module, next, transfers) = (module.clone(), next.clone(), transfers.clone());
            tokio::spawn(async move {
                let mut latencies = Vec::with_capacity(2 * calls / in_flight);
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= calls {
                        return anyhow::Ok(latencies);
                    }
                    let sent = Instant::now();
                    call(&module, "transfer", transfers[index % transfers.len()].clone()).await?;
                    latencies.push(sent.elapsed());
                }
            })
        })
        .collect();
    let mut latencies = Vec::with_capacity(calls);
    for lane in lanes {
        latencies.extend(lane.await??);
    }
    Ok((started.elapsed(), latencies))
}
