//! Making, publishing and finding worlds.

mod agent;
mod gallery;
mod profile;
mod publishing;
mod session;
mod works;

pub use agent::*;
pub use gallery::*;
pub use profile::*;
pub use publishing::*;
pub use session::*;
pub use works::*;
