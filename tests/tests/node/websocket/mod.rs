//! The subscription protocols over WebSocket.

mod endings;
mod handshake;
mod limits;
mod protocols;
