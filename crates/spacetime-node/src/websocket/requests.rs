//! What a client asks for, message by message: protocols 2 and 3, which have the same messages. Version 1 has its own
//! ([`super::requests_v1`]).
//!
//! The engine could take whole frames, but the node decodes them itself. A frame of version 3 may hold a million calls,
//! of which the engine must not get more at once than [`UnderWay`] lets it have. And it must not see the names of
//! functions that the module does not have: it keeps a metric for each of them for good and writes them to the module's
//! log.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use prometheus::{Histogram, IntCounter};
use spacetimedb_client_api_messages::websocket::v2::{
    CallProcedure, CallReducer, ClientMessage, ReducerOutcome, ReducerResult, ServerMessage,
};
use spacetimedb_core::client::{ClientConnection, ClientConnectionSender, DataMessage, WsVersion};
use spacetimedb_core::host::{FunctionArgs, ModuleHost, ProcedureCallError, ReducerCallError};
use spacetimedb_core::worker_metrics::WORKER_METRICS;
use spacetimedb_lib::{Timestamp, bsatn};
use tokio::sync::mpsc;

use super::ending::Ending;
use super::queries::Queries;
use super::sole_procedures::{SoleProcedures, result_message};
use super::under_way::{Room, UnderWay};
use crate::argument_limits::ArgumentLimits;

/// The requests of one connection.
pub(super) struct Requests<'a> {
    pub(super) client: &'a ClientConnection,
    /// Takes errors that are told beside the engine's messages.
    pub(super) notices: mpsc::Sender<DataMessage>,
    pub(super) limits: ArgumentLimits,
    pub(super) under_way: UnderWay,
    pub(super) queries: &'a Queries,
    procedures: SoleProcedures,
    /// The engine's metrics of the messages that it is given, which are those of the node here.
    message_bytes: Histogram,
    messages: IntCounter,
}

impl<'a> Requests<'a> {
    /// For a client of which so many messages may wait, and which may ask for these queries.
    pub(super) fn new(
        client: &'a ClientConnection,
        notices: mpsc::Sender<DataMessage>,
        messages_max: NonZeroUsize,
        queries: &'a Queries,
    ) -> Self {
        let (database, protocol) = (client.module().info().database_identity, client.config.protocol.as_str());
        Self {
            client,
            notices,
            limits: ArgumentLimits::default(),
            under_way: UnderWay::new(messages_max),
            queries,
            procedures: SoleProcedures::new(),
            message_bytes: WORKER_METRICS.websocket_request_msg_size.with_label_values(&database, protocol),
            messages: WORKER_METRICS.websocket_requests.with_label_values(&database, protocol),
        }
    }

    /// Begins what a message asks for. Returns when the next message may follow.
    pub(super) async fn begin(&mut self, message: DataMessage, arrived: Instant, room: Room) -> Result<(), Ending> {
        self.message_bytes.observe(message.len() as f64);
        self.messages.inc();
        match (self.client.config.version, message) {
            (WsVersion::V1, message) => self.begin_v1(message, arrived, room).await,
            (WsVersion::V2, DataMessage::Binary(bytes)) => {
                let message = bsatn::from_slice(&bytes).map_err(bad_message)?;
                drop(bytes);
                self.begin_one(message, arrived, Some(room)).await
            }
            (WsVersion::V3, DataMessage::Binary(bytes)) => self.begin_all(&bytes, arrived, room).await,
            (WsVersion::V2 | WsVersion::V3, DataMessage::Text(_)) => {
                Err(Ending::BadMessage("this protocol has no text messages".to_owned()))
            }
        }
    }

