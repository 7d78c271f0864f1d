//! What a client may send over its WebSocket, in each of the protocols.
//!
//! An input is one byte of options, then a message. It is decoded as the engine decodes it and must come out the same
//! when it is encoded and decoded once more. Then a real connection gets it, followed by a query, which must be answered
//! unless the node has closed the connection; everything that the node says must be readable.

use rand::Rng;
use rand::seq::SliceRandom;
use spacetimedb_client_api_messages::websocket::{v1, v2, v3};
use spacetimedb_lib::bsatn;
use spacetimedb_lib::de::serde::DeserializeWrapper;
use spacetimedb_lib::sats::raw_identifier::RawIdentifier;
use spacetimedb_lib::ser::serde::SerializeWrapper;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::engine::engine;
use crate::functions::{Functions, SLOW_FUNCTIONS, functions};
use crate::shape::{Shape, Taste};
use crate::socket::{Socket, unpacked};

/// Of messages that cannot be decoded, every so many is sent all the same.
const UNREADABLE_SENT_RATIO: usize = 16;
/// Number of the query that follows.
const PROBE: u32 = 0x5EA1_0000;
/// A query that is always in order.
const PROBE_QUERY: &str = "SELECT * FROM cage";

/// A protocol of the subscription route.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// v1 with messages in JSON.
    V1Json,
    /// v1 with messages in BSATN.
    V1Bsatn,
    /// v2, always BSATN.
    V2,
    /// v3: several messages of v2 in one.
    V3,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::V1Json => v1::TEXT_PROTOCOL,
            Self::V1Bsatn => v1::BIN_PROTOCOL,
            Self::V2 => v2::BIN_PROTOCOL,
            Self::V3 => v3::BIN_PROTOCOL,
        }
    }

    /// The message encoded anew; `None` if it cannot be decoded.
    fn recoded(self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::V1Json => {
                let text = std::str::from_utf8(message).ok()?;
                let message: DeserializeWrapper<v1::ClientMessage<Box<str>>> = serde_json::from_str(text).ok()?;
                serde_json::to_vec(&SerializeWrapper(message.0)).ok()
            }
            Self::V1Bsatn => bsatn::to_vec(&bsatn::from_slice::<v1::ClientMessage<Box<[u8]>>>(message).ok()?).ok(),
            Self::V2 => bsatn::to_vec(&bsatn::from_slice::<v2::ClientMessage>(message).ok()?).ok(),
            Self::V3 => {
                let mut out = Vec::new();
                for message in v3_messages(message)? {
                    bsatn::to_writer(&mut out, &message).ok()?;
                }
                Some(out)
            }
        }
    }

    /// The probe as this protocol has it.
    fn probe(self) -> Message {
        match self {
            Self::V1Json => Message::text(to_json(v1_probe::<Box<str>>())),
            Self::V1Bsatn => Message::binary(encoded(&v1_probe::<Box<[u8]>>())),
            Self::V2 | Self::V3 => Message::binary(encoded(&v2::ClientMessage::OneOffQuery(v2::OneOffQuery {
                request_id: PROBE,
                query_string: PROBE_QUERY.into(),
            }))),
        }
    }

    /// Reads what the node says and tells whether the probe is answered by it.
    #[expect(clippy::expect_used, reason = "what the node says must be readable")]
    fn is_answered_by(self, message: &Message) -> bool {
        match (self, message) {
            (Self::V1Json, Message::Text(text)) => {
                let message: serde_json::Value = serde_json::from_str(text).expect("a server message is JSON");
                let id = message["OneOffQueryResponse"]["message_id"].as_str();
                id.is_some_and(|id| {
                    id.trim_start_matches("0x").eq_ignore_ascii_case(&hexadecimal(&PROBE.to_le_bytes()))
                })
            }
            (Self::V1Bsatn, Message::Binary(bytes)) => {
                let message: v1::ServerMessage<v1::BsatnFormat> =
                    bsatn::from_slice(&unpacked(bytes)).expect("a server message of v1");
                matches!(message, v1::ServerMessage::OneOffQueryResponse(answer) if *answer.message_id == PROBE.to_le_bytes())
            }
            (Self::V2, Message::Binary(bytes)) => {
                is_answer(&bsatn::from_slice(&unpacked(bytes)).expect("a server message of v2"))
            }
            (Self::V3, Message::Binary(bytes)) => {
                let bytes = unpacked(bytes);
                let mut rest = &bytes[..];
                let mut is_answered = false;
                while !rest.is_empty() {
                    is_answered |= is_answer(&bsatn::from_reader(&mut rest).expect("a server message of v3"));
                }
                is_answered
            }
            _ => false,
        }
    }

    fn message(self, payload: &[u8]) -> Message {
        match std::str::from_utf8(payload) {
            Ok(text) if self == Self::V1Json => Message::text(text),
            _ => Message::binary(Bytes::copy_from_slice(payload)),
        }
    }
}

