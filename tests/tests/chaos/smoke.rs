//! Twenty cycles of `cargo xtask chaos`.

use std::time::Duration;

use tokio::time::timeout;
use worldloom_tests::Outcome;
use worldloom_tests::chaos::run::{Options, run};

/// Draws the same cycles each time; `CHAOS_SEED` asks for others.
const SEED: u64 = 20_261_121;
const CYCLES: u32 = 20;
/// Longer than twenty cycles take on a slow and busy machine.
const DEADLINE: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn twenty_cycles_lose_nothing() -> Outcome {
    let seed = std::env::var("CHAOS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED);
    let options = Options { seed, cycles: CYCLES, cycles_per_world: CYCLES, troubles: Vec::new() };
    let summary = timeout(DEADLINE, run(&options, |line| println!("{line}"))).await??;
    let violations: Vec<_> = summary.violations.iter().map(ToString::to_string).collect();
    anyhow::ensure!(violations.is_empty(), "{}\n{}", summary.repeat, violations.join("\n"));
    anyhow::ensure!(summary.cycles == CYCLES && summary.answered > 100, "too little was done: {summary:?}");
    Ok(())
}
