//! Entry points of a game module, called over a WebSocket or in this process, many at a time.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context, anyhow, ensure};
use futures::stream::SplitStream;
use futures::{SinkExt, StreamExt};
use spacetimedb_client_api_messages::websocket::common::{CallProcedureFlags, QuerySetId};
use spacetimedb_client_api_messages::websocket::v2;
use spacetimedb_core::host::{FunctionArgs, ModuleHost, ReducerOutcome};
use spacetimedb_lib::de::DeserializeOwned;
use spacetimedb_lib::ser::Serialize;
use spacetimedb_lib::{ConnectionId, Identity, bsatn};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use worldloom_client::DomainError;

/// The connection that callers in this process pretend to have.
const CONNECTION: ConnectionId = ConnectionId::from_u128(1);

/// What a procedure answers.
pub type Answer<T> = Result<T, DomainError>;

/// Somebody's way to the module. Cloning it shares the connection.
#[derive(Clone)]
pub enum ModuleCalls {
    /// Through the engine's own queue.
    InProcess {
        /// The running module.
        module: ModuleHost,
        /// Who calls.
        caller: Identity,
    },
    /// Through a node.
    Socket(SocketCalls),
}

impl ModuleCalls {
    /// Calls a procedure; `args` is a tuple of its arguments.
    ///
    /// The outer error is a fault of the database or the connection.
    pub async fn call<T: DeserializeOwned>(
        &self,
        procedure: &'static str,
        args: &impl Serialize,
    ) -> anyhow::Result<Answer<T>> {
        let answer = self.call_encoded(procedure, bsatn::to_vec(args)?).await?;
        let unreadable = |error| Unreadable(format!("the answer of {procedure} has another shape: {error}"));
        Ok(bsatn::from_slice(&answer).map_err(unreadable)?)
    }

    /// The same with encoded arguments and an encoded answer.
    pub async fn call_encoded(&self, procedure: &str, args: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        match self {
            ModuleCalls::InProcess { module, caller } => {
                let args = FunctionArgs::Bsatn(args.into());
                let called = module.call_procedure(*caller, Some(CONNECTION), None, procedure, args, false).await;
                let value = called.result.with_context(|| procedure.to_owned())?.return_val;
                Ok(bsatn::to_vec(&value)?)
            }
            ModuleCalls::Socket(socket) => socket.call(procedure, args).await,
        }
    }

    /// Calls a reducer with encoded arguments; a refusal is a fault.
    pub async fn reduce_encoded(&self, reducer: &str, args: Vec<u8>) -> anyhow::Result<()> {
        match self {
            ModuleCalls::InProcess { module, caller } => {
                let args = FunctionArgs::Bsatn(args.into());
                let called = module.call_reducer(*caller, Some(CONNECTION), None, None, None, reducer, args).await?;
                let outcome = called.outcome;
                ensure!(matches!(outcome, ReducerOutcome::Committed), "{reducer} failed: {outcome:?}");
                Ok(())
            }
            ModuleCalls::Socket(socket) => socket.reduce(reducer, args).await,
        }
    }

