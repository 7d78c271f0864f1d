//! Publishing: new databases, new modules for old ones, resets and deletions.
//!
//! Every operation here runs to its end once begun, whether or not the client still listens:
//! the routes spawn them (see [`run_to_end`]).

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use spacetimedb_client_api_messages::name::{
    DatabaseName, EnvironmentPublishError, EnvironmentVersionConflict, PublishOp, PublishResult,
};
use spacetimedb_core::host::{MigratePlanResult, UpdateDatabaseResult};
use spacetimedb_core::messages::control_db::{Database, HostType};
use spacetimedb_datastore::system_tables::ModuleKind;
use spacetimedb_datastore::traits::Program;
use spacetimedb_lib::environment::{EnvironmentSchemaError, EnvironmentUpdate};
use spacetimedb_lib::{Hash, Identity};
use spacetimedb_schema::auto_migrate::{MigrationPolicy, MigrationPolicyError, PrettyPrintStyle};

use crate::control::{ControlError, DatabaseRecord, Name, NewDatabase};
use crate::error::ApiError;
use crate::node::Node;
use crate::trial::{self, TrialError};

/// What a publish brings.
pub struct Publication {
    /// The wasm module.
    pub program: Bytes,
    /// Changes of the environment.
    pub environment: EnvironmentUpdate,
    /// What an update may do to connected clients.
    pub policy: MigrationPolicy,
    /// How long to wait until the change is on disk.
    pub confirmation_timeout: Duration,
}

/// A published database.
pub struct Published {
    /// Its identity.
    pub identity: Identity,
    /// Whether it is new.
    pub op: PublishOp,
}

/// A name whose first publish is under way, so that two publishes do not both create a database.
struct Reservation {
    node: Arc<Node>,
    name: Name,
}

impl Reservation {
    fn take(node: &Arc<Node>, name: &Name) -> Result<Self, ApiError> {
        if node.publishing.lock().insert(name.clone()) {
            return Ok(Self { node: node.clone(), name: name.clone() });
        }
        let sentence = format!("Somebody is publishing `{name}` right now; try again when that is done.");
        Err(ApiError::new(StatusCode::CONFLICT, "publish_in_progress", sentence))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.node.publishing.lock().remove(&self.name);
    }
}

/// Runs an operation in a task of its own, since a handler is cancelled when its client leaves.
pub async fn run_to_end<T: Send + 'static>(
    operation: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(operation).await.map_err(ApiError::internal)?
}

/// Creates a database: the program is tried in memory first, so that a bad one leaves nothing.
pub async fn create(
    node: Arc<Node>,
    owner: Identity,
    name: Option<Name>,
    publication: Publication,
) -> Result<Published, ApiError> {
    let _reservation = name.as_ref().map(|name| Reservation::take(&node, name)).transpose()?;
    if let Some(name) = &name
        && !node.control.may_name(name, owner)
    {
        return Err(name_taken(name));
    }
    let environment = initial_environment(publication.environment)?;
    let identity = node.tokens.mint().map_err(ApiError::internal)?.identity;
    check_program(&node, identity, owner, &publication.program, environment.clone()).await?;
    let note = |program| node.control.create(NewDatabase { identity, owner, program, name, environment });
    let record = node.programs.store(&publication.program, note).await?;
    if let Err(refused) = node.launch(&record).await {
        // Nobody has seen it yet, so a database that cannot start is taken back.
        node.control.delete(identity)?;
        node.retire_replica(record.replica_id).await;
        return Err(refused);
    }
    wait_until_initialised_durably(&node, &record, publication.confirmation_timeout).await?;
    Ok(Published { identity, op: PublishOp::Created })
}

/// Replaces the module of a database, migrating its data.
pub async fn update(node: Arc<Node>, record: DatabaseRecord, publication: Publication) -> Result<Published, ApiError> {
    check_is_wasm(&publication.program)?;
    check_replacement(&node, &record, &publication).await?;
    let outcome = node
        .controller
        .update_module_host(
            record.database.clone(),
            HostType::Wasm,
            record.replica_id,
            publication.program.to_vec().into(),
            publication.policy,
            publication.environment,
        )
        .await
        .map_err(refused_program)?;
    let identity = record.database.database_identity;
    confirm_update(outcome, publication.confirmation_timeout).await?;
    Ok(Published { identity, op: PublishOp::Updated })
}

