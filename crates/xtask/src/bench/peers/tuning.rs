//! How many processes and connections are best for each system before PostgreSQL, on this machine and for one workload.

use anyhow::Result;

use super::system::{Setup, System, Wires};
use super::{PeersBenchArgs, Workload};

/// A system with the set-up that is best for it, if it has any to choose.
pub type Chosen = (System, Option<Setup>);

/// Tries each set-up of the systems of a workload by what `per_second` makes of it, and keeps the best.
pub fn tune(
    args: &PeersBenchArgs,
    workload: Workload,
    per_second: impl Fn(System, Setup) -> Result<f64>,
) -> Result<Vec<Chosen>> {
    let choose = |system: System| {
        let setups = system.setups(workload);
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
    args.systems(workload).map(choose).collect()
}

/// The better of two looks at a system that has just started: the first may fall into its warm-up, and either into
/// something else that the machine does.
pub fn better_look(mut look: impl FnMut() -> Result<f64>) -> Result<f64> {
    Ok(look()?.max(look()?))
}

/// The set-ups for people.
pub fn described(chosen: &[Chosen]) -> String {
    let described = |(system, setup): &Chosen| {
        let Setup { processes, connections, wires } = (*setup)?;
        let processes = if processes == 1 { "one process".to_owned() } else { format!("{processes} processes") };
        let wires = match wires {
            Wires::PerClient => "",
            Wires::PerCall => ", a connection for each call under way",
        };
        Some(format!("{}: {processes}, {connections} connections to PostgreSQL{wires}", system.title()))
    };
    let all: Vec<String> = chosen.iter().filter_map(described).collect();
    if all.is_empty() { "none to choose".to_owned() } else { all.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::{Chosen, Setup, System, Wires, better_look, described};

    #[test]
    fn the_better_of_two_looks_counts() {
        let mut looks = [3.0, 5.0, 4.0].into_iter();
        assert_eq!(better_look(|| Ok(looks.next().unwrap())).unwrap(), 5.0);
        assert_eq!(looks.next(), Some(4.0));
    }

    #[test]
    fn set_ups_are_named_as_they_were_measured() {
        let setup = |processes, wires| Some(Setup { processes, connections: 16, wires });
        let chosen: [Chosen; 3] = [
            (System::Node, None),
            (System::AxumPooled, setup(1, Wires::PerCall)),
            (System::Express, setup(2, Wires::PerClient)),
        ];
        assert_eq!(
            described(&chosen),
            "axum + PostgreSQL, pooled: one process, 16 connections to PostgreSQL, a connection for each call under \
             way; Express + tRPC + PostgreSQL: 2 processes, 16 connections to PostgreSQL"
        );
        assert_eq!(described(&[]), "none to choose");
    }
}
