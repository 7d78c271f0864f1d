//! A database on a node of its own: filled in process while the node is stopped, then looked at.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::calls::LOAD;
use super::server::{Account, Server};
use crate::bench::generator::result_of;
use crate::publish::DATABASE;
use crate::wasm_modules::GAME_MODULE;
use crate::workspace::{Profile, Workspace};

/// What whoever makes the Service's calls must be.
const ROLES: [&str; 3] = ["service", "moderator", "operator"];
/// A table in which every player has a row.
const COUNTED: &str = "runtime_snapshot";
/// How often a node is killed and started again.
const RECOVERIES: usize = 3;
/// What a node that has just started needs to give back memory that only the start has taken.
const SETTLING: Duration = Duration::from_secs(10);

/// How large a database is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub players: u32,
    pub worlds: u32,
}

/// What the load generator says of a database that it has filled.
#[derive(Debug, Deserialize)]
struct Filled {
    rows: u64,
    seconds: f64,
    tables: BTreeMap<String, u64>,
}

/// What there is to know about a filled database.
pub struct Facts {
    /// Rows in all tables.
    pub rows: u64,
    /// How long it took to fill it.
    pub fill_seconds: f64,
    /// Bytes on disk.
    pub disk: u64,
    /// Resident memory of the node.
    pub memory: u64,
    /// From the start of a node that was killed to its first SQL answer, in milliseconds.
    pub recovery_ms: Vec<f64>,
}

/// Where the load generator finds a database; it reads this from a file.
#[derive(Serialize)]
struct Place<'a> {
    data_dir: &'a Path,
    database: &'a str,
    identity: &'a str,
    owner: &'a Account,
    service: &'a Account,
    url: &'a str,
}

/// The game's database on a node.
pub struct Database {
    data_dir: PathBuf,
    server: Server,
    identity: String,
    service: Account,
    /// The file that says where the database is.
    pub place: PathBuf,
}

impl Database {
    /// Publishes the game module on a node with its data in `folder`, and stops the node.
    pub fn publish(workspace: &Workspace, folder: &Path) -> Result<Self> {
        let data_dir = folder.join("node");
        fs::create_dir_all(&data_dir)?;
        let mut server = Server::start(workspace, &data_dir, DATABASE)?;
        server.publish(&workspace.module(GAME_MODULE))?;
        let service = server.account()?;
        for role in ROLES {
            server.call("grant_role", &format!(r#"[["0x{}"], {{"{role}": {{}}}}]"#, service.identity))?;
        }
        let identity = server.database_identity()?;
        server.stop()?;
        let database = Self { data_dir, server, identity, service, place: folder.join("place.json") };
        database.write_place()?;
        Ok(database)
    }

    /// Starts the node, whose address is another one then.
    pub fn start_again(&mut self) -> Result<()> {
        self.server.start_again()?;
        self.write_place()
    }

    /// Fills the database, and finds out what it costs. The node is stopped before and after.
    pub fn fill_and_look(&mut self, workspace: &Workspace, size: Size) -> Result<Facts> {
        let mut command = Command::new(workspace.binary(Profile::Release, LOAD));
        command.arg("fill").arg("--module").arg(workspace.module(GAME_MODULE));
        command.arg("--place").arg(&self.place);
        command.args(["--players", &size.players.to_string(), "--worlds", &size.worlds.to_string()]);
        let filled: Filled = result_of(&mut command)?;
        let expected = filled.tables.get(COUNTED).copied().unwrap_or_default();
        self.server.start_again()?;
        self.expect(self.server.count(COUNTED)?, expected)?;
        let mut recovery_ms = Vec::new();
        for _ in 0..RECOVERIES {
            let (took, rows) = self.server.kill_and_recover(COUNTED)?;
            self.expect(rows, expected)?;
            recovery_ms.push(took.as_secs_f64() * 1e3);
        }
        thread::sleep(SETTLING);
        let memory = self.server.memory()?;
        self.server.stop()?;
        let disk = bytes_in(&self.data_dir)?;
        Ok(Facts { rows: filled.rows, fill_seconds: filled.seconds, disk, memory, recovery_ms })
    }

    fn expect(&self, rows: u64, expected: u64) -> Result<()> {
        if rows != expected {
            bail!("{} holds {rows} rows in {COUNTED}, not {expected}", self.data_dir.display());
        }
        Ok(())
    }

    fn write_place(&self) -> Result<()> {
        let place = Place {
            data_dir: &self.data_dir,
            database: DATABASE,
            identity: &self.identity,
            owner: self.server.owner(),
            service: &self.service,
            url: self.server.url(),
        };
        Ok(fs::write(&self.place, serde_json::to_vec(&place)?)?)
    }
}

fn bytes_in(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        bytes += if kind.is_dir() { bytes_in(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