/// Drops all data of a database and initialises it again, with another program if one is given.
pub async fn reset(
    node: Arc<Node>,
    record: DatabaseRecord,
    program: Option<Publication>,
) -> Result<Published, ApiError> {
    let Database { database_identity: identity, owner_identity: owner, .. } = record.database;
    if record.locked {
        return Err(ControlError::Locked.into());
    }
    let timeout = program.as_ref().map_or(DEFAULT_CONFIRMATION, |p| p.confirmation_timeout);
    let stored = current_environment(&node, &record).await?;
    let (bytes, environment) = match program {
        Some(p) => (p.program, p.environment.resulting_values(&stored).map_err(|cause| refused_environment(&cause))?),
        None => (current_program(&node, &record).await?, stored),
    };
    check_program(&node, identity, owner, &bytes, environment.clone()).await?;
    let note = |program| node.control.reset(identity, program, environment);
    let fresh = node.programs.store(&bytes, note).await?;
    node.retire_replica(record.replica_id).await;
    node.launch(&fresh).await?;
    wait_until_initialised_durably(&node, &fresh, timeout).await?;
    Ok(Published { identity, op: PublishOp::Updated })
}

/// Removes a database and its data.
pub async fn delete(node: Arc<Node>, record: DatabaseRecord) -> Result<(), ApiError> {
    let identity = record.database.database_identity;
    node.control.delete(identity)?;
    node.failures.write().remove(&identity);
    node.retire_replica(record.replica_id).await;
    Ok(())
}

/// What publishing this program over a database would do.
pub async fn plan(
    node: &Node,
    record: &DatabaseRecord,
    program: Bytes,
    style: PrettyPrintStyle,
) -> Result<MigratePlanResult, ApiError> {
    check_is_wasm(&program)?;
    let Database { database_identity: identity, owner_identity: owner, .. } = record.database;
    come_through(node, identity, owner, &program, &current_environment(node, record).await?).await?;
    node.launch(record).await?;
    node.controller
        .migrate_plan(record.database.clone(), HostType::Wasm, record.replica_id, program.to_vec().into(), style)
        .await
        .map_err(refused_program)
}

/// How long a publish waits for the disk unless told otherwise.
pub const DEFAULT_CONFIRMATION: Duration = Duration::from_secs(5);

/// Tries a program out that is to initialise a database.
async fn check_program(
    node: &Node,
    identity: Identity,
    owner: Identity,
    bytes: &Bytes,
    environment: BTreeMap<String, String>,
) -> Result<(), ApiError> {
    try_out(node, identity, owner, bytes, environment).await?.map_err(refused_program)
}

/// Tries a program out that is to replace another. Errors are left to the real update, which
/// does not run `init`; what counts is that the engine comes through, since a panic during the
/// update would take the running module with it.
async fn check_replacement(node: &Node, record: &DatabaseRecord, publication: &Publication) -> Result<(), ApiError> {
    let Database { database_identity: identity, owner_identity: owner, .. } = record.database;
    let stored = current_environment(node, record).await?;
    let environment = publication.environment.resulting_values(&stored).map_err(|cause| refused_environment(&cause))?;
    drop(try_out(node, identity, owner, &publication.program, environment).await?);
    Ok(())
}