    /// The same, when a refusal is a fault.
    pub async fn accepted<T: DeserializeOwned>(
        &self,
        procedure: &'static str,
        args: &impl Serialize,
    ) -> anyhow::Result<T> {
        let answer = self.call(procedure, args).await?;
        answer.map_err(|refusal| anyhow!("{procedure} was refused: {} ({:?})", refusal.message, refusal.code))
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
/// Those who wait for an answer, by their numbers; nobody once the connection has ended.
type Waiting = Arc<Mutex<Option<HashMap<u32, Waiter>>>>;
type Waiter = oneshot::Sender<Result<Vec<u8>, String>>;
/// Takes what a subscription says, in order.
pub type Changes = mpsc::UnboundedSender<v2::ServerMessage>;

/// Something came whole over a connection and nobody can read it. That is never the network's fault.
#[derive(Clone, Debug)]
pub struct Unreadable(String);

impl Display for Unreadable {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "nobody can read what the node said: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

/// One WebSocket connection.
#[derive(Clone)]
pub struct SocketCalls {
    sender: mpsc::UnboundedSender<Message>,
    waiting: Waiting,
    next_request: Arc<AtomicU32>,
    unreadable: Arc<OnceLock<Unreadable>>,
}

impl SocketCalls {
    /// Connects to a database of the node at `url` (`http://…`), with a bearer token.
    pub async fn connect(url: &str, database: &str, token: &str) -> anyhow::Result<Self> {
        Self::open(url, database, token, "confirmed=false", None).await
    }

    /// The same with confirmed reads: whatever arrives is on disk. First rows of subscriptions and what changes in
    /// them go to `changes`, which ends with the connection.
    pub async fn connect_confirmed(
        url: &str,
        database: &str,
        token: &str,
        changes: Option<Changes>,
    ) -> anyhow::Result<Self> {
        Self::open(url, database, token, "confirmed=true", changes).await
    }

    async fn open(
        url: &str,
        database: &str,
        token: &str,
        reads: &str,
        changes: Option<Changes>,
    ) -> anyhow::Result<Self> {
        let address = url.strip_prefix("http").context("the node's URL begins with http")?;
        let url = format!("ws{address}/v1/database/{database}/subscribe?compression=None&{reads}");
        let mut request = url.into_client_request()?;
        let headers = request.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(v2::BIN_PROTOCOL));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        let (socket, _) = connect_async(request).await?;
        let (mut sink, stream) = socket.split();
        let (sender, mut outgoing) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(message) = outgoing.recv().await {
                if sink.send(message).await.is_err() {
                    return;
                }
            }
            // Nobody calls any more. Whoever does not hear the goodbye notices by itself.
            let _ = sink.close().await;
        });
        let (waiting, unreadable) = (Waiting::new(Mutex::new(Some(HashMap::new()))), Arc::default());
        tokio::spawn(distribute(stream, waiting.clone(), changes, Arc::clone(&unreadable)));
        Ok(Self { sender, waiting, next_request: Arc::default(), unreadable })
    }

    /// What nobody could read, if the connection ended over that.
    pub fn unreadable(&self) -> Option<&Unreadable> {
        self.unreadable.get()
    }

    /// Watches all rows of these tables and views from now on; what changes in them is thrown away.
    pub async fn subscribe(&self, tables: &[&str]) -> anyhow::Result<()> {
        let queries: Vec<_> = tables.iter().map(|table| format!("SELECT * FROM {table}").into()).collect();
        let message = |request_id| {
            let query_set_id = QuerySetId::new(request_id);
            v2::ClientMessage::Subscribe(v2::Subscribe { request_id, query_set_id, query_strings: queries.into() })
        };
        self.ask("a subscription", message).await.map(drop)
    }

    async fn call(&self, procedure: &str, args: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        let message = |request_id| {
            let (flags, procedure, args) = (CallProcedureFlags::Default, procedure.into(), args.into());
            v2::ClientMessage::CallProcedure(v2::CallProcedure { request_id, flags, procedure, args })
        };
        self.ask(procedure, message).await
    }

    async fn reduce(&self, reducer: &str, args: Vec<u8>) -> anyhow::Result<()> {
        let message = |request_id| {
            let (flags, reducer, args) = (v2::CallReducerFlags::Default, reducer.into(), args.into());
            v2::ClientMessage::CallReducer(v2::CallReducer { request_id, flags, reducer, args })
        };
        self.ask(reducer, message).await.map(drop)
    }

    fn expect_answer(&self, request_id: u32, answer: Waiter) -> anyhow::Result<()> {
        let mut waiting = self.waiting.lock().map_err(|_| anyhow!("the reader has failed"))?;
        waiting.as_mut().context("the connection has ended")?.insert(request_id, answer);
        Ok(())
    }

