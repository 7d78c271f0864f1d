//! Publishing: new databases, new modules for old ones, resets and deletions.
//!
//! Whoever publishes waits for a turn first (see [`places`]), and is forgotten on leaving. What has begun then runs to
//! its end, whether or not the client still listens (see [`run_to_end`]).

mod confirmation;
mod creation;
mod environment;
mod places;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use spacetimedb_client_api_messages::name::{
    EnvironmentPublishError, EnvironmentVersionConflict, PublishOp, PublishResult,
};
use spacetimedb_core::host::{MigratePlanResult, UpdateDatabaseResult};
use spacetimedb_core::messages::control_db::{Database, HostType};
use spacetimedb_datastore::system_tables::ModuleKind;
use spacetimedb_datastore::traits::Program;
use spacetimedb_lib::environment::{EnvironmentSchemaError, EnvironmentUpdate};
use spacetimedb_lib::{Hash, Identity};
use spacetimedb_schema::auto_migrate::{MigrationPolicy, PrettyPrintStyle};
use tokio::sync::OwnedMutexGuard;

use crate::control::{ControlError, DatabaseRecord, Name, NewDatabase};
use crate::error::ApiError;
use crate::node::Node;
use crate::reading::{read, until_readable};
use crate::trial::{self, TrialError};
pub use confirmation::DEFAULT_CONFIRMATION;
use confirmation::{confirm_update, wait_until_initialised_durably};
pub use creation::check_creator;
use creation::check_room;
pub use environment::environment_metadata;
use environment::{current_environment, left_of_environment};
pub use places::Queues;
use places::{Place, Reservation, database_in_use, in_progress};

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
    check_is_wasm(&publication.program)?;
    let reservation = name.as_ref().map(|name| Reservation::take(&node, name)).transpose()?;
    let place = node.queues.begin_to_wait(owner)?.place(&node).await?;
    run_to_end(async move {
        let _reservation = reservation;
        create_in(&node, place, owner, name, publication).await
    })
    .await
}

async fn create_in(
    node: &Node,
    place: Place,
    owner: Identity,
    name: Option<Name>,
    publication: Publication,
) -> Result<Published, ApiError> {
    check_room(node, owner, name.as_ref())?;
    let environment = initial_environment(publication.environment)?;
    let identity = node.tokens.mint().map_err(ApiError::internal)?.identity;
    check_program(node, place, identity, owner, &publication.program, environment.clone()).await?;
    let note = |program| node.control.create(NewDatabase { identity, owner, program, name, environment });
    let record = node.programs.store(&publication.program, note).await?;
    if let Err(refused) = node.launch(&record).await {
        // Nobody has seen it yet, so a database that cannot start is taken back.
        let retired = node.control.delete(identity)?;
        node.retire_replica(retired).await;
        return Err(refused);
    }
    wait_until_initialised_durably(node, &record, publication.confirmation_timeout).await?;
    Ok(Published { identity, op: PublishOp::Created })
}

/// Replaces the module of a database, migrating its data.
pub async fn update(node: Arc<Node>, record: DatabaseRecord, publication: Publication) -> Result<Published, ApiError> {
    check_is_wasm(&publication.program)?;
    let (record, turn, place) = wait_for(&node, &record).await?;
    run_to_end(async move {
        let (identity, timeout) = (record.database.database_identity, publication.confirmation_timeout);
        let outcome = update_in(&node, place, &record, publication).await;
        // Whoever comes next need not wait for the disk.
        drop(turn);
        confirm_update(outcome?, timeout).await?;
        Ok(Published { identity, op: PublishOp::Updated })
    })
    .await
}

async fn update_in(
    node: &Node,
    place: Place,
    record: &DatabaseRecord,
    publication: Publication,
) -> Result<UpdateDatabaseResult, ApiError> {
    check_replacement(node, place, record, &publication).await?;
    let update = node.controller.update_module_host(
        record.database.clone(),
        HostType::Wasm,
        record.replica_id,
        publication.program.to_vec().into(),
        publication.policy,
        publication.environment,
    );
    unless_replaced(node, record, update).await?.map_err(refused_program)
}

