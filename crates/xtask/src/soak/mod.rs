//! `cargo xtask soak`: an hour under the load of a live game, after which memory, descriptors and latencies must be what
//! they were.
//!
//! `product` starts what is soaked and waits for it to come to rest, with `process` and `figures` as its eyes; `load` is
//! the load generator of `tests/peers/load`. `course` follows both, `verdict` judges what was seen (with `latencies`, which
//! adds up those of a quarter), `report` and `chart` show it.

mod chart;
mod course;
mod figures;
mod latencies;
mod load;
mod process;
mod product;
mod report;
mod verdict;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::{Args, Command, FromArgMatches};

use crate::bench::empty;
use crate::bench::report::write_into;
use crate::binaries::{self, FACADE, NODE};
use crate::seed::SEED;
use crate::workspace::{Profile, Workspace};
use crate::{progress, setup, wasm_modules};
use load::{Load, Pace};
use product::{Product, Rest};
use report::Outcome;

/// Where the results are kept, and the charts.
const DOCUMENT: &str = "docs/soak.md";
const CHARTS: &str = "docs/benchmarks";

/// Arguments of `cargo xtask soak`.
#[derive(Debug, Clone, Args)]
pub struct SoakArgs {
    /// How long the load goes on.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// The load, as a part of the measured maximum.
    #[arg(long, default_value_t = 0.6)]
    share: f64,
    /// How long the maximum is measured, in seconds.
    #[arg(long, default_value_t = 30.0)]
    maximum_seconds: f64,
    /// Players in the database, who come and go in turn.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..))]
    players: u32,
    /// Clients that do what arrives, each of them a player whose game stands open.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,
    /// Seconds between two looks at the product.
    #[arg(long, default_value_t = 5.0)]
    every_seconds: f64,
    /// Draws what arrives.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Few players, clients and seconds: enough to show that everything works and that nothing is left behind, too
    /// little to judge memory and latencies by. `--minutes` counts.
    #[arg(long, conflicts_with = "write")]
    small: bool,
    /// Takes what is built already.
    #[arg(long)]
    skip_build: bool,
    /// Takes debug builds, to try the soak out.
    #[arg(long, conflicts_with = "write")]
    debug: bool,
    /// Writes what was measured into docs/soak.md, and draws the charts anew.
    #[arg(long)]
    write: bool,
}

impl SoakArgs {
    /// The sizes of a run that only shows that everything works.
    fn made_small(&self) -> Self {
        Self { maximum_seconds: 3.0, players: 50, clients: 8, every_seconds: 1.0, ..self.clone() }
    }

    fn profile(&self) -> Profile {
        if self.debug { Profile::Debug } else { Profile::Release }
    }

    /// The command that repeats this run.
    fn command(&self) -> String {
        let Self { minutes, share, maximum_seconds, players, clients, every_seconds, seed, .. } = self;
        format!(
            "cargo xtask soak --minutes {minutes} --share {share} --maximum-seconds {maximum_seconds} --players \
             {players} --clients {clients} --every-seconds {every_seconds} --seed {seed} --write"
        )
    }

    fn seconds(&self) -> f64 {
        self.minutes * 60.0
    }
}

/// The test of the soak: as short and as small as can be, with debug builds of what is built already.
pub fn smoke(workspace: &Workspace) -> Result<()> {
    if !process::is_watchable() {
        progress::warn("processes cannot be watched on this system, so there is no soak");
        return Ok(());
    }
    let command = <SoakArgs as Args>::augment_args(Command::new("soak"));
    let options = ["soak", "--small", "--debug", "--skip-build", "--minutes", "0.25"];
    binaries::build(workspace, Profile::Debug, &[SEED])?;
    binaries::build_peers(workspace, Profile::Debug)?;
    run(workspace, &SoakArgs::from_arg_matches(&command.try_get_matches_from(options)?)?)
}

