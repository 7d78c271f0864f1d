//! A line between two parts of the product that can be slow, silent or cut.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// Pieces of a direction that may be under way at once; who sends more waits, as with a full window.
const UNDER_WAY_MAX: usize = 256;

/// What happens to what is sent over a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// It arrives.
    Flows,
    /// It arrives so much later.
    Late(Duration),
    /// It arrives once traffic flows again, as when lost packets are sent once more.
    Held,
    /// Requests arrive, and what the other side says is lost; and with it, once traffic flows again, the connection.
    LosesAnswers,
    /// Every connection is taken down, and so is each new one: no protocol says goodbye.
    Refused,
}

/// Forwards TCP connections until it is cut or dropped.
pub struct Wire {
    /// What clients at this end take for the base URL of the other one.
    pub url: String,
    traffic: watch::Sender<Traffic>,
    forwarding: JoinHandle<()>,
}

impl Wire {
    /// A line to the node or the facade with this base URL.
    pub async fn to(url: &str) -> anyhow::Result<Self> {
        let target: SocketAddr = url.strip_prefix("http://").context("a base URL begins with http://")?.parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (traffic, seen) = watch::channel(Traffic::Flows);
        Ok(Self { url, traffic, forwarding: tokio::spawn(forward(listener, target, seen)) })
    }

    /// From now on this happens to what is sent, on connections that stand and on new ones.
    pub fn set(&self, traffic: Traffic) {
        self.traffic.send_replace(traffic);
    }

    /// From now on requests arrive, and what the other side says is lost.
    pub fn lose_answers(&self) {
        self.set(Traffic::LosesAnswers);
    }

    /// Takes every connection down at once and for good.
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
async fn forward(listener: TcpListener, target: SocketAddr, traffic: watch::Receiver<Traffic>) {
    let mut lines = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(lines.spawn(carry(client, target, traffic.clone()))),
                // Too many files are open: somebody will close one.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = lines.join_next() => {}
        }
    }
}

/// Either end may go away whenever it likes, and takes the other one with it.
async fn carry(mut client: TcpStream, target: SocketAddr, traffic: watch::Receiver<Traffic>) {
    let mut watched = traffic.clone();
    let refused = async move {
        // An error says that the line itself is gone.
        let _ = watched.wait_for(|traffic| *traffic == Traffic::Refused).await;
    };
    let carried = async {
        let Ok(mut server) = TcpStream::connect(target).await else { return };
        let ((questions, answered), (answers, asked)) = (client.split(), server.split());
        tokio::select! {
            () = deliver(questions, asked, traffic.clone(), Direction::Questions) => {}
            () = deliver(answers, answered, traffic.clone(), Direction::Answers) => {}
        }
    };
    tokio::select! {
        () = refused => {}
        () = carried => {}
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Questions,
    Answers,
}

/// Reads on while earlier pieces are still under way, so that a line that is late is not slow as well.
async fn deliver(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut traffic: watch::Receiver<Traffic>,
    direction: Direction,
) {
    let (send, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY_MAX);
    let manner = traffic.clone();
    let reading = async move {
        let mut bytes = vec![0; 16 * 1024];
        let mut has_hole = false;
        while let Ok(length @ 1..) = from.read(&mut bytes).await {
            let delay = match *manner.borrow() {
                Traffic::LosesAnswers if direction == Direction::Answers => {
                    has_hole = true;
                    continue;
                }
                // TCP delivers everything before it delivers more, or the connection breaks.
                _ if has_hole => break,
                Traffic::Late(delay) => delay,
                _ => Duration::ZERO,
            };
            if send.send((Instant::now() + delay, bytes[..length].to_vec())).await.is_err() {
                break;
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = under_way.recv().await {
            sleep_until(due).await;
            let flows = traffic.wait_for(|traffic| *traffic != Traffic::Held).await.is_ok();
            if !flows || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // What was read has been delivered; the other side learns of the end.
        let _ = to.shutdown().await;
    };
    tokio::pin!(writing);
    tokio::select! {
        () = &mut writing => {}
        () = reading => writing.await,
    }
}
