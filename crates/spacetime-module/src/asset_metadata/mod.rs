//! Asset objects in the object store, and their bindings to slots of entities.

mod bindings;
mod objects;
mod reconciliation;

pub use bindings::*;
pub use objects::*;
pub use reconciliation::*;
