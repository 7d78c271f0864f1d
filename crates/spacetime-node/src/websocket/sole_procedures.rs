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
use spacetimedb_client_api_messages::websocket::v2::{CallProcedure, ProcedureResult, ProcedureStatus, ServerMessage};
use spacetimedb_core::client::ClientConnection;
use spacetimedb_core::host::{CallProcedureReturn, FunctionArgs, ModuleHost, ProcedureCallError, ProcedureCallResult};
use spacetimedb_core::worker_metrics::WORKER_METRICS;
use spacetimedb_datastore::execution_context::WorkloadType;
use spacetimedb_lib::{TimeDuration, Timestamp, bsatn};
use tokio::sync::Semaphore;

use super::under_way::Room;
use crate::argument_limits::{ArgumentLimits, ArgumentsRefused};

/// Calls of one connection that may be under way; further ones wait.
const UNDER_WAY_MAX: usize = 256;

/// The procedure calls of one connection, for as long as there is nothing else on it.
pub(super) struct SoleProcedures {
    are_alone: Arc<AtomicBool>,
    places: Arc<Semaphore>,
}

impl SoleProcedures {
    pub(super) fn new() -> Self {
        Self { are_alone: Arc::new(AtomicBool::new(true)), places: Arc::new(Semaphore::new(UNDER_WAY_MAX)) }
    }

    /// Whether the client has never asked for anything else. If it has, its calls are for the engine.
    pub(super) fn are_alone(&self) -> bool {
        self.are_alone.load(Ordering::Relaxed)
    }

    /// The client asks for something else.
    pub(super) fn end(&self) {
        self.are_alone.store(false, Ordering::Relaxed);
    }

    /// Begins a call, which keeps its room until it has been answered.
    pub(super) async fn begin(
        &self,
        client: &ClientConnection,
        call: CallProcedure,
        arrived: Instant,
        room: Option<Room>,
        limits: &mut ArgumentLimits,
    ) -> Result<(), ArgumentsRefused> {
        let place = self.places.clone().acquire_owned().await;
        // Only now, and for this call to its end: a publish may have changed the types while the call waited.
        let module = client.module();
        limits.check(module.info(), &call.procedure, &call.args)?;
        let (client, are_alone) = (client.clone(), self.are_alone.clone());
        let mut answered = Box::pin(async move {
            answer(&client, &module, call, arrived, &are_alone).await;
            drop((place, room));
        });
        // The first step puts the call into the queue of the database, so that calls queue in the order in which they came.
        if poll!(&mut answered).is_pending() {
            tokio::spawn(answered);
        }
        Ok(())
    }
}

/// Runs a call and sends its result.
async fn answer(
    client: &ClientConnection,
    module: &ModuleHost,
    call: CallProcedure,
    arrived: Instant,
    are_alone: &AtomicBool,
) {
    let CallProcedure { request_id, procedure, args, .. } = call;
    let definition = module.info().module_def.procedure_by_name(&procedure).map(|(_, definition)| definition);
    let CallProcedureReturn { result, tx_offset } = match definition {
        Some(_) => {
            let (identity, connection) = (client.id.identity, Some(client.id.connection_id));
            let (args, confirmed) = (FunctionArgs::Bsatn(args), client.config.confirmed_reads);
            module.call_procedure(identity, connection, Some(arrived), &procedure, args, confirmed).await
        }
        // The engine would write the name to the module's log, however long it is.
        None => CallProcedureReturn { result: Err(ProcedureCallError::NoSuchProcedure), tx_offset: None },
    };
    if let Some(definition) = definition {
        // A metric stays for good, so its label is never a name that a client has made up.
        WORKER_METRICS
            .request_round_trip
            .with_label_values(&WorkloadType::Procedure, &module.info().database_identity, &definition.name)
            .observe(arrived.elapsed().as_secs_f64());
    }
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

/// The message that tells a result.
pub(super) fn result_message(
    request_id: u32,
    result: Result<ProcedureCallResult, ProcedureCallError>,
) -> ProcedureResult {
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
