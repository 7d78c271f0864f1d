//! `POST /v1/database/:db/call/:function`: reducers and procedures over HTTP.

use std::error::Error;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;
use spacetimedb_core::host::{
    FunctionArgs, ModuleHost, ProcedureCallError, ReducerCallError, ReducerCallResult, ReducerOutcome,
};
use spacetimedb_lib::ConnectionId;

use super::confirmation::wait_until_durable;
use super::service::sats_json;
use crate::auth::Caller;
use crate::caller_connections::CallerConnections;
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
    connections: CallerConnections,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    require_json(&headers)?;
    let args = json_args(body)?;
    let hosted = node.host(&db).await?;
    // In a task of its own: a connection that was opened must be closed even when the client
    // goes away in between.
    let call = async move {
        let module = &hosted.module;
        let call = async |connection_id| {
            Call { module, caller: &caller, connection_id, function: &function, args }.run(query.confirmed).await
        };
        connections.within(&node, &hosted, &caller, call).await
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

/// One call of a function.
struct Call<'a> {
    module: &'a ModuleHost,
    caller: &'a Caller,
    connection_id: ConnectionId,
    function: &'a str,
    args: FunctionArgs,
}

impl Call<'_> {
    /// Runs a reducer or, where there is none of that name, a procedure. Where there is neither, the engine must not see
    /// the name: it would write it to the module's log, however long it is.
    async fn run(self, confirmed: bool) -> Result<Response, ApiError> {
        let definitions = &self.module.info().module_def;
        if definitions.reducer_by_name(self.function).is_some() {
            self.reducer(confirmed).await
        } else if definitions.procedure_by_name(self.function).is_some() {
            self.procedure().await
        } else {
            Err(no_such_function(self.function))
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
        ReducerOutcome::BudgetExceeded => Err(ApiError::out_of_energy()),
    }
}

/// The engine's error names the argument; what is wrong with it is in the error's innermost cause.
fn invalid_arguments(cause: &dyn Error) -> ApiError {
    let innermost = std::iter::successors(cause.source(), |inner: &&dyn Error| (*inner).source()).last();
    let sentence = match innermost.map(ToString::to_string).filter(|inner| !cause.to_string().ends_with(inner)) {
        Some(inner) => format!("{cause}: {inner}"),
        None => cause.to_string(),
    };
    ApiError::bad_request("invalid_arguments", sentence)
}

fn refused_reducer(cause: ReducerCallError, function: &str) -> ApiError {
    match cause {
        ReducerCallError::Args(cause) => invalid_arguments(&cause),
        ReducerCallError::LifecycleReducer(_) => ApiError::bad_request("lifecycle_reducer", cause.to_string()),
        ReducerCallError::NoSuchReducer | ReducerCallError::ScheduleReducerNotFound => no_such_function(function),
        ReducerCallError::NoSuchModule(_) => module_gone(),
        ReducerCallError::WorkerError(_) => ApiError::internal(cause),
    }
}

fn refused_procedure(cause: ProcedureCallError, function: &str) -> ApiError {
    match cause {
        ProcedureCallError::Args(cause) => invalid_arguments(&cause),
        ProcedureCallError::NoSuchModule(_) => module_gone(),
        ProcedureCallError::NoSuchProcedure => no_such_function(function),
        ProcedureCallError::OutOfEnergy => ApiError::out_of_energy(),
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

pub(super) fn module_gone() -> ApiError {
    let sentence = "The database stopped during the call; whether it took effect is unknown.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "database_stopped", sentence)
}
