//! `/v1/database/:db/names`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use spacetimedb_client_api_messages::name::{DatabaseName, DomainName, InsertDomainResult, SetDomainsResult};

use crate::auth::Caller;
use crate::control::{ControlError, Name, NameError};
use crate::error::ApiError;
use crate::node::Node;

#[derive(Serialize)]
pub(super) struct Names {
    names: Vec<String>,
}

pub(super) async fn list(State(node): State<Arc<Node>>, Path(db): Path<String>) -> Result<Json<Names>, ApiError> {
    let identity = node.find(&db)?.database.database_identity;
    Ok(Json(Names { names: node.control.names_of(identity).iter().map(Name::to_string).collect() }))
}

/// The body is the name as plain text.
pub(super) async fn add(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    caller: Caller,
    body: String,
) -> Result<Json<InsertDomainResult>, ApiError> {
    let record = node.find_owned(&db, caller.identity, "name it")?;
    let name = Name::parse(body.trim())?;
    let domain = domain(&name)?;
    let database_identity = record.database.database_identity;
    match node.control.add_name(database_identity, name, caller.identity) {
        Ok(()) => Ok(Json(InsertDomainResult::Success { domain, database_identity })),
        Err(taken @ ControlError::NameTaken(_)) => {
            Err(ApiError::from(taken).with_body(&InsertDomainResult::PermissionDenied { domain }))
        }
        Err(cause) => Err(cause.into()),
    }
}

/// The body is a JSON array with all names that the database is to have.
pub(super) async fn replace(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    caller: Caller,
    Json(names): Json<Vec<String>>,
) -> Result<Json<SetDomainsResult>, ApiError> {
    let record = node.find(&db)?.database;
    if record.owner_identity != caller.identity {
        let refused = ApiError { status: StatusCode::UNAUTHORIZED, ..ApiError::not_owner("name it") };
        return Err(refused.with_body(&SetDomainsResult::NotYourDatabase { database: record.database_identity }));
    }
    let names = names.iter().map(|name| Name::parse(name)).collect::<Result<Vec<_>, _>>()?;
    match node.control.set_names(record.database_identity, names, caller.identity) {
        Ok(()) => Ok(Json(SetDomainsResult::Success)),
        Err(ControlError::NameTaken(name)) => {
            let told = SetDomainsResult::PermissionDenied { domain: domain(&name)? };
            Err(ApiError::from(ControlError::NameTaken(name)).with_body(&told))
        }
        Err(cause) => Err(cause.into()),
    }
}

fn domain(name: &Name) -> Result<DomainName, ApiError> {
    name.as_str().parse::<DatabaseName>().map(DomainName::from).map_err(ApiError::internal)
}

impl From<NameError> for ApiError {
    fn from(cause: NameError) -> Self {
        Self::bad_request("invalid_name", cause.to_string())
    }
}
