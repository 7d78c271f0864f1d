//! `POST /v1/database/:db/call/:function`: reducers and procedures over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;
use spacetimedb_core::host::module_host::ClientConnectedError;
use spacetimedb_core::host::{
    FunctionArgs, ModuleHost, ProcedureCallError, ReducerCallError, ReducerCallResult, ReducerOutcome,
};
use spacetimedb_lib::ConnectionId;

use super::confirmation::wait_until_durable;
use super::service::sats_json;
use crate::auth::Caller;
use crate::error::{ApiError, REDUCER_ERROR};
use crate::node::Node;

#[derive(Deserialize)]
pub(super) struct CallQuery {
    #[serde(default)]
    confirmed: bool,
}

pub(super) async fn call(
    State(node): State<Arc<Node>>,
    Path((db, function)): Path<(String, String)>,
    Query(query): Query<CallQuery>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    require_json(&headers)?;
    let args = json_args(body)?;
    let module = node.host(&db).await?.module;
    // In a task of its own: a connection that was opened must be closed even when the client
    // goes away in between.
    let call = async move {
        within_connection(&module, &caller, async |connection_id| {
            let call = Call { module: &module, caller: &caller, connection_id, function: &function, args };
            call.run(query.confirmed).await
        })
        .await
    };
    tokio::spawn(call).await.map_err(ApiError::internal)?
}

/// The official server takes this one content type and no parameters.
fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json") {
        return Ok(());
    }
    let sentence = "Send the arguments as a JSON array with the header `Content-Type: application/json`.";
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", sentence))
}

fn json_args(body: Bytes) -> Result<FunctionArgs, ApiError> {
    let not_text = |_| ApiError::bad_request("invalid_arguments", "The arguments are not valid UTF-8.");
    ByteString::try_from(body).map(FunctionArgs::Json).map_err(not_text)
}

/// Runs a call inside a connection life cycle of its own, as a client with a socket would have.
pub(super) async fn within_connection<T>(
    module: &ModuleHost,
    caller: &Caller,
    call: impl AsyncFnOnce(ConnectionId) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let connection_id = ConnectionId::from_le_byte_array(*uuid::Uuid::new_v4().as_bytes());
    module.call_identity_connected(caller.auth.clone(), connection_id).await.map_err(refused_connection)?;
    let outcome = call(connection_id).await;
    if let Err(cause) = module.call_identity_disconnected(caller.identity, connection_id).await {
        // The call itself is done; its outcome stands.
        tracing::warn!("The connection of an HTTP call was not closed cleanly: {cause}");
    }
    outcome
}

fn refused_connection(cause: ClientConnectedError) -> ApiError {
    match cause {
        ClientConnectedError::Rejected(reason) => {
            ApiError::new(StatusCode::FORBIDDEN, "connection_rejected", reason.into_string())
        }
        ClientConnectedError::OutOfEnergy => out_of_energy(),
        other => ApiError::internal(other),
    }
}

/// One call of a function.
struct Call<'a> {
    module: &'a ModuleHost,
    caller: &'a Caller,
    connection_id: ConnectionId,
    function: &'a str,
    args: FunctionArgs,
}

impl Call<'_> {
    /// Runs a reducer or, where there is none of that name, a procedure.
    async fn run(self, confirmed: bool) -> Result<Response, ApiError> {
        if self.module.info().module_def.reducer_by_name(self.function).is_some() {
            self.reducer(confirmed).await
        } else {
            self.procedure().await
        }
    }

    async fn reducer(self, confirmed: bool) -> Result<Response, ApiError> {
        let Self { module, caller, connection_id, function, args } = self;
        let called = module
            .call_reducer_with_offset(caller.identity, Some(connection_id), None, None, None, function, args)
            .await
            .map_err(|refused| refused_reducer(refused, function))?;
        let response = reducer_response(called.result)?;
        if confirmed {
            wait_until_durable(module, called.tx_offset).await?;
        }
        Ok(response)
    }

    async fn procedure(self) -> Result<Response, ApiError> {
        let Self { module, caller, connection_id, function, args } = self;
        // Confirmed: a procedure's transactions are on disk before it goes on.
        let called = module.call_procedure(caller.identity, Some(connection_id), None, function, args, true).await;
        match called.result {
            Ok(result) => Ok(Json(sats_json(&result.return_val)?).into_response()),
            Err(refused) => Err(refused_procedure(refused, function)),
        }
    }
}

fn reducer_response(result: ReducerCallResult) -> Result<Response, ApiError> {
    match result.outcome {
        ReducerOutcome::Committed => {
            let headers = [
                ("spacetime-energy-used", result.execution_budget_used.get().to_string()),
                ("spacetime-execution-duration-micros", result.execution_duration.as_micros().to_string()),
            ];
            Ok((StatusCode::OK, headers, Body::empty()).into_response())
        }
        ReducerOutcome::Failed(message) => {
            let status = StatusCode::from_u16(REDUCER_ERROR).map_err(ApiError::internal)?;
            Err(ApiError::new(status, "reducer_error", message.to_string()))
        }
        ReducerOutcome::BudgetExceeded => Err(out_of_energy()),
    }
}

fn refused_reducer(cause: ReducerCallError, function: &str) -> ApiError {
    match cause {
        ReducerCallError::Args(cause) => ApiError::bad_request("invalid_arguments", cause.to_string()),
        ReducerCallError::LifecycleReducer(_) => ApiError::bad_request("lifecycle_reducer", cause.to_string()),
        ReducerCallError::NoSuchReducer | ReducerCallError::ScheduleReducerNotFound => no_such_function(function),
        ReducerCallError::NoSuchModule(_) => module_gone(),
        ReducerCallError::WorkerError(_) => ApiError::internal(cause),
    }
}

fn refused_procedure(cause: ProcedureCallError, function: &str) -> ApiError {
    match cause {
        ProcedureCallError::Args(cause) => ApiError::bad_request("invalid_arguments", cause.to_string()),
        ProcedureCallError::NoSuchModule(_) => module_gone(),
        ProcedureCallError::NoSuchProcedure => no_such_function(function),
        ProcedureCallError::OutOfEnergy => out_of_energy(),
        ProcedureCallError::InternalError(cause) => {
            let sentence = format!("The procedure failed: {cause}");
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "function_failed", sentence)
        }
    }
}

fn no_such_function(function: &str) -> ApiError {
    let shown: String = function.chars().take(100).collect();
    let sentence = format!("The database has no reducer or procedure `{shown}` that you may call.");
    ApiError::new(StatusCode::NOT_FOUND, "no_such_function", sentence)
}

fn out_of_energy() -> ApiError {
    let sentence = "The call used up its execution budget and was undone; make it do less at once.";
    ApiError::new(StatusCode::PAYMENT_REQUIRED, "out_of_energy", sentence)
}

pub(super) fn module_gone() -> ApiError {
    let sentence = "The database stopped during the call; whether it took effect is unknown.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "database_stopped", sentence)
}
