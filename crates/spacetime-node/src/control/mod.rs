//! Which databases this node has, who owns them and what they are called.
//!
//! The state is small and read on every request, so it is held in memory whole; each change is
//! first committed to an embedded transactional store ([`store`]). A change that the store
//! refused never becomes visible. After a write that failed, the file is opened and read again at the
//! next change, because redb writes no more to one that has failed it once. Only those who change something
//! wait for the disk: readers see the old state until then.

mod names;
mod store;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use parking_lot::{Mutex, RwLock};
use spacetimedb_core::messages::control_db::{Database, HostType};
use spacetimedb_lib::{Hash, Identity};
use tokio::runtime::{Handle, RuntimeFlavor};

pub use names::{Name, NameError};
use store::Store;

/// Most names of a database.
pub const NAMES_MAX: usize = 16;

/// Most names that stay with an owner without a database that has them. Each takes room here for good, and a few are
/// enough to keep others from taking a name between a deletion and the next publish.
const UNUSED_NAMES_MAX: usize = 64;

/// One database of this node.
#[derive(Clone, PartialEq)]
pub struct DatabaseRecord {
    /// What the engine knows about it.
    pub database: Database,
    /// The replica that holds its data; names the folder and is never used twice.
    pub replica_id: u64,
    /// Locked databases can be neither deleted nor reset.
    pub locked: bool,
}

/// What is needed to create a database.
pub struct NewDatabase {
    /// Its identity.
    pub identity: Identity,
    /// Who owns it.
    pub owner: Identity,
    /// The program that initialises it.
    pub program: Hash,
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Environment variables that its initialisation gets.
    pub environment: BTreeMap<String, String>,
}

/// What a reset has made of a database.
pub struct Reset {
    /// The database with its fresh replica.
    pub record: DatabaseRecord,
    /// The replica that it had until then, to be retired.
    pub retired: u64,
}

/// Why a change of the control state was refused.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The database is gone.
    #[error("There is no such database on this node.")]
    NoSuchDatabase,
    /// Somebody else registered the name's first part.
    #[error("The name `{0}` belongs to somebody else; choose another.")]
    NameTaken(Name),
    /// The database is locked.
    #[error("The database is locked; unlock it first.")]
    Locked,
    /// The store failed.
    #[error("The control database cannot be written: {0}")]
    Store(#[from] store::StoreError),
}

/// Why a database did not get its names.
#[derive(Debug, thiserror::Error)]
pub enum NamingError {
    /// It would have too many.
    #[error("A database has at most {NAMES_MAX} names; leave some out, or take some away first.")]
    TooMany,
    /// The change was refused for another reason.
    #[error(transparent)]
    Refused(#[from] ControlError),
}

/// The control state. Cheap to read from any thread.
pub struct Control {
    state: RwLock<State>,
    /// None after a write has failed.
    store: Mutex<Option<Store>>,
    /// None if the store is in memory.
    file: Option<PathBuf>,
}

#[derive(Clone, Default, PartialEq)]
struct State {
    next_database_id: u64,
    next_replica_id: u64,
    databases: HashMap<Identity, DatabaseRecord>,
    names: BTreeMap<Name, Identity>,
    /// Owner of each name's first part, which outlives the databases that used it, up to [`UNUSED_NAMES_MAX`].
    first_parts: BTreeMap<String, Identity>,
    /// Environments of databases that are not yet initialised.
    initial_environments: HashMap<u64, BTreeMap<String, String>>,
    /// Replicas whose folders are to be removed.
    retired_replicas: BTreeSet<u64>,
}

impl Control {
    /// Opens the state from a file, or an empty one in memory.
    pub fn open(file: Option<&Path>) -> Result<Self, ControlError> {
        let (store, state) = Store::open(file)?;
        Ok(Self { state: RwLock::new(state), store: Mutex::new(Some(store)), file: file.map(Path::to_path_buf) })
    }

    /// Finds a database by name or by identity in hexadecimal.
    pub fn resolve(&self, name_or_identity: &str) -> Option<DatabaseRecord> {
        let state = self.state.read();
        let identity = match Identity::from_hex(name_or_identity) {
            Ok(identity) => identity,
            Err(_) => *state.names.get(name_or_identity)?,
        };
        state.databases.get(&identity).cloned()
    }

    /// The database with this identity.
    pub fn database(&self, identity: Identity) -> Option<DatabaseRecord> {
        self.state.read().databases.get(&identity).cloned()
    }