/// Changes the environment of a module that goes on running, if that is the one that the caller has in mind.
pub async fn change_environment(
    node: Arc<Node>,
    record: DatabaseRecord,
    change: EnvironmentUpdate,
    expected_program: Hash,
) -> Result<(), ApiError> {
    let turn = node.queues.turn(record.database.database_identity).await?;
    let record = as_it_is_now(&node, &record)?;
    run_to_end(async move {
        let (database, replica_id) = (record.database.clone(), record.replica_id);
        let change = node.controller.update_module_environment(database, replica_id, change, expected_program);
        let outcome = unless_replaced(&node, &record, change).await;
        drop(turn);
        let outcome: UpdateDatabaseResult = outcome?.map_err(refused_change)?.into();
        match outcome {
            UpdateDatabaseResult::ErrorExecutingMigration(cause) => Err(refused_change(cause)),
            changed => confirm_update(changed, DEFAULT_CONFIRMATION).await,
        }
    })
    .await
}

/// Drops all data of a database and initialises it again, with another program if one is given.
pub async fn reset(
    node: Arc<Node>,
    record: DatabaseRecord,
    program: Option<Publication>,
) -> Result<Published, ApiError> {
    if record.locked {
        return Err(ControlError::Locked.into());
    }
    if let Some(publication) = &program {
        check_is_wasm(&publication.program)?;
    }
    let (record, turn, place) = wait_for(&node, &record).await?;
    run_to_end(async move {
        let _turn = turn;
        let timeout = program.as_ref().map_or(DEFAULT_CONFIRMATION, |p| p.confirmation_timeout);
        let fresh = reset_in(&node, place, &record, program).await?;
        wait_until_initialised_durably(&node, &fresh, timeout).await?;
        Ok(Published { identity: fresh.database.database_identity, op: PublishOp::Updated })
    })
    .await
}

async fn reset_in(
    node: &Node,
    place: Place,
    record: &DatabaseRecord,
    program: Option<Publication>,
) -> Result<DatabaseRecord, ApiError> {
    let Database { database_identity: identity, owner_identity: owner, .. } = record.database;
    let stored = current_environment(node, record).await;
    let (bytes, environment) = match program {
        Some(p) => {
            let stored = stored.or_else(|failure| left_of_environment(&node.control, record, failure))?;
            (p.program, p.environment.resulting_values(&stored).map_err(|cause| refused_environment(&cause))?)
        }
        None => (current_program(node, record).await?, stored?),
    };
    check_program(node, place, identity, owner, &bytes, environment.clone()).await?;
    let note = |program| node.control.reset(identity, program, environment);
    let reset = node.programs.store(&bytes, note).await?;
    // Not what `record` says, which may be out of date.
    node.retire_replica(reset.retired).await;
    node.launch(&reset.record).await?;
    Ok(reset.record)
}

/// Removes a database and its data.
pub async fn delete(node: Arc<Node>, record: DatabaseRecord) -> Result<(), ApiError> {
    let identity = record.database.database_identity;
    let retired = node.control.delete(identity)?;
    node.failures.write().remove(&identity);
    node.retire_replica(retired).await;
    Ok(())
}

/// What publishing this program over a database would do.
pub async fn plan(
    node: Arc<Node>,
    record: DatabaseRecord,
    program: Bytes,
    style: PrettyPrintStyle,
) -> Result<MigratePlanResult, ApiError> {
    check_is_wasm(&program)?;
    let (record, turn, place) = wait_for(&node, &record).await?;
    run_to_end(async move {
        let _turn = turn;
        let DatabaseRecord { database, replica_id, .. } = &record;
        let environment = current_environment(&node, &record).await?;
        come_through(&node, place, database.database_identity, database.owner_identity, &program, &environment).await?;
        node.launch(&record).await?;
        let program = program.to_vec().into();
        let plan = node.controller.migrate_plan(database.clone(), HostType::Wasm, *replica_id, program, style);
        plan.await.map_err(refused_program)
    })
    .await
}

/// Waits until a program may be tried out that is meant for this database, and nothing else is done with it. Returns
/// what the database has become meanwhile.
async fn wait_for(
    node: &Arc<Node>,
    record: &DatabaseRecord,
) -> Result<(DatabaseRecord, OwnedMutexGuard<()>, Place), ApiError> {
    let waiting = node.queues.begin_to_wait(record.database.owner_identity)?;
    let turn = node.queues.turn(record.database.database_identity).await?;
    let place = waiting.place(node).await?;
    Ok((as_it_is_now(node, record)?, turn, place))
}

fn as_it_is_now(node: &Node, record: &DatabaseRecord) -> Result<DatabaseRecord, ApiError> {
    let identity = record.database.database_identity;
    node.control.database(identity).ok_or_else(|| ApiError::no_such_database(&identity.to_hex()))
}

