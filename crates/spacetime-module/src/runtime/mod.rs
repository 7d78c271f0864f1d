//! What a player keeps between plays: settings, saves, history, wallet, played worlds.

mod browse_history;
mod profile;
mod settings;
mod snapshots;

pub use browse_history::*;
pub use profile::*;
pub use settings::*;
pub use snapshots::*;
