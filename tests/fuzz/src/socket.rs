//! One WebSocket connection to the node in this process.

use std::io::Read;

use futures::{SinkExt, StreamExt};
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::engine::{DATABASE, engine, in_time};

/// How the messages of a server may be packed; the tag is their first byte.
const PLAIN: u8 = 0;
const BROTLI: u8 = 1;

/// An open connection that has been greeted.
pub struct Socket(WebSocketStream<DuplexStream>);

impl Socket {
    /// Opens one with this subprotocol and these parameters.
    #[expect(clippy::panic, clippy::expect_used, reason = "a handshake that fails is a finding")]
    pub async fn open(subprotocol: &str, parameters: &str) -> Self {
        let url = format!("ws://node/v1/database/{DATABASE}/subscribe?{parameters}");
        let mut request = url.into_client_request().expect("the address is well-formed");
        let value = subprotocol.parse().expect("subprotocols are header values");
        request.headers_mut().insert("sec-websocket-protocol", value);
        let opening = tokio_tungstenite::client_async(request, engine().connect());
        match in_time("a handshake", opening).await {
            Ok((stream, _)) => Self(stream),
            Err(cause) => panic!("the handshake failed: {cause}"),
        }
    }

    /// Sends a message; whether the node still listens will be seen in its answers.
    pub async fn send(&mut self, message: Message) {
        let _ = in_time("a message", self.0.send(message)).await;
    }

    /// The next message; `None` once the node has closed the connection.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            match in_time("an answer", self.0.next()).await? {
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => return Some(message),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

/// A binary message of the server without its packing.
#[expect(clippy::expect_used, reason = "what the node packs must be readable")]
pub fn unpacked(message: &Bytes) -> Vec<u8> {
    let (tag, packed) = message.split_first().expect("a message has a tag");
    let mut plain = Vec::new();
    match *tag {
        PLAIN => plain.extend(packed),
        BROTLI => brotli::BrotliDecompress(&mut &packed[..], &mut plain).expect("it is Brotli"),
        _ => drop(flate2::read::GzDecoder::new(packed).read_to_end(&mut plain).expect("it is Gzip")),
    }
    plain
}
