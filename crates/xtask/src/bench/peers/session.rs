//! Workload 3: players who come with a valid token and load profile, inventory, quests and their last save.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::clients::{Clients, Door, OWN_PACE};
use super::figures::Figures;
use super::launch::{Running, Systems};
use super::system::{Setup, System};
use super::tuning::{Chosen, better_look, tune};
use super::{PeersBenchArgs, Workload};
use crate::bench::server::Server;
use crate::bench::{empty, seeding};
use crate::progress;
use crate::publish::DATABASE;

/// A table in which every player has a row.
const TABLE: &str = "profile_dashboard_state";
/// What signs the tokens of players at the peers.
const PEER_SECRET: &str = "a secret that is as long as it should be, and known to nobody else";

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
    product: Server,
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
        let node_key = data_dir.join(seeding::NODE_KEY);
        let mut stage = Self { systems, product: server, node_key, peer_key, chosen: Vec::new() };
        stage.chosen = progress::step("how many processes and connections are best for session starts", || {
            tune(args, Workload::Session, |system, setup| {
                let running = systems.start_sessions(system, setup, &stage.peer_key)?;
                better_look(|| Ok(clients.sessions(stage.door_of_peer(&running), None)?.per_second))
            })
        })?;
        Ok(stage)
    }

    /// The best set-ups.
    pub fn into_chosen(self) -> Vec<Chosen> {
        self.chosen
    }

    fn setup_of(&self, system: System) -> Option<Setup> {
        self.chosen.iter().find(|(chosen, _)| *chosen == system).and_then(|(_, setup)| *setup)
    }

    fn door_of_peer<'b>(&'b self, running: &'b Running) -> Door<'b> {
        let (system, address) = (running.system, running.address());
        let place = ["--path", system.session_path()];
        Door { system, protocol: "http", place, address, key_file: &self.peer_key }
    }

    fn door_of_node(&self, system: System) -> Door<'_> {
        let protocol = if system == System::NodeHttp { "call" } else { "node" };
        let (place, address) = (["--database", DATABASE], self.product.address());
        Door { system, protocol, place, address, key_file: &self.node_key }
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
                if let Some(setup) = stage.setup_of(system) {
                    let running = stage.systems.start_sessions(system, setup, &stage.peer_key)?;
                    return self.measure(clients, stage.door_of_peer(&running));
                }
                stage.product.start_again()?;
                // A database is launched when it is first asked for something, and its module compiled.
                stage.product.count(TABLE)?;
                self.measure(clients, stage.door_of_node(system))?;
                stage.product.stop()
            })?;
        }
        Ok(())
    }

    /// As fast as answers come, then at a part of that.
    fn measure(&mut self, clients: &Clients, door: Door) -> Result<()> {
        clients.settle_sessions(door)?;
        let closed = clients.sessions(door, None)?;
        let open = clients.sessions(door, Some(OWN_PACE * closed.per_second))?;
        self.figures.add((door.system, Way::Closed), closed);
        self.figures.add((door.system, Way::OwnPace), open);
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
