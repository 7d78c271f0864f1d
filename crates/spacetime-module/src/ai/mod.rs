//! Generation tasks, which the facade works on.

mod snapshots;
mod stages;
mod tasks;

pub use snapshots::*;
pub use stages::*;
pub use tasks::*;