/// Soaks the product; fails if anything grows that should not.
pub fn run(workspace: &Workspace, args: &SoakArgs) -> Result<()> {
    ensure!(process::is_watchable(), "a soak needs Linux: descriptors and memory are read from /proc");
    ensure!(args.minutes > 0.0 && args.share > 0.0, "--minutes and --share must be more than nothing");
    let args = &if args.small { args.made_small() } else { args.clone() };
    ensure!(args.players >= 2 * args.clients, "there must be two --players for each of the --clients");
    if !args.skip_build {
        build(workspace, args)?;
    }
    let folder = empty(workspace.target().join("soak"))?;
    let outcome = soak(workspace, args, &folder);
    // The database is of no use to anybody else, and large.
    fs::remove_dir_all(folder.join("world"))?;
    let outcome = outcome?;
    chart::write_all(&folder, &outcome.course)?;
    let section = report::section(workspace, args, &outcome);
    println!("{section}\n\nEverything that was seen is in {}", workspace.display(&folder));
    if args.write {
        write_into(workspace, DOCUMENT, "cargo xtask soak", &section)?;
        chart::write_all(&workspace.root().join(CHARTS), &outcome.course)?;
    }
    match report::problems(&outcome.checks).as_slice() {
        [] => Ok(()),
        problems => bail!("{}", problems.join("; ")),
    }
}

fn build(workspace: &Workspace, args: &SoakArgs) -> Result<()> {
    progress::step("tools", setup::ensure_host_tools)?;
    progress::step("WebAssembly modules", || wasm_modules::build(workspace))?;
    binaries::build(workspace, args.profile(), &[NODE, FACADE, SEED])?;
    binaries::build_peers(workspace, args.profile())
}

fn soak(workspace: &Workspace, args: &SoakArgs, folder: &Path) -> Result<Outcome> {
    let world = empty(folder.join("world"))?;
    let what = format!("node with {} players, and the facade", args.players);
    let product = progress::step(&what, || Product::start(workspace, args.profile(), &world, args.players))?;
    let cold = product.come_to_rest()?;
    let pace = Pace {
        is_after_all: true,
        rate: None,
        warm_up_seconds: (args.maximum_seconds / 6.0).min(5.0),
        seconds: args.maximum_seconds,
        interval_seconds: args.every_seconds,
    };
    let maximum = progress::step("measured maximum", || load::maximum(workspace, args, &product, pace))?;
    let before = progress::step("coming to rest", || rest_after_maximum(&product, &cold))?;
    let rows_before = product.rows()?;
    let rate = (maximum * args.share).max(1.0);
    let course = progress::step(&format!("{rate:.0} arrivals a second for {} min", args.minutes), || {
        let pace =
            Pace { is_after_all: false, rate: Some(rate), warm_up_seconds: 0.0, seconds: args.seconds(), ..pace };
        let load = Load::start(workspace, args, &product, pace)?;
        course::follow(&product, load, args.seconds(), Duration::from_secs_f64(args.every_seconds), folder)
    })?;
    let after = progress::step("coming to rest", || product.wait_until(|now| now.is_within(&before)))?;
    let rows = [rows_before, product.rows()?];
    let mut checks = verdict::of_end(&course, &before, &after);
    if !args.small {
        checks.extend(verdict::of_course(&course));
    }
    Ok(Outcome { maximum, rate, course, checks, rows })
}

/// What is opened once, on first use, is open now; everything else must close again from here on.
fn rest_after_maximum(product: &Product, cold: &Rest) -> Result<Rest> {
    product.wait_until(|now| now.has_no_more_clients_than(cold))?;
    let rest = product.come_to_rest()?;
    ensure!(
        rest.has_no_more_clients_than(cold),
        "the load without a rate has left {} clients and {} rows of st_client behind, instead of {} and {}",
        rest.clients,
        rest.client_rows,
        cold.clients,
        cold.client_rows
    );
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::SoakArgs;

    fn parsed(arguments: &[&str]) -> SoakArgs {
        let command = <SoakArgs as Args>::augment_args(Command::new("soak").no_binary_name(true));
        SoakArgs::from_arg_matches(&command.get_matches_from(arguments)).unwrap()
    }

    #[test]
    fn the_report_names_a_command_that_repeats_the_run() {
        let command = parsed(&["--minutes", "2.5", "--share", "0.5"]).command();
        assert_eq!(
            command,
            "cargo xtask soak --minutes 2.5 --share 0.5 --maximum-seconds 30 --players 10000 --clients 64 \
             --every-seconds 5 --seed 1 --write"
        );
        let arguments: Vec<&str> = command.split(' ').skip(3).collect();
        assert_eq!(parsed(&arguments).command(), command);
    }
}
