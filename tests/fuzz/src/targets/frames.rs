//! Bytes on an upgraded connection, before they are WebSocket frames: lengths, masks, fragments, reserved bits (among
//! them the one that marks a compressed frame, which nobody has agreed to), control frames.
//!
//! After an input the connection says goodbye properly. The node must end it, whatever came before.

use rand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::engine::{DATABASE, engine, in_time};
use crate::shape::Taste;

/// A masked close frame without content.
const GOODBYE: [u8; 6] = [0x88, 0x80, 0, 0, 0, 0];
/// Longest head of the answer to a handshake.
const HEAD_MAX: usize = 16 * 1024;

/// Runs one input.
pub fn run(input: &[u8]) {
    engine().runtime.block_on(async {
        let mut pipe = engine().connect();
        let subprotocol = if input.len().is_multiple_of(2) { "v2.bsatn.spacetimedb" } else { "v1.json.spacetimedb" };
        let request = format!(
            "GET /v1/database/{DATABASE}/subscribe?compression=None HTTP/1.1\r\nhost: node\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             sec-websocket-protocol: {subprotocol}\r\n\r\n"
        );
        let converse = async {
            pipe.write_all(request.as_bytes()).await?;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_MAX {
                head.push(pipe.read_u8().await?);
            }
            assert!(head.starts_with(b"HTTP/1.1 101"), "the handshake failed: {}", String::from_utf8_lossy(&head));
            let (mut reader, mut writer) = tokio::io::split(pipe);
            let say = async {
                writer.write_all(input).await?;
                writer.write_all(&GOODBYE).await?;
                writer.shutdown().await
            };
            let mut answers = Vec::new();
            let (said, heard) = tokio::join!(say, reader.read_to_end(&mut answers));
            said.and(heard.map(drop))
        };
        // The node may hang up in the middle of a sentence; what matters is that it does in the end.
        let _: std::io::Result<()> = in_time("the end of a connection", converse).await;
    });
}

/// Makes another series of frames.
pub fn mutate(input: &[u8], taste: &mut Taste) -> Vec<u8> {
    let mut bytes = input.to_vec();
    match taste.random.gen_range(0..3) {
        0 => taste.disturb(&mut bytes, 1 << 16),
        1 => bytes.extend(frame(taste)),
        _ => bytes.splice(0..0, frame(taste)).for_each(drop),
    }
    bytes
}

/// A frame, mostly well-formed.
fn frame(taste: &mut Taste) -> Vec<u8> {
    let random = &mut *taste.random;
    let opcode = [0, 1, 2, 8, 9, 10, 3, 11][random.gen_range(0..8)];
    let reserved = if random.gen_ratio(1, 6) { random.gen_range(0..8) << 4 } else { 0 };
    let fin = if random.gen_ratio(3, 4) { 0x80 } else { 0 };
    let content: Vec<u8> = (0..random.gen_range(0..140)).map(|_| random.r#gen()).collect();
    let length = content.len();
    let mask = if random.gen_ratio(7, 8) { 0x80 } else { 0 };
    let mut frame = vec![fin | reserved | opcode];
    match random.gen_range(0..8) {
        0 => {
            frame.push(mask | 127);
            frame.extend(
                (length as u64 | (u64::from(random.r#gen::<u8>()) << (8 * random.gen_range(0..8)))).to_be_bytes(),
            );
        }
        1 => {
            frame.push(mask | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        _ => frame.push(mask | u8::try_from(length.min(125)).unwrap_or(125)),
    }
    if mask != 0 {
        frame.extend([0; 4]);
    }
    frame.extend(content);
    frame
}
