//! `cargo xtask bench peers`: the product against what one would use instead, on the same machine in the same run.
//!
//! `system` says what is measured and starts it, `postgres`, `process` and `product` are its parts, `clients` puts
//! load on it. Each workload is a file that takes its figures round by round (`wallet`, `growth`); `figures` keeps
//! them, `report` writes them down, `chart` draws them.

mod chart;
mod clients;
mod figures;
mod growth;
mod pairs;
mod postgres;
mod process;
mod product;
mod report;
mod session;
mod system;
mod tuning;
mod wallet;

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Command, FromArgMatches, ValueEnum};

use super::report::write_into;
use super::{account_pairs, empty};
use crate::binaries::{self, NODE};
use crate::seed::SEED;
use crate::suites::typescript;
use crate::workspace::{Profile, Workspace};
use crate::{cargo, progress, setup, wasm_modules};
use clients::Clients;
use system::{System, Systems};
use tuning::Chosen;

/// Where the results are kept.
const DOCUMENT: &str = "docs/benchmarks/peers.md";
/// Where the charts are kept.
const CHARTS: &str = "docs/benchmarks";
/// The facade with the route that it is measured by.
const PEER_FACADE: &str = "peer-facade";

/// Arguments of `cargo xtask bench peers`.
#[derive(Debug, Clone, Args)]
pub struct PeersBenchArgs {
    /// What is measured: one or several, with commas between them.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Workload::value_variants().to_vec())]
    workload: Vec<Workload>,
    /// The systems that are measured.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = System::value_variants().to_vec())]
    system: Vec<System>,
    /// How often each figure is taken, in turn with those of the other systems.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long each figure is measured, in seconds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How long each load lasts before that, in seconds.
    #[arg(long, default_value_t = 2.0)]
    warm_up_seconds: f64,
    /// Clients, with a connection each.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,
    /// Calls that a pipelined client has under way.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..))]
    in_flight: u32,
    /// Accounts of the wallet.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(2..))]
    accounts: u32,
    /// Accounts of the wallet for the workload `growth`, from the smallest number to the largest.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000, 1_000_000])]
    growth_accounts: Vec<u32>,
    /// Players who start sessions.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    players: u32,
    /// Everything as short and as small as shows that it works: about two minutes with `--debug`.
    #[arg(long, conflicts_with = "write")]
    small: bool,
    /// Measures what is built already.
    #[arg(long)]
    skip_build: bool,
    /// Takes debug builds, to try the benchmark out: the figures mean nothing.
    #[arg(long, conflicts_with = "write")]
    debug: bool,
    /// Writes the results into docs/benchmarks/peers.md, and the charts beside it.
    #[arg(long)]
    write: bool,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Workload {
    /// Transfers between accounts.
    Wallet,
    /// Players who come with a token and load what they have.
    Session,
    /// Transfers with few and with many accounts.
    Growth,
}

impl PeersBenchArgs {
    /// The sizes of a run that only shows that everything works.
    fn made_small(&self) -> Self {
        let (seconds, warm_up_seconds, growth_accounts) = (0.5, 0.2, vec![100, 1_000]);
        Self { rounds: 1, seconds, warm_up_seconds, accounts: 1_000, growth_accounts, players: 50, ..self.clone() }
    }

    fn profile(&self) -> Profile {
        if self.debug { Profile::Debug } else { Profile::Release }
    }

    fn measures(&self, workload: Workload) -> bool {
        self.workload.contains(&workload)
    }

