//! Trying a program out where it can do no harm: in a process of its own.
//!
//! To learn a module's schema, the engine runs the module, for as long as it likes, and decodes what it says by
//! recursion, as deep as it says. A program that never ends, or a schema that is nested deeply, would take a thread or
//! the whole node away, and with it everybody else's databases. So each program has to come through a process that may
//! be killed before the node itself looks at it. The process knows its limit as well, because a node that is killed
//! itself can kill nobody any more.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use spacetimedb_core::config::V8Config;
use spacetimedb_core::db::persistence::LocalPersistenceProvider;
use spacetimedb_core::db::{Config as StorageConfig, Storage};
use spacetimedb_core::energy::NullEnergyMonitor;
use spacetimedb_core::host::{HostController, HostRuntimeConfig};
use spacetimedb_core::messages::control_db::Database;
use spacetimedb_core::util::jobs::JobCores;
use spacetimedb_datastore::system_tables::ModuleKind;
use spacetimedb_datastore::traits::Program;
use spacetimedb_lib::Hash;
use spacetimedb_paths::FromPathUnchecked;
use spacetimedb_paths::server::ServerDataDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::publish::trial_database;

/// The argument that makes this program a trial.
pub const TRY_OUT: &str = "try-out";
/// Stack of the threads of a trial: half of what the node's have, so that what comes through here has room there.
const STACK_BYTES: usize = 1024 * 1024;
/// Time for the threads of a trial to end. They need not.
const ENDING_MAX: Duration = Duration::from_millis(100);
/// How much later than the node a trial itself ends what goes on for too long, so that the node is the one to say so.
const LATER: Duration = Duration::from_secs(1);
/// Status of a trial that has ended itself after its limit.
const OVERDUE: i32 = 2;

/// What is tried out, but for the program itself.
#[derive(Serialize, Deserialize)]
pub struct Subject {
    /// Identity of the database, in hexadecimal digits.
    pub database: String,
    /// Identity of its owner.
    pub owner: String,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// The node's data folder, for its cache of compiled programs.
    pub data_dir: PathBuf,
}

/// What a trial is told before the program.
#[derive(Serialize, Deserialize)]
struct Order<S> {
    subject: S,
    limit: Duration,
}

/// Why a program did not come through.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It ended the process.
    #[error("the engine cannot run it: trying it out ended with {0}; its schema may be nested too deeply")]
    Died(std::process::ExitStatus),
    /// It went on for too long.
    #[error("it was not ready after {}", humantime::format_duration(*.0))]
    Endless(Duration),
    /// There was no trial.
    #[error("it could not be tried out: {0}")]
    Impossible(#[from] std::io::Error),
}

/// Runs a program in a process of its own, `init` included. What the engine says of it there is of no interest; what
/// counts is that the process comes to an end by itself.
pub async fn come_through(subject: &Subject, program: &[u8], limit: Duration) -> Result<(), TrialError> {
    let mut command = Command::new(own_program()?);
    command.arg(TRY_OUT).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut process = command.spawn()?;
    let mut head = serde_json::to_vec(&Order { subject, limit }).map_err(std::io::Error::from)?;
    head.push(b'\n');
    let tried = async {
        if let Some(mut input) = process.stdin.take() {
            // A process that has died does not read on, and has more to say by its status.
            let _ = input.write_all(&head).await;
            let _ = input.write_all(program).await;
        }
        process.wait().await
    };
    let outcome = tokio::time::timeout(limit, tried).await;
    match outcome {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(TrialError::Died(status)),
        Ok(Err(cause)) => Err(cause.into()),
        Err(_) => {
            // Gone before another takes its place. If it has ended meanwhile, that was too late.
            let _ = process.kill().await;
            Err(TrialError::Endless(limit))
        }
    }
}

/// This program, even if its file has been replaced since it was started.
fn own_program() -> std::io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Ok(running) } else { std::env::current_exe() }
}

/// A whole trial: reads subject and program from the standard input.
pub fn run() -> ExitCode {
    match try_out() {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("{cause:#}");
            ExitCode::FAILURE
        }
    }
}

fn try_out() -> anyhow::Result<()> {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let end = input.iter().position(|byte| *byte == b'\n').context("there is no subject")?;
    let Order { subject, limit } = serde_json::from_slice::<Order<Subject>>(&input[..end])?;
    end_after(limit.saturating_add(LATER))?;
    let program = Program::from_bytes(ModuleKind::WASM, input.split_off(end + 1));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).thread_stack_size(STACK_BYTES).enable_all().build()?;
    let cores = JobCores::without_pinned_cores();
    // Refused or not, it has come through.
    drop(runtime.block_on(runtime.spawn(check(subject, program, cores.clone()))));
    runtime.shutdown_timeout(ENDING_MAX);
    drop(cores);
    Ok(())
}

/// Ends this process after a time, whatever it does by then.
fn end_after(time: Duration) -> std::io::Result<()> {
    let wait_and_end = move || {
        std::thread::sleep(time);
        std::process::exit(OVERDUE);
    };
    std::thread::Builder::new().name("limit".to_owned()).spawn(wait_and_end).map(drop)
}

async fn check(subject: Subject, program: Program, cores: JobCores) -> anyhow::Result<()> {
    let Subject { database, owner, environment, data_dir } = subject;
    let data_dir = Arc::new(ServerDataDir::from_path_unchecked(data_dir));
    let controller = HostController::new(
        data_dir.clone(),
        StorageConfig { storage: Storage::Memory, page_pool_max_size: None },
        HostRuntimeConfig::new(Default::default(), V8Config::default(), Default::default()),
        Arc::new(|_: Hash| std::future::ready(Ok(None))),
        Arc::new(NullEnergyMonitor),
        Arc::new(()),
        Arc::new(LocalPersistenceProvider::new(data_dir)),
        cores,
    );
    let database: Database = trial_database(database.parse()?, owner.parse()?, program.hash);
    controller.check_module_validity_with_environment(database, program, environment).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_is_told_subject_and_limit() {
        let subject = Subject {
            database: "c2".repeat(32),
            owner: "c3".repeat(32),
            environment: [("MODE".to_owned(), "open\nclosed".to_owned())].into(),
            data_dir: PathBuf::from("data"),
        };
        let limit = Duration::from_millis(1500);
        let head = serde_json::to_vec(&Order { subject: &subject, limit }).unwrap();
        // The program begins after the first one.
        assert!(!head.contains(&b'\n'));
        let order: Order<Subject> = serde_json::from_slice(&head).unwrap();
        assert_eq!((order.limit, order.subject.database), (limit, subject.database));
        assert_eq!((order.subject.environment, order.subject.data_dir), (subject.environment, subject.data_dir));
    }
}
