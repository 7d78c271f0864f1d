//! Clients that take their time (slow loris) do not keep a connection.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{RawAnswer, read_to_end, request, send};
use crate::support::{DEADLINE, World};

/// Sends a byte now and then, for ever, until the facade has closed the connection; returns what it said.
async fn drip(world: &World, begin: &[u8], then: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(world.facade.address()).await.unwrap();
    stream.write_all(begin).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let dripping = async {
        for byte in then.iter().cycle() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if writing.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    let listening = async {
        // A reset is an end, too.
        let _ = tokio::time::timeout(DEADLINE, reading.read_to_end(&mut answer)).await.expect("the connection ends");
    };
    tokio::select! {
        () = dripping => {}
        () = listening => {}
    }
    RawAnswer::of(&answer)
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let world = World::start_with(|config| config.http.header_timeout_s = 1).await;
    // Nothing at all, and the beginning of what may become HTTP/2 or not.
    for beginning in [b"".as_slice(), b"P", b"PRI * HTTP/2.0\r\n\r\nSM"] {
        let mut stream = TcpStream::connect(world.facade.address()).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        read_to_end(&mut stream).await;
    }
}

#[tokio::test]
async fn a_head_that_drips_is_not_waited_for() {
    let world = World::start_with(|config| config.http.header_timeout_s = 1).await;
    drip(&world, b"GET /health/live HTTP/1.1\r\nhost: x\r\n", b"x-a: b\r\n").await;
    // Nor is a second one on a connection that began well.
    drip(&world, b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\n", b"x-a: b\r\n").await;
}

#[tokio::test]
async fn a_body_that_drips_is_not_waited_for() {
    let world = World::start_with(|config| {
        config.http.request_timeout_s = 1;
        config.http.upload_timeout_s = 2;
    })
    .await;
    let head = |target: &str, content_type: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
             content-type: {content_type}\r\ncontent-length: 60000\r\nconnection: close\r\n\r\n",
            world.token()
        )
    };
    // Each byte is in time by itself, so that what ends them is the limit on the whole.
    let login = drip(&world, head("/auth/login", "application/json").as_bytes(), b" ").await;
    login.is_problem(408, "request_timeout");
    let upload = drip(&world, head("/assets", "multipart/form-data; boundary=b").as_bytes(), b"-").await;
    upload.is_problem(408, "request_timeout");
    world.wait_until_empty().await;
}

#[tokio::test]
async fn an_address_has_only_so_many_connections() {
    let world = World::start_with(|config| config.http.limits.connections_per_address = 2).await;
    let address = world.facade.address();
    let mut held = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
    for stream in &mut held {
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(stream.read_u8().await.is_ok());
    }
    assert_eq!(send(address, &request("GET", "/health/live", &[], b"")).await.status, None);
    drop(held);
    let let_in = async {
        while send(address, &request("GET", "/health/live", &[], b"")).await.status != Some(200) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, let_in).await.expect("places are given back");
}
