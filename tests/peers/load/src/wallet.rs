//! Workload 1: transfers between accounts.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures::future::try_join_all;

use crate::driver::{Connection, drive};
use crate::http::{HttpConnection, Target};
use crate::node::{Database, Transfers};
use crate::pacer::{Window, paces};
use crate::pairs::Pairs;
use crate::recorder::{Recorder, Summary};
use crate::trpc::TrpcConnection;

/// The procedure that makes a transfer, by tRPC.
const TRPC_PROCEDURE: &str = "transfer";

/// What the other side speaks.
#[derive(Clone, Copy, ValueEnum)]
enum Protocol {
    /// A node's WebSocket.
    Node,
    /// JSON over HTTP/1.1.
    Http,
    /// tRPC's batches of JSON over HTTP/1.1.
    Trpc,
}

#[derive(Args)]
pub struct Options {
    /// What the other side speaks.
    #[arg(long)]
    protocol: Protocol,
    /// Address and port.
    #[arg(long)]
    address: String,
    /// Path of the route, for HTTP.
    #[arg(long, default_value = "/transfers")]
    path: String,
    /// Bearer token, for HTTP.
    #[arg(long)]
    token: Option<String>,
    /// Name of the database, for a node.
    #[arg(long, default_value = "transfer")]
    database: String,
    /// A node's answers do not wait for the disk.
    #[arg(long)]
    unconfirmed: bool,
    /// File with two account numbers on each line.
    #[arg(long)]
    pairs: PathBuf,
    /// Which of them comes first, as a part of all: loads that begin apart meet other accounts.
    #[arg(long, default_value_t = 0.0)]
    begin: f64,
    /// Clients, each with a connection of its own.
    #[arg(long)]
    clients: usize,
    /// Calls that each client has under way at most.
    #[arg(long)]
    in_flight: usize,
    /// Calls a second of all clients; without a rate, each answer makes room for the next call.
    #[arg(long)]
    rate: Option<f64>,
    /// Before anything counts.
    #[arg(long)]
    warm_up_seconds: f64,
    /// While everything counts.
    #[arg(long)]
    seconds: f64,
}

/// Makes the calls.
pub async fn run(options: Options) -> anyhow::Result<Summary> {
    let pairs = Pairs::read(&options.pairs, options.begin)?;
    let clients = 0..options.clients;
    match options.protocol {
        Protocol::Node => {
            let (name, is_confirmed) = (options.database.clone(), !options.unconfirmed);
            let database = Database { address: options.address.clone(), name, is_confirmed };
            let connections = clients.map(|_| Transfers::open(&database, pairs.clone()));
            drive_all(try_join_all(connections).await?, &options).await
        }
        Protocol::Http => {
            let (path, token) = (options.path.clone(), options.token.clone());
            let target = Target { address: options.address.clone(), path, token };
            let connections = clients.map(|_| HttpConnection::open(&target, transfers(pairs.clone())));
            drive_all(try_join_all(connections).await?, &options).await
        }
        Protocol::Trpc => {
            let open = |_| TrpcConnection::open(&options.address, TRPC_PROCEDURE, transfers(pairs.clone()));
            drive_all(try_join_all(clients.map(open)).await?, &options).await
        }
    }
}

/// The next transfer in JSON each time.
fn transfers(pairs: Pairs) -> impl FnMut() -> String {
    move || {
        let (from, to) = pairs.next();
        format!(r#"{{"from":{from},"to":{to},"amount":1}}"#)
    }
}

async fn drive_all<C: Connection + 'static>(connections: Vec<C>, options: &Options) -> anyhow::Result<Summary> {
    let (warm_up, seconds) =
        (Duration::from_secs_f64(options.warm_up_seconds), Duration::from_secs_f64(options.seconds));
    let window = Window::beginning_now(warm_up, seconds);
    let paces = paces(connections.len(), options.rate, window);
    let local = tokio::task::LocalSet::new();
    let clients: Vec<_> = connections
        .into_iter()
        .zip(paces)
        .map(|(connection, pace)| local.spawn_local(drive(connection, pace, options.in_flight, window)))
        .collect();
    let recorders = local.run_until(try_join_all(clients)).await?;
    let mut all = Recorder::new(window)?;
    for recorder in recorders {
        all.add(&recorder?)?;
    }
    Ok(all.summary())
}
