//! `GET /v1/database/:db/logs`: what the module logged, as NDJSON.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use futures::StreamExt;
use serde::Deserialize;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::node::Node;

#[derive(Deserialize)]
pub(super) struct LogsQuery {
    num_lines: Option<u32>,
    #[serde(default)]
    follow: bool,
}

pub(super) async fn logs(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    Query(query): Query<LogsQuery>,
    caller: Caller,
) -> Result<impl IntoResponse, ApiError> {
    let record = node.find_owned(&db, caller.identity, "read its logs")?;
    let module = node.launch(&record).await?;
    let lines = module.database_logger().tail(query.num_lines, query.follow).await;
    let lines = lines.map_err(|_| ApiError::internal("the database's logger has stopped"))?;
    // Databases close after all requests, so that a follower would be waited for in vain.
    let lines = lines.take_until(node.stopping());
    let headers = [
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Body::from_stream(lines)))
}
