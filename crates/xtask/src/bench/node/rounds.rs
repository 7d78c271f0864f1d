//! The order in which figures are taken.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::figures::{Figure, Figures, SDK_IN_FLIGHT};
use super::generators::{Generators, MODULE};
use super::{ACCOUNTS, NodeBenchArgs};
use crate::bench::empty;
use crate::bench::server::Server;
use crate::machine_time::MachineTime;
use crate::progress;
use crate::workspace::Workspace;

const SDK_CONNECTIONS: [u32; 2] = [8, 64];
const HTTP_CONNECTIONS: [u32; 2] = [16, 64];
/// Transactions in the log that the node recovers from.
const RECOVERED_CALLS: u32 = 500_000;
const RECOVERED_CALLS_FULL: u32 = 3_700_000;

/// Accounts opened in one transaction.
const OPENING_STEP: usize = 20_000;
/// What every account starts with, never used up.
const BALANCE: u64 = 1_000_000_000_000;

/// Takes every figure in every round.
pub fn measure(workspace: &Workspace, generators: &Generators, folder: &Path, args: &NodeBenchArgs) -> Result<Figures> {
    let mut figures = Figures::default();
    for round in 1..=args.rounds {
        let before = MachineTime::now().ok();
        progress::step(&format!("round {round}: engine in process"), || ceiling(generators, &mut figures))?;
        progress::step(&format!("round {round}: node"), || {
            let data_dir = empty(folder.join("node"))?;
            let server = Server::start(workspace, &data_dir, MODULE)?;
            node(workspace, generators, &server, &mut figures)
        })?;
        let since = before.zip(MachineTime::now().ok());
        figures.stolen.extend(since.map(|(before, after)| after.stolen_since(before)));
    }
    let calls = if args.full { RECOVERED_CALLS_FULL } else { RECOVERED_CALLS };
    progress::step(&format!("recovery from {calls} transactions"), || {
        let data_dir = empty(folder.join("recovery"))?;
        let mut server = Server::start(workspace, &data_dir, MODULE)?;
        publish(workspace, &server)?;
        open_accounts(&server)?;
        generators.sdk_calls(&server, SDK_CONNECTIONS[0], 0, calls)?;
        for _ in 0..args.rounds {
            figures.add(Figure::Recovery, recover(&mut server)?.as_secs_f64() * 1e3);
        }
        Ok(())
    })?;
    Ok(figures)
}

fn ceiling(generators: &Generators, figures: &mut Figures) -> Result<()> {
    let sdk = SDK_CONNECTIONS.map(|connections| connections * SDK_IN_FLIGHT);
    for in_flight in HTTP_CONNECTIONS.into_iter().chain(sdk) {
        let calls = generators.in_process(in_flight)?;
        let rows = [Figure::Ceiling(in_flight), Figure::CeilingP50(in_flight), Figure::CeilingP99(in_flight)];
        figures.add_calls(rows, &calls);
    }
    Ok(())
}

fn node(workspace: &Workspace, generators: &Generators, server: &Server, figures: &mut Figures) -> Result<()> {
    figures.add(Figure::Publish, publish(workspace, server)?.as_secs_f64() * 1e3);
    open_accounts(server)?;
    // Before the load, whose memory the node would keep and the connections would then use.
    let fanout = generators.fanout(server)?;
    figures.add(Figure::Memory, fanout.memory_kib);
    figures.add(Figure::FanoutP50, fanout.p50_ms);
    figures.add(Figure::FanoutSlowest, fanout.slowest_ms);
    for connections in SDK_CONNECTIONS {
        let calls = generators.sdk(server, connections)?;
        let rows = [Figure::Sdk(connections), Figure::SdkP50(connections), Figure::SdkP99(connections)];
        figures.add_calls(rows, &calls);
    }
    for connections in HTTP_CONNECTIONS {
        let calls = generators.http(server, connections)?;
        let rows = [Figure::Http(connections), Figure::HttpP50(connections), Figure::HttpP99(connections)];
        figures.add_calls(rows, &calls);
    }
    Ok(())
}

/// Publishes the benchmark module; the time until its first call is answered.
fn publish(workspace: &Workspace, server: &Server) -> Result<Duration> {
    let started = Instant::now();
    server.publish(&workspace.module(MODULE))?;
    server.call("touch", "[0, 0]")?;
    Ok(started.elapsed())
}

fn open_accounts(server: &Server) -> Result<()> {
    for count in (0..=ACCOUNTS).step_by(OPENING_STEP).skip(1) {
        server.call("seed", &format!("[{count}, {BALANCE}]"))?;
    }
    Ok(())
}

fn recover(server: &mut Server) -> Result<Duration> {
    let (took, accounts) = server.kill_and_recover("account")?;
    if accounts != ACCOUNTS as u64 {
        bail!("the recovered database holds {accounts} of {ACCOUNTS} accounts");
    }
    Ok(took)
}
