//! Playing a world: story, fights, characters, things, quests, levels.

mod combat;
mod inventory;
mod npc;
mod progression;
mod quest;
// Not by its own name, which would hide the accessor of the table `runtime_item`.
#[path = "runtime_item.rs"]
mod runtime_items;
mod story;

pub use combat::*;
pub use inventory::*;
pub use npc::*;
pub use progression::*;
pub use quest::*;
pub use runtime_items::*;
pub use story::*;
