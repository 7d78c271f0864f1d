//! The state that every request shares, and the life of the databases' hosts.

mod row_limit;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use futures::future::join_all;
use futures::{StreamExt, stream};
use parking_lot::{Mutex, RwLock};
use spacetimedb_core::client::ClientActorIndex;
use spacetimedb_core::host::{
    BootstrapCompletion, HostController, InitialEnvironmentSource, ModuleHost, ModuleHostWithBootstrap,
};
use spacetimedb_core::messages::control_db::Database;
use spacetimedb_lib::Identity;
use spacetimedb_lib::identity::AuthCtx;
use spacetimedb_paths::server::ServerDataDir;
use tokio::sync::{OwnedMutexGuard, Semaphore, watch};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::auth::TokenAuthority;
use crate::config::NodeConfig;
use crate::control::{Control, ControlError, DatabaseRecord, Name};
use crate::error::ApiError;
use crate::persistence::mend_log;
use crate::programs::Programs;
use crate::publish::Queues;
use crate::turns::Turns;
use crate::unwatched_views::UnwatchedViews;

/// The code of what is answered for a database that cannot be launched.
pub const DATABASE_UNAVAILABLE: &str = "database_unavailable";

/// How long a database may take to finish its work when it stops.
const EXIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Databases that are launched at the same time when the node starts: those behind one that is slow need not wait for it,
/// and not all read their logs at once.
const LAUNCHES_AT_ONCE: usize = 4;

/// When the folder of a retired replica is looked after again.
const SETTLING_PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(2), Duration::from_secs(20)];

/// The node's shared state.
pub struct Node {
    /// Limits and time-outs.
    pub config: NodeConfig,
    /// Which databases exist.
    pub control: Arc<Control>,
    /// Who may call.
    pub tokens: TokenAuthority,
    /// The engine.
    pub controller: HostController,
    /// Programs that wait for their database to store them.
    pub programs: Arc<Programs>,
    /// Names and sessions of connected clients.
    pub clients: ClientActorIndex,
    /// Databases that could not be launched, with the reason.
    pub failures: RwLock<BTreeMap<Identity, String>>,
    /// Names whose first publish is under way.
    pub publishing: Mutex<HashSet<Name>>,
    /// Places for new programs that are tried out; who waits for one gets it in the order of coming.
    pub trials: Semaphore,
    /// Who publishes, or waits to.
    pub queues: Queues,
    /// Views that nobody watches any more.
    pub unwatched_views: UnwatchedViews,
    data_dir: Arc<ServerDataDir>,
    /// Itself, for tasks that outlive the request that began them.
    this: Weak<Self>,
    /// Who launches a database or changes its module, and when that failed last.
    launches: Turns<Option<FailedLaunch>>,
    ready: AtomicBool,
    stopping: CancellationToken,
}

/// The launch of a replica that has failed.
#[derive(Clone, Copy)]
pub struct FailedLaunch {
    replica_id: u64,
    at: Instant,
}

/// A database with its running module.
pub struct Hosted {
    /// The control state's record.
    pub record: DatabaseRecord,
    /// The running module.
    pub module: ModuleHost,
}

/// Gives a database its environment at its first initialisation.
pub struct InitialEnvironments(pub Arc<Control>);

#[async_trait::async_trait]
impl InitialEnvironmentSource for InitialEnvironments {
    async fn load(&self, _: &Database, replica_id: u64) -> anyhow::Result<BTreeMap<String, String>> {
        Ok(self.0.initial_environment(replica_id))
    }
}

