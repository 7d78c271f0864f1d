//! Large answers of text are sent compressed to whoever takes it. By hand, because clients unpack behind one's back.

use std::io::Read;

use flate2::read::GzDecoder;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::raw::read_to_end;
use crate::support::World;

struct Sent {
    head: String,
    body: Vec<u8>,
}

impl Sent {
    fn is_packed(&self) -> bool {
        self.head.contains("content-encoding: gzip")
    }
}

/// By HTTP/1.0, so that the body is not in chunks.
async fn get(world: &World, path: &str, encodings: &str) -> Sent {
    let mut stream = TcpStream::connect(world.facade.address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nhost: x\r\naccept-encoding: {encodings}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let bytes = read_to_end(&mut stream).await;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let (head, body) = bytes.split_at(end);
    Sent { head: String::from_utf8(head.to_ascii_lowercase()).unwrap(), body: body.to_owned() }
}

#[tokio::test]
async fn the_description_is_compressed_and_unharmed() {
    let world = World::start().await;
    let plain = get(&world, "/openapi.json", "identity").await;
    assert!(!plain.is_packed(), "{}", plain.head);
    let packed = get(&world, "/openapi.json", "br;q=1, gzip;q=0.5").await;
    assert!(packed.is_packed() && packed.head.contains("vary: accept-encoding"), "{}", packed.head);
    assert!(packed.body.len() * 3 < plain.body.len(), "{} of {}", packed.body.len(), plain.body.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[tokio::test]
async fn wishes_that_cannot_be_met_refuse_nothing() {
    let world = World::start().await;
    for encodings in ["identity;q=0", "br, identity;q=0", "*;q=0"] {
        let sent = get(&world, "/openapi.json", encodings).await;
        assert!(sent.head.contains(" 200 ok") && !sent.is_packed(), "{encodings}: {}", sent.head);
    }
}

#[tokio::test]
async fn small_answers_are_sent_as_they_are() {
    let world = World::start().await;
    for path in ["/health/live", "/auth/providers", "/nowhere"] {
        assert!(!get(&world, path, "gzip").await.is_packed(), "{path}");
    }
}

#[tokio::test]
async fn it_can_be_left_to_a_proxy() {
    let world = World::start_with(|config| config.http.compression = false).await;
    assert!(!get(&world, "/openapi.json", "gzip").await.is_packed());
}
