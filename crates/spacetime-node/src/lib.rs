//! A standalone SpacetimeDB node on the published engine crates, with the official HTTP and
//! WebSocket API. See `docs/node.md`.
//!
//! Reading order:
//! - [`start`]: from the command line to a serving process and back down again.
//! - [`node`]: the state that every request shares, and the life of a database's host.
//! - [`control`]: which databases exist, who owns them and what they are called.
//! - [`publish`]: new modules, updates, resets and deletions.
//! - [`programs`]: programs on their way into a database.
//! - [`reading`]: what requests read of a database, on threads that may wait.
//! - [`persistence`]: how databases are kept on disk.
//! - [`history`]: how much of their past.
//! - [`torn_segment`]: what a power cut may leave of a log's newest file.
//! - [`turns`]: who launches a database, or publishes over it, while others wait.
//! - [`trial`]: programs that nobody knows yet, in a process of their own.
//! - [`auth`]: who is calling.
//! - [`caller_connections`]: what a module sees of callers over HTTP.
//! - [`argument_limits`]: arguments that would cost more than they weigh.
//! - [`stored_programs`]: queries for the programs of databases.
//! - [`routes`]: the HTTP API.
//! - [`unwatched_views`]: forgets what nobody watches any more.
//! - [`websocket`]: the subscription protocols.
//! - [`cli`]: the subcommands that talk to a node as a client.

// Gives every binary that links the engine the symbols that the v8 crate refers to.
use v8_absent as _;

pub mod argument_limits;
pub mod auth;
pub mod caller_connections;
pub mod cli;
pub mod config;
pub mod control;
pub mod data_dir;
pub mod error;
pub mod history;
pub mod node;
pub mod persistence;
pub mod programs;
pub mod publish;
pub mod reading;
pub mod routes;
pub mod start;
pub mod stored_programs;
pub mod torn_segment;
pub mod trial;
pub mod turns;
pub mod unwatched_views;
pub mod websocket;
