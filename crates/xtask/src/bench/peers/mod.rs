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
use pairs::Distribution;
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
    /// Everything as short and as small as shows that it works: a few minutes with `--debug`.
    #[arg(long, conflicts_with = "write")]
    small: bool,
    /// Measures what is built already.
    #[arg(long)]
    skip_build: bool,
    /// Takes debug builds, to try the benchmark out: the figures mean nothing.
    #[arg(long, conflicts_with = "write")]
    debug: bool,
    /// Writes what was measured into docs/benchmarks/peers.md, and the charts beside it.
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

    /// How accounts are drawn: in a small run, by the law that is harder to serve.
    fn distributions(&self) -> &'static [Distribution] {
        if self.small { &[Distribution::Zipf] } else { &Distribution::ALL }
    }

    /// The command that repeats what was measured of one workload.
    fn command(&self, workload: Workload) -> String {
        let Self { rounds, seconds, warm_up_seconds, clients, .. } = self;
        let mut command = format!("cargo xtask bench peers --workload {}", name_of(&workload));
        let all = System::value_variants();
        if self.system != all {
            let systems: Vec<String> = self.system.iter().map(name_of).collect();
            command += &format!(" --system {}", systems.join(","));
        }
        command +=
            &format!(" --rounds {rounds} --seconds {seconds} --warm-up-seconds {warm_up_seconds} --clients {clients}");
        match workload {
            Workload::Wallet => command += &format!(" --in-flight {} --accounts {}", self.in_flight, self.accounts),
            Workload::Session => command += &format!(" --players {}", self.players),
            Workload::Growth => {
                let accounts: Vec<String> = self.growth_accounts.iter().map(u32::to_string).collect();
                command += &format!(" --in-flight {} --growth-accounts {}", self.in_flight, accounts.join(","));
            }
        }
        command + " --write"
    }
}

/// What an argument is called on the command line.
fn name_of(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Runs everything as small as can be, with debug builds: the test of this benchmark.
pub fn smoke(workspace: &Workspace) -> Result<()> {
    let command = <PeersBenchArgs as Args>::augment_args(Command::new("peers"));
    let matches = command.try_get_matches_from(["peers", "--small", "--debug"])?;
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
    for &workload in &args.workload {
        let section = report::section(workspace, args, workload, &systems, &results);
        println!("{section}\n");
        if args.write {
            write_into(
                workspace,
                DOCUMENT,
                &format!("cargo xtask bench peers --workload {}", name_of(&workload)),
                &section,
            )?;
        }
    }
    if args.write {
        chart::write_all(&workspace.root().join(CHARTS), args, &results)?;
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

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::{PeersBenchArgs, Workload};

    fn parsed(arguments: &[&str]) -> PeersBenchArgs {
        let command = <PeersBenchArgs as Args>::augment_args(Command::new("peers").no_binary_name(true));
        PeersBenchArgs::from_arg_matches(&command.get_matches_from(arguments)).unwrap()
    }

    #[test]
    fn the_report_names_a_command_that_repeats_the_run() {
        let args = parsed(&["--workload", "growth", "--system", "node,fastapi", "--seconds", "0.5"]);
        let command = args.command(Workload::Growth);
        assert_eq!(
            command,
            "cargo xtask bench peers --workload growth --system node,fastapi --rounds 3 --seconds 0.5 \
             --warm-up-seconds 2 --clients 64 --in-flight 16 --growth-accounts 1000,100000,1000000 --write"
        );
        let arguments: Vec<&str> = command.split(' ').skip(4).collect();
        assert_eq!(parsed(&arguments).command(Workload::Growth), command);
    }
}