    /// The messages of a frame, one behind the other.
    async fn begin_all(&mut self, frame: &[u8], arrived: Instant, mut room: Room) -> Result<(), Ending> {
        let mut rest = frame;
        loop {
            let length = rest.len();
            let message = bsatn::from_reader(&mut rest).map_err(bad_message)?;
            let own_room = room.split(length - rest.len());
            self.begin_one(message, arrived, own_room).await?;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    async fn begin_one(&mut self, message: ClientMessage, arrived: Instant, room: Option<Room>) -> Result<(), Ending> {
        let client = self.client;
        if !matches!(message, ClientMessage::CallProcedure(_)) {
            self.procedures.end();
        }
        let begun = match message {
            ClientMessage::CallProcedure(call) => return self.begin_procedure(call, arrived, room).await,
            ClientMessage::CallReducer(call) => {
                self.begin_reducer(call, arrived).await?;
                Ok(())
            }
            ClientMessage::Subscribe(asked) => {
                let (request, set) = (asked.request_id, Some(asked.query_set_id.id));
                self.queries.subscribe(request, set, &asked.query_strings).map_err(Ending::BadMessage)?;
                client.subscribe_v2(asked, arrived).await.map(drop).map_err(anyhow::Error::from)
            }
            ClientMessage::SubscribeBatch(asked) => {
                let queries = asked.sets.iter().map(|set| set.query_strings.len()).sum();
                self.queries.check_size(asked.sets.len(), queries).map_err(Ending::BadMessage)?;
                for set in &asked.sets {
                    let (request, number) = (asked.request_id, Some(set.query_set_id.id));
                    self.queries.subscribe(request, number, &set.query_strings).map_err(Ending::BadMessage)?;
                }
                client.subscribe_batch(asked, arrived).await.map(drop).map_err(anyhow::Error::from)
            }
            ClientMessage::Unsubscribe(asked) => {
                self.queries.unsubscribe(asked.request_id, asked.query_set_id.id);
                client.unsubscribe_v2(asked, arrived).await.map(drop).map_err(anyhow::Error::from)
            }
            ClientMessage::OneOffQuery(asked) => {
                self.queries.check(&asked.query_string).map_err(Ending::BadMessage)?;
                client.one_off_query_v2(&asked.query_string, asked.request_id, arrived).await
            }
        };
        begun.map_err(|cause| Ending::BadMessage(format!("{cause:#}")))?;
        self.under_way.add(client, room).await;
        Ok(())
    }

    async fn begin_reducer(&mut self, call: CallReducer, arrived: Instant) -> Result<(), Ending> {
        let CallReducer { request_id, reducer, args, .. } = call;
        let (client, module) = (self.client, self.client.module());
        self.limits.check(module.info(), &reducer, &args).map_err(bad_message)?;
        let (told, args) = (Some(client.sender()), FunctionArgs::Bsatn(args));
        let Err(cause) = enqueue_reducer(client, &module, told, request_id, arrived, &reducer, args).await else {
            return Ok(());
        };
        let result = ReducerOutcome::InternalError(format!("{cause:#}").into());
        let result = ReducerResult { request_id, timestamp: Timestamp::now(), result };
        if let Err(cause) = client.send_message(None, ServerMessage::ReducerResult(result)) {
            tracing::debug!("A client left before it was told of a failed call: {cause}");
        }
        Ok(())
    }

    async fn begin_procedure(
        &mut self,
        call: CallProcedure,
        arrived: Instant,
        room: Option<Room>,
    ) -> Result<(), Ending> {
        let client = self.client;
        if self.procedures.are_alone() {
            return self.procedures.begin(client, call, arrived, room, &mut self.limits).await.map_err(bad_message);
        }
        let CallProcedure { request_id, flags, procedure, args } = call;
        let module = client.module();
        self.limits.check(module.info(), &procedure, &args).map_err(bad_message)?;
        let sent = match module.info().module_def.procedure_by_name(&procedure) {
            Some(_) => client.call_procedure_v2(&procedure, held(args, room), request_id, arrived, flags).await,
            None => {
                let result = result_message(request_id, Err(ProcedureCallError::NoSuchProcedure));
                module.subscriptions().send_procedure_message_v2(client.sender(), result, None)
            }
        };
        if let Err(cause) = sent {
            tracing::debug!("A result found no way to its client: {cause}");
        }
        Ok(())
    }
}

/// Ends a connection whose client has sent what it should not have.
pub(super) fn bad_message(cause: impl std::fmt::Display) -> Ending {
    Ending::BadMessage(cause.to_string())
}

/// Puts the call of a reducer into the engine's queue, if there is such a reducer.
pub(super) async fn enqueue_reducer(
    client: &ClientConnection,
    module: &ModuleHost,
    told: Option<Arc<ClientConnectionSender>>,
    request_id: u32,
    arrived: Instant,
    reducer: &str,
    args: FunctionArgs,
) -> Result<(), ReducerCallError> {
    if module.info().module_def.reducer_by_name(reducer).is_none() {
        return Err(ReducerCallError::NoSuchReducer);
    }
    let (identity, connection) = (client.id.identity, Some(client.id.connection_id));
    module.enqueue_reducer(identity, connection, told, Some(request_id), Some(arrived), reducer, args).await
}

/// Arguments that keep their room for as long as anything keeps them. The engine does so until the procedure has ended,
/// which may be hours after everything that came behind it.
pub(super) fn held(arguments: Bytes, room: Option<Room>) -> Bytes {
    Bytes::from_owner(Held { arguments, _room: room })
}

struct Held {
    arguments: Bytes,
    _room: Option<Room>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.arguments
    }
}
