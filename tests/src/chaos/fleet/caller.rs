//! A client's connection to the node, which is opened again whenever it is lost.

use std::sync::Arc;
use std::time::Duration;

use spacetimedb_lib::de::DeserializeOwned;
use spacetimedb_lib::ser::Serialize;
use tokio::time::{sleep, timeout};

use super::super::history::{Micros, NEVER, Told};
use super::{Ground, Places};
use crate::module_calls::{Answer, ModuleCalls, SocketCalls};

/// How long a client waits for an answer before it gives the connection up.
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

/// Somebody who calls with confirmed reads.
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
        match timeout(PATIENCE, self.answer(procedure, args)).await {
            Ok(Ok(Ok(answer))) => Told::Done(answer),
            Ok(Ok(Err(refusal))) => Told::Refused(format!("{:?}: {}", refusal.code, refusal.message)),
            Ok(Err(_)) | Err(_) => {
                self.connection = None;
                Told::Nothing
            }
        }
    }

    async fn answer<T: DeserializeOwned>(
        &mut self,
        procedure: &'static str,
        args: &impl Serialize,
    ) -> anyhow::Result<Answer<T>> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let Places { node_url, database, .. } = &self.ground.places;
                ModuleCalls::Socket(SocketCalls::connect_confirmed(node_url, database, &self.token, None).await?)
            }
        };
        let answer = connection.call(procedure, args).await?;
        self.connection = Some(connection);
        Ok(answer)
    }
}