fn is_answer(message: &v2::ServerMessage) -> bool {
    matches!(message, v2::ServerMessage::OneOffQueryResult(answer) if answer.request_id == PROBE)
}

fn v1_probe<Args>() -> v1::ClientMessage<Args> {
    let message_id = PROBE.to_le_bytes().into();
    v1::ClientMessage::OneOffQuery(v1::OneOffQuery { message_id, query_string: PROBE_QUERY.into() })
}

fn v3_messages(mut rest: &[u8]) -> Option<Vec<v2::ClientMessage>> {
    let mut messages = Vec::new();
    while !rest.is_empty() {
        messages.push(bsatn::from_reader(&mut rest).ok()?);
    }
    Some(messages)
}

/// Runs one input.
pub fn run(protocol: Protocol, input: &[u8]) {
    let Some((options, payload)) = input.split_first() else { return };
    match protocol.recoded(payload) {
        Some(again) => assert!(
            protocol.recoded(&again).as_ref() == Some(&again),
            "a message is another one once it is encoded and decoded"
        ),
        None if !(payload.len() + usize::from(*options)).is_multiple_of(UNREADABLE_SENT_RATIO) => return,
        None => {}
    }
    if is_slow(payload) {
        return;
    }
    engine().runtime.block_on(converse(protocol, *options, payload));
}

fn is_slow(payload: &[u8]) -> bool {
    SLOW_FUNCTIONS.iter().any(|name| payload.windows(name.len()).any(|window| window == name.as_bytes()))
}

async fn converse(protocol: Protocol, options: u8, payload: &[u8]) {
    let compression = ["None", "Brotli", "Gzip", "Brotli"][usize::from(options & 3)];
    let (light, confirmed) = (options & 4 != 0, options & 8 != 0);
    let parameters = format!("compression={compression}&light={light}&confirmed={confirmed}");
    let mut socket = Socket::open(protocol.name(), &parameters).await;
    socket.send(protocol.message(payload)).await;
    socket.send(protocol.probe()).await;
    while let Some(message) = socket.next().await {
        if protocol.is_answered_by(&message) {
            break;
        }
    }
}

