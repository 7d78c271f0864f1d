//! Where a round takes place: a database in this process, or one on a node.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures::future::try_join_all;
use serde::Deserialize;
use spacetimedb_core::host::ModuleHost;
use spacetimedb_lib::Identity;
use worldloom_client::{CustomWorldGalleryEntry, CustomWorldGalleryPage, CustomWorldPageRequest};

use super::guest::Guest;
use crate::Account;
use crate::in_process::DatabaseFiles;
use crate::module_calls::{ModuleCalls, SocketCalls};

/// Connections of the Service, among which its calls are divided.
const SERVICE_CONNECTIONS: usize = 8;
/// Worlds that guests play in: the most played ones.
const WORLDS: u32 = 32;

/// A database that a node has made, as `cargo xtask bench module` writes it down.
#[derive(Clone, Debug, Deserialize)]
pub struct Place {
    /// The node's data folder.
    pub data_dir: PathBuf,
    /// The database's name.
    pub database: String,
    /// Its identity.
    pub identity: String,
    /// Who has published it.
    pub owner: Account,
    /// Who holds the roles Service, Moderator and Operator.
    pub service: Account,
    /// The node's base URL, while it runs.
    pub url: String,
}

impl Place {
    /// Reads what is written down in a file.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// The database's files, for a node that has no other database.
    pub fn files(&self, program: Vec<u8>) -> anyhow::Result<DatabaseFiles> {
        let replicas = fs::read_dir(self.data_dir.join("replicas"))?;
        let mut numbers = replicas.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let replica = numbers.next().context("the node has no database")?;
        let (identity, owner) = (Identity::from_hex(&self.identity)?, Identity::from_hex(&self.owner.identity)?);
        Ok(DatabaseFiles { folder: self.data_dir.clone(), replica, identity, owner, program })
    }
}

/// Where guests come to.
pub enum Side {
    /// The engine in this process.
    InProcess {
        /// The running module.
        module: ModuleHost,
        /// Who holds the roles.
        service: Identity,
    },
    /// A node.
    Node {
        /// Where it is.
        place: Box<Place>,
        /// Makes identities.
        http: reqwest::Client,
    },
}

impl Side {
    /// New guests, told apart from all others by `round`.
    pub async fn guests(&self, round: u32, count: usize) -> anyhow::Result<Vec<Guest>> {
        let services = try_join_all((0..SERVICE_CONNECTIONS).map(|_| self.service())).await?;
        let worlds = worlds(&services[0]).await?;
        let newcomer = |number: usize| {
            let service = services[number % services.len()].clone();
            let world = worlds[number % worlds.len()].clone();
            async move {
                let (calls, identity) = self.somebody(&format!("{round}-{number}")).await?;
                let friend = Identity::from_claims("worldloom-bench", &format!("friend-of-{identity}"));
                anyhow::Ok(Guest::new(calls, service, identity, friend, world))
            }
        };
        try_join_all((0..count).map(newcomer)).await
    }

    async fn service(&self) -> anyhow::Result<ModuleCalls> {
        match self {
            Side::InProcess { module, service } => {
                Ok(ModuleCalls::InProcess { module: module.clone(), caller: *service })
            }
            Side::Node { place, .. } => connect(place, &place.service.token).await,
        }
    }

    async fn somebody(&self, name: &str) -> anyhow::Result<(ModuleCalls, Identity)> {
        match self {
            Side::InProcess { module, .. } => {
                let caller = Identity::from_claims("worldloom-bench", name);
                Ok((ModuleCalls::InProcess { module: module.clone(), caller }, caller))
            }
            Side::Node { place, http } => {
                let account = http.post(format!("{}/v1/identity", place.url)).send().await?.error_for_status()?;
                let account: Account = account.json().await?;
                Ok((connect(place, &account.token).await?, Identity::from_hex(&account.identity)?))
            }
        }
    }
}

async fn connect(place: &Place, token: &str) -> anyhow::Result<ModuleCalls> {
    Ok(ModuleCalls::Socket(SocketCalls::connect(&place.url, &place.database, token).await?))
}

async fn worlds(service: &ModuleCalls) -> anyhow::Result<Vec<CustomWorldGalleryEntry>> {
    let first = CustomWorldPageRequest { cursor: None, length: WORLDS };
    let page: CustomWorldGalleryPage = service.accepted("list_most_played_worlds_and_return", &(first,)).await?;
    anyhow::ensure!(!page.worlds.is_empty(), "the database has no world to play in");
    Ok(page.worlds)
}
