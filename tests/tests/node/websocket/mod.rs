//! The subscription protocols over WebSocket.

mod endings;
mod frames;
mod handshake;
mod limits;
mod protocols;
