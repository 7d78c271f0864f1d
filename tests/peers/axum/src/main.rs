//! A peer of `cargo xtask bench peers`: axum before PostgreSQL, with a prepared statement, which calls a stored procedure.
//!
//! `wallet` and `session` answer the two workloads, one of them in each process. `database` lends connections out: a
//! pooled one to one request at a time, a pipelined one to all, which then share its round trips.

mod database;
mod session;
mod wallet;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clap::Parser;
use jsonwebtoken::DecodingKey;
use tokio::net::TcpListener;

use database::{Database, Mode};

// What the node and the load generator run on too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser)]
struct Options {
    /// Where PostgreSQL is, in its own words: `host=… dbname=…`.
    #[arg(long)]
    database: String,
    /// How requests use connections.
    #[arg(long)]
    mode: Mode,
    /// Connections to PostgreSQL.
    #[arg(long)]
    connections: usize,
    /// The secret of players' tokens: sessions are started then, else transfers made.
    #[arg(long)]
    key_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let routes = routes(&options).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
    println!("listening on {}", listener.local_addr()?);
    Ok(axum::serve(NoDelay(listener), routes).await?)
}

async fn routes(options: &Options) -> anyhow::Result<Router> {
    let connect = |statement| Database::connect(&options.database, options.mode, options.connections, statement);
    let Some(key_file) = &options.key_file else {
        let database = connect(wallet::STATEMENT).await?;
        return Ok(Router::new().route("/transfers", post(wallet::transfer)).with_state(database));
    };
    let key = Arc::new(DecodingKey::from_secret(&std::fs::read(key_file).context("the secret cannot be read")?));
    let sessions = session::Sessions { database: connect(session::STATEMENT).await?, key };
    Ok(Router::new().route("/session", get(session::start)).with_state(sessions))
}

/// Why a request was not answered as it wished.
enum Failure {
    /// By its own fault, or for want of rows.
    Refused(StatusCode),
    /// By a fault of the database, which is logged.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(status) => status.into_response(),
            Self::Broken(error) => {
                eprintln!("{error:#}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Answers leave at once, as those of the other servers do.
struct NoDelay(TcpListener);

impl axum::serve::Listener for NoDelay {
    type Io = tokio::net::TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        // A socket that has just gone cannot be set.
        let _ = stream.set_nodelay(true);
        (stream, address)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}
