//! Workload 1: transfers between accounts, uniform and by Zipf's law.

use anyhow::Result;

use super::clients::{Client, Clients, Load, OWN_PACE};
use super::figures::Figures;
use super::launch::{Running, Systems};
use super::pairs::Distribution;
use super::system::{Durability, System};
use super::tuning::{Chosen, better_look, tune};
use super::{PeersBenchArgs, Workload};
use crate::progress;

/// What all systems are asked for in an open loop, as a part of what the slowest of them makes in a closed loop.
const COMMON_PACE: f64 = 0.5;

/// How calls follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A client waits for each answer.
    OneByOne,
    /// A client has several calls under way.
    Pipelined,
    /// Open loop at [`OWN_PACE`].
    OwnPace,
    /// Open loop at [`COMMON_PACE`].
    CommonPace,
}

/// One row of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub system: System,
    pub durability: Durability,
    pub distribution: Distribution,
    pub client: Client,
    pub way: Way,
}

/// A column of the report: a load in a closed loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub durability: Durability,
    pub client: Client,
    pub way: Way,
    pub title: &'static str,
}

/// All columns, in the order of the report.
pub const COLUMNS: [Column; 5] = [
    column(Durability::Durable, Client::Compiled, Way::Pipelined, "durable, compiled, pipelined"),
    column(Durability::Durable, Client::Compiled, Way::OneByOne, "durable, compiled, one by one"),
    column(Durability::Durable, Client::NodeJs, Way::Pipelined, "durable, Node.js, pipelined"),
    column(Durability::Relaxed, Client::Compiled, Way::Pipelined, "relaxed, compiled, pipelined"),
    column(Durability::Relaxed, Client::NodeJs, Way::Pipelined, "relaxed, Node.js, pipelined"),
];

const fn column(durability: Durability, client: Client, way: Way, title: &'static str) -> Column {
    Column { durability, client, way, title }
}

impl Case {
    /// What a system made of a column's load.
    pub fn of(system: System, distribution: Distribution, column: Column) -> Self {
        let Column { durability, client, way, .. } = column;
        Self { system, durability, distribution, client, way }
    }

    /// The load that set-ups are chosen by, and growth is measured by: answers come when writes are on disk, the client
    /// is compiled and pipelined.
    pub fn main(system: System, distribution: Distribution) -> Self {
        let (durability, client, way) = (Durability::Durable, Client::Compiled, Way::Pipelined);
        Self { system, durability, distribution, client, way }
    }
}

/// The figures of all rounds.
#[derive(Default)]
pub struct Wallet {
    pub figures: Figures<Case>,
}

/// Finds the best set-up of each system for [`Case::main`].
pub fn choose(args: &PeersBenchArgs, systems: &Systems, clients: &Clients) -> Result<Vec<Chosen>> {
    let (client, load, distribution) = (Client::Compiled, Load::Closed(args.in_flight), args.distributions()[0]);
    tune(args, Workload::Wallet, |system, setup| {
        let running = systems.start(system, Some(setup), Durability::Durable, args.accounts)?;
        better_look(|| Ok(clients.transfers(&running, args.accounts, distribution, client, load)?.per_second))
    })
}

impl Wallet {
    /// Takes every figure once. All systems are under full load first; then all get half of what the slowest could do.
    pub fn measure_round(
        &mut self,
        args: &PeersBenchArgs,
        (systems, chosen): (&Systems, &[Chosen]),
        clients: &Clients,
        round: u32,
    ) -> Result<()> {
        for &(system, setup) in chosen {
            for durability in [Durability::Durable, Durability::Relaxed] {
                let step = format!("round {round}: wallet, {}, {durability:?}", system.title());
                progress::step(&step, || {
                    let running = systems.start(system, setup, durability, args.accounts)?;
                    clients.settle_transfers(&running, args.accounts, args.distributions()[0])?;
                    self.closed_loops(args, clients, &running)
                })?;
            }
        }
        if !args.client.contains(&Client::Compiled) {
            // Open loops are its alone.
            return Ok(());
        }
        for &(system, setup) in chosen {
            progress::step(&format!("round {round}: wallet at one pace, {}", system.title()), || {
                let running = systems.start(system, setup, Durability::Durable, args.accounts)?;
                clients.settle_transfers(&running, args.accounts, args.distributions()[0])?;
                args.distributions().iter().try_for_each(|&distribution| {
                    let rate = COMMON_PACE * self.slowest(chosen, distribution);
                    let case = Case { way: Way::CommonPace, ..Case::main(system, distribution) };
                    self.measure(args, clients, &running, case, Load::Open(rate))
                })
            })?;
        }
        Ok(())
    }

    fn closed_loops(&mut self, args: &PeersBenchArgs, clients: &Clients, running: &Running) -> Result<()> {
        let (system, durability) = (running.system, running.durability);
        for &distribution in args.distributions() {
            for &client in &args.client {
                let main = Case { durability, client, ..Case::main(system, distribution) };
                self.measure(args, clients, running, main, Load::Closed(args.in_flight))?;
                if durability == Durability::Durable && client == Client::Compiled {
                    self.measure(args, clients, running, Case { way: Way::OneByOne, ..main }, Load::Closed(1))?;
                    let load = Load::Open(OWN_PACE * self.alone(system, distribution));
                    self.measure(args, clients, running, Case { way: Way::OwnPace, ..main }, load)?;
                }
            }
        }
        Ok(())
    }

    fn measure(
        &mut self,
        args: &PeersBenchArgs,
        clients: &Clients,
        running: &Running,
        case: Case,
        load: Load,
    ) -> Result<()> {
        let calls = clients.transfers(running, args.accounts, case.distribution, case.client, load)?;
        self.figures.add(case, calls);
        Ok(())
    }

    /// What a system makes of calls that travel alone, as they do in an open loop: what it made one by one in the latest
    /// closed loop. Pipelined calls may travel in batches, which some systems make several times as many of; a part of
    /// those would be more than they can do. Whoever is slower pipelined is asked for a part of that.
    fn alone(&self, system: System, distribution: Distribution) -> f64 {
        let latest = |way| {
            let case = Case { way, ..Case::main(system, distribution) };
            self.figures.per_second(&case).last().copied().unwrap_or(f64::INFINITY)
        };
        latest(Way::OneByOne).min(latest(Way::Pipelined))
    }

    /// What the slowest system makes of such calls.
    fn slowest(&self, chosen: &[Chosen], distribution: Distribution) -> f64 {
        chosen.iter().map(|&(system, _)| self.alone(system, distribution)).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::super::clients::tests::calls;
    use super::*;

    #[test]
    fn an_open_loop_asks_for_a_part_of_what_travels_alone_in_the_same_round() {
        let mut wallet = Wallet::default();
        let mut add = |system, way, per_second| {
            let case = Case { way, ..Case::main(system, Distribution::Uniform) };
            wallet.figures.add(case, calls(per_second, 1.0));
        };
        // The round before does not count.
        add(System::Express, Way::OneByOne, 100.0);
        add(System::Express, Way::Pipelined, 3_500.0);
        add(System::Express, Way::OneByOne, 1_700.0);
        add(System::Facade, Way::Pipelined, 7_600.0);
        add(System::Facade, Way::OneByOne, 9_100.0);
        assert_eq!(wallet.alone(System::Express, Distribution::Uniform), 1_700.0);
        assert_eq!(wallet.alone(System::Facade, Distribution::Uniform), 7_600.0);
        let chosen = [(System::Facade, None), (System::Express, None)];
        assert_eq!(wallet.slowest(&chosen, Distribution::Uniform), 1_700.0);
    }
}
