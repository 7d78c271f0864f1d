//! `cargo xtask bench peers`: the product against what one would use instead, on the same machine in the same run.
//!
//! `system` says what is measured and `launch` starts it, with `postgres` and `product` as its parts; `tools`
//! makes sure beforehand that everything is there. `clients` puts load on it, and `calm` takes a figure again that others
//! on the machine have disturbed. Each workload is a file that takes its figures round by round (`wallet`, `rooms`,
//! `session`, `growth`); `figures` keeps them, `goals` holds them against what is wanted, `report` writes them down,
//! `chart` draws them.

mod calm;
mod chart;
mod clients;
mod figures;
mod goals;
mod growth;
mod launch;
mod pairs;
mod postgres;
mod product;
mod report;
mod rooms;
mod session;
mod system;
mod tools;
mod tuning;
mod wallet;

use std::fs;

use anyhow::Result;
use clap::{Args, Command, FromArgMatches, ValueEnum};

use super::report::write_into;
use super::{account_pairs, empty};
use crate::progress;
use crate::workspace::{Profile, Workspace};
use clients::{Client, Clients};
use launch::Systems;
use pairs::Distribution;
use system::System;
use tools::Tools;
use tuning::Chosen;

/// Where the results are kept.
const DOCUMENT: &str = "docs/benchmarks/peers.md";
/// Where the charts are kept.
const CHARTS: &str = "docs/benchmarks";

/// Arguments of `cargo xtask bench peers`.
#[derive(Debug, Clone, Args)]
pub struct PeersBenchArgs {
    /// What is measured: one or several, with commas between them.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Workload::value_variants().to_vec())]
    workload: Vec<Workload>,
    /// The systems that are measured, each by the workloads that it has a part in.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = System::value_variants().to_vec())]
    system: Vec<System>,
    /// Who puts load on them; session starts are made by the compiled client alone.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Client::value_variants().to_vec())]
    client: Vec<Client>,
    /// How often each figure is taken, in turn with those of the other systems.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long each figure is measured, in seconds.
    #[arg(long, default_value_t = 2.5)]
    seconds: f64,
    /// How long each load lasts before that, in seconds.
    #[arg(long, default_value_t = 1.0)]
    warm_up_seconds: f64,
    /// How long a system that has just started is under load before its first figure, in seconds.
    #[arg(long, default_value_t = 5.0)]
    settle_seconds: f64,
    /// Clients, with a connection each; rooms have their members instead.
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
    /// Numbers of rooms, each a load of its own.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100])]
    rooms: Vec<u32>,
    /// Members of each room.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    seats: u32,
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
    /// Members of rooms who see each other move.
    Rooms,
}

impl PeersBenchArgs {
    /// The sizes of a run that only shows that everything works.
    fn made_small(&self) -> Self {
        let (seconds, warm_up_seconds, settle_seconds, growth_accounts) = (0.5, 0.2, 0.3, vec![100, 1_000]);
        let (accounts, players, rooms, seats) = (1_000, 50, vec![2], 3);
        let rounds = 1;
        let times = Self { rounds, seconds, warm_up_seconds, settle_seconds, ..self.clone() };
        Self { accounts, growth_accounts, players, rooms, seats, ..times }
    }

    fn profile(&self) -> Profile {
        if self.debug { Profile::Debug } else { Profile::Release }
    }

    fn measures(&self, workload: Workload) -> bool {
        self.workload.contains(&workload)
    }

    /// The systems that have a part in a workload.
    fn systems(&self, workload: Workload) -> impl Iterator<Item = System> {
        self.system.iter().copied().filter(move |system| system.is_measured_by(workload))
    }

    /// The systems that have a part in any of the workloads.
    fn measured(&self) -> impl Iterator<Item = System> {
        self.workload.iter().flat_map(|&workload| self.systems(workload))
    }

