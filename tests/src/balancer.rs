//! Several servers behind one port: each connection goes to the next server in turn, and past those that are down.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running balancer. It ends when it is dropped.
pub struct Balancer {
    /// Base URL of the servers behind it.
    pub url: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    servers: Vec<SocketAddr>,
    next: usize,
    /// Which server each connection went to.
    served: Vec<usize>,
}

impl Balancer {
    /// Listens on a free port, with no servers behind it yet.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, shared.clone()));
            }
        });
        Ok(Self { url, state, task })
    }

    /// Puts one more server behind the port.
    pub fn add(&self, url: &str) -> anyhow::Result<()> {
        let address = url.strip_prefix("http://").context("a URL of this machine")?.parse()?;
        locked(&self.state).servers.push(address);
        Ok(())
    }

    /// Has the next connection go to this server.
    pub fn turn_to(&self, server: usize) {
        locked(&self.state).next = server;
    }

    /// Which server each connection since the last look went to.
    pub fn served(&self) -> Vec<usize> {
        std::mem::take(&mut locked(&self.state).served)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client that finds no server, or loses it, sees its connection end.
async fn forward(mut client: TcpStream, state: Arc<Mutex<State>>) {
    let count = locked(&state).servers.len();
    for _ in 0..count {
        let (index, address) = {
            let mut state = locked(&state);
            let index = state.next % count;
            state.next = index + 1;
            (index, state.servers[index])
        };
        if let Ok(mut server) = TcpStream::connect(address).await {
            locked(&state).served.push(index);
            let _ = copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
