//! A round of cycles of `cargo xtask chaos`: each trouble once.

use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use futures::future::try_join_all;
use worldloom_tests::Outcome;
use worldloom_tests::chaos::plan::Trouble;
use worldloom_tests::chaos::run::{Options, run};

/// Draws the same cycles each time; `CHAOS_SEED` asks for others.
const SEED: u64 = 20_261_121;
/// Troubles of a world. The worlds go through theirs at the same time, since cycles are mostly waiting.
const TROUBLES: usize = 8;
/// Longer than all that takes on a slow and busy machine.
const DEADLINE: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_once_loses_nothing() -> Outcome {
    let seed = std::env::var("CHAOS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED);
    // A seed for each world, and with it a log.
    let worlds =
        Trouble::value_variants().chunks(TROUBLES).zip(seed..).map(|(troubles, seed)| go_through(seed, troubles));
    try_join_all(worlds).await?;
    Ok(())
}

/// Clients who do not wait for the disk are told of what the power takes away: proofs that find nothing then would find
/// nothing ever.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_before_it_is_on_disk_is_found_to_be_lost() -> Outcome {
    let troubles = vec![Trouble::PowerCut];
    let options = Options {
        seed: SEED + 1_000,
        cycles: 4,
        cycles_per_world: 4,
        troubles,
        waits_for_disk: false,
        within: DEADLINE,
    };
    let summary = run(&options, |line| println!("unconfirmed: {line}")).await?;
    let rules: Vec<&str> = summary.violations.iter().map(|violation| violation.rule).collect();
    anyhow::ensure!(rules.iter().any(|rule| rule.contains("is lost")), "nothing was found to be lost: {rules:?}");
    Ok(())
}

async fn go_through(seed: u64, troubles: &[Trouble]) -> Outcome {
    let cycles = u32::try_from(troubles.len())?;
    let troubles = troubles.to_vec();
    let options = Options { seed, cycles, cycles_per_world: cycles, troubles, waits_for_disk: true, within: DEADLINE };
    let summary = run(&options, |line| println!("{seed}: {line}")).await?;
    let violations: Vec<_> = summary.violations.iter().map(ToString::to_string).collect();
    let (repeat, histories) = (&summary.repeat, summary.histories.display());
    anyhow::ensure!(violations.is_empty(), "{repeat}\n{histories}\n{}", violations.join("\n"));
    anyhow::ensure!(summary.cycles == cycles && summary.answered > 100, "too little was done: {summary:?}");
    anyhow::ensure!(!everything_is_possible() || summary.impossible.is_empty(), "{}", summary.not_possible());
    Ok(())
}

/// Whether this user may mount disks and make networks, and packages can be installed: then `cargo xtask test` has
/// installed what is missing, and no trouble may be another one than it should be, or none.
fn everything_is_possible() -> bool {
    /// `CAP_NET_ADMIN` and `CAP_SYS_ADMIN`, which root in a container may lack.
    const CAPABILITIES: u64 = 1 << 12 | 1 << 21;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or_default();
    effective & CAPABILITIES == CAPABILITIES && Path::new("/usr/bin/apt-get").exists()
}
