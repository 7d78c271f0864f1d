//! `POST /v1/database/:db/call-from-database/:reducer`: messages between databases.
//!
//! The sending database's outbox delivers here with a token that the host signed. An answer
//! other than the recorded outcomes makes it try again, so that every answer is given only
//! once the outcome is on disk.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use spacetimedb_auth::identity::ConnectionAuthCtx;
use spacetimedb_client_api_messages::idc::IdcResponse;
use spacetimedb_core::auth::idc;
use spacetimedb_core::host::{FunctionArgs, IdcDeliveryFailure, IdcReducerCallOutcome, ModuleHost, ReducerOutcome};
use spacetimedb_datastore::system_tables::StInboundMsgResultStatus;
use spacetimedb_lib::{Hash, Identity};

use crate::argument_limits::check_call;
use crate::error::ApiError;
use crate::node::Node;
use crate::websocket::fresh_connection_id;

/// How long an outcome may take to reach the disk before the sender is told to try again.
const DURABILITY_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a message stands in its stream, and which reducer the sender was compiled against.
#[derive(Deserialize)]
pub(super) struct Delivery {
    stream_id: u64,
    seq: u64,
    ack_prefix: u64,
    signature_hash: String,
}

pub(super) async fn deliver(
    State(node): State<Arc<Node>>,
    Path((db, reducer)): Path<(String, String)>,
    Query(delivery): Query<Delivery>,
    headers: HeaderMap,
    args: Bytes,
) -> Result<Response, ApiError> {
    let record = node.find(&db)?;
    let sender = sending_database(&node, &headers, record.database.database_identity)?;
    let signature = Hash::from_hex(&delivery.signature_hash).map_err(|_| {
        ApiError::bad_request("invalid_signature_hash", "`signature_hash` must be 64 hexadecimal digits.")
    })?;
    let module = node.launch(&record).await?;
    check_call(&module.info().module_def, &reducer, &args)
        .map_err(|refused| ApiError::bad_request("invalid_arguments", format!("Send others: {refused}.")))?;
    let call = async move { call_and_wait(&module, sender, &reducer, args, delivery, signature).await };
    let (status, body) = tokio::spawn(call).await.map_err(ApiError::internal)??.into_http_parts();
    Ok((status, body).into_response())
}

/// Only the host's own signature counts, made for this very receiver.
fn sending_database(node: &Node, headers: &HeaderMap, receiver: Identity) -> Result<Identity, ApiError> {
    let refused = || {
        let sentence = "Only databases of this host may call this route.";
        ApiError::new(StatusCode::UNAUTHORIZED, "invalid_token", sentence)
    };
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(refused)?;
    let token = value.strip_prefix("Bearer ").ok_or_else(refused)?;
    idc::verify(&node.tokens.keys().public, token, receiver).map_err(|_| refused())
}

async fn call_and_wait(
    module: &ModuleHost,
    sender: Identity,
    reducer: &str,
    args: Bytes,
    delivery: Delivery,
    signature: Hash,
) -> Result<IdcResponse, ApiError> {
    let connection_id = fresh_connection_id();
    let auth = ConnectionAuthCtx { identity: sender, jwt_payload: None };
    module.call_identity_connected(auth, connection_id).await.map_err(try_again)?;
    let Delivery { stream_id, seq, ack_prefix, .. } = delivery;
    let args = FunctionArgs::Bsatn(args);
    let outcome =
        module.call_idc_reducer(sender, connection_id, reducer, args, stream_id, seq, ack_prefix, signature).await;
    if let Err(cause) = module.call_identity_disconnected(sender, connection_id).await {
        tracing::warn!("The connection of a database's message was not closed cleanly: {cause}");
    }
    answer(module, outcome).await
}

async fn answer(
    module: &ModuleHost,
    outcome: Result<IdcReducerCallOutcome, IdcDeliveryFailure>,
) -> Result<IdcResponse, ApiError> {
    let (response, offset) = match outcome.map_err(try_again)? {
        IdcReducerCallOutcome::AlreadyAcked => return Ok(IdcResponse::AlreadyAcked),
        IdcReducerCallOutcome::Recorded(recorded) => {
            let response = match recorded.result.outcome {
                ReducerOutcome::Committed => IdcResponse::Success(Bytes::new()),
                ReducerOutcome::Failed(message) => IdcResponse::TerminalError(message.to_string().into()),
                ReducerOutcome::BudgetExceeded => IdcResponse::BudgetExceeded(Bytes::from_static(OUT_OF_BUDGET)),
            };
            (response, recorded.tx_offset.await.map_err(try_again)?)
        }
        IdcReducerCallOutcome::Replayed(stored) => {
            let payload = stored.result_payload;
            let response = match stored.result_status {
                StInboundMsgResultStatus::Ok => IdcResponse::Success(payload),
                StInboundMsgResultStatus::Err => IdcResponse::TerminalError(payload),
                StInboundMsgResultStatus::BudgetExceeded => IdcResponse::BudgetExceeded(payload),
            };
            (response, stored.tx_offset)
        }
    };
    if let Some(mut durable) = module.durable_tx_offset() {
        let on_disk = tokio::time::timeout(DURABILITY_TIMEOUT, durable.wait_for(offset)).await;
        on_disk.map_err(try_again)?.map_err(try_again)?;
    }
    Ok(response)
}

const OUT_OF_BUDGET: &[u8] = b"the reducer used up its execution budget";

/// Anything that is not an outcome: the sender keeps the message and delivers it again.
fn try_again(cause: impl std::fmt::Display) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "delivery_failed", format!("Deliver again later: {cause}"))
}