/// Runs a program once in memory, `init` included, after it has come through the same in a process of its own.
///
/// The run has a task of its own, because the engine panics on some schemas that it cannot hold,
/// such as a column whose type contains itself. That is the program's fault, not the node's.
async fn try_out(
    node: &Node,
    identity: Identity,
    owner: Identity,
    bytes: &Bytes,
    environment: BTreeMap<String, String>,
) -> Result<anyhow::Result<()>, ApiError> {
    check_is_wasm(bytes)?;
    come_through(node, identity, owner, bytes, &environment).await?;
    let program = Program::from_bytes(ModuleKind::WASM, bytes.to_vec());
    let trial = trial_database(identity, owner, program.hash);
    let controller = node.controller.clone();
    let run = async move { controller.check_module_validity_with_environment(trial, program, environment).await };
    match tokio::spawn(run).await {
        Ok(outcome) => Ok(outcome.map(drop)),
        Err(panicked) => {
            tracing::warn!("A module made the engine panic when it was tried out: {panicked}");
            let sentence = "The module was refused: the engine cannot hold its schema; a column's type may contain \
                            itself, which only arguments and return values can.";
            Err(ApiError::bad_request("module_refused", sentence))
        }
    }
}

/// Refuses a program that ends the process it is tried out in, or never comes to an end.
async fn come_through(
    node: &Node,
    identity: Identity,
    owner: Identity,
    bytes: &Bytes,
    environment: &BTreeMap<String, String>,
) -> Result<(), ApiError> {
    let subject = trial::Subject {
        database: identity.to_hex().to_string(),
        owner: owner.to_hex().to_string(),
        environment: environment.clone(),
        data_dir: node.controller.data_dir.0.clone(),
    };
    // Held by the operation, which runs to its end (see `run_to_end`), and given back however that ends.
    let _place = node.trials.acquire().await.map_err(ApiError::internal)?;
    trial::come_through(&subject, bytes, node.config.publish.trial_limit).await.map_err(|failed| match failed {
        TrialError::Impossible(cause) => ApiError::internal(cause),
        TrialError::Died(_) | TrialError::Endless(_) => {
            tracing::warn!("A module did not come through its trial: {failed}");
            ApiError::bad_request("module_refused", format!("The module was refused: {failed}."))
        }
    })
}

/// The database that a program is tried out in.
pub(crate) fn trial_database(identity: Identity, owner: Identity, program: Hash) -> Database {
    Database {
        id: 0,
        database_identity: identity,
        owner_identity: owner,
        host_type: HostType::Wasm,
        initial_program: program,
        bootstrap_generation: 0,
    }
}

fn check_is_wasm(program: &[u8]) -> Result<(), ApiError> {
    if program.starts_with(b"\0asm") {
        return Ok(());
    }
    let sentence =
        "The body is not a WebAssembly module; build the module for wasm32-unknown-unknown and send the .wasm file.";
    Err(ApiError::bad_request("not_wasm", sentence))
}

fn refused_program(cause: anyhow::Error) -> ApiError {
    if let Some(conflict) = cause.downcast_ref::<EnvironmentVersionConflict>() {
        return ApiError::new(StatusCode::CONFLICT, "version_conflict", conflict.to_string());
    }
    // The engine wraps it once more when a database is initialised.
    if let Some(refused) = cause.chain().find_map(|inner| inner.downcast_ref::<EnvironmentSchemaError>()) {
        return refused_environment(refused);
    }
    ApiError::bad_request("module_refused", format!("The module was refused: {cause:#}"))
}

fn refused_environment(cause: &EnvironmentSchemaError) -> ApiError {
    let refused = ApiError::bad_request("invalid_environment", format!("The environment was refused: {cause}"));
    match cause {
        EnvironmentSchemaError::MissingRequired { key } => {
            let missing = EnvironmentPublishError::MissingRequiredEnvironment { keys: vec![key.clone()] };
            refused.with_body(&PublishResult::EnvironmentError(missing))
        }
        _ => refused,
    }
}

fn name_taken(name: &Name) -> ApiError {
    let refused: ApiError = ControlError::NameTaken(name.clone()).into();
    match name.as_str().parse::<DatabaseName>() {
        Ok(name) => refused.with_body(&PublishResult::PermissionDenied { name }),
        Err(_) => refused,
    }
}

fn initial_environment(update: EnvironmentUpdate) -> Result<BTreeMap<String, String>, ApiError> {
    update.resulting_values(&BTreeMap::new()).map_err(|cause| refused_environment(&cause))
}