/// Makes another message out of one, or out of nothing.
pub fn mutate(protocol: Protocol, input: &[u8], taste: &mut Taste) -> Vec<u8> {
    let (options, payload) = input.split_first().unwrap_or((&0, &[]));
    let options = if taste.random.gen_ratio(1, 8) { taste.random.r#gen() } else { *options };
    let functions = functions();
    let taste = &mut Taste { random: taste.random, words: &functions.words };
    let payload = match protocol {
        Protocol::V1Json => v1_json(payload, functions, taste),
        Protocol::V1Bsatn => v1_bsatn(payload, functions, taste),
        Protocol::V2 => v2_message(payload, functions, taste),
        Protocol::V3 => v3_message(payload, functions, taste),
    };
    [vec![options], payload].concat()
}

fn mutated(shape: &Shape, payload: &[u8], taste: &mut Taste) -> Vec<u8> {
    match shape.mutate(payload, taste) {
        Some(mutated) => mutated,
        None => shape.generate(taste),
    }
}

fn v1_json(payload: &[u8], functions: &Functions, taste: &mut Taste) -> Vec<u8> {
    let text = std::str::from_utf8(payload).unwrap_or_default();
    let message = serde_json::from_str::<DeserializeWrapper<v1::ClientMessage<Box<str>>>>(text);
    let before = message.map(|message| encoded(&message.0)).unwrap_or_default();
    let mutated = mutated(&functions.shapes.v1_json, &before, taste);
    let Ok(mut message) = bsatn::from_slice::<v1::ClientMessage<Box<str>>>(&mutated) else { return payload.to_vec() };
    if let v1::ClientMessage::CallReducer(v1::CallReducer { reducer: name, args, .. })
    | v1::ClientMessage::CallProcedure(v1::CallProcedure { procedure: name, args, .. }) = &mut message
        && let Some(function) = functions.chosen(name, taste)
    {
        *name = RawIdentifier::new(function.name.clone());
        *args = function.arguments_as_json(taste).into();
    }
    to_json(message).into_bytes()
}

fn v1_bsatn(payload: &[u8], functions: &Functions, taste: &mut Taste) -> Vec<u8> {
    let mutated_message = mutated(&functions.shapes.v1_bsatn, payload, taste);
    let Ok(mut message) = bsatn::from_slice(&mutated_message) else { return mutated_message };
    if let v1::ClientMessage::CallReducer(v1::CallReducer::<Box<[u8]>> { reducer: name, args, .. })
    | v1::ClientMessage::CallProcedure(v1::CallProcedure { procedure: name, args, .. }) = &mut message
        && let Some(function) = functions.chosen(name, taste)
    {
        *name = RawIdentifier::new(function.name.clone());
        *args = mutated(&function.shape, args, taste).into();
    }
    encoded(&message)
}

fn v2_message(payload: &[u8], functions: &Functions, taste: &mut Taste) -> Vec<u8> {
    let mutated_message = mutated(&functions.shapes.v2, payload, taste);
    let Ok(mut message) = bsatn::from_slice(&mutated_message) else { return mutated_message };
    if let v2::ClientMessage::CallReducer(v2::CallReducer { reducer: name, args, .. })
    | v2::ClientMessage::CallProcedure(v2::CallProcedure { procedure: name, args, .. }) = &mut message
        && let Some(function) = functions.chosen(name, taste)
    {
        *name = function.name.as_str().into();
        *args = mutated(&function.shape, args, taste).into();
    }
    encoded(&message)
}

fn v3_message(payload: &[u8], functions: &Functions, taste: &mut Taste) -> Vec<u8> {
    let mut messages: Vec<Vec<u8>> = v3_messages(payload).unwrap_or_default().iter().map(encoded).collect();
    match taste.random.gen_range(0..4) {
        0 => messages.push(v2_message(&[], functions, taste)),
        1 if messages.len() > 1 => drop(messages.remove(taste.random.gen_range(0..messages.len()))),
        _ => {
            let Some(index) = (0..messages.len()).collect::<Vec<_>>().choose(taste.random).copied() else {
                return v2_message(&[], functions, taste);
            };
            messages[index] = v2_message(&messages[index], functions, taste);
        }
    }
    messages.concat()
}

#[expect(clippy::expect_used, reason = "there is room for it")]
fn encoded<T: spacetimedb_lib::ser::Serialize>(message: &T) -> Vec<u8> {
    bsatn::to_vec(message).expect("it can be encoded")
}

#[expect(clippy::expect_used, reason = "there is room for it")]
fn to_json<T: spacetimedb_lib::ser::Serialize>(message: T) -> String {
    serde_json::to_string(&SerializeWrapper(message)).expect("it can be encoded")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
