//! The subscription protocols over WebSocket: v1 in JSON and BSATN, v2 and v3 in BSATN.
//!
//! One task serves one connection ([`connection`]). Within it, three loops run side by side:
//! - [`inbound`] reads frames into a bounded queue and hands what they ask for to the engine in order ([`requests`],
//!   [`requests_v1`]), within limits on queries ([`queries`], [`counts`]) and no more at once than it should have
//!   ([`under_way`]), but for procedure calls on connections that have seen nothing else ([`sole_procedures`]);
//! - [`outbound`] takes the engine's messages, encodes them and counts the bytes that wait;
//! - the writer sends what waits, with pings in between.
//!
//! Whichever loop ends first says why, and that decides the close frame ([`ending`]).

mod connection;
mod counts;
mod ending;
mod inbound;
mod negotiation;
mod outbound;
mod queries;
mod requests;
mod requests_v1;
mod sole_procedures;
mod under_way;

pub use connection::{Accepted, serve};
pub use negotiation::{HandshakeQuery, Negotiated, fresh_connection_id, negotiate};