impl Node {
    /// Puts the parts together; no database runs yet.
    pub fn new(
        config: NodeConfig,
        control: Arc<Control>,
        tokens: TokenAuthority,
        controller: HostController,
        programs: Programs,
        data_dir: Arc<ServerDataDir>,
    ) -> Arc<Self> {
        let trials = Semaphore::new(config.publish.trials_at_once.get().into());
        Arc::new_cyclic(|this| Self {
            config,
            control,
            tokens,
            controller,
            programs: Arc::new(programs),
            clients: ClientActorIndex::new(),
            failures: RwLock::default(),
            publishing: Mutex::default(),
            trials,
            queues: Queues::default(),
            unwatched_views: UnwatchedViews::default(),
            data_dir,
            this: this.clone(),
            launches: Turns::default(),
            ready: AtomicBool::new(false),
            stopping: CancellationToken::new(),
        })
    }

    /// Whether all databases have been launched, or have failed to.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// The record of a database, by name or identity.
    pub fn find(&self, name_or_identity: &str) -> Result<DatabaseRecord, ApiError> {
        self.control.resolve(name_or_identity).ok_or_else(|| ApiError::no_such_database(name_or_identity))
    }

    /// The record of a database that `caller` owns.
    pub fn find_owned(
        &self,
        name_or_identity: &str,
        caller: Identity,
        action: &str,
    ) -> Result<DatabaseRecord, ApiError> {
        let record = self.find(name_or_identity)?;
        if record.database.owner_identity == caller { Ok(record) } else { Err(ApiError::not_owner(action)) }
    }

    /// A database with its module, launched if it is not running.
    pub async fn host(&self, name_or_identity: &str) -> Result<Hosted, ApiError> {
        self.launch_as_it_is(self.find(name_or_identity)?).await
    }

    /// The module of a database, launched if it is not running. Whoever comes while somebody launches it, or changes its
    /// module, waits until that is done or has failed, be it for minutes.
    pub async fn launch(&self, record: &DatabaseRecord) -> Result<ModuleHost, ApiError> {
        Ok(self.launch_as_it_is(record.clone()).await?.module)
    }

    /// The same, with the record of what has been launched.
    async fn launch_as_it_is(&self, record: DatabaseRecord) -> Result<Hosted, ApiError> {
        if let Some(module) = self.running(&record).await {
            return Ok(Hosted { record, module });
        }
        let identity = record.database.database_identity;
        let asked = Instant::now();
        let mut turn = self.turn_to_launch(identity).await;
        // Somebody may have deleted or reset it meanwhile, and what it was before must not come back.
        let record = self.control.database(identity).ok_or_else(|| ApiError::no_such_database(&identity.to_hex()))?;
        if let Some(module) = self.running(&record).await {
            return Ok(Hosted { record, module });
        }
        if turn.is_some_and(|failed| failed.replica_id == record.replica_id && failed.at >= asked) {
            return Err(launch_failed(identity));
        }
        // A handler is dropped when its client leaves. The engine launches the database all the same, so somebody has
        // to be there for what comes after.
        let node = self.this.upgrade().ok_or_else(|| launch_failed(identity))?;
        let launching = record.clone();
        let launched = tokio::spawn(async move {
            let launched = node.launch_to_end(&launching).await;
            let failed = || FailedLaunch { replica_id: launching.replica_id, at: Instant::now() };
            *turn = launched.is_err().then(failed);
            launched
        });
        Ok(Hosted { record, module: launched.await.map_err(ApiError::internal)?? })
    }

    /// The turn to launch a database or to change its module. The engine has a lock for this as well, but who has waited
    /// for it for five seconds is told that the database cannot be launched.
    pub async fn turn_to_launch(&self, database: Identity) -> OwnedMutexGuard<Option<FailedLaunch>> {
        self.launches.of(database).lock_owned().await
    }

    /// The module of a database that runs; none after five seconds if the engine is about to launch or change it.
    async fn running(&self, record: &DatabaseRecord) -> Option<ModuleHost> {
        let module = self.controller.get_module_host(record.replica_id).await.ok()?;
        self.forget_failure(record.database.database_identity);
        Some(module)
    }

