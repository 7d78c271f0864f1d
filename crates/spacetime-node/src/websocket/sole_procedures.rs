//! Procedure calls on connections on which there is nothing else, such as those of a backend.
//!
//! The engine sends all that a database has to say through one worker, so that clients see rows in the order of
//! transactions. The worker pauses for 25 µs when it has nothing left to send; a timer makes one to two milliseconds of
//! that, for which the next message waits. A client that has never asked for anything but procedures is sent no rows that
//! a result could overtake, so its results go straight to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures::poll;
use spacetimedb_client_api_messages::websocket::v2::{
    CallProcedure, ClientMessage, ProcedureResult, ProcedureStatus, ServerMessage,
};
use spacetimedb_core::client::{ClientConnection, DataMessage, WsVersion};
use spacetimedb_core::host::{CallProcedureReturn, FunctionArgs, ProcedureCallError, ProcedureCallResult};
use spacetimedb_core::worker_metrics::WORKER_METRICS;
use spacetimedb_datastore::execution_context::WorkloadType;
use spacetimedb_lib::{TimeDuration, Timestamp, bsatn};
use tokio::sync::Semaphore;

/// Calls of one connection that may be under way; further ones wait.
const UNDER_WAY_MAX: usize = 256;

/// The procedure calls of one connection, for as long as there is nothing else on it.
pub(super) struct SoleProcedures {
    are_alone: Arc<AtomicBool>,
    room: Arc<Semaphore>,
}

impl SoleProcedures {
    pub(super) fn new() -> Self {
        Self { are_alone: Arc::new(AtomicBool::new(true)), room: Arc::new(Semaphore::new(UNDER_WAY_MAX)) }
    }

    /// Begins the calls of a message. Gives a message back that is for the engine, as all are that follow such a one.
    pub(super) async fn begin(
        &self,
        client: &ClientConnection,
        message: DataMessage,
        arrived: Instant,
    ) -> Option<DataMessage> {
        if !self.are_alone.load(Ordering::Relaxed) {
            return Some(message);
        }
        let Some(calls) = calls_in(client.config.version, &message) else {
            self.are_alone.store(false, Ordering::Relaxed);
            return Some(message);
        };
        count_request(client, &message);
        for call in calls {
            self.begin_call(client, call, arrived).await;
        }
        None
    }

    async fn begin_call(&self, client: &ClientConnection, call: CallProcedure, arrived: Instant) {
        let permit = self.room.clone().acquire_owned().await;
        let (client, are_alone) = (client.clone(), self.are_alone.clone());
        let mut answered = Box::pin(async move {
            answer(&client, call, arrived, &are_alone).await;
            drop(permit);
        });
        // The first step puts the call into the queue of the database, so that calls queue in the order in which they came.
        if poll!(&mut answered).is_pending() {
            tokio::spawn(answered);
        }
    }
}

/// The calls that a message consists of, if it consists of procedure calls only. Version 1 has the engine's own way.
fn calls_in(version: WsVersion, message: &DataMessage) -> Option<Vec<CallProcedure>> {
    let DataMessage::Binary(bytes) = message else { return None };
    let mut rest = &bytes[..];
    let mut calls = Vec::new();
    while calls.is_empty() || !rest.is_empty() {
        match bsatn::from_reader(&mut rest) {
            Ok(ClientMessage::CallProcedure(call)) => calls.push(call),
            _ => return None,
        }
    }
    match version {
        WsVersion::V3 => Some(calls),
        WsVersion::V2 => (calls.len() == 1).then_some(calls),
        WsVersion::V1 => None,
    }
}

/// Runs a call and sends its result.
async fn answer(client: &ClientConnection, call: CallProcedure, arrived: Instant, are_alone: &AtomicBool) {
    let module = client.module();
    let CallProcedure { request_id, procedure, args, .. } = call;
    let (identity, connection) = (client.id.identity, Some(client.id.connection_id));
    let (args, confirmed) = (FunctionArgs::Bsatn(args), client.config.confirmed_reads);
    let returned = module.call_procedure(identity, connection, Some(arrived), &procedure, args, confirmed).await;
    let CallProcedureReturn { result, tx_offset } = returned;
    WORKER_METRICS
        .request_round_trip
        .with_label_values(&WorkloadType::Procedure, &module.info().database_identity, &procedure)
        .observe(arrived.elapsed().as_secs_f64());
    let result = result_message(request_id, result);
    if !are_alone.load(Ordering::Relaxed) {
        // There may be rows by now, which the result must not overtake.
        let sent = module.subscriptions().send_procedure_message_v2(client.sender(), result, tx_offset);
        return sent.unwrap_or_else(|cause| tracing::debug!("A result found no way to its client: {cause}"));
    }
    let offset = match tx_offset {
        Some(offset) => match offset.await {
            Ok(offset) => Some(offset),
            // The database is gone, and with it the connection.
            Err(_) => return,
        },
        None => None,
    };
    if let Err(cause) = client.send_message(offset, ServerMessage::ProcedureResult(result)) {
        tracing::debug!("A client left before its result came: {cause}");
    }
}

fn result_message(request_id: u32, result: Result<ProcedureCallResult, ProcedureCallError>) -> ProcedureResult {
    let encoded = result.map_err(|cause| cause.to_string()).and_then(|done| {
        let value = bsatn::to_vec(&done.return_val).map_err(|cause| cause.to_string())?;
        Ok((value, done.start_timestamp, done.execution_duration))
    });
    let (status, timestamp, duration) = match encoded {
        Ok((value, started, took)) => (ProcedureStatus::Returned(value.into()), started, TimeDuration::from(took)),
        Err(cause) => (ProcedureStatus::InternalError(cause.into()), Timestamp::UNIX_EPOCH, TimeDuration::ZERO),
    };
    ProcedureResult { status, timestamp, total_host_execution_duration: duration, request_id }
}

/// The engine counts the messages that it is given; these it never sees.
fn count_request(client: &ClientConnection, message: &DataMessage) {
    let database = client.module().info().database_identity;
    let protocol = client.config.protocol.as_str();
    WORKER_METRICS.websocket_request_msg_size.with_label_values(&database, protocol).observe(message.len() as f64);
    WORKER_METRICS.websocket_requests.with_label_values(&database, protocol).inc();
}
