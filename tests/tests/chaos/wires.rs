//! Lines hold, lose, delay and refuse what is sent over them.

use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use worldloom_tests::wire::{Traffic, Wire};
use worldloom_tests::{DEADLINE, Outcome};

/// A server that sends back whatever it gets, behind a line.
async fn echo() -> anyhow::Result<Wire> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let wire = Wire::to(&format!("http://{}", listener.local_addr()?)).await?;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = socket.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    Ok(wire)
}

async fn connect(wire: &Wire) -> anyhow::Result<TcpStream> {
    Ok(TcpStream::connect(wire.url.strip_prefix("http://").context("a URL")?).await?)
}

async fn hear(socket: &mut TcpStream, length: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    timeout(DEADLINE, socket.read_exact(&mut bytes)).await??;
    Ok(bytes)
}

/// Whether nothing comes for a moment. A line that let something through would do so at once.
async fn is_silent(socket: &mut TcpStream) -> bool {
    timeout(Duration::from_millis(200), socket.read_u8()).await.is_err()
}

#[tokio::test]
async fn what_is_held_arrives_later_and_in_order() -> Outcome {
    let wire = echo().await?;
    let mut socket = connect(&wire).await?;
    socket.write_all(b"one ").await?;
    assert_eq!(hear(&mut socket, 4).await?, b"one ");
    wire.set(Traffic::Held);
    socket.write_all(b"two ").await?;
    socket.write_all(b"three").await?;
    assert!(is_silent(&mut socket).await);
    wire.set(Traffic::Flows);
    assert_eq!(hear(&mut socket, 9).await?, b"two three");
    Ok(())
}

#[tokio::test]
async fn late_traffic_takes_its_time_in_each_direction() -> Outcome {
    let wire = echo().await?;
    let mut socket = connect(&wire).await?;
    wire.set(Traffic::Late(Duration::from_millis(150)));
    let sent = Instant::now();
    socket.write_all(b"late").await?;
    assert_eq!(hear(&mut socket, 4).await?, b"late");
    assert!(sent.elapsed() >= Duration::from_millis(300));
    Ok(())
}

#[tokio::test]
async fn lost_answers_stay_lost_and_never_leave_a_hole() -> Outcome {
    let wire = echo().await?;
    let mut socket = connect(&wire).await?;
    wire.lose_answers();
    socket.write_all(b"lost").await?;
    assert!(is_silent(&mut socket).await);
    wire.set(Traffic::Flows);
    socket.write_all(b"more").await?;
    assert!(hear(&mut socket, 1).await.is_err(), "the connection ends instead");
    let mut fresh = connect(&wire).await?;
    fresh.write_all(b"back").await?;
    assert_eq!(hear(&mut fresh, 4).await?, b"back");
    Ok(())
}

#[tokio::test]
async fn a_refusing_line_takes_connections_down_until_it_flows_again() -> Outcome {
    let wire = echo().await?;
    let mut standing = connect(&wire).await?;
    standing.write_all(b"here").await?;
    hear(&mut standing, 4).await?;
    wire.set(Traffic::Refused);
    assert!(hear(&mut standing, 1).await.is_err());
    let mut fresh = connect(&wire).await?;
    assert!(hear(&mut fresh, 1).await.is_err());
    wire.set(Traffic::Flows);
    let mut fresh = connect(&wire).await?;
    fresh.write_all(b"back").await?;
    assert_eq!(hear(&mut fresh, 4).await?, b"back");
    Ok(())
}
