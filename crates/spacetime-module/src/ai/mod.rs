//! Generation tasks, which the facade works on.

mod feeds;
mod quotas;
mod snapshots;
mod stages;
mod tasks;

pub use feeds::*;
pub use quotas::*;
pub use snapshots::*;
pub use stages::*;
pub use tasks::*;
