//! The subscription protocols over WebSocket.

mod backlog;
mod endings;
mod frames;
mod handshake;
mod limits;
mod protocols;
mod queries;
mod unknown;
