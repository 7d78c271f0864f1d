//! Connections to PostgreSQL, lent out in one of two ways.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use clap::ValueEnum;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use futures::future::try_join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

/// How requests use connections.
#[derive(Clone, Copy, ValueEnum)]
pub enum Mode {
    /// A request has a connection for itself.
    Pooled,
    /// Requests share connections: each sends its statement without waiting for the answers to those before it.
    Pipelined,
}

/// A connection with its prepared statement.
pub struct Prepared {
    client: Client,
    statement: Statement,
}

/// The connections. Clones share them.
#[derive(Clone)]
pub enum Database {
    /// One request each.
    Pooled(Pool, &'static str),
    /// In turn.
    Pipelined(Arc<[Prepared]>, Arc<AtomicUsize>),
}

impl Database {
    /// Opens all connections, and prepares the statement on each.
    pub async fn connect(place: &str, mode: Mode, connections: usize, statement: &'static str) -> anyhow::Result<Self> {
        let config: Config = place.parse().context("the place of the database cannot be understood")?;
        match mode {
            Mode::Pooled => {
                // Fast: a connection that broke is noticed by its next user.
                let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
                let pool =
                    Pool::builder(Manager::from_config(config, NoTls, settings)).max_size(connections).build()?;
                let opened = try_join_all((0..connections).map(|_| pool.get())).await?;
                try_join_all(opened.iter().map(|client| client.prepare_cached(statement))).await?;
                Ok(Self::Pooled(pool, statement))
            }
            Mode::Pipelined => {
                let all = try_join_all((0..connections).map(|_| Prepared::connect(&config, statement))).await?;
                Ok(Self::Pipelined(all.into(), Arc::default()))
            }
        }
    }

    /// Runs the statement, which gives one row.
    pub async fn ask(&self, parameters: &[&(dyn ToSql + Sync)]) -> anyhow::Result<Row> {
        match self {
            Self::Pooled(pool, statement) => {
                let client = pool.get().await?;
                let statement = client.prepare_cached(statement).await?;
                Ok(client.query_one(&statement, parameters).await?)
            }
            Self::Pipelined(all, next) => {
                let Prepared { client, statement } = &all[next.fetch_add(1, Ordering::Relaxed) % all.len()];
                Ok(client.query_one(statement, parameters).await?)
            }
        }
    }
}

impl Prepared {
    async fn connect(config: &Config, statement: &str) -> anyhow::Result<Self> {
        let (client, connection) = config.connect(NoTls).await.context("PostgreSQL cannot be reached")?;
        tokio::spawn(connection);
        let statement = client.prepare(statement).await?;
        Ok(Self { client, statement })
    }
}
