//! What is fuzzed, one file for each kind of input.

pub mod call;
pub mod facade;
pub mod frames;
pub mod publish;
pub mod websocket;
