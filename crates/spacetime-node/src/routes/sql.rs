//! `POST /v1/database/:db/sql`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use spacetimedb_client_api_messages::http::SqlStmtStats;
use spacetimedb_core::sql::execute::{self, SqlResult};
use spacetimedb_lib::{ProductType, ProductTypeElement};

use super::confirmation::wait_until_durable;
use super::service::sats_json;
use crate::auth::Caller;
use crate::caller_connections::CallerConnections;
use crate::error::ApiError;
use crate::node::Node;
use crate::stored_programs;

#[derive(Deserialize)]
pub(super) struct SqlQuery {
    confirmed: Option<bool>,
}

pub(super) async fn sql(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    Query(query): Query<SqlQuery>,
    caller: Caller,
    connections: CallerConnections,
    statement: String,
) -> Result<Json<[Answer; 1]>, ApiError> {
    let hosted = node.host(&db).await?;
    let auth = Node::sql_permissions(&hosted.record, caller.identity);
    stored_programs::check(&auth, &statement)
        .map_err(|cause| ApiError::bad_request("sql_refused", cause.to_string()))?;
    let run = async move {
        let module = &hosted.module;
        let statement = async |_| {
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
                wait_until_durable(module, result.tx_offset).await?;
            }
            Ok(Json([answer]))
        };
        connections.within(&node, &hosted, &caller, statement).await
    };
    tokio::spawn(run).await.map_err(ApiError::internal)?
}

/// The result of a statement. HTTP carries one statement at a time, in a list of one.
#[derive(Serialize)]
pub(super) struct Answer {
    schema: Box<RawValue>,
    rows: Box<RawValue>,
    total_duration_micros: u64,
    stats: SqlStmtStats,
}

fn answer(schema: ProductType, result: &SqlResult, took: Duration) -> Result<Answer, ApiError> {
    Ok(Answer {
        schema: sats_json(&schema)?,
        rows: sats_json(&result.rows[..])?,
        total_duration_micros: took.as_micros() as u64,
        stats: SqlStmtStats::from_metrics(&result.metrics),
    })
}
