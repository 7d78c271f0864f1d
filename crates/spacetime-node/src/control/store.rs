//! The control state on disk: one redb file, one transaction for each change.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use redb::{Database as Redb, ReadableTable, TableDefinition, WriteTransaction, backends::InMemoryBackend};
use spacetimedb_core::messages::control_db::Database;
use spacetimedb_lib::{Identity, bsatn};

use super::{DatabaseRecord, Name, State};

const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("counters");
/// Identity to (engine's record in BSATN, replica, locked).
const DATABASES: TableDefinition<[u8; 32], (&[u8], u64, bool)> = TableDefinition::new("databases");
const NAMES: TableDefinition<&str, [u8; 32]> = TableDefinition::new("names");
const FIRST_PARTS: TableDefinition<&str, [u8; 32]> = TableDefinition::new("name_first_parts");
/// (replica, variable) to value.
const ENVIRONMENTS: TableDefinition<(u64, &str), &str> = TableDefinition::new("initial_environments");
const RETIRED: TableDefinition<u64, ()> = TableDefinition::new("retired_replicas");

const NEXT_DATABASE: &str = "database_id";
const NEXT_REPLICA: &str = "replica_id";

/// Why the file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// redb refused.
    #[error(transparent)]
    Redb(Box<redb::Error>),
    /// A record does not decode.
    #[error("a record of the control database is damaged: {0}")]
    Damaged(String),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(cause: E) -> Self {
        Self::Redb(Box::new(cause.into()))
    }
}

/// An open control file, or what stands in for one in memory.
pub(super) struct Store(Redb);

impl Store {
    /// Opens a file, or an empty store in memory, with what it holds.
    pub(super) fn open(file: Option<&Path>) -> Result<(Self, State), StoreError> {
        let store = Self(match file {
            Some(file) => open_file(file)?,
            None => Redb::builder().create_with_backend(InMemoryBackend::new())?,
        });
        let state = store.load()?;
        Ok((store, state))
    }

    fn load(&self) -> Result<State, StoreError> {
        let mut state = State::default();
        let tx = self.0.begin_write()?;
        {
            let counters = tx.open_table(COUNTERS)?;
            state.next_database_id = counters.get(NEXT_DATABASE)?.map_or(0, |v| v.value());
            state.next_replica_id = counters.get(NEXT_REPLICA)?.map_or(0, |v| v.value());
            for entry in tx.open_table(DATABASES)?.iter()? {
                let (identity, record) = entry?;
                state.databases.insert(Identity::from_byte_array(identity.value()), decode(record.value())?);
            }
            for entry in tx.open_table(NAMES)?.iter()? {
                let (name, identity) = entry?;
                let name = Name::parse(name.value()).map_err(|e| StoreError::Damaged(e.to_string()))?;
                state.names.insert(name, Identity::from_byte_array(identity.value()));
            }
            for entry in tx.open_table(FIRST_PARTS)?.iter()? {
                let (part, owner) = entry?;
                state.first_parts.insert(part.value().to_owned(), Identity::from_byte_array(owner.value()));
            }
            for entry in tx.open_table(ENVIRONMENTS)?.iter()? {
                let (key, value) = entry?;
                let (replica_id, variable) = key.value();
                let environment = state.initial_environments.entry(replica_id).or_default();
                environment.insert(variable.to_owned(), value.value().to_owned());
            }
            for entry in tx.open_table(RETIRED)?.iter()? {
                state.retired_replicas.insert(entry?.0.value());
            }
        }
        // Commits the empty tables of a new file.
        tx.commit()?;
        Ok(state)
    }

    /// Writes the difference between two states in one durable transaction.
    pub(super) fn save(&self, old: &State, new: &State) -> Result<(), StoreError> {
        let tx = self.0.begin_write()?;
        {
            let mut counters = tx.open_table(COUNTERS)?;
            counters.insert(NEXT_DATABASE, new.next_database_id)?;
            counters.insert(NEXT_REPLICA, new.next_replica_id)?;
        }
        save_databases(&tx, old, new)?;
        save_names(&tx, old, new)?;
        save_environments(&tx, old, new)?;
        {
            let mut retired = tx.open_table(RETIRED)?;
            for gone in old.retired_replicas.difference(&new.retired_replicas) {
                retired.remove(gone)?;
            }
            for added in new.retired_replicas.difference(&old.retired_replicas) {
                retired.insert(added, ())?;
            }
        }
        Ok(tx.commit()?)
    }
}

fn open_file(file: &Path) -> Result<Redb, StoreError> {
    let options = &mut fs::OpenOptions::new();
    // Initial environments may hold secrets.
    let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
    Ok(Redb::builder().create_file(options.open(file).map_err(redb::Error::Io)?)?)
}

fn save_databases(tx: &WriteTransaction, old: &State, new: &State) -> Result<(), StoreError> {
    let mut table = tx.open_table(DATABASES)?;
    for identity in old.databases.keys().filter(|identity| !new.databases.contains_key(identity)) {
        table.remove(identity.to_byte_array())?;
    }
    for (identity, record) in &new.databases {
        if old.databases.get(identity) != Some(record) {
            let bytes = bsatn::to_vec(&record.database).map_err(|e| StoreError::Damaged(e.to_string()))?;
            table.insert(identity.to_byte_array(), (&bytes[..], record.replica_id, record.locked))?;
        }
    }
    Ok(())
}

fn save_names(tx: &WriteTransaction, old: &State, new: &State) -> Result<(), StoreError> {
    let mut names = tx.open_table(NAMES)?;
    for name in old.names.keys().filter(|name| !new.names.contains_key(*name)) {
        names.remove(name.as_str())?;
    }
    for (name, identity) in &new.names {
        if old.names.get(name) != Some(identity) {
            names.insert(name.as_str(), identity.to_byte_array())?;
        }
    }
    let mut first_parts = tx.open_table(FIRST_PARTS)?;
    for part in old.first_parts.keys().filter(|part| !new.first_parts.contains_key(*part)) {
        first_parts.remove(part.as_str())?;
    }
    for (part, owner) in &new.first_parts {
        if old.first_parts.get(part) != Some(owner) {
            first_parts.insert(part.as_str(), owner.to_byte_array())?;
        }
    }
    Ok(())
}

fn save_environments(tx: &WriteTransaction, old: &State, new: &State) -> Result<(), StoreError> {
    let mut table = tx.open_table(ENVIRONMENTS)?;
    let none = BTreeMap::new();
    for (replica_id, environment) in &old.initial_environments {
        let kept = new.initial_environments.get(replica_id).unwrap_or(&none);
        for variable in environment.keys().filter(|variable| !kept.contains_key(*variable)) {
            table.remove((*replica_id, variable.as_str()))?;
        }
    }
    for (replica_id, environment) in &new.initial_environments {
        if old.initial_environments.get(replica_id) != Some(environment) {
            for (variable, value) in environment {
                table.insert((*replica_id, variable.as_str()), value.as_str())?;
            }
        }
    }
    Ok(())
}

fn decode((bytes, replica_id, locked): (&[u8], u64, bool)) -> Result<DatabaseRecord, StoreError> {
    let database: Database = bsatn::from_slice(bytes).map_err(|e| StoreError::Damaged(e.to_string()))?;
    Ok(DatabaseRecord { database, replica_id, locked })
}