    /// All databases, oldest first.
    pub fn databases(&self) -> Vec<DatabaseRecord> {
        let mut all: Vec<_> = self.state.read().databases.values().cloned().collect();
        all.sort_by_key(|record| record.database.id);
        all
    }

    /// The databases of an owner, oldest first.
    pub fn databases_of(&self, owner: Identity) -> Vec<Identity> {
        let mine = |record: &DatabaseRecord| record.database.owner_identity == owner;
        self.databases().iter().filter(|r| mine(r)).map(|r| r.database.database_identity).collect()
    }

    /// The names of a database, in order.
    pub fn names_of(&self, identity: Identity) -> Vec<Name> {
        let state = self.state.read();
        state.names.iter().filter(|(_, i)| **i == identity).map(|(name, _)| name.clone()).collect()
    }

    /// Whether `owner` may give a database this name: nobody else has it, nor its first part.
    pub fn may_name(&self, name: &Name, owner: Identity) -> bool {
        self.state.read().may_name(name, owner, None)
    }

    /// Adds a database with a fresh replica.
    pub fn create(&self, new: NewDatabase) -> Result<DatabaseRecord, ControlError> {
        self.change(|state| {
            if let Some(name) = &new.name {
                state.claim(name.clone(), new.identity, new.owner)?;
            }
            let replica_id = state.take_replica_id();
            let record = DatabaseRecord {
                database: Database {
                    id: state.take_database_id(),
                    database_identity: new.identity,
                    owner_identity: new.owner,
                    host_type: HostType::Wasm,
                    initial_program: new.program,
                    bootstrap_generation: 0,
                },
                replica_id,
                locked: false,
            };
            state.databases.insert(new.identity, record.clone());
            if !new.environment.is_empty() {
                state.initial_environments.insert(replica_id, new.environment);
            }
            Ok(record)
        })
    }

    /// Gives a database an empty replica and another first program; the old replica retires.
    pub fn reset(
        &self,
        identity: Identity,
        program: Hash,
        environment: BTreeMap<String, String>,
    ) -> Result<Reset, ControlError> {
        self.change(|state| {
            let replica_id = state.take_replica_id();
            let record = state.databases.get_mut(&identity).ok_or(ControlError::NoSuchDatabase)?;
            if record.locked {
                return Err(ControlError::Locked);
            }
            let retired = std::mem::replace(&mut record.replica_id, replica_id);
            record.database.initial_program = program;
            record.database.bootstrap_generation += 1;
            let record = record.clone();
            state.retire(retired);
            if !environment.is_empty() {
                state.initial_environments.insert(replica_id, environment);
            }
            Ok(Reset { record, retired })
        })
    }

    /// Removes a database and its names; its replica retires, and is returned.
    pub fn delete(&self, identity: Identity) -> Result<u64, ControlError> {
        self.change(|state| {
            let record = state.databases.get(&identity).ok_or(ControlError::NoSuchDatabase)?;
            if record.locked {
                return Err(ControlError::Locked);
            }
            let (retired, owner) = (record.replica_id, record.database.owner_identity);
            state.databases.remove(&identity);
            state.free_names(identity, owner, &[]);
            state.retire(retired);
            Ok(retired)
        })
    }

    /// Guards a database against deletion and reset, or lifts the guard.
    pub fn set_locked(&self, identity: Identity, locked: bool) -> Result<(), ControlError> {
        self.change(|state| {
            let record = state.databases.get_mut(&identity).ok_or(ControlError::NoSuchDatabase)?;
            record.locked = locked;
            Ok(())
        })
    }

    /// Adds a name to a database.
    pub fn add_name(&self, identity: Identity, name: Name, caller: Identity) -> Result<(), NamingError> {
        self.change(|state| {
            if !state.databases.contains_key(&identity) {
                return Err(NamingError::Refused(ControlError::NoSuchDatabase));
            }
            state.claim(name, identity, caller)?;
            let names = state.names.values().filter(|named| **named == identity).count();
            if names > NAMES_MAX { Err(NamingError::TooMany) } else { Ok(()) }
        })
    }

    /// Replaces all names of a database.
    pub fn set_names(&self, identity: Identity, names: Vec<Name>, caller: Identity) -> Result<(), NamingError> {
        if names.len() > NAMES_MAX {
            return Err(NamingError::TooMany);
        }
        self.change(|state| {
            if !state.databases.contains_key(&identity) {
                return Err(NamingError::Refused(ControlError::NoSuchDatabase));
            }
            state.free_names(identity, caller, &names);
            for name in names {
                state.claim(name, identity, caller)?;
            }
            Ok(())
        })
    }

