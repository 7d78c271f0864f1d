//! `/v1/database/:db`: what a database is, its deletion and its lock.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::node::Node;
use crate::publish;
use crate::routes::service::sats_json;

#[derive(Serialize)]
pub(super) struct Description {
    database_identity: Box<RawValue>,
    owner_identity: Box<RawValue>,
    host_type: Box<RawValue>,
    initial_program: Box<RawValue>,
}

pub(super) async fn describe(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
) -> Result<Json<Description>, ApiError> {
    let database = node.find(&db)?.database;
    Ok(Json(Description {
        database_identity: sats_json(&database.database_identity)?,
        owner_identity: sats_json(&database.owner_identity)?,
        host_type: sats_json(&database.host_type)?,
        initial_program: sats_json(&database.initial_program)?,
    }))
}

pub(super) async fn identity(State(node): State<Arc<Node>>, Path(db): Path<String>) -> Result<String, ApiError> {
    Ok(node.find(&db)?.database.database_identity.to_hex().to_string())
}

/// Deleting what is not there succeeds, so that a repeated request does.
pub(super) async fn delete(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    if node.find(&db).is_err() {
        return Ok(StatusCode::OK);
    }
    let record = node.find_owned(&db, caller.identity, "delete it")?;
    publish::run_to_end(publish::delete(node, record)).await?;
    Ok(StatusCode::OK)
}

pub(super) async fn lock(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    set_locked(&node, &db, &caller, true)
}

pub(super) async fn unlock(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    set_locked(&node, &db, &caller, false)
}

fn set_locked(node: &Node, db: &str, caller: &Caller, locked: bool) -> Result<StatusCode, ApiError> {
    let record = node.find_owned(db, caller.identity, "lock or unlock it")?;
    node.control.set_locked(record.database.database_identity, locked)?;
    Ok(StatusCode::OK)
}
