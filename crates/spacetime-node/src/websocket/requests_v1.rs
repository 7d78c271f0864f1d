//! What clients of protocol 1 ask for, in JSON or BSATN.

use std::borrow::Cow;
use std::time::Instant;

use bytestring::ByteString;
use spacetimedb_client_api_messages::websocket::v1::{CallProcedure, CallReducer, CallReducerFlags, ClientMessage};
use spacetimedb_core::client::messages::{ProcedureResultMessage, SerializeBuffer, serialize};
use spacetimedb_core::client::{ClientConnection, DataMessage, MessageExecutionError, Protocol};
use spacetimedb_core::host::{FunctionArgs, ModuleHost, ProcedureCallError};
use spacetimedb_lib::bsatn;
use spacetimedb_lib::de::serde::DeserializeWrapper;

use super::ending::Ending;
use super::requests::{Requests, bad_message, enqueue_reducer, held};
use super::under_way::Room;
use crate::argument_limits::ArgumentsRefused;

impl Requests<'_> {
    pub(super) async fn begin_v1(&mut self, message: DataMessage, arrived: Instant, room: Room) -> Result<(), Ending> {
        let client = self.client;
        let begun = match decode(message).map_err(Ending::BadMessage)? {
            ClientMessage::CallProcedure(call) => return self.begin_procedure_v1(call, arrived, room).await,
            ClientMessage::CallReducer(call) => self.begin_reducer_v1(call, arrived).await?,
            ClientMessage::Subscribe(asked) => {
                self.queries.subscribe(asked.request_id, None, &asked.query_strings).map_err(Ending::BadMessage)?;
                client.subscribe(asked, arrived).await.map(drop).map_err(|cause| failure(client, cause.into()))
            }
            ClientMessage::SubscribeSingle(asked) => {
                let (request, set) = (asked.request_id, Some(asked.query_id.id));
                self.queries.subscribe(request, set, &[&*asked.query]).map_err(Ending::BadMessage)?;
                client.subscribe_single(asked, arrived).await.map(drop).map_err(|cause| failure(client, cause.into()))
            }
            ClientMessage::SubscribeMulti(asked) => {
                let (request, set) = (asked.request_id, Some(asked.query_id.id));
                self.queries.subscribe(request, set, &asked.query_strings).map_err(Ending::BadMessage)?;
                client.subscribe_multi(asked, arrived).await.map(drop).map_err(|cause| failure(client, cause.into()))
            }
            ClientMessage::Unsubscribe(asked) => {
                self.queries.unsubscribe(asked.request_id, asked.query_id.id);
                client.unsubscribe(asked, arrived).await.map(drop).map_err(|cause| failure(client, cause.into()))
            }
            ClientMessage::UnsubscribeMulti(asked) => {
                self.queries.unsubscribe(asked.request_id, asked.query_id.id);
                client.unsubscribe_multi(asked, arrived).await.map(drop).map_err(|cause| failure(client, cause.into()))
            }
            ClientMessage::OneOffQuery(asked) => {
                self.queries.check(&asked.query_string).map_err(Ending::BadMessage)?;
                let (query, id) = (&asked.query_string, &asked.message_id);
                let begun = match client.config.protocol {
                    Protocol::Binary => client.one_off_query_bsatn(query, id, arrived).await,
                    Protocol::Text => client.one_off_query_json(query, id, arrived).await,
                };
                begun.map_err(|cause| failure(client, cause))
            }
        };
        if let Err(cause) = begun {
            self.tell_v1(cause).await?;
        }
        self.under_way.add(client, Some(room)).await;
        Ok(())
    }

    async fn begin_reducer_v1(
        &mut self,
        call: CallReducer<FunctionArgs>,
        arrived: Instant,
    ) -> Result<Result<(), MessageExecutionError>, Ending> {
        let CallReducer { reducer, args, request_id, flags } = call;
        let (client, module) = (self.client, self.client.module());
        self.check_v1(&module, &reducer, &args).map_err(bad_message)?;
        let told = match flags {
            CallReducerFlags::FullUpdate => Some(client.sender()),
            CallReducerFlags::NoSuccessNotify => None,
        };
        let begun = enqueue_reducer(client, &module, told, request_id, arrived, &reducer, args).await;
        Ok(begun.map_err(|cause| {
            let reducer_id = module.info().module_def.reducer_by_name(&reducer).map(|(id, _)| id);
            MessageExecutionError { reducer: Some(reducer), reducer_id, ..failure(client, cause.into()) }
        }))
    }

    async fn begin_procedure_v1(
        &mut self,
        call: CallProcedure<FunctionArgs>,
        arrived: Instant,
        room: Room,
    ) -> Result<(), Ending> {
        let CallProcedure { procedure, args, request_id, .. } = call;
        let (client, module) = (self.client, self.client.module());
        self.check_v1(&module, &procedure, &args).map_err(bad_message)?;
        let sent = match module.info().module_def.procedure_by_name(&procedure) {
            Some(_) => client.call_procedure(&procedure, held_v1(args, room), request_id, arrived).await,
            None => {
                let result = Err(ProcedureCallError::NoSuchProcedure);
                let result = ProcedureResultMessage::from_result(&result, request_id);
                module.subscriptions().send_procedure_message(client.sender(), result, None)
            }
        };
        if let Err(cause) = sent {
            tracing::debug!("A result found no way to its client: {cause}");
        }
        Ok(())
    }

    /// Arguments in JSON need no check.
    fn check_v1(&mut self, module: &ModuleHost, function: &str, args: &FunctionArgs) -> Result<(), ArgumentsRefused> {
        match args {
            FunctionArgs::Bsatn(args) => self.limits.check(module.info(), function, args),
            FunctionArgs::Json(_) | FunctionArgs::Nullary => Ok(()),
        }
    }

    /// Tells a client of a failed call in a message; later protocols have results for that.
    async fn tell_v1(&self, cause: MessageExecutionError) -> Result<(), Ending> {
        tracing::debug!("A v1 client's message failed: {:#}", cause.err);
        let pool = self.client.module().subscriptions().bsatn_rlb_pool.clone();
        let config = self.client.config;
        let notice = serialize(&pool, SerializeBuffer::new(config), cause, config).1;
        self.notices.send(notice).await.map_err(|_| Ending::ModuleExited)
    }
}

