//! The environment of a database: what it holds, and what a reset may leave of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use spacetimedb_client_api_messages::publish::EnvironmentMetadata;
use spacetimedb_core::db::environment;
use spacetimedb_core::host::ModuleHost;
use spacetimedb_datastore::execution_context::Workload;
use spacetimedb_engine::relational_db::RelationalDB;

use super::{as_it_is_now, run_to_end};
use crate::control::{Control, DatabaseRecord};
use crate::error::ApiError;
use crate::node::{DATABASE_UNAVAILABLE, Node};
use crate::reading::read;

/// The names of the variables that a database holds, and what its module says of variables; never a value.
pub async fn environment_metadata(node: Arc<Node>, record: DatabaseRecord) -> Result<EnvironmentMetadata, ApiError> {
    // Before the turn is asked for, since a launch is waited for as long as it takes, and a turn for a few seconds.
    node.launch(&record).await?;
    let turn = node.queues.turn(record.database.database_identity).await?;
    let record = as_it_is_now(&node, &record)?;
    run_to_end(async move {
        let _turn = turn;
        let module = node.launch(&record).await?;
        let stored = stored_in(&module).await?;
        let info = module.info();
        Ok(EnvironmentMetadata {
            module_hash: info.module_hash,
            declarations: info.module_def.environment().declarations().cloned().collect(),
            stored_keys: stored.into_keys().collect(),
        })
    })
    .await
}

/// The environment that a database holds, for what is to replace its module or its data.
pub(super) async fn current_environment(
    node: &Node,
    record: &DatabaseRecord,
) -> Result<BTreeMap<String, String>, ApiError> {
    stored_in(&node.launch(record).await?).await
}

async fn stored_in(module: &ModuleHost) -> Result<BTreeMap<String, String>, ApiError> {
    let snapshot = |database: &RelationalDB| {
        database.with_read_only(Workload::Internal, |tx| Ok::<_, anyhow::Error>(environment::snapshot(tx)?))
    };
    read(module, snapshot).await.map_err(ApiError::internal)
}

/// What is left of the environment of a database that cannot be opened: all of it until the database has stored it,
/// and nothing after that. Whoever brings a program may drop the rest with the data. After any other failure the
/// environment is still there, and the failure is the answer.
pub(super) fn left_of_environment(
    control: &Control,
    record: &DatabaseRecord,
    failure: ApiError,
) -> Result<BTreeMap<String, String>, ApiError> {
    if failure.code != DATABASE_UNAVAILABLE {
        return Err(failure);
    }
    let left = control.initial_environment(record.replica_id);
    let database = record.database.database_identity;
    tracing::warn!(
        %database,
        "The database cannot be opened. It is to be initialised again, with no variables but {} that it has not stored \
         yet and those that come with the program.",
        left.len()
    );
    Ok(left)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use spacetimedb_lib::{Hash, Identity};

    use super::*;
    use crate::control::NewDatabase;

    #[test]
    fn an_environment_is_given_up_only_with_a_database_that_cannot_be_opened() {
        let control = Control::open(None).unwrap();
        let owner = Identity::from_byte_array([1; 32]);
        let environment = BTreeMap::from([("KEY".to_owned(), "secret".to_owned())]);
        let new = NewDatabase {
            identity: Identity::from_byte_array([2; 32]),
            owner,
            program: Hash::ZERO,
            name: None,
            environment: environment.clone(),
        };
        let record = control.create(new).unwrap();
        let left_after = |failure| left_of_environment(&control, &record, failure);
        let unavailable = || ApiError::new(StatusCode::SERVICE_UNAVAILABLE, DATABASE_UNAVAILABLE, "It does not open.");
        assert_eq!(left_after(unavailable()).unwrap(), environment);
        control.forget_initial_environment(record.replica_id).unwrap();
        assert!(left_after(unavailable()).unwrap().is_empty());
        for passing in [ApiError::internal("it was not read"), ApiError::no_such_database("gone")] {
            let code = passing.code;
            assert_eq!(left_after(passing).unwrap_err().code, code);
        }
    }
}