    /// Launches a database, and does all that belongs to it.
    async fn launch_to_end(&self, record: &DatabaseRecord) -> Result<ModuleHost, ApiError> {
        let (identity, owner) = (record.database.database_identity, record.database.owner_identity);
        let launched = match self.launch_or_mend(record).await {
            Ok(launched) => launched,
            Err(cause) => {
                tracing::error!(database = %identity, "Database {identity} cannot be launched: {cause:#}");
                self.note_failure(record, &cause);
                return Err(launch_failed(identity));
            }
        };
        self.forget_failure(identity);
        if let Some(bootstrap) = launched.bootstrap_completion {
            let is_on_disk = launched.module.durable_tx_offset().is_some();
            self.finish_bootstrap(record.replica_id, bootstrap, is_on_disk);
        }
        self.refuse_if_retired(record).await?;
        self.unwatched_views.look_after(launched.module.relational_db());
        row_limit::give(&launched.module, owner, self.config.sql.row_limit).await;
        Ok(launched.module)
    }

    /// Notes that a database cannot be launched, unless it is deleted or reset by now, after which nobody would take the
    /// note back.
    fn note_failure(&self, record: &DatabaseRecord, cause: &anyhow::Error) {
        let mut failures = self.failures.write();
        if self.is_current(record) {
            failures.insert(record.database.database_identity, format!("{cause:#}"));
        }
    }

    fn is_current(&self, record: &DatabaseRecord) -> bool {
        let current = self.control.database(record.database.database_identity);
        current.is_some_and(|current| current.replica_id == record.replica_id)
    }

    /// A database that runs has not failed, whoever has launched it.
    fn forget_failure(&self, identity: Identity) {
        // Every request comes by here, and hardly ever is there one.
        if self.failures.read().contains_key(&identity) {
            self.failures.write().remove(&identity);
        }
    }

    /// Launches a database once more if its log only had to be mended.
    async fn launch_or_mend(&self, record: &DatabaseRecord) -> anyhow::Result<ModuleHostWithBootstrap> {
        let replica = record.replica_id;
        let launch = || self.controller.get_or_launch_module_host_with_bootstrap(record.database.clone(), replica);
        let failure = match launch().await {
            Ok(launched) => return Ok(launched),
            Err(failure) => failure,
        };
        // Nobody else has brought it back meanwhile, because this is the turn to launch it.
        let note = |cause: &anyhow::Error| tracing::warn!("The log of replica {replica} cannot be mended: {cause:#}");
        let is_mended = mend_log(&self.data_dir, replica).await.inspect_err(note).unwrap_or_default();
        if is_mended { launch().await } else { Err(failure) }
    }

    /// A receiver that follows the module of a database through hot swaps.
    pub async fn watch(&self, record: &DatabaseRecord) -> Result<watch::Receiver<ModuleHost>, ApiError> {
        let replica_id = self.launch_as_it_is(record.clone()).await?.record.replica_id;
        let gone = |_| launch_failed(record.database.database_identity);
        self.controller.watch_module_host(replica_id).await.map_err(gone)
    }

    /// What a caller may see and change with SQL.
    pub fn sql_permissions(record: &DatabaseRecord, caller: Identity) -> AuthCtx {
        AuthCtx::new(record.database.owner_identity, caller)
    }

    /// Forgets the first environment and the program as soon as the database holds them durably.
    fn finish_bootstrap(&self, replica_id: u64, bootstrap: BootstrapCompletion, is_on_disk: bool) {
        let (control, programs) = (self.control.clone(), self.programs.clone());
        tokio::spawn(async move {
            if bootstrap.wait().await.is_err() {
                // The database stopped first; its next launch completes the bootstrap.
                return;
            }
            if let Err(cause) = control.forget_initial_environment(replica_id) {
                tracing::warn!("The first environment of replica {replica_id} stays for now: {cause}");
            }
            // One in memory is empty at each launch.
            if is_on_disk {
                programs.supplied(replica_id).await;
            }
        });
    }

