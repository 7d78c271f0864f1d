//! The script of `cargo xtask bench module`: one valid call after the other, through all domains.
//!
//! A [`step::Step`] is one call, made by all [`guest::Guest`]s of a round at once. A guest keeps
//! what it is answered, by type, and later steps take their arguments from there. Steps stand with
//! their domain; their order is in [`script`].

mod bags;
mod creations;
mod fish;
mod gallery;
pub mod guest;
mod logins;
mod online;
mod puzzles;
mod rounds;
mod runtime;
pub mod side;
pub mod step;
mod stories;
mod tasks;
mod trades;
mod works;

use spacetimedb_core::host::ModuleHost;
use worldloom_client::{CustomWorldCreation, PlayerAccount, StoryBeginning};

use guest::{key, nothing, plain};
use step::{Step, asks, reduces};

pub use online::{Online, measure_online};
pub use rounds::{Measured, measure};

/// Some of the reducers: each does what the procedure of its name does, without the answer.
const REDUCERS: &[Step] = &[
    reduces("upsert_runtime_setting", |_| plain(runtime::volume())),
    reduces("upsert_user_browse_history", |guest| plain(runtime::look(guest))),
    reduces("like_world", |guest| plain(guest.world_id())),
    reduces("create_custom_world", |_| {
        let name = CustomWorldCreation { title: "Another mill".to_owned(), ..works::creation("reduced") };
        plain(name)
    }),
    reduces("begin_story", |guest| {
        plain(StoryBeginning { idempotency_key: key("reduced"), world_id: guest.world_id() })
    }),
];

/// What a guest does last.
const LEAVING: &[Step] = &[asks::<PlayerAccount>("close_account_and_return", nothing)];

/// All steps in their order.
pub fn script() -> Vec<Step> {
    [
        logins::STEPS,
        gallery::STEPS,
        runtime::SETTINGS,
        stories::BEGINNING,
        stories::ERRAND,
        bags::STEPS,
        trades::STEPS,
        runtime::SAVES,
        runtime::PROFILE,
        stories::ENDING,
        works::LIBRARY,
        works::PICTURES,
        works::PUBLICATION,
        creations::STAGES,
        creations::CONVERSATION,
        puzzles::STEPS,
        fish::MAKING,
        fish::PLAYING,
        tasks::STEPS,
        REDUCERS,
        LEAVING,
    ]
    .concat()
}

/// The procedures of the module that the script does not call.
pub fn uncovered(module: &ModuleHost) -> Vec<String> {
    let script = script();
    let procedures = module.info().module_def.procedures().map(|procedure| procedure.name.to_string());
    let mut uncovered: Vec<_> = procedures.filter(|name| !script.iter().any(|step| step.name == name)).collect();
    uncovered.sort();
    uncovered
}
