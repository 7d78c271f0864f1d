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
    /// Requests share connections: each sends its statements without waiting for the answers to those before them.
    Pipelined,
}

/// A connection with its prepared statements, in the order in which they were named.
pub struct Prepared {
    client: Client,
    statements: Vec<Statement>,
}

/// The connections. Clones share them.
#[derive(Clone)]
pub enum Database {
    /// One request each.
    Pooled(Pool, &'static [&'static str]),
    /// In turn.
    Pipelined(Arc<[Prepared]>, Arc<AtomicUsize>),
}

impl Database {
    /// Opens all connections, and prepares the statements on each.
    pub async fn connect(
        place: &str,
        mode: Mode,
        connections: usize,
        statements: &'static [&'static str],
    ) -> anyhow::Result<Self> {
        let config: Config = place.parse().context("the place of the database cannot be understood")?;
        match mode {
            Mode::Pooled => {
                // Fast: a connection that broke is noticed by its next user.
                let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
                let pool =
                    Pool::builder(Manager::from_config(config, NoTls, settings)).max_size(connections).build()?;
                let opened = try_join_all((0..connections).map(|_| pool.get())).await?;
                for client in &opened {
                    try_join_all(statements.iter().map(|statement| client.prepare_cached(statement))).await?;
                }
                Ok(Self::Pooled(pool, statements))
            }
            Mode::Pipelined => {
                let all = try_join_all((0..connections).map(|_| Prepared::connect(&config, statements))).await?;
                Ok(Self::Pipelined(all.into(), Arc::default()))
            }
        }
    }

    /// Runs the first statement, which gives one row.
    pub async fn first(&self, parameters: &[&(dyn ToSql + Sync)]) -> anyhow::Result<Row> {
        match self {
            Self::Pooled(pool, statements) => {
                let client = pool.get().await?;
                let statement = client.prepare_cached(statements[0]).await?;
                Ok(client.query_one(&statement, parameters).await?)
            }
            Self::Pipelined(all, next) => {
                let Prepared { client, statements } = next_of(all, next);
                Ok(client.query_one(&statements[0], parameters).await?)
            }
        }
    }

    /// Runs all statements with the same parameters, sent together over one connection.
    pub async fn all(&self, parameters: &[&(dyn ToSql + Sync)]) -> anyhow::Result<Vec<Vec<Row>>> {
        match self {
            Self::Pooled(pool, statements) => {
                let client = pool.get().await?;
                let prepared =
                    try_join_all(statements.iter().map(|statement| client.prepare_cached(statement))).await?;
                Ok(try_join_all(prepared.iter().map(|statement| client.query(statement, parameters))).await?)
            }
            Self::Pipelined(all, next) => {
                let Prepared { client, statements } = next_of(all, next);
                Ok(try_join_all(statements.iter().map(|statement| client.query(statement, parameters))).await?)
            }
        }
    }
}

fn next_of<'a>(all: &'a [Prepared], next: &AtomicUsize) -> &'a Prepared {
    &all[next.fetch_add(1, Ordering::Relaxed) % all.len()]
}

impl Prepared {
    async fn connect(config: &Config, statements: &[&str]) -> anyhow::Result<Self> {
        let (client, connection) = config.connect(NoTls).await.context("PostgreSQL cannot be reached")?;
        tokio::spawn(connection);
        let statements = try_join_all(statements.iter().map(|statement| client.prepare(statement))).await?;
        Ok(Self { client, statements })
    }
}