    /// How accounts are drawn: in a small run, by the law that is harder to serve.
    fn distributions(&self) -> &'static [Distribution] {
        if self.small { &[Distribution::Zipf] } else { &Distribution::ALL }
    }

    /// The command that repeats what was measured of one workload.
    fn command(&self, workload: Workload) -> String {
        let Self { rounds, seconds, warm_up_seconds, clients, in_flight, accounts, players, seats, .. } = self;
        let mut command = format!("cargo xtask bench peers --workload {}", name_of(&workload));
        command += &choice("system", &self.system);
        command += &choice("client", &self.client);
        command += &format!(" --rounds {rounds} --seconds {seconds} --warm-up-seconds {warm_up_seconds}");
        command += &format!(" --settle-seconds {}", self.settle_seconds);
        command += &match workload {
            Workload::Wallet => format!(" --clients {clients} --in-flight {in_flight} --accounts {accounts}"),
            Workload::Session => format!(" --clients {clients} --players {players}"),
            Workload::Growth => {
                let accounts = listed(&self.growth_accounts);
                format!(" --clients {clients} --in-flight {in_flight} --growth-accounts {accounts}")
            }
            Workload::Rooms => format!(" --rooms {} --seats {seats}", listed(&self.rooms)),
        };
        command + " --write"
    }
}

/// Values of an option, unless they are all that there are.
fn choice<T: ValueEnum + PartialEq>(option: &str, values: &[T]) -> String {
    if values == T::value_variants() {
        return String::new();
    }
    let names: Vec<String> = values.iter().map(name_of).collect();
    format!(" --{option} {}", names.join(","))
}

fn listed(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    numbers.join(",")
}

/// What an argument is called on the command line.
fn name_of(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The test of this benchmark: the product's own side of all workloads, as small as can be, with debug builds and
/// without anything that the other tests do not need.
pub fn smoke(workspace: &Workspace) -> Result<()> {
    let command = <PeersBenchArgs as Args>::augment_args(Command::new("peers"));
    let options = ["peers", "--small", "--debug", "--system", "node,node-ticking,facade", "--client", "compiled"];
    run(workspace, &PeersBenchArgs::from_arg_matches(&command.try_get_matches_from(options)?)?)
}

/// Measures and prints the report.
pub fn run(workspace: &Workspace, args: &PeersBenchArgs) -> Result<()> {
    let args = &if args.small { args.made_small() } else { args.clone() };
    let tools = Tools::prepare(workspace, args)?;
    let folder = empty(workspace.target().join("bench").join("peers"))?;
    let results = {
        let systems = Systems::new(workspace, args, &folder, &tools)?;
        measure(args, &systems, &Clients::new(workspace, args, &folder, &tools))
    };
    // Databases are of no use to anybody else, and large.
    fs::remove_dir_all(&folder)?;
    let results = results?;
    for &workload in &args.workload {
        let section = report::section(workspace, args, workload, &tools, &results);
        println!("{section}\n");
        if args.write {
            let command = format!("cargo xtask bench peers --workload {}", name_of(&workload));
            write_into(workspace, DOCUMENT, &command, &section)?;
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
    rooms: rooms::Rooms,
}

impl Results {
    /// What others had of the processors during each figure of a workload, as parts.
    fn stolen(&self, workload: Workload) -> Vec<f64> {
        match workload {
            Workload::Wallet => self.wallet.figures.stolen(),
            Workload::Session => self.session.figures.stolen(),
            Workload::Growth => self.growth.figures.stolen(),
            Workload::Rooms => self.rooms.figures.stolen(),
        }
    }
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
        if args.measures(Workload::Rooms) {
            results.rooms.measure_round(args, systems, clients, round)?;
        }
    }
    results.session.chosen = stage.map_or_else(Vec::new, session::Stage::into_chosen);
    Ok(results)
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::{PeersBenchArgs, Workload};

    pub fn parsed(arguments: &[&str]) -> PeersBenchArgs {
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
             --warm-up-seconds 1 --settle-seconds 5 --clients 64 --in-flight 16 \
             --growth-accounts 1000,100000,1000000 --write"
        );
        let arguments: Vec<&str> = command.split(' ').skip(4).collect();
        assert_eq!(parsed(&arguments).command(Workload::Growth), command);
        assert_eq!(
            parsed(&["--client", "compiled", "--rooms", "5,6"]).command(Workload::Rooms),
            "cargo xtask bench peers --workload rooms --client compiled --rounds 3 --seconds 2.5 --warm-up-seconds 1 \
             --settle-seconds 5 --rooms 5,6 --seats 20 --write"
        );
    }
}
