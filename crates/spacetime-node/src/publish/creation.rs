//! Who may create databases, and how many.

use axum::http::StatusCode;
use spacetimedb_client_api_messages::name::{DatabaseName, PublishResult};
use spacetimedb_lib::Identity;

use crate::auth::VerifiedToken;
use crate::control::{ControlError, Name};
use crate::error::ApiError;
use crate::node::Node;

/// Refuses somebody who may not create a database, or not under this name. It is asked before a program is received.
pub fn check_creator(node: &Node, creator: &VerifiedToken, name: Option<&Name>) -> Result<(), ApiError> {
    if !node.config.publish.may_create(creator.identity, &creator.claims.issuer) {
        let sentence = "On this node you may not create databases; its operator can list you in `publish.creators`.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "may_not_create", sentence));
    }
    check_room(node, creator.identity, name)
}

/// Refuses a database that would be one too many, or have somebody else's name.
pub(super) fn check_room(node: &Node, owner: Identity, name: Option<&Name>) -> Result<(), ApiError> {
    if let Some(name) = name.filter(|name| !node.control.may_name(name, owner)) {
        return Err(name_taken(name));
    }
    let most = node.config.publish.databases_per_identity;
    if most == 0 || node.control.databases_of(owner).len() < most {
        return Ok(());
    }
    let sentence = format!("You have {most} databases, which is the most that this node allows; delete one first.");
    Err(ApiError::new(StatusCode::FORBIDDEN, "too_many_databases", sentence))
}

fn name_taken(name: &Name) -> ApiError {
    let refused: ApiError = ControlError::NameTaken(name.clone()).into();
    match name.as_str().parse::<DatabaseName>() {
        Ok(name) => refused.with_body(&PublishResult::PermissionDenied { name }),
        Err(_) => refused,
    }
}