fn decode(message: DataMessage) -> Result<ClientMessage<FunctionArgs>, String> {
    match message {
        DataMessage::Text(text) => {
            let decoded = serde_json::from_str::<DeserializeWrapper<ClientMessage<Cow<'_, str>>>>(&text);
            let DeserializeWrapper(message) = decoded.map_err(|cause| cause.to_string())?;
            Ok(message.map_args(|args| match args {
                Cow::Borrowed(args) => FunctionArgs::Json(text.slice_ref(args)),
                Cow::Owned(args) => FunctionArgs::Json(args.into()),
            }))
        }
        DataMessage::Binary(bytes) => {
            let message = bsatn::from_slice::<ClientMessage<&[u8]>>(&bytes).map_err(|cause| cause.to_string())?;
            Ok(message.map_args(|args| FunctionArgs::Bsatn(bytes.slice_ref(args))))
        }
    }
}

fn failure(client: &ClientConnection, err: anyhow::Error) -> MessageExecutionError {
    let (caller_identity, caller_connection_id) = (client.id.identity, Some(client.id.connection_id));
    MessageExecutionError { reducer: None, reducer_id: None, caller_identity, caller_connection_id, err }
}

fn held_v1(args: FunctionArgs, room: Room) -> FunctionArgs {
    match args {
        FunctionArgs::Bsatn(args) => FunctionArgs::Bsatn(held(args, Some(room))),
        FunctionArgs::Json(args) => {
            // Bytes of a `ByteString` are UTF-8 by construction; a failure cannot happen.
            let args = ByteString::try_from(held(args.into_bytes(), Some(room))).unwrap_or_default();
            FunctionArgs::Json(args)
        }
        FunctionArgs::Nullary => FunctionArgs::Nullary,
    }
}
