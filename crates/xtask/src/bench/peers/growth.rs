//! Workload 4: the wallet with few and with many accounts.

use anyhow::Result;

use super::PeersBenchArgs;
use super::clients::{Client, Clients, Load};
use super::figures::Figures;
use super::launch::Systems;
use super::pairs::Distribution;
use super::system::{Durability, System};
use super::tuning::Chosen;
use crate::progress;

/// One row of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub system: System,
    pub accounts: u32,
}

/// The figures of all rounds.
#[derive(Default)]
pub struct Growth {
    pub figures: Figures<Case>,
}

impl Growth {
    /// Takes every figure once: each system with each number of accounts, under the load that set-ups are chosen by.
    /// Accounts are drawn alike, because Zipf's law would leave out nearly all of them.
    pub fn measure_round(
        &mut self,
        args: &PeersBenchArgs,
        (systems, chosen): (&Systems, &[Chosen]),
        clients: &Clients,
        round: u32,
    ) -> Result<()> {
        for &(system, setup) in chosen {
            for &accounts in &args.growth_accounts {
                let step = format!("round {round}: {accounts} accounts, {}", system.title());
                progress::step(&step, || {
                    let running = systems.start(system, setup, Durability::Durable, accounts)?;
                    let (distribution, load) = (Distribution::Uniform, Load::Closed(args.in_flight));
                    clients.settle_transfers(&running, accounts, distribution)?;
                    let calls = clients.transfers(&running, accounts, distribution, Client::Compiled, load)?;
                    self.figures.add(Case { system, accounts }, calls);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// How many times fewer calls a second there are with the most accounts than with the fewest, round by round.
    pub fn slowdowns(&self, args: &PeersBenchArgs, system: System) -> Vec<f64> {
        let case = |accounts: Option<&u32>| Case { system, accounts: accounts.copied().unwrap_or(0) };
        self.figures.ratios(&case(args.growth_accounts.first()), &case(args.growth_accounts.last()))
    }
}
