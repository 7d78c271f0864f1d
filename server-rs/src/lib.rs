//! The Worldloom facade: what the game needs of the outside world over HTTP, done first and then told to the game
//! module by a procedure.
//!
//! In reading order: `config` says what can be set, `serve` starts and stops it all, `app` lists the routes,
//! `edge` stands around them, `routes` answers them, `ai` works on generation tasks, `assets` holds the flow of uploads, `objects` the bytes,
//! `pictures` makes smaller pictures, `node_client` has the connections to the module, `auth` tells the callers,
//! `identity` logs them in, `telemetry` is the log and the traces, `audit` writes down what privileged callers do,
//! `problem` has every error, `contract` completes the API's description. Nothing of the game is kept here between
//! requests.

pub mod ai;
pub mod app;
pub mod assets;
pub mod audit;
pub mod auth;
pub mod config;
pub mod contract;
pub mod edge;
pub mod identity;
pub mod metrics;
pub mod node_client;
pub mod objects;
pub mod pictures;
pub mod problem;
pub mod request_context;
pub mod routes;
pub mod serve;
pub mod telemetry;

pub use config::Config;
pub use serve::Facade;
