//! What the end-to-end tests share: real nodes and facades on free ports, databases, pictures, and
//! waiting for a condition with a deadline.
//!
//! A test starts what it needs and stops it by dropping it; nothing is shared between tests,
//! so that they run side by side.

pub mod balancer;
pub mod binaries;
pub mod chaos;
pub mod database;
pub mod facade;
pub mod http;
pub mod in_process;
pub mod login_provider;
pub mod model_endpoint;
pub mod module_bench;
pub mod module_calls;
pub mod node;
pub mod pictures;
pub mod player;
pub mod playing;
pub mod refusals;
pub mod s3_server;
pub mod said;
pub mod sample_world;
pub mod seed;
pub mod studio;
pub mod task_events;
pub mod waiting;
pub mod wire;

pub use database::{Account, Database};
pub use facade::TestFacade;
pub use http::{http_builder, http_client};
pub use login_provider::LoginProvider;
pub use model_endpoint::ModelEndpoint;
pub use node::{NodeOptions, TestNode};
pub use player::{Player, done, expect_refused, refusal};
pub use studio::Studio;
pub use waiting::{DEADLINE, eventually};
pub use wire::Wire;

/// Result of a test; any error fails it with its whole chain.
pub type Outcome = anyhow::Result<()>;
