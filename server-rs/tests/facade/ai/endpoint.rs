//! An endpoint that answers each request with recorded bytes, exactly as they are, and closes the connection.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use worldloom_facade::ai::provider::Tokens;

pub struct Endpoint {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

#[derive(Debug, Clone)]
pub struct Request {
    pub head: String,
    pub body: Value,
}

/// One answer.
pub enum Reply {
    /// These bytes, in pieces of so many, and then the end of the connection.
    Bytes(Vec<u8>, usize),
    /// These bytes, and then nothing for ever.
    Stall(Vec<u8>),
}

impl Endpoint {
    /// Answers one request with each reply, and takes no more after the last.
    pub async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        tokio::spawn(async move {
            for reply in replies {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = receive(&mut stream).await;
                seen.lock().unwrap().push(request);
                tokio::spawn(send(stream, reply));
            }
        });
        Self { url, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn receive(stream: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "the request is whole");
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0_usize) {
            return Request { head: head.to_ascii_lowercase(), body: serde_json::from_str(body).unwrap() };
        }
    }
}

async fn send(mut stream: TcpStream, reply: Reply) {
    match reply {
        Reply::Bytes(bytes, size) => {
            for piece in bytes.chunks(size) {
                stream.write_all(piece).await.unwrap();
                stream.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
        }
        Reply::Stall(bytes) => {
            stream.write_all(&bytes).await.unwrap();
            std::future::pending::<()>().await;
        }
    }
}

/// The head of a stream's answer, and these events in chunks of HTTP's encoding, one each; the last chunk, which
/// ends the body, only if it is `whole`.
pub fn stream_of(events: &[&str], whole: bool) -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
        transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        .to_vec();
    for event in events {
        let data = format!("data: {event}\n\n");
        bytes.extend_from_slice(format!("{:x}\r\n{data}\r\n", data.len()).as_bytes());
    }
    if whole {
        bytes.extend_from_slice(b"0\r\n\r\n");
    }
    bytes
}

/// An answer without a stream.
pub fn status_of(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}");
    Reply::Bytes(text.into_bytes(), 1 << 20)
}

/// As a large provider sends it, with fields that nobody asked for.
pub const FIRST: &str = r#"{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1758000000,"model":"m-1","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}"#;
pub const HELLO: &str = r#"{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1758000000,"model":"m-1","choices":[{"index":0,"delta":{"content":"Grüße, "},"logprobs":null,"finish_reason":null}],"usage":null}"#;
pub const WORLD: &str = r#"{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1758000000,"model":"m-1","choices":[{"index":0,"delta":{"content":"世界 🌍"},"logprobs":null,"finish_reason":null}],"usage":null}"#;
pub const STOP: &str = r#"{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1758000000,"model":"m-1","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}"#;
pub const USAGE: &str = r#"{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1758000000,"model":"m-1","choices":[],"usage":{"prompt_tokens":21,"completion_tokens":5,"total_tokens":26}}"#;

/// What `USAGE` says.
pub const COST: Tokens = Tokens { input: 21, output: 5 };

/// An answer that tells its cost and has no text.
pub fn wordless() -> Reply {
    Reply::Bytes(stream_of(&[FIRST, STOP, USAGE, "[DONE]"], true), 1 << 20)
}

/// A whole answer.
pub fn answered() -> Reply {
    Reply::Bytes(stream_of(&[FIRST, HELLO, WORLD, STOP, USAGE, "[DONE]"], true), 1 << 20)
}
