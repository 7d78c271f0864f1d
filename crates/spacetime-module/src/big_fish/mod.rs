//! The eat-or-be-eaten game: creation and play.

mod assets;
mod gallery;
mod runtime;
mod session;
mod tables;

pub use assets::*;
pub use gallery::*;
pub use runtime::*;
pub use session::*;
pub use tables::*;
