//! `GET /v1/database/:db/schema?version=9|10`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use spacetimedb_lib::db::raw_def::v9::RawModuleDefV9;
use spacetimedb_lib::db::raw_def::v10::RawModuleDefV10;
use spacetimedb_schema::def::ModuleDef;

use super::service::{SatsJson, sats_json};
use crate::error::ApiError;
use crate::node::Node;

#[derive(Deserialize)]
pub(super) struct SchemaQuery {
    version: Option<String>,
}

pub(super) async fn schema(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    Query(query): Query<SchemaQuery>,
) -> Result<SatsJson, ApiError> {
    let module = node.host(&db).await?.module;
    let module_def = ModuleDef::clone(&module.info().module_def);
    let schema = match query.version.as_deref() {
        Some("9") => sats_json(&RawModuleDefV9::from(module_def)),
        Some("10") => sats_json(&RawModuleDefV10::from(module_def)),
        _ => {
            let sentence = "Ask for a schema version: `?version=10`, or `?version=9` for older tools.";
            return Err(ApiError::bad_request("invalid_schema_version", sentence));
        }
    };
    schema.map(Json)
}
