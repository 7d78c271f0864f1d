//! How many processes and connections are best for each system before PostgreSQL, on this machine and for one workload.

use anyhow::Result;

use super::PeersBenchArgs;
use super::system::{Setup, System};

/// A system with the set-up that is best for it, if it has any to choose.
pub type Chosen = (System, Option<Setup>);

/// Tries each set-up once, by what `per_second` makes of it, and keeps the best.
pub fn tune(
    args: &PeersBenchArgs,
    systems: impl IntoIterator<Item = System>,
    per_second: impl Fn(System, Setup) -> Result<f64>,
) -> Result<Vec<Chosen>> {
    let choose = |system: System| {
        let setups = system.setups();
        // A small run is not about speed.
        let tried = if args.small { setups.get(1..2).unwrap_or_default() } else { &setups };
        let mut best: Option<(Setup, f64)> = None;
        for &setup in tried {
            let reached = per_second(system, setup)?;
            if best.is_none_or(|(_, fastest)| reached > fastest) {
                best = Some((setup, reached));
            }
        }
        Ok((system, best.map(|(setup, _)| setup)))
    };
    systems.into_iter().map(choose).collect()
}

/// The set-ups for people.
pub fn described(chosen: &[Chosen]) -> String {
    let described = |(system, setup): &Chosen| {
        let Setup { processes, connections } = (*setup)?;
        let processes = if processes == 1 { "one process".to_owned() } else { format!("{processes} processes") };
        Some(format!("{}: {processes}, {connections} connections to PostgreSQL", system.title()))
    };
    let all: Vec<String> = chosen.iter().filter_map(described).collect();
    if all.is_empty() { "none to choose".to_owned() } else { all.join("; ") }
}