/// The environment that a database holds, to be carried over a reset.
#[expect(clippy::result_large_err, reason = "the engine's error type, in a closure that the engine asks for")]
async fn current_environment(node: &Node, record: &DatabaseRecord) -> Result<BTreeMap<String, String>, ApiError> {
    let module = node.launch(record).await?;
    module
        .relational_db()
        .with_read_only(spacetimedb_datastore::execution_context::Workload::Internal, |tx| {
            spacetimedb_core::db::environment::snapshot(tx)
        })
        .map_err(ApiError::internal)
}

/// The program that a database runs, out of the database itself.
async fn current_program(node: &Node, record: &DatabaseRecord) -> Result<Bytes, ApiError> {
    let module = node.launch(record).await?;
    let program = module.relational_db().program().map_err(ApiError::internal)?;
    let program = program.ok_or_else(|| ApiError::internal("an initialised database holds no program"))?;
    Ok(Bytes::from(program.bytes.into_vec()))
}

async fn wait_until_initialised_durably(
    node: &Node,
    record: &DatabaseRecord,
    timeout: Duration,
) -> Result<(), ApiError> {
    let module = node.launch(record).await?;
    let Some(mut durable) = module.durable_tx_offset() else { return Ok(()) };
    let (_, offset) = module.relational_db().program_with_tx_offset().map_err(ApiError::internal)?;
    match tokio::time::timeout(timeout, durable.wait_for(offset)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(confirmation_lost()),
        Err(_) => Err(confirmation_late()),
    }
}

async fn confirm_update(outcome: UpdateDatabaseResult, timeout: Duration) -> Result<(), ApiError> {
    let (tx_offset, durable) = match outcome {
        UpdateDatabaseResult::NoUpdateNeeded => return Ok(()),
        UpdateDatabaseResult::UpdatePerformed { tx_offset, durable_offset }
        | UpdateDatabaseResult::UpdatePerformedWithClientDisconnect { tx_offset, durable_offset } => {
            (tx_offset, durable_offset)
        }
        UpdateDatabaseResult::AutoMigrateError(reasons) => {
            let sentence = format!(
                "The module changes tables in a way that cannot be migrated: {reasons}. \
                 Keep the old columns, or publish with `clear` to drop the data."
            );
            return Err(ApiError::bad_request("migration_refused", sentence));
        }
        UpdateDatabaseResult::ErrorExecutingMigration(cause) => return Err(failed_migration(&cause)),
    };
    let Some(mut durable) = durable else { return Ok(()) };
    let confirmed = async {
        let tx_offset = tx_offset.await.map_err(|_| confirmation_lost())?;
        durable.wait_for(tx_offset).await.map_err(|_| confirmation_lost())
    };
    match tokio::time::timeout(timeout, confirmed).await {
        Ok(confirmed) => confirmed.map(drop),
        Err(_) => Err(confirmation_late()),
    }
}

fn failed_migration(cause: &anyhow::Error) -> ApiError {
    match cause.downcast_ref::<MigrationPolicyError>() {
        Some(MigrationPolicyError::ClientBreakingChangeDisallowed) => {
            let sentence = "The update would disconnect all clients; plan it with `pre_publish`, then publish \
                            with `policy=BreakClients` and the plan's token.";
            ApiError::bad_request("breaks_clients", sentence)
        }
        Some(MigrationPolicyError::InvalidToken) => {
            let sentence = "The migration token belongs to another update; plan this one with `pre_publish`.";
            ApiError::bad_request("invalid_migration_token", sentence)
        }
        _ => ApiError::bad_request("migration_failed", format!("The migration failed and was undone: {cause:#}")),
    }
}

fn confirmation_lost() -> ApiError {
    let sentence =
        "The database stopped before the update was confirmed on disk; look at its state before publishing again.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "confirmation_lost", sentence)
}

fn confirmation_late() -> ApiError {
    let sentence =
        "The update is applied but not yet confirmed on disk; raise `update_confirmation_timeout` to wait longer.";
    ApiError::new(StatusCode::GATEWAY_TIMEOUT, "confirmation_late", sentence)
}
