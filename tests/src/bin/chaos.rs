//! `cargo xtask chaos`: faults against the whole product under load, and the proof that nothing was lost.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use worldloom_tests::chaos::plan::Trouble;
use worldloom_tests::chaos::run::{self, Options, Summary};

/// Longer than anybody waits.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[derive(Parser)]
struct Arguments {
    /// Draws the plan of troubles and kills; without one, chance does.
    #[arg(long)]
    seed: Option<u64>,
    /// How many cycles of load, trouble and a kill.
    #[arg(long, default_value_t = 500)]
    cycles: u32,
    /// Cycles before everything is proved and a new world begins.
    #[arg(long, default_value_t = 25)]
    cycles_per_world: u32,
    /// What goes wrong besides the kills; everything unless given.
    #[arg(long)]
    trouble: Vec<Trouble>,
    /// Clients take answers before they are on disk: a run that must fail, and shows that the proofs can.
    #[arg(long)]
    unconfirmed: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let Arguments { seed, cycles, cycles_per_world, trouble: troubles, unconfirmed } = Arguments::parse();
    let seed = seed.unwrap_or_else(rand::random);
    println!("seed {seed}, {cycles} cycles");
    let began = Instant::now();
    let (waits_for_disk, within) = (!unconfirmed, LONGEST);
    let options = Options { seed, cycles, cycles_per_world, troubles, waits_for_disk, within };
    let running = run::run(&options, |line| println!("{line}"));
    // Whoever ends the run ends what it has started, too.
    let summary = tokio::select! {
        summary = running => summary?,
        () = interrupted() => anyhow::bail!("interrupted"),
    };
    for violation in &summary.violations {
        println!("\nBROKEN {violation}");
    }
    tell(&summary, began.elapsed());
    Ok(if summary.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(summary: &Summary, took: Duration) {
    let Summary { cycles, answered, unknown, recovered: (recovered, refused), changes, violations, .. } = summary;
    println!();
    print!("{}", summary.not_possible());
    let changes: Vec<String> = changes.iter().map(|(table, count)| format!("{count} of {table}")).collect();
    println!("watchers were told of changes: {}", changes.join(", "));
    println!("{recovered} damaged logs recovered, {refused} refused");
    println!(
        "everything got on again within {:.1} s of each fault's end, restarts included",
        summary.slowest as f64 / 1e6
    );
    println!(
        "{cycles} cycles in {:.0} s: {answered} requests answered, {unknown} without an answer, {} violations",
        took.as_secs_f64(),
        violations.len(),
    );
    if !summary.repeat.is_empty() {
        println!("repeat it with {}", summary.repeat);
        println!("what clients have written down is in {}", summary.histories.display());
    }
}

/// Waits for Ctrl-C, or for the signal with which programs are asked to stop.
async fn interrupted() {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
