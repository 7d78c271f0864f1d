//! Requests as bytes on a socket, for what no HTTP client would send.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::DEADLINE;

/// An answer as bytes: its status, its head and its body. No status when the connection ended without an answer.
#[derive(Debug)]
pub struct RawAnswer {
    pub status: Option<u16>,
    pub head: String,
    pub body: String,
}

impl RawAnswer {
    pub fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert!(self.head.contains("content-type: application/problem+json"), "{self:?}");
        let document: Value = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"));
        assert_eq!((document["code"].as_str(), document["status"].as_u64()), (Some(code), Some(status.into())));
    }
}

/// Sends these bytes and reads until the facade closes the connection.
pub async fn send(address: std::net::SocketAddr, bytes: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The facade may answer and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    RawAnswer::of(&read_to_end(&mut stream).await)
}

/// Everything until the end of the connection, which must come.
pub async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes)).await;
    // A reset is an end, too.
    let _ = read.expect("the connection ends");
    bytes
}

/// A request with the fields that HTTP wants, that closes the connection behind it.
pub fn request(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}
