//! Workload 4: the wallet with few and with many accounts.

use anyhow::Result;

use super::PeersBenchArgs;
use super::clients::{Client, Clients, Load};
use super::figures::Figures;
use super::launch::Systems;
use super::pairs::Distribution;
use super::system::{Durability, System};
use super::tuning::Chosen;
use crate::bench::report::thousands;
use crate::progress;

/// One row of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub system: System,
    pub accounts: u32,
}

/// A number of accounts, held against the first one that was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    few: u32,
    many: u32,
}

/// One for each number of accounts but the first. A system may be slow at any of them, and not at the last alone.
pub fn steps(args: &PeersBenchArgs) -> Vec<Step> {
    let Some((&few, more)) = args.growth_accounts.split_first() else { return Vec::new() };
    more.iter().map(|&many| Step { few, many }).collect()
}

impl Step {
    /// What the report calls it.
    pub fn title(self) -> String {
        let [few, many] = [self.few, self.many].map(|accounts| thousands(f64::from(accounts)));
        format!("{few} over {many} accounts")
    }
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

    /// How many times fewer calls a second there are with many accounts than with few, round by round.
    pub fn slowdowns(&self, Step { few, many }: Step, system: System) -> Vec<f64> {
        self.figures.ratios(&Case { system, accounts: few }, &Case { system, accounts: many })
    }
}
