//! A client's connection to the node, which is opened again whenever it is lost.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use reqwest::{RequestBuilder, StatusCode};
use spacetimedb_lib::de::DeserializeOwned;
use spacetimedb_lib::ser::Serialize;
use tokio::time::{sleep, timeout};

use super::super::history::{Micros, NEVER, Told};
use super::{Ground, Places};
use crate::module_calls::{Answer, ModuleCalls, SocketCalls, Unreadable};

/// How long a client waits for an answer before it gives the connection up, unless nothing is wrong.
pub const PATIENCE: Duration = Duration::from_secs(4);
/// After a failed attempt, so that a node that is away is not asked without pause.
pub const PAUSE: Duration = Duration::from_millis(30);

/// What becomes of a request that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempts {
    /// It is left at that: nobody will ever know by an answer.
    One,
    /// It is repeated under its idempotency key until it is answered.
    UntilAnswered,
}

/// What the facade answers: its status, and the body if all of it came. Nothing if there is no answer.
///
/// In peace there is one. It may say that the facade or the node is too busy, but not that it does not know what is
/// wrong (500).
pub async fn answered(ground: &Ground, request: RequestBuilder) -> Option<(StatusCode, Option<String>)> {
    let attempt = ground.attempt();
    let answer = match timeout(attempt.patience, request.send()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(fault)) => return ground.unanswered(&attempt, format!("the facade: {fault}")),
        Err(_) => return ground.unanswered(&attempt, format!("the facade: no answer for {:?}", attempt.patience)),
    };
    let status = answer.status();
    let body = timeout(attempt.patience, answer.text()).await.ok().and_then(Result::ok);
    if status == StatusCode::INTERNAL_SERVER_ERROR || body.is_none() {
        ground.disturbed(&attempt, format!("the facade: {status} {body:?}"));
    }
    Some((status, body))
}

/// Somebody who calls, with confirmed reads unless the run is one that must fail.
pub struct Caller {
    ground: Arc<Ground>,
    token: String,
    connection: Option<ModuleCalls>,
}

/// When a request was begun and ended, and what was told.
pub struct Settled<T> {
    /// When it was sent first.
    pub begun: Micros,
    /// When the answer had arrived.
    pub ended: Micros,
    /// The answer.
    pub told: Told<T>,
}

impl Caller {
    /// Somebody who has not connected yet.
    pub fn new(ground: &Arc<Ground>, token: &str) -> Self {
        Self { ground: ground.clone(), token: token.to_owned(), connection: None }
    }

    /// Calls a procedure, once or until there is an answer.
    ///
    /// A refusal settles a request only if it was sent once: an earlier attempt may still be on its way, and be
    /// accepted when it arrives.
    pub async fn settle<T: DeserializeOwned>(
        &mut self,
        procedure: &'static str,
        args: &impl Serialize,
        attempts: Attempts,
    ) -> Settled<T> {
        let begun = self.ground.clock.now();
        let mut open = 0;
        loop {
            let told = self.call(procedure, args).await;
            let ended = self.ground.clock.now();
            match told {
                Told::Nothing if attempts == Attempts::UntilAnswered => {
                    open += 1;
                    sleep(PAUSE).await;
                }
                Told::Nothing => return Settled { begun, ended: NEVER, told: Told::Nothing },
                Told::Refused(_) if open > 0 => return Settled { begun, ended: NEVER, told: Told::Nothing },
                told => return Settled { begun, ended, told },
            }
        }
    }

    async fn call<T: DeserializeOwned>(&mut self, procedure: &'static str, args: &impl Serialize) -> Told<T> {
        let ground = self.ground.clone();
        let attempt = ground.attempt();
        let fault = match timeout(attempt.patience, self.answer(procedure, args)).await {
            Ok(Ok(Ok(answer))) => return Told::Done(answer),
            Ok(Ok(Err(refusal))) => return Told::Refused(format!("{:?}: {}", refusal.code, refusal.message)),
            Ok(Err(fault)) => fault,
            Err(_) => anyhow!("no answer for {:?}", attempt.patience),
        };
        self.connection = None;
        if fault.is::<Unreadable>() {
            ground.give_up(format!("{procedure}: {fault:#}"));
        }
        ground.disturbed(&attempt, format!("{procedure}: {fault:#}"));
        Told::Nothing
    }

    async fn answer<T: DeserializeOwned>(
        &mut self,
        procedure: &'static str,
        args: &impl Serialize,
    ) -> anyhow::Result<Answer<T>> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let Places { node_url, database, waits_for_disk, .. } = &self.ground.places;
                ModuleCalls::Socket(match waits_for_disk {
                    true => SocketCalls::connect_confirmed(node_url, database, &self.token, None).await?,
                    false => SocketCalls::connect(node_url, database, &self.token).await?,
                })
            }
        };
        let answer = connection.call(procedure, args).await?;
        self.connection = Some(connection);
        Ok(answer)
    }
}
