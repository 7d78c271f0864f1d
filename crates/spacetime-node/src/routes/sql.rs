//! `POST /v1/database/:db/sql`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use spacetimedb_client_api_messages::http::SqlStmtStats;
use spacetimedb_core::host::ModuleHost;
use spacetimedb_core::sql::execute::{self, SqlResult};
use spacetimedb_lib::{ProductType, ProductTypeElement};

use super::call::within_connection;
use super::service::sats_json;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::node::Node;

/// How long a confirmed answer waits for the disk.
const CONFIRMATION: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
pub(super) struct SqlQuery {
    confirmed: Option<bool>,
}

pub(super) async fn sql(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    Query(query): Query<SqlQuery>,
    caller: Caller,
    statement: String,
) -> Result<Json<Value>, ApiError> {
    let hosted = node.host(&db).await?;
    let auth = Node::sql_permissions(&hosted.record, caller.identity);
    let run = async move {
        let module = hosted.module;
        within_connection(&module, &caller, async |_| {
            let begun = Instant::now();
            let mut head = Vec::new();
            let database = module.relational_db().clone();
            let subscriptions = Some(module.subscriptions().clone());
            let result = execute::run(database, statement, auth, subscriptions, Some(module.clone()), &mut head)
                .await
                .map_err(|cause| ApiError::bad_request("sql_refused", cause.to_string()))?;
            let took = begun.elapsed();
            let columns = head.into_iter().map(|(name, ty)| ProductTypeElement::new(ty, Some(name)));
            let answer = answer(ProductType::new(columns.collect()), &result, took)?;
            if query.confirmed.unwrap_or(true) {
                wait_until_durable(&module, result).await?;
            }
            Ok(Json(answer))
        })
        .await
    };
    tokio::spawn(run).await.map_err(ApiError::internal)?
}

fn answer(schema: ProductType, result: &SqlResult, took: Duration) -> Result<Value, ApiError> {
    let stats = SqlStmtStats::from_metrics(&result.metrics);
    Ok(json!([{
        "schema": sats_json(&schema)?,
        "rows": sats_json(&result.rows[..])?,
        "total_duration_micros": took.as_micros() as u64,
        "stats": stats,
    }]))
}

async fn wait_until_durable(module: &ModuleHost, result: SqlResult) -> Result<(), ApiError> {
    let Some(mut durable) = module.durable_tx_offset() else { return Ok(()) };
    let confirmed = async {
        let offset = result.tx_offset.await.map_err(|_| super::call::module_gone())?;
        durable.wait_for(offset).await.map_err(|_| super::call::module_gone())
    };
    match tokio::time::timeout(CONFIRMATION, confirmed).await {
        Ok(confirmed) => confirmed.map(drop),
        Err(_) => {
            let sentence = "The statement was executed but is not yet confirmed on disk.";
            Err(ApiError::new(StatusCode::GATEWAY_TIMEOUT, "confirmation_late", sentence))
        }
    }
}
