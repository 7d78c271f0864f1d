//! `/v1/database/:db/environment`: which variables a module has, and changing them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use spacetimedb_client_api_messages::publish::EnvironmentMetadata;
use spacetimedb_lib::Hash;
use spacetimedb_lib::environment::{EnvironmentMap, EnvironmentRemove, EnvironmentUpdate};

use crate::auth::Caller;
use crate::error::ApiError;
use crate::node::Node;
use crate::publish;

/// Names and types, never values.
pub(super) async fn metadata(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    caller: Caller,
) -> Result<Json<EnvironmentMetadata>, ApiError> {
    let record = node.find_owned(&db, caller.identity, "read its environment")?;
    publish::environment_metadata(node, record).await.map(Json)
}

/// Values to set, variables to remove, and the program that the caller believes to be running.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    #[serde(default)]
    values: EnvironmentMap,
    #[serde(default)]
    remove: EnvironmentRemove,
    expected_module_hash: Hash,
}

pub(super) async fn update(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    caller: Caller,
    Json(update): Json<Update>,
) -> Result<StatusCode, ApiError> {
    let record = node.find_owned(&db, caller.identity, "change its environment")?;
    let change = EnvironmentUpdate { values: update.values, remove: update.remove };
    publish::change_environment(node, record, change, update.expected_module_hash).await?;
    Ok(StatusCode::OK)
}
