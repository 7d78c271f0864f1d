//! Text by language models: tasks of the game module, worked on here.
//!
//! In reading order: `config` says what can be set; `provider` asks models, or the templates that stand in for
//! them; `prompts` and `schema` say what is asked and what an answer must look like; `recipes` know each kind of
//! task; `worker` takes tasks by lease and works on them; `feed` tells readers what is going on.

pub mod config;
pub mod feed;
pub mod prompts;
pub mod provider;
pub mod recipes;
pub mod schema;
pub mod worker;

pub use config::AiConfig;
