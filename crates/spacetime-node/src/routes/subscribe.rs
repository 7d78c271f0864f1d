//! `GET /v1/database/:db/subscribe`: the upgrade to a WebSocket.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use spacetimedb_core::worker_metrics::{ClientRejectCause, record_client_rejection};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::node::Node;
use crate::websocket::{Accepted, HandshakeQuery, negotiate, serve};

pub(super) async fn subscribe(
    State(node): State<Arc<Node>>,
    Path(db): Path<String>,
    Query(query): Query<HandshakeQuery>,
    caller: Caller,
    mut request: Request,
) -> Result<Response, ApiError> {
    let accept_key = accept_key(&request)?;
    let record = node.find(&db)?;
    let negotiated = negotiate(request.headers(), &query, &node.config.websocket).inspect_err(|_| {
        record_client_rejection(record.database.database_identity, ClientRejectCause::InvalidProtocol);
    })?;
    let upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or_else(not_an_upgrade)?;
    let module = node.watch(&record).await?;
    let subprotocol = HeaderValue::from_static(negotiated.subprotocol);
    tokio::spawn(serve(Accepted { node, record, module, caller, negotiated }, upgrade));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept_key);
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    Ok(response)
}

/// Checks the request against RFC 6455, section 4.2.1, and answers its key.
fn accept_key(request: &Request) -> Result<HeaderValue, ApiError> {
    let has = |name, wanted: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(wanted)))
    };
    let is_upgrade = request.method() == Method::GET
        && has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    match request.headers().get(header::SEC_WEBSOCKET_KEY) {
        Some(key) if is_upgrade => HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(ApiError::internal),
        _ => Err(not_an_upgrade()),
    }
}

fn not_an_upgrade() -> ApiError {
    let sentence = "This route opens a WebSocket (version 13); connect with a SpacetimeDB SDK.";
    ApiError::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", sentence)
}
