//! Assets over HTTP: upload through the facade or directly, look up, read, link to, bind, delete.

pub mod bindings;
pub mod content;
pub mod delete;
pub mod direct;
pub mod link;
pub mod read;
pub mod upload;
pub mod variant;