    /// The command that repeats this run.
    fn command(&self) -> String {
        let Self { rounds, seconds, warm_up_seconds, clients, in_flight, accounts, players, .. } = self;
        let growth: Vec<String> = self.growth_accounts.iter().map(u32::to_string).collect();
        format!(
            "cargo xtask bench peers --rounds {rounds} --seconds {seconds} --warm-up-seconds {warm_up_seconds} \
             --clients {clients} --in-flight {in_flight} --accounts {accounts} --players {players} \
             --growth-accounts {} --write",
            growth.join(",")
        )
    }
}

/// Runs everything as small as can be, with debug builds: the test of this benchmark.
pub fn smoke(workspace: &Workspace) -> Result<()> {
    let command = <PeersBenchArgs as Args>::augment_args(Command::new("peers"));
    let matches = command.get_matches_from(["peers", "--small", "--debug"]);
    run(workspace, &PeersBenchArgs::from_arg_matches(&matches)?)
}

/// Measures and prints the report.
pub fn run(workspace: &Workspace, args: &PeersBenchArgs) -> Result<()> {
    let args = &if args.small { args.made_small() } else { args.clone() };
    let postgres = progress::step("tools", || {
        setup::ensure_node_js()?;
        setup::ensure_postgres()
    })?;
    let fastapi = progress::step("packages of the peers", || {
        typescript::install(&workspace.root().join("tests").join("peers").join("express-trpc"))?;
        setup::ensure_fastapi(workspace)
    })?;
    if !args.skip_build {
        build(workspace, args.profile())?;
    }
    progress::step("TypeScript load generator", || super::node::build_typescript(workspace, args.profile()))?;
    let folder = empty(workspace.target().join("bench").join("peers"))?;
    let clients = Clients::new(workspace, args, &folder);
    let systems = Systems::new(workspace, args, &folder, postgres, fastapi)?;
    let results = measure(args, &systems, &clients);
    // Databases are of no use to anybody else, and large.
    fs::remove_dir_all(&folder)?;
    let results = results?;
    let report = report::markdown(workspace, args, &systems, &results)?;
    println!("{report}");
    if args.write {
        write_into(workspace, DOCUMENT, "cargo xtask bench peers", &report)?;
        chart::write_all(&charts(workspace), args, &results)?;
    }
    Ok(())
}

/// What all workloads came to.
#[derive(Default)]
struct Results {
    /// The best set-up of each system for transfers.
    chosen: Vec<Chosen>,
    wallet: wallet::Wallet,
    session: session::Sessions,
    growth: growth::Growth,
}

fn measure(args: &PeersBenchArgs, systems: &Systems, clients: &Clients) -> Result<Results> {
    let mut results = Results::default();
    let (is_wallet, is_growth) = (args.measures(Workload::Wallet), args.measures(Workload::Growth));
    if is_wallet || is_growth {
        let step = "how many processes and connections are best for transfers";
        results.chosen = progress::step(step, || wallet::choose(args, systems, clients))?;
    }
    let mut stage = match args.measures(Workload::Session) {
        true => Some(session::Stage::prepare(args, systems, clients)?),
        false => None,
    };
    for round in 1..=args.rounds {
        if is_wallet {
            results.wallet.measure_round(args, (systems, &results.chosen), clients, round)?;
        }
        if let Some(stage) = &mut stage {
            results.session.measure_round(args, stage, clients, round)?;
        }
        if is_growth {
            results.growth.measure_round(args, (systems, &results.chosen), clients, round)?;
        }
    }
    results.session.chosen = stage.map_or_else(Vec::new, session::Stage::into_chosen);
    Ok(results)
}

fn build(workspace: &Workspace, profile: Profile) -> Result<()> {
    progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
    binaries::build(workspace, profile, &[NODE, PEER_FACADE, SEED])?;
    progress::step("load generator and axum peer", || {
        let mut command = cargo::compile_peers(workspace, "build")?;
        if profile == Profile::Release {
            command.arg("--release");
        }
        crate::process::run(&mut command)
    })
}

/// A program of the peers' own workspace.
fn peer_program(workspace: &Workspace, profile: Profile, name: &str) -> PathBuf {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    cargo::peers_target(workspace).join(profile.name()).join(file)
}

fn charts(workspace: &Workspace) -> PathBuf {
    workspace.root().join(CHARTS)
}
