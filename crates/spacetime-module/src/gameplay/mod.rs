//! Playing a world: story, fights, characters, things, quests, levels.

mod combat;
mod inventory;
mod npc;
mod progression;
mod quest;
mod runtime_item;
mod story;

pub use combat::*;
pub use inventory::*;
pub use npc::*;
pub use progression::*;
pub use quest::*;
pub use runtime_item::*;
pub use story::*;
