//! Workload 2: members of rooms who see each other move.

use anyhow::Result;

use super::calm::calmer;
use super::clients::{Client, Clients};
use super::figures::Figures;
use super::launch::Systems;
use super::system::{Durability, System};
use super::{PeersBenchArgs, Workload};
use crate::progress;

/// One row of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub system: System,
    pub durability: Durability,
    pub client: Client,
    pub rooms: u32,
}

/// The figures of all rounds.
#[derive(Default)]
pub struct Rooms {
    pub figures: Figures<Case>,
}

/// The systems that are measured, in the order of the report. This product is measured twice: nobody else writes down
/// what members see.
pub fn measured(args: &PeersBenchArgs) -> Vec<(System, Durability)> {
    let each = |system| match system {
        System::Node | System::NodeTicking => vec![(system, Durability::Relaxed), (system, Durability::Durable)],
        _ => vec![(system, Durability::Relaxed)],
    };
    args.systems(Workload::Rooms).flat_map(each).collect()
}

impl Rooms {
    /// Takes every figure once. Each begins with a fresh server, so that none inherits another's memory.
    pub fn measure_round(
        &mut self,
        args: &PeersBenchArgs,
        systems: &Systems,
        clients: &Clients,
        round: u32,
    ) -> Result<()> {
        for &rooms in &args.rooms {
            for &client in &args.client {
                for (system, durability) in measured(args) {
                    let step =
                        format!("round {round}: {rooms} rooms, {}, {}", title(system, durability), client.title());
                    progress::step(&step, || {
                        let calls = calmer(title(system, durability), || {
                            let running = systems.start_rooms(system, durability, rooms, args.seats)?;
                            clients.members(&running, client, rooms, args.seats)
                        })?;
                        self.figures.add(Case { system, durability, client, rooms }, calls);
                        Ok(())
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// What the report calls a system that may be measured twice.
pub fn title(system: System, durability: Durability) -> &'static str {
    match (system, durability) {
        (System::Node, Durability::Durable) => "this product, seen when on disk",
        (System::Node, Durability::Relaxed) => "this product, seen at once",
        (System::NodeTicking, Durability::Durable) => "this product, every 20 ms, seen when on disk",
        (System::NodeTicking, Durability::Relaxed) => "this product, every 20 ms",
        _ => system.title(),
    }
}