    /// A database can be deleted or reset while a request launches it; the launch must not win.
    async fn refuse_if_retired(&self, record: &DatabaseRecord) -> Result<(), ApiError> {
        let identity = record.database.database_identity;
        if self.is_current(record) {
            return Ok(());
        }
        self.retire_replica(record.replica_id).await;
        Err(ApiError::no_such_database(&identity.to_hex()))
    }

    /// Launches every database, so that schedules run whether or not somebody connects. One
    /// that fails does not keep the others from starting.
    pub async fn launch_all(&self) {
        let launches = stream::iter(self.control.databases());
        let launched = launches.for_each_concurrent(LAUNCHES_AT_ONCE, |record| async move {
            // The failure is logged and kept; requests for that database try again.
            let _ = self.launch(&record).await;
        });
        launched.await;
        for replica_id in self.control.retired_replicas() {
            self.retire_replica(replica_id).await;
        }
        self.programs.remove_unneeded().await;
        self.ready.store(true, Ordering::Release);
    }

    /// Stops a replica that no database uses any more, and removes its folder and what waits for it.
    ///
    /// The engine's snapshot worker may still write for a moment after its database has closed,
    /// and so bring the folder back. Therefore the replica stays on the list of retired ones until
    /// the folder has been looked after again; the next start goes through that list too.
    pub async fn retire_replica(&self, replica_id: u64) {
        self.exit(replica_id).await;
        let folder = self.controller.data_dir.replica(replica_id).0.clone();
        let control = self.control.clone();
        remove_folder(&folder).await;
        self.programs.retired(replica_id).await;
        tokio::spawn(async move {
            for pause in SETTLING_PAUSES {
                tokio::time::sleep(pause).await;
                remove_folder(&folder).await;
            }
            if !folder.exists()
                && let Err(cause) = control.forget_retired_replica(replica_id)
            {
                tracing::warn!("Retired replica {replica_id} stays on the list until the next start: {cause}");
            }
        });
    }

    /// Makes an end of requests that would have none by themselves, such as those for a log that is followed.
    pub fn begin_to_stop(&self) {
        self.ready.store(false, Ordering::Release);
        self.stopping.cancel();
    }

    /// Ends when the node begins to stop.
    pub fn stopping(&self) -> WaitForCancellationFutureOwned {
        self.stopping.clone().cancelled_owned()
    }

    /// Stops every database after its work is done and on disk. Calls that are still in progress fail.
    pub async fn exit_all(&self) {
        // All at once, so that those that do not end share one time-out.
        join_all(self.controller.managed_replicas().into_iter().map(|replica_id| self.exit(replica_id))).await;
    }

    async fn exit(&self, replica_id: u64) {
        if let Err(cause) = self.controller.exit_module_host(replica_id, EXIT_TIMEOUT).await {
            tracing::warn!("Replica {replica_id} did not stop cleanly: {cause:#}");
        }
    }
}

async fn remove_folder(folder: &Path) {
    match tokio::fs::remove_dir_all(folder).await {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!("The folder {} cannot be removed yet: {cause}", folder.display());
        }
        _ => {}
    }
}

fn launch_failed(identity: Identity) -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        DATABASE_UNAVAILABLE,
        format!("The database {identity} cannot be started; the node's log has the reason."),
    )
}

impl From<ControlError> for ApiError {
    fn from(cause: ControlError) -> Self {
        match &cause {
            ControlError::NoSuchDatabase => Self::new(StatusCode::NOT_FOUND, "no_such_database", cause.to_string()),
            ControlError::NameTaken(_) => Self::new(StatusCode::UNAUTHORIZED, "name_taken", cause.to_string()),
            ControlError::Locked => Self::new(StatusCode::FORBIDDEN, "database_locked", cause.to_string()),
            ControlError::Store(_) => Self::internal(cause),
        }
    }
}
