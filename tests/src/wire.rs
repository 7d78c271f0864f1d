//! A line between clients and a node that can be cut.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Forwards TCP connections to a node until it is cut or dropped.
pub struct Wire {
    /// What clients at this end take for the node's base URL.
    pub url: String,
    forwarding: JoinHandle<()>,
}

impl Wire {
    /// A line to the node with this base URL.
    pub async fn to(node_url: &str) -> anyhow::Result<Self> {
        let node: SocketAddr = node_url.strip_prefix("http://").context("a node's URL begins with http://")?.parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        Ok(Self { url, forwarding: tokio::spawn(forward(listener, node)) })
    }

    /// Takes every connection down at once: no protocol says goodbye, and nobody gets through again.
    pub fn cut(&self) {
        self.forwarding.abort();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Ends, when it is aborted, together with all connections that it holds.
async fn forward(listener: TcpListener, node: SocketAddr) {
    let mut lines = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        lines.spawn(async move {
            let Ok(mut node) = TcpStream::connect(node).await else { return };
            // Either end may go away whenever it likes.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
        });
    }
}