    /// The environment that the first initialisation of a replica gets.
    pub fn initial_environment(&self, replica_id: u64) -> BTreeMap<String, String> {
        self.state.read().initial_environments.get(&replica_id).cloned().unwrap_or_default()
    }

    /// Forgets the initial environment once the database has stored it itself.
    pub fn forget_initial_environment(&self, replica_id: u64) -> Result<(), ControlError> {
        if !self.state.read().initial_environments.contains_key(&replica_id) {
            return Ok(());
        }
        self.change(|state| {
            state.initial_environments.remove(&replica_id);
            Ok(())
        })
    }

    /// Replicas whose folders are still to be removed.
    pub fn retired_replicas(&self) -> Vec<u64> {
        self.state.read().retired_replicas.iter().copied().collect()
    }

    /// Notes that a retired replica's folder is gone.
    pub fn forget_retired_replica(&self, replica_id: u64) -> Result<(), ControlError> {
        self.change(|state| {
            state.retired_replicas.remove(&replica_id);
            Ok(())
        })
    }

    /// Changes the state. Whatever waits meanwhile, be it for the disk or for others who do, readers do not.
    fn change<T, E: From<ControlError>>(&self, apply: impl FnOnce(&mut State) -> Result<T, E>) -> Result<T, E> {
        beside_the_runtime(|| self.commit(apply))
    }

    /// Applies a change to a copy, commits it, and only then shows it to readers.
    fn commit<T, E: From<ControlError>>(&self, apply: impl FnOnce(&mut State) -> Result<T, E>) -> Result<T, E> {
        // Held to the end, so that nobody else changes the state.
        let mut store = self.store.lock();
        let opened = match &*store {
            Some(opened) => opened,
            None => {
                let (opened, on_disk) = Store::open(self.file.as_deref()).map_err(ControlError::from)?;
                *self.state.write() = on_disk;
                store.insert(opened)
            }
        };
        let current = self.state.read().clone();
        let mut next = current.clone();
        let outcome = apply(&mut next)?;
        if next == current {
            return Ok(outcome);
        }
        if let Err(cause) = opened.save(&current, &next) {
            // Nothing but the file outlives its closing.
            if self.file.is_some() {
                *store = None;
            }
            return Err(ControlError::from(cause).into());
        }
        *self.state.write() = next;
        Ok(outcome)
    }
}

/// Runs what waits for the disk, and for others who do. Meanwhile the runtime serves everybody else on another thread,
/// unless it has only this one.
fn beside_the_runtime<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

impl State {
    fn take_database_id(&mut self) -> u64 {
        self.next_database_id += 1;
        self.next_database_id
    }

    fn take_replica_id(&mut self) -> u64 {
        self.next_replica_id += 1;
        self.next_replica_id
    }

    fn retire(&mut self, replica_id: u64) {
        self.initial_environments.remove(&replica_id);
        self.retired_replicas.insert(replica_id);
    }

    /// Takes all names but these from a database. Their first parts stay with its owner, who gives up others for them
    /// if there would be too many that no database uses.
    fn free_names(&mut self, database: Identity, owner: Identity, kept: &[Name]) {
        let is_freed = |name: &Name, named: &Identity| *named == database && !kept.contains(name);
        let freed = self.names.iter().filter(|(name, named)| is_freed(name, named)).count();
        let unused = self.unused_first_parts(owner);
        let excess = (unused.len() + freed).saturating_sub(UNUSED_NAMES_MAX);
        for part in unused.iter().take(excess) {
            self.first_parts.remove(part);
        }
        self.names.retain(|name, named| !is_freed(name, named));
    }

    /// First parts of an owner that no database uses; names of this node have nothing but their first part.
    fn unused_first_parts(&self, owner: Identity) -> Vec<String> {
        let owned = self.first_parts.iter().filter(|(_, first)| **first == owner).map(|(part, _)| part);
        owned.filter(|part| !self.names.contains_key(part.as_str())).cloned().collect()
    }

    fn may_name(&self, name: &Name, owner: Identity, database: Option<Identity>) -> bool {
        let free = self.names.get(name).is_none_or(|named| Some(*named) == database);
        let first_part_is_ours = self.first_parts.get(name.first_part()).is_none_or(|first| *first == owner);
        free && first_part_is_ours
    }

    fn claim(&mut self, name: Name, database: Identity, owner: Identity) -> Result<(), ControlError> {
        if !self.may_name(&name, owner, Some(database)) {
            return Err(ControlError::NameTaken(name));
        }
        self.first_parts.insert(name.first_part().to_owned(), owner);
        self.names.insert(name, database);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
