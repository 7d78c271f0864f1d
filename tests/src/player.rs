//! A game client on the Rust SDK: connected as a player, subscribed to everything that it may see.

use anyhow::Context;
use spacetimedb_lib::Identity;
use spacetimedb_sdk::DbContext;
use tokio::sync::mpsc;
use tokio::time::timeout;
use worldloom_client::{DbConnection, DomainError, RemoteTables};

use crate::{Account, DEADLINE, Database, eventually};

/// A connected client.
pub struct Player {
    /// Who it is.
    pub account: Account,
    /// The same, as the module sees it.
    pub identity: Identity,
    /// The SDK's connection.
    pub connection: DbConnection,
}

impl Player {
    /// A new identity, connected and subscribed to all views and public tables.
    pub async fn join(database: &Database) -> anyhow::Result<Self> {
        Self::join_as(database, database.account().await?).await
    }

    /// A client of this account; an account may have several at a time.
    pub async fn join_as(database: &Database, account: Account) -> anyhow::Result<Self> {
        Self::connect(database, account, None).await
    }

    /// The same, subscribed to these queries alone.
    pub async fn join_watching(database: &Database, account: Account, queries: &[&str]) -> anyhow::Result<Self> {
        Self::connect(database, account, Some(queries)).await
    }

    async fn connect(database: &Database, account: Account, queries: Option<&[&str]>) -> anyhow::Result<Self> {
        let (url, name, token) = (database.url.clone(), database.name.clone(), account.token.clone());
        let builder = DbConnection::builder().with_uri(url).with_database_name(name).with_token(Some(token));
        // Building blocks its thread until the WebSocket stands.
        let connection = tokio::task::spawn_blocking(move || builder.build()).await??;
        connection.run_threaded();
        let (applied, mut outcome) = mpsc::unbounded_channel();
        let failed = applied.clone();
        let subscription = connection
            .subscription_builder()
            .on_applied(move |_| drop(applied.send(Ok(()))))
            .on_error(move |_, error| drop(failed.send(Err(error))));
        match queries {
            Some(queries) => drop(subscription.subscribe(queries.to_vec())),
            None => drop(subscription.subscribe_to_all_tables()),
        }
        let outcome = timeout(DEADLINE, outcome.recv()).await?;
        outcome.context("the connection ended before the subscription stood")??;
        let identity = Identity::from_hex(&account.identity)?;
        Ok(Self { account, identity, connection })
    }

    /// What the client's cache holds.
    pub fn rows(&self) -> &RemoteTables {
        self.connection.db()
    }

    /// Waits until the cache shows what `look` looks for.
    pub async fn sees<T>(&self, what: &str, look: impl Fn(&RemoteTables) -> Option<T>) -> anyhow::Result<T> {
        eventually(what, || std::future::ready(look(self.rows()))).await
    }

    /// Waits until the client has noticed that its connection is gone.
    pub async fn loses_its_connection(&self) -> anyhow::Result<()> {
        eventually("the connection to be gone", || std::future::ready((!self.connection.is_active()).then_some(())))
            .await
    }

    /// Ends the connection, as closing the game does.
    pub fn leave(self) -> Account {
        // An error says that it has ended already.
        let _ = self.connection.disconnect();
        self.account
    }
}

/// The refusal that a call must end in.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, DomainError>) -> anyhow::Result<DomainError> {
    match answer {
        Err(refusal) => Ok(refusal),
        Ok(value) => anyhow::bail!("accepted: {value:?}"),
    }
}

/// Calls a procedure of the game module and waits for its result, a `Result<_, DomainError>`.
///
/// `ask!(player, publish_world_and_return_then(None, request))`: the method that takes a callback,
/// without the callback.
#[macro_export]
macro_rules! ask {
    ($player:expr, $procedure:ident($($argument:expr),* $(,)?)) => {{
        let (answer, answered) = tokio::sync::oneshot::channel();
        $player.connection.procedures.$procedure($($argument,)* move |_, result| drop(answer.send(result)));
        tokio::time::timeout($crate::DEADLINE, answered).await???
    }};
}

/// Calls a reducer of the game module and waits for its outcome, a `Result<(), String>`.
///
/// `reduce!(player, like_world_then(world_id))`: the method that takes a callback, without the
/// callback.
#[macro_export]
macro_rules! reduce {
    ($player:expr, $reducer:ident($($argument:expr),* $(,)?)) => {{
        let (outcome, known) = tokio::sync::oneshot::channel();
        $player.connection.reducers.$reducer($($argument,)* move |_, result| drop(outcome.send(result)))?;
        tokio::time::timeout($crate::DEADLINE, known).await???
    }};
}

/// Ends the test unless a reducer was refused with this code.
pub fn expect_refused(outcome: Result<(), String>, code: &str) -> anyhow::Result<()> {
    let text = outcome.err().unwrap_or_default();
    anyhow::ensure!(text.strip_prefix(code).is_some_and(|rest| rest.starts_with(": ")), "not {code}: {text:?}");
    Ok(())
}

/// The outcome of a reducer that must succeed.
pub fn done(outcome: Result<(), String>) -> anyhow::Result<()> {
    outcome.map_err(|refusal| anyhow::anyhow!("refused: {refusal}"))
}
