//! Workload 3: players who come with a valid token and load profile, inventory, quests and their last save.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::clients::{Calls, Clients};
use super::figures::Figures;
use super::launch::Systems;
use super::system::{Setup, System};
use super::tuning::{Chosen, tune};
use super::{PeersBenchArgs, Workload};
use crate::bench::server::Server;
use crate::bench::{empty, seeding};
use crate::progress;
use crate::publish::DATABASE;

/// A table in which every player has a row.
const TABLE: &str = "profile_dashboard_state";
/// What signs the tokens of players at the peers.
const PEER_SECRET: &str = "a secret that is as long as it should be, and known to nobody else";
/// What a system is asked for in an open loop, as a part of what it makes in a closed one.
const OWN_PACE: f64 = 0.6;

/// How sessions follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Each one that ends makes room for the next.
    Closed,
    /// Open loop at [`OWN_PACE`].
    OwnPace,
}

/// The figures of all rounds.
#[derive(Default)]
pub struct Sessions {
    pub figures: Figures<(System, Way)>,
    /// The best set-up of each system.
    pub chosen: Vec<Chosen>,
}

/// Everything that players come to: the product's database, whose node is stopped between measurements, and the
/// tables of the peers.
pub struct Stage<'a> {
    systems: &'a Systems<'a>,
    players: u32,
    product: Option<Server>,
    node_key: PathBuf,
    peer_key: PathBuf,
    chosen: Vec<Chosen>,
}

impl<'a> Stage<'a> {
    /// Fills databases, and finds the best set-up of each system.
    pub fn prepare(args: &PeersBenchArgs, systems: &'a Systems<'a>, clients: &Clients) -> Result<Self> {
        let folder = empty(systems.folder.join("session"))?;
        let (players, data_dir, peer_key) = (args.players, folder.join("node"), folder.join("secret"));
        fs::create_dir(&data_dir)?;
        fs::write(&peer_key, PEER_SECRET)?;
        let (server, items, quests) =
            progress::step(&format!("game database of {players} players"), || seeded(systems, &data_dir, players))?;
        systems.fill_sessions(players, items, quests)?;
        let (product, node_key) = (Some(server), data_dir.join(seeding::NODE_KEY));
        let mut stage = Self { systems, players, product, node_key, peer_key, chosen: Vec::new() };
        stage.chosen = progress::step("how many processes and connections are best for session starts", || {
            tune(args, args.systems(Workload::Session), |system, setup| {
                Ok(stage.at_peer(system, setup, clients, None)?.per_second)
            })
        })?;
        Ok(stage)
    }

    /// The best set-ups.
    pub fn into_chosen(self) -> Vec<Chosen> {
        self.chosen
    }

    fn at_peer(&self, system: System, setup: Setup, clients: &Clients, rate: Option<f64>) -> Result<Calls> {
        let running = self.systems.start_sessions(system, setup, &self.peer_key)?;
        let place = ["--protocol", "http", "--path", system.session_path(), "--address", running.address()];
        clients.sessions(system, &place, &self.peer_key, self.players, rate)
    }

    fn at_node(&mut self, system: System, clients: &Clients, rate: Option<f64>) -> Result<Option<Calls>> {
        let Some(server) = &mut self.product else { return Ok(None) };
        server.start_again()?;
        // A database is launched when it is first asked for something, and its module compiled.
        server.count(TABLE)?;
        let protocol = if system == System::NodeHttp { "call" } else { "node" };
        let place = ["--protocol", protocol, "--database", DATABASE, "--address", server.address()];
        let calls = clients.sessions(system, &place, &self.node_key, self.players, rate)?;
        server.stop()?;
        Ok(Some(calls))
    }
}

impl Sessions {
    /// Takes every figure once.
    pub fn measure_round(
        &mut self,
        args: &PeersBenchArgs,
        stage: &mut Stage,
        clients: &Clients,
        round: u32,
    ) -> Result<()> {
        for system in args.systems(Workload::Session) {
            progress::step(&format!("round {round}: session starts, {}", system.title()), || {
                let mut rate = None;
                for way in [Way::Closed, Way::OwnPace] {
                    let setup = stage.chosen.iter().find(|(chosen, _)| *chosen == system).and_then(|(_, setup)| *setup);
                    let calls = match setup {
                        Some(setup) => Some(stage.at_peer(system, setup, clients, rate)?),
                        None => stage.at_node(system, clients, rate)?,
                    };
                    let Some(calls) = calls else { continue };
                    rate = Some(OWN_PACE * calls.per_second);
                    self.figures.add((system, way), calls);
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// The game database on a node that is stopped again; with it, how many items and quests its players have each.
fn seeded(systems: &Systems, data_dir: &Path, players: u32) -> Result<(Server, u32, u32)> {
    let mut server = seeding::start(systems.workspace, systems.profile, data_dir, players)?;
    let each = |table| -> Result<u32> {
        let each = server.count(table)? as f64 / f64::from(players);
        Ok((each.round() as u32).max(1))
    };
    let (items, quests) = (each("inventory_item")?, each("quest_record")?);
    server.stop()?;
    Ok((server, items, quests))
}
