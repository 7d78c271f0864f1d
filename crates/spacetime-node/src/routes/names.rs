//! `/v1/database/:db/names`.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use spacetimedb_client_api_messages::name::{DatabaseName, DomainName, InsertDomainResult, SetDomainsResult};

use crate::auth::Caller;
use crate::control::{ControlError, NAMES_MAX, Name, NameError, NamingError};
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
        Err(NamingError::Refused(taken @ ControlError::NameTaken(_))) => {
            Err(ApiError::from(taken).with_body(&InsertDomainResult::PermissionDenied { domain }))
        }
        Err(cause) => Err(cause.into()),
    }
}

/// The names that a request lists, and no more of them than it takes to see that they are too many: a body has room
/// for millions.
pub(super) struct Wanted(Vec<String>);

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(list: D) -> Result<Self, D::Error> {
        list.deserialize_seq(Few)
    }
}

struct Few;

impl<'de> Visitor<'de> for Few {
    type Value = Wanted;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Wanted, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = list.next_element()? {
            if names.len() <= NAMES_MAX {
                names.push(name);
            }
        }
        Ok(Wanted(names))
    }
}

/// The body is a JSON array with all names that the database is to have.
pub(super) async fn replace(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    caller: Caller,
    Json(Wanted(names)): Json<Wanted>,
) -> Result<Json<SetDomainsResult>, ApiError> {
    let record = node.find(&db)?.database;
    if record.owner_identity != caller.identity {
        let refused = ApiError { status: StatusCode::UNAUTHORIZED, ..ApiError::not_owner("name it") };
        return Err(refused.with_body(&SetDomainsResult::NotYourDatabase { database: record.database_identity }));
    }
    let names = names.iter().map(|name| Name::parse(name)).collect::<Result<Vec<_>, _>>()?;
    match node.control.set_names(record.database_identity, names, caller.identity) {
        Ok(()) => Ok(Json(SetDomainsResult::Success)),
        Err(NamingError::Refused(ControlError::NameTaken(name))) => {
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

impl From<NamingError> for ApiError {
    fn from(cause: NamingError) -> Self {
        match cause {
            NamingError::TooMany => Self::bad_request("too_many_names", cause.to_string()),
            NamingError::Refused(refused) => refused.into(),
        }
    }
}