    async fn ask(&self, name: &str, message: impl FnOnce(u32) -> v2::ClientMessage) -> anyhow::Result<Vec<u8>> {
        let request_id = self.next_request.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.expect_answer(request_id, answer).with_context(|| name.to_owned())?;
        self.sender.send(Message::Binary(bsatn::to_vec(&message(request_id))?.into()))?;
        let answer = answered.await.map_err(|_| match self.unreadable() {
            Some(unreadable) => anyhow!(unreadable.clone()),
            None => anyhow!("the connection ended during {name}"),
        })?;
        answer.map_err(|fault| anyhow!("{name} failed: {fault}"))
    }
}

/// Gives each answer to the call that waits for it, until the connection ends.
async fn distribute(
    stream: SplitStream<Socket>,
    waiting: Waiting,
    changes: Option<Changes>,
    unreadable: Arc<OnceLock<Unreadable>>,
) -> anyhow::Result<()> {
    let ended = hand_out(stream, &waiting, changes, &unreadable).await;
    // Nobody will answer those who still wait, nor those who come now.
    waiting.lock().map_err(|_| anyhow!("a caller has failed"))?.take();
    ended
}

async fn hand_out(
    mut stream: SplitStream<Socket>,
    waiting: &Waiting,
    changes: Option<Changes>,
    unreadable: &OnceLock<Unreadable>,
) -> anyhow::Result<()> {
    while let Some(message) = stream.next().await {
        let Message::Binary(frame) = message? else { continue };
        let message = read(&frame).inspect_err(|error| drop(unreadable.set(error.clone())))?;
        if let Some((request_id, answer)) = answer_in(&message) {
            let mut waiting = waiting.lock().map_err(|_| anyhow!("a caller has failed"))?;
            let waiter = waiting.as_mut().and_then(|waiting| waiting.remove(&request_id));
            // A caller that is gone does not want the answer.
            let _ = waiter.map(|waiter| waiter.send(answer));
        }
        if let (Some(changes), true) = (&changes, is_change(&message)) {
            // Nor does a subscriber that is gone.
            let _ = changes.send(message);
        }
    }
    Ok(())
}

/// A message, which must not be compressed: nobody has asked for that.
fn read(frame: &[u8]) -> Result<v2::ServerMessage, Unreadable> {
    let Some((0, message)) = frame.split_first() else { return Err(Unreadable("it is compressed".to_owned())) };
    bsatn::from_slice(message).map_err(|error| Unreadable(error.to_string()))
}

fn is_change(message: &v2::ServerMessage) -> bool {
    matches!(message, v2::ServerMessage::SubscribeApplied(_) | v2::ServerMessage::TransactionUpdate(_))
}

/// The answer to a call in a message, with the call's number; nothing in a message of another kind.
fn answer_in(message: &v2::ServerMessage) -> Option<(u32, Result<Vec<u8>, String>)> {
    match message {
        v2::ServerMessage::ProcedureResult(result) => {
            let answer = match &result.status {
                v2::ProcedureStatus::Returned(value) => Ok(value.to_vec()),
                v2::ProcedureStatus::InternalError(fault) => Err(fault.to_string()),
            };
            Some((result.request_id, answer))
        }
        v2::ServerMessage::ReducerResult(result) => {
            let answer = match &result.result {
                v2::ReducerOutcome::Ok(done) => Ok(done.ret_value.to_vec()),
                v2::ReducerOutcome::OkEmpty => Ok(Vec::new()),
                v2::ReducerOutcome::Err(refusal) => Err(String::from_utf8_lossy(refusal).into_owned()),
                v2::ReducerOutcome::InternalError(fault) => Err(fault.to_string()),
            };
            Some((result.request_id, answer))
        }
        v2::ServerMessage::SubscribeApplied(applied) => Some((applied.request_id, Ok(Vec::new()))),
        v2::ServerMessage::SubscriptionError(error) => Some((error.request_id?, Err(error.error.to_string()))),
        _ => None,
    }
}
