//! How many processes and connections are best for each system before PostgreSQL, on this machine and for one workload.

use anyhow::Result;

use super::system::{Setup, System, Wires};
use super::{PeersBenchArgs, Workload};
use crate::progress;

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
        let best = best.map(|(setup, _)| setup);
        if let Some(setup) = best.filter(|setup| !args.small && is_at_edge(setup, tried)) {
            let one = described(&[(system, Some(setup))]);
            progress::warn(&format!("{one}: this is as far as was tried, and further might be better"));
        }
        Ok((system, best))
    };
    args.systems(workload).map(choose).collect()
}

/// Whether no set-up with as many processes has more connections, or none has fewer although there could be.
fn is_at_edge(setup: &Setup, tried: &[Setup]) -> bool {
    let alike = tried.iter().filter(|other| other.processes == setup.processes);
    let (mut has_fewer, mut has_more) = (setup.connections <= setup.processes, false);
    for other in alike {
        has_fewer |= other.connections < setup.connections;
        has_more |= other.connections > setup.connections;
    }
    !(has_fewer && has_more)
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
    use super::{Chosen, Setup, System, Wires, Workload, better_look, described, is_at_edge};

    #[test]
    fn the_better_of_two_looks_counts() {
        let mut looks = [3.0, 5.0, 4.0].into_iter();
        assert_eq!(better_look(|| Ok(looks.next().unwrap())).unwrap(), 5.0);
        assert_eq!(looks.next(), Some(4.0));
    }

    #[test]
    fn a_winner_with_nothing_tried_beyond_it_is_at_an_edge() {
        let at_edge = |system: System, wanted: (u32, u32)| {
            let tried = system.setups(Workload::Session);
            let winner = tried.iter().find(|setup| (setup.processes, setup.connections) == wanted);
            is_at_edge(winner.unwrap(), &tried)
        };
        assert!(at_edge(System::Express, (2, 32)));
        assert!(!at_edge(System::Express, (2, 8)));
        assert!(at_edge(System::Express, (1, 2)));
        // A connection for each process: fewer are not possible.
        assert!(!at_edge(System::Express, (2, 2)));
        assert!(!at_edge(System::AxumPipelined, (1, 1)));
        assert!(at_edge(System::AxumPooled, (1, 4)));
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
