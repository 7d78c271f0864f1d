//! A line between clients and a node that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Forwards TCP connections to a node until it is cut or dropped.
pub struct Wire {
    /// What clients at this end take for the node's base URL.
    pub url: String,
    is_silent: Arc<AtomicBool>,
    forwarding: JoinHandle<()>,
}

impl Wire {
    /// A line to the node with this base URL.
    pub async fn to(node_url: &str) -> anyhow::Result<Self> {
        let node: SocketAddr = node_url.strip_prefix("http://").context("a node's URL begins with http://")?.parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let is_silent = Arc::new(AtomicBool::new(false));
        Ok(Self { url, is_silent: is_silent.clone(), forwarding: tokio::spawn(forward(listener, node, is_silent)) })
    }

    /// From now on requests arrive, and what the node says is lost.
    pub fn lose_answers(&self) {
        self.is_silent.store(true, Ordering::SeqCst);
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
async fn forward(listener: TcpListener, node: SocketAddr, is_silent: Arc<AtomicBool>) {
    let mut lines = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let is_silent = is_silent.clone();
        lines.spawn(async move {
            let Ok(mut node) = TcpStream::connect(node).await else { return };
            let ((mut questions, answered), (answers, mut asked)) = (client.split(), node.split());
            // Either end may go away whenever it likes, and takes the other one with it.
            tokio::select! {
                _ = tokio::io::copy(&mut questions, &mut asked) => {}
                _ = carry_answers(answers, answered, &is_silent) => {}
            }
        });
    }
}

async fn carry_answers(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, is_silent: &AtomicBool) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match from.read(&mut bytes).await? {
            0 => return Ok(()),
            _ if is_silent.load(Ordering::SeqCst) => {}
            length => to.write_all(&bytes[..length]).await?,
        }
    }
}
