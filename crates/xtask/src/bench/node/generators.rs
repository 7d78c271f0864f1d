//! The programs that put load on the node, and the JSON line that each of them ends with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use serde::Deserialize;

use super::ACCOUNTS;
use super::figures::SDK_IN_FLIGHT;
use crate::bench::account_pairs::{self, ZIPF};
use crate::bench::generator::result_of;
use crate::bench::server::Server;
use crate::binaries::NODE;
use crate::process;
use crate::setup::NPM;
use crate::suites::typescript;
use crate::workspace::{Profile, Workspace};

/// The program that subscribes many connections.
pub const FANOUT: &str = "fanout";

/// The program that calls the engine in process.
pub const IN_PROCESS: &str = "in_process";

/// The module under load.
pub const MODULE: &str = "transfer";

const SDK_CALLS: u32 = 500_000;
const SDK_WARM_UP_CALLS: u32 = 50_000;
const HTTP_SECONDS: u32 = 8;
const SUBSCRIBERS: u32 = 1000;
const ROW_CHANGES: u32 = 50;

/// What calls came to.
#[derive(Debug, Deserialize)]
pub struct Calls {
    /// Calls answered.
    pub calls: u64,
    /// Throughput.
    pub per_second: f64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// Latency in milliseconds that one in a hundred calls exceeds.
    pub p99_ms: f64,
    /// Calls that failed, where the generator goes on after a failure.
    #[serde(default)]
    pub failed: u64,
}

/// What one row change to all subscribers came to.
#[derive(Debug, Deserialize)]
pub struct Fanout {
    /// The node's memory for each connection, in KiB.
    pub memory_kib: f64,
    /// Median time of an arrival in milliseconds.
    pub p50_ms: f64,
    /// Time until the last arrival in milliseconds, the median of all changes.
    pub slowest_ms: f64,
}

/// The load generators, built and with their input at hand.
pub struct Generators {
    workspace: Workspace,
    pairs: PathBuf,
}

impl Generators {
    /// Draws the account pairs into `folder`.
    pub fn new(workspace: &Workspace, folder: &Path) -> Result<Self> {
        let pairs = folder.join("account-pairs.txt");
        fs::write(&pairs, account_pairs::lines(ACCOUNTS, ZIPF))?;
        Ok(Self { workspace: workspace.clone(), pairs })
    }

    /// Transfers in process, `in_flight` at any time.
    pub fn in_process(&self, in_flight: u32) -> Result<Calls> {
        let mut command = Command::new(self.workspace.binary(Profile::Release, IN_PROCESS));
        command.arg(self.workspace.module(MODULE)).arg(&self.pairs);
        command.args([in_flight.to_string(), SDK_CALLS.to_string()]);
        result_of(&mut command)
    }

    /// Transfers over the official TypeScript SDK for one figure.
    pub fn sdk(&self, server: &Server, connections: u32) -> Result<Calls> {
        self.sdk_calls(server, connections, SDK_WARM_UP_CALLS, SDK_CALLS)
    }

    /// The same with a given number of calls.
    pub fn sdk_calls(&self, server: &Server, connections: u32, warm_up: u32, calls: u32) -> Result<Calls> {
        let mut command = Command::new("node");
        command.arg(package(&self.workspace).join("dist").join("transfers.js"));
        command.args(["--url", server.url(), "--database", MODULE, "--pairs"]).arg(&self.pairs);
        command.args(["--connections", &connections.to_string(), "--in-flight", &SDK_IN_FLIGHT.to_string()]);
        command.args(["--warm-up-calls", &warm_up.to_string(), "--calls", &calls.to_string()]);
        result_of(&mut command)
    }

    /// Transfers over HTTP with connections that are kept.
    pub fn http(&self, server: &Server, connections: u32) -> Result<Calls> {
        let mut command = Command::new("wrk");
        command.args(["--threads", "1", "--connections", &connections.to_string()]);
        command.args(["--duration", &format!("{HTTP_SECONDS}s"), "--script"]);
        command.arg(package(&self.workspace).join("transfers.lua")).arg(server.url());
        command.env("BENCH_PATH", format!("/v1/database/{MODULE}/call/transfer"));
        command.env("BENCH_TOKEN", server.token()).env("BENCH_PAIRS", &self.pairs);
        let calls: Calls = result_of(&mut command)?;
        if calls.failed > 0 {
            bail!("{} of {} calls over HTTP failed", calls.failed, calls.calls);
        }
        Ok(calls)
    }

    /// One row change to many subscribers.
    pub fn fanout(&self, server: &Server) -> Result<Fanout> {
        let mut command = Command::new(self.workspace.binary(Profile::Release, FANOUT));
        command.args(["--address", server.address(), "--database", MODULE]);
        command.args(["--node-pid", &server.pid().to_string()]);
        command.args(["--connections", &SUBSCRIBERS.to_string(), "--changes", &ROW_CHANGES.to_string()]);
        result_of(&mut command)
    }
}

/// The modules that the TypeScript generators call, and where their bindings are.
const BINDINGS: [(&str, &str); 2] = [(MODULE, "src/module_bindings"), ("rooms", "src/rooms/module_bindings")];

/// Generates the bindings, and compiles the TypeScript generators against them.
pub fn build_typescript(workspace: &Workspace, profile: Profile) -> Result<()> {
    let package = package(workspace);
    for (module, bindings) in BINDINGS {
        let mut generate = Command::new(workspace.binary(profile, NODE));
        generate.args(["generate", "--yes", "--lang", "typescript", "--out-dir"]).arg(package.join(bindings));
        process::run_quietly(generate.arg("--bin-path").arg(workspace.module(module)))?;
    }
    typescript::install(&package)?;
    process::run_quietly(Command::new(NPM).args(["run", "build"]).current_dir(&package))
}

fn package(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests").join("bench")
}