/// Has the engine change a database, unless that is deleted or reset meanwhile. The engine would launch what does not
/// run, and so bring back what is gone.
async fn unless_replaced<T>(
    node: &Node,
    record: &DatabaseRecord,
    change: impl Future<Output = anyhow::Result<T>>,
) -> Result<anyhow::Result<T>, ApiError> {
    refuse_if_replaced(node, record).await?;
    until_readable(&node.launch(record).await?).await.map_err(ApiError::internal)?;
    let turn = node.turn_to_launch(record.database.database_identity).await;
    let outcome = change.await;
    drop(turn);
    // It may have been brought back even if it has not been changed.
    refuse_if_replaced(node, record).await?;
    Ok(outcome)
}

async fn refuse_if_replaced(node: &Node, record: &DatabaseRecord) -> Result<(), ApiError> {
    let identity = record.database.database_identity;
    let refusal = match node.control.database(identity) {
        Some(current) if current.replica_id == record.replica_id => return Ok(()),
        Some(_) => in_progress("Somebody has reset the database meanwhile; look at its state and try again."),
        None => ApiError::no_such_database(&identity.to_hex()),
    };
    node.retire_replica(record.replica_id).await;
    Err(refusal)
}

/// Tries a program out that is to initialise a database.
async fn check_program(
    node: &Node,
    place: Place,
    identity: Identity,
    owner: Identity,
    bytes: &Bytes,
    environment: BTreeMap<String, String>,
) -> Result<(), ApiError> {
    try_out(node, place, identity, owner, bytes, environment).await?.map_err(refused_program)
}

/// Tries a program out that is to replace another. Errors are left to the real update, which
/// does not run `init`; what counts is that the engine comes through, since a panic during the
/// update would take the running module with it.
async fn check_replacement(
    node: &Node,
    place: Place,
    record: &DatabaseRecord,
    publication: &Publication,
) -> Result<(), ApiError> {
    let Database { database_identity: identity, owner_identity: owner, .. } = record.database;
    let stored = current_environment(node, record).await?;
    let environment = publication.environment.resulting_values(&stored).map_err(|cause| refused_environment(&cause))?;
    drop(try_out(node, place, identity, owner, &publication.program, environment).await?);
    Ok(())
}

/// Runs a program once in memory, `init` included, after it has come through the same in a process of its own.
///
/// The run has a task of its own, because the engine panics on some schemas that it cannot hold,
/// such as a column whose type contains itself. That is the program's fault, not the node's.
async fn try_out(
    node: &Node,
    place: Place,
    identity: Identity,
    owner: Identity,
    bytes: &Bytes,
    environment: BTreeMap<String, String>,
) -> Result<anyhow::Result<()>, ApiError> {
    come_through(node, place, identity, owner, bytes, &environment).await?;
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

/// Refuses a program that ends the process it is tried out in, or never comes to an end. Gives the place back.
async fn come_through(
    node: &Node,
    _place: Place,
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
    if let Some(refused) = known_refusal(&cause) {
        return refused;
    }
    // The engine wraps it once more when a database is initialised.
    if let Some(refused) = cause.chain().find_map(|inner| inner.downcast_ref::<EnvironmentSchemaError>()) {
        return refused_environment(refused);
    }
    ApiError::bad_request("module_refused", format!("The module was refused: {cause:#}"))
}

fn refused_change(cause: anyhow::Error) -> ApiError {
    known_refusal(&cause).unwrap_or_else(|| {
        let sentence = format!("The environment was refused, and nothing has changed: {cause:#}");
        ApiError::bad_request("invalid_environment", sentence)
    })
}

/// What the engine says of a change that may be right at another time.
fn known_refusal(cause: &anyhow::Error) -> Option<ApiError> {
    if let Some(conflict) = cause.downcast_ref::<EnvironmentVersionConflict>() {
        return Some(ApiError::new(StatusCode::CONFLICT, "version_conflict", conflict.to_string()));
    }
    // The engine has no type for it. It happens while the database is launched, for changes wait for one another here.
    cause.to_string().starts_with("unable to lock database").then(database_in_use)
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

fn initial_environment(update: EnvironmentUpdate) -> Result<BTreeMap<String, String>, ApiError> {
    update.resulting_values(&BTreeMap::new()).map_err(|cause| refused_environment(&cause))
}

/// The program that a database runs, out of the database itself.
async fn current_program(node: &Node, record: &DatabaseRecord) -> Result<Bytes, ApiError> {
    let module = node.launch(record).await?;
    let program = read(&module, |database| Ok(database.program()?)).await.map_err(ApiError::internal)?;
    let program = program.ok_or_else(|| ApiError::internal("an initialised database holds no program"))?;
    Ok(Bytes::from(program.bytes.into_vec()))
}
